import copy
import json
import logging
import pickle
import pprint

import pytest
import salt.payload
import salt.utils.yaml

from aws_runbook.stores.secret import Secret

CANARY = "wJalrXUtnFEMI/K7MDENG/canary"


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        "{}".format,
        "{:>40}".format,
        "{!r}".format,
        "%s".__mod__,
        pprint.pformat,
        lambda secret: repr({"secret_key": [secret]}),
        lambda secret: json.dumps(secret, default=str),
        lambda secret: str(ValueError(secret)),
    ],
)
def test_shown_by_accident_it_is_hidden(show):
    shown = show(Secret(CANARY))
    assert CANARY not in shown
    assert "****" in shown


@pytest.mark.parametrize(
    "serialise", [pickle.dumps, json.dumps, salt.utils.yaml.safe_dump, lambda secret: salt.payload.dumps({"a": secret})]
)
def test_serialised_by_accident_it_is_not_there(serialise):
    try:
        result = serialise(Secret(CANARY))
    except Exception as error:
        result = repr(error)
    assert CANARY not in str(result)


def test_logged_at_any_level_it_is_hidden(caplog):
    caplog.set_level(1)
    logging.getLogger("aws_runbook").debug("made %s and %r", Secret(CANARY), {"key": Secret(CANARY)})
    assert "made ****" in caplog.text
    assert CANARY not in caplog.text


def test_asked_for_it_is_revealed():
    assert Secret(CANARY).reveal() == CANARY
    assert copy.deepcopy({"a": Secret(CANARY)})["a"].reveal() == CANARY
    assert Secret(Secret(CANARY)).reveal() == CANARY


def test_two_secrets_compare_by_text():
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert not Secret("")
