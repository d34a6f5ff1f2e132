"""
Create an access key so that no key with a lost secret remains, whatever fails or runs at the same time.

AWS shows the secret once, in the answer to CreateAccessKey. From there it goes to the store, wrapped in a :class:`Secret`. No error
that is raised here contains or chains AWS's answer.
"""

import time
from contextlib import suppress
from datetime import timedelta

from aws_runbook.access_keys import creation_notes, owners, rotation, user_keys
from aws_runbook.errors import AwsError, RunbookError, StoreError, UncertainError
from aws_runbook.run.waiting import SETTLE_TIMEOUT, until
from aws_runbook.stores.secret import Secret


def wait_for_turn(session, user):
    """
    Wait while a run on another machine creates and stores a key for ``user``. What was read of the user before is forgotten.
    """
    last = {}

    def free():
        session.forget("iam", UserName=user)
        last["note"], now = creation_notes.read(session, user, listed=not last)
        return last["note"] is None or not last["note"].is_live(now)

    if not until(free, what=f"another run to store its new access key of the user {user}", timeout=rotation.STORING):
        raise RunbookError(_busy(user, last["note"]))


def refuse_while_busy(session, user, found):
    """Raise an error while a key that is not in the store may belong to another run (``found`` is a :class:`rotation.Found`)."""
    if found.held and any(entry.id not in found.held.ids for entry in found.keys):
        note, now = creation_notes.read(session, user)
        if note and note.is_live(now):
            raise RunbookError(_busy(user, note))


def _busy(user, note):
    return (
        f"Another run has been creating an access key for the user {user} since {note.since:%H:%M:%S} UTC and has not stored it. Run this again "
        f"when it has ended; if it was killed, after {note.since + creation_notes.ABANDONED:%H:%M:%S} UTC."
    )


def orphan(session, user, found, held):
    """
    The key among those ``found`` that a killed run created and did not store; ``None`` when this is not certain.

    ``None`` also while that run may still be running.
    """
    if held is None or all(entry.id in held.ids for entry in found):
        return None
    note, now = creation_notes.read(session, user)
    if note is None or note.is_live(now):
        return None
    strange = [entry for entry in found if entry.id not in (*held.ids, *note.known)]
    return creation_notes.orphan(
        note, user_keys.with_last_use(session, strange), held.ids, note.since + creation_notes.MOMENT
    )


def forget(session, user, lost):
    """Delete the key that an interrupted run has left."""
    note, _ = creation_notes.read(session, user)
    user_keys.delete(session, user, lost.id)
    if note:
        creation_notes.end(session, user, note)


def make(session, user, place):
    """Make a key for ``user``, whose turn it is, and put it into the store ``place``, which the caller has locked."""
    place.check(user_keys.HALVES)
    held = user_keys.held(place)
    before = user_keys.ids(session, user)
    _be_sure_it_is_gone(session, user, [entry for entry in held.ids if entry not in before])
    note = creation_notes.begin(session, user, before)
    try:
        made, secret = _created(session, user, held, note)
        if user_keys.held(place).places != held.places or _is_second(session, user, made, before):
            user_keys.delete(session, user, made)
            _wait_for_the_other(session, user, place, before)
        else:
            _store(session, user, place, made, secret)
        creation_notes.end(session, user, note)
    finally:
        creation_notes.leave(note)
    until(
        lambda: made in user_keys.ids(session, user) or made not in user_keys.held(place).ids,
        what=f"AWS to show the new access key of the user {user}",
        timeout=SETTLE_TIMEOUT,
    )


def _created(session, user, held, note):
    """The id and the secret of a new key."""
    doing = f"create an access key for the user {user}"
    started = time.monotonic()
    try:
        # Repeated after a lost answer, the call would create a second key, and the first one's secret would be lost.
        answer = session.write("iam", "create_access_key", doing, once=True, UserName=user)
        halves, failure = _halves(answer, user), None
    except RunbookError as error:
        halves, failure = None, error
    except Exception as error:
        halves, failure = None, RunbookError(f"Cannot {doing}: AWS's answer cannot be read ({type(error).__name__}).")
    if halves:
        return halves
    if isinstance(failure, AwsError) and not isinstance(failure, UncertainError):
        with suppress(RunbookError):
            creation_notes.end(session, user, note)
        raise failure
    why = str(failure) if failure else f"Cannot {doing}: AWS's answer holds no access key of that user."
    elapsed = timedelta(seconds=time.monotonic() - started + 1)
    raise RunbookError(f"{why} {_searched(session, user, held, note, elapsed)}")


