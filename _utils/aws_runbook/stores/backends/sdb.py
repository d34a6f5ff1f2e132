"""
A store behind one of Salt's ``sdb`` drivers: a vault, a keyring, a database.

https://docs.saltproject.io/en/latest/topics/sdb/index.html
"""

import contextlib
import re
from collections.abc import Mapping

from aws_runbook.errors import StoreError
from aws_runbook.stores.backend import Backend, keys, known
from aws_runbook.stores.location import Location
from aws_runbook.stores.secret import CLEAR, NAMES, Place, Secret

# Written to an empty address while the store is tested. Drivers have no common way to delete, and some refuse an empty
# text. There are two, because a driver can also keep the first value and ignore the next one.
_USUAL = ("access_key", "secret_key")
_PLACEHOLDERS = ("no value yet", "no value yet (tried)")
_LACKING = re.compile(r"\w+\.[gs]et")


class Sdb:
    """One address for each name: those in ``addresses``, otherwise ``base``/name."""

    def __init__(self, base, addresses, sdb_get, sdb_set, sdb_refuses=None):
        self._base = base
        self._addresses = addresses
        self._get_from = sdb_get
        self._set_to = sdb_set
        self._refuses = sdb_refuses or (lambda _uri, _beside: None)
        self._others = {}
        self.names = frozenset(NAMES if base else addresses)
        self.tried = frozenset(addresses or _USUAL)

    def describe(self):
        """The name of this store for operators."""
        named = sorted(self._addresses.values())
        return ", ".join([f"{self._base}/…", *named] if self._base else named)

    def check(self, names, *, write):
        """
        Read every address; with ``write``, also write to it.

        An existing value is written back unchanged. If there is none, a placeholder stays, which counts as none.
        All are written before the first is read again: a driver that keeps one value in each secret shows it here.
        """
        found = {name: self._text(name) for name in names}
        for name in names:
            reason = self._refuses(self._uri(name), self._beside(name))
            if reason:
                raise StoreError(f"Cannot write {self._uri(name)}: {reason}.")
        if not write:
            return
        for placeholder in _PLACEHOLDERS:
            for name, text in found.items():
                self._set(name, placeholder if text is None else text)
            for name, text in found.items():
                if self._get(name) != (placeholder if text is None else text):
                    raise self._forgets(name)

    order = ""

    def tidy(self):
        """An interrupted run leaves no temporary files."""

    is_alone = False

    def alone(self):
        """Drivers have no common way to lock."""
        return contextlib.nullcontext()

    def read(self, name):
        """The value of ``name``: in clear, a :class:`Secret`, or ``None``."""
        text = self._text(name)
        if text is None:
            return None
        return text if name in CLEAR else Secret(text)

    def places(self, name):
        """The one address for ``name``: a list of one :class:`Place`."""
        value = self.read(name)
        return [Place(self._uri(name), value, value is not None)]

    def holds(self, name):
        """Whether a value is there."""
        return self._text(name) is not None

    def write(self, values):
        """Write all of ``values`` or none; returns a function that restores the previous values."""
        before = {name: self._text(name) for name in values}
        texts = {name: value.reveal() if isinstance(value, Secret) else str(value) for name, value in values.items()}
        try:
            for name, text in texts.items():
                self._set(name, text)
            for name, text in texts.items():
                if self._get(name) != text:
                    raise self._forgets(name)
        except StoreError as error:
            try:
                self._restore(before)
            except StoreError as left:
                raise StoreError(f"{error} The previous values could not be restored: {left}") from None
            raise
        return lambda: self._restore(before)

    def _restore(self, before):
        """Restore every address, even if others fail."""
        failed = [error for name, text in before.items() if (error := self._put_back(name, text))]
        if failed:
            raise failed[0]

    def _put_back(self, name, text):
        try:
            self._set(name, _PLACEHOLDERS[0] if text is None else text)
        except StoreError as error:
            return error
        return None

    def _beside(self, name):
        """The other values in the same secret as ``name``, as Vault's driver reads addresses: those of this store, and existing ones."""
        secret = _secret(self._uri(name))
        others = {self._uri(other) for other in self.tried} - {self._uri(name)}
        return sorted(uri for uri in others if _secret(uri) == secret) or self._others.get(name, [])

    def _uri(self, name):
        return self._addresses.get(name) or f"{self._base}/{name}"

    def _text(self, name):
        text = self._get(name)
        return None if text in ("", *_PLACEHOLDERS) else text

    def _get(self, name):
        uri = self._uri(name)
        value = read(uri, self._get_from)
        if isinstance(value, Mapping):
            # Vault's driver of Salt 3006 gives the whole secret for a field that it lacks.
            self._others[name] = sorted(f"{_secret(uri)}?{other}" for other in value)
            return None
        if value is not None and not isinstance(value, str):
            raise StoreError(
                f"{uri} holds a {type(value).__name__}, not a text, and is not overwritten. Name another address."
            )
        return value

    def _set(self, name, text):
        uri = self._uri(name)
        try:
            done = self._set_to(uri, text)
        except Exception as error:
            raise StoreError(f"Cannot write {uri}: {_reason(error)}.") from None
        if done is False:
            raise StoreError(f"Cannot write {uri}: its sdb driver reports that it was not written.")

    def _forgets(self, name):
        return StoreError(
            f"{self._uri(name)} does not return what is written to it: use a driver that keeps values, and give each value an address of its own (a Vault profile needs patch: True to keep several in one secret, which Salt has from 3007 on)."
        )


