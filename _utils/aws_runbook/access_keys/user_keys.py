"""
A user's access keys in AWS and in a store. No secret is read.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html
"""

import logging
from dataclasses import replace

from aws_runbook.access_keys import owners
from aws_runbook.access_keys.rotation import Held, Key
from aws_runbook.errors import AwsError, RunbookError

log = logging.getLogger(__name__)

# The values of a store that make up an access key.
HALVES = ("access_key", "secret_key")


def listed(session, user):
    """The user's keys (:class:`Key`), oldest first; ``None`` when the user does not exist."""
    doing = f"list the access keys of the user {user}"
    if session.lacks("iam", "get_user", UserName=user):
        return None
    answer = session.read("iam", "list_access_keys", doing, UserName=user, absent=("NoSuchEntity",))
    if answer is None:
        return None
    found = (
        Key(entry["AccessKeyId"], active=entry["Status"] == "Active", created=entry["CreateDate"])
        for entry in answer["AccessKeyMetadata"]
    )
    return sorted(found, key=lambda entry: (entry.created, entry.id))


def ids(session, user):
    """The ids of the user's keys, oldest first."""
    return [entry.id for entry in listed(session, user) or []]


def with_last_use(session, keys):
    """``keys`` with the time of their last use."""
    return [replace(entry, last_used=_last_used(session, entry.id)) for entry in keys]


def _last_used(session, access_key_id):
    answer = session.read(
        "iam",
        "get_access_key_last_used",
        f"read when the access key {access_key_id} was last used",
        absent=("NoSuchEntity",),
        AccessKeyId=access_key_id,
    )
    return answer["AccessKeyLastUsed"].get("LastUsedDate") if answer else None


def delete(session, user, access_key_id):
    """Delete a key of the user; a missing key is not an error."""
    try:
        session.write(
            "iam",
            "delete_access_key",
            f"delete the access key {access_key_id} of the user {user}",
            UserName=user,
            AccessKeyId=access_key_id,
        )
    except AwsError as error:
        if error.code != "NoSuchEntity":
            raise
        log.info("The access key %s of the user %s is gone already", access_key_id, user)


def check_pairs(place):
    """Raise when a place has a secret key without an id: its owner is unknown, so it must not be overwritten."""
    ids, secrets = place.places("access_key"), place.places("secret_key")
    pairs = list(zip(ids, secrets, strict=True)) if len(ids) == len(secrets) else []
    if not pairs and any(entry.occupied for entry in ids):
        _check_common(place, ids, secrets)
    alone = next((pair for pair in pairs if pair[1].occupied and not pair[0].occupied), None)
    if alone is None and not pairs and not any(entry.occupied for entry in ids):
        alone = next(((ids[0], entry) for entry in secrets if entry.occupied), None)
    if alone:
        raise RunbookError(
            f"{alone[1].where} holds a secret access key, and {alone[0].where} no access key ID: its owner is unknown, and it is not "
            "overwritten. Store its ID there, or, if nobody uses it, remove it."
        )


def _check_common(place, ids, secrets):
    """If ids and secrets are not in pairs, all secrets must exist and be equal: then they belong to the ids."""
    occupied = [entry for entry in secrets if entry.occupied]
    if occupied and (
        len(occupied) < len(secrets) or any(not entry.value or entry.value != secrets[0].value for entry in secrets)
    ):
        raise RunbookError(
            f"{place.describe()}: the store has {len(ids)} places for access_key and {len(secrets)} for secret_key, so the owner of the key in "
            f"{occupied[-1].where} is unknown, and it is not overwritten. Name equally many places for both (keys), or remove the key if nobody "
            "uses it."
        )


def held(place):
    """The content of a store, as :class:`Held`; a value that is not an id of an access key is an error."""
    places = tuple(place.places("access_key"))
    owners.stored_ids(places)
    common = places[0].value if len({entry.value for entry in places}) == 1 else None
    return Held(place.describe(), common, place.holds("secret_key"), places)
