"""What is pending, for a person."""

from datetime import datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from aws_runbook.dns import records as zone_records
from aws_runbook.status import pending_table

NOW = datetime(2030, 3, 1, 12, tzinfo=timezone.utc)


def entry(what, on="you", until=None, **more):
    return {"what": what, "on": on, "since": None, "until": until, "do": f"do {what}", **more}


def after(hours):
    return (NOW + timedelta(hours=hours)).isoformat()


def test_what_lapses_first_comes_first_and_then_who_must_act():
    entries = [
        entry("server", "the server"),
        entry("aws", "AWS"),
        entry("dns", "DNS"),
        entry("you"),
        entry("later", "DNS", after(40)),
        entry("soon", "ops@example.org", after(2)),
        entry("over", "DNS", after(-1)),
    ]
    order = [one["what"] for one in pending_table.complete(entries)]
    assert order == ["over", "soon", "later", "you", "dns", "server", "aws"]


def test_equal_entries_are_shown_once_and_moments_are_texts():
    since = NOW - timedelta(days=3)
    (only,) = pending_table.complete([{**entry("key"), "since": since, "until": NOW}, {**entry("key"), "since": since}])
    assert (only["since"], only["until"]) == (since.isoformat(), NOW.isoformat())
    assert pending_table.complete([{"what": "a", "on": "you", "since": None, "do": "b"}])[0]["until"] is None


def test_the_table_says_since_when_until_when_and_what_to_do():
    entries = pending_table.complete(
        [
            {**entry("link", "a@example.org", after(5)), "since": after(-19)},
            {**entry("old", "DNS"), "until": after(-1)},
            entry("case", do="ask\n AWS."),
        ]
    )
    assert pending_table.table(entries, NOW).splitlines() == [
        "no  what  on             since             until",
        f"--  ----  {'-' * 13}  {'-' * 16}  {'-' * 29}",
        "1   old   DNS            -                 2030-03-01 11:00 (over)",
        "2   link  a@example.org  2030-02-28 17:00  2030-03-01 17:00 (in 5 hours)",
        "3   case  you            -                 -",
        "",
        "1: do old.",
        "2: do link.",
        "3: ask AWS.",
    ]


def test_where_nothing_waits_it_says_so():
    assert pending_table.table([], NOW) == "Nothing is pending."


def test_a_record_is_there_once_whoever_waits_for_it():
    wanted = zone_records.records("example.org", "us-east-1", tokens=["a", "b"], mail_from="mail.example.org")
    whole, relative = zone_records.zone_file(wanted), zone_records.zone_file(wanted, "example.org")
    other = zone_records.zone_file(zone_records.records("example.net", "us-east-1", tokens=["c"]), "example.org")
    assert pending_table.records([whole, whole]) == whole.splitlines()
    lines = pending_table.records([relative, other, relative])
    assert lines.count("$ORIGIN example.org.") == 1
    assert lines[: len(other.splitlines()) - 1] == other.splitlines()[1:], "with whole names, above any origin"
    assert lines[-len(relative.splitlines()) :] == relative.splitlines()
    shown = pending_table.table([entry("a", records=whole), entry("b", records=whole)], NOW)
    assert shown.count("a._domainkey.example.org.") == 1
    assert shown.endswith(f"Records to add, as lines of a zone file:\n{whole}")


@given(st.lists(st.sampled_from(["a.\t1", "b\t2", "$ORIGIN x.", "$ORIGIN y.", "c\t3"]), max_size=9).map("\n".join))
def test_each_line_of_a_zone_comes_out_once_below_its_own_origin(text):
    def placed(lines):
        origin, found = "", []
        for line in lines:
            if line.startswith("$"):
                origin = line
            else:
                found.append(("" if line.startswith("a.") else origin, line))
        return found

    lines = pending_table.records([text, text])
    assert set(placed(lines)) == set(placed(text.splitlines()))
    assert len(placed(lines)) == len(set(placed(lines)))
