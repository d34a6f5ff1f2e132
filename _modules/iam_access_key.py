"""
Manage the access keys of IAM users: create, store and rotate them. They are never shown.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html

A *store* keeps the two halves of a new key, because AWS shows the secret only once (see the page on stores):

.. code-block:: yaml

    store: sdb://vault/aws/registry
    store:
      pillar_file: /srv/pillar/private/registry.sls
      keys: {access_key: aws:access_key, secret_key: aws:secret_key}
    store:
      pillar_file: /srv/pillar/private/registry.sls
      keys: {access_key: aws:access_key, secret_key: aws:secret_key}
      gpg: {recipients: [ops@example.org]}

No function returns, logs or prints a secret. Every function takes ``region``, ``profile``, ``keyid`` and ``key`` as its
last arguments: how to reach the account. A key id that is in a store already is looked up first: a key of another user
or account is never overwritten.

IAM actions: ``iam:ListAccessKeys``, ``iam:GetAccessKeyLastUsed`` and ``iam:GetUser`` to read, ``sts:GetAccessKeyInfo``,
``iam:ListUsers`` and ``iam:GetAccountSummary`` where a key in a store is no longer found in AWS;
``iam:CreateAccessKey``, ``iam:UpdateAccessKey``, ``iam:DeleteAccessKey`` and ``iam:TagUser`` to write.
"""

from functools import partial

from aws_runbook import clock, salt_commands
from aws_runbook.access_keys import creation, inventory, rotation_notes, user_keys
from aws_runbook.access_keys import rotation as access_keys
from aws_runbook.errors import AwsError, RunbookError, UnreachableError
from aws_runbook.kinds import arguments
from aws_runbook.kinds.connected import connected
from aws_runbook.kinds.pending_entries import entries
from aws_runbook.mail import plan as email_plan
from aws_runbook.mail.smtp import SmtpStore
from aws_runbook.run import cache as run_cache
from aws_runbook.stores import minion

# Arguments that take texts.
TEXTS = ("access_key_id", "old", "smtp_region")


def _store(description, smtp_region=None):
    return None if description is None else _place(description, smtp_region)


def _place(description, smtp_region):
    place = minion.make(description, __opts__)
    return SmtpStore(place, smtp_region) if smtp_region else place


@connected
def describe(session, name):
    """
    List the access keys of a user.

    Returns a list of ``access_key_id``, ``status``, ``create_date`` and ``last_used_date`` (``None`` if never used) for the
    user ``name``; ``None`` if the user does not exist. Dates are strings in ISO 8601.

    AWS records the use of a key with a delay. IAM actions: ``iam:ListAccessKeys``, ``iam:GetAccessKeyLastUsed``.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html

    CLI Example:

    .. code-block:: bash

        salt-call iam_access_key.describe registry-backup
    """
    found = user_keys.listed(session, name)
    return found and [
        {
            "access_key_id": entry.id,
            "status": "Active" if entry.active else "Inactive",
            "create_date": entry.created.isoformat(),
            "last_used_date": entry.last_used and entry.last_used.isoformat(),
        }
        for entry in user_keys.with_last_use(session, found)
    ]


@connected
def ids(session, name):
    """
    Return the ids of the access keys of the user ``name``, oldest first; ``None`` if the user does not exist.

    IAM action: ``iam:ListAccessKeys``. https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccessKeys.html

    CLI Example:

    .. code-block:: bash

        salt-call iam_access_key.ids registry-backup
    """
    found = user_keys.listed(session, name)
    return found and [entry.id for entry in found]


