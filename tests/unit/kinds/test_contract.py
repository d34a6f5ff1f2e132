"""What docs/architecture.md says of a kind of resource is asked of each: a kind that forgets something fails here."""

import ast
import inspect

import pytest

from aws_runbook.databases.attributes import CLUSTER, INSTANCE
from aws_runbook.databases.serverless import V1_OPTIONS
from aws_runbook.kinds.connected import CONNECTION
from tests.fixtures.modules import STATES, TREE, kinds, loaded

KINDS = kinds()
TABLES = sorted(name for name, kind in KINDS.items() if kind.attributes and not hasattr(loaded(name), "plan"))
# That of the account, which manages nothing, is not its own.
PLANNED = sorted(name for name in STATES if hasattr(loaded(name), "plan") and name != "aws_account")
CONTRACT = ("describe", "normalise", "create", "update", "obstacles", "delete")


def takes(name, function, layer="modules"):
    return set(inspect.signature(getattr(loaded(name, layer), function)).parameters)


def settable(kind):
    """The attributes that a state can be given: those that are written, given at creation, or only wanted."""
    created = takes(kind.name, "create")
    return {row.name for row in kind.attributes if row.write or row.name in created or not row.read}


@pytest.fixture(params=TABLES)
def kind(request):
    return KINDS[request.param]


def test_a_kind_has_the_name_of_its_module_and_of_its_state(kind):
    assert kind is loaded(kind.name).KIND
    assert (TREE / "_states" / f"{kind.name}.py").exists()


def test_a_kind_has_every_function_of_the_contract(kind):
    assert [function for function in CONTRACT if not hasattr(loaded(kind.name), function)] == []


def test_every_function_takes_what_says_which_resource_is_meant(kind):
    for function in CONTRACT:
        assert {"name", *kind.scope, *CONNECTION} <= takes(kind.name, function), function


def test_create_takes_attributes_and_nothing_else(kind):
    assert takes(kind.name, "create") - {"name", *kind.scope, *CONNECTION} <= set(kind.names)


def test_update_takes_every_attribute_that_is_written(kind):
    written = {row.name for row in kind.attributes if row.write}
    assert takes(kind.name, "update") == {"name", *written, *kind.scope, *CONNECTION}


def test_the_state_takes_every_attribute_that_can_be_set(kind):
    present = takes(kind.name, "present", "states")
    given = settable(kind) - (
        {"policy_document"} if "targets" in kind.names else set()
    )  # that follows from the targets
    assert given <= present
    assert {"name", *kind.scope, *CONNECTION} <= present
    assert ("purge" in present) == any(row.shared for row in kind.attributes)


def test_what_may_be_destroyed_is_reported_by_the_same_options_everywhere(kind):
    common = {"name", *kind.scope, *CONNECTION}
    options = takes(kind.name, "obstacles") - common
    assert takes(kind.name, "delete") - common == options
    assert takes(kind.name, "absent", "states") - common == options


def test_an_attribute_that_aws_never_changes_is_not_written(kind):
    assert [row.name for row in kind.attributes if row.fixed and row.write] == []


def test_the_module_explains_every_attribute_and_names_its_actions(kind):
    tree = ast.parse((TREE / "_modules" / f"{kind.name}.py").read_text())
    texts = [
        ast.get_docstring(node) or "" for node in (tree, *tree.body) if isinstance(node, ast.Module | ast.FunctionDef)
    ]
    words = " ".join(" ".join(texts).split())
    assert [row.name for row in kind.attributes if row.name not in words] == []
    assert sorted({action for row in kind.attributes for action in row.actions if action not in words}) == []


def test_every_state_is_of_a_table_or_of_a_plan():
    assert sorted([*TABLES, *PLANNED]) == [name for name in STATES if name != "aws_account"], "which manages nothing"


@pytest.mark.parametrize("name", PLANNED)
def test_a_plan_is_carried_out_by_a_function_of_the_module(name):
    assert hasattr(loaded(name), "apply") or hasattr(loaded(name), "update")


@pytest.mark.parametrize("name", [name for name in PLANNED if name in KINDS and KINDS[name].attributes])
def test_the_plan_and_the_state_take_every_attribute(name):
    for function, layer in (("plan", "modules"), ("apply", "modules"), ("present", "states")):
        assert set(KINDS[name].names) <= takes(name, function, layer)


@pytest.mark.parametrize(("name", "table"), [("rds_instance", INSTANCE), ("rds_cluster", CLUSTER)])
def test_the_state_of_a_database_takes_every_attribute_of_its_table(name, table):
    options = {"name", "preset", "store", "apply", "allow_upgrade", "wait", "purge", *V1_OPTIONS, *CONNECTION}
    assert takes(name, "present", "states") - options == set(table.names)
