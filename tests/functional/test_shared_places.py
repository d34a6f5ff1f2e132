"""Secrets of different parts of pillar are not given one place."""

import pytest

SHARED = {"pillar_file": "/srv/pillar/private/registry.sls"}
WEB = {**SHARED, "keys": {"smtp_username": "a", "smtp_password": "aws:secret_key"}}
DATABASE = {"preset": "data-analysis", "store": {**SHARED, "keys": {"password": "aws:access_key"}}}


@pytest.fixture
def pillar():
    return {
        "backup": {"location": "ocp-registry-backup/files", "directories": {"/srv": None}},
        "aws": {
            "backup": {"store": SHARED},
            "ses": {"smtp_users": {"web": {"store": WEB}}},
            "rds": {"instances": {"x": DATABASE}},
        },
    }


def test_secrets_of_different_parts_do_not_share_a_place(modules, sandbox):
    key, end = (
        "the access key of registry-backup and ",
        "in /srv/pillar/private/registry.sls; give each its own place.",
    )
    assert modules["aws_account.problems"]() == [
        f"{key}aws:ses:smtp_users:web:store would both be written to aws:secret_key {end}",
        f"{key}aws:rds:instances:x:store would both be written to aws:access_key {end}",
    ]
    assert sandbox.calls() == []


@pytest.mark.parametrize("name", ["control-backup", "Control-Backup"])
def test_a_user_of_backups_is_no_smtp_user(account, sandbox, name):
    """Each would take the other's key for one whose secret is lost, and replace it."""
    fleet = account({"backup": {"location": "ocp-registry-backup"}, "aws": {"ses": {"smtp_users": {name: {}}}}})
    (problem,) = fleet.call("aws_account.problems")
    assert problem == (
        f"aws:ses:smtp_users:{name} is the user control-backup of backups too: each needs an access key of its own, so give the SMTP user "
        "another name."
    )
    assert sandbox.calls() == []
