"""
Stores for secrets that AWS shows once: private pillar, encrypted private pillar, or Salt's ``sdb``.

A description from pillar becomes a :class:`Store`. No text or error of a store contains a secret.
"""

import contextlib
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from aws_runbook.errors import StoreError
from aws_runbook.stores.gpg import Gpg
from aws_runbook.stores.pillar_file import PillarFile
from aws_runbook.stores.sdb import Sdb
from aws_runbook.stores.secret import NAMES

_FORMS = (
    "give sdb://PROFILE/ADDRESS, a mapping with sdb and keys, a mapping with pillar_file and keys (and gpg, to encrypt),"
    " or a list of these"
)


def make(description, *, sdb_get=None, sdb_set=None, sdb_refuses=None, gpg_homedir=None, roots=()):
    """
    The :class:`Store` that ``description`` means.

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
        raise StoreError(f"store is an empty list; {_FORMS}.")
    members = [_member(entry, (sdb_get, sdb_set, sdb_refuses), gpg_homedir, roots) for entry in descriptions]
    return Store(members, description)


class Store:
    """One place or several, written together: all of them or none."""

    def __init__(self, members, description=None):
        self._members = members
        # What it was made from.
        self.description = description

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

    def places(self, name):
        """What stands in each place for ``name``, by itself: a list of :class:`aws_runbook.stores.secret.Place`."""
        self._require([name])
        return [place for member in self._with(name) for place in member.places(name)]

    def holds(self, name):
        """Whether a value of ``name`` is in every place for it, readable from here or not."""
        self._require([name])
        return all(member.holds(name) for member in self._with(name))

    def write(self, values):
        """
        Write all of ``values`` (name → text or Secret) to every place for them, or to none.

        The answer is a function that brings back what was there before; what it could not bring back is its answer, in words, else
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
        """The files that are all that a write touches; none where it touches more."""
        found = [getattr(member, "alone_in", None) for member in self._members]
        return found if all(found) else []

    @contextlib.contextmanager
    def alone(self):
        """Let nobody else on this machine write while a secret is made and written, where the store can be locked."""
        with contextlib.ExitStack() as stack:
            for member in sorted(self._members, key=lambda member: member.order):
                stack.enter_context(member.alone())
            yield

    def tidy(self):
        """Remove what a run that was killed left behind, in which a secret may stand; also where nothing is written."""
        for member in self._members:
            member.tidy()

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


def _member(description, reach, gpg_homedir, roots):
    if isinstance(description, str) and description.startswith("sdb://"):
        description = {"sdb": description}
    if not isinstance(description, Mapping):
        raise StoreError(f"store is {description!r}; {_FORMS}.")
    if "pillar_file" in description:
        _known(description, ("pillar_file", "keys", "gpg"))
        if "gpg" in description and description["gpg"] is None:
            raise StoreError(
                "store:gpg is empty: give a mapping with recipients, or leave it out to store secrets in clear."
            )
        return _pillar_file(description, gpg_homedir, roots)
    if "sdb" in description or "keys" in description:
        _known(description, ("sdb", "keys"))
        return _sdb(description, *reach)
    raise StoreError(f"store has the keys {', '.join(map(str, description)) or '(none)'}; {_FORMS}.")


def _known(description, allowed, where="store"):
    for key in description:
        if key not in allowed:
            raise StoreError(f"{where} has the unknown key {key!r}; allowed are {', '.join(allowed)}.")


def _sdb(description, sdb_get, sdb_set, sdb_refuses):
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
        sdb_refuses,
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


def _pillar_file(description, gpg_homedir, roots):
    path = description["pillar_file"]
    if not isinstance(path, str) or not path or path.startswith("~") or path.endswith("/"):
        raise StoreError(
            f"store:pillar_file is {path!r}; give the path of a file, absolute or relative to the pillar roots."
        )
    if not Path(path).is_absolute():
        path = _in_roots(path, roots)
    places = {name: _paths(name, given) for name, given in _keys(description, needed=True).items()}
    gpg = description.get("gpg")
    return PillarFile(path, places, None if gpg is None else _gpg(gpg, gpg_homedir))


def _in_roots(path, roots):
    """Where a path of pillar is: where Salt finds the file, or would find it when it has been made."""
    if ".." in Path(path).parts:
        raise StoreError(f"store:pillar_file is {path!r}; a path relative to the pillar roots must not have .. in it.")
    files = [Path(root, path) for root in roots]
    found = [file for file in files if file.exists()] or [file for file in files if file.parent.is_dir()]
    if not found:
        told = ", ".join(map(str, roots)) or "none is configured"
        raise StoreError(
            f"store:pillar_file is {path!r}, and no pillar root here has its folder ({told}): make the folder, set "
            "pillar_roots, or give an absolute path."
        )
    return str(found[0])


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