@connected
def plan(session, name, store=None, rotate_days=None, grace_days=None, smtp_region=None):
    """
    Return what the state would do next for the access key of a user.

    Returns what ``iam_access_key.present`` would do next for the user ``name``: ``action`` (``create``, ``rotate``,
    ``deactivate``, ``delete``, ``clean`` or ``None``), ``old`` (the key that the action applies to), ``changes``,
    ``warnings`` and ``pending``.

    A situation that only a person can decide (a key that is in no store, a user with two keys, another user's key in the
    store) is an error that says what to do. If a key is going to be stored, the store is checked.
    Nothing is written. A key that seems to be stored partly is checked again when no other run holds the store's lock.

    store
        Where the key is stored: ``sdb://…``, or a mapping of ``pillar_file`` and ``keys``, with ``gpg`` to encrypt it;
        or a list of these. See the page on stores. Without a store no key is created, and a warning says so.
    rotate_days
        A whole number of days: an older key is replaced. Default: never.
    grace_days
        A whole number of days: how long the old key stays active while the new one is not seen in use, and how long it
        is kept after that. Default: 7.
    smtp_region
        Set this for a key for SES's SMTP interface in this region: its store gets a user name and a password.

    IAM actions: ``iam:ListAccessKeys``, ``iam:GetAccessKeyLastUsed``, ``iam:GetUser``, ``sts:GetAccessKeyInfo``,
    ``iam:ListUsers``, ``iam:GetAccountSummary``. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html

    CLI Example:

    .. code-block:: bash

        salt-call iam_access_key.plan registry-backup store=sdb://vault/aws/registry
    """
    arguments.days(f"access key of {name}", "rotate_days", rotate_days)
    arguments.days(f"access key of {name}", "grace_days", grace_days)
    place = _store(store, smtp_region)
    commands = access_keys.Commands(name, session.command, partial(_rotate_with, name, store, smtp_region))
    decide = partial(
        access_keys.decide,
        name,
        rotate_days=rotate_days,
        grace_days=access_keys.GRACE_DAYS if grace_days is None else grace_days,
        commands=commands,
    )
    kinds = partial(_kinds, name, smtp_region)
    try:
        decision = decide(*inventory.found(session, name, place, kinds), clock.now())
    except (AwsError, UnreachableError):
        raise
    except RunbookError:
        found = inventory.after_others(session, name, place, kinds, test=bool(__opts__.get("test")))
        creation.refuse_while_busy(session, name, found)
        decision = decide(*found, clock.now())
    if place is not None and decision.action in ("create", "rotate"):
        place.check(user_keys.HALVES, write=False)
    elif isinstance(place, SmtpStore) and (elsewhere := place.other_region()):
        raise RunbookError(
            f"The SMTP password of {name} in {place.describe()} is one for {elsewhere}, as the smtp_host beside it says; SES in {smtp_region} "
            f"refuses it. {commands.rotate()}"
        )
    return {
        "action": decision.action,
        "old": decision.old,
        "changes": decision.changes,
        "warnings": list(decision.warnings),
        "pending": list(decision.pending),
    }


def _kinds(name, smtp_region):
    """Return the kinds of backup that a user makes; ``[]`` for an SES user, ``None`` if pillar does not say."""
    if smtp_region:
        return []
    try:
        rows = __salt__["aws_backup.plan"](format="data")["rows"]
    except RunbookError:
        return None
    return sorted({row["kind"] for row in rows if row["user"] == name}) or None


@connected
def apply(session, name, action, old=None, store=None, smtp_region=None):
    """
    Carry out a plan: ``action`` with the key ``old``.

    action
        ``create``, ``rotate``, ``deactivate``, ``delete``, or ``clean``: delete the key that a killed run left. ``create``
        and ``rotate`` also clean first.
    old
        The id of the key that is rotated, deactivated or deleted.
    store
        Where the key is stored: ``sdb://…``, or a mapping of ``pillar_file`` and ``keys``, with ``gpg`` to encrypt it;
        or a list of these. See the page on stores.
    smtp_region
        Set this for a key for SES's SMTP interface in this region: its store gets a user name and a password.

    The store is tested before the key is created. If it then cannot be written, the key is deleted again, and that is an
    error. IAM actions: those of ``plan``, ``iam:CreateAccessKey``, ``iam:UpdateAccessKey``, ``iam:DeleteAccessKey``,
    ``iam:TagUser``.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html

    CLI Example:

    .. code-block:: bash

        salt-call iam_access_key.apply registry-backup create store=sdb://vault/aws/registry
    """
    if action in ("create", "rotate", "clean"):
        place = _place(store, smtp_region)
        read_alone = place.is_alone
        with place.alone():
            if not read_alone:
                run_cache.forget()  # drop what was read before this run got the lock
            creation.wait_for_turn(session, name)
            found = inventory.found(session, name, place, partial(_kinds, name, smtp_region))
            if found.lost:
                creation.forget(session, name, found.lost)
            if action == "clean" or len(found.keys) > (1 if action == "rotate" else 0):
                return True  # another run has done it in the meantime
            if action == "rotate":
                rotation_notes.write(session, name, old)
            creation.make(session, name, place)
    elif action == "deactivate":
        rotation_notes.retire(session, name, old)
    elif action == "delete":
        user_keys.delete(session, name, old)
    else:
        raise RunbookError(f"action is {action!r}; allowed are create, rotate, deactivate, delete, clean.")
    return True


