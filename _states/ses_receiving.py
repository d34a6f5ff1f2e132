"""
Verify addresses at domains whose mail SES receives.

.. code-block:: yaml

    aws-receiving-noreply@noreply.example.org:
      ses_receiving.verified:
        - name: noreply@noreply.example.org
        - bucket: ocp-aws-verification
"""

from aws_runbook.kinds import converge, states
from aws_runbook.run.prefetch import Role

# SES answers once a second, however many ask.
ROLE = Role(read_ahead=False)


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
    verification page that names the address and this account. The active rule set stays active: the rule, for this address alone,
    comes first in it meanwhile. Afterwards what was made for this is gone. While mail for the address does not go to SES, or its
    domain is not verified, that is a warning.

    name
        The address.
    bucket
        The bucket, in the same region. One that is there before stays, with all that is in it.
    rule_set, rule
        What the rule is called meanwhile, and the rule set where none is active.
    timeout
        Seconds that the mail may take.
    nameserver
        The DNS resolver to ask for the MX record, as HOST or HOST:PORT. Default: pillar's ``aws:ses:dns:nameserver``, then
        the machine's.
    region, profile, keyid, key
        The region of SES, and how to reach the account.
    """
    return states.planned("ses_receiving", locals(), converge.Salt(globals()), subject=f"Verification of {name}")
