"""The account: suppression and production access."""

import pytest

REQUEST = {
    "website_url": "https://www.example.org",
    "mail_type": "TRANSACTIONAL",
    "use_case": "Notices to people who asked for them.",
    "additional_contacts": ["ops@example.org"],
}


@pytest.fixture
def sesv2(sandbox):
    return sandbox.client("sesv2")


def test_suppression_and_drift(converge, sesv2):
    assert converge("ses_account.configured", name="x", suppression=["COMPLAINT", "BOUNCE"]).changes == {}
    off = converge("ses_account.configured", name="x", suppression=[])
    assert off.changes == {"suppression": {"old": ["BOUNCE", "COMPLAINT"], "new": []}}
    sesv2.put_account_suppression_attributes(SuppressedReasons=["BOUNCE"])
    assert converge("ses_account.configured", name="x", suppression=[]).changes["suppression"]["old"] == ["BOUNCE"]


def test_nothing_is_touched_unless_asked(converge, sandbox):
    assert converge("ses_account.configured", name="x").changes == {}


def test_production_access_is_asked_for_once_and_its_review_waited_for(converge, sandbox, sesv2):
    ret = converge("ses_account.configured", name="x", production_access=REQUEST)
    assert ret.changes == {"production_access": {"old": "not requested", "new": "requested"}}
    assert ret.warnings[0].startswith("Waiting: AWS is reviewing the request for production access (case ")
    details = sesv2.get_account()["Details"]
    assert details["WebsiteURL"] == REQUEST["website_url"]
    assert details["AdditionalContactEmailAddresses"] == ["ops@example.org"]
    sandbox.review_account("GRANTED")
    ret = converge("ses_account.configured", name="x", production_access=REQUEST)
    assert ret.changes == {}
    assert not getattr(ret, "warnings", None)


def test_a_denial_is_an_error_that_says_what_aws_said(converge, sandbox):
    converge("ses_account.configured", name="x", production_access=REQUEST)
    sandbox.review_account("DENIED")
    ret = converge("ses_account.configured", name="x", production_access=REQUEST)
    assert ret.result is False
    assert "The request for production access is DENIED (case " in ret.comment


def test_a_lost_answer_is_not_asked_for_again(states, sandbox):
    sandbox.fault("PutAccountDetails", "reset_after")
    assert states["ses_account.configured"](name="x", production_access=REQUEST).result is False
    assert len(sandbox.calls(operation="PutAccountDetails")) == 1
    assert states["ses_account.configured"](name="x", production_access=REQUEST).changes == {}


@pytest.mark.parametrize("pillar", [{"aws": {"ses": {"account": {"production_access": REQUEST}}}}])
def test_pending(pillar, states, modules, sandbox):
    assert modules["ses_account.pending"]() == []
    states["ses_account.configured"](name="x", production_access=REQUEST)
    (entry,) = modules["ses_account.pending"]()
    assert (entry["what"], entry["on"]) == ("production access of SES", "AWS")
    sandbox.review_account("DENIED")
    assert modules["ses_account.pending"]()[0]["on"] == "you"
    sandbox.review_account("GRANTED")
    assert modules["ses_account.pending"]() == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"suppression": ["SPAM"]}, "suppression is 'SPAM'; allowed are BOUNCE, COMPLAINT"),
        ({"production_access": {"website_url": "https://a"}}, "give a mapping of website_url, mail_type, use_case"),
        ({"production_access": {**REQUEST, "mail_type": "SPAM"}}, "allowed are MARKETING, TRANSACTIONAL"),
        ({"production_access": {**REQUEST, "additional_contacts": ["x"]}}, "give an email address"),
    ],
)
def test_bad_input_is_one_sentence_before_any_call(arguments, sentence, states, sandbox):
    ret = states["ses_account.configured"](name="x", **arguments)
    assert ret.result is False
    assert sentence in ret.comment
    assert sandbox.calls() == []
