"""Policies of people that have the name of one for backups: none is narrowed or taken away in silence."""

import json

import pytest

NAME, BUCKET = "registry", "ocp-registry-backup"
ARN = f"arn:aws:s3:::{BUCKET}"
ALONE = {"backup": {"location": f"{BUCKET}/site"}, "aws": {"backup": {"user": NAME}}}
GROUPED = {**ALONE, "aws": {"backup": {"user": NAME, "group": "backup"}}}
EC2 = {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}
WRITING = {"Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject"], "Resource": f"{ARN}/old/*"}


@pytest.fixture
def iam(sandbox):
    client = sandbox.client("iam")
    for user in (NAME, "deployer"):
        client.create_user(UserName=user)
    return client


def made(iam, *statements, users=()):
    """A policy that somebody made, and attached to these users."""
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    arn = iam.create_policy(PolicyName=NAME, PolicyDocument=document)["Policy"]["Arn"]
    for user in users:
        iam.attach_user_policy(UserName=user, PolicyArn=arn)
    return arn


def statements(iam, arn):
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    found = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]["Statement"]
    return found if isinstance(found, list) else [found]


def attached(iam, user):
    return [entry["PolicyName"] for entry in iam.list_attached_user_policies(UserName=user)["AttachedPolicies"]]


def planned(modules, kind, name):
    return {"name": name, **modules["aws_backup.plan"](format="data")[kind][name]}


def present(states, modules, **options):
    return states["iam_backup_policy.present"](**planned(modules, "policies", NAME), **options)


@pytest.mark.parametrize("pillar", [ALONE])
@pytest.mark.parametrize(
    ("statement", "told"),
    [
        (EC2, "ec2:* on *"),
        ({"Effect": "Allow", "Action": "*", "Resource": "*"}, "* on *"),
        ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, '"NotAction": ["iam:*"]'),
        ({"Effect": "Deny", "Action": "ec2:*", "Resource": "*"}, '"Effect": "Deny"'),
    ],
    ids=["EC2", "all", "not some", "denied"],
)
@pytest.mark.parametrize(
    ("users", "who"),
    [((), "attached to nobody."), (["deployer", NAME], "attached to the user deployer and the user registry.")],
)
def test_what_is_not_for_backups_is_not_replaced(states, modules, iam, sandbox, statement, told, users, who):
    arn = made(iam, statement, WRITING, users=users)
    before = statements(iam, arn)
    for test in (True, False):
        ret = present(states, modules, test=test)
        assert (ret.result, ret.changes) == (False, {})
        assert ret.comment.startswith(
            "The policy registry is not only for backups, and its document is not replaced: it allows "
        )
        assert told in ret.comment
        assert who in ret.comment
        assert "Set aws:backup:policy in pillar to another name" in ret.comment
    assert statements(iam, arn) == before


@pytest.mark.parametrize("pillar", [{**ALONE, "aws": {"backup": {"user": NAME, "policy": "registry-copies"}}}])
def test_the_pillar_that_the_error_names_makes_it_right(states, modules, iam):
    arn = made(iam, EC2, users=["deployer"])
    ret = states["iam_backup_policy.present"](**planned(modules, "policies", "registry-copies"))
    assert ret.result is True
    assert states["iam_user.present"](**planned(modules, "users", NAME)).result is True
    assert statements(iam, arn) == [EC2]
    assert (attached(iam, "deployer"), attached(iam, NAME)) == ([NAME], ["registry-copies"])


@pytest.mark.parametrize("pillar", [ALONE])
@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ({**WRITING, "Action": "s3:*"}, f"s3:* on {ARN}/old/*"),
        ({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}, "s3:getobject on *"),
        ({"Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "*"}, '"Effect": "Deny"'),
    ],
    ids=["all of S3", "reading all", "denied"],
)
def test_what_else_one_allowed_in_s3_is_reported_before_and_after(states, modules, iam, statement, told):
    made(iam, statement, WRITING, users=[NAME])
    for test in (True, False):
        ret = present(states, modules, test=test)
        assert set(ret.changes) == {"policy_document"}
        (warning,) = ret.warnings
        assert warning.startswith("The policy registry loses permissions that backups do not need: ")
        assert told in warning
    again = present(states, modules)
    assert (again.changes, again.full_return.get("warnings")) == ({}, None)


@pytest.mark.parametrize("pillar", [ALONE, GROUPED])
def test_one_for_backups_is_updated_without_a_word(converge, states, modules, iam, pillar):
    """Another prefix, or another bucket, is what pillar changes every day."""
    name = "backup" if "group" in pillar["aws"]["backup"] else NAME
    old = {"kind": "files", "bucket": "ocp-old-backup", "prefix": "site"}
    converge("iam_backup_policy.present", name=name, targets=[old])
    if name == NAME:
        converge("iam_user.present", name=NAME, policies=[name])
    else:
        converge("iam_group.present", name="backup", policies=[name])
    ret = converge("iam_backup_policy.present", **planned(modules, "policies", name))
    assert set(ret.changes) == {"policy_document"}
    assert ret.full_return.get("warnings") is None


