"""
Random fleets on accounts with a past: what some of the fleet's things were made by hand, as people make them in the console, and differ.

A seed draws the fleet's pillar, the past, and what goes wrong in the run that brings the one to the other.
"""

import json
import random

from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import seed as with_seed

from aws_runbook.backups import plan as plans
from aws_runbook.errors import PillarError
from chaos.faults import FAULTS
from tests.chaos import matrix, people
from tests.chaos.cases import KILLED, Case
from tests.functional.adopting import Console, low, states_of
from tests.unit import strategies

PHASE, PART = "random fleet", "on an account with a past"
# What a bucket that people have made may be like: see Console.bucket.
_PASTS = ("open", "half open", "ACLs", "KMS", "versions")
_LIKELY = 0.6
_WHAT = (*(name for name in FAULTS if name != "stale read"), *(f"killed {when}" for when in KILLED), "2 at once")


def cases(number, seed):
    """So many cases, each of a fleet of its own."""
    draw = random.Random(seed)
    return [Case(PHASE, PART, draw.choice(_WHAT), f"seed {draw.randrange(10**9)}") for _ in range(number)]


def play(world, case):
    """The outcome of a case; in a process of its own."""
    draw = random.Random(case.where)
    plan = _plan(int(case.where.removeprefix("seed ")))
    world.begin(None)
    people.have_an_account(world)
    _live(Console(world.aws), plan, draw)
    stage = matrix.Stage(world, [low(place, *state) for place, state in enumerate(_settled(world, states_of(plan)))])
    problems, sites = stage.reference()
    problems = [f"when nothing goes wrong, {problem}" for problem in problems]
    fault, written = FAULTS.get(case.what), [site for site in sites if site.writes]
    fitting = [site for site in sites if fault and fault.is_for(writes=site.writes)]
    if fault and fitting:
        where = str(draw.choice(fitting))
    elif case.what.startswith("killed") and written:
        where = f"write {draw.randint(1, len(written))}: of {len(written)}"
    elif case.what.endswith("at once"):
        where = case.where
    else:  # all is refused, or there is nothing to write
        return matrix.Outcome(case, problems, 1, 0.0)
    outcome = stage.play(Case(case.phase, case.part, case.what, where))
    return matrix.Outcome(
        case, [*problems, *(f"{where}: {each}" for each in outcome.problems)], outcome.struck, outcome.seconds
    )


def _plan(seed):
    """The plan of a fleet that backs up anything, drawn by a seed."""
    found = []

    @with_seed(seed)
    @settings(
        max_examples=20, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(strategies.fleets)
    def look(pillars):
        try:
            plan = plans.plan(pillars).as_data()
        except PillarError:
            assume(False)
        assume(plan["rows"])
        found.append(plan)

    look()
    return found[-1]


def _live(console, plan, draw):
    """People have made some of what the plan says, and something else of it."""
    for name, bucket in plan["buckets"].items():
        if draw.random() < _LIKELY:
            past = draw.sample(_PASTS, draw.randint(0, 2))
            rules = [people.RULE] if draw.random() < _LIKELY else []
            console.bucket(name, bucket["region"], tags={"team": "old"}, rules=rules, past=past)
    arns = {}
    for name in plan["policies"]:
        if draw.random() < _LIKELY:
            arns[name] = console.policy(name, people.policy("s3:GetObject"))
    for name, wanted in plan["users"].items():
        if draw.random() < _LIKELY:
            console.user(name, [arns[policy] for policy in wanted["policies"] if policy in arns])
            inline = json.dumps(people.policy("ses:GetAccount"))
            console.iam.put_user_policy(UserName=name, PolicyName="theirs", PolicyDocument=inline)


def _settled(world, states):
    """The states, whose stores are this world's own."""
    text = json.dumps(list(states), default=str)
    return json.loads(text.replace("/srv/pillar", str(world.folder / "pillar")))
