"""
``make chaos``: search for what a thief could destroy, and play the matrix of faults.

``python -m tests.chaos thief STEPS [--seed S]`` and ``python -m tests.chaos matrix`` do one of them. ``matrix --cases N --seed S`` plays a
share, ``matrix --part P`` one part of the fleet, ``matrix --case CASE`` the one that a failure has printed, ``matrix --list`` none.
"""

import argparse
import sys
import time
from collections import Counter

_STEPS = 100_000
_EXAMPLES = 200
# After how many cases of the matrix a line says how far it is.
_EACH = 100
# How many random fleets the whole has.
_FLEETS = 200
# Of the list of what fails; the number of all is told.
_SHOWN = 2000


def main(arguments=None):
    """Do what the command line says; whether something does not hold is the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__.strip().splitlines()[0])
    commands = parser.add_subparsers(dest="command")
    thief = commands.add_parser("thief", help="search for what a thief could destroy")
    thief.add_argument("steps", type=int, nargs="?", default=_STEPS)
    matrix = commands.add_parser("matrix", help="play the matrix of faults")
    matrix.add_argument("--cases", type=int, help="a share of so many cases")
    matrix.add_argument("--fleets", type=int, help="so many random fleets on accounts with a past")
    matrix.add_argument("--part", action="append", help="only this part of the fleet")
    matrix.add_argument("--case", help="only this case")
    matrix.add_argument("--list", action="store_true", help="say which cases there are")
    matrix.add_argument("--jobs", type=int, default=2, help="how many processes play")
    for parser_of_one in (thief, matrix):
        parser_of_one.add_argument("--seed", type=int)
    given = parser.parse_args(arguments)
    if given.command is None:
        _search(_STEPS, None)
        return _play(parser.parse_args(["matrix"]))
    return _search(given.steps, given.seed) if given.command == "thief" else _play(given)


def _search(steps, seed):
    from tests.chaos import thief  # the matrix needs its clock to be put in force before anything else

    seed = int(time.time()) if seed is None else seed
    print(f"Seed {seed}.", flush=True)
    began, total, rounds = time.time(), Counter(), 0

    def attacks():
        return sum(count for what, count in total.items() if thief.is_attack(what))

    while attacks() < steps:
        for name, setting in thief.SETTINGS.items():
            total += thief.search(setting, examples=_EXAMPLES, seed=seed + rounds)
            print(f"{attacks():>9,} steps of attack, {time.time() - began:.0f} s: {name}", flush=True)
        rounds += 1
    print("\nNo moment was lost. What was done:")
    for what, count in total.most_common():
        print(f"{count:>9,}  {what}")
    return 0


def _play(given):
    from chaos import lapse

    lapse.put_in_force()
    from tests.chaos import pasts, playing
    from tests.chaos.cases import Case

    began, seed = time.time(), given.seed or 0
    if given.case:
        cases, found = [Case.parse(given.case)], None
    else:
        found = playing.discovered(given.part)
        print(_counts(found), flush=True)
        fleets = _FLEETS if given.fleets is None else given.fleets
        cases = found.cases if given.cases is None else playing.share(found.cases, given.cases, seed)
        cases += pasts.cases(fleets, seed)
    if given.list:
        print("\n".join(map(str, cases)))
        return 0
    outcomes = []

    def tell(outcome):
        outcomes.append(outcome)
        for problem in outcome.problems:
            print(f"{outcome.case}\n    {problem[:_SHOWN]}", flush=True)
        if outcome.problems:
            print(f"    again: {outcome.case.command}", flush=True)
        if not len(outcomes) % _EACH:
            print(f"{len(outcomes):>7,} of {len(cases):,} cases, {time.time() - began:.0f} s", flush=True)

    playing.side_by_side(cases, 1 if given.case else given.jobs, tell)
    return _told(cases, outcomes, found, seed, time.time() - began)


def _counts(found):
    sites = {site for site, phases in found.sites.items() if phases}
    return (
        f"{len(sites)} calls in the code, {sum(site.writes for site in sites)} of them writing, each in the phases in which it is made: "
        f"{sum(map(len, found.sites.values()))}. {len(found.cases):,} cases."
    )


def _told(cases, outcomes, found, seed, seconds):
    wrong = [outcome for outcome in outcomes if outcome.problems]
    for problem in found.problems if found else ():
        print(problem)
    print(f"\n{len(outcomes):,} cases played in {seconds:.0f} s (seed {seed}):")
    for what, count in sorted(Counter(_kind(outcome.case) for outcome in outcomes).items()):
        print(f"{count:>7,}  {what}")
    missed = [outcome.case for outcome in outcomes if not outcome.struck]
    for case in missed:
        print(f"Nothing was struck in: {case}")
    print(f"{len(wrong):,} of them show something that does not hold.")
    whole = len(outcomes) == len(cases)
    if not whole:
        print(f"{len(cases) - len(outcomes):,} were not played to their end.")
    return int(bool(wrong or missed or not whole or (found and found.problems)))


def _kind(case):
    return f"{case.phase}: {case.what}"


if __name__ == "__main__":
    sys.exit(main())
