"""Policies, users and groups."""

import json
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from salt.exceptions import CommandExecutionError

from aws_runbook.errors import RunbookError
from sandbox import tls

TARGET = {"kind": "script", "bucket": "ocp-registry-backup", "prefix": "database"}
ALLOW = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}]}'
)


@pytest.fixture
def iam(sandbox):
    return sandbox.client("iam")


def make_policy(iam, name, document=ALLOW):
    return iam.create_policy(PolicyName=name, PolicyDocument=document)["Policy"]["Arn"]


def default_document(iam, arn):
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]


def test_the_runbooks_policy_for_pgbackrest(converge, iam, modules):
    target = {"kind": "pgbackrest", "bucket": "ocp-db-backup", "prefix": "kingfisher"}
    converge("iam_backup_policy.present", name="kingfisher-main-backup", targets=[target])
    arn = modules["iam_backup_policy.describe"]("kingfisher-main-backup")["arn"]
    assert default_document(iam, arn)["Statement"] == [
        {
            "Effect": "Allow",
            "Action": ["s3:ListBucket"],
            "Resource": ["arn:aws:s3:::ocp-db-backup"],
            "Condition": {"StringEquals": {"s3:prefix": ["", "kingfisher"], "s3:delimiter": ["/"]}},
        },
        {
            "Effect": "Allow",
            "Action": ["s3:ListBucket"],
            "Resource": ["arn:aws:s3:::ocp-db-backup"],
            "Condition": {"StringLike": {"s3:prefix": ["kingfisher/*"]}},
        },
        {
            "Effect": "Allow",
            "Action": ["s3:PutObject", "s3:GetObject", "s3:DeleteObject"],
            "Resource": ["arn:aws:s3:::ocp-db-backup/kingfisher/*"],
        },
    ]


def test_a_document_that_means_the_same_is_left_as_it_is(converge, iam, modules, sandbox):
    document = modules["iam_backup_policy.document"]([TARGET])
    for statement in document["Statement"]:
        for key in ("Action", "Resource"):
            value = statement[key]
            statement[key] = value[::-1] if isinstance(value, list) else [value]
    document["Statement"].reverse()
    make_policy(iam, "registry-backup", json.dumps(document))
    sandbox.clear_calls()
    assert converge("iam_backup_policy.present", name="registry-backup", targets=[TARGET]).changes == {}
    assert sandbox.calls(write=True) == []


def test_a_policy_keeps_five_versions_and_loses_the_oldest(converge, iam):
    arn = make_policy(iam, "registry-backup")
    for _ in range(3):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=ALLOW, SetAsDefault=False)
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=ALLOW, SetAsDefault=False)
    ret = converge("iam_backup_policy.present", name="registry-backup", targets=[TARGET])
    assert ret.result is True
    versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    # v1 was the default until then, so v2 was the oldest that could go.
    assert sorted(version["VersionId"] for version in versions) == ["v1", "v3", "v4", "v5", "v6"]
    assert [version["VersionId"] for version in versions if version["IsDefaultVersion"]] == ["v6"]


def test_a_policy_beyond_iams_size_is_refused_before_any_call(states, sandbox):
    targets = [{**TARGET, "prefix": f"database-{number}-{'x' * 60}"} for number in range(60)]
    ret = states["iam_backup_policy.present"](name="registry-backup", targets=targets)
    assert ret.result is False
    assert "6144" in ret.comment.replace(",", "")
    assert sandbox.calls() == []


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ({"kind": "files"}, "give mappings with at least kind and bucket"),
        ({**TARGET, "kind": "tape"}, "kind is 'tape'; allowed are pgbackrest, script"),
        ({**TARGET, "colour": 1}, "unknown key 'colour'"),
        ({**TARGET, "prefix": "/database"}, "give one without a slash at either end"),
        ({**TARGET, "kind": "pgbackrest", "options": ["tag"]}, "options is 'tag'; allowed are tags, target_time"),
    ],
)
def test_a_target_that_makes_no_sense(states, sandbox, target, sentence):
    ret = states["iam_backup_policy.present"](name="registry-backup", targets=[target])
    assert ret.result is False
    assert sentence in ret.comment
    assert sandbox.calls() == []


def test_a_policy_in_use_is_not_deleted_unless_allowed(converge, iam):
    arn = make_policy(iam, "registry-backup")
    iam.create_user(UserName="registry-backup")
    iam.attach_user_policy(UserName="registry-backup", PolicyArn=arn)
    ret = converge("iam_backup_policy.absent", name="registry-backup")
    assert "is attached to user registry-backup and is not deleted" in ret.comment
    assert converge("iam_backup_policy.absent", name="registry-backup", detach=True).result is True


