"""Whatever pillar holds comes through the SLS files as it is: rendered by Salt itself, as Jinja and then as YAML."""

from collections.abc import Mapping
from fnmatch import fnmatchcase

import pytest
import salt.loader
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from salt.exceptions import SaltRenderError
from salt.template import compile_template

IMPORT = '{%- from "aws/state.jinja" import quoted, state %}\n'
VALUE = IMPORT + "value: {{ quoted(value) }}"
STATE = IMPORT + '{{ state(id, "test.nop", arguments, [("test", required)]) }}'

# Halves of a pair are no characters: no text of YAML's can hold one.
CHARACTERS = st.characters(blacklist_categories=("Cs",))
# What YAML, Jinja or Salt would read as something else.
SCALARS = ("0777", "1_000", "null", "1.50", "=", "~", "yes", "2026-01-01", "1e16", "0x1f", "12:30:45", "<<", "", " ")
SIGNS = ("'", '"', "\\", "*", "&a", "!a", "|", "%", "@", "`", "[1]", "{a: b}", "- a", "# a", "a: b", "{{x}}", "{#x#}")
LOOKALIKES = st.sampled_from(SCALARS + SIGNS)
AWKWARD = st.sampled_from(
    ["\x85", "\u2028", "\u2029", "\x7f", "\ufeff", "\ufffe", "\uffff", "\0", "\r", "\t", "\U0001f600"]
)
TEXTS = st.one_of(LOOKALIKES, AWKWARD, st.text(CHARACTERS), st.lists(st.one_of(LOOKALIKES, AWKWARD)).map("".join))
PLAIN = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), TEXTS)
VALUES = st.recursive(PLAIN, lambda values: st.one_of(st.lists(values), st.dictionaries(PLAIN, values)), max_leaves=8)


@pytest.fixture(scope="module")
def render(loaders):
    """What Salt makes of a template, with variables."""
    opts = {**loaders.opts, "renderer": "jinja|yaml"}
    renderers = salt.loader.render(opts, loaders.modules)

    def rendered(template, **variables):
        return compile_template(":string:", renderers, opts["renderer"], [], [], input_data=template, context=variables)

    return rendered


def typed(value):
    """A value with the types in it: for Python, 1, 1.0 and True are the same."""
    if isinstance(value, Mapping):
        return [(typed(key), typed(entry)) for key, entry in value.items()]
    if isinstance(value, list):
        return [typed(entry) for entry in value]
    return type(value).__name__, repr(value)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(value=VALUES)
@example(value=1e16)
@example(value=float("inf"))
@example(value={"": None, "k" * 2000: [], "\U0001f600" * 128: {}})
def test_a_value_comes_back_as_it_is(render, value):
    assert typed(render(VALUE, value=value)["value"]) == typed(value)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(name=TEXTS, value=VALUES, required=TEXTS)
@example(name="\U0001f600" * 256, value={}, required="lab [1] *?")
def test_a_state_has_its_id_arguments_and_requisites(render, name, value, required):
    rendered = render(STATE, id=f"aws-{name}", arguments={"name": name, "value": value}, required=f"aws-{required}")
    ((identity, functions),) = rendered.items()
    assert identity == f"aws-{name}"
    ((function, arguments),) = functions.items()
    assert function == "test.nop"
    assert typed(arguments[:2]) == typed([{"name": name}, {"value": value}])
    (requisites,) = arguments[2:]
    own, other = requisites["require"]
    assert own == {"aws_account": "aws-pillar"}
    # Salt takes a requisite for a pattern.
    assert fnmatchcase(f"aws-{required}", other["test"])
    assert not fnmatchcase(f"aws-{required}x", other["test"])


def test_half_of_a_pair_is_refused_and_not_made_another_character(render):
    with pytest.raises(SaltRenderError):
        render(VALUE, value="a\ud800b")
