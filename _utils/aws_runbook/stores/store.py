"""
Stores for secrets that AWS shows once: private pillar, encrypted private pillar, or Salt's ``sdb``.

A description from pillar becomes a :class:`Store`. No text or error of a store contains a secret.
"""

import contextlib
from collections.abc import Mapping
from functools import partial
from operator import attrgetter
from typing import Any

from aws_runbook.errors import StoreError
from aws_runbook.stores import backends, location
from aws_runbook.stores.backend import Reach
from aws_runbook.stores.secret import NAMES

# The values of each kind of secret that need a place of their own.
ACCESS_KEY = ("access_key", "secret_key")
SMTP = ("smtp_username", "smtp_password", *ACCESS_KEY)
PASSWORD = ("password",)


def make(description, *, sdb_get=None, sdb_set=None, sdb_refuses=None, gpg_homedir=None, roots=()):
    """
    The :class:`Store` of a ``description``.

    ``sdb://PROFILE/ADDRESS``
        Each value at ``sdb://PROFILE/ADDRESS/NAME``, with NAME one of :data:`aws_runbook.stores.secret.NAMES`.
    ``{"sdb": …, "keys": {NAME: "sdb://…"}}``
        The same where addresses must differ from that; ``sdb`` may be left out.
    ``{"pillar_file": PATH, "keys": {NAME: "a:b:c"}}``
        Values at key paths of a YAML file; a list of key paths writes a value to each. A path that is not absolute is one
        in the pillar roots ``roots``: in the first that has the file, else in the first that has its folder.
    The same with ``"gpg": {"recipients": […], "homedir": PATH}``
        Secrets encrypted for Salt's GPG renderer. ``homedir`` may be left out, then it is ``gpg_homedir``, then gpg's own.
    A list of these
        All of them, as one store.

    ``sdb_get(uri)`` and ``sdb_set(uri, value)`` reach Salt's sdb; ``sdb_refuses(uri, beside)`` says why its driver cannot
    write, ``beside`` being the store's other addresses in the same secret.
    """
    descriptions = description if isinstance(description, list) else [description]
    if not descriptions:
        raise StoreError(f"store is an empty list; {backends.usage()}.")
    reach = Reach(sdb_get, sdb_set, sdb_refuses, gpg_homedir, tuple(roots))
    members = [_member(entry, reach) for entry in descriptions]
    problem = overwritten(description)
    if problem:
        raise StoreError(f"store{problem}.")
    return Store(members, description)


def locations(description, values):
    """
    Return each :class:`aws_runbook.stores.location.Location` of ``values`` (names such as ``secret_key``), without reading anything.

    ``description`` may be invalid; it then has none.
    """
    if isinstance(description, list | tuple):
        return [place for one in description for place in locations(one, values)]
    expanded = backends.expanded(description)
    backend = backends.of(expanded) if isinstance(expanded, Mapping) else None
    return [place for value in values for place in backend.locations(expanded, value)] if backend else []


def overwritten(description, values=NAMES):
    """
    How a store would overwrite one of ``values`` with another: the end of a sentence, empty if it would not.

    A secret that AWS shows once would be lost, and what is in its place would look like it.
    """
    found = location.clash([(value, place) for value in values for place in locations(description, [value])])
    if not found:
        return ""
    value, place, other, there = found
    if value == other:
        return (
            f" has {value} at {place} and at {there.address}, of which one is above the other: name places that are not"
        )
    where = (
        f"both at {place}" if place == there else f"at {place} and at {there.address}, of which one is above the other"
    )
    return f" has {value} and {other} {where}, so one would overwrite the other: give each a place of its own"


class Store:
    """One or several stores that are written together: all of them or none."""

    def __init__(self, members, description=None):
        self._members = members
        # Its description in pillar.
        self.description = description

    def describe(self):
        """The name of this store for operators."""
        return " and ".join(member.describe() for member in self._members)

    def check(self, names=(), *, write=True):
        """
        Test whether values can be written; a :class:`StoreError` says why not.

        ``names`` are the values that are to be written; left out, those that the store names itself. With ``write``
        off (for ``test=True``) nothing is written, not even to see whether that works.
        """
        self._require(names)
        for member in self._members:
            member.check(sorted(member.names.intersection(names) if names else member.tried), write=write)

    def read(self, names) -> dict[str, Any]:
        """
        The values of ``names``, by name: the access key's id in clear, others as Secret.

        ``None`` where none is there, where two places differ, or where it is encrypted and the private key elsewhere.
        """
        self._require(names)
        return {name: self._common([member.read(name) for member in self._with(name)]) for name in names}

    def places(self, name):
        """Each place of ``name`` with its content: a list of :class:`aws_runbook.stores.secret.Place`."""
        self._require([name])
        return [place for member in self._with(name) for place in member.places(name)]

    def holds(self, name):
        """Whether every place of ``name`` has a value, whether or not it can be read from here."""
        self._require([name])
        return all(member.holds(name) for member in self._with(name))

    def write(self, values):
        """
        Write all of ``values`` (name → text or Secret) to every place for them, or to none.

        Returns a function that restores the previous content; it returns the values that it could not restore, in words, else
        ``""``. Others may have written meanwhile unless the store is locked (:meth:`alone`) all the time.
        """
        self._require(values)
        undo = []
        for member in self._members:
            part = {name: value for name, value in values.items() if name in member.names}
            if not part:
                continue
            try:
                undo.append((member, member.write(part)))
            except Exception as error:
                failed = _undone(undo)
                if failed:
                    raise StoreError(f"{error} {failed}") from None
                raise
        return partial(_undone, undo)

    @property
    def files(self):
        """The files that a write changes; empty if it changes anything else."""
        found = [getattr(member, "alone_in", None) for member in self._members]
        return found if all(found) else []

    @property
    def is_alone(self):
        """Whether it is locked here already (:meth:`alone`), so that no other process on this machine has written since."""
        return all(member.is_alone for member in self._members)

    @contextlib.contextmanager
    def alone(self):
        """Lock the store against other processes of this machine while a secret is created and written, if it can be locked."""
        with contextlib.ExitStack() as stack:
            for member in sorted(self._members, key=attrgetter("order")):
                stack.enter_context(member.alone())
            yield

    def tidy(self):
        """Remove temporary files of an interrupted run, which can contain a secret; also if nothing is written."""
        for member in self._members:
            member.tidy()

    def _with(self, name):
        return [member for member in self._members if name in member.names]

    def _require(self, names):
        for name in names:
            if name not in NAMES:
                raise StoreError(f"A store has no value named {name!r}; allowed are {', '.join(NAMES)}.")
            if not self._with(name):
                raise StoreError(f"The store ({self.describe()}) has no place for {name}; add {name} to its keys.")

    @staticmethod
    def _common(values):
        return values[0] if all(value == values[0] for value in values) else None


def _undone(undo):
    """Restore the previous content; return a sentence about what could not be restored."""
    return " ".join(filter(None, (_reverted(member, revert) for member, revert in reversed(undo))))


def _reverted(member, revert):
    try:
        revert()
    except StoreError as error:
        return f"The new values are still in the {member.describe()}: {error}"
    return ""


def _member(description, reach):
    description = backends.expanded(description)
    if not isinstance(description, Mapping):
        raise StoreError(f"store is {description!r}; {backends.usage()}.")
    backend = backends.of(description)
    if not backend:
        raise StoreError(f"store has the keys {', '.join(map(str, description)) or '(none)'}; {backends.usage()}.")
    return backend.make(description, reach)