def test_moving_from_a_policy_to_a_group_leaves_no_moment_without_permission(converge, states, iam, sandbox):
    converge("iam_backup_policy.present", name="registry-backup", targets=[TARGET])
    converge("iam_user.present", name="registry-backup", policies=["registry-backup"])
    converge("iam_backup_policy.present", name="backup", targets=[TARGET])
    converge("iam_group.present", name="backup", policies=["backup"])
    sandbox.clear_calls()
    ret = states["iam_user.present"](
        name="registry-backup", groups=["backup"], policies=[], detached_policies=["registry-backup"]
    )
    assert ret.changes == {
        "groups": {"old": [], "new": ["backup"]},
        "policies": {"old": ["registry-backup"], "new": []},
    }
    operations = [call["operation"] for call in sandbox.calls()]
    granted, taken = operations.index("AddUserToGroup"), operations.index("DetachUserPolicy")
    # What replaces the policy is granted, and seen to be there, before the policy goes.
    assert "ListGroupsForUser" in operations[granted:taken]


def test_the_policy_stays_while_aws_does_not_show_the_group(states, iam, sandbox, monkeypatch):
    monkeypatch.setattr("aws_runbook.iam.attachments.until", lambda question, **_: question())
    iam.create_group(GroupName="backup")
    iam.create_user(UserName="registry-backup")
    iam.attach_user_policy(UserName="registry-backup", PolicyArn=make_policy(iam, "registry-backup"))
    sandbox.lag("iam", looks=50)
    ret = states["iam_user.present"](name="registry-backup", groups=["backup"], detached_policies=["registry-backup"])
    sandbox.lag("iam", looks=0)
    assert ret.result is False
    assert "what it replaces was not removed" in ret.comment
    assert iam.list_attached_user_policies(UserName="registry-backup")["AttachedPolicies"]


def test_what_a_user_has_besides_stays_unless_purged(converge, iam):
    other = make_policy(iam, "by-hand")
    iam.create_user(UserName="registry-backup", Tags=[{"Key": "who", "Value": "ops"}])
    iam.attach_user_policy(UserName="registry-backup", PolicyArn=other)
    make_policy(iam, "registry-backup")
    wanted = {"name": "registry-backup", "policies": ["registry-backup"], "tags": {"team": "data"}}
    ret = converge("iam_user.present", **wanted)
    assert ret.changes["policies"] == {"old": ["by-hand"], "new": ["by-hand", "registry-backup"]}
    assert ret.changes["tags"] == {"old": {"who": "ops"}, "new": {"who": "ops", "team": "data"}}
    ret = converge("iam_user.present", **wanted, purge=True)
    assert ret.changes["policies"] == {"old": ["by-hand", "registry-backup"], "new": ["registry-backup"]}
    assert ret.changes["tags"] == {"old": {"who": "ops", "team": "data"}, "new": {"team": "data"}}


def test_a_user_with_a_key_is_not_deleted_unless_allowed(converge, iam):
    iam.create_user(UserName="registry-backup")
    key = iam.create_access_key(UserName="registry-backup")["AccessKey"]["AccessKeyId"]
    ret = converge("iam_user.absent", name="registry-backup")
    assert f"has the access key {key} and is not deleted" in ret.comment
    assert converge("iam_user.absent", name="registry-backup", delete_access_keys=True).result is True


SSH_KEY = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ" + "A" * 40


def give_device(iam):
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="ana")["VirtualMFADevice"]["SerialNumber"]
    iam.enable_mfa_device(
        UserName="ana", SerialNumber=device, AuthenticationCode1="123456", AuthenticationCode2="654321"
    )


def give_certificate(iam):
    with tempfile.TemporaryDirectory() as folder:
        text = Path(tls.make(Path(folder), "127.0.0.1")[1]).read_text()
    iam.upload_signing_certificate(UserName="ana", CertificateBody=text)


