"""
A listing of versions as a stream, key by key, and the object of each key at a moment.

S3 lists keys in the order of their bytes and, of each key, the newest version first; objects and delete markers mixed, which boto3
gives in two lists for each page. So no more than one page is held, however many versions there are.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
"""

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from aws_runbook.recovery.moments import MARGIN

# They must be restored from the archive before they can be read or copied.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects.html
ARCHIVED = ("GLACIER", "DEEP_ARCHIVE")


@dataclass(frozen=True)
class Version:
    """A version of an object, or a delete marker, which has neither size nor ETag."""

    key: str
    id: str
    made: datetime
    is_latest: bool
    is_marker: bool = False
    size: int = 0
    etag: str = ""
    storage_class: str = "STANDARD"

    @property
    def parts(self):
        """The number of parts of its upload, from its ETag: 1 is a multipart upload too; 0 for a single write."""
        number = self.etag.strip('"').rpartition("-")[2]
        return int(number) if "-" in self.etag and number.isdecimal() else 0

    @property
    def is_archived(self):
        """Whether it is in an archive, according to the listing."""
        return self.storage_class in ARCHIVED


@dataclass(frozen=True)
class Judged:
    """
    One key: ``then`` is the object that it had at the moment, ``now`` the one that it has; ``None`` where it had, or has, none.
    """

    key: str
    then: Version | None
    now: Version | None
    # Whether ``now`` is the object at another destination.
    is_elsewhere: bool = False
    # Whether anything of that moment is kept: the object, or its delete marker.
    is_known: bool = False

    @property
    def is_same(self):
        """Whether nothing needs to be done."""
        if self.then is None or self.now is None:
            return self.then is self.now
        return (self.now.id == self.then.id and not self.is_elsewhere) or self.is_equal

    @property
    def is_equal(self):
        """Whether two existing objects have the same content, by their ETags, and the present one is equally readable."""
        now, then = self.now, self.then
        return (
            now is not None
            and then is not None
            and (now.size, now.etag) == (then.size, then.etag)
            and (then.is_archived or not now.is_archived)
        )

    def is_doubtful(self, moment):
        """Whether it was uploaded in parts shortly before ``moment``: then S3 does not record whether it was complete by then."""
        return self.then is not None and self.then.parts > 0 and moment - self.then.made < MARGIN


def stream(pages):
    """Every version and delete marker of the pages of a listing."""
    for page in pages:
        found = [_version(entry) for entry in page.get("Versions", ())]
        found += [_marker(entry) for entry in page.get("DeleteMarkers", ())]
        yield from sorted(found, key=_place)


def _version(entry):
    return Version(
        entry["Key"],
        entry["VersionId"],
        entry["LastModified"],
        entry["IsLatest"],
        size=entry["Size"],
        etag=entry["ETag"],
        storage_class=entry.get("StorageClass", "STANDARD"),
    )


def _marker(entry):
    return Version(entry["Key"], entry["VersionId"], entry["LastModified"], entry["IsLatest"], is_marker=True)


def _place(version):
    # Within one second, a version before a marker: their order is unknown, and restoring is safer.
    return version.key.encode(), not version.is_latest, -version.made.timestamp(), version.is_marker


def by_key(versions):
    """``(key, its versions)`` of each key of a stream; the versions are a stream too."""
    return ((key, found) for key, found in groupby(versions, key=lambda version: version.key))


def judge(key, versions, moment):
    """Derive from ``versions``, all those of ``key``, its object at ``moment``: the last one created until then."""
    then = now = None
    for version in versions:
        if version.is_latest:
            now = version
        # By date and not by position in the listing: an upload that started early and ended late may come first.
        if version.made <= moment and (then is None or version.made > then.made):
            then = version
    return Judged(key, _object(then), _object(now), is_known=then is not None)


def _object(version):
    return None if version is None or version.is_marker else version
