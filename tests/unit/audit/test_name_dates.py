"""The date in a backup's name, and the series that it is of."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from aws_runbook.audit import name_dates
from tests.fixtures import naming

NOW = datetime(2030, 3, 1, 4, 45, tzinfo=timezone.utc)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)

FORMATS = (
    "%Y%m%dT%H%M%SZ",
    "%Y%m%dT%H%M%S.%fZ",
    "%Y%m%d",
    "%Y%m%d%H%M%S",
    "%Y%m%d-%H%M",
    "%Y-%m-%d",
    "%Y_%m_%d",
    "%Y/%m/%d",
    "%Y-%m-%d_%H:%M:%S",
    "%Y-%m-%dT%H-%M-%SZ",
    "%Y-%m-%d %H:%M:%S.%f+00:00",
    "%Y-%m-%d_%Hh%Mm",
    "%Y-%m-%dT%H:%M:%S-0000",
    "%Y-%m-%d_%H",
    "%a_%Y-%m-%d",
    "%Y%m%d_%A",
)
# Around a date: what names are made of, and what must not be taken for a part of it.
around = st.lists(st.sampled_from(("registry", "kingfisher-2023", "home_x", "db01", "v2", "backup")), max_size=2).map(
    "_".join
)
endings = st.sampled_from(("", ".tar.gz", ".sql.gz", ".7z", ".dump"))
moments = st.integers(0, 70 * 365 * 24 * 3600).map(
    lambda seconds: datetime(2020, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=seconds)
)


def name(moment, form, before, after, ending):
    return "_".join(filter(None, [before, f"{moment:{form}}", after])) + ending


@given(moments, moments, st.sampled_from(FORMATS), around, around, endings)
def test_a_date_is_found_at_any_position_and_the_series_does_not_hold_it(one, other, form, before, after, ending):
    said = [name_dates.read(name(moment, form, before, after, ending), moment + HOUR) for moment in (one, other)]
    assert [(entry.dated, entry.made) for entry in said] == [(True, one + HOUR), (True, other + HOUR)]
    assert said[0].series == said[1].series
    assert said[0].series == "_".join(filter(None, [before, after])) + ending


@given(st.text(max_size=30), moments)
def test_a_name_never_makes_a_backup_newer_than_it_is(text, written):
    assert name_dates.read(text, written).made <= written


@given(moments, st.sampled_from(FORMATS), around, around, st.integers(4, 1000))
def test_what_was_copied_later_is_as_old_as_its_name_says(moment, form, before, after, days):
    made = name_dates.read(name(moment, form, before, after, ".tar"), moment + days * DAY).made
    assert timedelta() <= made - moment <= 1.5 * DAY


@given(moments, st.sampled_from(FORMATS), st.integers(4, 1000))
def test_a_date_in_the_future_is_not_believed(moment, form, days):
    written = moment - days * DAY
    said = name_dates.read(f"registry_{moment:{form}}.tar", written)
    assert said.made == written
    assert said.dated is ("%a" in form.lower())


@given(st.integers(0, 10**25).map(str))
def test_other_numbers_are_no_dates(digits):
    assume(not digits.startswith("20") or len(digits) not in (8, 10, 12, 14))
    said = name_dates.read(f"registry_{digits}.tar", datetime(2099, 1, 1, tzinfo=timezone.utc))
    assert not said.dated


@pytest.mark.parametrize(
    "text",
    [
        "20269999_registry.tar",
        "20300230.tar",
        "2030-13-01.tar",
        "2030-0301.tar",
        "203-03-01.gz",
        "registry-20.3.1.tar",
        "registry-8.20300101.tar",
        "registry-v8.20300101.tar",
        "v8.0.20300101.tar",
        "registry-8.0.20300101-01.tar",
        "2030.03.01.tar",
        "1202003010445.tar",
        "20200301044500123.tar",
        "20200301-1234-4abc-8def-0123456789ab.tar",
        "9fe_20200301ab0c1d2e3f.tar",
        "a1b2c3d4e520200301-e5f6.tar",
        "0f1e2d3c4b5a69788796a5b4c3d2e1f0-20300.tar",
        "1893456000_registry.sql.gz",
        "notes.txt",
        "",
    ],
)
def test_digits_that_are_no_date(text):
    assert not name_dates.read(text, NOW).dated
    assert name_dates.read(text, NOW).made == NOW


@pytest.mark.parametrize("text", ["ocp04.20300301.tar.gz", "db_v20300301.sql.gz", "mysql-8.0.20300301T0300Z.sql"])
def test_eight_digits_that_no_version_ends_with_are_a_date(text):
    assert name_dates.read(text, NOW).dated


@pytest.mark.parametrize(
    ("text", "series"),
    [
        ("backup-Mon.tar.gz", "backup.tar.gz"),
        ("friday_registry.sql", "registry.sql"),
        ("Monitor.tar", None),
        ("sunshine_registry.tar", None),
    ],
)
def test_a_weekday_distinguishes_runs(text, series):
    said = name_dates.read(text, NOW)
    assert (said.dated, said.series, said.made) == (series is not None, series or text, NOW)


@pytest.mark.parametrize(
    ("texts", "series"),
    [
        (["1893456000_registry.sql", "1893542400_registry.sql"], "registry.sql"),
        (["registry.sql"], "registry.sql"),
        (["ocp04.2030-03-01.tar.gz", "ocp04.2030-02-28.tar.gz"], "ocp04.tar.gz"),
        (["ocp04.20300301.tar.gz", "ocp04.20300228.tar.gz"], "ocp04.tar.gz"),
        (["db1.2030-03-01T0300Z.sql.gz", "db1.2030-02-28T0300Z.sql.gz"], "db1.sql.gz"),
        (["mysql-8.0.2030-03-01.sql", "mysql-8.0.2030-02-28.sql"], "mysql-8.0.sql"),
        (["mysql-8.0.20300301T0300Z.sql", "mysql-8.0.20300228T0300Z.sql"], "mysql-8.0.sql"),
        (["db_v20300301.sql.gz", "db_v20300228.sql.gz"], "db_v.sql.gz"),
        (["registry1.sql"], "registry1.sql"),
        (["2020-01-01_2030-03-01.sql", "2020-01-01_2030-02-27.sql"], "2020-01-01.sql"),
        (["from-2030-02-28-to-2030-03-01.tar", "from-2030-02-27-to-2030-02-28.tar"], "from_to.tar"),
        (["2030/02/28/registry.tar", "2030/03/01/registry.tar"], "registry.tar"),
        (["registry/2030/02/28.tar", "registry/2030/03/01.tar"], "registry/.tar"),
        (["2030-03-01.tar.gz"], ".tar.gz"),
        (
            ["daily_registry_2030-03-01_04h45m_Friday.sql", "daily_registry_2030-02-28_04h45m_Thursday.sql"],
            "daily_registry.sql",
        ),
    ],
)
def test_series(texts, series):
    assert {name_dates.read(text, NOW).series for text in texts} == {series}


@pytest.mark.parametrize("what", ["sun", "sat", "Mon", "friday", "cms_mon", "cms"])
@pytest.mark.parametrize("scheme", [naming.site, naming.mysql, naming.postgresql, *naming.EARLIER.values()])
def test_a_database_called_as_a_weekday_is_a_series_of_its_own(scheme, what):
    assert NOW.strftime("%a") == "Fri"
    of_days = [
        name_dates.read(scheme(what, moment), moment + HOUR).series for moment in (NOW, NOW - DAY, NOW - 2 * DAY)
    ]
    assert len(set(of_days)) == 1
    assert what in of_days[0]
    assert of_days[0] != name_dates.read(scheme("registry", NOW), NOW + HOUR).series


@pytest.mark.parametrize(
    ("text", "series"),
    [
        ("2030-03-01_Fri_registry.sql", "registry.sql"),
        ("Thu/registry-2030-02-28.sql", "registry.sql"),
        ("2030-03-01_Thu_registry.sql", "Thu_registry.sql"),
        ("2030-03-01_fri_registry.sql", "fri_registry.sql"),
    ],
)
def test_beside_a_date_only_its_own_weekday_is_a_part_of_it(text, series):
    assert name_dates.read(text, NOW).series == series


@pytest.mark.parametrize(
    ("text", "latest"),
    [
        ("20300220T100000Z", datetime(2030, 2, 20, 10)),  # noqa: DTZ001
        ("20300220T100000+0200", datetime(2030, 2, 20, 8)),  # noqa: DTZ001
        ("2030-02-20T10:00-05:30", datetime(2030, 2, 20, 15, 31)),  # noqa: DTZ001
        ("2030-02-20T10:00", datetime(2030, 2, 20, 22, 1)),  # noqa: DTZ001
        ("2030-02-20", datetime(2030, 2, 21, 12)),  # noqa: DTZ001
    ],
)
def test_the_last_moment_that_a_name_can_mean(text, latest):
    assert name_dates.read(text, NOW).made == latest.replace(tzinfo=timezone.utc)


@pytest.mark.parametrize("scheme", [naming.site, naming.mysql, naming.postgresql, *naming.EARLIER.values()])
@pytest.mark.parametrize("what", ["/home/coalition/public_html/", "kingfisher-2023", "db20", "_x"])
def test_the_names_of_the_servers_scripts(scheme, what):
    said = [name_dates.read(scheme(what, moment), moment + HOUR) for moment in (NOW, NOW - 300 * DAY)]
    assert all(entry.dated for entry in said)
    assert said[0].made == NOW + HOUR
    assert said[0].series == said[1].series


def test_the_series_of_a_site_says_which():
    assert (
        name_dates.read(naming.site("/home/coalition/public_html/", NOW), NOW).series
        == "home_coalition_public_html_backup.tar.gz"
    )