@pytest.mark.parametrize(
    ("give", "sentence"),
    [
        (lambda iam: iam.create_login_profile(UserName="ana", Password="Canary-1234"), "password for the console"),
        (
            lambda iam: iam.put_user_policy(UserName="ana", PolicyName="hers", PolicyDocument=ALLOW),
            "inline policy hers",
        ),
        (give_device, "MFA device"),
        (give_certificate, "a signing certificate"),
        (lambda iam: iam.upload_ssh_public_key(UserName="ana", SSHPublicKeyBody=SSH_KEY), "an SSH public key"),
        (
            lambda iam: iam.create_service_specific_credential(UserName="ana", ServiceName="codecommit.amazonaws.com"),
            "a credential for one service",
        ),
    ],
    ids=["password", "inline policy", "MFA", "certificate", "SSH key", "service"],
)
def test_a_user_with_more_than_keys_is_not_deleted_and_keeps_its_keys(converge, iam, modules, give, sentence):
    iam.create_user(UserName="ana")
    key = iam.create_access_key(UserName="ana")["AccessKey"]["AccessKeyId"]
    give(iam)
    ret = converge("iam_user.absent", name="ana", delete_access_keys=True)
    assert ret.result is False
    assert sentence in ret.comment
    with pytest.raises(RunbookError, match=sentence):
        modules["iam_user.delete"]("ana", delete_access_keys=True)
    assert [entry["AccessKeyId"] for entry in iam.list_access_keys(UserName="ana")["AccessKeyMetadata"]] == [key]


@pytest.mark.parametrize("path", ["/", "/backups/old/"])
def test_a_policy_is_found_under_any_path(converge, iam, modules, path):
    arn = iam.create_policy(PolicyName="WebCopies", Path=path, PolicyDocument=ALLOW)["Policy"]["Arn"]
    ret = converge("iam_backup_policy.present", name="WebCopies", targets=[TARGET])
    assert ret.result is True, ret.comment
    assert modules["iam_backup_policy.describe"]("WebCopies")["arn"] == arn
    converge("iam_group.present", name="writers", policies=["WebCopies"])
    converge("iam_user.present", name="web", policies=["WebCopies"])
    attached = iam.list_attached_user_policies(UserName="web")["AttachedPolicies"]
    assert [policy["PolicyArn"] for policy in attached] == [arn]
    assert converge("iam_user.present", name="web", detached_policies=["WebCopies"]).result is True
    assert converge("iam_backup_policy.absent", name="WebCopies", detach=True).result is True
    assert iam.list_policies(Scope="Local")["Policies"] == []


@pytest.mark.parametrize("path", ["/", "/old/"])
def test_a_policy_whose_name_differs_only_by_case_is_reported_at_once(converge, iam, sandbox, path):
    arn = iam.create_policy(PolicyName="webcopies", Path=path, PolicyDocument=ALLOW)["Policy"]["Arn"]
    ret = converge("iam_backup_policy.present", name="WebCopies", targets=[TARGET])
    assert ret.result is False
    assert f"the policy webcopies ({arn})" in ret.comment
    assert "waiting" not in ret.comment
    assert sandbox.calls(operation="CreatePolicy") == []


@pytest.mark.parametrize("kind", ["user", "group"])
def test_a_user_or_group_whose_name_differs_only_by_case_is_reported_at_once(converge, iam, modules, kind):
    getattr(iam, f"create_{kind}")(**{f"{kind.capitalize()}Name": "Backup"})
    taken = (
        f"The account has the {kind} Backup, whose name differs from backup only by case, and IAM treats them as the same: write the name in "
        "pillar exactly so, or choose another."
    )
    ret = converge(f"iam_{kind}.present", name="backup")
    assert (ret.result, ret.comment, ret.changes) == (False, taken, {})
    with pytest.raises(CommandExecutionError, match="differs from backup only by case"):
        modules[f"iam_{kind}.create"]("backup")
    assert [entry["Arn"].rpartition("/")[2] for entry in getattr(iam, f"list_{kind}s")()[f"{kind.capitalize()}s"]] == [
        "Backup"
    ]


@pytest.mark.parametrize("kind", ["user", "group"])
def test_aws_may_show_by_a_name_what_has_it_in_another_case(proxy, iam, states, kind):
    getattr(iam, f"create_{kind}")(**{f"{kind.capitalize()}Name": "backup"})
    proxy.fault(
        f"Get{kind.capitalize()}",
        lambda answer: replace(answer, body=answer.body.replace(b"backup", b"Backup")),
        calls=None,
    )
    ret = states[f"iam_{kind}.present"](name="backup", test=True)
    assert ret.result is False
    assert f"the {kind} Backup, whose name differs from backup only by case" in ret.comment


def test_an_smtp_user_whose_name_differs_only_by_case_is_reported_at_once(converge, iam):
    iam.create_user(UserName="SES-SMTP")
    ret = converge("ses_smtp_user.present", name="ses-smtp")
    assert ret.result is False
    assert "The account has the user SES-SMTP, whose name differs from ses-smtp only by case" in ret.comment


def test_a_group_to_join_whose_name_differs_only_by_case_is_reported_at_once(converge, iam):
    iam.create_group(GroupName="Backup")
    iam.create_user(UserName="registry-backup")
    ret = converge("iam_user.present", name="registry-backup", groups=["backup"])
    assert ret.result is False
    assert "The account has the group Backup, whose name differs from backup only by case" in ret.comment
    assert converge("iam_user.present", name="registry-backup", groups=["Backup"]).result is True


