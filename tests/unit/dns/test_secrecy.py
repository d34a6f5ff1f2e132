"""A DNS host's credentials, in every form that libraries give them."""

import base64
import html
import json
import logging
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aws_runbook.dns import secrecy

FORMS = {
    "itself": lambda text: text,
    "quote": lambda text: quote(text, safe=""),
    "quote twice": lambda text: quote(quote(text, safe=""), safe=""),
    "lower case": lambda text: quote_plus(text).replace("%2B", "%2b"),
    "repr": repr,
    "bytes": lambda text: repr(text.encode()),
    "json": json.dumps,
    "json of repr": lambda text: json.dumps(repr(text)),
    "html": html.escape,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "hexadecimal": lambda text: text.encode().hex(),
    "query": lambda text: f"https://example.org/api?{urlencode({'key': text})}",
    "basic": lambda text: base64.b64encode(f"admin:{text}".encode()).decode(),
    "inside base64": lambda text: base64.b64encode(f"x-{text}-y".encode()).decode(),
}


@pytest.mark.parametrize("form", FORMS)
@given(secret=st.text(st.characters(codec="utf-8", min_codepoint=33), min_size=12, max_size=40))
@example(secret="canary+/=%&'\"é\\token")
def test_no_form_of_a_secret_stays(form, secret):
    text = FORMS[form](secret)
    said = secrecy.redact(f"no: [{text}]", {"auth": [{"token": secret}], "username": "admin"})
    core = text.strip("'\"b=")
    assert text not in said
    assert core[4:-4] not in said


def test_what_is_no_secret_stays():
    assert (
        secrecy.redact("HTTPError: 403 for v4", {"version": "v4", "debug": False, "none": None})
        == "HTTPError: 403 for v4"
    )


def test_a_short_secret_goes_too():
    assert "k9" not in secrecy.redact("key k9", {"auth_key": "k9"})


@pytest.mark.parametrize("setting", ["CANARYsecret\n", " CANARYsecret", "\tCANARYsecret \n"])
def test_a_setting_with_space_around_it_goes_without_it_too(setting):
    for text in ("key=CANARYsecret.", f"key={setting}.", quote("CANARYsecret/x"), repr(setting)):
        assert "CANARY" not in secrecy.redact(text, {"auth_token": setting})
    assert secrecy.redact("a bad day", {"version": " a "}) == "a bad day"


def test_nobody_but_us_logs_meanwhile(caplog):
    caplog.set_level(1)
    known = logging.getLogger("urllib3.connectionpool")
    known.setLevel(logging.DEBUG)
    with secrecy.hushed():
        known.error("canary")
        logging.getLogger("lexicon._private.providers.made_meanwhile").error("canary")
        logging.getLogger("aws_runbook.x").info("ours")
    assert known.level == logging.DEBUG
    assert caplog.messages == ["ours"]
