"""What a state says where AWS does not show what it has accepted, and where something is wrong that is not AWS's."""

import re
import sys

import pytest
from salt.exceptions import CommandExecutionError

from aws_runbook.aws.session import Session
from aws_runbook.kinds import converge
from aws_runbook.kinds import states as kind_states


@pytest.fixture
def ignored(monkeypatch):
    """``ignored(method)``: AWS accepts such calls from now on, and does nothing. Nobody waits for it."""
    write = Session.write
    for place in (converge, kind_states):
        monkeypatch.setattr(place, "SETTLE_TIMEOUT", 0)

    def ignore(method, answer=None):
        def writing(self, service, called, *args, **named):
            return answer if called == method else write(self, service, called, *args, **named)

        monkeypatch.setattr(Session, "write", writing)

    return ignore


def test_a_change_that_aws_does_not_show(states, sandbox, ignored):
    sandbox.client("s3").create_bucket(Bucket="ocp-cms-backup")
    ignored("put_bucket_tagging")
    ret = states["s3_bucket.present"](name="ocp-cms-backup", tags={"team": "data"})
    assert ret.result is False
    assert (
        ret.comment
        == "S3 bucket ocp-cms-backup: AWS accepted the change, but still shows the old tags; run this again."
    )
    assert ret.changes == {}


def test_a_resource_that_aws_does_not_show(states, sandbox, ignored):
    ignored("create_group")
    ret = states["iam_group.present"](name="backup")
    assert ret.result is False
    assert ret.comment == "IAM group backup was created, but AWS does not show it yet; run this again."
    assert ret.changes == {}


@pytest.mark.parametrize(
    ("function", "method", "sentence"),
    [
        (
            "sns_topic.apply",
            "create_topic",
            "The topic alarms was created, but AWS does not show it yet; run this again.",
        ),
        (
            "ses_smtp_user.apply",
            "create_user",
            "The user alarms was created in us-east-1, but AWS does not show it yet; run this again.",
        ),
    ],
)
@pytest.mark.usefixtures("sandbox")
def test_what_a_function_made_and_aws_does_not_show(modules, ignored, monkeypatch, function, method, sentence):
    ignored(method, {"TopicArn": "arn:aws:sns:us-east-1:123456789012:alarms"})
    monkeypatch.setattr(sys.modules[modules[function].__module__], "SETTLE_TIMEOUT", 0)
    with pytest.raises(CommandExecutionError) as refused:
        modules[function]("alarms")
    assert str(refused.value) == sentence


@pytest.mark.usefixtures("sandbox")
def test_an_error_of_our_own_shows_where_it_is_and_nothing_else(states, monkeypatch):
    def read(*_args, **_named):
        raise KeyError("CANARY")

    monkeypatch.setattr(Session, "read", read)
    ret = states["iam_group.present"](name="backup")
    assert ret.result is False
    assert re.fullmatch(
        r"IAM group backup: internal error \(KeyError in \w+\.py, line \d+\); please report it\.", ret.comment
    )
    assert "CANARY" not in str(ret.full_return)
