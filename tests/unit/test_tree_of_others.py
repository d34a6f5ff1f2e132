"""
What is said to those whose tree has an ``aws`` of its own: it stays, and the account is managed by ``aws.account``.

In such a tree ``state.apply aws`` is theirs, and servers' states include it: with ``aws.account`` in it, every server would manage
the account.
"""

import re
from pathlib import Path

import pytest

from aws_runbook import salt_commands

TREE = Path(__file__).resolve().parents[2]
PAGES = [TREE / "README.md", *sorted(TREE.glob("docs/*.md")), *sorted(TREE.glob("pillar/**/*.md"))]
SAID = [
    *PAGES,
    *(
        path
        for folder in ("_modules", "_states", "_wrapper", "_utils")
        for path in sorted((TREE / folder).rglob("*.py"))
    ),
    *(
        path
        for folder in ("salt", "pillar", "demo")
        for path in sorted((TREE / folder).rglob("*.*"))
        if path.is_file() and path.suffix != ".pyc"
    ),
]
COPIED = re.compile(r"\b(?:cp|rsync|copy|copies|copied)\b[^.\n]*\bsalt(?:/aws)?\b(?!\.)", re.IGNORECASE)


def lines(path, pattern):
    """The lines of a file that match, for the message of a test."""
    return [line for line in path.read_text().splitlines() if re.search(pattern, line)]


@pytest.mark.parametrize("path", SAID, ids=lambda path: str(path.relative_to(TREE)))
def test_the_command_is_right_in_every_tree(path):
    assert lines(path, r"state\.(?:apply|sls) aws(?![.\w])") == []


def test_so_is_that_of_messages():
    assert "state.apply aws.account" in salt_commands.apply()


@pytest.mark.parametrize("told", ["cp -r salt/aws /srv/salt/", "Copy salt/aws into your tree", "rsync -a salt /srv"])
def test_what_it_is_to_be_told_to_copy(told):
    assert COPIED.search(told)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(TREE)))
def test_no_advice_is_given_to_copy_ours_over_theirs_or_to_include_it_there(path):
    text = " ".join(path.read_text().split())
    sentences = re.split(r"(?<=[.:;]) ", text)
    warnings = ("do not", "nothing is copied", "not include", "never")
    copied = [entry for entry in sentences if COPIED.search(entry) and not entry.lower().startswith(warnings)]
    assert copied == []
    for block in re.findall(r"```ya?ml\n(.*?)```", path.read_text(), re.DOTALL):
        assert not re.search(r"include:\s*\n\s*- aws\.account", block)


@pytest.mark.parametrize(
    "page", ["README.md", "docs/install.md", "docs/adopting.md", "docs/backups.md", "docs/email.md"]
)
def test_a_page_that_applies_says_where_the_states_are_from(page):
    """By a second entry of ``file_roots``: there, or on the page that it links to for that."""
    text = (TREE / page).read_text()
    assert "file_roots" in text
    assert page.endswith("install.md") or re.search(r"\]\((?:docs/)?install\.md", text)


def test_the_page_on_installing_shows_a_second_entry_after_ones_own():
    (entries,) = re.findall(
        r"```yaml\nfile_roots:\n  base:\n    - /srv/salt\n    - (/.*)\n```", (TREE / "docs/install.md").read_text()
    )
    assert entries == "/the/printed/folder"


def test_no_state_of_ours_is_reached_through_an_aws_of_theirs():
    """What servers' states include (``aws``) is the file that such trees have: ours holds nothing else than a way to the account."""
    ours = (TREE / "salt" / "aws" / "init.sls").read_text()
    assert re.sub(r"#.*\n", "", ours).split() == ["include:", "-", "aws.account"]
    for path in TREE.glob("salt/aws/*.sls"):
        assert path.name == "init.sls" or "- aws\n" not in path.read_text()
