"""
States that write in parallel: fifty buckets do not wait for one another.

Before a state writes, the states that follow it in the run, have the same kind and function, and have no open requisites are
converged with it, each in a thread. The outcome of each is kept until Salt calls the state, which then returns it. The order of
kinds is preserved, and a state with options that Salt acts upon keeps its own turn.
"""

import logging
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from contextvars import copy_context
from fnmatch import fnmatchcase

from aws_runbook.progress import Progress
from aws_runbook.run import cache as run_cache
from aws_runbook.run import prefetch
from aws_runbook.run.coalescing import Group
from aws_runbook.run.prefetch import tag

log = logging.getLogger(__name__)

# The largest number of states in a batch: each is a thread. A machine that allows fewer threads has smaller batches.
_SIZE = 1000
# The keys that a chunk may have besides the arguments of its function.
# https://docs.saltproject.io/en/latest/ref/states/requisites.html
_PLAIN = frozenset(
    {"state", "fun", "name", "__id__", "__sls__", "__env__", "__sls_included_from__", "order", "require"}
)


class Run:
    """The needed parts of Salt's run: the current chunk, all chunks, and the returns of those that have run."""

    def __init__(self, low=None, chunks=(), running=None, *, failhard=False):
        self.low, self.chunks, self.running = low, chunks, running or {}
        self._failhard = failhard
        self._by_name = defaultdict(list)

    def is_of(self, name):
        """Whether the current chunk is the state ``name`` itself, and not a state that calls it."""
        return bool(self.low) and self.low.get("name") == name

    def companions(self, parameters, is_ours):
        """
        Return the chunks that can be converged with the current one.

        ``parameters(chunk)`` returns those of its function; ``None`` if its states do not write in parallel. ``is_ours(chunk)`` says
        whether its state is one of this project's.
        """
        if self._failhard or not self.low or not self._is_plain(self.low, parameters):
            return []
        tags = [tag(chunk) for chunk in self.chunks]
        if tag(self.low) not in tags:
            return []
        found, names = [], {str(self.low["name"]).lower()}
        for chunk in self.chunks[tags.index(tag(self.low)) + 1 :]:
            if _function(chunk) != _function(self.low) or len(found) == _SIZE - 1:
                break
            if tag(chunk) in self.running or not self._is_plain(chunk, parameters) or not self._is_met(chunk, is_ours):
                continue
            if str(chunk["name"]).lower() in names:
                break  # two states of the same name keep their order
            names.add(str(chunk["name"]).lower())
            found.append(chunk)
        return found

    def _is_plain(self, chunk, parameters):
        taken = parameters(chunk)
        return taken is not None and set(chunk) <= _PLAIN | set(taken)

    def _is_met(self, chunk, is_ours):
        required = [pair for entry in chunk.get("require") or () for pair in entry.items()]
        return all(self._has_succeeded(kind, name, is_ours) for kind, name in required)

    def _has_succeeded(self, kind, name, is_ours):
        entries = self._named.get((kind, str(name)))
        if entries is None:
            names = [known for known in self._named if known[0] == kind and fnmatchcase(known[1], str(name))]
            entries = [entry for known in names for entry in self._named[known]]
        return bool(entries) and all(
            is_ours(entry) and (self.running.get(tag(entry)) or {}).get("result") is True for entry in entries
        )

    @property
    def _named(self):
        """Return the chunks by kind, and by id and name."""
        if not self._by_name:
            for entry in self.chunks:
                for key in ("__id__", "name"):
                    self._by_name[entry["state"], str(entry[key])].append(entry)
        return self._by_name


def _function(chunk):
    return f"{chunk['state']}.{chunk['fun']}"


@contextmanager
def in_parallel(run, work, states, outcomes, converge_one):
    """
    Converge the companions of the current state, whose arguments are ``work``, while it writes; ``converge_one(work)`` returns what the
    state would return.

    The outcomes of companions that changed something or failed are stored in ``outcomes``, by tag; the others run in their turn.
    """

    def parameters(chunk):
        role = prefetch.role(states, chunk)
        return prefetch.parameters(states, chunk) if role and chunk["fun"] in role.batched else None

    chunks = run.companions(parameters, lambda chunk: prefetch.role(states, chunk) is not None)
    works = [(chunk, other) for chunk, (_, other) in prefetch.collect(states, chunks)]
    if work.store or any(other.store for _, other in works):
        works = _separate(work, works)
    if not works:
        yield
        return
    group = Group(len(works) + 1)

    def one(other):
        with group.member():
            return converge_one(other)

    with _locked(work), ExitStack() as threads:
        begun = {}
        for chunk, other in works:
            # One for each state: what has no thread of its own must not run later in that of another.
            thread = threads.enter_context(ThreadPoolExecutor(1, thread_name_prefix="aws-runbook"))
            try:
                begun[tag(chunk)] = thread.submit(copy_context().run, one, other)
            except RuntimeError as error:
                log.info("%d states run side by side, and the next ones later: %s", len(begun) + 1, error)
                group.without(len(works) - len(begun))
                break
        with group.member():
            yield
        progress = Progress("Writing in parallel", "states", len(begun))
        for _ in as_completed(begun.values()):
            progress.step()
    for name, future in begun.items():
        ret = future.result()
        if ret["changes"] or ret["result"] is False:
            outcomes[name] = ret


@contextmanager
def _locked(work):
    """Lock the store that ``work`` writes to, for all threads: all its files are in one directory."""
    if not work.store:
        yield
        return
    with work.store().alone():
        run_cache.forget()  # others may have written to AWS and to the store until now
        yield


def _separate(work, works):
    """Return those of ``works`` that write to separate files, in the directory that ``work`` writes to."""
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
        return []  # the state itself reports the error of its store
