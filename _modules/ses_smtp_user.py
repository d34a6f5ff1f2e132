"""
Manage the IAM users whose access key is a user name and password for SES's SMTP interface.

https://docs.aws.amazon.com/ses/latest/dg/smtp-credentials.html

The user may send mail, and nothing else. Its key is made, stored and rotated as those of ``iam_access_key`` are; the store
gets ``smtp_username`` and ``smtp_password``, and ``smtp_host`` and ``smtp_port`` where it has a place for them:

.. code-block:: yaml

    store:
      pillar_file: /srv/pillar/private/credere.sls
      keys:
        smtp_username: smtp:username
        smtp_password: smtp:password
        smtp_host: smtp:host
        smtp_port: smtp:port

A password is for the region that it was derived for: the user's ``region``.

Every function takes ``region``, ``profile``, ``keyid`` and ``key`` last: the region of SES, and how to reach the account.
IAM actions: those of ``iam_user`` and ``iam_access_key``; ``iam:GetUserPolicy`` to read; ``iam:PutUserPolicy`` to write;
``iam:DeleteUserPolicy`` to delete.
"""

from functools import partial

from salt.utils import sdb

from aws_runbook import arguments, email_names, email_plan, policies, smtp, stores
from aws_runbook.errors import RunbookError
from aws_runbook.gpg import salt_homedir
from aws_runbook.session import SETTLE_TIMEOUT, connect
from aws_runbook.waiting import until

# The name that the console gives it.
_POLICY = "AmazonSesSendingAccess"


def _session(region, profile, keyid, key):
    return connect(__opts__, __pillar__, region=region, profile=profile, keyid=keyid, key=key)


def document(from_addresses=None):
    """
    The policy of a user that may only send, and only from ``from_addresses`` (a list) if there are any. Makes no call to
    AWS.

    CLI Example:

    .. code-block:: bash

        salt-call ses_smtp_user.document '[noreply@example.org]'
    """
    # SMTP needs this action only. https://docs.aws.amazon.com/ses/latest/dg/control-user-access.html
    statement = {"Effect": "Allow", "Action": ["ses:SendRawEmail"], "Resource": ["*"]}
    if from_addresses:
        statement["Condition"] = {"StringEquals": {"ses:FromAddress": sorted(from_addresses)}}
    return {"Version": "2012-10-17", "Statement": [statement]}


def describe(name, attributes=None, region=None, profile=None, keyid=None, key=None):
    """
    The user's ``arn``, ``policy_document`` (``None`` when it has none of ours) and ``tags``; ``None`` when there is none.

    attributes
        Only these are read. Default: all.

    CLI Example:

    .. code-block:: bash

        salt-call ses_smtp_user.describe ses-smtp
    """
    wanted = ("policy_document", "tags") if attributes is None else attributes
    connection = {"region": region, "profile": profile, "keyid": keyid, "key": key}
    user = __salt__["iam_user.describe"](name, [entry for entry in wanted if entry == "tags"], **connection)
    if user is not None and "policy_document" in wanted:
        user["policy_document"] = _document(_session(**connection), name)
    return user


def _document(session, name):
    answer = session.read(
        "iam",
        "get_user_policy",
        f"read the policy of the user {name}",
        absent=("NoSuchEntity",),
        UserName=name,
        PolicyName=_POLICY,
    )
    return answer and policies.parse(answer["PolicyDocument"])


def _wanted(name, from_addresses, tags):
    """The attributes as ``describe`` gives them, checked. The policy is always managed: it is what the user is for."""
    where = f"SMTP user {name}"
    addresses = arguments.names(where, "from_addresses", from_addresses or [])
    addresses = [email_names.check(where, "from_addresses", entry, email_names.address) for entry in addresses]
    wanted = {"policy_document": document(addresses)}
    return {**wanted, "tags": arguments.tags(where, tags)} if tags is not None else wanted


