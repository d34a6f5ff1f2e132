"""
The cache of the answers that this run of states has read from AWS, so that no read is made twice.

A run begins with this project's first state and ends with its last. A function called from the command line, and a state called by
itself, is a separate run and reads AWS again.
"""

import copy
import threading
import weakref
from collections import Counter, defaultdict
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any

from aws_runbook.run import coalescing
from aws_runbook.run.eventual_consistency import Recent
from aws_runbook.run.index import Index
from aws_runbook.run.listings import MANY, Listed

_active: ContextVar[Any] = ContextVar("aws_runbook_cache", default=None)
# Whether prefetched answers are bypassed: set before a write, in the writing thread.
_distrustful = ContextVar("aws_runbook_distrustful", default=False)
# Whether a resource that the account lacks counts as missing, although another account may have it: set before creating it, in that thread.
_creating = ContextVar("aws_runbook_creating", default=False)
_caches = weakref.WeakSet()


class Cache:
    """Answers by question. Thread-safe: if two threads ask the same question, the second waits for the first one's answer."""

    def __init__(self):
        self._answers = {}
        # Answers about resources that the run has created, known without reading, until the resources are written to.
        self._known = {}
        # Where all these are, by what their questions name.
        self._index = Index()
        # The names that were read in a batch, including those whose answer was dropped since.
        self._asked_with = set()
        self._asking = defaultdict(threading.RLock)
        self._lock = threading.Lock()
        self._early = set()
        self._begun = False
        # Whether prefetching is in progress, for a run that writes.
        self._preparing = False
        # The number of resources of each service in the run, and the listings of them, by account and service.
        self._expected = Counter()
        self._listings = {}
        self._pages = {}
        # The outcomes of states that were converged before their turn, by Salt's tag; and the plans of states without changes, as long as
        # they follow from cached answers.
        self.outcomes = {}
        self.progress = None
        self._foreseen = {}
        # The resources that the run has created, which are not forgotten with the answers.
        self.recent = Recent()
        _caches.add(self)

    def get(self, source, parameters, load):
        """Return the answer of ``load()`` to the question (``source``, ``parameters``), which is asked once until dropped."""
        slot = (source, _frozen(parameters))
        with self._lock:
            asking = self._asking[slot]
        with coalescing.held(asking):
            with self._lock:
                known = self._holds(slot) or slot in self._known
                answer = self._answers[slot] if slot in self._answers else self._known.get(slot)
            if not known:
                answer = load()
                with self._lock:
                    if slot in self._answers:
                        self._foreseen = {}
                    self._answers[slot] = answer
                    self._index.add(slot)
                    self._early.discard(slot)
        return copy.deepcopy(answer)  # a caller that changes its answer must not change the next one's

    def learn(self, source, parameters, answer):
        """Cache ``answer`` to a question about a resource that this run has created, until that is written to."""
        slot = (source, _frozen(parameters))
        with self._lock:
            self._known[slot] = answer
            self._index.add(slot)

    def get_with(self, source, name, others, load):
        """
        Return the answer of ``load(names)``, a question about several resources, for ``name``. Each answer is cached separately.

        If it is not cached, those of ``others`` that are not cached either are asked about in the same call. Names that the answer
        lacks are cached as ``None``.
        """
        with self._lock:
            asking = self._asking[source]
        with coalescing.held(asking):
            if self.missing(source, [name]):
                names = list(dict.fromkeys([name, *self.missing(source, others)]))
                found = load(names)
                with self._lock:
                    if any((source, entry) in self._answers for entry in names):
                        self._foreseen = {}
                    self._answers.update({(source, entry): found.get(entry) for entry in names})
                    for entry in names:
                        self._index.add((source, entry))
                    self._asked_with.update((source, entry) for entry in names)
                    self._early.difference_update((source, entry) for entry in names)
            with self._lock:
                return copy.deepcopy(self._answers.get((source, name)))

    def holds(self, source, parameters):
        """Whether the answer to this question is cached."""
        with self._lock:
            return self._holds((source, _frozen(parameters)))

    def lacks(self, source, parameters):
        """Whether the answer to this question is cached, or being read, and is ``None``."""
        slot = (source, _frozen(parameters))
        with self._lock:
            asking = self._asking[slot]
        with coalescing.held(asking), self._lock:
            return self._holds(slot) and self._answers[slot] is None

    def missing(self, source, names):
        """Return those of ``names`` whose answer is not cached."""
        with self._lock:
            return [name for name in names if not self._holds((source, name))]

    def unread(self, source, names):
        """Return those of ``names`` that were not read in a batch since the cache was cleared."""
        with self._lock:
            return [name for name in names if (source, name) not in self._asked_with]

    def _holds(self, slot):
        return slot in self._answers and not (_distrustful.get() and slot in self._early)

    def expect(self, numbers):
        """Set the number of resources of each service in the run (a mapping). If there are many, they are listed first."""
        self._expected.update(numbers)

    def listed(self, account, service, load):
        """Return the :class:`Listed` of a service if this run should have one and it is valid; ``load()`` returns its pages, or ``None``."""
        place = (account, service)
        with self._lock:
            asking = self._asking[place]
        with coalescing.held(asking):
            if place not in self._listings and self._expected[service] >= MANY:
                self.list_again(account, service, load)
        found = self._listings.get(place)
        return None if found and found.early and _distrustful.get() else found

    def from_listing(self, account, service, load, method, parameters, *, absent, again=False, own=False):
        """
        Return ``[answer]`` if a listing has the answer to a read, otherwise nothing: see :class:`Listed`.

        With ``again``, parallel threads share one new listing if the current one has no answer.
        """
        own = _creating.get() or (own and self._preparing)
        found = self.listed(account, service, load)
        answer = found.answer(method, parameters, self.recent, absent=absent, own=own) if found else []
        group = coalescing.current()
        if answer or not again or not group or not self.can_list(account, service, group.number):
            return answer
        group.ask((account, service), partial(self.list_again, account, service, load))
        found = self.listed(account, service, load)
        return found.answer(method, parameters, self.recent, absent=absent, own=own) if found else []

    def ask_again(self, account, service, load, method, parameters):
        """Note that a single read is made, which is newer than the listing."""
        found = self.listed(account, service, load)
        if found:
            found.ask_again(method, parameters)

    def can_list(self, account, service, number):
        """Whether the run has listed a service before, and the listing costs no more pages than ``number`` single reads justify."""
        place = (account, service)
        return place in self._listings and self._pages.get(place, number + 1) * 2 <= number

    def list_again(self, account, service, load):
        """List a service again."""
        found = Listed(service)
        with self._lock:
            if (account, service) in self._listings:
                self._foreseen = {}
            self._listings[account, service] = found  # writes from now on are recorded in it
        pages = load()
        if pages is None:
            self._listings[account, service] = None
            self._pages.pop((account, service), None)
        else:
            found.fill(pages)
            self._pages[account, service] = len(pages)

    def read_ahead(self, read, *, writing=False):
        """Fill the cache by ``read()`` before the first state of the run, which may be ``writing``; later calls do nothing."""
        if not self._begun:
            self._begun, self._preparing = True, writing
            read()
            self._preparing = False
            self._early = set(self._answers)
            for found in filter(None, self._listings.values()):
                found.early = True

    def foresee(self, name, planned):
        """Keep the plan of a state without changes, by Salt's tag."""
        with self._lock:
            self._foreseen[name] = planned

    def foreseen(self, name):
        """Return the plan that was made for a state by prefetching, if nothing it depends on has changed since."""
        with self._lock:
            return self._foreseen.pop(name, None)

    @property
    def early(self):
        """Whether it has prefetched answers, which may be outdated."""
        return bool(self._early) or any(found and found.early for found in self._listings.values())

    @contextmanager
    def at_first_hand(self):
        """Bypass prefetched answers; used before a write."""
        token = _distrustful.set(True)
        try:
            yield
        finally:
            _distrustful.reset(token)

    def drop(self, service, outdated, parameters=()):
        """Drop the ``outdated`` answers of ``service`` (:class:`invalidation.Outdated`), after a write with ``parameters``."""
        with self._lock:
            self._foreseen = {}
            for (_, listed), found in self._listings.items():
                if found and listed == service:
                    found.write(parameters)
            for slot in self._index.candidates(service, outdated.names):
                source, question = slot
                if (slot in self._answers or slot in self._known) and outdated(source[3], question):
                    self._answers.pop(slot, None)
                    self._known.pop(slot, None)

    def clear(self):
        """Drop all answers."""
        with self._lock:
            self._foreseen = {}
            self._answers = {}
            self._asked_with = set()
            # The listing is not made again at the next question: the caller is about to read a single resource.
            self._listings = dict.fromkeys(self._listings)


def _frozen(value):
    if isinstance(value, dict):
        return tuple(sorted((name, _frozen(entry)) for name, entry in value.items()))
    if isinstance(value, list | tuple):
        return tuple(_frozen(entry) for entry in value)
    return value


@contextmanager
def creating(really=True):
    """
    Treat resources that the account lacks as missing. Used before creating one: AWS then reports whether another account has it.
    """
    token = _creating.set(really)
    try:
        yield
    finally:
        _creating.reset(token)


def current():
    """Return the cache of the current run, or ``None``."""
    return _active.get()


def forget():
    """Clear every cache, in a run or for a function called by itself."""
    for cache in list(_caches):
        cache.clear()


@contextmanager
def run(context, instance):
    """
    Share one cache among all states of a run.

    ``context`` is the state module's ``__context__``; ``instance`` is ``__instance_id__``, which Salt gives only to the
    states of a run. Without it there is no run, and nothing is cached.
    """
    if not instance:  # Salt may wrap the value: then "is None" is never true
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


@contextmanager
def joined():
    """Join the current run, or begin one, so that the functions that a function calls share its cache."""
    if current() is not None:
        yield current()
        return
    with run({}, None) as cache:
        yield cache