def test_names_are_asked_for_once_in_a_run(modules, sandbox, iam):
    """Also where one goes in the same run and comes again in another case."""
    iam.create_user(UserName="Web")
    run = {
        "gone": {"iam_user": ["absent", {"name": "Web"}]},
        "come": {"iam_user": ["present", {"name": "web"}, {"require": [{"iam_user": "gone"}]}]},
        **{f"user-{number}": {"iam_user": ["present", {"name": f"u{number}"}]} for number in range(5)},
    }
    sandbox.clear_calls()
    done = modules["state.high"](run).raw
    assert {state["result"] for state in done.values()} == {True}, done
    # A listing of the account tells all names: at first, when one has gone, and when those that came are confirmed.
    assert len(sandbox.calls(operation="ListUsers")) == 0
    assert len(sandbox.calls(operation="GetAccountAuthorizationDetails")) == 3


def test_a_group_with_members_is_not_deleted_unless_allowed(converge, iam):
    iam.create_group(GroupName="backup")
    iam.create_user(UserName="registry-backup")
    iam.add_user_to_group(GroupName="backup", UserName="registry-backup")
    ret = converge("iam_group.absent", name="backup")
    assert "has the members registry-backup and is not deleted" in ret.comment
    assert converge("iam_group.absent", name="backup", remove_members=True).result is True
    assert iam.get_user(UserName="registry-backup")


def test_a_group_with_a_policy_of_its_own_is_not_deleted(converge, iam):
    iam.create_group(GroupName="backup")
    iam.put_group_policy(GroupName="backup", PolicyName="by-hand", PolicyDocument=ALLOW)
    ret = converge("iam_group.absent", name="backup")
    assert ret.result is False
    assert ret.comment == "The group backup has the inline policy by-hand, which is not managed here: delete it first."


def test_a_user_leaves_other_groups_where_they_are_purged(converge, iam):
    iam.create_user(UserName="registry-backup")
    for group in ("backup", "by-hand"):
        iam.create_group(GroupName=group)
    iam.add_user_to_group(GroupName="by-hand", UserName="registry-backup")
    ret = converge("iam_user.present", name="registry-backup", groups=["backup"], purge=True)
    assert ret.changes == {"groups": {"old": ["by-hand"], "new": ["backup"]}}
    assert [group["GroupName"] for group in iam.list_groups_for_user(UserName="registry-backup")["Groups"]] == [
        "backup"
    ]


@pytest.mark.parametrize("looks", [1, 3])
def test_what_aws_does_not_show_yet_is_read_again(states, sandbox, tmp_path, looks):
    sandbox.lag("iam", looks=looks)
    store = {"pillar_file": str(tmp_path / "registry.sls"), "keys": {"access_key": "a", "secret_key": "b"}}
    for function, arguments in (
        ("iam_backup_policy.present", {"name": "registry-backup", "targets": [TARGET]}),
        ("iam_group.present", {"name": "backup", "policies": ["registry-backup"]}),
        ("iam_user.present", {"name": "registry-backup", "policies": ["registry-backup"], "groups": ["backup"]}),
        ("iam_access_key.present", {"name": "registry-backup", "store": store}),
    ):
        ret = states[function](**arguments)
        assert ret.result is True, ret.comment
        assert ret.changes
    assert len(sandbox.calls(operation="CreateUser")) == 1
    made = [call for call in sandbox.calls(operation="CreateAccessKey") if call["status"] == 200]
    assert len(made) == 1


def test_what_aws_does_not_show_yet_is_asked_for_again_on_the_command_line(modules, iam, sandbox):
    iam.create_user(UserName="registry-backup")
    iam.create_group(GroupName="backup")
    sandbox.lag("iam", looks=2)
    assert modules["iam_user.update"]("registry-backup", groups=["backup"]) is True


@pytest.mark.parametrize("kind", ["throttling", "internal_error", "unavailable"])
def test_what_passes_is_tried_again(states, sandbox, kind):
    sandbox.fault("CreateUser", kind, times=2)
    sandbox.fault("GetUser", kind, times=2)
    assert states["iam_user.present"](name="registry-backup").result is True


def test_a_write_that_is_denied_names_the_action(states, sandbox):
    sandbox.fault("CreateUser", "access_denied")
    ret = states["iam_user.present"](name="registry-backup")
    assert ret.result is False
    assert ret.comment.startswith("Cannot create the user registry-backup: AWS says AccessDenied")
    assert ret.comment.endswith("The credentials in use need iam:CreateUser.")
