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

# SES accepts about one call a second, so reading in parallel gains nothing.
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
    Ensure that an address is verified, by receiving SES's mail and opening the link in it.

    A receipt rule writes the mail into the bucket. Only a mail that SES itself has sent is used, and only a link to SES's
    verification page that names the address and this account. The active rule set stays active: a rule for this address alone is
    put at its beginning, and is removed afterwards with everything else that was created. If mail for the address is not delivered to
    SES, or its domain is not verified, a warning says so.

    name
        The address.
    bucket
        The bucket, in the same region. An existing bucket is kept with its objects.
    rule_set, rule
        The name of the temporary rule, and of the rule set that is created when none is active.
    timeout
        How many seconds to wait for the mail.
    nameserver
        The DNS resolver to ask for the MX record, as HOST or HOST:PORT. Default: pillar's ``aws:ses:dns:nameserver``, then
        the machine's.
    region, profile, keyid, key
        The region of SES, and the connection to the account.
    """
    return states.planned("ses_receiving", locals(), converge.Salt(globals()), subject=f"Verification of {name}")
