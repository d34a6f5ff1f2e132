"""
A thief who has a server's key, and everything that its policy allows him: what the bucket kept of each moment before is all there.

The statement that is searched for a counterexample, with N the days for which versions are kept, W the days that a backup may be old,
and R the days of Object Lock:

- Server's key stolen: of every moment T with now - N < T < theft, the objects of the server can be brought back, byte for byte. Where
  the moment of the theft is not known, T = first visible damage - A is safe, A being two days; visible in the history, which looks at versions.
- Administrator's key stolen too, with COMPLIANCE and R >= W + N + 1: no object of T is lost. (What had been deleted before T may be
  there again, as markers are not locked. A day more than W + N, as S3 expires objects at the next midnight only.)

An honest upload in parts that was going on at T may count as finished.

The bucket is the model in ``tests/fixtures/versioned.py``; who may do what is decided by the sandbox's evaluator from the policy that
the plan makes; what is judged and brought back is the code of ``aws_runbook.recovery``.
"""

import contextlib
import json
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta

from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as with_seed
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from aws_runbook.backups.expiry import keeping_rule
from aws_runbook.backups.targets import Target
from aws_runbook.errors import AwsError, UnreachableError
from aws_runbook.iam import backup_policy, policies
from aws_runbook.recovery import moments, versions
from aws_runbook.recovery.locations import Destination, of_server
from aws_runbook.recovery.steps import Recovery
from sandbox.policies import ALLOWED, Request, decide
from tests.fixtures.versioned import DAY, Bucket, Refused, Session

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
NAME = "backups"
KEYS = ("own/a", "own/b", "own/c")
KEPT_DAYS, OLDEST = 4, 3  # N and W, small, so that few steps suffice
_SHARED = {"Key": "scratch", "Value": "yes"}
# A rule of somebody else's, which is refused where versions are kept. None of the server's objects has its tag: only with an action more
# can a thief aim it at them.
OTHERS = (
    {
        "ID": "scratch",
        "Status": "Enabled",
        "Filter": {"Tag": _SHARED},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
    },
)
EXPIRING = {"ID": "expire", "Status": "Enabled", "Filter": {"Prefix": "own/"}, "Expiration": {"Days": OLDEST}}
COMPLIANCE = ("COMPLIANCE", OLDEST + KEPT_DAYS + 1)


@dataclass(frozen=True)
class Setting:
    """What is set up, and what is asked for; a weakening is a change of one of these."""

    kind: str = "pgbackrest"
    days: int = KEPT_DAYS
    lock: tuple | None = None
    # Added to the rule.
    rule: dict = field(default_factory=dict)
    abort: bool = True
    others: tuple = ()
    status: str = "Enabled"
    actions: tuple = ()
    resources: tuple = ("*",)
    margin: timedelta = moments.MARGIN
    administrator: bool = False


# What the statement is about: a repository, and dumps that expire; the server's key, and the administrator's.
SETTINGS = {
    "repository": Setting(),
    "dumps": Setting(kind="files", others=(EXPIRING,)),
    "repository, locked": Setting(lock=COMPLIANCE, administrator=True),
    "dumps, locked": Setting(kind="files", others=(EXPIRING,), lock=COMPLIANCE, administrator=True),
}
# Each by itself is enough for a thief.
WEAKENINGS = {
    **{
        action: replace(SETTINGS["dumps"], actions=(action,))
        for action in (
            "s3:DeleteObjectVersion",
            "s3:PutLifecycleConfiguration",
            "s3:PutBucketVersioning",
            "s3:PutBucketPolicy",
            "iam:PutUserPolicy",
            "iam:CreatePolicyVersion",
        )
    },
    **{
        action: Setting(kind="files", others=(*OTHERS, EXPIRING), actions=(action,))
        for action in ("s3:PutObjectTagging", "s3:PutObjectVersionTagging")
    },
    "unfinished uploads stay": Setting(abort=False),
    "a filter by tag, which leaves out uploads": Setting(rule={"Filter": {"Tag": _SHARED}}, abort=False),
    "fewer days": Setting(days=KEPT_DAYS - 2),
    "a count in place of days": Setting(
        rule={"NoncurrentVersionExpiration": {"NoncurrentDays": 1, "NewerNoncurrentVersions": 1}}
    ),
    "versioning is suspended": Setting(status="Suspended"),
    "versioning was never on": Setting(status=None),
    "a rule that expires over a repository": Setting(others=(EXPIRING,)),
    "a margin of one day": Setting(margin=DAY),
    "R = N": replace(SETTINGS["repository, locked"], lock=("COMPLIANCE", KEPT_DAYS)),
    "GOVERNANCE": replace(SETTINGS["repository, locked"], lock=("GOVERNANCE", COMPLIANCE[1])),
    "no lock": replace(SETTINGS["repository, locked"], lock=None),
}
_OF_OBJECTS = ("s3:DeleteObjectVersion", "s3:PutObjectTagging", "s3:PutObjectVersionTagging", "s3:PutObjectRetention")
# What else no policy allows, and what yet destroys nothing.
HARMLESS = ("s3:PutReplicationConfiguration", "s3:PutBucketObjectLockConfiguration", "s3:PutObjectRetention")


