"""
Manage what SES keeps for the account as a whole.

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

# SES answers once a second, however many ask.
ROLE = Role(read_ahead=False)


def configured(name, suppression=None, production_access=None, region=None, profile=None, keyid=None, key=None):
    """
    Ensure that SES suppresses whom it should, and that production access has been asked for. What is left at ``None`` is
    not managed.

    While AWS reviews the request, that is a warning. A request that AWS denied is an error, and is not made again.

    name
        Any.
    suppression
        A list of ``BOUNCE`` and ``COMPLAINT``: addresses that did either get no more mail. ``[]`` turns the list off, which
        can hurt the account's reputation.
    production_access
        A mapping of ``website_url``, ``mail_type`` (``MARKETING`` or ``TRANSACTIONAL``) and ``use_case``, and if you like
        ``contact_language`` and ``additional_contacts``: what AWS is told.
    region, profile, keyid, key
        The region of SES, and how to reach the account.
    """
    return states.planned("ses_account", locals(), converge.Salt(globals()), subject="SES account")
