"""
Which cached answers a write invalidates.

By default, all answers of the service. A fleet's run would then read a hundred buckets again because one was changed. So if the
parameters of a call identify resources, only the answers about the same resources are invalidated.
"""

from aws_runbook import services


def after(service, parameters, method=None):
    """
    Return a function that takes the method and the question of a read, and returns whether a write with ``parameters`` invalidates its
    answer. Without ``method``, this is any write.

    A question is a sorted tuple of ``(parameter, value)`` pairs.
    """
    known, changed_by = services.of(service).subjects, services.of(service).changed_by
    written = {_name(parameters[subject]) for subject in known if subject in parameters}

    def is_old(read, question):
        if method and method not in changed_by.get(read, (method,)):
            return False
        if not written:
            return True
        asked = {_name(value) for subject, value in question if subject in known}
        return not asked or bool(written & asked)

    return is_old


def of_one(methods, name):
    """The same for callers that know exactly what they change: only answers of these ``methods`` about ``name`` are invalidated."""

    def is_old(method, question):
        return method in methods and (
            question == name or (isinstance(question, tuple) and any(value == name for _, value in question))
        )

    return is_old


def _name(value):
    """A policy is created by its name and later identified by its ARN."""
    return value.rpartition("/")[2]
