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