def recovery_rule(setting):
    """The rule that ``aws:backup:recovery`` asks for, weakened as the setting says."""
    made = keeping_rule(setting.days)
    if not setting.abort:
        del made["AbortIncompleteMultipartUpload"]
    return {**made, **setting.rule}


class Thief(RuleBasedStateMachine):
    """Honest backups, then a theft; ``setting`` is what a subclass sets."""

    setting = Setting()
    # How often each thing was done, in all runs.
    counts = None

    def __init__(self):
        super().__init__()
        setting = self.setting
        expires = setting.kind == "files"
        self.target = Target(
            "one", setting.kind, NAME, "own", "eu-west-2", expires=expires, expire_days=OLDEST if expires else None
        )
        statement = {"Effect": "Allow", "Action": list(setting.actions), "Resource": list(setting.resources)}
        document = backup_policy.document([self.target])
        document["Statement"] += [statement] if setting.actions else []
        self.documents = [("server", json.dumps(document))]
        self.decided = {}
        self.bucket = Bucket(NAME)
        self.serial = 0
        self.honest, self.uploads, self.stolen = {}, {}, []
        # A lock keeps what is written from then on, and not what was there before.
        self.bucket.lock = setting.lock
        self.bucket.versioning = setting.status if setting.lock else None
        # What is there before versions are kept: S3 calls these versions null.
        for key in KEYS[:2]:
            self._honest_put(key)
        self.bucket.wait(HOUR)
        self.bucket.versioning = setting.status
        self.bucket.rules = [recovery_rule(setting), *setting.others]
        self.theft = self.administrator = self.damage = None
        # (moment, {key: the contents that it may have then}), oldest first.
        self.past = []
        self._remember()

    def _count(self, what):
        if self.counts is not None:
            self.counts[what] += 1

    # The server

    def _content(self):
        self.serial += 1
        return b"%d" % self.serial

    def _honest_put(self, key):
        content = self._content()
        self.bucket.put(key, content)
        self.honest[key] = (content, self.bucket.now)

    def _remember(self):
        """What there is at this second."""
        now = {key: {content} for key, (content, _) in self.honest.items()}
        for key, content in self.uploads.values():
            now.setdefault(key, {None}).add(content)
        if self.past and self.past[-1][0] == self.bucket.now:
            self.past.pop()
        self.past.append((self.bucket.now, now))

    def _show(self):
        """
        What a thief has done shows from now on, in the history: that looks at versions.

        A listing of objects may not show it. An upload that is finished after its key was deleted, or has expired, takes its place by the date
        of its beginning: below the delete marker.
        """
        self.damage = self.damage or self.bucket.now

    def _expire_honestly(self):
        """What is as old as it may get goes: by the program that made it, or by the bucket's rule for what expires."""
        for key, (_, made) in list(self.honest.items()):
            old = self.bucket.now - made >= OLDEST * DAY
            if self.target.expires:
                # At the midnight after; S3 itself does that to what it finds there.
                if self.bucket.is_due(made, OLDEST):
                    del self.honest[key]
            elif old and self.setting.lock:
                self.bucket.delete(key)
                del self.honest[key]

    @property
    def _thinks_so(self):
        """Whether the server may still work: after a visible damage nobody lets it go on."""
        return self.damage is None

    @initialize(times=st.integers(0, 48))
    def begin(self, times):
        self._pass(times * HOUR / 2)

    @precondition(lambda self: self._thinks_so)
    @rule(key=st.sampled_from(KEYS))
    def put(self, key):
        """The server writes an object, under a name that is new for what expires."""
        self._count("honest put")
        if self.target.expires and key in self.honest:
            key = f"{key}{self.serial}"
        self.bucket.wait(SECOND)
        self._honest_put(key)
        self._remember()

    @precondition(lambda self: self._thinks_so and not self.target.expires)
    @rule(key=st.sampled_from(KEYS))
    def remove(self, key):
        """The server deletes what it needs no more."""
        if key in self.honest:
            self._count("honest delete")
            self.bucket.wait(SECOND)
            self.bucket.delete(key)
            del self.honest[key]
            self._remember()

    @precondition(lambda self: self._thinks_so and len(self.uploads) < len(KEYS))
    @rule(key=st.sampled_from(KEYS))
    def begin_upload(self, key):
        """The server begins an upload in parts, of which no other of the same key is going on."""
        if self.target.expires:
            key = f"{key}{self.serial}"
        if key not in [other for other, _ in self.uploads.values()]:
            self._count("honest upload")
            self.bucket.wait(SECOND)
            self.uploads[self.bucket.begin(key)] = (key, self._content())
            self._remember()

    @precondition(lambda self: self._thinks_so and self.uploads)
    @rule(data=st.data())
    def finish_upload(self, data):
        """It finishes it, or its process was killed and it never does."""
        name = data.draw(st.sampled_from(sorted(self.uploads)))
        key, content = self.uploads[name]
        self.bucket.wait(SECOND)
        begun = self.bucket.uploads[name].begun if name in self.bucket.uploads else None
        # What was written after its beginning stays: S3 takes the one begun last.
        stale = begun is None or any(version.made > begun for version in self.bucket.keys.get(key, ()))
        if not stale:
            self._count("honest upload finished")
            self.bucket.complete(name, (content,))
            self.honest[key] = (content, begun)
        else:
            self.bucket.uploads.pop(name, None)
        del self.uploads[name]
        self._remember()

    # Time, and S3

    @rule(hours=st.sampled_from((1, 5, 11, 23, 24, 30, 47, 70, 94)))
    def wait(self, hours):
        """Time passes; at each midnight S3 carries out the rules."""
        self._pass(hours * HOUR)

    def _pass(self, span):
        self._count("wait")
        end = self.bucket.now + span
        while self.bucket.now < end:
            before = self.bucket.now
            midnight = before.replace(hour=0, minute=0, second=0) + DAY
            self.bucket.wait(min(midnight, end) - before)
            self._expire_honestly()
            for name in list(self.uploads):
                if name not in self.bucket.uploads:  # S3 has removed it
                    del self.uploads[name]
            self._remember()

    # The thief

    @precondition(lambda self: self.theft is None)
    @rule()
    def steal(self):
        """The server's key is stolen; with ``administrator`` the administrator's too."""
        self._count("theft")
        self.bucket.wait(SECOND)
        self.theft = self.bucket.now
        self._remember()

    def _may(self, action, key=None):
        """Whether what the thief holds allows an action."""
        if self.setting.administrator:
            return True
        service = action.partition(":")[0]
        resource = {"iam": "arn:aws:iam::123456789012:user/one-backup"}.get(
            service, f"arn:aws:s3:::{NAME}" + (f"/{key}" if key else "")
        )
        slot = (action, resource)
        if slot not in self.decided:
            self.decided[slot] = decide(self.documents, Request(action, resource, {"s3:prefix": "own/"}))[0] == ALLOWED
        return self.decided[slot]

    def _did(self, what):
        self._count(what)
        self.bucket.wait(SECOND)

    @precondition(lambda self: self.theft is not None)
    @rule(
        keys=st.lists(st.sampled_from(KEYS), min_size=1, max_size=3, unique=True),
        how=st.sampled_from(("put", "copy", "tagged")),
    )
    def overwrite(self, keys, how):
        """Everything that ends in a new version."""
        for key in keys:
            if self._may("s3:PutObject", key):
                tags = (
                    {_SHARED["Key"]: _SHARED["Value"]}
                    if how == "tagged" and self._may("s3:PutObjectTagging", key)
                    else None
                )
                self._did(f"overwrite: {how}")
                source = self.bucket.live()
                content = next(iter(source.values()), b"x") if how == "copy" else b"ransom"
                self.bucket.put(key, content, tags=tags)
                self._show()
        self._remember()

    @precondition(lambda self: self.theft is not None)
    @rule(keys=st.lists(st.sampled_from(KEYS), min_size=1, max_size=3, unique=True))
    def delete(self, keys):
        """One by one or many at once; each is decided by itself."""
        for key in keys:
            if self._may("s3:DeleteObject", key):
                self._did("delete")
                self.bucket.delete(key)
                self._show()
        self._remember()

    @precondition(lambda self: self.theft is not None and len(self.stolen) < len(KEYS))
    @rule(keys=st.lists(st.sampled_from(KEYS), min_size=1, max_size=3, unique=True))
    def open_uploads(self, keys):
        """Uploads that nobody sees, to be finished later."""
        for key in keys:
            if self._may("s3:PutObject", key):
                self._did("open an upload")
                self.stolen.append(self.bucket.begin(key))

    @precondition(lambda self: self.theft is not None)
    @rule(keys=st.lists(st.sampled_from(KEYS), min_size=1, max_size=3, unique=True), hours=st.integers(20, 90))
    def lie_in_wait(self, keys, hours):
        """The same, and nothing else for so long."""
        self.open_uploads(keys)
        self._pass(hours * HOUR)
        self.complete_uploads(many=True)

    @precondition(lambda self: self.stolen)
    @rule(many=st.booleans())
    def complete_uploads(self, many):
        """Those are finished, late."""
        for name in self.stolen if many else self.stolen[:1]:
            try:
                self._did("complete an upload")
                self.bucket.complete(name, (b"ransom",))
                self._show()
            except Refused:
                self._count("an upload that was removed")
        self.stolen = [] if many else self.stolen[1:]
        self._remember()

    @precondition(lambda self: self.theft is not None)
    @rule(data=st.data(), key=st.sampled_from((*KEYS, "own/")))
    def try_forbidden(self, data, key):
        """What the policy of a server does not allow: he tries all of it, and uses what is allowed all the same."""
        able = [action for action in FORBIDDEN if self._may(action, key if action in _OF_OBJECTS else None)]
        if not able:
            self._count("refused")
            return
        action = data.draw(st.sampled_from(able))
        self._did(f"forbidden: {action}")
        try:
            FORBIDDEN[action](self, key)
        except Refused:
            self._count("refused by a lock")
        self._remember()

    def destroy(self, key):
        """Delete all versions of what begins so, but for those that a lock keeps."""
        for name in [other for other in self.bucket.keys if other.startswith(key)]:
            for version in list(self.bucket.keys[name]):
                with contextlib.suppress(Refused):
                    self.bucket.delete_version(name, version.id, bypass=True)

    def shorten(self, _key):
        """Have versions removed after a day."""
        self.bucket.rules = [recovery_rule(Setting(days=1))]

    def suspend(self, _key):
        """Keep versions no more."""
        self.bucket.suspend()

    def allow_himself(self, _key):
        """Have everything allowed from now on."""
        everything = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
        self.documents = [
            *self.documents,
            ("own", json.dumps({"Version": policies.VERSION, "Statement": [everything]})),
        ]
        self.decided = {}

    def tag(self, key):
        """Tag the object for somebody else's rule."""
        found = self.bucket.keys.get(key)
        if found and not found[0].is_marker:
            found[0].tags = {_SHARED["Key"]: _SHARED["Value"]}

    def tag_version(self, key):
        """Tag its versions for somebody else's rule."""
        for version in self.bucket.keys.get(key, ()):
            version.tags = {_SHARED["Key"]: _SHARED["Value"]}

    def harmless(self, _key):
        """It shows what is in the backups, and destroys nothing."""

    def lock(self, _key):
        """Lock what is written from now on, for long."""
        self.bucket.lock = ("COMPLIANCE", 1000)

    def retain(self, key):
        """Lock what there is, for long: that costs money."""
        for version in self.bucket.keys.get(key, ()):
            if not version.is_marker:
                version.mode, version.until = "COMPLIANCE", self.bucket.now + 1000 * DAY

    # The way back, also half of it

    @precondition(
        lambda self: self.theft is not None and self.setting.status == "Enabled" and self.bucket.versioning == "Enabled"
    )
    @rule(calls=st.integers(0, 3), data=st.data())
    def recover_half(self, calls, data):
        """Somebody begins to bring back some moment before the theft, and is killed."""
        known = [
            moment
            for moment, _ in self.past
            if moment < self.theft and moment > self.bucket.now - self.setting.days * DAY
        ]
        if known:
            self._did("recover, and be killed")
            self._recover(data.draw(st.sampled_from(known)), calls)
            # What is damaged stays so, until all is brought back.
            self.damage = self.damage or self.bucket.now

    def _recover(self, moment, calls=None):
        left = [calls]

        def give_up(*_):
            if calls is not None:
                left[0] -= 1
                if left[0] < 0:
                    raise UnreachableError("killed.")

        places = of_server("one", [self.target])
        with Recovery(Session(self.bucket, before=give_up), places, moment, Destination()) as recovery:
            recovery.plan()
            try:
                if any(tally["copy"] or tally["hide"] for tally in recovery.tallies):
                    recovery.carry_out()
            except AwsError as error:
                raise AssertionError(str(error)) from error
            except UnreachableError:
                pass
        return recovery

    # The statement

    def _moments(self):
        """The moments that must be there, each with what it must be."""
        first = self.bucket.now - KEPT_DAYS * DAY
        end = self.theft or self.bucket.now + SECOND
        found = [(moment, then) for moment, then in self.past if first < moment < end]
        if self.damage is not None:
            safe = self.damage - self.setting.margin
            if safe > first:
                known = [then for moment, then in self.past if moment <= safe]
                found += [(safe, known[-1])] if known else []
        return found

    def _contents(self, moment):
        """What the code under test would bring back."""
        found = {}
        for key, listed in versions.by_key(versions.stream(self.bucket.pages("own/"))):
            judged = versions.judge(key, listed, moment)
            if judged.then is not None:
                found[key] = self.bucket.version(key, judged.then.id).content
        return found

    def _check(self, moment, then):
        found = self._contents(moment)
        for key in found.keys() | then.keys():
            allowed = then.get(key, {None})
            content = found.get(key)
            if self.setting.administrator and None in allowed:
                continue  # markers are not locked: what was deleted may be there again
            assert content in allowed, f"{key} as of {moment}: {content!r} in place of {allowed}, at {self.bucket.now}"

    @invariant()
    def each_moment_is_there(self):
        for moment, then in self._moments():
            self._check(moment, then)

    def teardown(self):
        """At the end one of these moments is really brought back."""
        found = self._moments()
        if not found or self.bucket.versioning != "Enabled" or self.setting.administrator or self.theft is None:
            return
        moment, then = found[0]
        self.bucket.wait(SECOND)
        self._recover(moment)
        there = {key: content for key, content in self.bucket.live().items() if key.startswith("own/")}
        for key in there.keys() | then.keys():
            assert there.get(key) in then.get(key, {None}), f"{key} as of {moment}: {there.get(key)!r}"
        self._count("recovered")


