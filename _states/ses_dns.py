"""
Publish the DNS records of SES's identities.

.. code-block:: yaml

    aws-dns:
      ses_dns.published:
        - identities: [noreply.example.org]
"""

from aws_runbook.kinds import converge
from aws_runbook.run.prefetch import Role

# SES answers once a second, however many ask.
ROLE = Role(read_ahead=False)


def published(name, identities, dns="aws:ses:dns", region=None, profile=None, keyid=None, key=None):
    """
    Ensure that the records that identities need are in DNS: DKIM, MAIL FROM, SPF, and the inbound MX of those that receive.

    What is missing is added. An SPF record that is there is extended, except at GoDaddy. Any other record is left alone, and a
    warning says so: an MX record above all.

    name
        Any.
    identities
        A list of domains and addresses.
    dns
        How to reach the DNS host (see ``salt-call sys.doc ses_dns``), or the pillar key of that, which keeps secrets out of
        Salt's logs.
    region, profile, keyid, key
        The region of SES, and how to reach the account.
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
