"""Whether it is known which sentences of the product a test has heard."""

from types import SimpleNamespace

import pytest

from tests.fixtures import spoken

SOURCE = '''
"""This is the documentation of a module."""

import re

REASONS = {"a": "it is not there yet", "b": "it belongs to somebody else"}
STYLE = "body { margin: 0 auto; color: black }"


def check(value, default="a text that is evaluated once"):
    """This is the documentation of a function."""
    if value < 0:
        raise ValueError(f"{value} is too small; give {'one more' if value == -1 else 'a number that is larger'}.")
    problems = []
    if value > 9:
        problems.append("The value is too large.")
    return problems or {"low": "there is nothing wrong", "high": "there is nothing to do"}["low" if value < 5 else "high"]


def why(name):
    return f"It cannot be used, because {REASONS[name]}."


def reason(name):
    return REASONS[name]


def state(name):
    words = {"no": "there is no such thing", "yes": "there is such a thing"}
    changes = {}
    changes["why"] = {"old": f"{words[name]}", "new": "it is done now"}
    return {"comment": "This is what it is.", "changes": changes}


def listed():
    return " ".join(REASONS.values())


def found(text):
    return bool(re.search("is not there( yet)?", text))
'''


@pytest.fixture
def heard():
    """Calls functions of the source, and says what was heard since."""
    tree, known = spoken.noted(SOURCE, "source.py")
    ear = spoken.Ear(known)
    module = {"__said__": ear.said, "__heard__": ear.heard}
    exec(compile(tree, "source.py", "exec"), module)  # noqa: S102 - ours

    def call(function, *args):
        before = set(ear.keys)
        try:
            module[function](*args)
        except ValueError as error:
            ear.heard(str(error))
        return {key.partition(": ")[2] for key in ear.keys - before}

    return call


def test_nothing_is_said_when_a_module_is_loaded_nor_are_patterns_and_styles(heard):
    assert heard("found", "this is not there yet") == set()


def test_each_form_of_a_sentence_is_one(heard):
    assert heard("check", -2) == {"{} is too small; give {}.", "a number that is larger"}
    assert heard("check", 12) == {"The value is too large."}


def test_a_constant_is_said_by_the_sentence_that_it_stands_in(heard):
    assert heard("why", "a") == {"It cannot be used, because {}.", "it is not there yet"}
    assert heard("why", "b") == {"it belongs to somebody else"}


def test_a_constant_is_said_by_the_function_that_returns_it(heard):
    assert heard("check", 3) == {"there is nothing wrong"}
    assert heard("reason", "b") == {"it belongs to somebody else"}


def test_what_a_state_returns_is_said_and_what_a_mapping_chooses_from_is_not(heard):
    assert heard("state", "no") == {"This is what it is.", "there is no such thing", "it is done now"}


def test_a_constant_is_said_by_the_text_that_is_put_together_from_it(heard):
    assert heard("listed") == {"it is not there yet", "it belongs to somebody else"}


def test_the_sentences_of_the_product_are_found():
    found = spoken.sentences()
    assert len({sentence.path for sentence in found}) > 150
    keys = {sentence.key for sentence in found}
    assert len(keys) == len(found)
    assert not any("<html" in key or "?P<" in key for key in keys)
    assert (
        "_utils/aws_runbook/databases/checks.py: {}: master_password is not allowed: give managed or stored, and no password."
        in keys
    )


def finished(keys, remembered=(), *, whole=False, missing=(), exitstatus=0, **chosen):
    """What the end of a run with these keys is, and what it shows; ``remembered`` are those of runs before."""
    cache = {"sentences/said": list(remembered)}
    sources = pytest.Config.ArgsSource
    config = SimpleNamespace(
        cache=SimpleNamespace(get=cache.get, set=cache.__setitem__),
        args_source=sources.TESTPATHS if whole else sources.ARGS,
        option=SimpleNamespace(**{"keyword": "", "markexpr": "", "lf": False, "deselect": None, **chosen}),
    )
    ear = spoken.Ear()
    ear.keys = set(keys)
    listener = spoken.Listener(config, ear, lambda: missing)
    session = SimpleNamespace(exitstatus=exitstatus)
    listener.pytest_sessionfinish(session, exitstatus)
    return session.exitstatus, listener.lines


EVERYTHING = [sentence.key for sentence in spoken.sentences() if sentence.key not in spoken.EXCUSED]
FAILED = pytest.ExitCode.TESTS_FAILED


def test_a_sentence_that_no_test_says_fails_the_run():
    assert finished(EVERYTHING) == (0, [])
    failed, lines = finished(EVERYTHING[1:])
    assert failed == FAILED
    assert len(lines) == 1
    assert EVERYTHING[0].partition(": ")[2] in lines[0]


def test_a_part_of_the_tests_adds_to_those_before_and_all_of_them_say_everything_again():
    first, rest = EVERYTHING[:1], EVERYTHING[1:]
    assert finished(rest, remembered=first) == (0, [])
    assert finished(rest, remembered=first, whole=True)[0] == FAILED
    assert finished(rest, remembered=first, whole=True, keyword="bucket") == (0, [])
    assert finished(EVERYTHING, whole=True) == (0, [])


def test_where_a_test_has_failed_what_it_would_have_said_is_not_missed():
    assert finished(EVERYTHING[1:], exitstatus=FAILED) == (FAILED, [])


def test_what_only_a_test_with_a_program_says_is_missed_where_that_is_installed(monkeypatch):
    monkeypatch.setattr(spoken, "NEEDS", {EVERYTHING[0]: "gpg"})
    assert finished(EVERYTHING[1:], missing=["gpg", "ceph"]) == (0, [])
    assert finished(EVERYTHING[1:], missing=["ceph"])[0] == FAILED
    assert finished(EVERYTHING) == (0, [])


def test_an_excuse_must_be_one(monkeypatch):
    everything = [sentence.key for sentence in spoken.sentences()]
    monkeypatch.setattr(
        spoken, "EXCUSED", {everything[0]: "no test can", "there.py: is no such sentence": "it is gone"}
    )
    failed, lines = finished(everything)
    assert failed == pytest.ExitCode.TESTS_FAILED
    assert [line.partition(":")[0] for line in lines] == ["said, and need not be excused", "excused, and not there"]
    assert [line.partition(":")[0] for line in finished(everything[1:])[1]] == ["excused, and not there"]