@pytest.mark.parametrize("pillar", [ALONE])
def test_other_holders_of_a_changed_policy_are_reported(states, modules, iam):
    """The plan shows who has a policy that pillar gives to somebody else: their backups may stop, or they may do more."""
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    iam.create_role(RoleName="machine", AssumeRolePolicyDocument=trust)
    arn = made(iam, WRITING, users=["deployer", NAME])
    iam.attach_role_policy(RoleName="machine", PolicyArn=arn)
    for test in (True, False):
        ret = present(states, modules, test=test)
        (warning,) = ret.warnings
        assert warning.startswith(
            "The policy registry also changes for the role machine and the user deployer, to which no known pillar gives it: it loses "
            f"s3:getobject on {ARN}/old/*, s3:putobject on {ARN}/old/* and gets s3:deleteobject on {ARN}/site/*, "
        )
        assert "set aws:backup:policy to another name" in warning
    assert present(states, modules).changes == {}
    unknown = states["iam_backup_policy.present"](name=NAME, targets=planned(modules, "policies", NAME)["targets"])
    assert unknown.changes == {}


@pytest.mark.parametrize("holders", [["registry"], {"roles": ["machine"]}, {"users": "registry"}])
def test_holders_of_another_shape_are_refused_before_any_call(states, sandbox, holders):
    targets = [{"kind": "files", "bucket": BUCKET}]
    ret = states["iam_backup_policy.present"](name=NAME, targets=targets, holders=holders)
    assert ret.result is False
    assert "holders" in ret.comment
    assert sandbox.calls() == []


@pytest.mark.parametrize("pillar", [GROUPED])
@pytest.mark.parametrize("statement", [EC2, {**WRITING, "Action": "s3:*"}], ids=["EC2", "all of S3"])
def test_a_user_that_moves_to_a_group_keeps_a_policy_that_allows_more_than_backups(states, modules, iam, statement):
    made(iam, statement, users=[NAME])
    group = planned(modules, "policies", "backup")
    states["iam_backup_policy.present"](**group)
    states["iam_group.present"](**planned(modules, "groups", "backup"))
    for test in (True, False):
        ret = states["iam_user.present"](**planned(modules, "users", NAME), test=test)
        assert set(ret.changes) == {"groups"}
        (warning,) = ret.warnings
        assert warning.startswith(
            "The user registry keeps the policy registry beside its group, because the policy allows more than"
        )
        assert statement["Action"] in warning
    again = states["iam_user.present"](**planned(modules, "users", NAME))
    assert (again.changes, again.warnings) == ({}, [warning])
    assert attached(iam, NAME) == [NAME]
    # Whoever says so himself has it detached.
    ret = states["iam_user.present"](NAME, groups=["backup"], detached_policies=[NAME])
    assert ret.changes == {"policies": {"old": [NAME], "new": []}}
    assert attached(iam, NAME) == []


@pytest.mark.parametrize("pillar", [GROUPED])
def test_a_user_that_moves_to_a_group_loses_the_policy_that_was_made_for_its_backups(converge, modules, iam):
    converge("iam_backup_policy.present", name=NAME, targets=planned(modules, "policies", "backup")["targets"])
    converge("iam_user.present", name=NAME, policies=[NAME])
    converge("iam_backup_policy.present", **planned(modules, "policies", "backup"))
    converge("iam_group.present", **planned(modules, "groups", "backup"))
    ret = converge("iam_user.present", **planned(modules, "users", NAME))
    assert ret.changes == {"groups": {"old": [], "new": ["backup"]}, "policies": {"old": [NAME], "new": []}}


@pytest.mark.parametrize("pillar", [ALONE])
def test_who_has_a_policy_that_changes_must_be_readable(states, modules, iam, sandbox):
    arn = made(iam, WRITING, users=[NAME])
    sandbox.fault("ListEntitiesForPolicy", "access_denied", times=None)
    ret = present(states, modules)
    assert ret.result is False
    assert "need iam:ListEntitiesForPolicy" in ret.comment
    assert statements(iam, arn) == [WRITING]


def test_a_change_of_a_policy_is_shown_as_a_diff_and_in_words(converge):
    target = {"kind": "files", "bucket": BUCKET, "prefix": "database"}
    made = converge("iam_backup_policy.present", name=NAME, targets=[target])
    assert set(made.changes["policy_document"]) == {"old", "new"}
    changed = converge("iam_backup_policy.present", name=NAME, targets=[{**target, "append_only": True}]).changes
    assert set(changed) == {"policy_document"}
    assert changed["policy_document"]["means"] == "may no longer delete below database/"
    removed = [line for line in changed["policy_document"]["diff"].splitlines()[2:] if line[0] in "-+"]
    assert removed == [f"-Allow s3:DeleteObject on {ARN}/database/*"]
