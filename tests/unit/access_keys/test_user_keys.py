"""The keys of a user."""

from types import SimpleNamespace

import pytest

from aws_runbook.access_keys import user_keys
from aws_runbook.errors import AwsError


def refusing(code):
    def write(*_args, **_named):
        raise AwsError(f"AWS says {code}", code)

    return SimpleNamespace(write=write)


def test_a_key_that_is_gone_already_is_deleted(caplog):
    caplog.set_level("INFO", "aws_runbook")
    user_keys.delete(refusing("NoSuchEntity"), "cms-backup", "AKIA")
    assert "The access key AKIA of the user cms-backup is gone already" in caplog.text
    with pytest.raises(AwsError, match="AccessDenied"):
        user_keys.delete(refusing("AccessDenied"), "cms-backup", "AKIA")
