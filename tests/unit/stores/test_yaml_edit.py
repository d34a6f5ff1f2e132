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


@pytest.mark.parametrize(
    ("before", "path", "value", "after"),
    [
        ("", ("a", "b", "c"), "x", "a:\n  b:\n    c: 'x'\n"),
        ("a: {b: }\n", ("a", "b", "c"), "x", "a: {b: {c: 'x'} }\n"),
        ("a: {b: null, d: 1}\n", ("a", "b", "c"), "x", "a: {b: {c: 'x'}, d: 1}\n"),
        ("a: {}\n", ("a", "b", "c"), "x", "a: {b: {c: 'x'}}\n"),
        ("{}\n", ("a", "b", "c"), "x", "{a: {b: {c: 'x'}}}\n"),
        ("{z: 1}\n", ("a", "b", "c"), "x", "{z: 1, a: {b: {c: 'x'}}}\n"),
        ("a:\n    b:\n        d: 1\nz: 2\n", ("a", "b", "c"), "x", "a:\n    b:\n        d: 1\n        c: 'x'\nz: 2\n"),
        ("a:\n    b: ~ # c\nz: 2\n", ("a", "b", "c"), "x", "a:\n    b:  # c\n      c: 'x'\nz: 2\n"),
        (
            "a: null\n",
            ("a", "b", "c"),
            BLOCK,
            "a: \n  b:\n    c: |\n      -----BEGIN PGP MESSAGE-----\n\n      hQEMA+/=\n      =abcd\n      -----END PGP MESSAGE-----\n",
        ),
        (
            "",
            ("a", "b", "c"),
            BLOCK,
            "a:\n  b:\n    c: |\n      -----BEGIN PGP MESSAGE-----\n\n      hQEMA+/=\n      =abcd\n      -----END PGP MESSAGE-----\n",
        ),
        (
            "a: {b: {c: old}}\n",
            ("a", "b", "c"),
            BLOCK,
            'a: {b: {c: "-----BEGIN PGP MESSAGE-----\\n\\nhQEMA+/=\\n=abcd\\n-----END PGP MESSAGE-----\\n"}}\n',
        ),
        (
            "a:\n  b:\n    c: >-  # why\n      x\n      y\n",
            ("a", "b", "c"),
            BLOCK,
            "a:\n  b:\n    c: |  # why\n      -----BEGIN PGP MESSAGE-----\n\n      hQEMA+/=\n      =abcd\n      -----END PGP MESSAGE-----\n",
        ),
        ("a:\n  b:\n    c: |+\n      x\n\n\n", ("a", "b", "c"), "x", "a:\n  b:\n    c: 'x'\n\n\n"),
        ("a:\n- 1\n", ("b",), "x", "a:\n- 1\nb: 'x'\n"),
        ("a:\n- 1\n\n# end\n", ("b",), "x", "a:\n- 1\nb: 'x'\n\n# end\n"),
        ("a: |+\n  1\n\n", ("b",), "x", "b: 'x'\na: |+\n  1\n\n"),
        (
            "a: 1\r\n",
            ("b", "c"),
            BLOCK,
            "a: 1\r\nb:\r\n  c: |\r\n    -----BEGIN PGP MESSAGE-----\r\n\r\n    hQEMA+/=\r\n    =abcd\r\n    -----END PGP MESSAGE-----\r\n",
        ),
        (
            "",
            ("on", "a b", "Null", "x-y_1", "1x"),
            "v",
            "'on':\n  'a b':\n    'Null':\n      x-y_1:\n        '1x': 'v'\n",
        ),
        ("", ("k",), "it's", 'k: "it\'s"\n'),
        (
            "",
            ("k",),
            'a"b\\c\n{d}\xe9\t\U0001f600',
            'k: "a\\U00000022b\\U0000005cc\\n\\U0000007bd\\U0000007d\\U000000e9\\U00000009\\U0001f600"\n',
        ),
        ("", ("k",), "", "k: ''\n"),
        ("", ("k",), "one\n", 'k: "one\\n"\n'),
        ("", ("k",), "one\ntwo\n", "k: |\n  one\n  two\n"),
        ("", ("k",), " one\ntwo\n", 'k: " one\\ntwo\\n"\n'),
        ("", ("k",), "one\ntwo", 'k: "one\\ntwo"\n'),
        ("", ("k",), "one\n\ntwo\n", "k: |\n  one\n\n  two\n"),
        ("", ("k",), "one\n\xe9\ntwo\n", 'k: "one\\n\\U000000e9\\ntwo\\n"\n'),
        ("a: &x\n  b: 1\nc: *x\n", ("c2",), "x", "a: &x\n  b: 1\nc: *x\nc2: 'x'\n"),
        ("a: &x {b: 1}\nc:\n  d: *x\n", ("c", "e"), "x", "a: &x {b: 1}\nc:\n  d: *x\n  e: 'x'\n"),
        ("a: &x 1\nc:\n  - *x\n", ("e",), "x", "a: &x 1\ne: 'x'\nc:\n  - *x\n"),
        ("  a: 1\n", ("b",), "x", "  a: 1\n  b: 'x'\n"),
        ("  a: |+\n    1\n\n", ("b",), "x", "  b: 'x'\n  a: |+\n    1\n\n"),
        ("k:     \n", ("k",), "x", "k: 'x'     \n"),
        (
            "k:\n",
            ("k",),
            BLOCK,
            "k: |\n  -----BEGIN PGP MESSAGE-----\n\n  hQEMA+/=\n  =abcd\n  -----END PGP MESSAGE-----\n",
        ),
        (
            "k: 'a'   # x\n",
            ("k",),
            BLOCK,
            "k: |   # x\n  -----BEGIN PGP MESSAGE-----\n\n  hQEMA+/=\n  =abcd\n  -----END PGP MESSAGE-----\n",
        ),
        ("k: >  # x\n  a\n", ("k",), "y", "k: 'y'  # x\n"),
        ("k: |\n  a # x\n", ("k",), "y", "k: 'y'\n"),
        ("? k\n: v\n", ("k",), "y", "? k\n: 'y'\n"),
        (
            "a: [x, {k: v}]\nb: {c: [1, 2], d: 'e'}\n",
            ("b", "f"),
            "y",
            "a: [x, {k: v}]\nb: {c: [1, 2], d: 'e', f: 'y'}\n",
        ),
        ("~", ("k",), "v", "k: 'v'\n"),
        ("# x\nnull # y\n", ("k",), "v", "# x\n # y\nk: 'v'\n"),
        ("k: &a old\nm: 1\n", ("k",), "x", "k: 'x'\nm: 1\n"),
    ],
)
def test_what_is_written_in_each_form(before, path, value, after):
    assert yaml_edit.put(before, path, value) == after
    assert yaml_edit.get(yaml_edit.load(after), path) == value


