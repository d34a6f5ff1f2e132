"""Reading ahead for a run of states, and the cache that the answers go into."""

import threading
from types import FunctionType

import pytest
from salt.utils import immutabletypes

from aws_runbook.errors import UnreachableError
from aws_runbook.run import cache as run_cache
from aws_runbook.run import invalidation, prefetch


def chunk(state="s3_bucket", name="ocp-backup", **arguments):
    return {"state": state, "fun": "present", "name": name, "__id__": name, "order": 1, **arguments}


# What state modules say of themselves.
ROLES = {
    "s3_bucket": prefetch.Role(read_ahead=True),
    "iam_user": prefetch.Role(read_ahead=True),
    "ses_identity": prefetch.Role(read_ahead=False),
    "theirs": "a name that somebody else uses too",
}


class States(dict):
    """State functions as the loader has them, each with the names of its module, whose plans do ``question``."""

    def __init__(self, question):
        super().__init__()
        self.question = question
        self.seen = []

    def __missing__(self, function):
        def present(name, tags=None, rules=None, region=None):
            self.seen.append((function, name, tags, rules, region))
            assert prefetch.collected(lambda: self.question(name))

        module, _, _ = function.partition(".")
        names = {**globals(), "ROLE": ROLES[module]} if module in ROLES else globals()
        return FunctionType(present.__code__, names, "present", present.__defaults__, present.__closure__)


def test_plans_are_made_at_the_same_time():
    together = threading.Barrier(4, timeout=30)
    asked = []

    def question(name):
        together.wait()
        asked.append(name)

    prefetch.read(States(question), [chunk(name=f"bucket-{number}") for number in range(4)])
    assert sorted(asked) == ["bucket-0", "bucket-1", "bucket-2", "bucket-3"]


def test_a_state_gets_its_own_arguments_as_salt_would_give_them():
    states = States(str)
    given = chunk(tags={"team": "data"}, rules=[{"ID": "a", "Days": [1]}], region="eu-west-2", require=[{"user": "x"}])
    prefetch.read(states, immutabletypes.freeze([given]))
    [(function, name, tags, rules, region)] = states.seen
    assert (function, name, region) == ("s3_bucket.present", "ocp-backup", "eu-west-2")
    assert (type(tags), tags) == (dict, {"team": "data"})
    assert (type(rules), rules) == (list, [{"ID": "a", "Days": [1]}])


def test_what_fails_is_left_to_its_state():
    asked = []

    def question(name):
        if name == "broken":
            raise ValueError
        asked.append(name)

    states = States(question)
    states["iam_user.present"] = None  # cannot even be called
    prefetch.read(states, [chunk(name="broken"), chunk("iam_user"), chunk(name="whole")])
    assert asked == ["whole"]


def test_the_rest_is_not_asked_when_aws_cannot_be_reached():
    asked, never = [], threading.Event()

    def question(name):
        asked.append(name)
        if name == "bucket-0":
            raise UnreachableError("Cannot find the bucket: no way to AWS.")
        never.wait(0.5)

    prefetch.read(States(question), [chunk(name=f"bucket-{number}") for number in range(200)])
    assert len(asked) < 200


@pytest.mark.parametrize(
    "chunks",
    [
        [],
        [chunk("file")],
        [chunk("theirs")],
        [chunk("ses_identity")],
        [chunk(), chunk(name="b", parallel=True)],
    ],
    ids=["none", "not ours", "not ours, with a name of ours", "one call a second", "processes of their own"],
)
def test_what_is_not_read_ahead(chunks):
    states = States(str)
    prefetch.read(states, chunks)
    assert states.seen == []


def test_a_state_outside_of_reading_ahead_is_not_collected():
    assert not prefetch.collected(str)


def test_a_state_that_fails_before_it_has_a_plan_is_left_to_its_turn(caplog):
    def present(name):
        raise KeyError(name)

    caplog.set_level("DEBUG", "aws_runbook")
    assert prefetch.collect({"s3_bucket.present": present}, [chunk()]) == []
    assert "Not planned ahead: ocp-backup (KeyError)" in caplog.text


@pytest.fixture
def cache():
    return run_cache.Cache()


def ask(cache, answers, question="a"):
    return cache.get(("connection", "s3", "region", "method"), {"question": question}, lambda: next(answers))


def test_who_asks_the_same_at_the_same_time_waits_for_the_answer(cache):
    loading, answers = threading.Event(), []

    def load():
        loading.set()
        second.join(0.2)  # the other one has every chance to ask for itself
        answers.append(len(answers))
        return answers[-1]

    def get():
        return cache.get(("connection", "s3", "region", "method"), {}, load)

    second = threading.Thread(target=lambda: (loading.wait(), get()))
    second.start()
    assert get() == 0
    second.join()
    assert answers == [0]


def test_what_was_read_ahead_is_asked_again_by_who_writes(cache):
    answers = iter("0123")
    cache.read_ahead(lambda: ask(cache, answers))
    assert cache.early
    assert ask(cache, answers) == "0"
    with cache.at_first_hand():
        assert ask(cache, answers) == "1"
        assert ask(cache, answers) == "1"  # it is at first hand now
    assert ask(cache, answers) == "1"
    assert not cache.early


def test_a_run_reads_ahead_once(cache):
    times = []
    for _ in range(2):
        cache.read_ahead(lambda: times.append(1))
    assert times == [1]


def asked_again(cache):
    with cache.at_first_hand():
        ask(cache, iter("1"))


@pytest.mark.parametrize(
    ("change", "holds"),
    [
        (lambda _: None, True),
        (lambda cache: ask(cache, iter("1"), "b"), True),  # nothing was known of it
        (asked_again, False),
        (lambda cache: cache.drop("s3", invalidation.Outdated(lambda *_: False)), False),
        (lambda cache: cache.clear(), False),
        (lambda cache: cache.list_again("account", "s3", list), False),
    ],
    ids=[
        "nothing",
        "more is asked",
        "it is asked again",
        "something is written",
        "all is forgotten",
        "it is listed again",
    ],
)
def test_a_plan_holds_until_what_was_known_changes(cache, change, holds):
    def read():
        cache.list_again("account", "s3", list)
        ask(cache, iter("0"))
        cache.foresee("state", {"changes": {}})

    cache.read_ahead(read)
    change(cache)
    assert cache.foreseen("state") == ({"changes": {}} if holds else None)
    assert cache.foreseen("state") is None  # it is of one turn
