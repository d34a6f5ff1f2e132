"""
Tags: which of them a user may set and remove, and the format of each service.

Keys that begin with ``aws:``, in any case, are reserved for AWS: CloudFormation sets some on all that it creates. Keys that begin with
``aws-runbook:`` are notes of the states. Neither are user tags: they are not shown, wanted or compared, and are preserved.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions
"""

from contextlib import contextmanager, suppress
from dataclasses import dataclass

from aws_runbook.errors import RunbookError, UncertainError

_AWS = "aws:"
_NOTES = "aws-runbook:"


def mapping(listed):
    """Return a mapping of tags from the list that most services return."""
    return {tag["Key"]: tag["Value"] for tag in listed or ()}


def listing(tags):
    """Return the list of tags that services accept, from a mapping."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


@dataclass(frozen=True)
class Tagging:
    """
    The tags of a kind of resource: the service's calls that ``add`` and ``remove`` some, if no call replaces all, and the keys
    that a user may not set.

    ``names`` are the keys that hold a resource's name. ``ignores_case`` is for services whose keys are case-insensitive.
    """

    service: str
    add: str = ""
    remove: str = ""
    reserved: tuple = (_AWS,)
    names: tuple = ()
    ignores_case: bool = False

    def reason(self, key):
        """Return why a user may not set or remove ``key``, to complete a sentence; ``None`` if the user may."""
        if key in self.names:
            return f"{key} is set from the name, and is not managed as a tag; leave it out"
        for prefix in self.reserved:
            if key.lower().startswith(prefix):
                return f"AWS reserves keys that begin with {prefix}; leave it out"
        if key.lower().startswith(_NOTES):
            return f"keys that begin with {_NOTES} are reserved for notes of the states; leave it out"
        return None

    def of(self, listed):
        """Return the user's tags among those that AWS lists, as a mapping."""
        return {key: value for key, value in mapping(listed).items() if not self.reason(key)}

    def whole(self, listed, wanted):
        """Return ``wanted`` and the reserved tags among those that AWS lists, for a call that replaces all tags."""
        return {**{key: value for key, value in mapping(listed).items() if self.reason(key)}, **wanted}

    def check(self, where, keys):
        """Raise for reserved ``keys``, and for two that are the same for AWS."""
        seen = {}
        for key in keys:
            reason = self.reason(key)
            if reason:
                raise RunbookError(f"{where}: tags has the key {key!r}: {reason}.")
            same = seen.setdefault(self._comparable(key), key)
            if same != key:
                raise RunbookError(
                    f"{where}: tags has the keys {same} and {key}, which are the same for AWS; leave one out."
                )

    def spelled(self, wanted, found):
        """Return ``wanted``, with the spelling of ``found`` for keys that are the same to AWS."""
        known = {self._comparable(key): key for key in found}
        return {known.get(self._comparable(key), key): value for key, value in wanted.items()}

    def target(self, wanted, found, *, purge):
        """Return all user tags as they should be: ``wanted`` and, unless ``purge``, the others in ``found``."""
        wanted = self.spelled(wanted, found)
        return wanted if purge else {**found, **wanted}

    def compare(self, wanted, found, *, purge=True):
        """Return the tags to set, a mapping, and the keys to remove, a list, so that ``found`` becomes ``wanted``."""
        target = self.target(wanted, found, purge=purge)
        changed = {key: value for key, value in target.items() if found.get(key) != value}
        return changed, sorted(key for key in found if key not in target and not self.reason(key))

    def write(self, session, what, wanted, found, **resource):
        """Change the user's tags of ``what`` from ``found`` to ``wanted``; ``resource`` are the parameters that name it."""
        changed, surplus = self.compare(wanted, found)
        if surplus:
            keys = {"Tags": [{"Key": key} for key in surplus]} if self is EC2 else {"TagKeys": surplus}
            session.write(self.service, self.remove, f"untag {what}", **keys, **resource)
        if changed:
            session.write(self.service, self.add, f"tag {what}", Tags=listing(changed), **resource)

    @contextmanager
    def noted(self, session, what, key, note, before, **resource):
        """
        Note the time of a change that AWS does not record, in the tag ``key``, before the change is made within this context.

        So an interrupted run loses nothing. If AWS refuses, the tag's value ``before`` (or ``None``) is restored.
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

    def _comparable(self, key):
        return key.lower() if self.ignores_case else key


BUCKET = Tagging("s3")
EC2 = Tagging("ec2", "create_tags", "delete_tags", names=("Name",))
# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_Tag.html
RDS = Tagging("rds", "add_tags_to_resource", "remove_tags_from_resource", reserved=(_AWS, "rds:"))
SES = Tagging("sesv2", "tag_resource", "untag_resource")
TOPIC = Tagging("sns", "tag_resource", "untag_resource")
# Keys of users and roles are case-insensitive, those of policies are not.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#case-sensitivity
POLICY = Tagging("iam", "tag_policy", "untag_policy")
USER = Tagging("iam", "tag_user", "untag_user", ignores_case=True)


def check_key(key):
    """Raise ``ValueError`` with the rest of a sentence for a key that is reserved in every service."""
    reason = BUCKET.reason(key)
    if reason:
        raise ValueError(reason)
