"""
The DNS of the demo: a PowerDNS where that is installed, which takes the records by the product's own means; else a server
that has none, and the sandbox is told that they are there.
"""

from contextlib import contextmanager

import yaml

from sandbox.powerdns import PowerDns, is_installed
from sandbox.zone import Zone

ZONE = "example.org"


class DnsHost:
    """Where records are looked for, and where they are published if ``provider`` has settings for that."""

    def __init__(self, nameserver, provider=None):
        self.nameserver = nameserver
        self.takes_records = provider is not None
        self._provider = provider

    def look(self, pillar):
        """Let the minion of this pillar look for records here."""
        self._say(pillar, {"nameserver": self.nameserver})

    def publish(self, pillar):
        """Let the minion of this pillar publish records here, as one would say it of a DNS host of one's own."""
        self._say(pillar, self._provider)

    def _say(self, pillar, settings):
        (pillar / "private" / "dns.sls").write_text(yaml.safe_dump({"aws": {"ses": {"dns": settings}}}))


@contextmanager
def dns_host(folder):
    """The DNS host of a demo whose files are in ``folder``; it ends with this."""
    if is_installed():
        with PowerDns(folder, ZONE) as server:
            yield DnsHost(server.address, server.settings)
    else:
        with Zone() as server:
            yield DnsHost(server.address)
