"""
What was read from AWS in this run of states, so that no two states ask the same question.

A run begins with the first state of ours and ends with the last; a function called from the command line, or a state
called by itself, is a run of its own and sees AWS as it is.
"""

import copy
import threading
import weakref
from collections import defaultdict
from contextlib import contextmanager
from contextvars import ContextVar

_active = ContextVar("aws_runbook_cache", default=None)
_caches = weakref.WeakSet()


class Cache:
    """Answers by question. Safe in threads: of two that ask the same, the second waits for the first one's answer."""

    def __init__(self):
        self._answers = {}
        self._asking = defaultdict(threading.RLock)
        self._lock = threading.Lock()
        self._early = set()
        self._distrusted = False
        self._begun = False
        _caches.add(self)

    def get(self, source, parameters, load):
        """The answer of ``load()`` to the question (``source``, ``parameters``), asked once until dropped."""
        slot = (source, _frozen(parameters))
        with self._lock:
            asking = self._asking[slot]
        with asking:
            with self._lock:
                known = self._holds(slot)
                answer = self._answers.get(slot)
            if not known:
                answer = load()
                with self._lock:
                    self._answers[slot] = answer
                    self._early.discard(slot)
        return copy.deepcopy(answer)  # a caller that changes its answer must not change the next one's

    def get_with(self, source, name, others, load):
        """
        The answer of ``load(names)``, a question about several things, for ``name``; each answer is remembered by itself.

        When it is not known, those of ``others`` that are not known either are asked about along with it. What the answer
        leaves out is remembered as ``None``.
        """
        with self._lock:
            asking = self._asking[source]
        with asking:
            if self.missing(source, [name]):
                names = list(dict.fromkeys([name, *self.missing(source, others)]))
                found = load(names)
                with self._lock:
                    self._answers.update({(source, entry): found.get(entry) for entry in names})
                    self._early.difference_update((source, entry) for entry in names)
            with self._lock:
                return copy.deepcopy(self._answers.get((source, name)))

    def missing(self, source, names):
        """Those of ``names`` whose answer is not known."""
        with self._lock:
            return [name for name in names if not self._holds((source, name))]

    def _holds(self, slot):
        return slot in self._answers and not (self._distrusted and slot in self._early)

    def read_ahead(self, read):
        """Before anything else: ``read()`` asks for what will be needed. Only once, however often this is called."""
        if not self._begun:
            self._begun = True
            read()
            self._early = set(self._answers)

    @property
    def early(self):
        """Whether it holds answers that were read ahead, and may be old by the time they are needed."""
        return bool(self._early)

    @contextmanager
    def at_first_hand(self):
        """Within this, what was read ahead is asked for again: by who is about to write."""
        self._distrusted = True
        try:
            yield
        finally:
            self._distrusted = False

    def drop(self, service, is_old):
        """Forget what was read from ``service`` and ``is_old(method, question)``: something in it has been written."""
        with self._lock:
            self._answers = {
                (source, question): answer
                for (source, question), answer in self._answers.items()
                if source[1] != service or not is_old(source[3], question)
            }

    def clear(self):
        """Forget everything."""
        with self._lock:
            self._answers = {}


def _frozen(value):
    if isinstance(value, dict):
        return tuple(sorted((name, _frozen(entry)) for name, entry in value.items()))
    if isinstance(value, list | tuple):
        return tuple(_frozen(entry) for entry in value)
    return value


def current():
    """The cache of the run that is under way, or ``None``."""
    return _active.get()


def forget():
    """Forget all that was read, in a run or by a function called by itself: it is asked for again."""
    for cache in list(_caches):
        cache.clear()


@contextmanager
def run(context, instance):
    """
    Share one cache among all states of a run.

    ``context`` is the state module's ``__context__``; ``instance`` is ``__instance_id__``, which Salt gives to the
    states of a run and to nobody else. Without it there is no run, and nothing is remembered.
    """
    if instance is None:
        cache = Cache()
    else:
        known, cache = context.get("aws_runbook.run", (None, None))
        if known != instance:  # a nested run starts from a copy of the outer one's context
            cache = Cache()
            context["aws_runbook.run"] = (instance, cache)
    token = _active.set(cache)
    try:
        yield cache
    finally:
        _active.reset(token)
