"""What docs/architecture.md says of a kind of resource, asked of each kind that is a table of attributes."""

import pytest
from salt.exceptions import CommandExecutionError

from sandbox.actions import iam_action
from tests.fixtures.modules import kinds, loaded
from tests.functional.cases import CASES

KINDS = {name: kind for name, kind in kinds().items() if kind.attributes}
# The others are changed by a plan as a whole.
TABLES = sorted(name for name in KINDS if not hasattr(loaded(name), "plan"))
normalised = pytest.mark.parametrize("kind", TABLES, indirect=True)


@pytest.fixture(params=sorted(KINDS))
def kind(request):
    return KINDS[request.param]


@pytest.fixture
def given(kind, surroundings):
    """The arguments of the kind's state, whose resource is there."""
    case = CASES[f"{kind.name}.present"]
    case.before(surroundings)
    return case.arguments_for(surroundings)


@pytest.fixture
def call(kind, given, modules):
    """Call a function of the kind's module for the resource of its case."""
    where = {name: given[name] for name in (*kind.scope, "region") if name in given}
    return lambda function, *args, **more: modules[f"{kind.name}.{function}"](given["name"], *args, **where, **more)


@pytest.fixture
def made(kind, given, states):
    assert states[f"{kind.name}.present"](**given).result is True


def used(sandbox):
    return {iam_action(entry["service"], entry["operation"]) for entry in sandbox.calls()}


def test_what_is_not_there_is_none_and_reading_writes_nothing(call, sandbox):
    sandbox.clear_calls()
    assert call("describe") is None
    assert sandbox.calls(write=True) == []


@pytest.mark.usefixtures("made")
def test_what_is_described_is_what_was_asked_for(kind, call):
    whole = call("describe")
    readable = [row.name for row in kind.attributes if row.read]
    assert set(readable) <= set(whole)
    for name in readable:
        assert call("describe", [name])[name] == whole[name]


@pytest.mark.usefixtures("made")
def test_reading_an_attribute_needs_its_actions_and_no_others(kind, call, sandbox):
    sandbox.clear_calls()
    call("describe", [])
    found = used(sandbox)
    for row in kind.attributes:
        sandbox.clear_calls()
        if row.read:
            call("describe", [row.name])
            assert used(sandbox) - found <= set(row.actions), row.name


@normalised
def test_an_attribute_that_is_none_is_refused_in_a_sentence(kind, call, made):
    with pytest.raises(CommandExecutionError, match="has no attribute 'colour'; it has "):
        call("normalise", {"colour": "red"})


@normalised
def test_normalising_twice_is_normalising_once(kind, given, call):
    wanted = {name: given[name] for name in kind.names if name in given}
    once = call("normalise", wanted)
    assert call("normalise", once) == once


@normalised
@pytest.mark.usefixtures("made")
def test_what_is_described_is_in_canonical_form(kind, call):
    shown = {name: value for name, value in call("describe").items() if name in kind.names}
    writable = {row.name: shown[row.name] for row in kind.attributes if row.write and shown.get(row.name) is not None}
    assert call("normalise", writable) == writable


@normalised
@pytest.mark.usefixtures("made")
def test_writing_what_is_there_changes_nothing_that_is_shown(kind, call):
    before = {name: value for name, value in call("describe").items() if name in kind.names}
    written = {row.name: before[row.name] for row in kind.attributes if row.write and before.get(row.name) is not None}
    call("update", **written)
    assert {name: value for name, value in call("describe").items() if name in kind.names} == before
