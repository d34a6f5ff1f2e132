"""
Decide what to do with a user's access keys, from AWS's list and the content of the store only.

AWS shows a secret once. So the store is the only place that knows it, and a key that is not in the store is either
another client's, or lost; only a person can decide which. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html

A rotation is: create a second key, store it, wait until it is used (or a grace period is over), deactivate the old one,
wait again, delete it. A tag of the user records the old key, so that any later run can continue.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from aws_runbook import clock, salt_commands
from aws_runbook.errors import RunbookError

# A user has at most two keys; an inactive one counts.
MOST_KEYS = 2
ROTATION_TAG = "aws-runbook:rotating"
GRACE_DAYS = 7
_MOMENT = timedelta(minutes=1)
# How long a run on another machine may take from creating a key to storing it, and AWS to show an existing key. Seconds.
STORING = 10


@dataclass(frozen=True)
class Key:
    """An access key as AWS shows it. ``last_used`` is ``None`` for never used, or if it was not read."""

    id: str
    active: bool
    created: datetime
    last_used: datetime | None = None


@dataclass(frozen=True)
class Held:
    """
    The content of the store: the ``id`` of a key, and whether its secret is there (``None``: unknown).

    ``places`` are those for an id, each by itself; ``id`` is ``None`` where they differ.
    """

    where: str
    id: str | None = None
    secret: bool | None = None
    places: tuple = ()

    @property
    def ids(self):
        """The ids in all places, without duplicates."""
        return list(dict.fromkeys(place.value for place in self.places if place.value))


@dataclass(frozen=True)
class Rotation:
    """A rotation in progress: the old key, and the time since which it has its present status."""

    old: str
    since: datetime

    def tag(self):
        """The text in the user's tag."""
        return f"{self.old} {self.since.astimezone(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"

    @classmethod
    def parse(cls, text):
        """The rotation in a tag; ``None`` if there is none, or if the tag has another form."""
        old, _, since = (text or "").partition(" ")
        try:
            moment = clock.sane(datetime.strptime(since, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc))
        except ValueError:
            return None
        return cls(old, moment) if moment else None


class Found(NamedTuple):
    """
    The user's ``keys``; what the store holds (``None`` without a store); the rotation that is under way; and the key that a
    killed run left (``lost``), which is none of ``keys``.
    """

    keys: list
    held: Held | None
    rotation: Rotation | None
    lost: Key | None


@dataclass(frozen=True)
class Decision:
    """
    What to do next: ``create``, ``rotate``, ``deactivate``, ``delete``, ``clean`` or nothing.

    ``old`` is the key it is done to, or that is replaced; ``pending`` what AWS or a person must still do.
    """

    action: str | None = None
    old: str | None = None
    changes: dict = field(default_factory=dict)
    warnings: tuple = ()
    pending: tuple = ()


class Commands:
    """The commands in messages about a user's keys; ``command`` is a session's, and ``rotate_with()`` returns the arguments of ``rotate``."""

    def __init__(self, user, command=salt_commands.command, rotate_with: Callable = dict):
        self._user = user
        self._command = command
        self._rotate_with = rotate_with

    def activate(self, key):
        """Activate a key again."""
        return self._command("iam_access_key.activate", name=self._user, access_key_id=key.id)

    def delete(self, key):
        """Delete a key."""
        return self._command("iam_access_key.delete", name=self._user, access_key_id=key.id)

    def rotate(self):
        """A sentence about how to create another key."""
        command = self._command("iam_access_key.rotate", name=self._user, **self._rotate_with())
        return f"To create a new key, store it and retire the old one: {command}."


def decide(user, keys, held, rotation, lost, now, *, rotate_days=None, grace_days=GRACE_DAYS, commands=None):
    """
    The :class:`Decision` about ``keys`` (a list of :class:`Key`) of ``user``.

    ``held`` is ``None`` without a store; ``rotation`` is what the tag says; ``lost`` is the key that a killed run left,
    which is deleted in any case. A decision that needs a person is an error.
    """
    decision = _decided(user, keys, held, rotation, now, rotate_days, grace_days, commands or Commands(user))
    if lost is None:
        return decision
    if decision.action is None and rotation and held.id == rotation.old:
        # A rotation was interrupted: one of the two values in the store may already belong to the lost key.
        decision = _replace(held)
    changes = {**decision.changes, "lost_access_key": {"old": lost.id, "new": None}}
    return replace(decision, action=decision.action or "clean", changes=changes)


def _decided(user, keys, held, rotation, now, rotate_days, grace_days, commands):
    if held is None:
        return _without_store(user, keys)
    if not keys:
        replaced = " and ".join(held.ids) or None
        return Decision("create", changes={"access_key": {"old": replaced, "new": f"a new key, in {held.where}"}})
    stored = next((key for key in keys if key.id == held.id), None)
    if stored is None:
        raise RunbookError(
            _differing(user, keys, held, commands) or _nowhere(user, keys, _missing_from(held, keys), commands)
        )
    if held.secret is False:
        raise RunbookError(_nowhere(user, [stored], f"is in {held.where} without its secret", commands))
    if not stored.active:
        raise RunbookError(
            f"The access key {stored.id} of the user {user}, which is in {held.where}, is inactive. To use it again: "
            f"{commands.activate(stored)}. {commands.rotate()}"
        )
    old = next((key for key in keys if rotation and key.id == rotation.old and key.id != stored.id), None)
    if old:
        return _retire(user, stored, old, rotation.since, now, timedelta(days=grace_days))
    second = next((key for key in keys if key.id != stored.id), None)
    if rotate_days is not None and now - stored.created >= timedelta(days=rotate_days):
        return _rotate_now(user, stored, second, held, rotate_days, commands)
    if second:
        return Decision(warnings=(_second(user, second, held, commands),))
    return Decision()


