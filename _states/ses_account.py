"""
Manage SES's settings of the account.

.. code-block:: yaml

    aws-ses-account:
      ses_account.configured:
        - suppression: [BOUNCE, COMPLAINT]
        - production_access:
            website_url: https://www.example.org
            mail_type: TRANSACTIONAL
            use_case: Password resets and notices to people who asked for them.
"""

from aws_runbook.kinds import converge, states
from aws_runbook.run.prefetch import Role

# SES accepts about one call a second, so reading in parallel gains nothing.
ROLE = Role(read_ahead=False)


def configured(name, suppression=None, production_access=None, region=None, profile=None, keyid=None, key=None):
    """
    Ensure that the account in SES is configured.

    Ensure that SES's suppression list is configured, and that production access has been requested. Arguments left at
    ``None`` are not managed.

    A request that AWS is reviewing is a warning. A denied request is an error, and is not repeated.

    name
        Any text.
    suppression
        A list of ``BOUNCE`` and ``COMPLAINT``: the reasons for which SES adds an address to the suppression list. ``[]`` turns the list
        off, which can harm the account's reputation.
    production_access
        The request to AWS: a mapping of ``website_url``, ``mail_type`` (``MARKETING`` or ``TRANSACTIONAL``) and ``use_case``, and
        optionally ``contact_language`` and ``additional_contacts``.
    region, profile, keyid, key
        The region of SES, and the connection to the account.
    """
    return states.planned("ses_account", locals(), converge.Salt(globals()), subject="SES account")
