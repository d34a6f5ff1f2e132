"""
Encrypt for Salt's GPG renderer with the ``gpg`` program. Secrets are passed only by its standard input.

https://docs.saltproject.io/en/latest/ref/renderers/all/salt.renderers.gpg.html
"""

import os
import re
import subprocess
from pathlib import Path

from aws_runbook.errors import StoreError

_FINGERPRINT = re.compile(r"(?:0x)?(?:[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64})!?")
_MESSAGE = "-----BEGIN PGP MESSAGE-----"
# https://git.gnupg.org/cgi-bin/gitweb.cgi?p=gnupg.git;a=blob_plain;f=doc/DETAILS
_ENCRYPTED_TO = re.compile(r"^\[GNUPG:\] ENC_TO ([0-9A-F]{16}) ", re.MULTILINE)
_WHOLE = re.compile(r"^pub:.*?^fpr:+([0-9A-F]{40,64}):", re.MULTILINE | re.DOTALL)
_NOBODY = "0" * 16
# Seconds. Encryption takes a few hundredths of a second; it takes longer only if another process has left a lock.
_TIMEOUT = 60


def is_encrypted(value):
    """Whether ``value`` holds a block that Salt's GPG renderer would decrypt."""
    return isinstance(value, str) and _MESSAGE in value


def salt_homedir(opts):
    """The folder where Salt's GPG renderer keeps its keys, from Salt's configuration; ``None`` when there is none."""
    beside = Path(opts.get("config_dir") or Path(opts.get("conf_file") or "").parent)
    folder = Path(opts.get("gpg_keydir") or beside / "gpgkeys")
    return str(folder) if folder.is_dir() else None


class Gpg:
    """Encrypts to ``recipients`` with the public keys in ``homedir`` (``None``: gpg's own default)."""

    def __init__(self, recipients, homedir=None):
        self.recipients = list(recipients)
        self._homedir = homedir

    def encrypt(self, text):
        """``text`` as an ASCII-armoured message."""
        return self._run([*self._trust(), "--armor", "--encrypt", *self._to()], text, "encrypt to " + self._names())

    def decrypt(self, message):
        """The decrypted ``message``; ``None`` if the private key is not available here, which is the recommended setup."""
        try:
            return self._run(["--decrypt"], message, "decrypt")
        except StoreError:
            return None

    def recipients_of(self, message):
        """
        The fingerprints of the keys that ``message`` is encrypted to; nothing is decrypted.

        A key without its public half here is an error, like one that the message does not name.
        """
        doing = "read the recipients of the message"
        status = self._run(["--status-fd=1", "--list-only", "--decrypt"], message, doing)
        ids = list(dict.fromkeys(_ENCRYPTED_TO.findall(status)))
        if not ids or _NOBODY in ids:
            raise StoreError(f"Cannot {doing}: the message does not name its keys.")
        return [self._fingerprint(identifier, doing) for identifier in ids]

    def _fingerprint(self, identifier, doing):
        listing = self._run(["--with-colons", "--list-keys", identifier], "", f"{doing}, the key {identifier}")
        # gpg fails for a key that it does not have.
        return _WHOLE.search(listing)[1]  # pyright: ignore[reportOptionalSubscript]

    def _names(self):
        return ", ".join(self.recipients)

    def _to(self):
        return [f"--recipient={recipient}" for recipient in self.recipients]

    def _trust(self):
        # A full fingerprint identifies the key. A name or an address does not, so gpg's trust settings decide.
        certain = all(_FINGERPRINT.fullmatch(recipient) for recipient in self.recipients)
        return ["--trust-model=always"] if certain else []

    def _run(self, arguments, text, doing):
        command = ["gpg", "--batch", "--no-tty", "--quiet", "--no-auto-key-locate"]
        if self._homedir:
            command.append(f"--homedir={self._homedir}")
        try:
            done = subprocess.run(
                [*command, *arguments],
                input=text,
                capture_output=True,
                encoding="utf-8",
                env={**os.environ, "LC_ALL": "C"},
                timeout=_TIMEOUT,
                check=False,
            )
        except FileNotFoundError:
            raise StoreError(f"Cannot {doing}: the program gpg is not installed (Debian: apt install gnupg).") from None
        except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError) as error:
            raise StoreError(f"Cannot {doing}: gpg fails with {type(error).__name__}.") from None
        if done.returncode != 0 or not done.stdout:
            raise StoreError(f"Cannot {doing}: {_reason(done.stderr)}{self._advice(done.stderr)}")
        return done.stdout

    def _advice(self, stderr):
        where = self._homedir or "gpg's default folder"
        if "No public key" in stderr or "Unusable public key" in stderr or "no assurance" in stderr:
            return f" Import the public key into {where} (gpg --homedir … --import KEYFILE), and name it by its full fingerprint."
        return ""


def _reason(stderr):
    lines = [line.removeprefix("gpg: ").strip() for line in stderr.splitlines() if line.startswith("gpg: ")]
    return f"gpg says: {lines[-1].rstrip('.')}." if lines else "gpg gives no reason."
