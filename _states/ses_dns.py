"""
Publish the DNS records of SES's identities.

.. code-block:: yaml

    aws-dns:
      ses_dns.published:
        - identities: [noreply.example.org]
"""

from aws_runbook import converge

__instance_id__ = None  # this and the next are set by Salt while it runs states
__lowstate__ = ()


def _salt():
    return converge.Salt(__salt__, __opts__, __context__, __instance_id__, __states__, __lowstate__)


def published(name, identities, dns="aws:ses:dns", region=None, profile=None, keyid=None, key=None):
    """
    Ensure that the records that identities need are in DNS: DKIM, MAIL FROM, SPF, and the inbound MX of those that receive.

    What is missing is added. An SPF record that is there is extended. Any other record is left alone, and a warning says so:
    an MX record above all.

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
    salt = _salt()
    given = {"dns": dns, "region": region, "profile": profile, "keyid": keyid, "key": key}
    return converge.converge(
        name,
        f"DNS of {', '.join(identities)}",
        lambda: salt.call("ses_dns.plan", identities, **given),
        lambda _planned: salt.call("ses_dns.apply", identities, **given),
        salt,
    )
