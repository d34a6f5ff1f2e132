"""
Who owns the access keys in a store. Each place is checked by itself before anything is written to it.

An overwritten secret is lost, as AWS shows it once. So a place is free only if it is empty, or has a key of the same user, or a deleted
key. A key of another user or account, and a value that is not an AWS key, stays.
"""

import re
from dataclasses import dataclass

from aws_runbook.errors import AwsError, StoreError

# A value that is not such an id may be a secret in the wrong place, so it is never quoted.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
_KEY_ID = re.compile(r"A[A-Z0-9]{15,127}")
# The place of pgBackRest's key only.
_PGBACKREST = "postgres:backup:"
_KINDS = ("pgbackrest", "files")


@dataclass(frozen=True)
class Owner:
    """The owner of a key: a ``user`` of the account, possibly its ``root`` user, another ``account``, or none for a deleted key."""

    user: str | None = None
    account: str | None = None
    root: bool = False


NOBODY = Owner()


def is_key_id(text):
    """Whether ``text`` can be the id of an access key."""
    return isinstance(text, str) and _KEY_ID.fullmatch(text) is not None


def stored_ids(places):
    """The ids in ``places``, each once; a value that is not an id of an access key is an error."""
    for place in places:
        if place.occupied and not is_key_id(place.value):
            raise StoreError(
                f"The value in {place.where} is not a readable access key ID, and is not overwritten. If it is no longer needed, remove it "
                "there; otherwise name another place as the store."
            )
    return list(dict.fromkeys(place.value for place in places if place.occupied))


def owner(session, user, access_key_id):
    """
    The :class:`Owner` of a key that is not listed for ``user``.

    An owner that cannot be determined is an error.
    """
    named = user_of(session, access_key_id)
    if named is not None:
        return Owner(user=named)
    account = account_of(session, access_key_id)
    if account not in (None, session.account_id):
        return Owner(account=account)
    # A key of this account that may be another user's; only the permission is missing.
    for name in _others(session, user):
        if _has(session, name, access_key_id):
            return Owner(user=name)
    return Owner(root=True) if account and _root_has_keys(session) else NOBODY


def user_of(session, access_key_id):
    """
    The user of this account that owns the key; ``None`` if AWS does not return it.

    AWS answers AccessDenied for a key that is not there, for another account's, and where the permission is missing:
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html
    """
    try:
        answer = session.read(
            "iam",
            "get_access_key_last_used",
            f"find the owner of the access key {access_key_id}",
            AccessKeyId=access_key_id,
            absent=("NoSuchEntity",),
        )
    except AwsError as error:
        if error.code != "AccessDenied":
            raise
        answer = None
    return answer and answer.get("UserName")


def account_of(session, access_key_id):
    """The account of a key, also of a deleted one; ``None`` for one that AWS no longer knows."""
    answer = session.read(
        "sts",
        "get_access_key_info",
        f"find the account of the access key {access_key_id}",
        AccessKeyId=access_key_id,
        absent=("NoSuchEntity", "InvalidAccessKeyId"),
    )
    return answer and answer["Account"]


def _others(session, user):
    users = session.read("iam", "list_users", "list the account's users to find the owner of an access key")["Users"]
    return [entry["UserName"] for entry in users if entry["UserName"] != user]


def _has(session, name, access_key_id):
    answer = session.read(
        "iam", "list_access_keys", f"list the access keys of the user {name}", UserName=name, absent=("NoSuchEntity",)
    )
    return any(entry["AccessKeyId"] == access_key_id for entry in answer["AccessKeyMetadata"]) if answer else False


def _root_has_keys(session):
    """
    Whether the account's root user has access keys, which no listing contains; ``True`` if that cannot be read.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html
    """
    answer = session.read("iam", "get_account_summary", "check whether the account's root user has access keys")
    return (answer.get("SummaryMap") or {}).get("AccountAccessKeysPresent") != 0


def refusal(user, places, strangers, kinds=None):
    """
    The error about keys in ``places`` that are not ``user``'s: ``strangers`` are their :class:`Owner` by id.

    ``kinds`` are the kinds of backup that ``user`` makes (``[]``: it is none of backups; ``None``: not known).
    """
    where = {entry: " and ".join(place.where for place in places if place.value == entry) for entry in strangers}
    for entry, found in strangers.items():
        if found.account:
            return StoreError(
                f"The access key {entry} in {where[entry]} belongs to the AWS account {found.account}, not to the user {user}, and is not "
                f"overwritten. Name another place in {_setting(user, kinds)}; or, if it is no longer needed, remove it there."
            )
        if found.root:
            return StoreError(
                f"The access key {entry} in {where[entry]} belongs to no user, and may be one of the root user of the AWS account, "
                f"which has access keys; it is not overwritten. If it was deleted, remove it there; otherwise name another place in "
                f"{_setting(user, kinds)}."
            )
    texts = [f"{entry} in {where[entry]}{{}} to the user {found.user}" for entry, found in strangers.items()]
    of_others = ", and ".join(text.format("" if number else " belongs") for number, text in enumerate(texts))
    verdict = f"neither to {user}, and they are" if texts[1:] else f"not to {user}, and is"
    cure = _cure(user, {where[entry]: found.user for entry, found in strangers.items()}, kinds)
    return StoreError(f"The access key {of_others}, {verdict} not overwritten. {cure}")


def _setting(user, kinds):
    return f"aws:ses:smtp_users:{user}:store" if kinds == [] else "aws:backup:store"


def _cure(user, others, kinds):
    """How to resolve a conflict with the keys of ``others``: users by the place of their key."""
    first = next(iter(others.values()))
    if kinds == []:
        return f"Name another place in {_setting(user, kinds)}, or {first} in the place of {user} under aws:ses:smtp_users."
    named = {kind: _reader(kind, others) or user for kind in kinds or _KINDS}
    if len(set(named.values())) == 1:
        return f"Set aws:backup:user to {first} in the server's pillar, or name another place in aws:backup:store."
    names = ", ".join(f"{kind}: {name}" for kind, name in named.items())
    return (
        f"If both make this server's backups, set aws:backup:user to {{{names}}} in its pillar; otherwise name another "
        "place in aws:backup:store."
    )


def _reader(kind, others):
    """The other user whose key is in the place that the tool of a kind of backup reads; ``None`` if there is none."""
    return next((user for where, user in others.items() if (kind == "pgbackrest") == (_PGBACKREST in where)), None)