@connected
def rotate(session, name, store=None, smtp_region=None):
    """
    Replace the access key of a user by a new one.

    Creates a new access key for the user ``name`` and puts it into its store. The old key keeps working until
    ``state.apply aws.account`` retires it. Use this for a key whose secret is lost or has been exposed.

    store
        Where the key is stored. Default: the user's setting in pillar.
    smtp_region
        The key is for SES's SMTP interface in this region. Default: the user's setting in pillar.

    A user with two keys is an error, because AWS allows two. IAM actions: as for ``apply``.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id-credentials-access-keys-update.html

    CLI Example:

    .. code-block:: bash

        salt-call iam_access_key.rotate registry-backup
    """
    planned = _planned(name)
    smtp_region = smtp_region or planned.get("smtp_region")
    place = _store(planned.get("store") if store is None else store, smtp_region)
    if place is None:
        raise RunbookError(
            f"The user {name} has no store: set aws:backup:store in the server's pillar, or aws:ses:smtp_users:{name}:store."
        )
    with place.alone():
        if user_keys.listed(session, name) is None:
            raise RunbookError(f"There is no user {name} yet: {salt_commands.apply()} creates it and its key.")
        creation.wait_for_turn(session, name)
        found = inventory.found(session, name, place, partial(_kinds, name, smtp_region))
        if found.lost:
            creation.forget(session, name, found.lost)
        old = access_keys.begin_rotation(name, found.keys, access_keys.Commands(name, session.command))
        place.check(user_keys.HALVES)
        if old:
            rotation_notes.write(session, name, old)
        creation.make(session, name, place)
    return f"The user {name} has a new access key, in {place.describe()}."


def _planned(name):
    """Return the settings of a user's key in pillar."""
    smtp = email_plan.plan(__pillar__)["smtp_users"].get(name)
    if smtp:
        return {"store": smtp.get("store"), "smtp_region": smtp["region"]}
    return __salt__["aws_backup.plan"](format="data")["keys"].get(name, {})


def _rotate_with(name, store, smtp_region):
    """Return the arguments that ``rotate`` needs because pillar does not give the same values."""
    try:
        planned = _planned(name)
    except RunbookError:  # errors in pillar are reported elsewhere
        planned = {}
    given = {"store": store, "smtp_region": smtp_region}
    return {argument: value for argument, value in given.items() if value != planned.get(argument)}


@connected
def pending(session):
    """
    List what AWS or a person must still do for access keys.

    Returns a list of ``what``, ``on`` (who must act), ``since`` and ``do`` for the access keys in pillar.
    Nothing is written. IAM actions: as for ``plan``.

    CLI Example:

    .. code-block:: bash

        salt-call iam_access_key.pending
    """
    found = []
    for user, wanted in __salt__["aws_backup.plan"](format="data")["keys"].items():
        found += entries(f"access key of {user}", _pending_of, session, user, wanted)
    return found


def _pending_of(session, user, wanted):
    return plan.on(session, user, **wanted)["pending"]


@connected
def activate(session, name, access_key_id):
    """
    Activate an inactive key of the user ``name``.

    access_key_id
        The key. A missing key is an error.

    IAM action: ``iam:UpdateAccessKey``.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccessKey.html

    CLI Example:

    .. code-block:: bash

        salt-call iam_access_key.activate registry-backup AKIAIOSFODNN7EXAMPLE
    """
    rotation_notes.set_status(session, name, access_key_id, "Active")
    return True


@connected
def deactivate(session, name, access_key_id):
    """
    Deactivate a key of the user ``name``. It does not work until it is activated again.

    access_key_id
        The key. A missing key is an error.

    IAM action: ``iam:UpdateAccessKey``.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccessKey.html

    CLI Example:

    .. code-block:: bash

        salt-call iam_access_key.deactivate registry-backup AKIAIOSFODNN7EXAMPLE
    """
    rotation_notes.set_status(session, name, access_key_id, "Inactive")
    return True


@connected
def obstacles(session, name, access_key_id, delete_active=False):
    """
    List the reasons why a key must not be deleted, one sentence each; empty when there are none.

    access_key_id
        The key.
    delete_active
        ``True`` to allow the deletion of an active key: its clients stop working. Default: ``False``.

    IAM actions: ``iam:ListAccessKeys``, ``iam:GetAccessKeyLastUsed``.

    CLI Example:

    .. code-block:: bash

        salt-call iam_access_key.obstacles registry-backup AKIAIOSFODNN7EXAMPLE
    """
    for entry in user_keys.with_last_use(session, user_keys.listed(session, name) or []):
        if entry.id == access_key_id and entry.active and delete_active is not True:
            used = f"last used {entry.last_used:%Y-%m-%d %H:%M}" if entry.last_used else "never used"
            sentence = (
                f"The access key {access_key_id} of the user {name} is active ({used}) and is not deleted. Deactivate it first "
                f"({session.command('iam_access_key.deactivate', name=name, access_key_id=access_key_id)}), or set delete_active: True."
            )
            return [sentence]
    return []


@connected
def delete(session, name, access_key_id):
    """
    Delete a key of the user ``name``. Its clients stop working.

    access_key_id
        The key.

    IAM action: ``iam:DeleteAccessKey``.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteAccessKey.html

    CLI Example:

    .. code-block:: bash

        salt-call iam_access_key.delete registry-backup AKIAIOSFODNN7EXAMPLE
    """
    user_keys.delete(session, name, access_key_id)
    return True
