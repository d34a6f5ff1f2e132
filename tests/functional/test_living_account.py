"""
An account with a past, and a tree that has managed its servers for years, adopted by what the pages say.

Nothing that is there is harmed: the account and private pillar are compared before and after, whole. Every sentence that is
printed on the way names something that there is.
"""

import copy
import json
import re
import shlex
from datetime import timedelta

import pytest
import yaml

from sandbox.zone import Zone
from tests.fixtures import old_account, old_tree, snapshot
from tests.fixtures.sentences import Judge
from tests.functional.conftest import Fleet

SERVERS = {
    "cms": "cms",
    "credere": "credere",
    "dream-bi": "dreambi",
    "kingfisher-main": "kingfisher_main",
    "registry": "registry",
}
ADDRESS = f"hello@{old_account.ZONE}"
# What an operator reads in the console, and writes into pillar (docs/adopting.md, third step).
BY_THE_CONSOLE = {
    "cms": {"group": "web-servers", "policy": "WebCopies", "scope": "bucket"},
    "dream-bi": {"group": "web-servers", "policy": "WebCopies", "scope": "bucket"},
    "kingfisher-main": {"scope": "bucket"},
    "registry": {"scope": "bucket"},
}
CONTROL = {
    "ses": {
        "identities": {
            old_account.ZONE: {"signing_key_length": "RSA_2048_BIT", "receives": True},
            f"noreply@{old_account.ZONE}": {
                "bounce_topic": "noreply-example-org",
                "complaint_topic": "noreply-example-org",
                "include_headers": True,
            },
            ADDRESS: {},
            "own-key.example.org": {},
        },
        "receiving": {ADDRESS: {"bucket": "ocp-aws-verification"}},
        "configuration_sets": {
            "credere": {
                "event_destinations": {
                    "credere-noreply": {
                        "topic": "noreply-example-org",
                        "events": ["RENDERING_FAILURE", "REJECT", "DELIVERY_DELAY"],
                    }
                }
            }
        },
        "smtp_users": {
            old_account.SMTP_USER: {
                "store": {
                    "pillar_file": "private/smtp.sls",
                    "keys": {"smtp_username": "smtp:username", "smtp_password": "smtp:password"},
                }
            }
        },
    },
    "sns": {"topics": {"noreply-example-org": {"subscriptions": ["ops@example.org"]}}},
    "rds": {
        "instances": {
            "analysis": {
                "preset": "data-analysis",
                "store": {
                    "pillar_file": "private/aws_control.sls",
                    "keys": {"password": "databases:analysis:password"},
                },
            }
        }
    },
}


class Laptop(Fleet):
    """The operator's machine in a clone of the tree: ``salt-call --local --id=control``."""

    def __init__(self, root, past, nameserver):
        self.tree = old_tree.copy(root / "deploy", past.values)
        self.nameserver = nameserver
        super().__init__(root, "control", pillar=self.tree / "pillar")
        self.planned = {"user": set(), "policy": set(), "rule": set()}
        self.own = {"account": past.account, "servers": list(SERVERS)}
        self.backup = {server: {"store": {"pillar_file": f"private/{file}.sls"}} for server, file in SERVERS.items()}
        top = self.pillar / "top.sls"
        top.write_text(f"{top.read_text()}\n  'control':\n    - aws_control\n    - private.aws_control\n")
        password = f"databases:\n  analysis:\n    password: {old_account.PASSWORD}\n"
        (self.pillar / "private" / "aws_control.sls").write_text(password)
        self._public = {server: (self.pillar / f"{file}.sls").read_text() for server, file in SERVERS.items()}
        self.write()

    def write(self):
        """Write into the tree's pillar what the operator has decided on so far."""
        (self.pillar / "aws_control.sls").write_text(yaml.safe_dump({"aws": self.own}))
        for server, file in SERVERS.items():
            added = yaml.safe_dump({"aws": {"backup": self.backup[server]}})
            (self.pillar / f"{file}.sls").write_text(f"{self._public[server]}\n{added}")

    def apply(self, sls, **kwargs):
        """As every fleet does; what is planned then is noted."""
        plan = self.call("aws_backup.plan", format="data")
        self.planned["user"] |= set(plan["users"])
        self.planned["policy"] |= set(plan["policies"])
        for lifecycle in plan["lifecycle"].values():
            self.planned["rule"] |= {rule["ID"] for rule in lifecycle["rules"]}
        return super().apply(sls, **kwargs)

    def functions(self):
        """The names of all execution modules' functions."""
        return self._loaders.modules

    def private(self):
        """Private pillar, as text."""
        return {path.name: path.read_text() for path in sorted(self.pillar.glob("private/*.sls"))}


