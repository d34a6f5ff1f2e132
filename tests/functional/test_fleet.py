"""The sample fleet, whole: from pillar through the SLS files to AWS, and back."""

import json
import re
import sys

import pytest
import yaml

READING = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}


def changes(states):
    return {name: state["changes"] for name, state in states.items() if state["changes"]}


def test_plan_apply_and_apply_again(fleet, sandbox):
    sandbox.refuse_writes(True)
    planned = fleet.apply("aws", test=True)
    assert sandbox.calls(write=True) == []
    assert {state["result"] for state in planned.values()} == {None, True}
    sandbox.refuse_writes(False)

    applied = fleet.apply("aws")
    assert {state["result"] for state in applied.values()} == {True}, [state["comment"] for state in applied.values()]
    assert changes(applied) == changes(planned) != {}

    sandbox.clear_calls()
    again = fleet.apply("aws")
    assert {state["result"] for state in again.values()} == {True}
    assert changes(again) == {}
    assert sandbox.calls(write=True) == []


def test_only_the_states_that_are_used_are_loaded(fleet):
    """Asking which states there are loads all of Salt's, which takes seconds for each SLS file."""
    foreign = "salt.loaded.int.states.postgres_user"
    sys.modules.pop(foreign, None)
    fleet.apply("aws", test=True)
    assert foreign not in sys.modules


@pytest.mark.parametrize("fleet", ["registry"], indirect=True)
def test_one_server_for_itself(fleet, sandbox):
    states = fleet.apply("aws")
    assert {state["result"] for state in states.values()} == {True}
    assert {bucket["Name"] for bucket in sandbox.client("s3").list_buckets()["Buckets"]} == {"ocp-registry-backup"}
    assert [user["UserName"] for user in sandbox.client("iam").list_users()["Users"]] == ["registry-backup"]


def test_drift_is_found_and_mended(fleet, sandbox):
    fleet.apply("aws")
    s3, iam = sandbox.client("s3", region="eu-west-2"), sandbox.client("iam")
    s3.delete_bucket_lifecycle(Bucket="ocp-registry-backup")
    arn = iam.list_attached_user_policies(UserName="registry-backup")["AttachedPolicies"][0]["PolicyArn"]
    iam.detach_user_policy(UserName="registry-backup", PolicyArn=arn)
    assert set(changes(fleet.apply("aws"))) == {"aws-lifecycle-ocp-registry-backup", "aws-user-registry-backup"}
    assert changes(fleet.apply("aws")) == {}


def test_a_wrong_pillar_is_one_failed_state_and_nothing_else_is_done(fleet, sandbox):
    path = fleet.pillar / "public" / "registry.sls"
    path.write_text(path.read_text().replace("ocp-registry-backup/database", "s3://ocp-registry-backup/database"))
    states = fleet.apply("aws")
    assert list(states) == ["aws-pillar"]
    assert states["aws-pillar"]["result"] is False
    comment = states["aws-pillar"]["comment"]
    assert "registry: postgres:backup:location is 's3://ocp-registry-backup/database'" in comment
    assert sandbox.calls() == []


def test_a_dangerous_rule_fails_its_state_and_those_beside_it_go_on(fleet, sandbox):
    fleet.apply("aws")
    s3 = sandbox.client("s3", region="eu-central-1")
    rule = {"ID": "tidy", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 400}}
    s3.put_bucket_lifecycle_configuration(Bucket="ocp-db-backup", LifecycleConfiguration={"Rules": [rule]})
    sandbox.clear_calls()
    states = fleet.apply("aws")
    failed = {name for name, state in states.items() if state["result"] is False}
    assert failed == {"aws-lifecycle-ocp-db-backup"}
    assert "tidy" in states["aws-lifecycle-ocp-db-backup"]["comment"]
    assert (
        "salt-call --local s3_lifecycle.delete_rule ocp-db-backup" in states["aws-lifecycle-ocp-db-backup"]["comment"]
    )
    assert sandbox.calls(write=True) == []


