"""An account with a past, told as pillar: pasted into the tree, nothing is left to change but what is noted."""

import json

import pytest
import salt.output
import yaml

from aws_runbook.errors import RunbookError
from aws_runbook.mail import smtp
from tests.fixtures import old_account
from tests.functional import test_living_account as living
from tests.functional.conftest import TREE

laptop, past, zone = living.laptop, living.past, living.zone  # fixtures


def paste(laptop, adopted):
    """Put what was adopted in the place of what pillar says there."""
    for minion, part in adopted["pillar"].items():
        if minion == "control":
            laptop.own |= part["aws"]
        else:
            laptop.backup[minion] = part["aws"]["backup"]
    laptop.write()


def unnoted(states, notes):
    """The states that would change something, or fail, without a note about what they are about."""
    return {
        identity: state["changes"] or state["comment"]
        for identity, state in states.items()
        if (state["changes"] or state["result"] is False)
        and not any(state["name"] in note["about"].split() for note in notes)
    }


def said_of_backups(adopted):
    found = {minion: part["aws"]["backup"] for minion, part in adopted["pillar"].items() if "backup" in part["aws"]}
    return {
        minion: {name: value for name, value in part.items() if name != "buckets"} for minion, part in found.items()
    }


USERS = {
    "cms": "coalition-backup",
    "dream-bi": "dreambi-backup",
    "kingfisher-main": {"files": "files-main", "pgbackrest": "pgbackrest-main"},
}


def test_adopted_pasted_and_planned(laptop, sandbox, past):
    stores = {server: part["store"] for server, part in laptop.backup.items()}
    laptop.backup = {server: {} for server in living.SERVERS}
    laptop.write()
    sandbox.refuse_writes(True)
    sandbox.clear_calls()
    adopted = laptop.call("aws_account.adopt", format="data")
    assert sandbox.calls(write=True) == []
    sandbox.refuse_writes(False)
    wanted = {server: {**living.BY_THE_CONSOLE.get(server, {}), "store": stores[server]} for server in living.SERVERS}
    for server, user in USERS.items():
        wanted[server]["user"] = user
    assert said_of_backups(adopted) == wanted
    buckets = adopted["pillar"]["kingfisher-main"]["aws"]["backup"]["buckets"]
    assert buckets == {"ocp-db-backup": {"tags": {"Cost Center": "12", "owner": "data"}}}
    own = adopted["pillar"]["control"]["aws"]
    wanted = living.CONTROL["ses"]
    everything = {"everything": {"topic": "noreply-example-org", "events": ["OPEN", "SEND"]}}
    (told,) = wanted["configuration_sets"]["credere"]["event_destinations"].items()
    told = {told[0]: {**told[1], "events": sorted(told[1]["events"])}}
    assert own["ses"] == {
        "identities": {
            old_account.ZONE: {"signing_key_length": "RSA_2048_BIT"},
            **{name: wanted["identities"][name] for name in (f"noreply@{old_account.ZONE}", "own-key.example.org")},
        },
        "configuration_sets": {"credere": {"event_destinations": {**told, **everything}}},
        "smtp_users": wanted["smtp_users"],
    }
    subscribed = ["former-colleague@example.org", "ops@example.org"]
    assert own["sns"] == {"topics": {"alarms": {}, "noreply-example-org": {"subscriptions": subscribed}}}
    group = {"description": "Allows PostgreSQL connections from anywhere", "ingress": ["tcp 5432 from 0.0.0.0/0"]}
    assert own["ec2"] == {"security_groups": {"postgresql-anywhere": group}}
    # Its class is what AWS changes it to in the maintenance window.
    analysis = {**living.CONTROL["rds"]["instances"]["analysis"], "db_instance_class": "db.t3.small"}
    assert own["rds"] == {"instances": {"analysis": {**analysis, "tags": {"workload-type": "other"}}}}
    _check_notes(adopted["notes"])
    assert json.dumps(laptop.call("aws_account.adopt", format="data")) == json.dumps(adopted)

    paste(laptop, adopted)
    planned = laptop.apply("aws.account", test=True)
    assert unnoted(planned, adopted["notes"]) == {}
    kinds = {state["name"] for state in planned.values() if state["changes"] or state["result"] is False}
    assert {note["about"].split()[-1] for note in adopted["notes"] if note["kind"] == "change"} == kinds

    text = laptop.call("aws_account.adopt")
    assert list(yaml.safe_load_all(text)) == list(adopted["pillar"].values())
    for note in adopted["notes"]:
        assert f"#   {note['about']}: {note['note']}\n" in text
    secrets = [value for name, value in past.values.items() if name.endswith(("_secret", "_password"))]
    for secret in (*secrets, old_account.PASSWORD, "not-a-real-password"):
        assert secret not in text + json.dumps(adopted)


def _check_notes(notes):
    dangers = {note["about"]: note["note"] for note in notes if note["kind"] == "danger"}
    assert "Block Public Access is not fully on" in dangers["bucket ocp-coalition-backup"]
    assert "s3_lifecycle.delete_rule ocp-registry-backup delete-after-30-days" in dangers["bucket ocp-registry-backup"]
    assert "ocp-dreambi-backup" in dangers["user coalition-backup"]
    left = {note["about"] for note in notes if note["kind"] == "not managed"}
    assert {"user redmine-backup", "rule set inbound", "identity own-key.example.org", "DB instance analysis"} <= left


def test_an_unknown_format_is_refused(modules):
    with pytest.raises(RunbookError, match="format is 'toml'; allowed are yaml, data"):
        modules["aws_account.adopt"](format="toml")


def test_for_a_named_region_nothing_else_is_described(modules, pillar, loaders, sandbox):
    iam = sandbox.client("iam")
    iam.create_user(UserName="mailer")
    iam.put_user_policy(UserName="mailer", PolicyName=smtp.POLICY, PolicyDocument=json.dumps(smtp.document()))
    user = {"smtp_users": {"mailer": {}}}
    for region, address in (("us-east-1", "here@example.org"), ("eu-west-1", "there@example.org")):
        sandbox.client("sesv2", region=region).create_email_identity(EmailIdentity=address)
    everywhere, there = modules["aws_account.adopt"](), modules["aws_account.adopt"](region="eu-west-1")
    assert yaml.safe_load(everywhere) == {"aws": {"ses": {"identities": {"here@example.org": {}}, **user}}}
    assert "replacing what it has there: aws:ses:identities" in everywhere
    identities = {"there@example.org": {"region": "eu-west-1"}}
    assert yaml.safe_load(there) == {"aws": {"ses": {"identities": identities, **user}}}
    assert "replacing what it has there: aws:ses:identities, aws:ses:smtp_users\n" in everywhere
    beside = "; in addition to what it has for other regions than eu-west-1: aws:ses:identities\n"
    assert f"replacing what it has there: aws:ses:smtp_users{beside}" in there


def test_a_text_is_shown_as_it_is_and_data_as_salt_shows_it(minion_opts, modules):
    name = modules["aws_account.adopt"].__outputter__
    opts = {**minion_opts, "outputter_dirs": [str(TREE / "_output")]}
    assert salt.output.out_format({"local": "aws:\n  backup: {}"}, name, opts) == "aws:\n  backup: {}"
    data = {"local": {"pillar": {}, "notes": []}}
    assert salt.output.out_format(data, name, opts) == salt.output.out_format(data, "nested", opts)
