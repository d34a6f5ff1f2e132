"""
Manage the access keys of IAM users: made, put into a store, rotated; never shown.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html

A *store* is where the two halves of a new key go, since AWS shows the secret once (see the page on stores):

.. code-block:: yaml

    store: sdb://vault/aws/registry
    store:
      pillar_file: /srv/pillar/private/registry.sls
      keys: {access_key: aws:access_key, secret_key: aws:secret_key}
    store:
      pillar_file: /srv/pillar/private/registry.sls
      keys: {access_key: aws:access_key, secret_key: aws:secret_key}
      gpg: {recipients: [ops@example.org]}

No function returns, logs or prints a secret. Every function takes ``region``, ``profile``, ``keyid`` and ``key`` last:
how to reach the account. IAM actions: ``iam:ListAccessKeys``, ``iam:GetAccessKeyLastUsed`` and ``iam:GetUser`` to read;
``iam:CreateAccessKey``, ``iam:UpdateAccessKey``, ``iam:DeleteAccessKey`` and ``iam:TagUser`` to write.
"""

import logging
from contextlib import nullcontext
from functools import partial

from salt.utils import sdb

from aws_runbook import access_keys, arguments, clock, email_plan, iam, reader, stores
from aws_runbook.access_keys import Held, Key, Rotation
from aws_runbook.errors import AwsError, RunbookError, StoreError
from aws_runbook.gpg import salt_homedir
from aws_runbook.secrets import Secret
from aws_runbook.session import SETTLE_TIMEOUT, connect
from aws_runbook.smtp import SmtpStore
from aws_runbook.waiting import until

log = logging.getLogger(__name__)

_HALVES = ("access_key", "secret_key")
# AWS's errors that leave open whether it did what was asked.
_UNCERTAIN = (
    "InternalFailure",
    "InternalError",
    "ServiceFailure",
    "ServiceUnavailable",
    "RequestTimeout",
    "500",
    "503",
)
# How long a run on another machine may take from making a key to storing it. Seconds.
_STORING = 10


def _session(region, profile, keyid, key):
    return connect(__opts__, __pillar__, region=region, profile=profile, keyid=keyid, key=key)


def _store(description, smtp_region=None):
    if description is None:
        return None
    place = stores.make(
        description,
        sdb_get=partial(sdb.sdb_get, opts=__opts__),
        sdb_set=partial(sdb.sdb_set, opts=__opts__),
        gpg_homedir=salt_homedir(__opts__),
    )
    return SmtpStore(place, smtp_region) if smtp_region else place


def describe(name, region=None, profile=None, keyid=None, key=None):
    """
    The access keys of the user ``name``: a list of ``access_key_id``, ``status``, ``create_date``, ``last_used_date``
    (``None`` for never); ``None`` when there is no such user. Dates are texts in ISO 8601.

    AWS notes the use of a key with a delay. IAM actions: ``iam:ListAccessKeys``, ``iam:GetAccessKeyLastUsed``.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html

    CLI Example:

    .. code-block:: bash

        salt-call iam_access_key.describe registry-backup
    """
    session = _session(region, profile, keyid, key)
    keys = _keys(session, name, last_used=True)
    return keys and [
        {
            "access_key_id": entry.id,
            "status": "Active" if entry.active else "Inactive",
            "create_date": entry.created.isoformat(),
            "last_used_date": entry.last_used and entry.last_used.isoformat(),
        }
        for entry in keys
    ]


def _keys(session, name, *, last_used):
    """The user's keys, oldest first; ``None`` when there is no such user."""
    doing = f"list the access keys of the user {name}"
    answer = session.read("iam", "list_access_keys", doing, UserName=name, absent=("NoSuchEntity",))
    if answer is None:
        return None
    return sorted(
        (
            Key(
                entry["AccessKeyId"],
                active=entry["Status"] == "Active",
                created=entry["CreateDate"],
                last_used=_last_used(session, entry["AccessKeyId"]).get("LastUsedDate") if last_used else None,
            )
            for entry in answer["AccessKeyMetadata"]
        ),
        key=lambda entry: (entry.created, entry.id),
    )


