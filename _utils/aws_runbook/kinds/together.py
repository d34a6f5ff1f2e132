"""
States that write side by side: fifty buckets do not wait for one another.

When a state is about to write, those that follow it in the run, are of the same kind and function, and have nothing left to wait
for are converged with it, each in a thread. What became of each is kept until Salt calls it, and is then its return. Order
between kinds stays, and so does a state's own turn where anything is said about it that Salt acts upon.
"""

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from contextvars import copy_context
from fnmatch import fnmatchcase

from aws_runbook.patience import Progress
from aws_runbook.run import cache as run_cache
from aws_runbook.run import prefetch
from aws_runbook.run.gathering import Gathering
from aws_runbook.run.prefetch import tag

# Threads at a time.
_MOST = 100
# What a chunk may say beside the arguments of its function.
# https://docs.saltproject.io/en/latest/ref/states/requisites.html
_PLAIN = frozenset(
    {"state", "fun", "name", "__id__", "__sls__", "__env__", "__sls_included_from__", "order", "require"}
)


class Run:
    """What of Salt's run is needed: the chunk whose turn it is, all of them, and what those that ran have returned."""

    def __init__(self, low=None, chunks=(), running=None, *, failhard=False):
        self.low, self.chunks, self.running = low, chunks, running or {}
        self._failhard = failhard
        self._by_name = defaultdict(list)

    def is_of(self, name):
        """Whether it is the turn of a state that is called so, and not that of one that calls it."""
        return bool(self.low) and self.low.get("name") == name

    def companions(self, parameters, is_ours):
        """
        The chunks that can be converged with the present one.

        ``parameters(chunk)`` are those of its function; ``None`` where its states do not write side by side. ``is_ours(chunk)`` tells
        whether its state is one of this project's.
        """
        if self._failhard or not self.low or not self._is_plain(self.low, parameters):
            return []
        tags = [tag(chunk) for chunk in self.chunks]
        if tag(self.low) not in tags:
            return []
        found, names = [], {str(self.low["name"]).lower()}
        for chunk in self.chunks[tags.index(tag(self.low)) + 1 :]:
            if _function(chunk) != _function(self.low) or len(found) == _MOST - 1:
                break
            if tag(chunk) in self.running or not self._is_plain(chunk, parameters) or not self._is_met(chunk, is_ours):
                continue
            if str(chunk["name"]).lower() in names:
                break  # what comes first is the reader's to say
            names.add(str(chunk["name"]).lower())
            found.append(chunk)
        return found

    def _is_plain(self, chunk, parameters):
        taken = parameters(chunk)
        return taken is not None and set(chunk) <= _PLAIN | set(taken)

    def _is_met(self, chunk, is_ours):
        required = [pair for entry in chunk.get("require") or () for pair in entry.items()]
        return all(self._has_succeeded(*pair, is_ours) for pair in required)

    def _has_succeeded(self, kind, name, is_ours):
        meant = self._named.get((kind, str(name)))
        if meant is None:
            names = [known for known in self._named if known[0] == kind and fnmatchcase(known[1], str(name))]
            meant = [entry for known in names for entry in self._named[known]]
        return bool(meant) and all(
            is_ours(entry) and (self.running.get(tag(entry)) or {}).get("result") is True for entry in meant
        )

    @property
    def _named(self):
        """The chunks by kind, and by id and name."""
        if not self._by_name:
            for entry in self.chunks:
                for key in ("__id__", "name"):
                    self._by_name[entry["state"], str(entry[key])].append(entry)
        return self._by_name


def _function(chunk):
    return f"{chunk['state']}.{chunk['fun']}"


@contextmanager
def beside(run, work, states, outcomes, converge_one):
    """
    While the present state, which is about ``work``, writes, converge its companions: ``converge_one(work)`` returns what the state
    would.

    What has changed something, or failed, is noted in ``outcomes``, by tag; the others are left to their turn.
    """

    def parameters(chunk):
        role = prefetch.role(states, chunk)
        return prefetch.parameters(states, chunk) if role and chunk["fun"] in role.beside else None

    chunks = run.companions(parameters, lambda chunk: prefetch.role(states, chunk) is not None)
    works = [(chunk, other) for chunk, (_, other) in prefetch.collect(states, chunks)]
    if work.store or any(other.store for _, other in works):
        works = _apart(work, works)
    if not works:
        yield
        return
    gathering = Gathering(len(works) + 1)

    def one(other):
        with gathering.member():
            return converge_one(other)

    with _alone(work), ThreadPoolExecutor(len(works), thread_name_prefix="aws-runbook") as pool:
        begun = {tag(chunk): pool.submit(copy_context().run, one, other) for chunk, other in works}
        with gathering.member():
            yield
        progress = Progress("Writing side by side", "states", len(begun))
        for _ in as_completed(begun.values()):
            progress.step()
    for name, future in begun.items():
        ret = future.result()
        if ret["changes"] or ret["result"] is False:
            outcomes[name] = ret


@contextmanager
def _alone(work):
    """Lock the store that ``work`` writes to, for all threads: their files are all in one folder."""
    if not work.store:
        yield
        return
    with work.store().alone():
        run_cache.forget()  # others may have written to AWS and to the store until now
        yield


def _apart(work, works):
    """Those of ``works`` that write to files of their own, in the folder of that which ``work`` writes to."""
    taken = set(_files(work))
    folders = {path.parent for path in taken}
    found = []
    for chunk, other in works:
        files = set(_files(other))
        if files and len(folders) == 1 and {path.parent for path in files} == folders and not files & taken:
            taken |= files
            found.append((chunk, other))
    return found


def _files(work):
    try:
        return work.store().files if work.store else []
    except Exception:
        return []  # its state says what is wrong with its store