def _halves(answer, user):
    """The id and the secret in an answer; ``None`` when it is not the answer to this call."""
    made = answer.get("AccessKey") if isinstance(answer, dict) else None
    made = made if isinstance(made, dict) else {}
    access_key_id, secret = made.get("AccessKeyId"), made.get("SecretAccessKey")
    if not access_key_id or not secret or str(made.get("UserName", "")).lower() != user.lower():
        return None
    return (access_key_id, Secret(secret)) if owners.is_key_id(access_key_id) else None


def _searched(session, user, held, note, elapsed):
    """Look for the key that AWS may have created, delete it, and return a sentence about the result."""
    try:
        found = until(
            lambda: [entry for entry in user_keys.listed(session, user) or [] if entry.id not in note.known],
            what=f"AWS to show whether it created an access key for the user {user}",
            timeout=rotation.STORING,
        )
        lost = _certain(session, user, held, note, found or [], elapsed)
        if lost:
            user_keys.delete(session, user, lost.id)
            creation_notes.end(session, user, note)
            return f"The access key {lost.id} was created nevertheless, and was deleted again, because its secret is lost. Run this again."
    except RunbookError:
        found = []
    if found:
        names = " and ".join(entry.id for entry in found)
        commands = " or ".join(
            session.command("iam_access_key.delete", name=user, access_key_id=entry.id) for entry in found
        )
        return (
            f"The access key {names} was created at the same time, possibly by another client. Run this again; if it is reported again, and its "
            f"secret is stored nowhere: {commands}."
        )
    return "It is not known whether AWS created a key; the next run looks for it, and deletes it, because its secret is lost. Run this again."


def _certain(session, user, held, note, found, elapsed):
    """The key of this run's own call; ``None`` while another run could have created it."""
    session.forget()
    if creation_notes.read(session, user)[0] != note:
        return None
    return creation_notes.orphan(note, user_keys.with_last_use(session, found), held.ids, note.since + elapsed)


def _be_sure_it_is_gone(session, user, gone):
    """A key that was not listed a moment ago may only have been delayed, and its secret is only in the store."""

    def shown():
        return set(gone).intersection(user_keys.ids(session, user))

    what = f"AWS to show an access key of the user {user} after all"
    if gone and until(shown, what=what, timeout=rotation.STORING):
        raise RunbookError(f"AWS shows the access key {' or '.join(gone)} of the user {user} again. Run this again.")


def _is_second(session, user, access_key_id, before):
    """
    Whether another machine created a key for the same user at the same time, and this one must be deleted.

    Where the store shows none yet, both runs see both keys and decide alike: the older one stays.
    """
    new = [entry for entry in user_keys.ids(session, user) if entry not in before]
    return len(new) > 1 and new[0] != access_key_id


def _wait_for_the_other(session, user, place, before):
    """Wait until the other run has stored its key, which this run then uses too."""

    def stored():
        return user_keys.held(place).id in [entry for entry in user_keys.ids(session, user) if entry not in before]

    if not until(stored, what=f"another run to store its new access key of the user {user}", timeout=SETTLE_TIMEOUT):
        raise RunbookError(
            f"Another run created an access key for the user {user} at the same time, and did not store it in {place.describe()}. Run this "
            "again."
        )


def _store(session, user, place, access_key_id, secret):
    try:
        # The id last, so that a store that is written in steps never has an id without its secret.
        place.write({"secret_key": secret, "access_key": access_key_id})
    except BaseException as error:
        failure = _taken_back(session, user, access_key_id, place, error)
        if not isinstance(error, Exception):
            raise
    else:
        return
    raise failure


def _taken_back(session, user, access_key_id, place, error):
    """Delete a key that could not be stored, since its secret is lost; returns the error."""
    why = f"The new access key of the user {user} could not be written to {place.describe()}"
    reason = str(error) if isinstance(error, RunbookError) else type(error).__name__
    try:
        user_keys.delete(session, user, access_key_id)
    except RunbookError as failure:
        return StoreError(
            f"{why} ({reason}), nor deleted ({failure}). Delete it: "
            f"{session.command('iam_access_key.delete', name=user, access_key_id=access_key_id)}."
        )
    return StoreError(f"{why}, and was deleted again: {reason}")
