"""The beacon with a real master and minion: an event for each difference, once, and a mail by the reactor of the documentation."""

import shutil
import sys
from pathlib import Path

import pytest
import yaml
from saltfactories.utils import random_string

from aws_runbook.run.waiting import until

TREE = Path(__file__).resolve().parents[2]
LOCAL = {"interface": "127.0.0.1"}
# Salt's default. Beacons are looked at once a second, but their intervals are counted in loops: the factories' 0.05 makes one second twenty.
LOOP = {"loop_interval": 1}
BUCKET = "ocp-registry-backup"
BEACON = [{"interval": 1}, {"every": 1}, {"mods": "aws.buckets"}]
CLOSED = "Block Public Access is not on: block_public_acls, block_public_policy, ignore_public_acls, restrict_public_buckets."
SENDMAIL = "/usr/sbin/sendmail -t -oi"


@pytest.fixture(scope="module")
def mails(tmp_path_factory):
    """A folder into which a program puts what would be mailed, a file each."""
    folder = tmp_path_factory.mktemp("mails")
    program = (
        f"import sys, tempfile\nwith tempfile.NamedTemporaryFile('w', dir={str(folder)!r}, delete=False) as mail:\n"
    )
    (folder.parent / "sendmail.py").write_text(f"{program}    mail.write(sys.stdin.read())\n")
    return folder


@pytest.fixture(scope="module")
def master(salt_factories, tmp_path_factory, mails):
    tree = tmp_path_factory.mktemp("states")
    shutil.copytree(TREE / "_beacons", tree / "_beacons", ignore=shutil.ignore_patterns("__pycache__"))
    example = (TREE / "docs" / "aws_drift_mail.sls").read_text()
    assert example.count(SENDMAIL) == 1
    reactor = tree / "aws_drift_mail.sls"
    reactor.write_text(example.replace(SENDMAIL, f"{sys.executable} {mails.parent / 'sendmail.py'}"))
    overrides = {
        **LOCAL,
        "file_roots": {"base": [str(tree), str(TREE / "salt")]},
        "reactor": [{"salt/beacon/*/aws_drift/*": [str(reactor)]}],
    }
    daemon = salt_factories.salt_master_daemon(random_string("master-"), overrides=overrides)
    with daemon.started():
        yield daemon


@pytest.fixture(scope="module")
def minion(master):
    with master.salt_minion_daemon("registry", overrides={**LOCAL, **LOOP}).started() as daemon:
        yield daemon


@pytest.fixture
def watched(master, call):
    """Give the minion's beacon a configuration, in its pillar; none when the test has ended."""

    def watch(beacon):
        path = Path(master.config["pillar_roots"]["base"][0]) / "beacon.sls"
        path.write_text(yaml.safe_dump({"beacons": {"aws_drift": beacon} if beacon else {}}))
        call("saltutil.refresh_pillar")

    yield watch
    watch([])


@pytest.fixture
def call(master, minion, sandbox):
    """Call a function of the minion, whose pillar has a backup and the way to AWS."""
    folder = Path(master.config["pillar_roots"]["base"][0])
    admin = {
        "keyid": sandbox.environment["AWS_ACCESS_KEY_ID"],
        "key": sandbox.environment["AWS_SECRET_ACCESS_KEY"],
        "endpoint_url": sandbox.url,
    }
    pillar = {"backup": {"location": f"{BUCKET}/site"}, "aws": {"admin": admin}}
    (folder / "own.sls").write_text(yaml.safe_dump(pillar))
    (folder / "beacon.sls").write_text("{}")
    (folder / "top.sls").write_text(yaml.safe_dump({"base": {"registry": ["own", "beacon"]}}))
    cli = master.salt_cli(timeout=120)

    def call(*arguments):
        ret = cli.run(*arguments, minion_tgt="registry")
        assert ret.returncode == 0, ret
        return ret.data

    return call


def test_each_difference_and_each_finding_is_an_event_and_a_mail_once(call, watched, sandbox, mails):
    assert "beacons.aws_drift" in call("saltutil.sync_beacons")
    assert all(state["result"] for state in call("state.apply", "aws.buckets").values())
    sandbox.client("s3").delete_public_access_block(Bucket=BUCKET)
    sandbox.clear_calls()
    watched(BEACON)
    # When the third plan has begun, the answers to two plans and two audits have been looked at.
    assert until(
        lambda: len(sandbox.calls(operation="GetBucketEncryption")) >= 3, what="the beacon to plan", timeout=420
    )
    watched([])
    assert sandbox.calls(write=True) == []
    told = until(lambda: len(list(mails.iterdir())) >= 4 and list(mails.iterdir()), what="the mails", timeout=120)
    assert sorted(path.read_text().split("\n\n") for path in told) == [
        [
            "To: ops@example.org\nSubject: AWS: change found by registry",
            f"s3_bucket  {BUCKET}  public_access_block  false → true\n",
        ],
        *(
            ["To: ops@example.org\nSubject: AWS: finding found by registry", f"{finding}\n"]
            for finding in (
                f"CRITICAL: {BUCKET}: {CLOSED}",
                "CRITICAL: registry files: there is no backup.",
                "WARNING: registry-backup: the user registry-backup has no active access key.",
            )
        ),
    ]
