"""What is shown of a URL: nothing that could be a password."""

import string
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aws_runbook import urls

CANARY = "CANARY"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://host.example/hook", "https://host.example/hook"),
        ("https://host.example:8443/hook", "https://host.example:8443/hook"),
        ("https://u:CANARY@host/", "https://…@host/"),
        ("https://user:se@CANARY@host/", "https://…@host/"),
        ("https://u:CAN/ARY@host/", "https://…@host/"),
        ("https://u:CAN\nARY@host/", "https://…@host/"),
        ("https://host/x?token=CANARY", "https://host/x?…"),
        ("https://host/x?mail=a@b.example", "https://host/x?…"),
        ("https://u:CAN?ARY@host/", "https://…?…"),
        ("https://u:CAN#ARY@host/", "https://…#…"),
        ("https://u:@CANARY#@host/", "https://…#…"),
        ("https://CANARY?x@host/", "https://…?…"),
        ("https://host/#CANARY", "https://host/#…"),
        ("https:/u:CANARY@host/", "https:/…@host/"),
        ("https:\\\\u:CANARY@host", "https:\\\\…@host"),
        ("//u:CANARY@host", "//…@host"),
        ("u:CANARY@host", "…@host"),
    ],
)
def test_what_is_shown_of_a_url(url, shown):
    assert urls.shown(url) == shown


# Letters that stand in nothing else that is shown.
SECRETS = st.text(string.ascii_uppercase + string.punctuation, min_size=4).filter(
    lambda secret: sum(letter.isupper() for letter in secret) > 2
)


@example("@AAA#", "https://host.example/")
@given(SECRETS, st.sampled_from(["https://host.example/", "https://host.example/x?mail=a@b", "http://[::1]:80/"]))
def test_no_password_is_shown_in_any_form(secret, url):
    scheme, _, rest = url.partition("//")
    for written in (secret, quote(secret), quote(secret, safe="")):
        shown = urls.shown(f"{scheme}//user:{written}@{rest}")
        assert not any(letter.isupper() for letter in shown)


def test_a_sentence_tells_no_password_of_a_url():
    sentence = 'Could not connect to the endpoint URL: "http://u:C/AN@ARY?@127.0.0.1:1/"'
    assert urls.without_userinfo(sentence) == 'Could not connect to the endpoint URL: "http://…@127.0.0.1:1/"'
    assert urls.without_userinfo("see https://host.example/x") == "see https://host.example/x"


@pytest.mark.parametrize("url", ["http://localhost:4566", "https://h.example/x", "https://u:p@h", "http://[::1]:1/"])
def test_a_url_of_the_web(url):
    assert urls.is_http(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        "h.example",
        "ftp://h",
        "https://",
        "https:/h",
        "https://[x",
        "http://h:x",
        "http://h:99999",
        "http://a b",
        "http://h\n",
    ],
)
def test_what_is_none(url):
    assert not urls.is_http(url)