# What a server's policy never allows, and what a thief would do with it. The last three harm, and destroy nothing that was there.
FORBIDDEN = {
    "s3:DeleteObjectVersion": Thief.destroy,
    "s3:PutLifecycleConfiguration": Thief.shorten,
    "s3:PutBucketVersioning": Thief.suspend,
    "s3:PutBucketPolicy": Thief.allow_himself,
    "s3:PutObjectTagging": Thief.tag,
    "s3:PutObjectVersionTagging": Thief.tag_version,
    "iam:PutUserPolicy": Thief.allow_himself,
    "iam:CreatePolicyVersion": Thief.allow_himself,
    "s3:PutReplicationConfiguration": Thief.harmless,
    "s3:PutBucketObjectLockConfiguration": Thief.lock,
    "s3:PutObjectRetention": Thief.retain,
}


ATTACK = (
    "overwrite: put",
    "overwrite: copy",
    "overwrite: tagged",
    "delete",
    "open an upload",
    "complete an upload",
    "refused",
)


def is_attack(what):
    """Whether something that was counted is a thief's doing."""
    return what in ATTACK or what.startswith(("forbidden: ", "refused"))


class FoundError(AssertionError):
    """The search found a moment that cannot be had back; the text has the steps that lead there."""


def search(setting, *, examples, steps=40, seed=None):
    """
    Look for a counterexample with so many runs of so many steps, and return how often what was done.

    Without ``seed`` the runs are always the same.
    """
    counts = Counter()
    machine = type("Machine", (Thief,), {"setting": setting, "counts": counts})
    given = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        derandomize=seed is None,
        # The first one is enough: to make it shorter takes longer than to find it.
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    try:
        run_state_machine_as_test(machine if seed is None else with_seed(seed)(machine), settings=given)
    except AssertionError as error:
        raise FoundError(f"{error}\n{setting}") from error
    return counts
