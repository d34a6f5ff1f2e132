"""
Find differences between AWS and pillar that were not reported yet: the logic of the beacon ``aws_drift``.

AWS is queried in separate processes. The beacon checks at intervals whether they have finished.
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
from aws_runbook.status import changes

_SALT_CALL = "from salt.scripts import salt_call; salt_call()"
_PLAN, _AUDIT = "aws_account.plan", "aws_backup.audit"
# Salt's message that another state run is in progress. The question is then asked again the next time.
_BUSY = re.compile(r"is running as PID")
_ERROR = re.compile(r"Error running '[\w.]+': (?P<sentence>.+)", re.DOTALL)
_NOTE = "note"
# Options that Salt reads itself. https://docs.saltproject.io/en/latest/topics/beacons/index.html
_SALTS = ("interval", "enabled", "disable_during_state_run", "beacon_module", "run_once")
# The check of a finding about something that could not be read. Earlier findings about it may still hold.
_UNREAD = "read"


@dataclass(frozen=True)
class Settings:
    """The beacon's settings: seconds between two plans, the SLS files, and whether to run the audit too."""

    every: int = 3600
    mods: str = "aws.account"
    audit: bool = True


def settings(config):
    """Return the :class:`Settings` of a beacon's configuration, a list of mappings. An invalid one is an error."""
    if not isinstance(config, list) or not all(isinstance(entry, dict) for entry in config):
        raise RunbookError("beacons:aws_drift is not a list; give a list of options, such as `- every: 3600`.")
    given = {name: value for entry in config for name, value in entry.items()}
    found = Settings()
    for name in given:
        if name not in (*vars(found), *_SALTS) and not str(name).startswith("_"):
            raise RunbookError(
                f"beacons:aws_drift:{name} is not a known option; allowed are {', '.join(vars(found))}, and Salt's own {', '.join(_SALTS)}."
            )
    for name, kind, allowed in (
        ("every", int, "a whole number of seconds, 1 or more"),
        ("mods", str, "the names of SLS files"),
        ("audit", bool, "True or False"),
    ):
        value = given.get(name, getattr(found, name))
        if type(value) is not kind or (type(value) is int and value < 1) or not (value or kind is bool):
            raise RunbookError(f"beacons:aws_drift:{name} is {value!r}; give {allowed}.")
        found = replace(found, **{name: value})
    return found


class Watch:
    """The events that were reported, kept in a file, and the current question."""

    def __init__(self, opts, ask=None, clock=time.monotonic):
        self._reported = Path(opts["cachedir"]) / "aws_drift.json"
        self._ask = ask or (lambda function, *arguments: Question(opts, function, *arguments))
        self._clock = clock
        self._due = clock()
        self._questions = []

    def look(self, wanted):
        """Return the new events; none while AWS has not answered, or between two plans."""
        now = self._clock()
        if not self._questions:
            if now < self._due:
                return []
            self._due = now + wanted.every
            self._questions = self._questions_about(wanted)
        question = self._questions[0]
        answer, error = question.answer()
        if answer is None and error is None:
            return []
        self._questions.pop(0)
        if error and _BUSY.search(error):
            self._due = now
            return []
        return self._new(question.function, events(question.function, answer, error))

    def _questions_about(self, wanted):
        questions = [self._ask(_PLAN, f"mods={wanted.mods}", "format=data")]
        return [*questions, *([self._ask(_AUDIT, "format=data")] if wanted.audit else [])]

    def _new(self, function, found):
        """Return the events that were not reported yet, and record all current events as reported."""
        reported = self._read()
        known = reported.get(function, [])
        keyed = {_key(event): event for event in found}
        whole = not any(_is_unread(event) for event in found)
        reported[function] = sorted({*keyed, *([] if whole else known)})
        fresh = [event for key, event in keyed.items() if key not in known]
        if sorted(known) != reported[function]:
            self._write(reported)
        return fresh

    def _read(self):
        try:
            reported = json.loads(self._reported.read_text())
        except (OSError, ValueError):
            return {}
        return reported if isinstance(reported, dict) else {}

    def _write(self, reported):
        beside = self._reported.with_suffix(".new")
        beside.write_text(json.dumps(reported))
        beside.chmod(0o600)
        beside.replace(self._reported)


_watches = {}


def watch(opts):
    """Return the minion's :class:`Watch`. It lives as long as the minion, even if Salt reloads its beacons."""
    place = (opts["cachedir"], opts["id"])
    if place not in _watches:
        _watches[place] = Watch(opts)
    return _watches[place]


class Question:
    """A function that ``salt-call`` runs on the same minion. It starts with the first call of ``answer``."""

    def __init__(self, opts, function, *arguments):
        self.function = function
        folder = str(Path(opts["conf_file"]).parent)
        options = [f"--config-dir={folder}", f"--id={opts['id']}", "--out=json", "--log-level=quiet", "--no-color"]
        self._command = [sys.executable, "-c", _SALT_CALL, *options, function, *arguments]
        self._process = None

    def answer(self):
        """Return the result and the error; both are ``None`` until the process has ended."""
        if self._process is None:
            # Use files, because a process that fills a pipe blocks until it is read.
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
    found = _ERROR.search(answer if isinstance(answer, str) else err)
    return None, " ".join(found["sentence"].split()) if found else f"{function} gave no answer; call it to see why."


def events(function, answer, error):
    """Return all events for an answer or an error."""
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
    reported = [{"tag": "change", **change, "message": changes.text(changes.Plan([change]))} for change in plan.changes]
    return reported + [
        {"tag": "failed", **failed, "message": changes.text(changes.Plan(failed=[failed]))} for failed in plan.failed
    ]


def _key(event):
    """Return the identity of an event, without the text of a finding, which changes with its age."""
    if event["tag"] == "finding":
        return json.dumps([event["about"], event["check"], event["level"]])
    return json.dumps(event, sort_keys=True, default=str)


def _is_unread(event):
    return event["tag"] in ("failed", "error") or event.get("check") == _UNREAD
