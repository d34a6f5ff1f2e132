"""
The place in which a store keeps one value, from its description alone; and places that several owners would write to.

One file can be written in two ways: absolute, and relative to the pillar roots. Which roots those are is known on the minion only, so
an absolute path counts as the same file as a relative one that it ends with.
"""

import posixpath
from collections import defaultdict
from dataclasses import dataclass

# The two names of one value.
_EQUAL = {"access_key", "smtp_username"}


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


def shared(owned):
    """
    ``(owner, other, place)`` for each two owners that would write to one place; of each two, the first such place.

    ``owned`` maps each owner to the places of its secrets.
    """
    # Only places that can overlap are compared: files with the same name, and pillar keys with the same first part.
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


def clash(placed):
    """
    The first two values of one store of which writing one would overwrite the other, as ``(value, place, other, place)``; ``None`` if
    there are none.

    ``placed`` is a list of values and their places. The user name for SMTP is the id of the access key, so these two may share a place.
    """
    placed = list(dict.fromkeys(placed))
    for number, (other, there) in enumerate(placed):
        for value, place in placed[:number]:
            is_same = place == there and (value == other or {value, other} == _EQUAL)
            if place.overlaps(there) and not is_same:
                return value, place, other, there
    return None


def _group(place):
    if place.file is None:
        return place.address
    return posixpath.basename(place.file), place.address.partition(":")[0]
