"""
What a run of states would change, a line a change: read from what Salt returns of the run under test.
"""

from dataclasses import dataclass, field

from aws_runbook.kinds import difference

# Of a value so many characters are shown in a line.
_LONGEST = 80
_WAITS = "Waiting:"


@dataclass(frozen=True)
class Plan:
    """
    What a run would do: ``changes``, each of one attribute; ``failed``, what it could not do; ``warnings`` about what would change.

    All are mappings with ``kind`` and ``name``, in the order of the run.
    """

    changes: list = field(default_factory=list)
    failed: list = field(default_factory=list)
    warnings: list = field(default_factory=list)

    @property
    def status(self):
        """The exit status: 1 when something would fail, 2 when something would change, 0 when nothing would."""
        return 1 if self.failed else 2 if self.changes else 0

    def as_data(self):
        """All of it as data."""
        return {"changes": self.changes, "failed": self.failed, "warnings": self.warnings}


def read(done):
    """The :class:`Plan` in what Salt returns of a run of states under test, a mapping by Salt's own names of states."""
    plan = Plan()
    for tag, state in sorted(done.items(), key=lambda item: item[1].get("__run_num__", 0)):
        kind, _, name, _ = tag.split("_|-")
        about = {"kind": kind, "name": name}
        for attribute, change in state.get("changes", {}).items():
            plan.changes.append({**about, "attribute": attribute, **change})
        if state["result"] is False and not _only_waited(state):
            plan.failed.append({**about, "why": state["comment"]})
        if state.get("changes"):
            told = [warning for warning in state.get("warnings", ()) if not warning.startswith(_WAITS)]
            plan.warnings.extend({**about, "warning": warning} for warning in told)
    return plan


def _only_waited(state):
    """Whether a state was not run for the failure of another, which is told by itself."""
    return state.get("__state_ran__") is False


def text(plan, *, diff=False):
    """The plan a line a change, and a line for each failure and warning; nothing when nothing would change."""
    rows = [(entry["kind"], entry["name"], *_told(entry)) for entry in plan.changes]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)][:-1]
    lines = []
    for row, entry in zip(rows, plan.changes, strict=True):
        cells = [*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]
        lines.append("  ".join(cells).rstrip())
        if diff and "diff" in entry:
            lines += [f"    {line}" for line in entry["diff"].splitlines()]
    lines += [f"WARNING: {entry['kind']} {entry['name']}: {_one_line(entry['warning'])}" for entry in plan.warnings]
    lines += [f"FAILED: {entry['kind']} {entry['name']}: {_one_line(entry['why'])}" for entry in plan.failed]
    return "\n".join(lines)


def _told(entry):
    """The attribute, and what becomes of it."""
    if "diff" in entry:
        return entry["attribute"], entry.get("means") or _differing(entry["diff"])
    old, new = entry["old"], entry["new"]
    if entry["attribute"] == "name" and (old is None or new is None):
        return "created" if old is None else "deleted", ""
    return entry["attribute"], f"{_short(old)} → {_short(new)}"


def _differing(diff):
    """The lines that go → the lines that come."""
    lines = diff.splitlines()[2:]
    gone, come = (
        ", ".join(line[1:].removeprefix("- ").strip() for line in lines if line.startswith(sign)) for sign in "-+"
    )
    return f"{_short(gone or None)} → {_short(come or None)}"


def _short(value):
    if value is None:
        return "none"
    written = _one_line(value if isinstance(value, str) and value else difference.in_line(value))
    return written if len(written) <= _LONGEST else f"{written[: _LONGEST - 1]}…"


def _one_line(text):
    return " ".join(text.split())
