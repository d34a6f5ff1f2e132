import pytest

from aws_runbook.backups import plan as backups
from aws_runbook.errors import PillarError
from aws_runbook.iam import backup_policy
from aws_runbook.pillar.check import problems


def pillar(append_only=None, **settings):
    backup = {**settings, **({} if append_only is None else {"append_only": append_only})}
    return {
        "backup": {"location": "ocp-registry-backup/site"},
        "sync": {"location": "ocp-registry-backup/file-sync"},
        "aws": {"region": "eu-west-2", "backup": backup},
    }


def document(known):
    return backup_policy.document(backups.targets("registry", known)[0])


def grants(policy):
    return {
        (action, resource.removeprefix("arn:aws:s3:::"))
        for statement in policy["Statement"]
        for action in statement["Action"]
        for resource in statement["Resource"]
    }


def test_the_default_is_the_runbooks_form():
    assert document(pillar()) == document(pillar(append_only=False))
    assert ("s3:DeleteObject", "ocp-registry-backup/site/*") in grants(document(pillar()))


@pytest.mark.parametrize("scope", ["prefix", "bucket"])
def test_only_the_mirror_may_delete(scope):
    deleting = {grant for grant in grants(document(pillar(append_only=True, scope=scope))) if "Delete" in grant[0]}
    assert deleting == {("s3:DeleteObject", "ocp-registry-backup/file-sync/*")}


def test_a_script_still_writes_reads_and_lists():
    kept = {action for action, resource in grants(document(pillar(append_only=True)))}
    assert kept >= {"s3:PutObject", "s3:GetObject", "s3:ListBucket"}


def test_it_is_true_or_false():
    assert problems(pillar(append_only="yes"), "registry") == [
        "registry: aws:backup:append_only is 'yes': give True or False."
    ]


@pytest.mark.parametrize("shared", [{"user": "writer"}, {"group": "backup"}])
def test_servers_that_share_a_key_or_policy_agree(shared):
    fleet = {"cms": pillar(append_only=True, **shared), "registry": pillar(**shared)}
    with pytest.raises(PillarError, match=r"append_only differs .* True for cms, and not for registry; set the same"):
        backups.plan(fleet)
    backups.plan({server: pillar(append_only=True, **shared) for server in fleet})


def test_a_wide_policy_that_cannot_delete_is_not_noted():
    notes = backups.plan({"registry": pillar(scope="bucket")}).notes
    assert any("also allows deleting" in note for note in notes)
    assert backups.plan({"registry": pillar(append_only=True, scope="bucket")}).notes == []
