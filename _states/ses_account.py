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

from aws_runbook import converge

__instance_id__ = None  # this and the next are set by Salt while it runs states
__lowstate__ = ()


def _salt():
    return converge.Salt(__salt__, __opts__, __context__, __instance_id__, __states__, __lowstate__)


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
    salt = _salt()
    given = {
        "suppression": suppression,
        "production_access": production_access,
        "region": region,
        "profile": profile,
        "keyid": keyid,
        "key": key,
    }
    return converge.converge(
        name,
        "SES account",
        lambda: salt.call("ses_account.plan", **given),
        lambda _planned: salt.call("ses_account.apply", **given),
        salt,
    )
