"""
Tags: which of them a user may set and remove, and how each service takes them.

Keys that begin with ``aws:``, in any case, are reserved for AWS: CloudFormation sets some on all that it creates. Keys that begin with
``aws-runbook:`` are notes of the states. Neither are user tags: they are not shown, wanted or compared, and stay.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions
"""

from contextlib import contextmanager, suppress
from dataclasses import dataclass

from aws_runbook.errors import RunbookError, UncertainError

_AWS = "aws:"
_NOTES = "aws-runbook:"


def mapping(listed):
    """Tags as most services list them, as a mapping."""
    return {tag["Key"]: tag["Value"] for tag in listed or ()}


def listing(tags):
    """A mapping of tags as the services take it."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


@dataclass(frozen=True)
class Tagging:
    """
    The tags of a kind of thing: the service's calls that ``add`` and ``remove`` some, where none replaces all, and which keys
    are not a person's.

    ``names`` are the keys that a thing's name is made of. ``ignores_case`` is for keys that are one for AWS if they differ only
    by case.
    """

    service: str
    add: str = ""
    remove: str = ""
    reserved: tuple = (_AWS,)
    names: tuple = ()
    ignores_case: bool = False

    def reason(self, key):
        """Why a user may not set or remove ``key``, to complete a sentence; ``None`` when the user may."""
        if key in self.names:
            return f"{key} is the name, which is not among the tags; leave it out"
        for prefix in self.reserved:
            if key.lower().startswith(prefix):
                return f"AWS keeps keys that begin with {prefix} to itself; leave it out"
        if key.lower().startswith(_NOTES):
            return f"keys that begin with {_NOTES} are notes of the states; leave it out"
        return None

    def of(self, listed):
        """The user's tags among those that AWS lists, as a mapping."""
        return {key: value for key, value in mapping(listed).items() if not self.reason(key)}

    def whole(self, listed, wanted):
        """``wanted`` and the reserved tags among those that AWS lists, for a call that replaces all tags."""
        return {**{key: value for key, value in mapping(listed).items() if self.reason(key)}, **wanted}

    def check(self, where, keys):
        """Raise for reserved ``keys``, and for two that are the same for AWS."""
        seen = {}
        for key in keys:
            reason = self.reason(key)
            if reason:
                raise RunbookError(f"{where}: tags has the key {key!r}: {reason}.")
            same = seen.setdefault(self._told_by(key), key)
            if same != key:
                raise RunbookError(
                    f"{where}: tags has the keys {same} and {key}, which are one for AWS; leave one out."
                )

    def spelled(self, wanted, found):
        """``wanted``, with the keys of ``found`` where they are the same for AWS."""
        known = {self._told_by(key): key for key in found}
        return {known.get(self._told_by(key), key): value for key, value in wanted.items()}

    def target(self, wanted, found, *, purge):
        """All user tags as they should be: ``wanted``, and, unless ``purge``, the others among those ``found``."""
        wanted = self.spelled(wanted, found)
        return wanted if purge else {**found, **wanted}

    def compare(self, wanted, found, *, purge=True):
        """What to set, a mapping, and which keys to remove, a list, so that ``found`` becomes what is wanted."""
        target = self.target(wanted, found, purge=purge)
        changed = {key: value for key, value in target.items() if found.get(key) != value}
        return changed, sorted(key for key in found if key not in target and not self.reason(key))

    def write(self, session, what, wanted, found, **resource):
        """Make ``wanted`` the user's tags of ``what``, which has those ``found``; ``resource`` are the parameters that name it."""
        changed, surplus = self.compare(wanted, found)
        if surplus:
            keys = {"Tags": [{"Key": key} for key in surplus]} if self is EC2 else {"TagKeys": surplus}
            session.write(self.service, self.remove, f"untag {what}", **keys, **resource)
        if changed:
            session.write(self.service, self.add, f"tag {what}", Tags=listing(changed), **resource)

    @contextmanager
    def noted(self, session, what, key, note, before, **resource):
        """
        Within this, AWS is asked for something of which it does not tell since when: that is noted first, in the tag ``key``.

        So a run that ends in between loses nothing. Where AWS refuses, what the tag said ``before`` (or ``None``) is put back.
        """
        session.write(self.service, self.add, f"tag {what}", Tags=listing({key: note}), **resource)
        try:
            yield
        except RunbookError as error:
            if not isinstance(error, UncertainError):
                with suppress(RunbookError):
                    self._put_back(session, what, key, before, resource)
            raise

    def _put_back(self, session, what, key, before, resource):
        if before:
            session.write(self.service, self.add, f"tag {what}", Tags=listing({key: before}), **resource)
        else:
            session.write(self.service, self.remove, f"untag {what}", TagKeys=[key], **resource)

    def _told_by(self, key):
        return key.lower() if self.ignores_case else key


BUCKET = Tagging("s3")
EC2 = Tagging("ec2", "create_tags", "delete_tags", names=("Name",))
# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_Tag.html
RDS = Tagging("rds", "add_tags_to_resource", "remove_tags_from_resource", reserved=(_AWS, "rds:"))
SES = Tagging("sesv2", "tag_resource", "untag_resource")
TOPIC = Tagging("sns", "tag_resource", "untag_resource")
# Keys of users and roles ignore case, those of policies do not.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#case-sensitivity
POLICY = Tagging("iam", "tag_policy", "untag_policy")
USER = Tagging("iam", "tag_user", "untag_user", ignores_case=True)


def check_key(key):
    """Raise ``ValueError`` with the rest of a sentence for a key that is reserved in every service."""
    reason = BUCKET.reason(key)
    if reason:
        raise ValueError(reason)
