"""
The steps of a recovery: planned from the listing of versions, done in parallel, and compared with the result afterwards.

The listing of versions is read as a stream; the steps are kept in a temporary file, because a bucket may hold millions of objects.
No version is deleted, so that a recovery can be undone like any other change; and completed steps are skipped, so that one
that was interrupted can be repeated.
"""

import json
import tempfile
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextvars import copy_context
from itertools import groupby

from aws_runbook.aws.failures import DENIED
from aws_runbook.errors import AwsError, UnreachableError
from aws_runbook.recovery import copying, versions
from aws_runbook.recovery.copy_progress import Progress
from aws_runbook.recovery.retention import ENABLED

# The number of parallel calls. S3 answers thousands of requests per second for a prefix; a copy takes about a tenth of a second.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html
_OBJECTS, _PARTS = 64, 32
_MARKERS = 1000  # the maximum in one call
_NAMED = 1000  # the maximum of examples for each reason
_HIDDEN = 10  # the maximum of examples of hidden objects
UNKNOWN, STRANGER = "unknown", "stranger"
_DENIALS = 20  # so many without one success: permissions are missing


class Named:
    """Objects that could not be restored, by reason: their number, and the first ones by name."""

    def __init__(self):
        self.counts, self.examples, self._keys = {}, {}, set()

    def add(self, reason, location, text=""):
        """Add one; ``text`` is AWS's message if it differs between objects."""
        self.counts[reason] = self.counts.get(reason, 0) + 1
        self._keys.add(hash(location))
        names = self.examples.setdefault(reason, [])
        if len(names) < _NAMED:
            names.append(f"{location} ({text})" if text else location)

    def __contains__(self, location):
        return hash(location) in self._keys


