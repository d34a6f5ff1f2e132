"""
Manage user names and passwords for SES's SMTP interface.

.. code-block:: yaml

    aws-smtp-user-ses-smtp:
      ses_smtp_user.present:
        - name: ses-smtp
        - from_addresses: [noreply@example.org]
        - store:
            pillar_file: /srv/pillar/private/credere.sls
            keys: {smtp_username: smtp:username, smtp_password: smtp:password}
"""

from aws_runbook.iam import policy_diff
from aws_runbook.kinds import converge, states
from aws_runbook.run.prefetch import Role

# Its plan uses the store.
ROLE = Role(read_ahead=False)


def present(
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
    Ensure that an IAM user exists that may only send mail, and that its SMTP user name and password are in ``store``.

    name
        The user.
    from_addresses
        A list of the addresses that it may send from. Default: all of the account's identities.
    store
        Where the user name (``smtp_username``), the password (``smtp_password``), ``smtp_host`` and ``smtp_port`` are stored. Without a
        store no key is created, and a warning says so.
    rotate_days, grace_days
        As in ``iam_access_key.present``.
    tags
        A mapping. The user's other tags are kept.
    region, profile, keyid, key
        The region of SES for which the password is valid, and the connection to the account.
    """
    given, salt, documents = locals(), converge.Salt(globals()), {"policy_document": policy_diff.change}
    return states.planned("ses_smtp_user", given, salt, subject=f"SMTP user {name}", documents=documents)


def absent(name, delete_access_keys=False, region=None, profile=None, keyid=None, key=None):
    """
    Ensure that an SMTP user does not exist.

    name
        The user. The state fails while the user has access keys.
    delete_access_keys
        ``True`` to delete its access keys too: clients that send with them stop working.
    region, profile, keyid, key
        The connection to the account.
    """
    return states.absent("ses_smtp_user", locals(), converge.Salt(globals()))
