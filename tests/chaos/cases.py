"""
The cases of the matrix, by name: a phase, a part of the fleet, what goes wrong there, and where.
"""

import shlex
from dataclasses import dataclass

from chaos.faults import FAULTS

KILLED = ("before", "after")
AT_ONCE = (2, 4)
_SEPARATOR = " / "


@dataclass(frozen=True)
class Case:
    """One of the matrix: ``what`` goes wrong (a fault, ``killed before``, ``2 at once``) and ``where`` (a site, which write, a seed)."""

    phase: str
    part: str
    what: str
    where: str

    def __str__(self):
        return _SEPARATOR.join((self.phase, self.part, self.what, self.where))

    @property
    def command(self):
        """The command that plays it again."""
        return shlex.join(
            ["PYTHONPATH=.:_utils", ".venv/bin/python", "-m", "tests.chaos", "matrix", "--case", str(self)]
        )

    @classmethod
    def parse(cls, text):
        """The case of that name."""
        return cls(*text.split(_SEPARATOR))


def cases_of(part, phase, sites, known, *, of_keys=False):
    """
    The cases of a part in a phase.

    ``known`` are the phases in which each site was found already, in any part: those are left out, and these added. ``of_keys``: keys are
    replaced in this phase, and what is only read then is read as in any other.
    """
    new = [
        site
        for site in dict.fromkeys(sites)
        if phase not in known[site] and (site.writes or not known[site] or not of_keys)
    ]
    for site in new:
        known[site].add(phase)
    written = [site for site in sites if site.writes]
    for site in new:
        for fault in FAULTS.values():
            # Before the run has written anything, no answer is an old one.
            is_old = fault.name != "stale read" or (written and sites.index(written[0]) < _last(sites, site))
            if fault.is_for(writes=site.writes) and is_old:
                yield Case(phase, part, fault.name, str(site))
    for number, site in enumerate(written, 1):
        for when in KILLED:
            yield Case(phase, part, f"killed {when}", f"write {number}: {site}")
    for number in AT_ONCE:
        for seed in range(2 if written else 0):
            yield Case(phase, part, f"{number} at once", f"seed {seed}")


def _last(sites, site):
    return len(sites) - 1 - sites[::-1].index(site)