def being_made(keys, held, now):
    """Whether a key is so new that another run may still be writing it to the store."""
    return held is not None and any(key.id != held.id and abs(now - key.created) < _MOMENT for key in keys)


def begin_rotation(user, keys, commands=None):
    """The key that a manual rotation replaces, if any; an error if the user has two keys already."""
    if len(keys) >= MOST_KEYS:
        raise RunbookError(
            f"The user {user} has the access keys {' and '.join(key.id for key in keys)}, and AWS allows two. Delete "
            f"the one that nobody uses first: {' or '.join(map((commands or Commands(user)).delete, keys))}."
        )
    return keys[0].id if keys else None


def _without_store(user, keys):
    if keys:
        return Decision()
    what = f"the user {user} has no access key, because it has no store: set aws:backup:store in the server's pillar, or create a key by hand"
    entry = {"what": f"access key of {user}", "on": "you", "since": None, "do": what}
    return Decision(warnings=(f"Waiting: {what}.",), pending=(entry,))


def _nowhere(user, keys, how, commands):
    which = " and ".join(f"{key.id} (created {key.created:%Y-%m-%d})" for key in keys)
    return f"The access key {which} of the user {user} {how}. If you know its secret, store both there. Otherwise: {commands.rotate()}"


def _differing(user, keys, held, commands):
    """What to do about a store with different keys of the user in its places; empty if there is none."""
    having = {place.where: place.value for place in held.places}
    if len(having) <= 1 or not set(having.values()) <= {key.id for key in keys}:
        return ""
    which = ", and ".join(f"{value} in {where}" for where, value in having.items())
    delete = " or ".join(commands.delete(key) for key in keys)
    return (
        f"The places of the store of the user {user} have different access keys: {which}. Store one of them, with its secret, in each place. "
        f"Then delete the other: {delete}."
    )


def _missing_from(held, keys):
    """In which places the key is and in which it is missing."""
    ids = [key.id for key in keys]
    having = [place.where for place in held.places if place.value in ids]
    if not having:
        return f"is not in {held.where}"
    lacking = [place.where for place in held.places if place.value not in ids]
    return f"is in {' and '.join(having)}, but not in {' and '.join(lacking)}"


def _rotate_now(user, stored, second, held, rotate_days, commands):
    if second:
        raise RunbookError(
            f"The access key {stored.id} of the user {user} is older than {rotate_days} days, but cannot be rotated: the "
            f"user has a second key, {second.id}, and AWS allows two. If nobody uses it: "
            f"{commands.delete(second)}."
        )
    return _replace(held)


def _replace(held):
    changes = {"access_key": {"old": held.id, "new": f"a new key, in {held.where}"}}
    return Decision("rotate", old=held.id, changes=changes)


def _second(user, second, held, commands):
    state = "active" if second.active else "inactive"
    return (
        f"The user {user} has a second access key, {second.id} ({state}, created {second.created:%Y-%m-%d}), that is not in {held.where}. If "
        f"nobody uses it: {commands.delete(second)}."
    )


def _retire(user, new, old, since, now, grace):
    """Deactivate the old key of a rotation when it is time, and delete it later."""
    over = now - since >= grace
    if not old.active:
        if over:
            return Decision("delete", old=old.id, changes={"old_access_key": {"old": old.id, "new": None}})
        what = f"is inactive, and is deleted after {(since + grace):%Y-%m-%d}"
        return _waiting(user, old, since, what, until=since + grace)
    new_is_used = new.last_used is not None
    old_is_used = old.last_used is not None and old.last_used >= new.created
    if (new_is_used and not old_is_used) or (over and (new_is_used or not old_is_used)):
        change = {"old": f"{old.id} (active)", "new": f"{old.id} (inactive)"}
        return Decision("deactivate", old=old.id, changes={"old_access_key": change})
    if over:
        # The server has not taken the new key from pillar, so deactivating the old one would stop its backups.
        return _waiting(
            user, old, since, f"is still used, and the new one, {new.id}, is not: run the server's highstate"
        )
    what = f"stays until the new one, {new.id}, is used, or until {(since + grace):%Y-%m-%d}"
    return _waiting(user, old, since, what, until=since + grace)


def _waiting(user, old, since, what, until=None):
    sentence = f"the old access key {old.id} of the user {user} {what}"
    about = f"rotation of the access key of {user}"
    entry = {"what": about, "on": "the server", "since": since, "until": until, "do": sentence}
    return Decision(warnings=(f"Waiting: {sentence}.",), pending=(entry,))
