"""To whom a block of a pillar file is encrypted."""

import subprocess

import pytest

from aws_runbook.errors import StoreError
from aws_runbook.stores.gpg import Gpg

pytestmark = pytest.mark.gpg
SECRET = "canary-4f1d"


def test_the_keys_of_a_message_are_told_without_the_private_one(keyring):
    both, fingerprint, public = keyring
    message = Gpg([fingerprint], str(both)).encrypt(SECRET)
    assert Gpg([], str(public)).recipients_of(message) == [fingerprint]


def test_a_message_that_does_not_name_its_keys(keyring):
    both, fingerprint, public = keyring
    command = ["gpg", "--batch", f"--homedir={both}", "--trust-model=always", "--throw-keyids", "--armor", "--encrypt"]
    done = subprocess.run(
        [*command, f"--recipient={fingerprint}"], input=SECRET, capture_output=True, text=True, check=True
    )
    with pytest.raises(StoreError, match="does not name its keys") as caught:
        Gpg([], str(public)).recipients_of(done.stdout)
    assert SECRET not in str(caught.value)


def test_a_key_that_is_not_at_hand(keyring, tmp_path):
    both, fingerprint, _ = keyring
    message = Gpg([fingerprint], str(both)).encrypt(SECRET)
    tmp_path.chmod(0o700)
    with pytest.raises(StoreError, match=r"Cannot read the recipients of the message, the key [0-9A-F]{16}:"):
        Gpg([], str(tmp_path)).recipients_of(message)


def test_what_is_no_message(keyring):
    _, _, public = keyring
    with pytest.raises(StoreError, match="Cannot read the recipients of the message"):
        Gpg([], str(public)).recipients_of("-----BEGIN PGP MESSAGE-----\n\nx\n-----END PGP MESSAGE-----")
