"""
Entries of ``aws_account.pending`` for a resource that may not be readable.
"""

from aws_runbook.errors import PillarError, RunbookError, UnreachableError


def entries(what, read, *arguments, **named):
    """
    Return the entries that ``read(*arguments, **named)`` returns. If it fails, an entry about ``what`` tells a person why.

    Invalid pillar, and an AWS that cannot be reached, are errors: they would fail for every other resource too.
    """
    try:
        return list(read(*arguments, **named))
    except (PillarError, UnreachableError):
        raise
    except RunbookError as error:
        return [{"what": what, "on": "you", "since": None, "do": str(error)}]


def of_planned(session, wanted, plan, what):
    """
    Return the entries of all resources in ``wanted``, a mapping of names to arguments with their ``region``.

    ``plan(session, name, …)`` is the module's function; an entry about a resource that cannot be planned names it ``what NAME``.
    """
    return [
        entry
        for name, arguments in wanted.items()
        for entry in entries(f"{what} {name}", _planned, session, plan, name, **arguments)
    ]


def _planned(session, plan, name, region, **arguments):
    return plan(session.within(region), name, **arguments)["pending"]