def test_a_fleet_in_one_group(fleet, sandbox):
    """Two servers move from policies of their own to a group's; no user is without permission at any time."""
    fleet.apply("aws")
    for server in ("registry", "docs"):
        path = fleet.pillar / "public" / f"{server}.sls"
        pillar = yaml.safe_load(path.read_text().replace("{{ opts.pillar_roots.base[0] }}", str(fleet.pillar)))
        pillar["aws"]["backup"]["group"] = "backup"
        path.write_text(yaml.safe_dump(pillar))
    sandbox.clear_calls()
    states = fleet.apply("aws")
    assert {state["result"] for state in states.values()} == {True}, [state["comment"] for state in states.values()]
    iam = sandbox.client("iam")
    members = {user["UserName"] for user in iam.get_group(GroupName="backup")["Users"]}
    assert members == {"registry-backup", "docs-backup"}
    for user in members:
        assert iam.list_attached_user_policies(UserName=user)["AttachedPolicies"] == []
    operations = [call["operation"] for call in sandbox.calls(write=True)]
    assert (
        operations.index("AttachGroupPolicy")
        < operations.index("AddUserToGroup")
        < operations.index("DetachUserPolicy")
    )
    assert changes(fleet.apply("aws")) == {}


def keys_waited_for(fleet):
    return [
        entry["what"] for entry in fleet.call("aws_account.pending", format="data") if "access key" in entry["what"]
    ]


def test_pending_and_whoami(fleet, sandbox):
    who = fleet.call("aws_account.whoami")
    assert re.fullmatch(r"\d{12}", who["account"])
    assert who["partition"] == "aws"
    assert keys_waited_for(fleet) == []
    path = fleet.pillar / "public" / "docs.sls"
    pillar = yaml.safe_load(path.read_text().replace("{{ opts.pillar_roots.base[0] }}", str(fleet.pillar)))
    del pillar["aws"]["backup"]["store"]
    path.write_text(yaml.safe_dump(pillar))
    assert keys_waited_for(fleet) == ["access key of docs-backup"]
    states = fleet.apply("aws")
    assert states["aws-key-docs-backup"]["warnings"][0].startswith("Waiting: the user docs-backup has no access key")


@pytest.mark.parametrize("kind", ["sls", "table"])
def test_a_server_without_backups_costs_nothing(fleet, sandbox, kind):
    (fleet.pillar / "top.sls").write_text("base: {}\n")
    if kind == "sls":
        assert list(fleet.apply("aws")) == ["aws-pillar"]
    else:
        assert "Pillar declares no backups." in fleet.call("aws_backup.plan")
    assert sandbox.calls() == []


@pytest.mark.parametrize("fleet", ["cms"], indirect=True)
def test_a_server_alone_does_not_expire_what_another_keeps_in_its_bucket(fleet, sandbox):
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="ocp-coalition-backup")
    s3.put_object(Bucket="ocp-coalition-backup", Key="another/file", Body=b"1")
    states = fleet.apply("aws")
    assert states["aws-lifecycle-ocp-coalition-backup"]["result"] is False
    assert (
        "objects that no known pillar accounts for: another/."
        in states["aws-lifecycle-ocp-coalition-backup"]["comment"]
    )
    path = fleet.pillar / "public" / "cms.sls"
    pillar = yaml.safe_load(path.read_text().replace("{{ opts.pillar_roots.base[0] }}", str(fleet.pillar)))
    pillar["aws"]["backup"].setdefault("buckets", {})["ocp-coalition-backup"] = {"expire_all": True}
    path.write_text(yaml.safe_dump(pillar))
    assert fleet.apply("aws")["aws-lifecycle-ocp-coalition-backup"]["result"] is True


