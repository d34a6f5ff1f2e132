from aws_runbook import tables


def test_columns_line_up_under_their_names():
    rows = [
        {"server": "cms", "expires": "after 30 days", "prefix": "site"},
        {"server": "kingfisher-main", "expires": "never (synced)", "prefix": ""},
    ]
    assert tables.table(rows, ["server", "prefix", "expires"]).splitlines() == [
        "server           prefix  expires",
        "---------------  ------  --------------",
        "cms              site    after 30 days",
        "kingfisher-main  -       never (synced)",
    ]


def test_no_rows_leave_the_header():
    assert tables.table([], ["access_key", "store"]) == "access key  store\n----------  -----"


def test_what_a_cell_holds_is_one_line():
    rows = [{"a": ["x", "y"], "b": "one\ntwo", "c": None, "d": 0}]
    assert tables.table(rows, "abcd").splitlines()[-1] == "x, y  one two  -  0"
