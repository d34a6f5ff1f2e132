"""
What is to be done about a user's access keys: decided from what AWS shows and what the store holds, and nothing else.

AWS shows a secret once. So the store is the only place that knows it, and a key that is not in the store is either
somebody else's or lost; which of the two, only a person can tell. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html

A rotation is: create a second key, store it, wait until it is used (or a grace period is over), deactivate the old one,
wait again, delete it. Which key is the old one is written down in a tag of the user, so that any later run goes on.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from aws_runbook.errors import RunbookError

# A user has at most two keys; an inactive one counts.
MOST_KEYS = 2
ROTATION_TAG = "aws-runbook:rotating"
GRACE_DAYS = 7
_MOMENT = timedelta(minutes=1)


@dataclass(frozen=True)
class Key:
    """An access key as AWS shows it. ``last_used`` is ``None`` for never, or for not asked."""

    id: str
    active: bool
    created: datetime
    last_used: datetime | None = None


@dataclass(frozen=True)
class Held:
    """What the store holds: the ``id`` of a key, and whether its secret is there (``None``: cannot be told)."""

    where: str
    id: str | None = None
    secret: bool | None = None


@dataclass(frozen=True)
class Rotation:
    """A rotation that is under way: the key that is to go, and since when it is in its present state."""

    old: str
    since: datetime

    def tag(self):
        """How it is written down in the user's tag."""
        return f"{self.old} {self.since.astimezone(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"

    @classmethod
    def parse(cls, text):
        """The rotation in a tag; ``None`` when there is none, or when somebody else wrote the tag."""
        old, _, since = (text or "").partition(" ")
        try:
            moment = datetime.strptime(since, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
        except ValueError:
            return None
        return cls(old, moment)


@dataclass(frozen=True)
class Decision:
    """
    What to do next: ``create``, ``rotate``, ``deactivate``, ``delete`` or nothing.

    ``old`` is the key it is done to, or that is replaced; ``pending`` what AWS or a person must still do.
    """

    action: str | None = None
    old: str | None = None
    changes: dict = field(default_factory=dict)
    warnings: tuple = ()
    pending: tuple = ()


def decide(user, keys, held, rotation, now, *, rotate_days=None, grace_days=GRACE_DAYS):
    """
    The :class:`Decision` about ``keys`` (a list of :class:`Key`) of ``user``.

    ``held`` is ``None`` without a store; ``rotation`` is what the tag says. What only a person can decide is an error.
    """
    if held is None:
        return _without_store(user, keys)
    if not keys:
        return Decision("create", changes={"access_key": {"old": None, "new": f"a new key, in {held.where}"}})
    stored = next((key for key in keys if key.id == held.id), None)
    if stored is None:
        raise RunbookError(_nowhere(user, keys, f"is not in {held.where}"))
    if held.secret is False:
        raise RunbookError(_nowhere(user, [stored], f"is in {held.where} without its secret"))
    if not stored.active:
        raise RunbookError(
            f"The access key {stored.id} of the user {user}, which is in {held.where}, is inactive. To go on with it: "
            f"salt-call iam_access_key.activate {user} {stored.id}. {_rotate(user)}"
        )
    old = next((key for key in keys if rotation and key.id == rotation.old and key.id != stored.id), None)
    if old:
        return _retire(user, stored, old, rotation.since, now, timedelta(days=grace_days))
    second = next((key for key in keys if key.id != stored.id), None)
    if rotate_days is not None and now - stored.created >= timedelta(days=rotate_days):
        return _rotate_now(user, stored, second, held, rotate_days)
    if second:
        return Decision(warnings=(_second(user, second, held),))
    return Decision()


def being_made(keys, held, now):
    """Whether a key is so new that another run may be about to store it."""
    return held is not None and any(key.id != held.id and abs(now - key.created) < _MOMENT for key in keys)


def begin_rotation(user, keys):
    """The key that a rotation asked for by a person replaces, if any; an error when there is no room for a new one."""
    if len(keys) >= MOST_KEYS:
        raise RunbookError(
            f"The user {user} has the access keys {' and '.join(key.id for key in keys)}, and AWS allows no third. Delete "
            f"the one that nobody uses first: salt-call iam_access_key.delete {user} ACCESS_KEY_ID."
        )
    return keys[0].id if keys else None


def _without_store(user, keys):
    if keys:
        return Decision()
    what = (
        f"the user {user} has no access key, and no store is named for one: name it as aws:backup:store in the server's "
        f"pillar, or make a key by hand"
    )
    entry = {"what": f"access key of {user}", "on": "you", "since": None, "do": what}
    return Decision(warnings=(f"Waiting: {what}.",), pending=(entry,))


def _nowhere(user, keys, how):
    which = " and ".join(f"{key.id} (made {key.created:%Y-%m-%d})" for key in keys)
    return (
        f"The access key {which} of the user {user} {how}. If you know its secret, put both there. Otherwise: "
        f"{_rotate(user)}"
    )


def _rotate(user):
    return f"To make a new key, store it and retire the old one: salt-call iam_access_key.rotate {user}."


def _rotate_now(user, stored, second, held, rotate_days):
    if second:
        raise RunbookError(
            f"The access key {stored.id} of the user {user} is older than {rotate_days} days, but cannot be rotated: the "
            f"user has a second key, {second.id}, and AWS allows no third. If nobody uses it: "
            f"salt-call iam_access_key.delete {user} {second.id}."
        )
    changes = {"access_key": {"old": stored.id, "new": f"a new key, in {held.where}"}}
    return Decision("rotate", old=stored.id, changes=changes)


def _second(user, second, held):
    state = "active" if second.active else "inactive"
    return (
        f"The user {user} has a second access key, {second.id} ({state}, made {second.created:%Y-%m-%d}), that is not in "
        f"{held.where}. If nobody uses it: salt-call iam_access_key.delete {user} {second.id}."
    )


def _retire(user, new, old, since, now, grace):
    """Deactivate the old key of a rotation, then delete it, each when it is time."""
    over = now - since >= grace
    if not old.active:
        if over:
            return Decision("delete", old=old.id, changes={"old_access_key": {"old": old.id, "new": None}})
        return _waiting(user, old, since, f"is inactive, and is deleted after {(since + grace):%Y-%m-%d}")
    new_is_used = new.last_used is not None
    old_is_used = old.last_used is not None and old.last_used >= new.created
    if (new_is_used and not old_is_used) or (over and (new_is_used or not old_is_used)):
        change = {"old": f"{old.id} (active)", "new": f"{old.id} (inactive)"}
        return Decision("deactivate", old=old.id, changes={"old_access_key": change})
    if over:
        # The server did not take the new key from pillar: to deactivate the old one would end its backups.
        return _waiting(
            user, old, since, f"is still used, and the new one, {new.id}, is not: run the server's highstate"
        )
    return _waiting(
        user, old, since, f"stays until the new one, {new.id}, is used, or until {(since + grace):%Y-%m-%d}"
    )


def _waiting(user, old, since, what):
    sentence = f"the old access key {old.id} of the user {user} {what}"
    entry = {"what": f"rotation of the access key of {user}", "on": "the server", "since": since, "do": sentence}
    return Decision(warnings=(f"Waiting: {sentence}.",), pending=(entry,))
