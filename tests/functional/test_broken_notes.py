"""Since when AWS was asked for something stands in a note: whatever breaks in between, it is neither lost nor shifted."""

from datetime import datetime, timedelta, timezone

import pytest

from aws_runbook.access_keys.rotation import ROTATION_TAG, Rotation
from aws_runbook.aws.session import Session, connect
from aws_runbook.errors import RunbookError
from aws_runbook.mail import identities
from chaos import answers

DOMAIN = "noreply.example.org"
ADDRESS = f"data@{DOMAIN}"
OLD, NEW = f"old.{DOMAIN}", f"new.{DOMAIN}"
TOPIC, EMAIL = "noreply-example-org", "ops@example.org"
BEFORE = datetime(2026, 1, 1, tzinfo=timezone.utc)
BROKEN, MENDED = BEFORE + timedelta(hours=1), BEFORE + timedelta(hours=2)
WAYS = {
    "reset before": answers.RESET_BEFORE,
    "reset after": answers.RESET_AFTER,
    "page": answers.html(),
    "gateway": answers.html(502, doctype=True),
    "refused": None,
}


@pytest.fixture(autouse=True)
def _once(proxy, monkeypatch):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setattr("aws_runbook.aws.retries.UNREADABLE_FOR", 0)
    monkeypatch.setattr("aws_runbook.kinds.converge._UNCERTAIN_TIMEOUT", 0)
    monkeypatch.setattr("aws_runbook.aws.pace._INTERVAL", 0)


@pytest.fixture
def spoil(proxy, sandbox):
    """Let a call go wrong in one of the ways, the next time it is made."""

    def let(operation, way):
        proxy.forwarded.clear()
        if way == "refused":
            sandbox.fault(operation, "access_denied")
        else:
            proxy.fault(operation, WAYS[way])

    return let


@pytest.fixture
def at(monkeypatch):
    """Set the time."""

    def set_to(moment):
        monkeypatch.setattr("aws_runbook.clock.now", lambda: moment)

    return set_to


class Killed(BaseException):
    """What ends a run at once."""


def kill_after(monkeypatch, wanted):
    write = Session.write

    def dies(session, service, method, *args, **kwargs):
        answer = write(session, service, method, *args, **kwargs)
        if method == wanted:
            raise Killed
        return answer

    monkeypatch.setattr(Session, "write", dies)


def attempt(function, *args, **kwargs):
    try:
        return function(*args, **kwargs)
    except (RunbookError, Killed):
        return None