class Recovery:
    """
    Of ``places`` (:mod:`aws_runbook.recovery.locations`), as of ``moment``, to ``destination``, whose bucket's versioning is ``status``.

    For the buckets ``unsure`` it is not known since when they keep versions: only objects that were deleted at that moment are hidden there.
    """

    def __init__(self, session, places, moment, destination, status=ENABLED, what="recovery", unsure=()):
        self._session, self._places, self._moment = session, places, moment
        self._to, self._status, self._what = destination, status, what
        self.tallies = [_tally(place) for place in places]
        self.problems, self.doubtful, self.differing = Named(), Named(), None
        self._unsure = frozenset(unsure)
        # Objects that are not hidden, by reason; and the first hidden ones.
        self.left, self.hidden = Named(), []
        # Steps, one a line, so that memory does not grow with their number.
        self._steps = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - closed by close()
        # Objects with equal content but another ETag: those that this recovery has written.
        self._written = set()
        self._volume = self._calls = self._number = self._denied = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._steps.close()

    # Planning

    def plan(self):
        """List and judge; note each step, and the objects that cannot be restored according to the listing."""
        for number, place in enumerate(self._places):
            for judged in self._judged(place):
                self._note(number, place, judged)

    def _judged(self, place):
        """For each key of a place: its object at that moment, and the present one at the destination."""
        stream = versions.stream(self._pages(place.bucket, place.root, place.region, place.location))
        found = (
            versions.judge(key, entries, self._moment) for key, entries in versions.by_key(stream) if place.holds(key)
        )
        return self._beside(place, found) if self._to.is_elsewhere else found

    def _pages(self, bucket, prefix, region, location):
        doing = f"list the versions in {location}"
        return self._session.pages("s3", "list_object_versions", doing, region=region, Bucket=bucket, Prefix=prefix)

    def _beside(self, place, found):
        """The same for another destination, whose listing is read in parallel: both are in the order of keys."""
        bucket, prefix, region = self._to.of(place, place.root)
        stream = versions.stream(self._pages(bucket, prefix, region, f"{bucket}/{prefix}"))
        there = (entry for entry in stream if entry.is_latest and not entry.is_marker)
        beyond = len(self._to.prefix)
        entry = next(there, None)
        for judged in found:
            while entry is not None and entry.key[beyond:].encode() < judged.key.encode():
                yield versions.Judged(entry.key[beyond:], None, entry, is_elsewhere=True)
                entry = next(there, None)
            same = entry is not None and entry.key[beyond:] == judged.key
            yield versions.Judged(judged.key, judged.then, entry if same else None, is_elsewhere=True)
            entry = next(there, None) if same else entry
        while entry is not None:
            yield versions.Judged(entry.key[beyond:], None, entry, is_elsewhere=True)
            entry = next(there, None)

    def _note(self, number, place, judged):
        tally, then = self.tallies[number], judged.then
        tally["known"] += judged.is_known
        if then is not None:
            tally["objects"] += 1
            tally["bytes"] += then.size
            if judged.is_doubtful(self._moment):
                self.doubtful.add("parts", f"{place.bucket}/{judged.key}")
        if then is None and judged.is_elsewhere:
            tally["others"] += judged.now is not None
        elif judged.is_same:
            tally["same"] += then is not None
        elif then is None and self._why_left(place, judged):
            tally["left"] += 1
            self._leave(place, judged)
        elif then is None:
            tally["hide"] += 1
            if len(self.hidden) < _HIDDEN:
                self.hidden.append(f"{place.bucket}/{judged.key}")
            self._keep([number, judged.key], 0, 1)
        else:
            tally["copy"] += 1
            tally["copy_bytes"] += then.size
            self._check(place, judged)
            step = [number, judged.key, then.id, then.size, then.parts, then.storage_class, then.etag]
            self._keep(step, then.size, _calls(then.parts))

    def _why_left(self, place, judged):
        """Why an object that did not exist then is not hidden; ``None`` if it is."""
        if place.bucket in self._unsure and not judged.is_known:
            return UNKNOWN
        return STRANGER if place.stranger(judged.key) else None

    def _leave(self, place, judged):
        why = self._why_left(place, judged)
        location = place.stranger(judged.key) if why == STRANGER else f"{place.bucket}/{judged.key}"
        if location not in self.left:
            self.left.add(why, location)

    def _check(self, place, judged):
        if judged.then.is_archived:
            self.problems.add(copying.ARCHIVED, f"{place.bucket}/{judged.key}")

    def _keep(self, step, volume, calls):
        self._steps.write(json.dumps(step) + "\n")
        self._number += 1
        self._volume += volume
        self._calls += calls

    # Execution

    def carry_out(self):
        """Do all steps, many in parallel; failed ones are reported, and do not stop the others."""
        self.problems = Named()  # archived objects may have been restored in the meantime: try them
        progress = Progress(self._what, self._number, self._volume, self._calls)
        with ThreadPoolExecutor(_OBJECTS) as pool, ThreadPoolExecutor(_PARTS) as parts:
            waiting = set()
            try:
                for work in self._works():
                    if len(waiting) >= 2 * _OBJECTS:
                        waiting = self._settled(waiting, progress)
                    waiting.add(pool.submit(copy_context().run, self._do, work, parts))
                while waiting:
                    waiting = self._settled(waiting, progress)
            except BaseException:
                for future in waiting:
                    future.cancel()
                raise

    def _works(self):
        """Lists of steps that are done by one call: one copy, or up to a thousand delete markers in one place."""
        self._steps.seek(0)
        steps = map(json.loads, self._steps)
        markers = {}
        for number, group in groupby(steps, key=lambda step: step[0]):
            for step in group:
                # A number and a key are a marker.
                if len(step) > 2 or copying.is_alone(step[1]):  # noqa: PLR2004
                    yield [step]
                    continue
                markers.setdefault(number, []).append(step)
                if len(markers[number]) == _MARKERS:
                    yield markers.pop(number)
        yield from markers.values()

    def _settled(self, waiting, progress):
        done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
        for future in done:
            steps, problems, written = future.result()
            for reason, location, text in problems:
                self.problems.add(reason, location, text)
            self._written.update(written)
            volume = sum(step[3] for step in steps if len(step) > 2)  # noqa: PLR2004
            calls = sum(_calls(step[4]) if len(step) > 2 else 1 for step in steps)  # noqa: PLR2004
            progress.add(len(steps), volume, calls)
        return waiting

    def _do(self, steps, parts):
        """``steps, problems, written``: the completed steps, the failed ones, and the objects written with another ETag."""
        place = self._places[steps[0][0]]
        try:
            if len(steps[0]) == 2:  # noqa: PLR2004
                refused = copying.hide(self._session, place.bucket, [step[1] for step in steps], place.region)
                self._denied = 0
                return steps, [(copying.FAILED, f"{place.bucket}/{key}", text) for key, text in refused], ()
            return steps, (), self._copy(place, steps[0], parts)
        except UnreachableError:
            raise
        except copying.NotCopiedError as error:
            text = str(error) if error.reason == copying.ENCRYPTED else ""
            return steps, [(error.reason, f"{place.bucket}/{steps[0][1]}", text)], ()
        except AwsError as error:
            if error.code in DENIED:
                self._denied += 1
                if self._denied >= _DENIALS or self._number <= _DENIALS:
                    raise
            return steps, [(copying.FAILED, f"{place.bucket}/{step[1]}", str(error)) for step in steps], ()

    def _copy(self, place, step, parts):
        _, key, version_id, size, number, storage_class, etag = step
        to_bucket, to_key, region = self._to.of(place, key)
        job = copying.Job(place.bucket, key, version_id, size, etag, number, storage_class, to_bucket, to_key, region)
        if self._to.is_elsewhere and self._status != ENABLED and self._has_another_object(job):
            raise copying.NotCopiedError(copying.IN_THE_WAY, "")
        found, new_id = copying.copy(self._session, job, parts)
        self._denied = 0
        return () if found == etag else (hash((to_bucket, to_key, new_id or "null")),)

    def _has_another_object(self, job):
        """Whether another object is there that would be lost, because the bucket keeps no versions."""
        doing = f"read {job.to_bucket}/{job.to_key}"
        there = self._session.look(
            "s3", "head_object", doing, absent=("404", "NoSuchKey"), region=job.region, **job.there
        )
        return there is not None

    # Comparison

    def compare(self):
        """List again, and count the objects that differ; those that were reported already are omitted."""
        self.differing = Named()
        for place in self._places:
            for judged in self._judged(place):
                location = f"{place.bucket}/{judged.key}"
                if not (self._is_right(place, judged) or location in self.problems):
                    self.differing.add("differs", location)

    def _is_right(self, place, judged):
        if judged.then is None and judged.is_elsewhere:
            return True
        if judged.is_same:
            return True
        if judged.then is None and self._why_left(place, judged):
            return True
        if judged.now is None or judged.then is None or judged.now.size != judged.then.size:
            return False
        bucket, key, _ = self._to.of(place, judged.key)
        return hash((bucket, key, judged.now.id)) in self._written


def _calls(parts):
    """The cost of a copy, in thousandths of a call: a delete marker is one."""
    return 1000 * (parts + 2 if parts else 1)


def _tally(place):
    return {
        "location": place.location,
        **dict.fromkeys(("objects", "bytes", "copy", "copy_bytes", "hide", "same", "others", "left", "known"), 0),
    }
