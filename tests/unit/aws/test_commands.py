"""A command in a message acts in the region and the account that the message is about, or in none."""

import pytest

from aws_runbook import salt_commands
from aws_runbook.aws.session import connect

PILLAR = {"aws": {"region": "eu-west-2"}, "ops": {"region": "us-west-2", "role_arn": "arn:aws:iam::1:role/ops"}}
SECRET = {"keyid": "AKIAIOSFODNN7EXAMPLE", "key": "canary-of-a-key"}


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, ""),
        ({"region": "eu-west-2"}, ""),
        ({"region": "us-east-1"}, " region=us-east-1"),
        ({"profile": "ops"}, " profile=ops"),
        ({"profile": "ops", "region": "us-west-2"}, " profile=ops"),
        ({"profile": "ops", "region": "eu-west-2"}, " region=eu-west-2 profile=ops"),
        ({"profile": {"aws_profile": "ops"}}, """ 'profile={"aws_profile": "ops"}'"""),
        ({"profile": SECRET}, " profile=PROFILE"),
        ({"profile": {"endpoint_url": "http://u:canary@localhost"}}, " profile=PROFILE"),
        (
            {"profile": {"endpoint_url": "http://localhost:4566"}},
            """ 'profile={"endpoint_url": "http://localhost:4566"}'""",
        ),
        ({**SECRET, "region": "us-east-1"}, " region=us-east-1 keyid=KEYID key=KEY"),
    ],
)
def test_what_the_present_call_was_told_is_in_the_command(given, named):
    session = connect({}, PILLAR, **given)
    assert session.command("iam_access_key.delete", name="x") == f"`salt-call iam_access_key.delete x{named}`"


def test_the_region_of_what_the_message_is_about_comes_first():
    session = connect({}, PILLAR, region="us-east-1")
    assert session.command("a.b", region="eu-west-2") == "`salt-call a.b`"
    assert session.command("a.b", region="us-east-1") == "`salt-call a.b region=us-east-1`"


def test_without_a_session_a_command_has_what_it_is_given():
    assert salt_commands.command("a.b", region="x") == "`salt-call a.b region=x`"