def mail_from(modules):
    found = modules["ses_identity.describe"](DOMAIN, ["mail_from", "tags"])
    return found["mail_from"], found["mail_from_asked"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("broken", ["TagResource", "PutEmailIdentityMailFromAttributes"])
def test_a_mail_from_domain(proxy, spoil, modules, at, broken, way):
    at(BEFORE)
    modules["ses_identity.create"](DOMAIN)
    modules["ses_identity.update"](DOMAIN, mail_from=OLD)
    assert mail_from(modules) == (OLD, BEFORE.isoformat())
    spoil(f"sesv2:{broken}", way)
    at(BROKEN)
    assert attempt(modules["ses_identity.update"], DOMAIN, mail_from=NEW) is None
    proxy.clear()
    domain, since = mail_from(modules)
    assert since == BROKEN.isoformat() if domain == NEW else since in (BEFORE.isoformat(), None)
    at(MENDED)
    if domain != NEW:
        modules["ses_identity.update"](DOMAIN, mail_from=NEW)
        assert mail_from(modules) == (NEW, MENDED.isoformat())


@pytest.mark.parametrize("method", ["tag_resource", "put_email_identity_mail_from_attributes"])
def test_a_mail_from_domain_of_a_run_that_was_killed(sandbox, modules, at, monkeypatch, method):
    at(BEFORE)
    modules["ses_identity.create"](DOMAIN)
    modules["ses_identity.update"](DOMAIN, mail_from=OLD)
    at(BROKEN)
    with monkeypatch.context() as patched:
        kill_after(patched, method)
        attempt(modules["ses_identity.update"], DOMAIN, mail_from=NEW)
    assert mail_from(modules) == ((OLD, None) if method == "tag_resource" else (NEW, BROKEN.isoformat()))


def asked(modules):
    return modules["ses_identity.describe"](ADDRESS, ["tags"])["asked"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("broken", ["sesv2:TagResource", "ses:VerifyEmailIdentity"])
def test_another_mail_with_a_link(proxy, spoil, modules, at, broken, way):
    at(BEFORE)
    modules["ses_identity.create"](ADDRESS)
    spoil(broken, way)
    at(BROKEN)
    assert attempt(modules["ses_identity.retry"], ADDRESS) is None
    sent = "ses:VerifyEmailIdentity" in proxy.forwarded and way != "refused"
    proxy.clear()
    assert asked(modules) == BROKEN.isoformat() if sent else asked(modules) in (BEFORE.isoformat(), BROKEN.isoformat())
    if way == "refused":
        assert asked(modules) == BEFORE.isoformat()


def test_the_mail_that_receiving_asks_for_is_noted_first(proxy, modules, at):

    at(BEFORE)
    modules["ses_identity.create"](ADDRESS)
    proxy.fault("ses:VerifyEmailIdentity", answers.RESET_AFTER)
    at(BROKEN)
    session = connect({}, {}, region="us-east-1")
    attempt(identities.ask_again, session, ADDRESS, identities.read(session, ADDRESS, ["tags"]))
    assert proxy.forwarded[-2:] == ["sesv2:TagResource", "ses:VerifyEmailIdentity"]
    assert asked(modules) == BROKEN.isoformat()


def subscription(modules):
    (label,) = modules["sns_topic.describe"](TOPIC)["subscriptions"]
    return label


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("broken", ["TagResource", "Subscribe"])
def test_a_subscription(proxy, spoil, states, modules, at, broken, way):
    at(BEFORE)
    assert states["sns_topic.present"](name=TOPIC, subscriptions=[EMAIL]).result is True
    spoil(f"sns:{broken}", way)
    at(BROKEN)
    assert attempt(modules["sns_topic.resubscribe"], TOPIC, EMAIL) is None
    sent = "sns:Subscribe" in proxy.forwarded and way != "refused"
    proxy.clear()
    if sent:
        assert f"asked for {BROKEN:%Y-%m-%d %H:%M} UTC" in subscription(modules)
    if way == "refused":
        assert f"asked for {BEFORE:%Y-%m-%d %H:%M} UTC" in subscription(modules)


def rotation(sandbox):
    tags = sandbox.client("iam").list_user_tags(UserName="registry-backup")["Tags"]
    return Rotation.parse({tag["Key"]: tag["Value"] for tag in tags}[ROTATION_TAG]).since


@pytest.mark.parametrize("broken", ["TagUser", "UpdateAccessKey", "refused", "killed"])
def test_the_old_key_of_a_rotation_is_kept_from_when_it_was_deactivated(
    proxy, sandbox, modules, at, monkeypatch, broken
):
    iam = sandbox.client("iam")
    iam.create_user(UserName="registry-backup")
    old = iam.create_access_key(UserName="registry-backup")["AccessKey"]["AccessKeyId"]
    note = Rotation(old, BEFORE).tag()
    iam.tag_user(UserName="registry-backup", Tags=[{"Key": ROTATION_TAG, "Value": note}])
    at(BROKEN)
    if broken == "refused":
        sandbox.fault("UpdateAccessKey", "access_denied")
    elif broken == "killed":
        kill_after(monkeypatch, "update_access_key")
    else:
        proxy.fault(f"iam:{broken}", answers.RESET_BEFORE if broken == "TagUser" else answers.RESET_AFTER)
    assert attempt(modules["iam_access_key.apply"], "registry-backup", "deactivate", old=old) is None
    (key,) = iam.list_access_keys(UserName="registry-backup")["AccessKeyMetadata"]
    assert rotation(sandbox) == (BROKEN if key["Status"] == "Inactive" else BEFORE)


@pytest.mark.parametrize("way", ["reset after", "page"])
def test_a_process_whose_note_was_not_answered_is_making_no_key(proxy, sandbox, modules, tmp_path, way):
    """A minion lives on: what it could not write down it must not take for its own work in progress, for ever."""
    user = "registry-backup"
    iam = sandbox.client("iam")
    iam.create_user(UserName=user)
    store = {"pillar_file": str(tmp_path / "registry.sls"), "keys": {"access_key": "a", "secret_key": "b"}}
    proxy.fault("iam:TagUser", WAYS[way])
    assert attempt(modules["iam_access_key.apply"], user, "create", store=store) is None
    assert iam.list_user_tags(UserName=user)["Tags"], "it was noted although no answer came"
    proxy.clear()
    modules["iam_access_key.apply"](user, "create", store=store)
    (key,) = iam.list_access_keys(UserName=user)["AccessKeyMetadata"]
    assert key["AccessKeyId"] in (tmp_path / "registry.sls").read_text()
