"""
Checks for the rows of a kind: ``check(where, attribute, value)`` returns the value in canonical form, or raises one sentence.
"""

from functools import partial

from aws_runbook.kinds import arguments


def choice(*allowed):
    """The value is one of ``allowed``."""

    def check(where, attribute, value):
        arguments.one_of(where, attribute, value, allowed)
        return value

    return check


def choices(*allowed):
    """The value is a list of some of ``allowed``."""

    def check(where, attribute, value):
        found = arguments.names(where, attribute, value)
        for entry in found:
            arguments.one_of(where, attribute, entry, allowed)
        return found

    return check


def flag(where, attribute, value):
    """The value is ``True`` or ``False``."""
    arguments.flag(where, attribute, value)
    return value


def text(where, attribute, value):
    """The value is a text."""
    arguments.text(where, attribute, value)
    return value


def whole(least, most):
    """The value is a whole number from ``least`` to ``most``."""

    def check(where, attribute, value):
        arguments.whole(where, attribute, value, least, most)
        return value

    return check


def block(valid):
    """The value is a CIDR block that ``valid`` accepts."""

    def check(where, attribute, value):
        arguments.block(where, attribute, value, valid)
        return value

    return check


def tags(tagging):
    """The value is a mapping of tags that ``tagging`` (see :mod:`aws_runbook.aws.tags`) lets a person set."""
    return partial(_tags, tagging)


def _tags(tagging, where, _attribute, value):
    return arguments.tags(where, value, tagging)
