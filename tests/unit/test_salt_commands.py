"""Commands in messages mean what they say, whatever a name holds and however Salt was called."""

import shlex
from pathlib import Path

import jinja2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from salt.minion import load_args_and_kwargs
from salt.utils.args import parse_input
from salt.utils.jinja import quote

from aws_runbook import salt_commands


def called(name=None, rule_id=None, changes=None, region=None, receives=None, store=None):
    """What a function is given."""
    given = {
        "name": name,
        "rule_id": rule_id,
        "changes": changes,
        "region": region,
        "receives": receives,
        "store": store,
    }
    return {argument: value for argument, value in given.items() if value is not None}


def read(command):
    """What a function gets that Salt calls for a command."""
    assert command.isprintable()
    _, _, *words = shlex.split(command.strip("`"))
    arguments, named = load_args_and_kwargs(called, parse_input(words))
    return called(*arguments, **named)


# Halves of a pair are no characters: no argument of a program can hold one.
NAMES = st.text(st.characters(blacklist_categories=("Cs",)))


@given(NAMES)
@example("")
@example(" ")
@example("one line\nand another=1")
@example("\x85\u2028\u202e\x7f\0\U000e0001")
@example("a=b#c")
@example("-#")
@example("`")
@example("--help")
@example("None")
@example("it's $(touch x)")
@example("123")
@example("true")
@example("[1]")
@example("{a: b}")
@example("null")
@example("1_000")
@example("a=b")
@example("# not a comment")
@example("-x")
def test_a_text_arrives_as_it_is(name):
    assert read(salt_commands.command("a.b", name="bucket", rule_id=name)) == {"name": "bucket", "rule_id": name}
    assert read(salt_commands.command("a.b", name=name, rule_id="x")) == {"name": name, "rule_id": "x"}


@given(NAMES)
@example("123")
@example("a=b")
@example("=b#c")
@example("one line\nand another")
def test_a_named_text_arrives_as_it_is(name):
    assert read(salt_commands.command("a.b", region=name)) == {"region": name}


def test_what_is_not_given_is_left_out():
    assert salt_commands.command("a.b", name="x", region=None, receives=True) == "`salt-call a.b x receives=true`"
    assert salt_commands.command("a.b", name=None, rule_id="x") == "`salt-call a.b rule_id=x`"


def test_first_arguments_have_no_names_until_one_needs_it():
    assert salt_commands.command("a.b", name="x", rule_id="y", region="z") == "`salt-call a.b x y region=z`"
    assert salt_commands.command("a.b", name="x=1", rule_id="y") == "`salt-call a.b name=x=1 rule_id=y`"
    assert salt_commands.command("a.b", region="z", rule_id="y") == "`salt-call a.b region=z rule_id=y`"


VALUES = st.recursive(
    st.one_of(st.booleans(), st.integers(), NAMES),
    lambda values: st.one_of(st.lists(values), st.dictionaries(NAMES, values)),
)


@given(st.one_of(st.lists(VALUES, min_size=1), st.dictionaries(NAMES, VALUES, min_size=1)))
@example({"pillar_file": "a#b", "keys": {"\x85": ["\n"]}})
def test_a_list_or_a_mapping_arrives_as_it_is(value):
    assert read(salt_commands.command("a.b", name="x", rule_id=value, store=value)) == called("x", value, store=value)


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("123", 123),
        ("true", True),
        ("[1]", [1]),
        ("null", None),
        ("0777", 777),
        ("1.50", 1.5),
        ("a", "a"),
        ("{a: 1}", {"a": 1}),
    ],
)
def test_what_is_written_without_quotes_is_meant_too(text, given):
    assert salt_commands.names(text, given)


@pytest.mark.parametrize(
    ("text", "given"), [("1", True), ("true", 1), ("[true]", [1]), ("777", "0777"), ("True", "true")]
)
def test_what_salt_reads_otherwise_is_not_meant(text, given):
    assert not salt_commands.names(text, given)


@pytest.mark.parametrize(
    ("opts", "argv", "form"),
    [
        ({"__cli": "salt-call", "id": "web"}, ["/usr/bin/salt-call", "state.apply", "aws"], "salt-call"),
        (
            {"__cli": "salt-call", "id": "control", "file_client": "local"},
            [
                "salt-call",
                "--local",
                "-c",
                "my config",
                "--id=control",
                "-l",
                "debug",
                "state.apply",
                "aws",
                "test=True",
            ],
            "salt-call --local -c 'my config' --id=control",
        ),
        (
            {"__cli": "salt-call", "id": "web"},
            ["salt-call", "--config-dir=salt-config", "a.b"],
            "salt-call -c salt-config",
        ),
        (
            {"__cli": "salt-call", "id": "web"},
            ["salt-call", "-m", "my modules", "--master", "salt.example.org", "a.b"],
            "salt-call '--module-dirs=my modules' --master=salt.example.org",
        ),
        (
            {"__cli": "salt-call", "id": "web"},
            ["salt-call", "-m", "/srv/one", "--module-dirs=/srv/my two", "-m/srv/three", "a.b"],
            "salt-call --module-dirs=/srv/one '--module-dirs=/srv/my two' --module-dirs=/srv/three",
        ),
        (
            {"__cli": "salt-call", "id": "web"},
            ["salt-call", "--saltfile", "my Saltfile", "--cachedir=/tmp/cache", "a.b"],
            "salt-call --cachedir=/tmp/cache '--saltfile=my Saltfile'",
        ),
        ({"__cli": "salt-minion", "id": "control"}, ["salt-minion"], "salt control"),
        ({"id": "control", "__role": "minion", "file_client": "remote"}, ["python"], "salt control"),
        (
            {"__cli": "salt-call", "id": "web", "root_dir": "/var/tmp/.root_1_salt/running_data"},
            ["salt-call"],
            "salt-ssh web",
        ),
        (
            {"id": "web", "file_client": "local", "conf_file": "/srv/conf/minion"},
            ["pytest"],
            "salt-call --local -c /srv/conf",
        ),
    ],
)
def test_the_form_is_that_of_the_present_call(opts, argv, form):
    salt_commands.remember(opts, argv)
    assert salt_commands.command("a.b") == f"`{form} a.b`"


@pytest.mark.parametrize(
    ("opts", "told"),
    [
        ({}, "salt-call saltutil.sync_all, and restart the minion."),
        ({"conf_file": "/etc/salt/minion"}, "salt-call saltutil.sync_all, and restart the minion."),
        (
            {"file_client": "local", "conf_file": "/srv/my conf/minion"},
            "salt-call --local -c '/srv/my conf' saltutil.sync_all.",
        ),
        ({"__master_opts__": {}}, "with the pip of the Python that runs salt-ssh."),
    ],
)
def test_so_is_that_of_the_command_that_syncs_the_modules(opts, told):
    environment = jinja2.Environment(autoescape=False)  # noqa: S701 - no page is made
    environment.filters["quote"] = quote
    template = environment.from_string(
        (Path(__file__).resolve().parents[2] / "salt" / "aws" / "ready.jinja").read_text()
    )
    salt = type("Functions", (dict,), {"wfuncs": {}})()
    assert told in template.make_module({"opts": opts, "salt": salt}).missing
