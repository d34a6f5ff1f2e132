"""
Where secrets go that AWS shows once: private pillar, the same encrypted, or whatever Salt's ``sdb`` reaches.

A description, as pillar has it, becomes a :class:`Store`. Nothing that a store says or raises holds a secret.
"""

import contextlib
from collections.abc import Mapping
from pathlib import Path

from aws_runbook.errors import StoreError
from aws_runbook.gpg import Gpg
from aws_runbook.secrets import NAMES
from aws_runbook.store_file import PillarFile
from aws_runbook.store_sdb import Sdb

_FORMS = (
    "give sdb://PROFILE/ADDRESS, a mapping with sdb and keys, a mapping with pillar_file and keys (and gpg, to encrypt),"
    " or a list of these"
)


def make(description, *, sdb_get=None, sdb_set=None, gpg_homedir=None):
    """
    The :class:`Store` that ``description`` means.

    ``sdb://PROFILE/ADDRESS``
        Each value at ``sdb://PROFILE/ADDRESS/NAME``, with NAME one of :data:`aws_runbook.secrets.NAMES`.
    ``{"sdb": …, "keys": {NAME: "sdb://…"}}``
        The same where addresses must differ from that; ``sdb`` may be left out.
    ``{"pillar_file": PATH, "keys": {NAME: "a:b:c"}}``
        Values at key paths of a YAML file; a list of key paths writes a value to each.
    The same with ``"gpg": {"recipients": […], "homedir": PATH}``
        Secrets encrypted for Salt's GPG renderer. ``homedir`` may be left out, then it is ``gpg_homedir``, then gpg's own.
    A list of these
        All of them, as one store.

    ``sdb_get(uri)`` and ``sdb_set(uri, value)`` reach Salt's sdb.
    """
    descriptions = description if isinstance(description, list) else [description]
    if not descriptions:
        raise StoreError(f"store is an empty list; {_FORMS}.")
    return Store([_member(entry, sdb_get, sdb_set, gpg_homedir) for entry in descriptions])


class Store:
    """One place or several, written together: all of them or none."""

    def __init__(self, members):
        self._members = members

    def describe(self):
        """What an operator would call this store."""
        return " and ".join(member.describe() for member in self._members)

    def check(self, names=(), *, write=True):
        """
        Try whether the store takes values; a :class:`StoreError` says why not.

        ``names`` are the values that are to be written; left out, those that the store names itself. With ``write``
        off (for ``test=True``) nothing is written, not even to see whether that works.
        """
        self._require(names)
        for member in self._members:
            member.check(sorted(member.names.intersection(names) if names else member.tried), write=write)

    def read(self, names):
        """
        The values of ``names``, by name: the access key's id in clear, others as Secret.

        ``None`` where none is there, where two places differ, or where it is encrypted and the private key elsewhere.
        """
        self._require(names)
        return {name: self._common([member.read(name) for member in self._with(name)]) for name in names}

    def holds(self, name):
        """Whether a value of ``name`` is in every place for it, readable from here or not."""
        self._require([name])
        return all(member.holds(name) for member in self._with(name))

    def write(self, values):
        """Write all of ``values`` (name → text or Secret) to every place for them, or to none."""
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

    @contextlib.contextmanager
    def alone(self):
        """Let nobody else on this machine write while a secret is made and written, where the store can be locked."""
        with contextlib.ExitStack() as stack:
            for member in sorted(self._members, key=lambda member: member.describe()):
                stack.enter_context(member.alone())
            yield

    def _with(self, name):
        return [member for member in self._members if name in member.names]

    def _require(self, names):
        for name in names:
            if name not in NAMES:
                raise StoreError(f"A store has no value of the name {name!r}; allowed are {', '.join(NAMES)}.")
            if not self._with(name):
                raise StoreError(f"The store ({self.describe()}) has no place for {name}; add {name} to its keys.")

    @staticmethod
    def _common(values):
        return values[0] if all(value == values[0] for value in values) else None


