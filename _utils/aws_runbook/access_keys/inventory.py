"""
Which access keys of a user there are: those that AWS lists, those in its store, and the one that a killed run has left.

``place`` is the user's store, or ``None``; ``kinds()`` returns the kinds of backup that the user makes.
"""

from contextlib import nullcontext

from aws_runbook import clock
from aws_runbook.access_keys import creation, owners, rotation, rotation_notes, user_keys
from aws_runbook.access_keys.owners import Owner
from aws_runbook.access_keys.rotation import Found, Key
from aws_runbook.run.waiting import until


def found(session, name, place, kinds):
    """What is decided by, as :class:`Found`. Nothing is written or locked: a caller that writes has locked the store."""
    entries = user_keys.listed(session, name) or []
    if len(entries) > 1:  # only then does it matter which of them is used
        entries = user_keys.with_last_use(session, entries)
    last_rotation = rotation_notes.read(session, name) if len(entries) > 1 else None
    held = place and user_keys.held(place)
    if held:
        entries = [*entries, *_unlisted(session, name, held, entries, kinds)]
    lost = creation.orphan(session, name, entries, held)
    if held and not lost:  # a killed run may have stored one half of its key
        user_keys.check_pairs(place)
    return Found([entry for entry in entries if not lost or entry.id != lost.id], held, last_rotation, lost)


def after_others(session, name, place, kinds, *, test) -> Found:
    """
    The same after no other run on this machine holds the store's lock: half of a key can be one that another run is writing.
    Under ``test`` nothing is locked.
    """
    with place.alone() if place and not test else nullcontext():
        session.forget()
        session.forget("iam", UserName=name)
        seen = found(session, name, place, kinds)
    if rotation.being_made(seen.keys, seen.held, clock.now()):
        return _wait_for_the_store(session, name, place, kinds)
    return seen


def _wait_for_the_store(session, name, place, kinds):
    """Wait until the store has a key that was just created; return what is found then, or at the timeout."""
    last = {}

    def stored():
        last["found"] = seen = found(session, name, place, kinds)
        return not rotation.being_made(seen.keys, seen.held, clock.now())

    until(stored, what=f"another run to store its new access key of the user {name}", timeout=rotation.STORING)
    return last["found"]


def _unlisted(session, name, held, listed, kinds):
    """
    The keys in the store that belong to the user although AWS does not list them yet.

    Another user's key in a place of the store is an error: it must never be overwritten.
    """
    seen = [entry.id for entry in listed]
    owned = {entry: owners.owner(session, name, entry) for entry in held.ids if entry not in seen}
    strangers = {entry: owner for entry, owner in owned.items() if owner not in (owners.NOBODY, Owner(user=name))}
    if strangers:
        raise owners.refusal(name, held.places, strangers, kinds())
    return [Key(entry, active=True, created=clock.now()) for entry, owner in owned.items() if owner.user == name]
