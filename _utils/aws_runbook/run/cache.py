"""
The answers that this run of states has read from AWS, so that no read is made twice.

A run begins with this project's first state and ends with its last. A function called from the command line, and a state called by
itself, is a run of its own and reads AWS afresh.
"""

import copy
import threading
import weakref
from collections import Counter, defaultdict
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial

from aws_runbook.run import gathering
from aws_runbook.run.listings import MANY, Listed
from aws_runbook.run.recent import Recent

_active = ContextVar("aws_runbook_cache", default=None)
# Whether what was read ahead is asked for again: by who is about to write, in his thread.
_distrustful = ContextVar("aws_runbook_distrustful", default=False)
# Whether what the account has not is taken for not there, also where it may be another's: by who is about to create it, in his thread.
_creating = ContextVar("aws_runbook_creating", default=False)
_caches = weakref.WeakSet()


class Cache:
    """Answers by question. Safe in threads: of two that ask the same, the second waits for the first one's answer."""

    def __init__(self):
        self._answers = {}
        # What the run knows of what it has made, without asking, until it is written to.
        self._known = {}
        # Those that were asked about with others, also where the answer was dropped since.
        self._asked_with = set()
        self._asking = defaultdict(threading.RLock)
        self._lock = threading.Lock()
        self._early = set()
        self._begun = False
        # Whether it is filled at present, for a run that writes.
        self._preparing = False
        # How many things of each service the run is about, and what listings of them have said, by account and service.
        self._expected = Counter()
        self._listings = {}
        self._pages = {}
        # What became of states before their turn, by Salt's name for them; and the plans of those that have nothing to change, as long
        # as they follow from what is known.
        self.outcomes = {}
        self.progress = None
        self._foreseen = {}
        # What the run has made, which is not forgotten with the answers.
        self.recent = Recent()
        _caches.add(self)

    def get(self, source, parameters, load):
        """The answer of ``load()`` to the question (``source``, ``parameters``), asked once until dropped."""
        slot = (source, _frozen(parameters))
        with self._lock:
            asking = self._asking[slot]
        with asking:
            with self._lock:
                known = self._holds(slot) or slot in self._known
                answer = self._answers[slot] if slot in self._answers else self._known.get(slot)
            if not known:
                answer = load()
                with self._lock:
                    if slot in self._answers:
                        self._foreseen = {}
                    self._answers[slot] = answer
                    self._early.discard(slot)
        return copy.deepcopy(answer)  # a caller that changes its answer must not change the next one's

    def learn(self, source, parameters, answer):
        """Take ``answer`` for the answer to a question about what this run has made, until that is written to."""
        with self._lock:
            self._known[source, _frozen(parameters)] = answer

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
                    if any((source, entry) in self._answers for entry in names):
                        self._foreseen = {}
                    self._answers.update({(source, entry): found.get(entry) for entry in names})
                    self._asked_with.update((source, entry) for entry in names)
                    self._early.difference_update((source, entry) for entry in names)
            with self._lock:
                return copy.deepcopy(self._answers.get((source, name)))

    def holds(self, source, parameters):
        """Whether the answer to a question is known by itself."""
        with self._lock:
            return self._holds((source, _frozen(parameters)))

    def lacks(self, source, parameters):
        """Whether the answer to a question is known by itself, or asked for at present, and is that there is none."""
        slot = (source, _frozen(parameters))
        with self._lock:
            asking = self._asking[slot]
        with asking, self._lock:
            return self._holds(slot) and self._answers[slot] is None

    def missing(self, source, names):
        """Those of ``names`` whose answer is not known."""
        with self._lock:
            return [name for name in names if not self._holds((source, name))]

    def unasked(self, source, names):
        """Those of ``names`` that were not asked about with others since everything was forgotten."""
        with self._lock:
            return [name for name in names if (source, name) not in self._asked_with]

    def _holds(self, slot):
        return slot in self._answers and not (_distrustful.get() and slot in self._early)

    def expect(self, numbers):
        """The run is about so many things (a mapping) of each service: where these are many, a listing is made first."""
        self._expected.update(numbers)

    def listed(self, account, service, load):
        """The :class:`Listed` of a service that this run is to have and can be trusted; ``load()`` gives its pages, or ``None``."""
        place = (account, service)
        with self._lock:
            asking = self._asking[place]
        with asking:
            if place not in self._listings and self._expected[service] >= MANY:
                self.list_again(account, service, load)
        found = self._listings.get(place)
        return None if found and found.early and _distrustful.get() else found

    def told(self, account, service, load, method, parameters, *, absent, again=False, own=False):
        """
        ``[answer]`` where a listing says what a read would, and nothing else: see :class:`Listed`.

        With ``again``, threads that work side by side have it made again together where it does not say it.
        """
        own = _creating.get() or (own and self._preparing)
        found = self.listed(account, service, load)
        told = found.answer(method, parameters, self.recent, absent=absent, own=own) if found else []
        together = gathering.current()
        if told or not again or not together or not self.can_list(account, service, together.number):
            return told
        together.ask((account, service), partial(self.list_again, account, service, load))
        found = self.listed(account, service, load)
        return found.answer(method, parameters, self.recent, absent=absent, own=own) if found else []

    def ask_again(self, account, service, load, method, parameters):
        """A read is made by itself, and is known better than by the listing."""
        found = self.listed(account, service, load)
        if found:
            found.ask_again(method, parameters)

    def can_list(self, account, service, number):
        """Whether the run has made a listing of a service before, and it has not more pages than ``number`` single reads are worth."""
        place = (account, service)
        return place in self._listings and self._pages.get(place, number + 1) * 2 <= number

    def list_again(self, account, service, load):
        """Make the listing of a service."""
        found = Listed(service)
        with self._lock:
            if (account, service) in self._listings:
                self._foreseen = {}
            self._listings[account, service] = found  # what is written from now on, it knows
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
        """Keep the plan of a state, by Salt's name for it, that has nothing to change."""
        with self._lock:
            self._foreseen[name] = planned

    def foreseen(self, name):
        """The plan that was made for a state while it was read ahead, if nothing that was known then has changed since."""
        with self._lock:
            return self._foreseen.pop(name, None)

    @property
    def early(self):
        """Whether it has answers that were read ahead, and may be outdated."""
        return bool(self._early) or any(found and found.early for found in self._listings.values())

    @contextmanager
    def at_first_hand(self):
        """Bypass answers that were read ahead; used before a write."""
        token = _distrustful.set(True)
        try:
            yield
        finally:
            _distrustful.reset(token)

    def drop(self, service, is_old, parameters=()):
        """Forget what was read from ``service`` and ``is_old(method, question)``: something was written, with ``parameters``."""
        with self._lock:
            self._foreseen = {}
            for (_, listed), found in self._listings.items():
                if found and listed == service:
                    found.write(parameters)
            self._answers, self._known = (
                {
                    (source, question): answer
                    for (source, question), answer in answers.items()
                    if source[1] != service or not is_old(source[3], question)
                }
                for answers in (self._answers, self._known)
            )

    def clear(self):
        """Forget what was read."""
        with self._lock:
            self._foreseen = {}
            self._answers = {}
            self._asked_with = set()
            # Not made again at the next question: who forgets is about to ask for one thing, and wants to know it by itself.
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
    Take for not there what the account does not have: for a run that is about to create it, and is told if it is another account's.
    """
    token = _creating.set(really)
    try:
        yield
    finally:
        _creating.reset(token)


def current():
    """The cache of the present run, or ``None``."""
    return _active.get()


def forget():
    """Clear every cache, in a run or for a function called by itself."""
    for cache in list(_caches):
        cache.clear()


@contextmanager
def run(context, instance):
    """
    Share one cache among all states of a run.

    ``context`` is the state module's ``__context__``; ``instance`` is ``__instance_id__``, which Salt gives to the
    states of a run and to nobody else. Without it there is no run, and nothing is remembered.
    """
    if not instance:  # Salt may wrap what it hands over: then "is None" is never true
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
    """Join the present run, or begin one, for a function whose calls of other functions share its cache."""
    if current() is not None:
        yield current()
        return
    with run({}, None) as cache:
        yield cache