def _undone(undo):
    """Bring back what was there before; what could not be is said."""
    return " ".join(filter(None, (_reverted(member, revert) for member, revert in reversed(undo))))


def _reverted(member, revert):
    try:
        revert()
    except StoreError as error:
        return f"The new values are still in the {member.describe()}: {error}"
    return ""


def _member(description, sdb_get, sdb_set, gpg_homedir):
    if isinstance(description, str) and description.startswith("sdb://"):
        description = {"sdb": description}
    if not isinstance(description, Mapping):
        raise StoreError(f"store is {description!r}; {_FORMS}.")
    if "pillar_file" in description:
        _known(description, ("pillar_file", "keys", "gpg"))
        return _pillar_file(description, gpg_homedir)
    if "sdb" in description or "keys" in description:
        _known(description, ("sdb", "keys"))
        return _sdb(description, sdb_get, sdb_set)
    raise StoreError(f"store has the keys {', '.join(map(str, description)) or '(none)'}; {_FORMS}.")


def _known(description, allowed, where="store"):
    for key in description:
        if key not in allowed:
            raise StoreError(f"{where} has the unknown key {key!r}; allowed are {', '.join(allowed)}.")


def _sdb(description, sdb_get, sdb_set):
    if sdb_get is None or sdb_set is None:
        raise StoreError("store is an sdb:// address, but Salt's sdb is not at hand here.")
    base = description.get("sdb")
    if base is not None:
        base = _address("store:sdb", base)
    addresses = _keys(description, needed=base is None)
    return Sdb(
        base,
        {name: _address(f"store:keys:{name}", address) for name, address in addresses.items()},
        sdb_get,
        sdb_set,
    )


def _address(where, value):
    profile, _, address = value.removeprefix("sdb://").partition("/") if isinstance(value, str) else ("", "", "")
    if not (profile and address and value.startswith("sdb://")):
        raise StoreError(f"{where} is {value!r}; give sdb://PROFILE/ADDRESS.")
    return value.rstrip("/")


def _keys(description, *, needed):
    keys = description.get("keys")
    if not keys and not needed:
        return {}
    if not keys or not isinstance(keys, Mapping):
        raise StoreError("store:keys is missing or empty; give a mapping of names to places, such as access_key.")
    _known(keys, NAMES, "store:keys")
    return keys


def _pillar_file(description, gpg_homedir):
    path = description["pillar_file"]
    if not isinstance(path, str) or not Path(path).is_absolute():
        raise StoreError(f"store:pillar_file is {path!r}; give the absolute path of a file.")
    places = {name: _paths(name, given) for name, given in _keys(description, needed=True).items()}
    gpg = description.get("gpg")
    return PillarFile(path, places, None if gpg is None else _gpg(gpg, gpg_homedir))


def _paths(name, given):
    paths = [given] if isinstance(given, str) else given
    if not isinstance(paths, list) or not paths or not all(_is_path(path) for path in paths):
        raise StoreError(f"store:keys:{name} is {given!r}; give a key path such as aws:{name}, or a list of them.")
    return [tuple(path.split(":")) for path in dict.fromkeys(paths)]


def _is_path(path):
    return isinstance(path, str) and all(part.strip() == part and part for part in path.split(":"))


def _gpg(description, gpg_homedir):
    if not isinstance(description, Mapping):
        raise StoreError(f"store:gpg is {description!r}; give a mapping with recipients, and homedir if it differs.")
    _known(description, ("recipients", "homedir"), "store:gpg")
    recipients = description.get("recipients")
    recipients = [recipients] if isinstance(recipients, str) else recipients
    if not isinstance(recipients, list) or not recipients or not all(isinstance(entry, str) for entry in recipients):
        raise StoreError(
            f"store:gpg:recipients is {recipients!r}; give a list of the fingerprints of the keys to encrypt to."
        )
    return Gpg(recipients, description.get("homedir") or gpg_homedir)