def plan(
    name,
    from_addresses=None,
    store=None,
    rotate_days=None,
    grace_days=None,
    tags=None,
    region=None,
    profile=None,
    keyid=None,
    key=None,
):
    """
    What ``ses_smtp_user.present`` would do: ``changes``, ``warnings``, ``pending``, and ``action`` and ``old`` about the
    key, as ``iam_access_key.plan`` says it.

    from_addresses
        A list of addresses: the only ones that it may send from. Default: any that the account may.
    store
        Where user name and password go: see the head of this module. Default: no key is made.
    rotate_days, grace_days
        Numbers of days, as in ``iam_access_key.plan``.
    tags
        A mapping of strings. Others of the user stay.

    IAM actions: those to read.

    CLI Example:

    .. code-block:: bash

        salt-call ses_smtp_user.plan ses-smtp store=sdb://vault/smtp
    """
    connection = {"region": region, "profile": profile, "keyid": keyid, "key": key}
    wanted = _wanted(name, from_addresses, tags)
    current = describe(name, sorted(wanted), **connection)
    changes = {} if current else {"name": {"old": None, "new": name}}
    for attribute, value in _differing(current or {}, wanted).items():
        changes[attribute] = {"old": (current or {}).get(attribute), "new": value}
    made = __salt__["iam_access_key.plan"](
        name,
        store=store,
        rotate_days=rotate_days,
        grace_days=grace_days,
        smtp_region=_session(**connection).region,
        **connection,
    )
    pending_, warnings = made["pending"], made["warnings"]
    if store is None and pending_:
        do = (
            f"the SMTP user {name} has no password, and no store is named for one: name it as "
            f"aws:ses:smtp_users:{name}:store"
        )
        pending_ = [{"what": f"password of the SMTP user {name}", "on": "you", "since": None, "do": do}]
        warnings = [f"Waiting: {do}."]
    return {**made, "changes": {**changes, **made["changes"]}, "warnings": warnings, "pending": pending_}


def _differing(current, wanted):
    found = {}
    known = current.get("policy_document")
    if not known or not policies.equal(known, wanted["policy_document"]):
        found["policy_document"] = wanted["policy_document"]
    if "tags" in wanted:
        target = {**current.get("tags", {}), **wanted["tags"]}  # others of the user stay
        if target != current.get("tags", {}):
            found["tags"] = target
    return found


def apply(
    name,
    from_addresses=None,
    store=None,
    rotate_days=None,
    grace_days=None,
    tags=None,
    region=None,
    profile=None,
    keyid=None,
    key=None,
):
    """
    Do what ``plan`` says, with the same arguments.

    from_addresses, store, rotate_days, grace_days, tags
        As in ``plan``. A store that cannot be written to is an error, and then no key is left behind.

    IAM actions: those to write. https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html

    CLI Example:

    .. code-block:: bash

        salt-call ses_smtp_user.apply ses-smtp store=sdb://vault/smtp
    """
    connection = {"region": region, "profile": profile, "keyid": keyid, "key": key}
    session = _session(**connection)
    wanted = _wanted(name, from_addresses, tags)
    current = describe(name, sorted(wanted), **connection)
    if current is None:
        _create(session, name, connection)
    found = _differing(current or {}, wanted)
    if "policy_document" in found:
        session.write(
            "iam",
            "put_user_policy",
            f"let the user {name} send mail",
            UserName=name,
            PolicyName=_POLICY,
            PolicyDocument=policies.dumps(found["policy_document"]),
        )
    if "tags" in found:
        __salt__["iam_user.update"](name, tags=found["tags"], **connection)
    made = {"store": store, "smtp_region": session.region}
    planned = __salt__["iam_access_key.plan"](
        name, rotate_days=rotate_days, grace_days=grace_days, **made, **connection
    )
    if planned["action"]:
        __salt__["iam_access_key.apply"](name, planned["action"], old=planned["old"], **made, **connection)
    return True


