"""The report of an account: one page, one reading, and what cannot be read is unknown."""

import html
import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from aws_runbook.errors import RunbookError
from tests.functional.test_audit import BUCKET, DAY, Account

pytestmark = pytest.mark.parametrize("fleet", ["registry"], indirect=True)


@pytest.fixture
def account(fleet, sandbox, monkeypatch):
    account = Account(fleet, sandbox, monkeypatch)
    account.pass_days(10)
    account.pass_time(timedelta(hours=2))
    return account


@pytest.fixture
def files(tmp_path):
    return {
        "file": str(tmp_path / "backups.html"),
        "prometheus_file": str(tmp_path / "aws_backup.prom"),
        "data_file": str(tmp_path / "audit.json"),
    }


def shown(path):
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", Path(path).read_text())))


def test_its_figures_are_those_of_the_other_files(account, files):
    account.sandbox.clear_calls()
    account.fleet.call("aws_account.report", **files)
    page = shown(files["file"])
    audited = json.loads(Path(files["data_file"]).read_text())
    metrics = Path(files["prometheus_file"]).read_text()
    dumps = audited["targets"][0]
    assert f"Backups {dumps['count']} Size of the newest 1000 bytes" in page
    assert "Newest 2 hours ago" in page
    assert f'{{server="registry",kind="script",bucket="{BUCKET}",prefix="database"}} {dumps["count"]}\n' in metrics
    assert len(dumps["backups"]) == dumps["count"] == 20
    listings = [call for call in account.sandbox.calls(operation="ListObjectsV2") if "database" in str(call)]
    assert len(listings) <= 2  # the audit's, and the search that the plan makes
    assert account.sandbox.calls(write=True) == []


def test_the_answer_is_one_sentence_and_the_exit_status_the_audits(account, files):
    answer = account.fleet.call("aws_account.report", file=files["file"])
    assert answer.startswith(f"{files['file']} is written. Backups: nothing is wrong; ")
    account.pass_time(5 * DAY)
    worse = account.fleet.call("aws_account.report", file=files["file"])
    assert (
        "Backups: 2 critical, 1 warning; " in worse
    )  # as old as that are the dumps of two databases, and the use of the key


def test_differences_from_pillar_are_on_the_page(account, files):
    account.s3.delete_bucket_lifecycle(Bucket=BUCKET)
    account.fleet.call("aws_account.report", file=files["file"])
    page = shown(files["file"])
    assert "the lifecycle rule delete-after-30-days-database is not in force" in page
    differing = page.partition("What differs between pillar and the account")[2]
    assert BUCKET in differing


def test_what_cannot_be_read_is_unknown(account, files):
    account.sandbox.fault("ListObjectsV2", "access_denied", times=50)
    account.fleet.call("aws_account.report", file=files["file"])
    page = shown(files["file"])
    assert "Backups unknown" in page
    assert "One can go back unknown" in page


def test_no_secret_is_on_the_page(account, files, fleet):
    secret = re.search(r"secret_key: (\S+)", (fleet.pillar / "private" / "registry.sls").read_text())[1]
    account.fleet.call("aws_account.report", **files)
    for path in files.values():
        assert secret not in Path(path).read_text()


def test_a_file_that_cannot_be_written_is_one_sentence(account, tmp_path):
    with pytest.raises(RunbookError, match=r"^file is '.*', and that cannot be written"):
        account.fleet.call("aws_account.report", file=str(tmp_path / "nowhere" / "backups.html"))
