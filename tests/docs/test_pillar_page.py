"""docs/pillar.md lists every key of pillar: what the schema says of it, and where it is explained."""

import importlib.util
import re
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from aws_runbook.databases import checks
from aws_runbook.databases.attributes import CLUSTER, INSTANCE
from aws_runbook.errors import RunbookError
from aws_runbook.mail import plan as mail_plan
from aws_runbook.pillar.check import problems
from aws_runbook.pillar.schema import SCHEMA

DOCS = Path(__file__).resolve().parents[2] / "docs"
SPEC = importlib.util.spec_from_file_location("make_pillar", DOCS / "make_pillar.py")
make_pillar = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(make_pillar)
KEYS = [pytest.param(key, id=key.path) for key in make_pillar.all_keys()]


def anchors(page):
    """The headings of a page, as links to them say them."""
    headings = re.findall(r"^#+ (.*)$", (DOCS / page).read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def properties(schema):
    """The names of all keys that a schema has anywhere."""
    if isinstance(schema, dict):
        for name, entry in schema.items():
            if name == "properties":
                yield from (key for key, value in entry.items() if isinstance(value, dict) and "const" not in value)
            yield from properties(entry) if name != "if" else ()
    elif isinstance(schema, list):
        for entry in schema:
            yield from properties(entry)


def test_the_page_is_what_the_schema_says():
    committed = (DOCS / "pillar.md").read_text()
    assert committed == make_pillar.page(), "run python docs/make_pillar.py"


def test_no_key_is_left_out():
    listed = {key.path.rpartition(":")[2] for key in make_pillar.all_keys()}
    kinds = {"pgbackrest", "script", "mysql", "files", "sync"}
    assert set(properties(SCHEMA)) - listed <= kinds


@pytest.mark.parametrize("key", KEYS)
def test_a_key_says_what_it_is_for_and_where_that_is_explained(key):
    assert re.fullmatch(r"[A-Z`].*\.", key.schema.get("description", ""))
    page, _, anchor = key.page.partition("#")
    assert (DOCS / page).is_file()
    assert not anchor or anchor in anchors(page)


# What AWS calls its parameters: the page on databases links to AWS's own.
OF_AWS = {*INSTANCE.readers, *CLUSTER.readers}


@pytest.mark.parametrize("key", KEYS)
def test_the_page_that_a_key_links_to_speaks_of_it(key):
    page, name = key.page.partition("#")[0], key.path.rpartition(":")[2]
    assert re.search(rf"\b{name}\b", (DOCS / page).read_text()) or (page == "databases.md" and name in OF_AWS)


EXAMPLES = [
    pytest.param(yaml.safe_load(block), id=f"{path.stem}-{number}")
    for path in sorted(DOCS.glob("*.md"))
    for number, block in enumerate(
        re.findall(r"^```yaml\n((?:aws|postgres|backup|sync):.*?)^```", path.read_text(), re.MULTILINE | re.DOTALL)
    )
]


@pytest.mark.parametrize("pillar", EXAMPLES)
def test_an_example_is_pillar(pillar):
    assert problems(pillar) == []
    mail_plan.plan(pillar)


@pytest.mark.parametrize("key", [param for param in KEYS if "default" in param.values[0].schema])
def test_a_default_is_allowed(key):
    Draft202012Validator(key.schema.get("form", key.schema)).validate(key.schema["default"])


def values(schema):
    """What a form allows at its borders, and what it does not."""
    if "enum" in schema:
        return schema["enum"], ["no-such-thing"]
    if schema.get("type") == "boolean":
        return [True, False], ["yes", 1]
    if "maximum" in schema:
        least, most = schema["minimum"], schema["maximum"]
        return [least, most], [least - 1, most + 1, "many", True]
    return [], []


ARGUMENTS = [
    pytest.param(key.path.split(":")[2], key.path.rpartition(":")[2], key.schema["form"], id=key.path)
    for key in make_pillar.all_keys()
    if key.path.startswith("aws:rds:") and "form" in key.schema
]
OPTIONS = ("preset", "apply", "allow_upgrade", "master_password")


def refused(kind, name, value):
    try:
        if name in OPTIONS:
            checks.options("here", **{name: value})
        elif kind == "instances":
            INSTANCE.check("here", {name: value})
        else:
            CLUSTER.check("here", {"min_capacity": 0, name: value} if name.startswith("seconds") else {name: value})
    except RunbookError as error:
        return str(error)
    return None


@pytest.mark.parametrize(("kind", "name", "form"), [param for param in ARGUMENTS if param.values[1] != "purge"])
def test_the_forms_of_arguments_are_what_the_states_take(kind, name, form):
    """Their checks are functions, which the schema repeats for the page."""
    good, bad = values(form)
    assert [refused(kind, name, value) for value in good] == [None] * len(good)
    assert [value for value in bad if refused(kind, name, value) is None] == []
