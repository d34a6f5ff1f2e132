"""
Read what a state run would change from the results of a run with ``test=True``.
"""

from dataclasses import dataclass, field

from aws_runbook.kinds import difference

# The maximum number of characters of a value in a line.
_LONGEST = 80
_WAITS = "Waiting:"
# https://github.com/saltstack/salt/blob/3006.x/salt/state.py
_SKIPPED = "One or more requisite failed: "


@dataclass(frozen=True)
class Plan:
    """
    What a run would do: ``changes``, one for each attribute; ``failed``, the failures; ``warnings`` about the changes.

    All entries are mappings with ``kind`` and ``name``, in the order of the run.
    """

    changes: list = field(default_factory=list)
    failed: list = field(default_factory=list)
    warnings: list = field(default_factory=list)

    @property
    def status(self):
        """Return the exit status: 1 if something would fail, 2 if something would change, otherwise 0."""
        return 1 if self.failed else 2 if self.changes else 0

    def as_data(self):
        """Return the plan as data."""
        return {"changes": self.changes, "failed": self.failed, "warnings": self.warnings}


def read(done):
    """Return the :class:`Plan` for the results of a run with ``test=True``, a mapping by Salt's state ids."""
    plan = Plan()
    for tag, state in sorted(done.items(), key=lambda item: item[1].get("__run_num__", 0)):
        kind, _, name, _ = tag.split("_|-")
        about = {"kind": kind, "name": name}
        for attribute, change in state.get("changes", {}).items():
            plan.changes.append({**about, "attribute": attribute, **change})
        if state["result"] is False and not _only_waited(state):
            plan.failed.append({**about, "why": state["comment"]})
        if state.get("changes"):
            warnings = [warning for warning in state.get("warnings", ()) if not warning.startswith(_WAITS)]
            plan.warnings.extend({**about, "warning": warning} for warning in warnings)
    return plan


def _only_waited(state):
    """
    Return whether a state was skipped because another one failed, which is reported separately.

    Salt 3006 marks it by its comment only.
    """
    return state.get("__state_ran__") is False or str(state["comment"]).startswith(_SKIPPED)


def text(plan, *, diff=False):
    """Return one line for each change, failure and warning; an empty text if there are none."""
    rows = [(entry["kind"], entry["name"], *_columns(entry)) for entry in plan.changes]
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


def _columns(entry):
    """Return the attribute and its change as text."""
    if "diff" in entry:
        return entry["attribute"], entry.get("means") or _differing(entry["diff"])
    old, new = entry["old"], entry["new"]
    if entry["attribute"] == "name" and (old is None or new is None):
        return "created" if old is None else "deleted", ""
    return entry["attribute"], f"{_short(old)} → {_short(new)}"


def _differing(diff):
    """Return the removed lines → the added lines."""
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