def _last_used(session, access_key_id):
    answer = session.read(
        "iam",
        "get_access_key_last_used",
        f"see when the access key {access_key_id} was last used",
        absent=("NoSuchEntity",),  # deleted since it was listed
        AccessKeyId=access_key_id,
    )
    return answer["AccessKeyLastUsed"] if answer else {}


def plan(
    name,
    store=None,
    rotate_days=None,
    grace_days=None,
    smtp_region=None,
    region=None,
    profile=None,
    keyid=None,
    key=None,
):
    """
    What ``iam_access_key.present`` would do next for the user ``name``: ``action`` (``create``, ``rotate``,
    ``deactivate``, ``delete`` or ``None``), ``old`` (the key it is done to), ``changes``, ``warnings`` and ``pending``.

    What only a person can decide (a key that is in no store, a full user) is an error that says how. The store is
    tried when a key is to go into it.

    store
        Where the key goes: ``sdb://…``, or a mapping of ``pillar_file`` and ``keys``, with ``gpg`` to have it
        encrypted; or a list of these. See the page on stores. Without one no key is made, and a warning says so.
    rotate_days
        A whole number: a key that is older is replaced. Default: never.
    grace_days
        A whole number: for how long the old key still works when the new one is not seen in use, and for how long it is
        kept after that. Default: 7.
    smtp_region
        The key is for SES's SMTP interface in this region: its store gets a user name and a password.

    IAM actions: ``iam:ListAccessKeys``, ``iam:GetAccessKeyLastUsed``, ``iam:GetUser``.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html

    CLI Example:

    .. code-block:: bash

        salt-call iam_access_key.plan registry-backup store=sdb://vault/aws/registry
    """
    arguments.days(f"access key of {name}", "rotate_days", rotate_days)
    arguments.days(f"access key of {name}", "grace_days", grace_days)
    place = _store(store, smtp_region)
    session = _session(region, profile, keyid, key)
    decide = partial(
        access_keys.decide,
        name,
        rotate_days=rotate_days,
        grace_days=access_keys.GRACE_DAYS if grace_days is None else grace_days,
    )
    found = _found(session, name, place)
    try:
        decision = decide(*found, clock.now())
    except RunbookError:
        if not access_keys.being_made(*found[:2], clock.now()):
            raise
        decision = decide(*_wait_for_the_store(session, name, place), clock.now())
    if decision.action in ("create", "rotate"):
        place.check(_HALVES, write=False)
    return {
        "action": decision.action,
        "old": decision.old,
        "changes": decision.changes,
        "warnings": list(decision.warnings),
        "pending": list(decision.pending),
    }


def _found(session, name, place):
    """The user's keys, what the store holds (``None`` without a store), and the rotation that is under way."""
    with place.alone() if place else nullcontext():  # not between another run's making of a key and its storing
        keys = _keys(session, name, last_used=False) or []
        if len(keys) > 1:  # only then does it matter which of them is used
            keys = _keys(session, name, last_used=True) or []
        held = place and _held(place)
        if held and held.id and held.id not in [entry.id for entry in keys]:
            keys = [*keys, *_unlisted(session, name, held)]
        return keys, held, _rotation(session, name) if len(keys) > 1 else None


def _wait_for_the_store(session, name, place):
    """What is found when a key that was made a moment ago has got to the store; or still has not."""
    last = {}

    def stored():
        last["found"] = keys, held, _ = _found(session, name, place)
        return not access_keys.being_made(keys, held, clock.now())

    until(stored, what=f"another run to store its new access key of the user {name}", timeout=_STORING)
    return last["found"]


def _held(place):
    return Held(place.describe(), place.read(["access_key"])["access_key"], place.holds("secret_key"))


