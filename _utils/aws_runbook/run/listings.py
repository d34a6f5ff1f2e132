"""
Listings of an account that answer many reads of a run: one call instead of five for each user.

A listing is made at a run's first question that it answers, if the run has many resources; and again after parallel writes, for
all of them. It does not answer for a resource that was written since, nor "missing" for one that this run has just created. Other
resources are read individually, as are all of them if the credentials may not list.
"""

import copy
import re
import threading
from typing import Any

from aws_runbook import services

# A run with fewer resources of a service reads each individually.
MANY = 3


class Listed:
    """The answers of one listing of ``service`` that are still valid."""

    def __init__(self, service):
        self._service: Any = services.of(service)
        self._answers, self._lower = None, set()
        self._lock = threading.Lock()
        # The names of resources written since, and the questions read individually since.
        self._written, self._asked_again = set(), set()
        self._any_written = False
        # Whether it was prefetched.
        self.early = False

    def fill(self, pages):
        """Store the pages of the listing. Resources that were written since it began are outdated."""
        found = {(method, _question(asked)): answer for method, asked, answer in self._service.whole.answers(pages)}
        names = {value.lower() for _, question in found for _, value in question}
        with self._lock:
            self._answers, self._lower = found, names

    def answer(self, method, parameters, recent, *, absent, own=False):
        """
        Return ``[answer]`` if the listing has it, otherwise nothing. ``absent`` says whether the caller handles "there is none", and
        ``own`` whether it handles "the account has none".
        """
        question = _question(parameters)
        with self._lock:
            if self._answers is None or self._is_old(method, question):
                return []
            found = self._answers.get((method, question))
        if found is not None:
            return [copy.deepcopy(found)]
        complete = {**self._service.whole.complete, **(self._service.whole.own if own else {})}
        if not absent or method not in complete:
            return []
        parameter, form = complete[method]
        name = parameters[parameter]
        # IAM's names are case-insensitive.
        unsure = not re.fullmatch(form, name) or name.lower() in self._lower or recent.has_made(parameter, name)
        return [] if unsure else [None]

    def _is_old(self, method, question):
        if (method, question) in self._asked_again:
            return True
        named = {_name(value) for subject, value in question if subject in self._service.subjects}
        return bool(named & self._written) if named else self._any_written

    def write(self, parameters):
        """Note a write with ``parameters``."""
        named = {_name(parameters[subject]) for subject in self._service.subjects if subject in parameters}
        with self._lock:
            self._any_written = True
            self._written |= named
            if not named:
                self._answers = None

    def ask_again(self, method, parameters):
        """Note that this was read individually, which is newer than the listing."""
        with self._lock:
            self._asked_again.add((method, _question(parameters)))


def _question(parameters):
    return tuple(sorted(parameters.items()))


def _name(value):
    return value.rpartition("/")[2]
