"""What is left in the account of backups that pillar names no more: told, and left as it is."""

import json

import pytest
from salt.exceptions import CommandExecutionError

ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}

pytestmark = pytest.mark.parametrize("fleet", ["docs"], indirect=True)


def change(fleet, old, new):
    path = fleet.pillar / "public" / "docs.sls"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def orphans(fleet, **connection):
    return {
        (orphan["kind"], orphan["user"] or ", ".join(orphan["policies"]), ", ".join(orphan["buckets"])): orphan["why"]
        for orphan in fleet.call("aws_backup.orphans", **connection)
    }


def allow(*actions, bucket):
    resource = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resource}]}
    )


def test_a_policy_and_a_bucket_that_were_replaced(fleet, sandbox):
    fleet.apply("aws")
    assert orphans(fleet) == {}
    change(fleet, "location: ocp-docs-backup", "location: ocp-docs-archive")
    fleet.apply("aws")
    found = orphans(fleet)
    assert list(found) == [("bucket", "docs-backup", "ocp-docs-backup")]
    assert next(iter(found.values())) == (
        "The bucket ocp-docs-backup in us-east-1 is for backups (the policy docs-backup names it, or did), and no known pillar names it; check "
        "its contents: s3_bucket.absent removes it only when it is empty."
    )

    change(fleet, "    expire_days: 90\n", "    expire_days: 90\n    policy: WebCopies\n")
    fleet.apply("aws")
    sandbox.refuse_writes()
    found = orphans(fleet)
    assert list(found) == [
        ("policy", "docs-backup", "ocp-docs-archive"),
        ("bucket", "docs-backup", "ocp-docs-backup"),
    ]
    assert "the user docs-backup has it: iam_backup_policy.absent removes it, with detach: True" in next(
        iter(found.values())
    )


def test_a_bucket_that_pillar_still_names_is_none(fleet):
    fleet.apply("aws")
    change(fleet, "location: ocp-docs-backup", "location: ocp-docs-archive")
    change(fleet, "    expire_days: 90\n", "    buckets: {ocp-docs-backup: {region: us-east-1}}\n")
    fleet.apply("aws")
    assert orphans(fleet) == {}


def test_buckets_told_by_their_rule_and_those_of_others(fleet, sandbox):
    s3 = sandbox.client("s3", region="eu-west-2")
    rules = {"ocp-old": "delete-after-30-days-database", "ocp-web": "tidy", "ocp-none": None}
    for bucket, name in rules.items():
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
        if name:
            rule = {"ID": name, "Status": "Enabled", "Filter": {"Prefix": "database/"}, "Expiration": {"Days": 30}}
            s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [rule]})
    found = orphans(fleet)
    assert list(found) == [("bucket", "", "ocp-old")]
    assert "in eu-west-2 is for backups (it has the lifecycle rule delete-after-30-days-database)" in next(
        iter(found.values())
    )

    iam = sandbox.client("iam")
    iam.create_user(UserName="reader")
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    credentials = {"keyid": key["AccessKeyId"], "key": key["SecretAccessKey"]}
    denied = {"Effect": "Deny", "Action": "s3:GetLifecycleConfiguration", "Resource": "arn:aws:s3:::ocp-web"}

    def put_policy():
        document = {"Version": "2012-10-17", "Statement": [ALL, denied]}
        iam.put_user_policy(UserName="reader", PolicyName="p", PolicyDocument=json.dumps(document))

    sandbox.enforce_iam()
    put_policy()
    found = orphans(fleet, **credentials)
    assert list(found) == [("bucket", "", "ocp-old"), ("unread", "", "ocp-web")]
    assert found["unread", "", "ocp-web"].startswith(
        "It is not known whether ocp-web is for backups. Cannot read the lifecycle rules"
    )
    denied["Action"], denied["Resource"] = "iam:ListAccessKeys", "*"
    arn = iam.create_policy(PolicyName="old", PolicyDocument=allow("s3:PutObject", bucket="ocp-gone"))["Policy"]["Arn"]
    iam.create_user(UserName="old")
    iam.attach_user_policy(UserName="old", PolicyArn=arn)
    put_policy()
    found = orphans(fleet, **credentials)
    assert list(found) == [("user", "old", "ocp-gone"), ("bucket", "", "ocp-old")]
    assert "need iam:ListAccessKeys" in found["user", "old", "ocp-gone"]
    denied["Action"] = "s3:ListAllMyBuckets"
    put_policy()
    with pytest.raises(CommandExecutionError, match="need s3:ListAllMyBuckets"):
        orphans(fleet, **credentials)


def test_the_holders_of_a_policy_are_reported(fleet, sandbox):
    iam = sandbox.client("iam")
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    iam.create_role(RoleName="machine", AssumeRolePolicyDocument=trust)
    iam.create_group(GroupName="old")
    arns = {}
    for name in ("by-role", "by-group", "by-nobody", "reading"):
        actions = ["s3:GetObject"] if name == "reading" else ["s3:PutObject", "s3:ListBucket"]
        document = allow(*actions, bucket="ocp-old")
        arns[name] = iam.create_policy(PolicyName=name, PolicyDocument=document)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="machine", PolicyArn=arns["by-role"])
    iam.attach_group_policy(GroupName="old", PolicyArn=arns["by-group"])
    found = orphans(fleet)
    has = {
        name: why.partition("no known pillar names it; ")[2].partition(" has it")[0]
        for (_, name, _), why in found.items()
    }
    assert has == {"by-group": "the group old", "by-nobody": "nobody", "by-role": "the role machine"}