def _unlisted(session, name, held):
    """
    The key in the store, when AWS knows it although the list of the user's keys does not show it.

    A list can lag some seconds behind; and a key of another user in the store must not be overwritten.
    """
    try:
        answer = session.read(
            "iam",
            "get_access_key_last_used",
            f"see whose access key {held.id} in {held.where} is",
            AccessKeyId=held.id,
            absent=("NoSuchEntity", "ValidationError"),
        )
    except AwsError as error:
        if error.code != "AccessDenied":
            raise
        # AWS answers so when the permission is missing, and for a key of another account: what cannot be told apart
        # is not taken for absent, since its secret may be nowhere else.
        raise RunbookError(
            f"{error} Or the key belongs to another account. It is not overwritten: if it is of no use any more, remove it "
            f"from {held.where}."
        ) from error
    if answer is None:
        return []
    if answer["UserName"] != name:
        raise RunbookError(
            f"The access key {held.id} in {held.where} belongs to the user {answer['UserName']}, not to {name}, and is not "
            "overwritten. Name that user as aws:backup:user, or another place in aws:backup:store."
        )
    return [Key(held.id, active=True, created=clock.now())]


def _rotation(session, name):
    answer = session.read("iam", "get_user", f"read the user {name}", UserName=name)
    return Rotation.parse(iam.tag_mapping(answer["User"]).get(access_keys.ROTATION_TAG))


def apply(name, action, old=None, store=None, smtp_region=None, region=None, profile=None, keyid=None, key=None):
    """
    Do what ``plan`` says: ``action`` with the key ``old``.

    action
        ``create``, ``rotate``, ``deactivate`` or ``delete``.
    old
        The id of the key that is rotated, deactivated or deleted.
    store
        Where the key goes: ``sdb://…``, or a mapping of ``pillar_file`` and ``keys``, with ``gpg`` to have it
        encrypted; or a list of these. See the page on stores.
    smtp_region
        The key is for SES's SMTP interface in this region: its store gets a user name and a password.

    The store is tried before the key is made; when it then cannot be written, the key is deleted again, and that is an
    error. IAM actions: those of ``plan``, ``iam:CreateAccessKey``, ``iam:UpdateAccessKey``, ``iam:DeleteAccessKey``,
    ``iam:TagUser``.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html

    CLI Example:

    .. code-block:: bash

        salt-call iam_access_key.apply registry-backup create store=sdb://vault/aws/registry
    """
    session = _session(region, profile, keyid, key)
    if action in ("create", "rotate"):
        place = _store(store, smtp_region)
        with place.alone():
            reader.forget()  # what was read before this run's turn
            if len(_keys(session, name, last_used=False) or []) > (1 if action == "rotate" else 0):
                return True  # another run did it meanwhile
            if action == "rotate":
                _note_rotation(session, name, old)
            _create(session, name, place)
    elif action == "deactivate":
        _set_status(session, name, old, "Inactive")
        _note_rotation(session, name, old)
    elif action == "delete":
        _delete(session, name, old)
    else:
        raise RunbookError(f"action is {action!r}; allowed are create, rotate, deactivate, delete.")
    return True


def rotate(name, store=None, smtp_region=None, region=None, profile=None, keyid=None, key=None):
    """
    Make a new access key for the user ``name`` and put it into its store, beside the old one, which goes on working
    until ``state.apply aws`` retires it. For a key whose secret is lost, or has been seen.

    store
        Where the key goes. Default: what pillar says for that user.
    smtp_region
        The key is for SES's SMTP interface in this region. Default: what pillar says for that user.

    A user with two keys is an error, as AWS allows no third. IAM actions: as for ``apply``.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id-credentials-access-keys-update.html

    CLI Example:

    .. code-block:: bash

        salt-call iam_access_key.rotate registry-backup
    """
    planned = _planned(name)
    place = _store(planned.get("store") if store is None else store, smtp_region or planned.get("smtp_region"))
    if place is None:
        raise RunbookError(
            f"No store is named for the user {name}: name it as aws:backup:store in the server's pillar, or as "
            f"aws:ses:smtp_users:{name}:store."
        )
    session = _session(region, profile, keyid, key)
    with place.alone():
        keys = _keys(session, name, last_used=False)
        if keys is None:
            raise RunbookError(f"There is no user {name} yet: salt-call state.apply aws makes it, and its key.")
        old = access_keys.begin_rotation(name, keys)
        place.check(_HALVES)
        if old:
            _note_rotation(session, name, old)
        _create(session, name, place)
    return f"The user {name} has a new access key, in {place.describe()}."


