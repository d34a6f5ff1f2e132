"""
The locations of the objects of a server's backups, and the destinations of a recovery.
"""

from dataclasses import dataclass

from aws_runbook.backups.targets import Target
from aws_runbook.errors import RunbookError

# https://pgbackrest.org/user-guide.html#quickstart/create-repository
_REPOSITORY = ("archive", "backup")


@dataclass(frozen=True)
class Place:
    """The objects of a target: those below ``root``, except those below ``others``, which belong to other servers."""

    target: Target
    root: str
    others: tuple = ()
    # ``(root, kind)`` of all targets in it that pillar names.
    known: tuple = ()

    @property
    def bucket(self):
        """The bucket that they are in."""
        return self.target.bucket

    @property
    def region(self):
        """The region of the bucket."""
        return self.target.region

    @property
    def location(self):
        """BUCKET or BUCKET/PREFIX."""
        return self.target.location

    def holds(self, key):
        """Whether a key below ``root`` is one of them."""
        return not key.startswith(self.others)

    def stranger(self, key):
        """The top directory of a key in the place, if no target in pillar creates such a directory; otherwise ``None``."""
        top, slash, _ = key[len(self.root) :].partition("/")
        if not slash or any(key.startswith(root) and _makes(kind, key[len(root) :]) for root, kind in self.known):
            return None
        return f"{self.bucket}/{self.root}{top}/"


def _makes(kind, name):
    """Whether a kind of backup has such names below its prefix: a mirror any, pgBackRest two directories, the others none."""
    top, slash, _ = name.partition("/")
    return kind == "sync" or not slash or (kind == "pgbackrest" and top in _REPOSITORY)


def of_server(server, targets):
    """The places of ``server``, each object in one of them; ``targets`` are those of all servers."""
    own = [target for target in targets if target.server == server]
    if not own:
        servers = ", ".join(sorted({target.server for target in targets})) or "none"
        raise RunbookError(
            f"server is {server!r}, for which pillar declares no backup in S3; servers with backups: {servers}."
        )
    roots = {(target.bucket, _root(target)) for target in own}
    found = {}
    for target in own:
        root = _root(target)
        inside = any(bucket == target.bucket and root != other and root.startswith(other) for bucket, other in roots)
        if not inside:
            place = Place(target, root, _others(target, root, roots, targets), _known(target, root, targets))
            found.setdefault((target.bucket, root), place)
    return list(found.values())


def _known(target, root, targets):
    inside = {(_root(other), other.kind) for other in targets if other.bucket == target.bucket}
    return tuple(sorted(entry for entry in inside if entry[0].startswith(root)))


def shared(server, targets):
    """``(location, servers)`` of each location of a server's backups that other servers share."""
    found = {}
    for own in (target for target in targets if target.server == server):
        theirs = {
            target.server
            for target in targets
            if (target.bucket, _root(target)) == (own.bucket, _root(own)) and target.server != server
        }
        if theirs:
            found[own.location] = sorted(theirs)
    return sorted(found.items())


def _root(target):
    return f"{target.prefix}/" if target.prefix else ""


def _others(target, root, roots, targets):
    theirs = {_root(other) for other in targets if other.bucket == target.bucket and other.server != target.server}
    return tuple(
        sorted(
            other
            for other in theirs
            if other.startswith(root) and (target.bucket, other) not in roots and other != root
        )
    )


@dataclass(frozen=True)
class Destination:
    """The destination of restored objects: their own keys if ``bucket`` is ``None``; otherwise below ``prefix`` there, under their whole keys."""

    bucket: str | None = None
    prefix: str = ""
    region: str | None = None

    @property
    def is_elsewhere(self):
        """Whether it differs from the objects' own place."""
        return self.bucket is not None

    def of(self, place, key):
        """``bucket, key, region`` of the destination of ``key`` of ``place``."""
        if self.bucket is None:
            return place.bucket, key, place.region
        return self.bucket, f"{self.prefix}{key}", self.region


def elsewhere(to, places, targets):
    """The bucket and the prefix, with a slash behind it, of ``to``: BUCKET/PREFIX. A location of known backups is an error."""
    bucket, _, prefix = to.partition("/")
    prefix = prefix.strip("/")
    if not bucket:
        raise RunbookError(f"to is {to!r}; give a BUCKET or BUCKET/PREFIX.")
    prefix = f"{prefix}/" if prefix else ""
    for place in places:
        for other in places:
            if place.bucket != other.bucket and (
                place.root.startswith(other.root) or other.root.startswith(place.root)
            ):
                raise RunbookError(
                    f"to is {to!r}, where {place.location} and {other.location} would overlap; leave it out."
                )
    landing = [f"{prefix}{place.root}" for place in places]
    for target in targets:
        root = _root(target)
        if target.bucket == bucket and any(root.startswith(land) or land.startswith(root) for land in landing):
            raise RunbookError(
                f"to is {to!r}, which would write into the backups of {target.server} at {target.location}; name another bucket or prefix."
            )
    return bucket, prefix