@pytest.mark.parametrize(
    ("path", "old", "new", "sentence"),
    [
        ("public/control.sls", "- docs", "- docz", "aws:servers: there is no pillar for 'docz'; did you mean docs?"),
        (
            "public/control.sls",
            "- docs",
            "- elsewhere",
            "aws:servers: there is no pillar for 'elsewhere'; name minions by their ID, as in pillar's top file.",
        ),
        ("private/registry.sls", "aws:", "aws: [", "aws:servers: the pillar of registry does not render"),
    ],
    ids=["misspelt", "unknown", "broken"],
)
def test_a_server_whose_pillar_cannot_be_had_stops_everything(fleet, sandbox, path, old, new, sentence):
    file = fleet.pillar / path
    file.write_text(file.read_text().replace(old, new))
    states = fleet.apply("aws")
    assert list(states) == ["aws-pillar"]
    assert sentence in states["aws-pillar"]["comment"]
    assert "Traceback" not in states["aws-pillar"]["comment"]
    assert sandbox.calls() == []


def test_a_server_whose_backups_are_elsewhere_costs_nothing(fleet, sandbox):
    (fleet.pillar / "public" / "docs.sls").write_text("motd: welcome\n")
    states = fleet.apply("aws")
    assert {state["result"] for state in states.values()} == {True}
    assert not [name for name in states if "docs" in name]


def test_a_server_that_is_misspelt_is_noted_with_the_one_that_is_meant(fleet, sandbox):
    """Where a target of the top file takes every id, a wrong one has pillar too, only no backups."""
    top = fleet.pillar / "top.sls"
    top.write_text(top.read_text() + "  '*':\n    - public.common\n")
    (fleet.pillar / "public" / "common.sls").write_text("motd: welcome\n")
    control = fleet.pillar / "public" / "control.sls"
    control.write_text(control.read_text().replace("- kingfisher-main", "- kingfisher_main"))
    note = "kingfisher_main: aws:servers names it, but its pillar defines no backup; did you mean kingfisher-main? If not, remove it."
    assert fleet.call("aws_backup.plan").splitlines()[-1] == note
    fleet.apply("aws")
    report = fleet.call("aws_backup.audit", format="data")
    assert {"about": "pillar", "level": "note", "check": "pillar", "message": note} in report["findings"]
    assert f"NOTE: pillar: {note}" in fleet.call("aws_backup.audit")


def test_the_control_minions_own_pillar_is_not_its_servers(fleet):
    control = fleet.pillar / "public" / "control.sls"
    control.write_text(control.read_text().replace("region: us-east-1", "region: ap-southeast-2"))
    docs = fleet.pillar / "public" / "docs.sls"
    docs.write_text(docs.read_text().replace("  region: us-east-1\n", ""))
    plan = fleet.call("aws_backup.plan", format="data")
    assert plan["buckets"]["ocp-docs-backup"]["region"] == "us-east-1"


def test_a_server_that_leaves_is_reported_and_nothing_of_it_is_deleted(fleet, sandbox):
    fleet.apply("aws")
    iam = sandbox.client("iam")
    reader = iam.create_policy(PolicyName="reader", PolicyDocument=json.dumps(READING))["Policy"]["Arn"]
    iam.create_user(UserName="ana")
    iam.attach_user_policy(UserName="ana", PolicyArn=reader)
    assert fleet.call("aws_backup.orphans") == []
    control = fleet.pillar / "public" / "control.sls"
    control.write_text(control.read_text().replace("    - docs\n", "").replace("    - cms\n", ""))
    sandbox.clear_calls()
    assert all(state["result"] and not state["changes"] for state in fleet.apply("aws").values())
    assert sandbox.calls(write=True) == []
    iam.detach_user_policy(UserName="coalition-backup", PolicyArn=f"{reader[: reader.rindex('/')]}/coalition-backup")
    found = fleet.call("aws_backup.orphans")
    assert [(orphan["kind"], orphan["user"], orphan["policies"], orphan["buckets"]) for orphan in found] == [
        ("user", "docs-backup", ["docs-backup"], ["ocp-docs-backup"]),
        ("policy", None, ["coalition-backup"], ["ocp-coalition-backup"]),
        ("bucket", None, ["coalition-backup"], ["ocp-coalition-backup"]),
        ("bucket", None, ["docs-backup"], ["ocp-docs-backup"]),
    ]
    assert [key["status"] for key in found[0]["access_keys"]] == ["Active"]
