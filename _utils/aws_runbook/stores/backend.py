"""
The description of a kind of secret store, as data, and the checks that the kinds share.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aws_runbook.errors import StoreError
from aws_runbook.stores.secret import NAMES


@dataclass(frozen=True)
class Reach:
    """
    The machine's settings that kinds of store use: see :func:`aws_runbook.stores.store.make`.
    """

    sdb_get: Callable | None = None
    sdb_set: Callable | None = None
    sdb_refuses: Callable | None = None
    gpg_homedir: str | None = None
    roots: tuple = ()


@dataclass(frozen=True)
class Backend:
    """
    A kind of secret store.

    key
        The key that only its descriptions have.
    usage
        How it is described in pillar, to complete "give …".
    make
        ``make(description, reach)`` checks a description and returns the store: an object with the methods of
        :class:`aws_runbook.stores.backends.sdb.Sdb`.
    locations
        ``locations(description, value)`` returns the :class:`aws_runbook.stores.location.Location` of each place of a value, without
        reading anything; descriptions that are not valid have none.
    scheme
        What a description begins with that is only a text; such a text is then the value of ``key``.
    """

    key: str
    usage: str
    make: Callable
    locations: Callable
    scheme: str | None = None


def known(description, allowed, where="store"):
    """Refuse keys of a description that are not among ``allowed``."""
    for key in description:
        if key not in allowed:
            raise StoreError(f"{where} has the unknown key {key!r}; allowed are {', '.join(allowed)}.")


def keys(description, *, needed):
    """The ``keys`` of a description; empty where they are missing and not ``needed``."""
    found = description.get("keys")
    if not found and not needed:
        return {}
    if not found or not isinstance(found, Mapping):
        raise StoreError("store:keys is missing or empty; give a mapping of names to places, such as access_key.")
    known(found, NAMES, "store:keys")
    return found
