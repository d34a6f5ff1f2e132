"""
Listings of an account that answer many reads of a run: one call in place of five for each user.

A listing is made at a run's first question that it answers, where the run has many; and again, for all that have written side by
side. Of a thing that has been written since, it says nothing; nor does it say that there is none of what this run has made a
moment ago. What it does not say is asked for by itself, and so is everything where the credentials may not list.
"""

import copy
import re
import threading

from aws_runbook import services

# A run with fewer things of a service asks for each by itself.
MANY = 3


class Listed:
    """What one listing has said of ``service``, as far as it is not old."""

    def __init__(self, service):
        self._service = services.of(service)
        self._answers, self._lower = None, set()
        self._lock = threading.Lock()
        # The names of what has been written since, and the questions that were asked again since.
        self._written, self._asked_again = set(), set()
        self._any_written = False
        # Whether it was read ahead.
        self.early = False

    def fill(self, pages):
        """Take what the listing has answered. What was written since it began is old by now."""
        found = {(method, _question(asked)): answer for method, asked, answer in self._service.whole.answers(pages)}
        names = {value.lower() for _, question in found for _, value in question}
        with self._lock:
            self._answers, self._lower = found, names

    def answer(self, method, parameters, recent, *, absent, own=False):
        """
        ``[answer]`` where it says it, and nothing else; ``absent``: whether the caller knows what to make of "there is none", and
        ``own``: of "the account has none".
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
        # IAM takes a name for the same in any case.
        unsure = not re.fullmatch(form, name) or name.lower() in self._lower or recent.has_made(parameter, name)
        return [] if unsure else [None]

    def _is_old(self, method, question):
        if (method, question) in self._asked_again:
            return True
        named = {_name(value) for subject, value in question if subject in self._service.subjects}
        return bool(named & self._written) if named else self._any_written

    def write(self, parameters):
        """Something was written, by a call with ``parameters``."""
        named = {_name(parameters[subject]) for subject in self._service.subjects if subject in parameters}
        with self._lock:
            self._any_written = True
            self._written |= named
            if not named:
                self._answers = None

    def ask_again(self, method, parameters):
        """This was asked for by itself, and is known better than by the listing."""
        with self._lock:
            self._asked_again.add((method, _question(parameters)))


def _question(parameters):
    return tuple(sorted(parameters.items()))


def _name(value):
    return value.rpartition("/")[2]
