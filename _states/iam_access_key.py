"""
Manage the access keys of IAM users.

.. code-block:: yaml

    aws-key-registry-backup:
      iam_access_key.present:
        - name: registry-backup
        - store:
            pillar_file: /srv/pillar/private/registry.sls
            keys: {access_key: aws:access_key, secret_key: aws:secret_key}
        - rotate_days: 365
"""

from functools import partial

from aws_runbook.errors import RunbookError
from aws_runbook.kinds import arguments, converge
from aws_runbook.run.prefetch import Role

ROLE = Role(read_ahead=True, batched=("present",))


def present(name, store=None, rotate_days=None, grace_days=None, region=None, profile=None, keyid=None, key=None):
    """
    Ensure that a user has an access key, and that its id and its secret are in ``store``.

    A key is created only when the user has none. A key of the user that is not in the store is an error that says how to
    rotate: its secret is lost, or only another person has it.

    name
        The user.
    store
        Where a new key is stored: ``sdb://…``, a file of private pillar, the same encrypted for Salt's GPG renderer, or a
        list of these (see ``salt-call sys.doc iam_access_key``). Without a store no key is created, and a warning says so.
    rotate_days
        Replace the key when it is this many days old. Default: never.
    grace_days
        For how many days the old key stays active, unless AWS shows earlier that the new one is used; and for how many more it
        stays inactive before it is deleted. Default: 7.
    region, profile, keyid, key
        The connection to the account.
    """
    salt = converge.Salt(globals())
    connection = {"region": region, "profile": profile, "keyid": keyid, "key": key}

    def apply(planned):
        salt.call("iam_access_key.apply", name, planned["action"], old=planned["old"], store=store, **connection)

    plan = partial(
        salt.call,
        "iam_access_key.plan",
        name,
        store=store,
        rotate_days=rotate_days,
        grace_days=grace_days,
        **connection,
    )
    return converge.converge(
        name,
        f"Access key of {name}",
        plan,
        apply,
        salt,
        ahead=partial(salt.call, "iam_access_key.ids", name, **connection),
        store=salt.store(store),
    )


def absent(name, access_key_id, delete_active=False, region=None, profile=None, keyid=None, key=None):
    """
    Ensure that a user does not have a given access key.

    name
        The user.
    access_key_id
        The id of the key. The state fails while the key is active.
    delete_active
        ``True`` to delete an active key: clients that use it stop working.
    region, profile, keyid, key
        The connection to the account.
    """
    salt = converge.Salt(globals())
    connection = {"region": region, "profile": profile, "keyid": keyid, "key": key}
    subject = f"Access key {access_key_id} of {name}"

    def plan():
        if not arguments.is_text(access_key_id) or not access_key_id.strip():
            raise RunbookError(f"{subject}: access_key_id is {access_key_id!r}; give the id of an access key.")
        arguments.flag(subject, "delete_active", delete_active)
        keys = salt.call("iam_access_key.describe", name, **connection) or []
        if access_key_id not in [entry["access_key_id"] for entry in keys]:
            return {"changes": {}}
        converge.refuse(
            salt.call("iam_access_key.obstacles", name, access_key_id, delete_active=delete_active, **connection)
        )
        return {"changes": {"name": {"old": access_key_id, "new": None}}}

    def apply(_planned):
        salt.call("iam_access_key.delete", name, access_key_id, **connection)

    return converge.converge(name, subject, plan, apply, salt)
