"""
Which cached answers a write invalidates.

By default, all answers of the service. A fleet's run would then read a hundred buckets again because one was changed. So if the
parameters of a call identify resources, only the answers about the same resources are invalidated.
"""

from collections.abc import Callable
from dataclasses import dataclass

from aws_runbook import services


@dataclass(frozen=True)
class Outdated:
    """
    The answers that a write invalidates.

    A question is a sorted tuple of ``(parameter, value)`` pairs. Only answers are invalidated whose question has one of ``names``, or is about
    no resource in particular; ``None``: any can be.
    """

    is_old: Callable
    names: frozenset | None = None

    def __call__(self, method, question):
        """Return whether the answer of the read ``method`` to ``question`` is one of them."""
        return self.is_old(method, question)


def after(service, parameters, method=None):
    """Return the :class:`Outdated` of a write with ``parameters``. Without ``method``, this is any write."""
    known, changed_by = services.of(service).subjects, services.of(service).changed_by
    written = {name_of(parameters[subject]) for subject in known if subject in parameters}

    def is_old(read, question):
        if method and method not in changed_by.get(read, (method,)):
            return False
        if not written:
            return True
        asked = _asked(known, question)
        return not asked or bool(written & asked)

    return Outdated(is_old, frozenset(written) or None)


def of_one(methods, name):
    """The same for callers that know exactly what they change: only answers of these ``methods`` about ``name`` are invalidated."""

    def is_old(method, question):
        return method in methods and (
            question == name or (isinstance(question, tuple) and any(value == name for _, value in question))
        )

    return Outdated(is_old, frozenset([name]))


def is_about_resources(service, question):
    """Whether a question names resources of ``service``."""
    return isinstance(question, tuple) and bool(_asked(services.of(service).subjects, question))


def _asked(known, question):
    return {name_of(value) for subject, value in question if subject in known}


def name_of(value):
    """Return the name in the parameter of a call. A policy is created by its name and later identified by its ARN."""
    return value.rpartition("/")[2]