@pytest.fixture
def past(sandbox, monkeypatch):
    known = old_account.make(sandbox)
    now = old_account.NOW + timedelta(hours=1)
    sandbox.set_clock(now)
    sandbox.stop_clock()
    monkeypatch.setattr("aws_runbook.clock.now", lambda: now)
    return known


@pytest.fixture
def zone(sandbox):
    """The DNS of the domain, which receives by SES."""
    with Zone() as server:
        server.add(old_account.ZONE, "MX", "10 inbound-smtp.us-east-1.amazonaws.com.")
        sandbox.dns(server.address)
        yield server
        sandbox.dns(None)


@pytest.fixture
def laptop(past, tmp_path, zone):
    return Laptop(tmp_path, past, zone.address)


def comments(states):
    """All that a run prints in sentences."""
    lines = []
    for state in states.values():
        lines += [state["comment"], *(state.get("warnings") or [])]
    return lines


def changed(states):
    return {identity: state["changes"] for identity, state in states.items() if state["changes"]}


def failed(states):
    return {identity: state["comment"] for identity, state in states.items() if state["result"] is False}


def touched(difference):
    """The names of what a difference is about."""
    return {path[2] if path[0] in ("iam", "ses", "ec2") else path[1] for path in difference}


def run(laptop, sandbox, **options):
    """Plan and apply: both say the same, and the plan writes nothing. What was applied."""
    sandbox.clear_calls()
    planned = laptop.apply("aws.account", test=True, **options)
    assert [call["operation"] for call in sandbox.calls(write=True)] == []
    applied = laptop.apply("aws.account", **options)
    assert changed(applied) == changed(planned)
    assert failed(applied) == failed(planned)
    return applied


def said(laptop, runs):
    """Every text that an operator reads in these runs, and from what he asks then."""
    texts = [comment for states in runs for comment in comments(states)]
    texts += [laptop.call(f"aws_{name}.plan") for name in ("backup", "email", "database")]
    texts += [entry["do"] for entry in laptop.call("aws_account.pending", format="data")]
    texts.append(json.dumps(laptop.call("aws_backup.orphans")))
    texts.append(laptop.call("aws_backup.audit"))
    return texts


def untrue(laptop, accounts, runs):
    """What these texts name that is neither in the account nor in pillar."""
    judge = Judge(accounts, laptop.planned, laptop.functions())
    return [(wrong, text) for text in said(laptop, runs) for wrong in judge.untrue(text)]


def test_before_anything_is_named_nothing_is_harmed(laptop, sandbox):
    """With the names that would be the defaults: a user of each server, which is not the one that it has."""
    before, private = snapshot.take(sandbox), laptop.private()
    states = run(laptop, sandbox)
    after = snapshot.take(sandbox)
    difference = snapshot.difference(before, after)
    assert laptop.private() == private
    assert touched(difference) == {states[identity]["name"] for identity in changed(states)}
    # Only this of what was there is another, and the plan showed both: the runbook's policy, and a bucket of old.
    assert {path for path, (old, _) in difference.items() if old is not None} == {
        ("iam", "policy", "registry-backup", "document"),
        ("s3", "ocp-coalition-backup", "bucket_ownership_controls"),
    }
    assert set(failed(states)) == {
        "aws-key-cms-backup",
        "aws-key-dream-bi-backup",
        "aws-key-kingfisher-main-backup",
        "aws-lifecycle-ocp-registry-backup",
    }
    assert untrue(laptop, [before, after], [states]) == []
    again = laptop.apply("aws.account")
    assert changed(again) == {}
    assert failed(again) == failed(states)
    assert snapshot.difference(after, snapshot.take(sandbox)) == {}


def name_users(laptop, states):
    """Do what the errors say about keys that belong to other users."""
    for comment in failed(states).values():
        cure = re.search(r"[Ss]et aws:backup:user to (\{.*?\}|\S+) in", comment)
        if cure:
            server = next(server for server in SERVERS if f"/private/{SERVERS[server]}.sls" in comment)
            laptop.backup[server]["user"] = yaml.safe_load(cure[1])
    laptop.write()


def adopt(laptop):
    """Follow docs/adopting.md until the plan is what the operator wants; the plans on the way."""
    first = laptop.apply("aws.account", test=True)
    name_users(laptop, first)
    for server, settings in BY_THE_CONSOLE.items():
        laptop.backup[server] |= settings
    laptop.own |= copy.deepcopy(CONTROL)
    laptop.own["ses"]["dns"] = {"nameserver": laptop.nameserver}
    laptop.write()
    second = laptop.apply("aws.account", test=True)
    for comment in failed(second).values():
        (command,) = re.findall(r"`salt-call --local ([^`]*)`", comment)
        function, *arguments = shlex.split(command)
        named = dict(word.split("=", 1) for word in arguments if "=" in word)
        assert laptop.call(function, *(word for word in arguments if "=" not in word), **named)
    return [first, second]


