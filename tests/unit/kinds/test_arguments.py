"""What is no text is refused by one sentence, wherever a text is wanted."""

import datetime as dt

import pytest

from aws_runbook.aws import tags as tagging
from aws_runbook.errors import RunbookError
from aws_runbook.kinds import arguments


@pytest.mark.parametrize(
    ("tags", "sentence"),
    [
        ({"a": 5}, "x: tags:a is 5; give a text; YAML reads it as a number, so write it in quotes."),
        ({"a": False}, "x: tags:a is False; give a text; YAML reads it as true or false, so write it in quotes."),
        ({"a": None}, "x: tags:a is empty; give a text; YAML reads it as nothing, so write it in quotes."),
        (
            {"a": dt.date(2026, 1, 1)},
            "x: tags:a is datetime.date(2026, 1, 1); give a text; YAML reads it as a date, so write it in quotes.",
        ),
        ({"a": ["b"]}, "x: tags:a is ['b']; give a text."),
        (
            {None: "b"},
            "x: tags has a key None; give the names of tags as texts; YAML reads it as nothing, so write it in quotes.",
        ),
        (
            {1: "b"},
            "x: tags has a key 1; give the names of tags as texts; YAML reads it as a number, so write it in quotes.",
        ),
        (["a"], "x: tags is ['a']; give a mapping of names to texts."),
        (
            {"a": "\udc80"},
            "x: tags:a is '\\udc80'; give a text; it holds U+DC80, half of a surrogate pair, which is not a character.",
        ),
    ],
)
def test_a_tag_that_is_no_text_is_refused(tags, sentence):
    with pytest.raises(RunbookError) as refused:
        arguments.tags("x", tags, tagging.SES)
    assert str(refused.value) == sentence


def test_texts_are_tags_as_they_are():
    assert arguments.tags("x", {"": "", "0777": "1_000", "ä": "\U0001f600"}, tagging.SES) == {
        "": "",
        "0777": "1_000",
        "ä": "\U0001f600",
    }


def test_what_is_not_managed_is_no_error():
    arguments.text("x", "engine", None)


@pytest.mark.parametrize(
    ("check", "sentence"),
    [
        (
            lambda: arguments.exactly("x", "public", {"a": True}, ("a", "b"), bool),
            "x: public is {'a': True}; give True, False, or a mapping of all of a, b.",
        ),
        (lambda: arguments.names("x", "groups", "backup"), "x: groups is 'backup'; give a list of names."),
        (lambda: arguments.names("x", "groups", [5]), "x: groups is [5]; give a list of names."),
        (lambda: arguments.days("x", "rotate_days", 0), "x: rotate_days is 0; give a number of days, at least 1."),
        (
            lambda: arguments.days("x", "rotate_days", True),
            "x: rotate_days is True; give a number of days, at least 1.",
        ),
    ],
)
def test_what_an_argument_cannot_be_is_said_with_what_it_can_be(check, sentence):
    with pytest.raises(RunbookError) as refused:
        check()
    assert str(refused.value) == sentence
