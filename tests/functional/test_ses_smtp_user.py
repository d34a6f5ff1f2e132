"""SMTP users: may only send, and their password is never seen."""

import json
import re

import pytest
import yaml

from aws_runbook.mail import smtp

USER = "ses-smtp"
POLICY = {"UserName": USER, "PolicyName": "AmazonSesSendingAccess"}


@pytest.fixture
def iam(sandbox):
    return sandbox.client("iam")


@pytest.fixture
def private(tmp_path):
    path = tmp_path / "credere.sls"
    path.write_text("# The private half.\nother: kept\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def store(private):
    names = ("smtp_username", "smtp_password", "smtp_host", "smtp_port")
    return {"pillar_file": str(private), "keys": {name: f"smtp:{name}" for name in names}}


def stored(private):
    return yaml.safe_load(private.read_text())["smtp"]


def keys(iam):
    return [entry["AccessKeyId"] for entry in iam.list_access_keys(UserName=USER)["AccessKeyMetadata"]]


def test_present_and_drift(converge, iam, private, store, monkeypatch):
    secrets = []
    derive = smtp.password
    monkeypatch.setattr(
        "aws_runbook.mail.smtp.password", lambda secret, region: secrets.append(secret) or derive(secret, region)
    )
    wanted = {"name": USER, "store": store, "region": "eu-central-1", "tags": {"team": "data"}}
    ret = converge("ses_smtp_user.present", **wanted)
    assert ret.result is True, ret.comment
    assert set(ret.changes) == {"name", "policy_document", "tags", "access_key"}
    assert stored(private)["smtp_username"] == keys(iam)[0]
    assert stored(private)["smtp_password"] == derive(secrets[0], "eu-central-1").reveal()
    assert stored(private)["smtp_host"] == "email-smtp.eu-central-1.amazonaws.com"
    assert str(stored(private)["smtp_port"]) == "587"
    assert private.stat().st_mode & 0o777 == 0o600
    assert stored(private)["smtp_password"] not in str(ret.full_return)
    iam.put_user_policy(
        **POLICY,
        PolicyDocument='{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}',
    )
    assert set(converge("ses_smtp_user.present", **wanted).changes) == {"policy_document"}
    statement = {"Effect": "Allow", "Action": ["ses:SendRawEmail"], "Resource": ["*"]}
    assert iam.get_user_policy(**POLICY)["PolicyDocument"]["Statement"] == [statement]


def test_only_from_given_addresses(converge, iam):
    converge("ses_smtp_user.present", name=USER, from_addresses=["b@example.org", "A@Example.org"])
    (statement,) = iam.get_user_policy(**POLICY)["PolicyDocument"]["Statement"]
    assert statement["Condition"] == {"StringEquals": {"ses:FromAddress": ["A@example.org", "b@example.org"]}}


@pytest.mark.parametrize(
    "actions", [["ses:*", "sns:Publish"], ["ses:SendRawEmail", "sns:Publish"], ["ses:SendRawEmail"]]
)
def test_what_the_consoles_policy_loses_is_reported_before_and_after(states, iam, sandbox, actions):
    iam.create_user(UserName=USER)
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": actions, "Resource": "*"}}
    iam.put_user_policy(**POLICY, PolicyDocument=json.dumps(document))
    wanted = {"name": USER, "from_addresses": ["noreply@example.org"]}
    lost = ", ".join(f"{action.lower()} on *" for action in actions if action != "ses:SendRawEmail")
    told = (
        f"The policy AmazonSesSendingAccess of the user ses-smtp loses permissions that SMTP does not need: {lost}. If anything needs them, "
        "grant them to the user in a policy with another name."
    )
    for test in (True, False):
        ret = states["ses_smtp_user.present"](**wanted, test=test)
        assert set(ret.changes) == {"policy_document"}
        assert [warning for warning in ret.warnings if not warning.startswith("Waiting:")] == ([told] if lost else [])
    again = states["ses_smtp_user.present"](**wanted)
    assert again.changes == {}
    assert "loses" not in str(again.warnings)


def test_a_policy_that_means_the_same_is_left(converge, iam):
    iam.create_user(UserName=USER)
    document = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "SES:sendrawemail", "Resource": "*"},
    }
    iam.put_user_policy(**POLICY, PolicyDocument=json.dumps(document))
    assert converge("ses_smtp_user.present", name=USER).changes == {}


def test_without_a_store_a_line_says_what_is_waited_for(converge, iam):
    ret = converge("ses_smtp_user.present", name=USER)
    (line,) = ret.warnings
    assert line.startswith("Waiting: the SMTP user ses-smtp has no password, because it has no store")
    assert line.endswith("set aws:ses:smtp_users:ses-smtp:store.")
    assert keys(iam) == []


def test_the_key_is_deleted_again_when_storing_fails(states, iam, store, monkeypatch):
    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("aws_runbook.stores.backends.pillar_file.PillarFile._replace", full)
    ret = states["ses_smtp_user.present"](name=USER, store=store)
    assert ret.result is False
    assert "was deleted again" in ret.comment
    assert set(ret.changes) == {"name", "policy_document"}
    assert keys(iam) == []


def test_a_store_without_a_place_for_the_password_is_refused(converge, iam, private):
    iam.create_user(UserName=USER)
    ret = converge(
        "ses_smtp_user.present",
        name=USER,
        store={"pillar_file": str(private), "keys": {"smtp_username": "smtp:username"}},
    )
    assert "has no place for smtp_password" in ret.comment
    assert keys(iam) == []