def _planned(name):
    """What pillar says of a user's key."""
    smtp = email_plan.plan(__pillar__)["smtp_users"].get(name)
    if smtp:
        return {"store": smtp.get("store"), "smtp_region": smtp["region"]}
    return __salt__["aws_backup.plan"](format="data")["keys"].get(name, {})


def _create(session, name, place):
    place.check(_HALVES)
    stored = place.read(["access_key"])["access_key"]
    before = {entry.id for entry in _keys(session, name, last_used=False) or []}
    try:
        answer = session.write(
            "iam",
            "create_access_key",
            f"make an access key for the user {name}",
            # Made again after a lost answer, it would be a second key, with the first one's secret nowhere.
            once=True,
            UserName=name,
        )
    except RunbookError as error:
        raise _lost(session, name, before, error) from error
    made = answer["AccessKey"]
    access_key_id, secret = made["AccessKeyId"], Secret(made["SecretAccessKey"])
    del answer, made
    if place.read(["access_key"])["access_key"] != stored or _is_second(session, name, access_key_id, before):
        _delete(session, name, access_key_id)
        _wait_for_the_other(session, name, place, before)
        return
    try:
        place.write({"access_key": access_key_id, "secret_key": secret})
    except BaseException as error:
        _take_back(session, name, access_key_id, place, error)
        raise

    def listed():
        return any(entry.id == access_key_id for entry in _keys(session, name, last_used=False) or [])

    until(listed, what=f"AWS to show the new access key of the user {name}", timeout=SETTLE_TIMEOUT)


def _lost(session, name, before, error):
    """The error to raise: the one given, or that AWS made a key although its answer did not arrive."""
    if isinstance(error, AwsError) and error.code not in _UNCERTAIN:
        return error

    def made():
        return [entry.id for entry in _keys(session, name, last_used=False) or [] if entry.id not in before]

    found = until(made, what=f"AWS to show whether it made an access key for the user {name}", timeout=_STORING)
    if not found:
        return error
    return RunbookError(
        f"{error} The access key {found[0]} was made all the same, and nobody knows its secret. Delete it, and run this "
        f"again: salt-call iam_access_key.delete {name} {found[0]}."
    )


def _is_second(session, name, access_key_id, before):
    """
    Whether a run on another machine made a key for the same user at the same moment, and this one is to go.

    Where the store shows none yet, both runs see both keys and decide alike: the older one stays.
    """
    new = [entry.id for entry in _keys(session, name, last_used=False) or [] if entry.id not in before]
    return len(new) > 1 and new[0] != access_key_id


def _wait_for_the_other(session, name, place, before):
    """Wait until the other run has put its key into the store, where it is this run's key too."""

    def stored():
        known = [entry.id for entry in _keys(session, name, last_used=False) or [] if entry.id not in before]
        return place.read(["access_key"])["access_key"] in known

    if not until(stored, what=f"another run to store its new access key of the user {name}", timeout=SETTLE_TIMEOUT):
        raise RunbookError(
            f"Another run made an access key for the user {name} at the same moment, and did not put it into "
            f"{place.describe()}. Run this again."
        )


def _take_back(session, name, access_key_id, place, error):
    """Delete the key that could not be stored: nobody knows its secret."""
    why = f"The new access key of the user {name} could not be written to {place.describe()}"
    reason = str(error) if isinstance(error, RunbookError) else type(error).__name__
    try:
        _delete(session, name, access_key_id)
    except RunbookError as failure:
        raise StoreError(
            f"{why} ({reason}), nor deleted ({failure}). Delete it: "
            f"salt-call iam_access_key.delete {name} {access_key_id}."
        ) from None
    if isinstance(error, Exception):
        raise StoreError(f"{why}, and was deleted again: {reason}") from None


def _note_rotation(session, name, old):
    note = Rotation(old, clock.now()).tag()
    session.write(
        "iam",
        "tag_user",
        f"note the rotation of its key on the user {name}",
        UserName=name,
        Tags=[{"Key": access_keys.ROTATION_TAG, "Value": note}],
    )


