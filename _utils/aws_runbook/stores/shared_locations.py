"""
The places in which a store keeps its values, from its description in pillar, and the conflicts between stores.
"""

import posixpath
from collections import defaultdict
from collections.abc import Mapping

from aws_runbook.stores import backends

# The values of each kind of secret that need a place of their own.
ACCESS_KEY = ("access_key", "secret_key")
SMTP = ("smtp_username", "smtp_password", *ACCESS_KEY)
PASSWORD = ("password",)


def locations(store, values):
    """The places of ``values`` (names such as ``secret_key``) in a store, or in a list of stores."""
    if isinstance(store, list | tuple):
        return [place for one in store for place in locations(one, values)]
    description = backends.expanded(store)
    backend = backends.of(description) if isinstance(description, Mapping) else None
    return [place for value in values for place in backend.locations(description, value)] if backend else []


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


def _group(place):
    if place.file is None:
        return place.address
    return posixpath.basename(place.file), place.address.partition(":")[0]