def read(uri, sdb_get):
    """The result of ``sdb_get`` for an address, of any type; an error quotes the address, and not the driver's message."""
    try:
        value = sdb_get(uri)
    except Exception as error:
        raise StoreError(f"Cannot read {uri}: {_reason(error)}.") from None
    if value == uri:  # Salt's answer when it has no such profile
        raise StoreError(
            f"Cannot read {uri}: neither the minion's configuration nor its pillar has an sdb profile of that name "
            "with a driver."
        )
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _secret(uri):
    """The part of an address that names the secret, without the field in it."""
    path, mark, _ = uri.partition("?")
    return path if mark else path.rpartition("/")[0]


def _reason(error):
    """Why a driver failed, without its message, which can contain a secret."""
    lacks = isinstance(error, KeyError) and error.args and _LACKING.fullmatch(str(error.args[0]))
    if lacks:  # the loader's answer for a driver or function that it does not have
        return f"Salt has no sdb driver for it here ({error.args[0]!r} is missing)"
    return f"its driver fails with {type(error).__name__}"


def _make(description, reach):
    known(description, ("sdb", "keys"))
    if reach.sdb_get is None or reach.sdb_set is None:
        raise StoreError("store is an sdb:// address, but Salt's sdb is not available here.")
    base = description.get("sdb")
    if base is not None:
        base = _address("store:sdb", base)
    addresses = {
        name: _address(f"store:keys:{name}", address)
        for name, address in keys(description, needed=base is None).items()
    }
    return Sdb(base, addresses, reach.sdb_get, reach.sdb_set, reach.sdb_refuses)


def _address(where, value):
    profile, _, address = value.removeprefix("sdb://").partition("/") if isinstance(value, str) else ("", "", "")
    if not (profile and address and value.startswith("sdb://")):
        raise StoreError(f"{where} is {value!r}; give sdb://PROFILE/ADDRESS.")
    return value.rstrip("/")


def _locations(description, value):
    base = description.get("sdb")
    given = (description.get("keys") or {}).get(value) or (base and f"{base}/{value}")
    return [Location(_normal(uri)) for uri in (given if isinstance(given, list) else [given]) if uri]


def _normal(uri):
    """An address in one form: a vault also reads ``PATH?KEY`` for ``PATH/KEY``, and ignores repeated slashes."""
    return "sdb://" + re.sub("/+", "/", uri.removeprefix("sdb://").replace("?", "/")).strip("/")


BACKEND = Backend(
    key="sdb",
    usage="sdb://PROFILE/ADDRESS, a mapping with sdb and keys",
    make=_make,
    locations=_locations,
    scheme="sdb://",
)