def _create(session, name, connection):
    __salt__["iam_user.create"](name, **connection)

    def there():
        return describe(name, [], **connection)

    if not until(there, what=f"AWS to show the user {name}", timeout=SETTLE_TIMEOUT):
        raise RunbookError(
            f"The user {name} was created in {session.region}, but AWS does not show it yet; run this again."
        )


def password(name, reveal=False, store=None, region=None, profile=None, keyid=None, key=None):
    """
    Where the SMTP user name and password of a user are kept. The password itself only with ``reveal=True``.

    reveal
        ``True`` to print the user name, password, host and port: on a terminal that nobody looks at. A master keeps what
        minions answer in its job cache, so this is for ``salt-call --local`` only.
    store
        Default: what pillar says for that user.

    CLI Example:

    .. code-block:: bash

        salt-call --local ses_smtp_user.password ses-smtp reveal=True
    """
    session = _session(region, profile, keyid, key)
    settings = email_plan.plan(__pillar__)["smtp_users"].get(name, {})
    description = store if store is not None else settings.get("store")
    if description is None:
        raise RunbookError(f"No store is named for the SMTP user {name}: name it as aws:ses:smtp_users:{name}:store.")
    place = stores.make(
        description,
        sdb_get=partial(sdb.sdb_get, opts=__opts__),
        sdb_set=partial(sdb.sdb_set, opts=__opts__),
        gpg_homedir=salt_homedir(__opts__),
    )
    if reveal is not True:
        there = "is" if place.holds("smtp_password") else "is not yet"
        return f"The SMTP password of {name} {there} in {place.describe()}. To print it: reveal=True."
    values = place.read(["smtp_username", "smtp_password"])
    if not all(values.values()):
        raise RunbookError(f"The SMTP password of {name} cannot be read from {place.describe()}.")
    return {
        **{value: secret.reveal() for value, secret in values.items()},
        "smtp_host": smtp.host(region or settings.get("region") or session.region),
        "smtp_port": smtp.PORT,
    }


def pending(region=None, profile=None, keyid=None, key=None):
    """
    What AWS or a person must still do about the SMTP users in pillar: a list of ``what``, ``on``, ``since`` and ``do``.

    CLI Example:

    .. code-block:: bash

        salt-call ses_smtp_user.pending
    """
    entries = email_plan.plan(__pillar__)["smtp_users"]
    return email_plan.pending(entries, plan, "SMTP user", region, profile=profile, keyid=keyid, key=key)


def obstacles(name, delete_access_keys=False, region=None, profile=None, keyid=None, key=None):
    """
    Why an SMTP user must not be deleted: a list of sentences, empty when nothing is in the way.

    delete_access_keys
        ``True`` when its access keys may be deleted with it: what sends with them stops.

    CLI Example:

    .. code-block:: bash

        salt-call ses_smtp_user.obstacles ses-smtp
    """
    connection = {"region": region, "profile": profile, "keyid": keyid, "key": key}
    found = __salt__["iam_user.obstacles"](name, delete_access_keys=delete_access_keys, **connection)
    own = f"The user {name} has the inline policy {_POLICY}, made by hand: delete that first."
    return [sentence for sentence in found if sentence != own]


def delete(name, delete_access_keys=False, region=None, profile=None, keyid=None, key=None):
    """
    Delete an SMTP user. AWS refuses while it has anything else.

    delete_access_keys
        ``True`` to delete its access keys first.

    CLI Example:

    .. code-block:: bash

        salt-call ses_smtp_user.delete ses-smtp
    """
    connection = {"region": region, "profile": profile, "keyid": keyid, "key": key}
    refusals = obstacles(name, delete_access_keys, **connection)
    if refusals:
        raise RunbookError("\n".join(refusals))
    session = _session(**connection)
    session.write(
        "iam",
        "delete_user_policy",
        f"delete the policy of the user {name}",
        absent=("NoSuchEntity",),
        UserName=name,
        PolicyName=_POLICY,
    )
    __salt__["iam_user.delete"](name, delete_access_keys=delete_access_keys, **connection)
    return True