def pending(region=None, profile=None, keyid=None, key=None):
    """
    What AWS or a person must still do about the access keys that pillar plans: a list of ``what``, ``on`` (who must do
    it), ``since`` and ``do``. IAM actions: as for ``plan``.

    CLI Example:

    .. code-block:: bash

        salt-call iam_access_key.pending
    """
    found = []
    for user, wanted in __salt__["aws_backup.plan"](format="data")["keys"].items():
        try:
            found += plan(user, **wanted, region=region, profile=profile, keyid=keyid, key=key)["pending"]
        except RunbookError as error:
            found.append({"what": f"access key of {user}", "on": "you", "since": None, "do": str(error)})
    return found


def activate(name, access_key_id, region=None, profile=None, keyid=None, key=None):
    """
    Make an inactive key of the user ``name`` work again.

    access_key_id
        The key. That the user has no such key is an error.

    IAM action: ``iam:UpdateAccessKey``.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccessKey.html

    CLI Example:

    .. code-block:: bash

        salt-call iam_access_key.activate registry-backup AKIAIOSFODNN7EXAMPLE
    """
    _set_status(_session(region, profile, keyid, key), name, access_key_id, "Active")
    return True


def deactivate(name, access_key_id, region=None, profile=None, keyid=None, key=None):
    """
    Make a key of the user ``name`` stop working, until it is activated again.

    access_key_id
        The key. That the user has no such key is an error.

    IAM action: ``iam:UpdateAccessKey``.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccessKey.html

    CLI Example:

    .. code-block:: bash

        salt-call iam_access_key.deactivate registry-backup AKIAIOSFODNN7EXAMPLE
    """
    _set_status(_session(region, profile, keyid, key), name, access_key_id, "Inactive")
    return True


def _set_status(session, name, access_key_id, status):
    session.write(
        "iam",
        "update_access_key",
        f"make the access key {access_key_id} of the user {name} {status.lower()}",
        UserName=name,
        AccessKeyId=access_key_id,
        Status=status,
    )


def obstacles(name, access_key_id, delete_active=False, region=None, profile=None, keyid=None, key=None):
    """
    Why a key must not be deleted: a list of sentences, empty when nothing is in the way.

    access_key_id
        The key.
    delete_active
        ``True`` when it may be deleted although it is active: what uses it stops. Default: ``False``.

    IAM actions: ``iam:ListAccessKeys``, ``iam:GetAccessKeyLastUsed``.

    CLI Example:

    .. code-block:: bash

        salt-call iam_access_key.obstacles registry-backup AKIAIOSFODNN7EXAMPLE
    """
    session = _session(region, profile, keyid, key)
    keys = _keys(session, name, last_used=True) or []
    for entry in keys:
        if entry.id == access_key_id and entry.active and delete_active is not True:
            used = f"last used {entry.last_used:%Y-%m-%d %H:%M}" if entry.last_used else "never used"
            sentence = (
                f"The access key {access_key_id} of the user {name} is active ({used}) and is not deleted. Deactivate it "
                f"first (salt-call iam_access_key.deactivate {name} {access_key_id}), or say delete_active: True."
            )
            return [sentence]
    return []


def delete(name, access_key_id, region=None, profile=None, keyid=None, key=None):
    """
    Delete a key of the user ``name``: what uses it stops.

    access_key_id
        The key.

    IAM action: ``iam:DeleteAccessKey``.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteAccessKey.html

    CLI Example:

    .. code-block:: bash

        salt-call iam_access_key.delete registry-backup AKIAIOSFODNN7EXAMPLE
    """
    _delete(_session(region, profile, keyid, key), name, access_key_id)
    return True


def _delete(session, name, access_key_id):
    try:
        session.write(
            "iam",
            "delete_access_key",
            f"delete the access key {access_key_id} of the user {name}",
            UserName=name,
            AccessKeyId=access_key_id,
        )
    except AwsError as error:
        if error.code != "NoSuchEntity":
            raise
        log.info("The access key %s of the user %s is gone already", access_key_id, name)
