"""
SES's SMTP interface: its host, its ports, and the password that is derived from the secret of an access key.

https://docs.aws.amazon.com/ses/latest/dg/smtp-credentials.html
"""

import base64
import hashlib
import hmac

from aws_runbook.errors import StoreError
from aws_runbook.secrets import Secret

PORT = 587  # STARTTLS. https://docs.aws.amazon.com/ses/latest/dg/smtp-connect.html

_DATE = "11111111"
_SERVICE = "ses"
_TERMINAL = "aws4_request"
_MESSAGE = "SendRawEmail"
_VERSION = b"\x04"

# A store's name for each half of a key.
_HALVES = {"access_key": "smtp_username", "secret_key": "smtp_password"}


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
    A store that takes an access key in the form in which a mail program needs it.

    To who makes the key it is a store of ``access_key`` and ``secret_key``; what is kept is ``smtp_username``,
    ``smtp_password``, and host, port and the two halves where the store has a place for them.
    """

    def __init__(self, store, region):
        self._store = store
        self._region = region

    def describe(self):
        """What an operator would call this store."""
        return self._store.describe()

    def alone(self):
        """As the store's own."""
        return self._store.alone()

    def check(self, names=(), *, write=True):
        """Try whether the store takes values."""
        self._store.check([_HALVES.get(name, name) for name in names], write=write)

    def read(self, names):
        """The values of ``names``; the user name is the id of the access key, and no secret."""
        stored = self._store.read([_HALVES.get(name, name) for name in names])
        return {name: _clear(name, stored[_HALVES.get(name, name)]) for name in names}

    def holds(self, name):
        """Whether a value of ``name`` is in every place for it."""
        return self._store.holds(_HALVES.get(name, name))

    def write(self, values):
        """Write a key's two halves as what SMTP needs."""
        given = {
            "smtp_username": values["access_key"],
            "smtp_password": password(values["secret_key"], self._region),
        }
        extra = {"smtp_host": host(self._region), "smtp_port": str(PORT), **values}
        self._store.write({**given, **{name: value for name, value in extra.items() if self._takes(name)}})

    def _takes(self, name):
        try:
            self._store.read([name])
        except StoreError:
            return False
        return True


def _clear(name, value):
    return value.reveal() if name == "access_key" and isinstance(value, Secret) else value
