"""What the beacon tells: each difference once, and again only after it has been gone."""

import pytest

from aws_runbook.errors import RunbookError
from aws_runbook.status import drift

TAGS = {"kind": "s3_bucket", "name": "b", "attribute": "tags", "old": {}, "new": {"a": "1"}}
FAILED = {"kind": "iam_user", "name": "u", "why": "AWS says no."}
OLD = {"about": "registry script", "check": "age", "level": "critical", "message": "30 hours old."}
NOTE = {"about": "pillar", "check": "pillar", "level": "note", "message": "x"}
UNREAD = {"about": "account", "check": "read", "level": "critical", "message": "may not be read."}
NOTHING = {"changes": [], "failed": [], "warnings": []}


class Minion:
    """A minion whose plans and audits are said by the test: answers, or texts of errors."""

    def __init__(self, folder):
        self.now = 0
        self.says = {"aws_account.plan": NOTHING, "aws_backup.audit": {"findings": []}}
        self.asked = []
        self.running = 0
        self._opts = {"cachedir": str(folder), "id": "control"}
        self.restart()

    def restart(self):
        self.watch = drift.Watch(self._opts, ask=self._ask, clock=lambda: self.now)

    def _ask(self, function, *arguments):
        return Asked(self, function, arguments)

    def change(self, *differences, failed=()):
        self.says["aws_account.plan"] = {"changes": list(differences), "failed": list(failed), "warnings": []}

    def find(self, *findings):
        self.says["aws_backup.audit"] = {"findings": list(findings)}

    def hour(self, **config):
        """What the beacon tells in an hour, looking each minute."""
        wanted = drift.settings([{name: value} for name, value in config.items()])
        told = []
        for _ in range(60):
            self.now += 60
            told += self.watch.look(wanted)
        return [(event["tag"], event["message"]) for event in told]


class Asked:
    def __init__(self, minion, function, arguments):
        self.minion, self.function = minion, function
        self.arguments = arguments
        self.waited = 0

    def answer(self):
        if self.waited < self.minion.running:
            self.waited += 1
            return None, None
        self.minion.asked.append((self.function, *self.arguments))
        says = self.minion.says[self.function]
        return (None, says) if isinstance(says, str) else (says, None)


@pytest.fixture
def minion(tmp_path):
    return Minion(tmp_path)


CHANGE = ("change", "s3_bucket  b  tags  {} → {a: '1'}")


def test_a_difference_is_reported_once_and_again_after_it_was_gone(minion):
    assert minion.hour() == []
    minion.change(TAGS)
    assert minion.hour() == [CHANGE]
    assert minion.hour() == []
    minion.change()
    assert minion.hour() == []
    minion.change(TAGS)
    assert minion.hour() == [CHANGE]


def test_another_difference_of_the_same_is_another(minion):
    minion.change(TAGS)
    minion.hour()
    minion.change({**TAGS, "new": {"a": "2"}})
    assert minion.hour() == [("change", "s3_bucket  b  tags  {} → {a: '2'}")]


def test_a_restart_tells_nothing_again(minion):
    minion.change(TAGS)
    minion.find(OLD)
    assert len(minion.hour()) == 2
    minion.restart()
    assert minion.hour() == []


def test_what_could_not_be_read_is_not_taken_to_be_gone(minion):
    minion.change(TAGS)
    minion.find(OLD)
    assert len(minion.hour()) == 2
    minion.change(failed=[FAILED])
    minion.find(UNREAD)
    assert minion.hour() == [
        ("failed", "FAILED: iam_user u: AWS says no."),
        ("finding", "CRITICAL: account: may not be read."),
    ]
    minion.change(TAGS)
    minion.find(OLD)
    assert minion.hour() == []


def test_a_finding_that_gets_older_is_the_same_and_a_note_is_none(minion):
    minion.find(OLD, NOTE)
    assert minion.hour() == [("finding", "CRITICAL: registry script: 30 hours old.")]
    minion.find({**OLD, "message": "31 hours old."})
    assert minion.hour() == []
    minion.find({**OLD, "level": "warning"})
    assert minion.hour() == [("finding", "WARNING: registry script: 30 hours old.")]


def test_an_error_is_reported_once_and_another_run_is_none(minion):
    minion.says["aws_account.plan"] = 'The function "state.apply" is running as PID 7 and was started'
    assert minion.hour() == []
    assert len(minion.asked) == 60, "it is asked again soon"
    minion.says["aws_account.plan"] = "there are no AWS credentials."
    assert minion.hour() == [("error", "there are no AWS credentials.")]
    assert minion.hour() == []


def test_it_asks_as_often_as_it_is_to_and_what_it_is_to(minion):
    minion.hour()
    assert minion.asked == [
        ("aws_account.plan", "mods=aws.account", "format=data"),
        ("aws_backup.audit", "format=data"),
    ]
    minion.restart()
    minion.asked.clear()
    minion.hour(every=1200, mods="aws.buckets", audit=False)
    assert minion.asked == [("aws_account.plan", "mods=aws.buckets", "format=data")] * 3


def test_what_takes_long_is_waited_for(minion):
    minion.change(TAGS)
    minion.running = 59
    assert minion.hour() == [CHANGE]


def test_a_note_of_what_was_told_that_cannot_be_read_counts_as_none(minion, tmp_path):
    for broken in ("[]", "{", "\0"):
        (tmp_path / "aws_drift.json").write_text(broken)
        minion.change(TAGS)
        assert minion.hour() == [CHANGE]
    assert (tmp_path / "aws_drift.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("out", "err", "told"),
    [
        ('{"local": {"changes": []}}', "", ({"changes": []}, None)),
        ("", "Error running 'aws_account.plan': No\nway.\n", (None, "No way.")),
        ('{"local": "Error running \'aws_account.plan\': No way."}', "", (None, "No way.")),
        ("", "Traceback: c4n4ry", (None, "aws_account.plan gave no answer; call it to see why.")),
        ("[", "", (None, "aws_account.plan gave no answer; call it to see why.")),
    ],
)
def test_what_salt_call_prints_is_an_answer_or_a_sentence(out, err, told):
    assert drift._parsed("aws_account.plan", out, err) == told


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({}, "aws_drift is not a list"),
        (["every"], "aws_drift is not a list"),
        ([{"every": 0}], "beacons:aws_drift:every is 0; give a whole number of seconds, 1 or more."),
        ([{"every": True}], "every is True"),
        ([{"mods": ""}], "mods is ''; give the names of SLS files."),
        ([{"audit": "no"}], "audit is 'no'; give True or False."),
        (
            [{"evry": 60}],
            "evry is not a known option; allowed are every, mods, audit, and Salt's own interval, enabled",
        ),
    ],
)
def test_a_configuration_that_cannot_be_meant_is_one_sentence(config, told):
    with pytest.raises(RunbookError) as refused:
        drift.settings(config)
    assert told in str(refused.value)


def test_salts_own_options_are_no_concern():
    config = [{"interval": 60}, {"disable_during_state_run": True}, {"enabled": True}, {"_beacon_name": "aws_drift"}]
    assert drift.settings(config) == drift.Settings()
