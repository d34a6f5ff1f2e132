"""
What SES keeps for one account in one region.
"""

from dataclasses import dataclass, field
from datetime import datetime

from sandbox.errors import AwsError
from sandbox.mail.identities import Identity


@dataclass
class Suppressed:
    """An address on the account's suppression list."""

    address: str
    reason: str
    since: datetime
    message_id: str | None = None
    feedback_id: str | None = None


@dataclass
class Region:
    """Identities, configuration sets, suppression list, and the state of the account."""

    identities: dict[str, Identity] = field(default_factory=dict)
    configuration_sets: dict[str, dict] = field(default_factory=dict)
    event_destinations: dict[str, dict[str, dict]] = field(default_factory=dict)
    suppressed: dict[str, Suppressed] = field(default_factory=dict)
    # Accounts made since November 2019 suppress both.
    # https://docs.aws.amazon.com/ses/latest/dg/sending-email-suppression-list.html
    suppressed_reasons: list[str] = field(default_factory=lambda: ["BOUNCE", "COMPLAINT"])
    sending_enabled: bool = True
    details: dict | None = None
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    # Links in verification mails: token → address.
    links: dict[str, str] = field(default_factory=dict)

    def identity(self, name):
        """The identity of that name; SES's refusal (v2) when there is none."""
        found = self.identities.get(key(name))
        if found is None:
            raise AwsError("NotFoundException", f"Email identity {name} does not exist.")
        return found

    def configuration_set(self, name):
        """The configuration set of that name; SES's refusal when there is none."""
        if name not in self.configuration_sets:
            raise AwsError("NotFoundException", f"Configuration set <{name}> does not exist.")
        return self.configuration_sets[name]


def region(call):
    """SES in the call's account and region."""
    return call.own(Region)


def key(name):
    """The form in which identities are told apart: domains in small letters, and so the domain of an address."""
    local, at, domain = name.rpartition("@")
    return f"{local}{at}{domain.lower()}"
