"""
Publish the DNS records of SES's identities.

.. code-block:: yaml

    aws-dns:
      ses_dns.published:
        - identities: [noreply.example.org]
"""

from aws_runbook.kinds import converge
from aws_runbook.run.prefetch import Role

# SES accepts about one call a second, so reading in parallel gains nothing.
ROLE = Role(read_ahead=False)


def published(name, identities, dns="aws:ses:dns", region=None, profile=None, keyid=None, key=None):
    """
    Ensure that the DNS records of identities exist: DKIM, MAIL FROM, SPF, and the inbound MX record of those that receive mail.

    Missing records are added. An existing SPF record is extended, except at GoDaddy. Any other existing record, such as an MX
    record, is not changed, and a warning says so.

    name
        Any text.
    identities
        A list of domains and addresses.
    dns
        The settings of the DNS host (see ``salt-call sys.doc ses_dns``), or the pillar key of such settings, which keeps secrets
        out of Salt's logs.
    region, profile, keyid, key
        The region of SES, and the connection to the account.
    """
    salt = converge.Salt(globals())
    listed = identities if isinstance(identities, list) else [identities]
    given = {"dns": dns, "region": region, "profile": profile, "keyid": keyid, "key": key}
    return converge.converge(
        name,
        f"DNS of {', '.join(map(str, listed))}",
        lambda: salt.call("ses_dns.plan", identities, **given),
        lambda _planned: salt.call("ses_dns.apply", identities, **given),
        salt,
    )
