import re

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from aws_runbook.errors import StoreError
from aws_runbook.stores import yaml_edit

PATH = ("aws", "access_key")
BLOCK = "-----BEGIN PGP MESSAGE-----\n\nhQEMA+/=\n=abcd\n-----END PGP MESSAGE-----\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "aws:\n  access_key: 'new'\n"),
        ("# ours\n", "# ours\naws:\n  access_key: 'new'\n"),
        ("aws:\n", "aws:\n  access_key: 'new'\n"),
        ("aws:  # here\nb: 1\n", "aws:  # here\n  access_key: 'new'\nb: 1\n"),
        ("aws: {}\n", "aws: {access_key: 'new'}\n"),
        ("aws: {a: 1}  # c\n", "aws: {a: 1, access_key: 'new'}  # c\n"),
        ("aws:\n  access_key:  # from IAM\n", "aws:\n  access_key: 'new'  # from IAM\n"),
        ("aws:\n  access_key: old  # from IAM\n", "aws:\n  access_key: 'new'  # from IAM\n"),
        ("aws:\n    region: x\n\n# c\nb: 1", "aws:\n    region: x\n    access_key: 'new'\n\n# c\nb: 1"),
        ("aws:\n  access_key: |  # c\n    a\n    b\n\nb: 1\n", "aws:\n  access_key: 'new'  # c\n\nb: 1\n"),
        ("aws:\r\n  a: 1\r\nb: 2\r\n", "aws:\r\n  a: 1\r\n  access_key: 'new'\r\nb: 2\r\n"),
        ("b: 1", "b: 1\naws:\n  access_key: 'new'\n"),
        ("# c\nb: |\n  1", "# c\naws:\n  access_key: 'new'\nb: |\n  1"),
    ],
)
def test_only_the_wanted_value_changes(before, after):
    assert yaml_edit.put(before, PATH, "new") == after


def test_a_message_becomes_a_literal_block_that_reads_back():
    text = yaml_edit.put("aws:\n  access_key: old  # c\nb: 1\n", PATH, BLOCK)
    assert "access_key: |  # c\n    -----BEGIN PGP MESSAGE-----\n\n    hQEMA" in text
    assert yaml_edit.load(text) == {"aws": {"access_key": BLOCK}, "b": 1}
    assert yaml_edit.put(text, PATH, "new") == "aws:\n  access_key: 'new'  # c\nb: 1\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("aws: &a\n  x: 1\nb: *a\n", "without changing more"),
        ("aws:\n  x: &k v\n  access_key: *k\n", "without changing more"),
        ("aws: [1]\n", "above it is a list"),
        ("aws: text\n", "above it is a str"),
        ("aws:\n  access_key: {a: 1}\n", "it is a mapping"),
        ("aws:\n  access_key: [a]\n", "it is a list"),
        ("- 1\n", "holds a list"),
        ("a: 1\na: 2\n", "not YAML that Salt can read (line 2)"),
        ("a: 1\n---\nb: 1\n", "not YAML that Salt can read"),
        ("a: !include x\n", "not YAML that Salt can read (line 1)"),
    ],
)
def test_what_cannot_be_edited_safely_is_refused(text, says):
    with pytest.raises(StoreError, match=re.escape(says)):
        yaml_edit.put(text, PATH, "new")


@pytest.mark.parametrize(
    "text", ["k: *CANARY\n", "k: !CANARY x\n", "k: 'CANARY\n", "CANARY: 1\nCANARY: 2\n", "k: @CANARY"]
)
def test_an_error_does_not_quote_the_file(text):
    with pytest.raises(StoreError) as caught:
        yaml_edit.put(text, PATH, "new")
    assert "CANARY" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


_keys = st.sampled_from(["aws", "access_key", "b", "postgres", "backup", "on", "a b"])
_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(alphabet="ab#: '\"\n-é", max_size=8),
    st.just("x y # z"),
    st.just(BLOCK),
)
_trees = st.dictionaries(
    _keys,
    st.recursive(_values, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=3)),
    max_size=4,
)


def _commented(text, draw):
    """Comments wherever they cannot be part of a value: before a line that starts a key of the outermost mapping."""
    lines = []
    for number, line in enumerate(text.splitlines()):
        if re.match(r"[a-z']", line) and draw(st.booleans()):
            lines.append(f"# comment {number}")
        lines.append(line)
    return "\n".join(lines) + draw(st.sampled_from(["", "\n", "\n# end\n", "\n\n"]))


@given(
    st.data(),
    _trees,
    st.sampled_from([None, False]),
    st.sampled_from([None, '"', "'", "|"]),
    st.lists(_keys, min_size=1, max_size=3),
    st.text(st.characters(codec="utf-8"), max_size=12) | st.just(BLOCK),
)
def test_whatever_the_file_the_result_is_the_wanted_data_or_a_refusal(data, tree, flow, style, path, value):
    text = yaml.safe_dump(tree, default_flow_style=flow, default_style=style, allow_unicode=True)
    text = _commented(text, data.draw) if not text.startswith("{") else text
    try:
        before = yaml_edit.load(text)
    except StoreError:
        assume(False)
    above = [yaml_edit.get(before, path[:depth]) for depth in range(1, len(path))]
    impossible = any(entry is not None and not isinstance(entry, dict) for entry in above)
    impossible = impossible or isinstance(yaml_edit.get(before, path), dict | list)
    if impossible:
        with pytest.raises(StoreError):
            yaml_edit.put(text, path, value)
        return
    edited = yaml_edit.put(text, path, value)
    after = yaml_edit.load(edited)
    assert yaml_edit.get(after, path) == value
    assert re.findall(r"^# .*$", edited, re.MULTILINE) == re.findall(r"^# .*$", text, re.MULTILINE)
    assert yaml_edit.put(edited, path, value) == edited
    marks = r"\{\{|\{%|\{#"
    assert len(re.findall(marks, edited)) == len(re.findall(marks, text))


@pytest.mark.parametrize("text", ["null\n", "~\n", "# the private half\n~\n", "null", "--- ~\n"])
def test_a_file_that_holds_nothing_takes_a_value(text):
    edited = yaml_edit.put(text, ("aws", "secret_key"), "x")
    assert yaml_edit.load(edited) == {"aws": {"secret_key": "x"}}


def test_an_alias_within_what_it_stands_for_is_refused():
    with pytest.raises(StoreError, match="cannot be set without changing more than that"):
        yaml_edit.put("a: &a [*a]\nb: {c: 1}\n", ("b", "c"), "x")
