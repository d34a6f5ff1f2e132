"""
Verify addresses at domains whose mail SES receives.

.. code-block:: yaml

    aws-receiving-noreply@noreply.example.org:
      ses_receiving.verified:
        - name: noreply@noreply.example.org
        - bucket: ocp-aws-verification
"""

from aws_runbook import converge

__instance_id__ = None  # this and the next are set by Salt while it runs states
__lowstate__ = ()


def _salt():
    return converge.Salt(__salt__, __opts__, __context__, __instance_id__, __states__, __lowstate__)


def verified(
    name,
    bucket,
    rule_set="email-address-verification",
    rule="deliver-to-s3-bucket",
    timeout=300,
    nameserver=None,
    region=None,
    profile=None,
    keyid=None,
    key=None,
):
    """
    Ensure that an address is verified, by receiving the mail with the link and opening it.

    A receipt rule writes the mail into the bucket. Only the mail that SES sent itself counts, and only the link to SES's own
    verification page that names the address. Afterwards what was there before is there again: the active rule set above
    all; and what was made for this is gone. While mail for the address does not go to SES, that is a warning.

    name
        The address.
    bucket
        The bucket, in the same region. One that is there before stays, with all that is in it.
    rule_set, rule
        What the rule set and the rule are called meanwhile.
    timeout
        Seconds that the mail may take.
    nameserver
        The DNS resolver to ask for the MX record, as HOST or HOST:PORT. Default: pillar's ``aws:ses:dns:nameserver``, then
        the machine's.
    region, profile, keyid, key
        The region of SES, and how to reach the account.
    """
    salt = _salt()
    given = {
        "rule_set": rule_set,
        "rule": rule,
        "timeout": timeout,
        "nameserver": nameserver,
        "region": region,
        "profile": profile,
        "keyid": keyid,
        "key": key,
    }
    return converge.converge(
        name,
        f"Verification of {name}",
        lambda: salt.call("ses_receiving.plan", name, bucket, **given),
        lambda _planned: salt.call("ses_receiving.apply", name, bucket, **given),
        salt,
    )