# What adopting changes in the account, all of it: the rest is as it was.
CHANGED = {
    ("ec2", "security group", "postgresql-anywhere"),  # IPv6 as well
    ("s3", "ocp-coalition-backup", "bucket_ownership_controls"),
    ("s3", "ocp-coalition-backup", "public_access_block"),
    ("s3", "ocp-registry-backup", "rule", "delete-after-30-days"),  # by the operator, with the command that was shown
    ("s3", "ocp-registry-backup", "rule", "delete-after-30-days-database"),
    ("ses", "identity", ADDRESS),
    ("ses", "identity", ADDRESS, "notifications"),
    ("sns", "noreply-example-org", "policy", "AwsRunbookSes"),
}
LOST = {("s3", "ocp-registry-backup", "rule", "delete-after-30-days")}


def test_adopted_by_the_pages(laptop, sandbox):
    private, before = laptop.private(), snapshot.take(sandbox)
    plans = adopt(laptop)
    states = run(laptop, sandbox)
    after = snapshot.take(sandbox)
    assert failed(states) == {}
    assert laptop.private() == private
    # Mail that is received meanwhile goes where it always went.
    difference = {
        path: values for path, values in snapshot.difference(before, after).items() if "ocp-inbound-mail" not in path
    }
    assert {path[:3] if path[0] == "ec2" else path for path in difference} == CHANGED
    assert {path for path, (_, new) in difference.items() if new is None} == LOST
    assert touched(difference) == {states[identity]["name"] for identity in changed(states)}
    users = {identity["name"] for name, identity in states.items() if name.startswith("aws-key-")}
    assert users == {
        *("coalition-backup", "credere-backup", "dreambi-backup"),
        *("files-main", "pgbackrest-main", "registry-backup"),
    }
    sandbox.clear_calls()
    again = laptop.apply("aws.account")
    assert changed(again) == failed(again) == {}
    assert sandbox.calls(write=True) == []
    assert snapshot.difference(after, snapshot.take(sandbox)) == {}
    assert untrue(laptop, [before, after], [*plans, states, again]) == []


def test_what_waits_and_what_is_left_over_and_whether_the_backups_are_there(laptop, sandbox):
    adopt(laptop)
    laptop.apply("aws.account")
    (waits,) = laptop.call("aws_account.pending", format="data")
    assert waits["what"] == "DB instance analysis"
    assert "AWS will change db_instance_class (db.t3.small) in its maintenance window" in waits["do"]
    assert "pillar has db_instance_class: db.t3.micro, as it is now" in waits["do"]
    orphans = json.dumps(laptop.call("aws_backup.orphans"))
    assert "redmine-backup" in orphans
    assert not [user for user in ("files-main", "pgbackrest-main", "coalition-backup", "ana") if f'"{user}"' in orphans]
    report = laptop.call("aws_backup.audit", format="data")
    assert [finding for finding in report["findings"] if finding["level"] == "critical"] == []


def test_the_judge_of_sentences_finds_what_there_is_not(past, sandbox, laptop):
    judge = Judge([snapshot.take(sandbox)], {"user": ["cms-backup"]}, laptop.functions())
    mine = past.values["files_main_id"]
    another = mine[:-1] + ("R" if mine.endswith("Q") else "Q")  # ids end by chance
    true = (
        f"The access key {mine} of the user files-main is as it should be: salt-call --local iam_access_key.rotate files-main.",
        "S3 bucket ocp-db-backup: the lifecycle rule 'cold logs' stays; set aws:backup:user to cms-backup for the user cms-backup.",
        "The DB instance analysis waits; see arn:aws:s3:::ocp-db-backup.",
    )
    assert [judge.untrue(text) for text in true] == [[], [], []]
    false = {
        "The user files-mian has no key.": ("user", "files-mian"),
        f"The access key {another} is lost.": ("key", another),
        "S3 bucket ocp-bd-backup was changed.": ("bucket", "ocp-bd-backup"),
        "To write it: salt-call state.apply aws.acount": ("command", "salt-call state.apply aws.acount"),
        "Name it as aws:backups:user.": ("pillar", "aws:backups:user"),
        "It is in /nowhere/private/cms.sls.": ("file", "/nowhere/private/cms.sls"),
        "IAM policy cms-backup would be changed.": ("policy", "cms-backup"),
    }
    assert {text: judge.untrue(text) for text in false} == {text: [wrong] for text, wrong in false.items()}
