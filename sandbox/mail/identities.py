"""
Identities and the time they take: DKIM, MAIL FROM and addresses are pending until proved, and fail when not in time.

https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sandbox.dns_lookup import LookupFailed, lookup

# https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-verification.html
RECORDS_LAPSE = timedelta(hours=72)
# https://docs.aws.amazon.com/ses/latest/APIReference/API_GetIdentityVerificationAttributes.html
LINK_LAPSES = timedelta(hours=24)
# Regions whose DKIM keys are under a name of their own.
# https://docs.aws.amazon.com/general/latest/gr/ses.html
_OWN_ZONE = {
    "af-south-1",
    "ap-northeast-3",
    "ap-south-2",
    "ap-southeast-3",
    "ap-southeast-5",
    "ca-west-1",
    "eu-central-2",
    "eu-south-1",
    "il-central-1",
    "me-central-1",
    "us-gov-east-1",
}
_TOKENS = 3


@dataclass
class Check:
    """Something that SES waits for: since when, and how it stands."""

    status: str = "NOT_STARTED"
    since: datetime | None = None
    checked: datetime | None = None
    succeeded: datetime | None = None
    error: str | None = None

    def begin(self, now):
        """Start to wait."""
        self.status, self.since, self.error = "PENDING", now, None

    def settle(self, status, now):
        """End the waiting, as a test or the records say."""
        self.status, self.checked = status, now
        if status == "SUCCESS":
            self.succeeded, self.error = now, None

    def refresh(self, now, lapse, prove=None):
        """Look again: ``prove()`` raises :class:`LookupFailed` while the proof is missing."""
        if self.status != "PENDING":
            return
        if prove is not None and now - self.since < lapse:
            self.checked = now
            try:
                prove()
            except LookupFailed as failure:
                self.error = failure.error_type
                return
            self.settle("SUCCESS", now)
        elif now - self.since >= lapse:
            self.status = "FAILED"
            self.error = self.error or "HOST_NOT_FOUND"


@dataclass
class Identity:
    """A domain or an address."""

    name: str
    region: str
    created: datetime
    tags: dict[str, str] = field(default_factory=dict)
    configuration_set: str | None = None
    forwarding: bool = True
    topics: dict[str, str] = field(default_factory=dict)
    headers: dict[str, bool] = field(default_factory=dict)
    # The ownership of an address, which a link proves; that of a domain is proved by its DKIM records.
    ownership: Check = field(default_factory=Check)
    dkim: Check = field(default_factory=Check)
    signing: bool = True
    origin: str = "AWS_SES"
    selector: str | None = None
    key_length: str = "RSA_2048_BIT"
    key_generated: datetime | None = None
    generation: int = 0
    mail_from: Check = field(default_factory=Check)
    mail_from_domain: str | None = None
    behavior_on_mx_failure: str = "USE_DEFAULT_VALUE"

    @property
    def is_address(self):
        """Whether it is an address, not a domain."""
        return "@" in self.name

    @property
    def domain(self):
        """The domain, of an address too."""
        return self.name.rpartition("@")[2]

    @property
    def zone(self):
        """Where SES publishes the DKIM keys that the CNAME records point at."""
        return f"dkim.{self.region}.amazonses.com" if self.region in _OWN_ZONE else "dkim.amazonses.com"

    @property
    def tokens(self):
        """The tokens of the DKIM records; new ones for every new key."""
        if self.origin == "EXTERNAL":
            return [self.selector]
        seeds = (f"{self.name}:{self.region}:{self.generation}:{number}" for number in range(_TOKENS))
        return [hashlib.sha256(seed.encode()).hexdigest()[:32] for seed in seeds]

    @property
    def verification(self):
        """The check that decides whether mail may be sent: the link's, or DKIM's."""
        return self.ownership if self.is_address else self.dkim

    def refresh(self, now, dns):
        """Bring every status up to date; ``dns`` is the server to ask, or ``None``."""
        self.dkim.refresh(now, RECORDS_LAPSE, (lambda: self._prove_dkim(dns)) if dns else None)
        self.mail_from.refresh(now, RECORDS_LAPSE, (lambda: self._prove_mail_from(dns)) if dns else None)
        self.ownership.refresh(now, LINK_LAPSES)

    def new_keys(self, now):
        """Make new DKIM keys, whose records must be published."""
        self.generation += 1
        self.key_generated = now
        self.dkim.begin(now)

    def _prove_dkim(self, dns):
        """
        Three CNAME records, or one TXT record with the customer's own key.

        https://docs.aws.amazon.com/ses/latest/dg/send-email-authentication-dkim-easy.html
        """
        for token in self.tokens:
            name = f"{token}._domainkey.{self.domain}"
            if self.origin == "EXTERNAL":
                lookup(dns, name, "TXT")
            elif f"{token}.{self.zone}" not in lookup(dns, name, "CNAME"):
                raise LookupFailed("INVALID_VALUE")

    def _prove_mail_from(self, dns):
        """
        One MX record, SES's: the one that decides. The SPF record is for the receivers of mail.

        https://docs.aws.amazon.com/ses/latest/dg/mail-from.html
        """
        if lookup(dns, self.mail_from_domain, "MX") != [f"10 feedback-smtp.{self.region}.amazonses.com"]:
            raise LookupFailed("INVALID_VALUE")
