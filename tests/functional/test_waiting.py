"""What waits for AWS, DNS or a person is a warning, and then no comment says that all is done; by discovery of what can wait."""

import ast
from dataclasses import dataclass

import pytest

from tests.functional.cases import CASES, DOMAIN, FUNCTIONS, USER, Account
from tests.functional.conftest import TREE, told_truly

REQUEST = {"website_url": "https://example.org", "mail_type": "TRANSACTIONAL", "use_case": "Receipts."}


@dataclass
class Waiting:
    """What is there before, and the arguments with which a state then waits; ``settle`` ends the waiting."""

    arguments: object
    before: object = lambda _account: None
    settle: object = None

    def arguments_for(self, account):
        return dict(self.arguments(account) if callable(self.arguments) else self.arguments)


def _of(function):
    """The arguments of a state's case."""
    return CASES[function].arguments_for


def _another_mx(account):
    account.ensure("ses_identity.present", name=DOMAIN, mail_from=f"mail.{DOMAIN}")
    account.host.records.append({"type": "MX", "name": f"mail.{DOMAIN}", "content": "mx.example.net", "priority": 5})


def _deleted(function):
    """A database that AWS deletes."""

    def before(account):
        CASES[function].before(account)
        account.ensure(function, **CASES[function].arguments_for(account))

    return before


WAITING = {
    "iam_access_key.present": Waiting(
        {"name": USER},
        Account.user,
        lambda account: account.iam.create_access_key(UserName=USER),
    ),
    "rds_cluster.absent": Waiting(_of("rds_cluster.absent"), _deleted("rds_cluster.absent"), Account.later),
    "rds_cluster.present": Waiting(_of("rds_cluster.present"), CASES["rds_cluster.present"].before, Account.later),
    "rds_instance.absent": Waiting(_of("rds_instance.absent"), _deleted("rds_instance.absent"), Account.later),
    "rds_instance.present": Waiting(_of("rds_instance.present"), CASES["rds_instance.present"].before, Account.later),
    # How it ends: see test_recovery.py, where time goes on.
    "s3_bucket.present": Waiting({"name": "ocp-db-backup", "versioning": "Enabled"}),
    "ses_account.configured": Waiting(
        {"name": "x", "production_access": REQUEST},
        settle=lambda account: account.sandbox.review_account("GRANTED"),
    ),
    "ses_dns.published": Waiting(
        lambda account: {"name": "x", "identities": [DOMAIN], "dns": account.dns_settings},
        _another_mx,
        lambda account: account.host.records.remove(
            next(entry for entry in account.host.records if entry["content"] == "mx.example.net")
        ),
    ),
    "ses_identity.present": Waiting({"name": DOMAIN}, settle=lambda account: account.sandbox.verify(DOMAIN)),
    "ses_receiving.verified": Waiting(
        _of("ses_receiving.verified"),
        lambda account: account.zone.add(DOMAIN, "MX", "10 inbound-smtp.us-east-1.amazonaws.com."),
    ),
    "ses_smtp_user.present": Waiting(
        {"name": "ses-smtp"},
        settle=lambda account: account.iam.create_access_key(UserName="ses-smtp"),
    ),
    "sns_topic.present": Waiting(
        {"name": "bounces", "subscriptions": ["ops@example.org"]},
        settle=lambda account: account.sandbox.confirm_subscription(
            account.client("sns").list_topics()["Topics"][0]["TopicArn"], "ops@example.org"
        ),
    ),
}
# It fails after its time instead, and says what is missing; under test it waits: see below.
FAILS = {"ses_identity.verified"}
# These say that something is not there, which waits for nobody.
NEVER = {
    "iam_access_key.absent",
    "s3_bucket.absent",
    "ses_identity.absent",
    "ses_smtp_user.absent",
    "sns_topic.absent",
    "aws_account.pillar_valid",
}


def waits(module):
    """Whether a module of states, or the one of the same name, lists what is pending or says that something waits."""
    for folder in ("_modules", "_states"):
        path = TREE / folder / f"{module}.py"
        for node in ast.walk(ast.parse(path.read_text())) if path.exists() else ():
            if isinstance(node, ast.FunctionDef) and node.name == "pending":
                return True
            if isinstance(node, ast.Constant) and str(node.value).startswith("Waiting: "):
                return True
    return False


def test_every_state_that_can_wait_has_a_case():
    found = {function for function in FUNCTIONS if waits(function.partition(".")[0])}
    assert found == {*WAITING, *FAILS, *NEVER}


@pytest.mark.parametrize("function", WAITING)
def test_what_waits_is_not_reported_as_done(function, surroundings, states):
    waiting = WAITING[function]
    waiting.before(surroundings)
    arguments = waiting.arguments_for(surroundings)
    told_truly(states[function](**arguments, test=True))
    told_truly(states[function](**arguments))
    for test in (True, False):
        ret = told_truly(states[function](**arguments, test=test))
        assert (ret.result, ret.changes) == (True, {})
        assert any(warning.startswith("Waiting: ") for warning in ret.warnings)
        assert "is pending, as the warning says" in ret.comment or ret.comment.endswith(" is being deleted.")
    if waiting.settle:
        waiting.settle(surroundings)
        ret = told_truly(states[function](**arguments))
        assert not any(warning.startswith("Waiting: ") for warning in getattr(ret, "warnings", None) or ())


def test_a_verification_that_is_waited_for_is_not_reported_as_done(surroundings, states):
    surroundings.identity()
    planned = told_truly(states["ses_identity.verified"](DOMAIN, test=True))
    assert planned.result is True
    assert planned.warnings
    assert "is pending, as the warning says" in planned.comment
    assert states["ses_identity.verified"](DOMAIN).result is False
    surroundings.sandbox.verify(DOMAIN)
    assert told_truly(states["ses_identity.verified"](DOMAIN, test=True)).comment.endswith("is as it should be.")
