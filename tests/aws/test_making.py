"""
Each kind that costs nothing: planned, made, found as it should be, changed by pillar, and removed.

The order is that in which they need one another; they are removed in the reverse one, also after a failure.
"""

from pathlib import Path

import boto3
import pytest
import yaml

from tests.aws import account
from tests.aws.converging import converge

pytestmark = pytest.mark.writes
CHANGED = {"team": "other"}


def _target(name, region):
    return {"server": "test", "kind": "script", "bucket": name, "prefix": "database", "region": region, "expires": True}


def _rule(days):
    return {"ID": "delete", "Status": "Enabled", "Filter": {"Prefix": "database/"}, "Expiration": {"Days": days}}


def kinds(name, region, folder):
    """``(state, arguments, what changes, absent's arguments)`` of each; ``None`` where nothing is to be removed by itself."""
    tags = {"tags": {"team": "data"}}
    store = {"pillar_file": str(folder / "private.sls"), "keys": {"access_key": "keyid", "secret_key": "secret"}}
    return [
        ("s3_bucket.present", {"name": name, **tags}, {"tags": CHANGED}, {}),
        ("s3_lifecycle.managed", {"name": name, "rules": [_rule(30)]}, {"rules": [_rule(40)]}, {"ids": ["delete"]}),
        (
            "iam_backup_policy.present",
            {"name": name, "targets": [_target(name, region)], **tags},
            {"tags": CHANGED},
            {},
        ),
        ("iam_group.present", {"name": name}, {"policies": [name]}, {"remove_members": True}),
        ("iam_user.present", {"name": name, "groups": [name], **tags}, {"tags": CHANGED}, {"delete_access_keys": True}),
        ("iam_access_key.present", {"name": name, "store": store}, {}, None),
        ("sns_topic.present", {"name": name, **tags}, {"display_name": "Test"}, {}),
        ("ses_configuration_set.present", {"name": name}, {"sending_enabled": False}, {}),
        ("ses_identity.present", {"name": f"{name}.example.org", **tags}, {"tags": CHANGED}, {}),
        ("ec2_vpc.present", {"name": name, "cidr_block": "10.213.0.0/16", **tags}, {"tags": CHANGED}, {}),
        ("ec2_subnet.present", {"name": name, "vpc": name, "cidr_block": "10.213.0.0/24"}, tags, {"vpc": name}),
    ]


@pytest.fixture(scope="module")
def made(loaders, prefix, region, folder):
    """The kinds of this session; at the end they are removed, whatever has failed."""
    yield kinds(prefix, region, folder)
    refused = []
    for state, arguments, _changed, absent in reversed(kinds(prefix, region, folder)):
        if absent is not None:
            loaders.reset_state()
            ret = loaders.states[f"{state.partition('.')[0]}.absent"](name=arguments["name"], **absent)
            refused += [ret.comment] * (ret.result is not True)
    assert not refused, "\n".join(refused)
    found = account.left(lambda service, region: boto3.client(service, region_name=region), region)
    assert [each for each in found if each[1].startswith(prefix)] == []


@pytest.mark.parametrize("state", [state for state, *_rest in kinds("", "", Path())])
def test_a_kind_is_made_and_changed(made, state, states, recording):
    ((arguments, changed, _absent),) = [rest for name, *rest in made if name == state]
    assert converge(states[state], recording, **arguments)
    if changed:
        assert converge(states[state], recording, **{**arguments, **changed})


def test_the_secret_is_in_its_store_alone(made, folder, capfd):
    stored = yaml.safe_load((folder / "private.sls").read_text())
    assert len(stored["secret"]) == 40
    others = [path for path in folder.rglob("*") if path.is_file() and path.name != "private.sls"]
    assert [path for path in others if stored["secret"].encode() in path.read_bytes()] == []
    assert stored["secret"] not in "".join(capfd.readouterr())