@pytest.mark.parametrize("pattern", ["-+", "+--"])
@pytest.mark.parametrize("by", ["state", "command"])
def test_iams_lag_is_waited_for(states, modules, sandbox, store, by, pattern):
    sandbox.lag("iam", looks=3, pattern=pattern)
    wanted = {"name": USER, "store": store, "tags": {"a": "b"}}
    if by == "state":
        assert states["ses_smtp_user.present"](**wanted).result is True
    else:
        assert modules["ses_smtp_user.apply"](**wanted) is True
    sandbox.stand_aside()
    assert len(keys(sandbox.client("iam"))) == 1


@pytest.mark.parametrize("pillar", [{"aws": {"ses": {"smtp_users": {USER: {"region": "eu-west-1"}}}}}])
def test_a_lost_password_says_how_to_rotate_and_that_works(quick, pillar, converge, modules, iam, private, store):
    pillar["aws"]["ses"]["smtp_users"][USER]["store"] = store
    iam.create_user(UserName=USER)
    lost = iam.create_access_key(UserName=USER)["AccessKey"]["AccessKeyId"]
    ret = converge("ses_smtp_user.present", name=USER, store=store, region="eu-west-1")
    assert ret.result is False
    assert lost in ret.comment
    assert re.search(rf"salt-call --local iam_access_key\.rotate {USER}", ret.comment)
    modules["iam_access_key.rotate"](USER)
    assert set(keys(iam)) == {lost, stored(private)["smtp_username"]}
    assert stored(private)["smtp_host"] == "email-smtp.eu-west-1.amazonaws.com"
    ret = converge("ses_smtp_user.present", name=USER, store=store, region="eu-west-1")
    assert ret.warnings[0].startswith(f"Waiting: the old access key {lost}")
    assert modules["ses_smtp_user.pending"]()[0]["what"] == f"rotation of the access key of {USER}"


def test_a_password_for_another_region_is_told(quick, converge, modules, iam, private, store):
    """It is derived for one region, and its key's secret, from which another one could be, is kept nowhere."""
    converge("ses_smtp_user.present", name=USER, store=store, region="eu-central-1")
    ret = converge("ses_smtp_user.present", name=USER, store=store, region="eu-west-1")
    assert ret.result is False
    assert f"The SMTP password of {USER} in pillar file {private}" in ret.comment
    assert (
        "is one for eu-central-1, as the smtp_host beside it says; SES in eu-west-1 refuses it. To create"
        in ret.comment
    )
    modules["iam_access_key.rotate"](USER, store=store, smtp_region="eu-west-1")
    ret = converge("ses_smtp_user.present", name=USER, store=store, region="eu-west-1")
    assert ret.result is True, ret.comment
    assert stored(private)["smtp_host"] == "email-smtp.eu-west-1.amazonaws.com"


@pytest.mark.parametrize("host", ["mail.example.org", "email-smtp.eu-west-1.amazonaws.com.example.org", ""])
def test_a_host_that_is_not_sess_says_nothing_of_a_region(converge, private, store, host):
    converge("ses_smtp_user.present", name=USER, store=store, region="eu-central-1")
    private.write_text(private.read_text().replace("email-smtp.eu-central-1.amazonaws.com", host))
    assert converge("ses_smtp_user.present", name=USER, store=store, region="eu-central-1").changes == {}


def test_the_password_is_printed_only_when_asked_for(converge, modules, private, store):
    assert "is not yet in pillar file" in modules["ses_smtp_user.password"](USER, store=store)
    with pytest.raises(Exception, match="cannot be read"):
        modules["ses_smtp_user.password"](USER, reveal=True, store=store)
    converge("ses_smtp_user.present", name=USER, store=store)
    secret = stored(private)["smtp_password"]
    said = modules["ses_smtp_user.password"](USER, store=store)
    assert secret not in said
    assert "is in pillar file" in said
    with pytest.raises(Exception, match="reveal is 'yes'; allowed are True, False"):
        modules["ses_smtp_user.password"](USER, reveal="yes", store=store)
    revealed = modules["ses_smtp_user.password"](USER, reveal=True, store=store)
    assert revealed["smtp_password"] == secret
    assert revealed["smtp_host"] == "email-smtp.us-east-1.amazonaws.com"
    with pytest.raises(Exception, match="The SMTP user nobody has no store"):
        modules["ses_smtp_user.password"]("nobody")


def test_absent(converge, iam, store):
    converge("ses_smtp_user.present", name=USER, store=store)
    ret = converge("ses_smtp_user.absent", name=USER)
    assert ret.result is False
    assert "delete_access_keys: True" in ret.comment
    assert converge("ses_smtp_user.absent", name=USER, delete_access_keys=True).changes
    assert converge("ses_smtp_user.absent", name=USER).changes == {}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"from_addresses": "a@example.org"}, "from_addresses is 'a@example.org'; give a list of names"),
        ({"from_addresses": ["a"]}, "from_addresses is 'a': give an email address"),
        ({"tags": 5}, "give a mapping of names to texts"),
        ({"store": "vault"}, "vault"),
    ],
)
def test_bad_input_is_one_sentence(arguments, sentence, states, sandbox):
    ret = states["ses_smtp_user.present"](name=USER, **arguments)
    assert ret.result is False
    assert sentence in ret.comment
    assert sandbox.calls(write=True) == []


def test_a_change_of_the_sender_addresses_is_shown_in_words(converge):
    converge("ses_smtp_user.present", name=USER)
    changed = converge("ses_smtp_user.present", name=USER, from_addresses=["noreply@example.org"]).changes
    assert changed["policy_document"]["means"] == "may no longer send mail; may still send mail as noreply@example.org"
