"""
What differs between AWS and pillar and was not told yet: the thinking of the beacon ``aws_drift``.

AWS is asked in processes of their own. The beacon comes by now and then, and looks whether there is an answer.
"""

import json
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from aws_runbook.errors import RunbookError
from aws_runbook.plan import changes

_SALT_CALL = "from salt.scripts import salt_call; salt_call()"
_PLAN, _AUDIT = "aws_account.plan", "aws_backup.audit"
# How Salt says that another run of states is going on: then it is asked again the next time.
_BUSY = re.compile(r"is running as PID")
_ERROR = re.compile(r"Error running '[\w.]+': (?P<sentence>.+)", re.DOTALL)
_NOTE = "note"
# One by whom something could not be read: what it would have said is not known to be gone.
_UNREAD = "read"


@dataclass(frozen=True)
class Settings:
    """What the beacon's configuration says: seconds between two plans, the SLS files, and whether the audit is made too."""

    every: int = 3600
    mods: str = "aws.account"
    audit: bool = True


def settings(config):
    """The :class:`Settings` in a beacon's configuration, a list of mappings; an error says what is wrong in it."""
    if not isinstance(config, list) or not all(isinstance(entry, dict) for entry in config):
        raise RunbookError("beacons:aws_drift is no list; give a list of options, such as `- every: 3600`.")
    given = {name: value for entry in config for name, value in entry.items()}
    found = Settings()
    for name, kind, allowed in (
        ("every", int, "a whole number of seconds, 1 or more"),
        ("mods", str, "the names of SLS files"),
        ("audit", bool, "True or False"),
    ):
        value = given.get(name, getattr(found, name))
        if type(value) is not kind or (kind is int and value < 1) or not (value or kind is bool):
            raise RunbookError(f"beacons:aws_drift:{name} is {value!r}; give {allowed}.")
        found = replace(found, **{name: value})
    return found


class Watch:
    """What has been told, kept in a file, and the question that is being asked."""

    def __init__(self, opts, ask=None, clock=time.monotonic):
        self._told = Path(opts["cachedir"]) / "aws_drift.json"
        self._ask = ask or (lambda function, *arguments: Question(opts, function, *arguments))
        self._clock = clock
        self._due = clock()
        self._questions = []

    def look(self, wanted):
        """Events of what is new; none while AWS has not answered, or between two plans."""
        now = self._clock()
        if not self._questions:
            if now < self._due:
                return []
            self._due = now + wanted.every
            self._questions = self._asked(wanted)
        question = self._questions[0]
        answer, error = question.answer()
        if answer is None and error is None:
            return []
        self._questions.pop(0)
        if error and _BUSY.search(error):
            self._due = now
            return []
        return self._new(question.function, events(question.function, answer, error))

    def _asked(self, wanted):
        questions = [self._ask(_PLAN, f"mods={wanted.mods}", "format=data")]
        return [*questions, *([self._ask(_AUDIT, "format=data")] if wanted.audit else [])]

    def _new(self, function, found):
        """Those events that have not been told; all that hold are noted as told."""
        told = self._read()
        known = told.get(function, [])
        keyed = {_key(event): event for event in found}
        whole = not any(_is_unread(event) for event in found)
        told[function] = sorted({*keyed, *([] if whole else known)})
        fresh = [event for key, event in keyed.items() if key not in known]
        if sorted(known) != told[function]:
            self._write(told)
        return fresh

    def _read(self):
        try:
            told = json.loads(self._told.read_text())
        except (OSError, ValueError):
            return {}
        return told if isinstance(told, dict) else {}

    def _write(self, told):
        beside = self._told.with_suffix(".new")
        beside.write_text(json.dumps(told))
        beside.chmod(0o600)
        beside.replace(self._told)


_watches = {}


def watch(opts):
    """The minion's :class:`Watch`: one for as long as the minion runs, however often Salt loads its beacons anew."""
    place = (opts["cachedir"], opts["id"])
    if place not in _watches:
        _watches[place] = Watch(opts)
    return _watches[place]


class Question:
    """A function asked by ``salt-call`` of the same minion. It begins when its answer is looked for the first time."""

    def __init__(self, opts, function, *arguments):
        self.function = function
        folder = str(Path(opts["conf_file"]).parent)
        options = [f"--config-dir={folder}", f"--id={opts['id']}", "--out=json", "--log-level=quiet", "--no-color"]
        self._command = [sys.executable, "-c", _SALT_CALL, *options, function, *arguments]
        self._process = None

    def answer(self):
        """What it says, and what is wrong; both are ``None`` as long as it has not ended."""
        if self._process is None:
            # Files, since a process that fills a pipe waits for somebody who reads it.
            self._out, self._err = tempfile.TemporaryFile("w+"), tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed below
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=self._out, stderr=self._err
            )
        if self._process.poll() is None:
            return None, None
        with self._out as out, self._err as err:
            out.seek(0)
            err.seek(0)
            return _parsed(self.function, out.read(), err.read())


def _parsed(function, out, err):
    try:
        answer = json.loads(out)["local"]
    except (ValueError, KeyError, TypeError):
        answer = None
    if isinstance(answer, dict):
        return answer, None
    told = _ERROR.search(answer if isinstance(answer, str) else err)
    return None, " ".join(told["sentence"].split()) if told else f"{function} gave no answer; call it to see why."


def events(function, answer, error):
    """All events that an answer, or an error, stands for."""
    if error:
        return [{"tag": "error", "function": function, "message": error}]
    if function == _AUDIT:
        return [
            {
                "tag": "finding",
                **finding,
                "message": f"{finding['level'].upper()}: {finding['about']}: {finding['message']}",
            }
            for finding in answer["findings"]
            if finding["level"] != _NOTE
        ]
    plan = changes.Plan(**answer)
    told = [{"tag": "change", **change, "message": changes.text(changes.Plan([change]))} for change in plan.changes]
    return told + [
        {"tag": "failed", **failed, "message": changes.text(changes.Plan(failed=[failed]))} for failed in plan.failed
    ]


def _key(event):
    """What makes an event another one. What a finding says changes as it gets older."""
    if event["tag"] == "finding":
        return json.dumps([event["about"], event["check"], event["level"]])
    return json.dumps(event, sort_keys=True, default=str)


def _is_unread(event):
    return event["tag"] in ("failed", "error") or event.get("check") == _UNREAD
