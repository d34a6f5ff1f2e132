"""The audit of what the servers' own scripts upload, by the names that they give it."""

from datetime import datetime, timedelta, timezone

import pytest

from tests.fixtures import naming

BEGIN = datetime(2030, 1, 1, 4, 15, tzinfo=timezone.utc)
DAY = timedelta(days=1)
DAYS = 33


@pytest.mark.parametrize("fleet", ["cms"], indirect=True)
def test_archives_of_sites_and_dumps_of_mysql(fleet, sandbox, monkeypatch):
    now = BEGIN
    monkeypatch.setattr("aws_runbook.clock.now", lambda: now)
    sandbox.stop_clock()
    sandbox.set_clock(now)
    fleet.apply("aws")
    s3 = sandbox.client("s3")

    def back_up(sites):
        names = [f"site/{naming.site(site, now)}" for site in sites]
        for name in [*names, f"database/{naming.mysql('coalition', now)}"]:
            s3.put_object(Bucket="ocp-coalition-backup", Key=name, Body=b"x" * 1000)

    for day in range(DAYS):
        now = BEGIN + day * DAY
        sandbox.set_clock(now)
        back_up(["/home/coalition/public_html/", "/home/corporate/public_html/"][: 2 if day < DAYS - 3 else 1])
        sandbox.expire_objects()
    report = fleet.call("aws_backup.audit", format="data")
    [finding] = [finding for finding in report["findings"] if finding["check"] not in ("key", "retention")]
    assert (finding["about"], finding["level"], finding["check"]) == ("cms files", "warning", "age")
    assert finding["message"].startswith("the newest backup of home_corporate_public_html_backup.tar.gz is 3 days old")
