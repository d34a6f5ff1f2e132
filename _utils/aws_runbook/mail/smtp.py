"""
SES's SMTP interface: its host, its ports, and the password that is derived from the secret of an access key.

https://docs.aws.amazon.com/ses/latest/dg/smtp-credentials.html
"""

import base64
import hashlib
import hmac
import re
from dataclasses import replace

from aws_runbook.errors import StoreError
from aws_runbook.iam import coverage
from aws_runbook.stores.secret import Secret

PORT = 587  # STARTTLS. https://docs.aws.amazon.com/ses/latest/dg/smtp-connect.html

# The policy of a user that may only send, with the name that the console uses.
POLICY = "AmazonSesSendingAccess"

# SMTP needs this action only. https://docs.aws.amazon.com/ses/latest/dg/control-user-access.html
_SENDING = "ses:SendRawEmail"

_DATE = "11111111"
_SERVICE = "ses"
_TERMINAL = "aws4_request"
_MESSAGE = "SendRawEmail"
_VERSION = b"\x04"

_HOST = re.compile(r"email-smtp\.([a-z]{2,4}(?:-[a-z]+)+-\d+)\.amazonaws\.com(?:\.cn)?")

# A store's name for each half of a key.
_HALVES = {"access_key": "smtp_username", "secret_key": "smtp_password"}


def document(from_addresses=None):
    """The policy of a user that may only send mail, from any address or from these only."""
    statement = {"Effect": "Allow", "Action": [_SENDING], "Resource": ["*"]}
    if from_addresses:
        statement["Condition"] = {"StringEquals": {"ses:FromAddress": sorted(from_addresses)}}
    return {"Version": "2012-10-17", "Statement": [statement]}


def losses(name, known, wanted):
    """Sentences about permissions that the user ``name`` loses when the document ``wanted`` replaces ``known``, except sending."""
    lost = coverage.beyond(coverage.grants(known), coverage.grants(wanted)) if known else []
    lost = [grant for grant in lost if grant.action != _SENDING.lower()]
    if not lost:
        return []
    sentence = (
        f"The policy {POLICY} of the user {name} loses permissions that SMTP does not need: {coverage.in_words(lost)}. If anything needs "
        "them, grant them to the user in a policy with another name."
    )
    return [sentence]


def password(secret_key, region):
    """The SMTP password (a Secret) of the access key with this secret, in this region only."""
    signature = f"AWS4{Secret(secret_key).reveal()}".encode()
    for text in (_DATE, region, _SERVICE, _TERMINAL, _MESSAGE):
        signature = hmac.new(signature, text.encode(), hashlib.sha256).digest()
    return Secret(base64.b64encode(_VERSION + signature).decode())


def host(region):
    """The SMTP host of a region."""
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"email-smtp.{region}.{domain}"


class SmtpStore:
    """
    A store that keeps an access key in the form that mail programs need.

    To the creation of the key it is a store of ``access_key`` and ``secret_key``; it stores ``smtp_username``,
    ``smtp_password``, and host, port and the two halves where the store has a place for them.
    """

    def __init__(self, store, region):
        self._store = store
        self._region = region

    def describe(self):
        """The name of this store for operators."""
        return self._store.describe()

    @property
    def is_alone(self):
        """As the store's own."""
        return self._store.is_alone

    def alone(self):
        """As the store's own."""
        return self._store.alone()

    def check(self, names=(), *, write=True):
        """Try whether the store takes values."""
        self._store.check([_HALVES.get(name, name) for name in names], write=write)

    def read(self, names):
        """The values of ``names``; the user name is the id of the access key, which is not a secret."""
        stored = self._store.read([_HALVES.get(name, name) for name in names])
        return {name: _clear(name, stored[_HALVES.get(name, name)]) for name in names}

    def places(self, name):
        """The value of each place for ``name``: those of SMTP, and those of the key's half if the store has any."""
        found = self._store.places(_HALVES.get(name, name))
        if name in _HALVES and self._takes(name):
            found += self._store.places(name)
        return [replace(place, value=_clear(name, place.value)) for place in found]

    def holds(self, name):
        """Whether a value of ``name`` is in every place for it."""
        return self._store.holds(_HALVES.get(name, name))

    def write(self, values):
        """Write a key's id and secret as SMTP's user name and password."""
        extra = {"smtp_host": host(self._region), "smtp_port": str(PORT), **values}
        # The user name last, as the id of a key is.
        self._store.write(
            {
                "smtp_password": password(values["secret_key"], self._region),
                **{name: value for name, value in extra.items() if self._takes(name)},
                "smtp_username": values["access_key"],
            }
        )

    def other_region(self):
        """
        The region that the stored password is for, if that is known from the host beside it and not the store's region; else ``None``.

        A host that is not SES's own, such as an alias or an endpoint in a VPC, says nothing.
        """
        stored = self._store.read(["smtp_host"])["smtp_host"] if self._takes("smtp_host") else None
        found = _HOST.fullmatch(stored.reveal()) if stored else None
        return found[1] if found and found[1] != self._region else None

    def _takes(self, name):
        try:
            self._store.read([name])
        except StoreError:
            return False
        return True


def _clear(name, value):
    return value.reveal() if name == "access_key" and isinstance(value, Secret) else value
