"""
Manage the IAM users whose access key is a user name and password for SES's SMTP interface.

https://docs.aws.amazon.com/ses/latest/dg/smtp-credentials.html

The user may send mail, and nothing else. Its key is created, stored and rotated in the same way as by ``iam_access_key``. The
store gets ``smtp_username`` and ``smtp_password``, and ``smtp_host`` and ``smtp_port`` if it has a place for them:

.. code-block:: yaml

    store:
      pillar_file: /srv/pillar/private/credere.sls
      keys:
        smtp_username: smtp:username
        smtp_password: smtp:password
        smtp_host: smtp:host
        smtp_port: smtp:port

A password is only valid in the region for which it was derived: the user's ``region``.

Every function takes ``region``, ``profile``, ``keyid`` and ``key`` as its last arguments: the region of SES, and how to reach the account.
IAM actions: those of ``iam_user`` and ``iam_access_key``; ``iam:GetUserPolicy`` to read; ``iam:PutUserPolicy`` to write;
``iam:DeleteUserPolicy`` to delete.
"""

from aws_runbook.aws import tags as tagging
from aws_runbook.dns import names as email_names
from aws_runbook.errors import RunbookError
from aws_runbook.iam import attachments as iam
from aws_runbook.iam import policies
from aws_runbook.kinds import arguments
from aws_runbook.kinds import pending_entries as pending_of
from aws_runbook.kinds.connected import connected
from aws_runbook.kinds.kind import Kind
from aws_runbook.mail import plan as email_plan
from aws_runbook.mail import smtp
from aws_runbook.run.waiting import SETTLE_TIMEOUT, until
from aws_runbook.stores import minion

KIND = Kind(name="ses_smtp_user", subject="SMTP user", what="SMTP user")


def document(from_addresses=None):
    """
    Return the policy of a user that may only send. Makes no call to AWS.

    from_addresses
        A list of the only addresses that it may send from. Default: any.

    CLI Example:

    .. code-block:: bash

        salt-call ses_smtp_user.document '[noreply@example.org]'
    """
    if from_addresses is not None:
        arguments.texts("ses_smtp_user.document", "from_addresses", from_addresses)
    return smtp.document(from_addresses)


@connected
def describe(session, name, attributes=None):
    """
    Return the user's ``arn``, ``policy_document`` (``None`` without a policy of ours) and ``tags``; ``None`` if it does not exist.

    attributes
        A list of names of the attributes to return. Default: all.

    IAM actions: those of ``iam_user.describe``, and ``iam:GetUserPolicy``.

    CLI Example:

    .. code-block:: bash

        salt-call ses_smtp_user.describe ses-smtp
    """
    wanted = ("policy_document", "tags") if attributes is None else attributes
    connection = session.given
    user = __salt__["iam_user.describe"](name, [entry for entry in wanted if entry == "tags"], **connection)
    if user is not None and "policy_document" in wanted:
        user["policy_document"] = _document(session, name)
    return user


def _document(session, name):
    answer = session.read(
        "iam",
        "get_user_policy",
        f"read the policy of the user {name}",
        absent=("NoSuchEntity",),
        UserName=name,
        PolicyName=smtp.POLICY,
    )
    return answer and policies.parse(answer["PolicyDocument"])


def _wanted(name, from_addresses, tags):
    """Check the attributes, and return them as ``describe`` does. The policy is always managed."""
    where = f"SMTP user {name}"
    addresses = arguments.names(where, "from_addresses", from_addresses or [])
    addresses = [email_names.check(where, "from_addresses", entry, email_names.address) for entry in addresses]
    wanted = {"policy_document": document(addresses)}
    return {**wanted, "tags": arguments.tags(where, tags, tagging.USER)} if tags is not None else wanted


@connected
def plan(session, name, from_addresses=None, store=None, rotate_days=None, grace_days=None, tags=None):
    """
    Return what the state would do for an SMTP user.

    Returns what ``ses_smtp_user.present`` would do: ``changes``, ``warnings``, ``pending``, ``losses`` (sentences about permissions
    that the user loses), and ``action`` and ``old`` for the key, as in ``iam_access_key.plan``.

    from_addresses
        A list of the only addresses that it may send from. Default: any address of the account.
    store
        Where user name and password are stored: see the top of this module. Default: no key is created.
    rotate_days, grace_days
        Numbers of days, as in ``iam_access_key.plan``.
    tags
        A mapping of strings. Other tags are kept.

    IAM actions: those to read.

    CLI Example:

    .. code-block:: bash

        salt-call ses_smtp_user.plan ses-smtp store=sdb://vault/smtp
    """
    connection = session.given
    wanted = _wanted(name, from_addresses, tags)
    current = describe.on(session, name, sorted(wanted))
    iam.check_name(session, "user", name, current)
    changes = {} if current else {"name": {"old": None, "new": name}}
    for attribute, value in _differing(current or {}, wanted).items():
        changes[attribute] = {"old": (current or {}).get(attribute), "new": value}
    made = __salt__["iam_access_key.plan"](
        name,
        store=store,
        rotate_days=rotate_days,
        grace_days=grace_days,
        smtp_region=session.region,
        **connection,
    )
    pending_, warnings = made["pending"], made["warnings"]
    if store is None and pending_:
        do = f"the SMTP user {name} has no password, because it has no store: set aws:ses:smtp_users:{name}:store"
        pending_ = [{"what": f"password of the SMTP user {name}", "on": "you", "since": None, "do": do}]
        warnings = [f"Waiting: {do}."]
    losses = smtp.losses(name, (current or {}).get("policy_document"), wanted["policy_document"])
    changes |= made["changes"]
    return {**made, "changes": changes, "warnings": warnings, "pending": pending_, "losses": losses}