PGBACKREST = {"kind": "pgbackrest", "bucket": "ocp-db-backup", "prefix": "kingfisher", "region": "eu-west-2"}
INFO = "kingfisher/archive/main/archive.info"


def made(sandbox, bucket, *keys):
    s3 = sandbox.client("s3", region="eu-west-2")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")


def test_a_repository_is_reported_when_its_user_and_its_policy_were_removed_as_advised(fleet, sandbox):
    made(sandbox, "ocp-db-backup", "kingfisher/archive/main/16-1/0000000100000000/0001.zst", INFO, f"{INFO}.copy")
    made(sandbox, "ocp-web", "archive/2030/index.html", "backup.info", "kingfisher/page.html")
    name = "kingfisher-backup"
    fleet.call("state.single", "iam_backup_policy.present", name=name, targets=[PGBACKREST])
    fleet.call("state.single", "iam_user.present", name=name, policies=[name])
    assert list(orphans(fleet)) == [("user", name, "ocp-db-backup"), ("bucket", name, "ocp-db-backup")]
    fleet.call("state.single", "iam_user.absent", name=name)
    assert list(orphans(fleet)) == [("policy", name, "ocp-db-backup"), ("bucket", name, "ocp-db-backup")]
    fleet.call("state.single", "iam_backup_policy.absent", name=name)
    sandbox.clear_calls()
    assert orphans(fleet) == {
        (
            "bucket",
            "",
            "ocp-db-backup",
        ): "The bucket ocp-db-backup in eu-west-2 is for backups (it holds kingfisher/archive/main/archive.info), and no known pillar names it; "
        "check its contents: s3_bucket.absent removes it only when it is empty."
    }
    assert len(sandbox.calls(operation="ListObjectsV2")) < 20
    sandbox.fault("ListObjectsV2", "access_denied", times=None)
    found = orphans(fleet)
    assert list(found) == [("unread", "", "ocp-db-backup, ocp-web")]
    assert "need s3:ListBucket" in found["unread", "", "ocp-db-backup, ocp-web"]


@pytest.mark.parametrize("action", ["s3:*", "s3:GetBucketLocation", "s3:ListBucket"])
@pytest.mark.parametrize("how", ["attached", "inline", "of its group"])
def test_resources_made_in_the_console_are_described(fleet, sandbox, action, how):
    iam, name = sandbox.client("iam"), "kingfisher-backup"
    made(sandbox, "ocp-db-backup")
    document = allow(action, "s3:PutObject", "s3:GetObject", "s3:DeleteObject", bucket="ocp-db-backup")
    iam.create_user(UserName=name)
    iam.create_group(GroupName="writers")
    if how == "attached":
        arn = iam.create_policy(PolicyName="copies", PolicyDocument=document)["Policy"]["Arn"]
        iam.attach_user_policy(UserName=name, PolicyArn=arn)
    elif how == "inline":
        iam.put_user_policy(UserName=name, PolicyName="copies", PolicyDocument=document)
    else:
        iam.put_group_policy(GroupName="writers", PolicyName="copies", PolicyDocument=document)
        iam.add_user_to_group(GroupName="writers", UserName=name)
    found = orphans(fleet)
    assert list(found) == [("user", name, "ocp-db-backup"), ("bucket", "copies", "ocp-db-backup")]
    removed = (
        "iam_user.absent removes it, once its inline policy copies is deleted."
        if how == "inline"
        else "iam_user.absent removes it."
    )
    assert removed in found["user", name, "ocp-db-backup"]
    sure = "is" if action == "s3:ListBucket" else "may be"
    assert (
        f"in eu-west-2 {sure} for backups (the policy copies names it, or did)"
        in found["bucket", "copies", "ocp-db-backup"]
    )


def test_inline_policies_of_others_than_users_are_reported(fleet, sandbox):
    iam, document = sandbox.client("iam"), allow("s3:PutObject", bucket="ocp-old")
    iam.create_role(RoleName="machine", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []}))
    iam.create_group(GroupName="empty")
    iam.put_role_policy(RoleName="machine", PolicyName="by-role", PolicyDocument=document)
    iam.put_group_policy(GroupName="empty", PolicyName="by-group", PolicyDocument=document)
    iam.put_group_policy(
        GroupName="empty", PolicyName="other", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [ALL]})
    )
    found = orphans(fleet)
    assert list(found) == [("policy", "by-group", "ocp-old"), ("policy", "by-role", "ocp-old")]
    assert found["policy", "by-group", "ocp-old"] == (
        "The inline policy by-group of the group empty is for backups to ocp-old, and no known pillar names the group empty; if nothing "
        "needs it, delete it by hand."
    )


def test_an_inline_policy_of_a_user_in_pillar_is_no_orphan(fleet, sandbox):
    fleet.apply("aws")
    document = allow("s3:*", bucket="ocp-gone")
    sandbox.client("iam").put_user_policy(UserName="docs-backup", PolicyName="by-hand", PolicyDocument=document)
    assert orphans(fleet) == {}