@pytest.mark.parametrize(
    ("text", "path", "says"),
    [
        ("[1]\n", ("a",), "it holds a list where pillar needs a mapping"),
        ("a: [\n", ("a",), "it is not YAML that Salt can read (line 2)"),
        ("a: \x01\n", ("a",), "it is not YAML that Salt can read"),
        ("a: [1]\n", ("a", "b"), "a:b cannot be set: above it is a list, not a mapping"),
        ("a: {b: 5}\n", ("a", "b", "c"), "a:b:c cannot be set: above it is a int, not a mapping"),
        ("a: {b: [1]}\n", ("a", "b"), "a:b cannot be set: it is a list"),
        ("a: {b: {c: 1}}\n", ("a", "b"), "a:b cannot be set: it is a mapping"),
        (
            "a: &x {b: 1}\nc: *x\n",
            ("c", "b"),
            (
                "c:b cannot be set without changing more than that (an alias, or an unusual way to write it): write c:b there once, as a "
                "plain key with an empty value"
            ),
        ),
    ],
)
def test_a_refusal_is_whole(text, path, says):
    with pytest.raises(StoreError) as caught:
        yaml_edit.put(text, path, "new")
    assert str(caught.value) == says


def test_what_is_at_a_path():
    data = {"a": {"b": 1, "c": None}, "d": [1]}
    found = [
        yaml_edit.get(data, path)
        for path in (("a", "b"), ("a",), ("a", "c"), ("a", "x"), ("d", 0), ("a", "b", "c"), ())
    ]
    assert found == [1, data["a"], None, None, None, None, data]
    assert yaml_edit.get([1], ("a",)) is None
    assert yaml_edit.load("") == yaml_edit.load("# only this\n") == yaml_edit.load("null") == {}