def _differing(current, wanted):
    found = {}
    known = current.get("policy_document")
    if not known or not policies.equal(known, wanted["policy_document"]):
        found["policy_document"] = wanted["policy_document"]
    if "tags" in wanted:
        target = tagging.USER.target(wanted["tags"], current.get("tags", {}), purge=False)
        if target != current.get("tags", {}):
            found["tags"] = target
    return found


@connected
def apply(session, name, from_addresses=None, store=None, rotate_days=None, grace_days=None, tags=None):
    """
    Carry out what ``plan`` returns for the same arguments.

    from_addresses, store, rotate_days, grace_days, tags
        As in ``plan``. A store that cannot be written is an error, and no key is left behind.

    IAM actions: those to write. https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html

    CLI Example:

    .. code-block:: bash

        salt-call ses_smtp_user.apply ses-smtp store=sdb://vault/smtp
    """
    connection = session.given
    _write(session, name, _wanted(name, from_addresses, tags))
    made = {"store": store, "smtp_region": session.region}
    planned = __salt__["iam_access_key.plan"](
        name, rotate_days=rotate_days, grace_days=grace_days, **made, **connection
    )
    if planned["action"]:
        __salt__["iam_access_key.apply"](name, planned["action"], old=planned["old"], **made, **connection)
    return True


def _write(session, name, wanted):
    """Create the user, or write the ``wanted`` attributes."""
    current = describe.on(session, name, sorted(wanted))
    if current is None:
        _create(session, name)
    found = _differing(current or {}, wanted)
    if "policy_document" in found:
        session.write(
            "iam",
            "put_user_policy",
            f"let the user {name} send mail",
            UserName=name,
            PolicyName=smtp.POLICY,
            PolicyDocument=policies.dumps(found["policy_document"]),
        )
    if "tags" in found:
        __salt__["iam_user.update"](name, tags=found["tags"], **session.given)


def _create(session, name):
    __salt__["iam_user.create"](name, **session.given)

    def there():
        return describe.on(session, name, [])

    if not until(there, what=f"AWS to show the user {name}", timeout=SETTLE_TIMEOUT):
        raise RunbookError(
            f"The user {name} was created in {session.region}, but AWS does not show it yet; run this again."
        )


@connected
def password(session, name, reveal=False, store=None):
    """
    Return where a user's SMTP user name and password are stored, or with ``reveal=True`` the password itself.

    reveal
        ``True`` to print the user name, password, host and port, on a private terminal. A master keeps
        the answers of minions in its job cache, so that this is for ``salt-call --local`` only.
    store
        Default: the user's setting in pillar.

    No IAM action is needed: the password is read from the store.

    CLI Example:

    .. code-block:: bash

        salt-call --local ses_smtp_user.password ses-smtp reveal=True
    """
    settings = email_plan.plan(__pillar__)["smtp_users"].get(name, {})
    description = store if store is not None else settings.get("store")
    if description is None:
        raise RunbookError(f"The SMTP user {name} has no store: set aws:ses:smtp_users:{name}:store.")
    place = minion.make(description, __opts__)
    if reveal is not True:
        there = "is" if place.holds("smtp_password") else "is not yet"
        return f"The SMTP password of {name} {there} in {place.describe()}. To print it: reveal=True."
    values = place.read(["smtp_username", "smtp_password"])
    if not all(values.values()):
        raise RunbookError(f"The SMTP password of {name} cannot be read from {place.describe()}.")
    return {
        **{value: secret.reveal() for value, secret in values.items()},
        "smtp_host": smtp.host(session.given["region"] or settings.get("region") or session.region),
        "smtp_port": smtp.PORT,
    }


@connected
def pending(session):
    """
    List what AWS or a person must still do for the SMTP users in pillar: ``what``, ``on``, ``since`` and ``do``.

    IAM actions: those of ``plan``.

    CLI Example:

    .. code-block:: bash

        salt-call ses_smtp_user.pending
    """
    entries = email_plan.plan(__pillar__)["smtp_users"]
    return pending_of.of_planned(session, entries, plan.on, "SMTP user")


@connected
def obstacles(session, name, delete_access_keys=False):
    """
    List the reasons why an SMTP user must not be deleted, one sentence each; empty when there are none.

    delete_access_keys
        ``True`` to allow the deletion of its access keys: their clients can no longer send.

    IAM actions: those of ``iam_user.obstacles``.

    CLI Example:

    .. code-block:: bash

        salt-call ses_smtp_user.obstacles ses-smtp
    """
    connection = session.given
    found = __salt__["iam_user.obstacles"](name, delete_access_keys=delete_access_keys, **connection)
    own = f"The user {name} has the inline policy {smtp.POLICY}, which is not managed here: delete it first."
    return [sentence for sentence in found if sentence != own]


@connected
def delete(session, name, delete_access_keys=False):
    """
    Delete an SMTP user. AWS refuses while it has anything else.

    delete_access_keys
        ``True`` to delete its access keys first.

    IAM actions: those of ``iam_user.delete``, and ``iam:DeleteUserPolicy``.

    CLI Example:

    .. code-block:: bash

        salt-call ses_smtp_user.delete ses-smtp
    """
    connection = session.given
    refusals = obstacles.on(session, name, delete_access_keys)
    if refusals:
        raise RunbookError("\n".join(refusals))

    session.write(
        "iam",
        "delete_user_policy",
        f"delete the policy of the user {name}",
        absent=("NoSuchEntity",),
        UserName=name,
        PolicyName=smtp.POLICY,
    )
    __salt__["iam_user.delete"](name, delete_access_keys=delete_access_keys, **connection)
    return True
