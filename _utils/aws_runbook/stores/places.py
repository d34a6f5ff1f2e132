"""
Where a store keeps its values, from its description in pillar alone: so that no two secrets are given one place.

One file can be written in two ways: absolute, and relative to the pillar roots. Which roots those are is known on the minion only, so
an absolute path counts as the same file as a relative one that it ends with.
"""

import posixpath
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

# The values that each kind of secret needs a place of its own for.
ACCESS_KEY = ("access_key", "secret_key")
SMTP = ("smtp_username", "smtp_password", *ACCESS_KEY)
PASSWORD = ("password",)


@dataclass(frozen=True)
class Location:
    """One place: an address of sdb, or a pillar key in a file."""

    address: str
    file: str | None = None

    def __str__(self):
        return f"{self.address} in {self.file}" if self.file else self.address

    def overlaps(self, other):
        """Whether a write to one is a write to the other, also where one pillar key is above the other."""
        return self._is_at(other) and (
            self.address == other.address
            or (self.file is not None and f"{self.address}:".startswith(f"{other.address}:"))
            or (self.file is not None and f"{other.address}:".startswith(f"{self.address}:"))
        )

    def _is_at(self, other):
        if self.file is None or other.file is None or self.file == other.file:
            return self.file == other.file
        longer, shorter = sorted((self.file, other.file), key=len, reverse=True)
        return not shorter.startswith("/") and longer.endswith(f"/{shorter}") and longer.startswith("/")


def locations(store, values):
    """The places of ``values`` (names such as ``secret_key``) in a store, or in a list of stores."""
    if isinstance(store, list | tuple):
        return [place for one in store for place in locations(one, values)]
    if isinstance(store, str):
        store = {"sdb": store}
    if not isinstance(store, Mapping):
        return []
    file = store.get("pillar_file")
    file = re.sub("^/+", "/", posixpath.normpath(file)) if file else None
    keys, base = store.get("keys") or {}, store.get("sdb")
    found = []
    for value in values:
        given = keys.get(value) or (base and f"{base}/{value}")
        paths = [path for path in (given if isinstance(given, list) else [given]) if path]
        found += [Location(path, file) if file else Location(_address(path)) for path in paths]
    return found


def _address(uri):
    """An address of sdb in one form: a vault also reads ``PATH?KEY`` for ``PATH/KEY``, and slashes too many are none."""
    return "sdb://" + re.sub("/+", "/", uri.removeprefix("sdb://").replace("?", "/")).strip("/")


def shared(owned):
    """
    ``(owner, other, place)`` for each two owners that would write to one place; of each two, the first such place.

    ``owned`` maps each owner to the places of its secrets.
    """
    # Only what may overlap is compared: files by their name without folders, and pillar keys by their first part.
    near = defaultdict(list)
    for owner, places in owned.items():
        for place in dict.fromkeys(places):
            near[_group(place)].append((owner, place))
    found = {}
    for group in near.values():
        for number, (owner, place) in enumerate(group):
            for other, there in group[:number]:
                if owner != other and place.overlaps(there):
                    found.setdefault((other, owner), there)
    return [(owner, other, place) for (owner, other), place in found.items()]


def _group(place):
    if place.file is None:
        return place.address
    return posixpath.basename(place.file), place.address.partition(":")[0]
