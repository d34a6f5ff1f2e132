"""Which version a database gets, and when it goes to another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_runbook.databases import versions as engine_versions
from aws_runbook.errors import RunbookError

AVAILABLE = ["13.9", "16.10", "16.9", "17.4", "16.4-limitless", "17.10"]

versions = st.lists(
    st.builds(lambda major, minor: f"{major}.{minor}", st.integers(9, 18), st.integers(0, 30)), min_size=1, unique=True
)


@given(versions)
def test_the_newest_is_the_highest_by_its_numbers(found):
    newest = engine_versions.newest(found)
    assert all([int(part) for part in newest.split(".")] >= [int(part) for part in entry.split(".")] for entry in found)


@pytest.mark.parametrize(
    ("wanted", "version"), [("latest", "17.10"), ("16", "16.10"), ("16.9", "16.9"), ("17", "17.10")]
)
def test_a_new_database_gets_what_is_asked_for(wanted, version):
    assert engine_versions.choose("DB x", "postgres", wanted, AVAILABLE) == version


def test_a_version_that_cannot_be_had():
    with pytest.raises(RunbookError, match=r"^DB x: engine_version is '1', .* for postgres; the latest is 17\.10\.$"):
        engine_versions.choose("DB x", "postgres", "1", AVAILABLE)
    with pytest.raises(RunbookError, match="in this region"):
        engine_versions.choose("DB x", "postgres", "latest", [])


@pytest.mark.parametrize(
    ("actual", "wanted", "allow", "version"),
    [
        ("16.9", "latest", None, "16.9"),
        ("16.9", "latest", "minor", "16.10"),
        ("16.9", "latest", "major", "17.10"),
        ("17.10", "latest", "major", "17.10"),
        ("16.9", "16", None, "16.9"),
        ("16.9", "16.9", None, "16.9"),
        ("16.9", "16.10", "minor", "16.10"),
        ("16.9", "17", "major", "17.10"),
        ("16.9", "17.4", "major", "17.4"),
    ],
)
def test_what_an_existing_one_goes_to(actual, wanted, allow, version):
    targets = [entry for entry in AVAILABLE if engine_versions.numbers(entry) > engine_versions.numbers(actual)]
    assert engine_versions.change("The DB x", "postgres", actual, wanted, allow, targets) == (version, None)


@pytest.mark.parametrize(
    ("wanted", "allow", "sentence"),
    [
        ("16.10", None, "is not upgraded without permission. To upgrade it, set allow_upgrade: minor."),
        ("17.4", None, "set allow_upgrade: major."),
        ("17.4", "minor", "set allow_upgrade: major."),
        ("18", "major", "AWS cannot upgrade it to 18; it can upgrade it to: 16.10, 17.4."),
        ("15", "major", "AWS cannot downgrade it"),
    ],
)
def test_what_it_does_not_go_to(wanted, allow, sentence):
    with pytest.raises(RunbookError) as excinfo:
        engine_versions.change("The DB x", "postgres", "16.9", wanted, allow, ["16.10", "17.4"])
    assert sentence in str(excinfo.value)


def test_a_minor_version_that_aws_applied_is_only_a_warning():
    version, warning = engine_versions.change("The DB x", "postgres", "16.10", "16.9", None, [])
    assert version == "16.10"
    assert "auto_minor_version_upgrade" in warning


def test_versions_of_aurora_mysql():
    available = ["8.0.mysql_aurora.3.9.0", "8.0.mysql_aurora.3.10.1", "8.0.mysql_aurora.3.08.2"]
    assert engine_versions.choose("DB x", "aurora-mysql", "latest", available) == "8.0.mysql_aurora.3.10.1"


def test_major_versions():
    assert engine_versions.major("aurora-postgresql", "16.10") == (16,)
    assert engine_versions.major("mysql", "8.0.44") == (8, 0)


EXTENDED = ["12.22-rds.20250508", "13.9", "13.23", "13.23-rds.20260305", "16.10"]
ENDED = frozenset({(12,), (13,)})


@pytest.mark.parametrize(
    ("actual", "allow", "version", "sentence"),
    [
        ("13.9", "minor", "13.9", "latest possible version (13.23-rds.20260305) is in Extended Support"),
        ("12.22-rds.20250508", "minor", "12.22-rds.20250508", None),
        ("13.23-rds.20260305", "minor", "13.23-rds.20260305", None),
        ("13.9", "major", "16.10", None),
        ("12.22-rds.20250508", "major", "16.10", None),
        ("16.10", "major", "16.10", None),
    ],
)
def test_the_latest_is_never_one_in_extended_support(actual, allow, version, sentence):
    targets = [entry for entry in EXTENDED if engine_versions.numbers(entry) > engine_versions.numbers(actual)]
    found, warning = engine_versions.change("The DB x", "postgres", actual, "latest", allow, targets, ENDED)
    assert (found, bool(warning)) == (version, bool(sentence))
    assert (sentence or "") in (warning or "")


def test_only_versions_in_extended_support_are_left():
    targets = ["12.22", "12.22-rds.20250508", "13.23"]
    version, warning = engine_versions.change("The DB x", "postgres", "12.9", "latest", "major", targets, ENDED)
    assert version == "12.9"
    assert warning == (
        "The DB x has engine_version 12.9 and is not upgraded, because the latest possible version (13.23) is in Extended Support, which costs "
        "extra. To upgrade it anyway, name the version."
    )
    _, warning = engine_versions.change("The DB x", "postgres", "12.9", "latest", "minor", [*targets, "16.10"], ENDED)
    assert warning.endswith("To upgrade it anyway, name the version; or set allow_upgrade: major.")


def test_a_version_of_extended_support_can_be_named():
    name = "12.22-rds.20250508"
    assert engine_versions.change("The DB x", "postgres", "12.9", name, "minor", [name, "13.23"], ENDED) == (name, None)
    assert engine_versions.choose("DB x", "postgres", name, [name], ENDED) == name


def test_without_the_dates_only_the_names_tell():
    targets = ["13.23", "13.23-rds.20260305"]
    assert engine_versions.change("The DB x", "postgres", "13.9", "latest", "minor", targets, frozenset()) == (
        "13.23",
        None,
    )
    version, warning = engine_versions.change(
        "The DB x", "postgres", "13.23", "latest", "minor", targets[1:], frozenset()
    )
    assert (version, "13.23-rds.20260305" in warning) == ("13.23", True)


def test_a_new_database_is_not_made_in_extended_support_unasked():
    assert engine_versions.choose("DB x", "postgres", "latest", ["13.23", "16.10"], ENDED) == "16.10"
    with pytest.raises(
        RunbookError, match=r"latest, and AWS offers only versions in Extended Support, which costs extra, .* 13\.23;"
    ):
        engine_versions.choose("DB x", "postgres", "latest", ["13.9", "13.23"], ENDED)
    assert engine_versions.choose("DB x", "postgres", "13", ["13.9", "13.23"], ENDED) == "13.23"


@given(versions, versions, st.sampled_from(["minor", "major"]))
def test_the_latest_never_goes_back_nor_to_what_costs_extra(targets, ended, allow):
    actual = "13.9"
    over = frozenset(engine_versions.major("postgres", entry) for entry in ended)
    version, _ = engine_versions.change("The DB x", "postgres", actual, "latest", allow, targets, over)
    assert engine_versions.numbers(version) >= engine_versions.numbers(actual)
    assert version == actual or engine_versions.major("postgres", version) not in over
