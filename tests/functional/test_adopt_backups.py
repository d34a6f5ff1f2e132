"""Backups, adopted: what the tests can think of as pillar, and as an account that people have clicked together."""

import itertools
from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from aws_runbook.backups import plan as plans
from aws_runbook.backups.key_settings import place_of
from aws_runbook.backups.targets import get, targets
from aws_runbook.errors import PillarError
from aws_runbook.iam import backup_policy, policies
from bench import fleet
from tests.functional.adopting import (
    PLAIN,
    Console,
    adopt,
    changing,
    document,
    pasted,
    put,
    states_of,
    unnoted,
    with_key,
)
from tests.unit import strategies

SERVER = "registry"


def planned(pillars):
    """The plan of these pillars as data; examples that contradict themselves are left out."""
    try:
        return plans.plan(pillars).as_data()
    except PillarError:
        assume(False)


def canonical(plan):
    """A plan by what it means: settings of a target that make no difference to its policy are not compared."""
    granted = {name: policies.normalise(document(wanted["targets"])) for name, wanted in plan["policies"].items()}
    return {**{name: plan[name] for name in ("rows", "buckets", "groups", "users", "keys")}, "policies": granted}


def rules(plan):
    return {name: sorted(str(rule) for rule in wanted["rules"]) for name, wanted in plan["lifecycle"].items()}


def with_keys(pillars, users, keys):
    """Pillars with each target's key, where the server's tools look for it."""
    known = dict(pillars)
    for (server, kind), user in users.items():
        known[server] = with_key(known[server], kind, keys[user])
    return known


def users_of(plan):
    return {(row["server"], row["kind"]): row["user"] for row in plan["rows"]}


def is_told_apart(pillars):
    """A server's scripts read one key, so that they have one user."""
    for server, pillar in pillars.items():
        of_place = {}
        for target in targets(server, pillar)[0]:
            if of_place.setdefault(place_of(target.kind), target.user) != target.user:
                return False
    return True


@st.composite
def fleets(draw):
    """Pillars of servers, of which some have users by kind, policies under other names, or policies that only add."""
    found = draw(strategies.fleets)
    for server, pillar in found.items():
        extra = {}
        if draw(st.booleans()):
            extra["append_only"] = draw(st.booleans())
        if draw(st.integers(0, 3)) == 0:
            extra["user"] = {
                "pgbackrest": f"db-{server}",
                **dict.fromkeys(("script", "mysql", "files", "sync"), f"files-{server}"),
            }
        if draw(st.integers(0, 3)) == 0:
            extra["policy"] = f"Copies-{server}"
        if extra:
            known = pillar.get("aws") or {}
            found[server] = {**pillar, "aws": {**known, "backup": {**(known.get("backup") or {}), **extra}}}
    return found


def is_ambiguous(plan):
    """Whether members of a group have two policies of it that say the same: nobody could tell which of them is for whom."""
    for group in plan["groups"].values():
        said = [policies.normalise(document(plan["policies"][name]["targets"])) for name in group["policies"]]
        if any(one == other for one, other in itertools.combinations(said, 2)):
            return True
    return False


@PLAIN
@given(fleets())
def test_resources_made_from_pillar_are_described_as_that_pillar(sandbox, modules, runner, minion_opts, pillars):
    plan = planned(pillars)
    assume(plan["rows"] and is_told_apart(pillars))
    sandbox.reset()
    keys = Console(sandbox).planned(plan)
    pillars = with_keys(pillars, users_of(plan), keys)
    sandbox.clear_calls()
    result = adopt(modules, minion_opts, pillars, min(pillars))
    assert sandbox.calls(write=True) == []
    again = plans.plan(pasted(pillars, result)).as_data()
    if is_ambiguous(plan):
        assert changing(runner, states_of(again)) == {}
    else:
        assert canonical(again) == canonical(plan)
    assert rules(again) == rules(plan)
    assert [note for note in result.notes if note.kind in ("change", "not expressed")] == []


def test_of_two_equal_policies_the_one_with_the_usual_name_is_described(sandbox, modules, minion_opts):
    settings = {"backup": {"location": "ocp-registry-backup/site"}}
    pillars = {
        name: {**settings, "aws": {"region": "eu-west-2", "backup": {"group": "web", **more}}}
        for name, more in (("cms", {}), (SERVER, {"policy": "Copies"}))
    }
    plan = planned(pillars)
    pillars = with_keys(pillars, users_of(plan), Console(sandbox).planned(plan))
    result = adopt(modules, minion_opts, pillars, SERVER)
    assert {part["aws"]["backup"].get("policy") for part in result.pillar.values()} == {None}
    assert [(note.kind, note.about) for note in result.notes] == [("not managed", "policy Copies")]


def test_default_values_are_left_out(sandbox, modules, minion_opts):
    pillars = {SERVER: {"backup": {"location": "ocp-registry-backup/site"}, "aws": {"region": "eu-west-2"}}}
    plan = planned(pillars)
    keys = Console(sandbox).planned(plan)
    pillars = with_keys(pillars, users_of(plan), keys)
    result = adopt(modules, minion_opts, pillars, SERVER)
    assert result.as_data() == {"pillar": {}, "notes": []}


# An account that people have made, who had never heard of pillar.

NAMES = ("web.backups", "Ops@Copies", "ses+s3", "registry-backup", "cms-backup", "BackupUser-2021")
CONSOLE_RULES = (
    "none",
    "runbook",
    "by prefix",
    "other days",
    "disabled",
    "without multipart",
    "old form",
    "tagged",
    "overlapping",
    "our name",
    "cold",
    "by date",
)
CONSOLE_POLICIES = (
    "prefix",
    "bucket",
    "wide",
    "reading",
    "labels",
    "other bucket",
    "from the office",
    "with a denial",
    "none",
)
HOLDING = ("user", "group", "inline", "inline of a group", "both")
PASTS = ("open", "half open", "public", "ACLs", "KMS", "versions")


def _rule(name, prefix, days=30, **more):
    return {
        "ID": name,
        "Status": "Enabled",
        "Filter": {"Prefix": prefix},
        "Expiration": {"Days": days},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
        **more,
    }


def console_rules(kind, target):
    root = f"{target.prefix}/" if target.prefix else ""
    plain = _rule("tidy up", root)
    lasting = {name: value for name, value in plain.items() if not name.startswith("Abort")}
    return {
        "none": [],
        "runbook": [_rule("delete-after-30-days", "")],
        "by prefix": [plain],
        "other days": [_rule("Old Backups", "", 90)],
        "disabled": [{**plain, "Status": "Disabled"}],
        "without multipart": [lasting],
        "old form": [{**{name: value for name, value in plain.items() if name != "Filter"}, "Prefix": root}],
        "tagged": [{**lasting, "Filter": {"Tag": {"Key": "old", "Value": "yes"}}}],
        "overlapping": [plain, _rule("All", "", 60)],
        "our name": [_rule("delete-after-30-days", root, 10)],
        "cold": [{**lasting, "Transitions": [{"Days": 10, "StorageClass": "GLACIER"}]}],
        "by date": [{**lasting, "Expiration": {"Date": "2030-01-01T00:00:00Z"}}],
    }[kind]


def console_document(kind, its):
    """What somebody may have pasted for the targets of one user; ``None`` for nothing."""
    if kind == "none":
        return None
    made = backup_policy.document([replace(target, scope="prefix" if kind == "prefix" else "bucket") for target in its])
    arn = f"arn:aws:s3:::{its[0].bucket}"
    if kind == "wide":
        made = {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": [arn, f"{arn}/*"]},
        }
    if kind == "reading":
        made["Statement"] = made["Statement"][:1]
    if kind == "labels":
        made = {
            "Id": "x",
            **made,
            "Statement": [{"Sid": f"S{place}", **entry} for place, entry in enumerate(made["Statement"])],
        }
    if kind == "from the office":
        office = {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}
        made["Statement"] = [
            {**entry, "Condition": {**entry.get("Condition", {}), **office}} for entry in made["Statement"]
        ]
    if kind == "with a denial":
        made["Statement"] = [*made["Statement"], {"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": arn}]
    if kind == "other bucket":
        extra = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::team-photos/*"}
        made["Statement"] = [*made["Statement"], extra]
    return made


@st.composite
def clicked(draw):
    """Choices of people: for each server and place of a key a user; for each user policies; for each bucket its state."""
    pillars = draw(strategies.fleets)
    bare = {
        server: {name: part for name, part in pillar.items() if name != "aws"} for server, pillar in pillars.items()
    }
    its = [target for server, pillar in sorted(bare.items()) for target in targets(server, pillar)[0]]
    places = sorted({(target.server, place_of(target.kind)) for target in its})
    return {
        "pillars": bare,
        "users": {place: draw(st.sampled_from(NAMES)) for place in places},
        "policies": {name: (draw(st.sampled_from(CONSOLE_POLICIES)), draw(st.sampled_from(HOLDING))) for name in NAMES},
        "same name": draw(st.booleans()),
        "rules": {bucket: draw(st.sampled_from(CONSOLE_RULES)) for bucket in strategies.BUCKETS},
        "regions": {bucket: draw(st.sampled_from(strategies.REGIONS)) for bucket in strategies.BUCKETS},
        "past": {bucket: draw(st.sets(st.sampled_from(PASTS), max_size=2)) for bucket in strategies.BUCKETS},
        "missing": draw(st.sampled_from([None, None, None, "bucket", "key", "store"])),
    }


def click(sandbox, choices):
    """Make that account; the pillars with the keys in them."""
    console, pillars = Console(sandbox), choices["pillars"]
    its = [target for server, pillar in sorted(pillars.items()) for target in targets(server, pillar)[0]]
    for bucket in sorted({target.bucket for target in its}):
        target = next(target for target in its if target.bucket == bucket)
        if choices["missing"] != "bucket":
            made = console_rules(choices["rules"][bucket], target)
            past = sorted(choices["past"][bucket])
            console.bucket(bucket, choices["regions"][bucket], past=past, rules=made, tags={"Owner": "web team"})
    user_of = {(target.server, target.kind): choices["users"][target.server, place_of(target.kind)] for target in its}
    keys = {}
    for name, group in itertools.groupby(
        sorted(its, key=lambda entry: user_of[entry.server, entry.kind]),
        lambda entry: user_of[entry.server, entry.kind],
    ):
        _user(console, name, list(group), *choices["policies"][name], choices["same name"])
        keys[name] = console.key(name)
    return pillars if choices["missing"] == "key" else with_keys(pillars, user_of, keys)


def _user(console, name, its, kind, holding, same_name):
    made = console_document(kind, its)
    console.user(name)
    if not made:
        return
    group = f"Group-{name}"
    if holding in ("group", "inline of a group", "both"):
        console.iam.create_group(GroupName=group)
        console.iam.add_user_to_group(GroupName=group, UserName=name)
    if holding == "inline":
        console.iam.put_user_policy(UserName=name, PolicyName="S3", PolicyDocument=policies.dumps(made))
    if holding == "inline of a group":
        console.iam.put_group_policy(GroupName=group, PolicyName="S3", PolicyDocument=policies.dumps(made))
    if holding in ("user", "group", "both"):
        arn = console.policy(name if same_name else f"Policy.{name}", made, path="/backups/")
        if holding in ("user", "both"):
            console.iam.attach_user_policy(UserName=name, PolicyArn=arn)
        if holding in ("group", "both"):
            console.iam.attach_group_policy(GroupName=group, PolicyArn=arn)


@PLAIN
@given(clicked())
def test_resources_made_by_hand_are_described_or_noted(sandbox, modules, runner, minion_opts, choices):
    sandbox.reset()
    try:
        plans.plan(choices["pillars"])
    except PillarError:
        assume(False)
    pillars = click(sandbox, choices)
    sandbox.clear_calls()
    result = adopt(modules, minion_opts, pillars, min(pillars))
    assert sandbox.calls(write=True) == []
    try:
        plan = plans.plan(pasted(pillars, result)).as_data()
    except PillarError:
        assert [note for note in result.notes if note.kind == "not expressed"]
        return
    assert unnoted(changing(runner, states_of(plan)), result.notes) == {}
    told = str(result.as_data())
    for pillar in pillars.values():
        for place in ("aws:secret_key", "postgres:backup:s3_key_secret"):
            assert get(pillar, place, "no secret") not in told


def _fleet(number):
    """Servers of four kinds, as the benchmark has them, each with a bucket, a policy, a user and a key of its own."""
    return {f"server-{index:03}": fleet._backups(index, f"server-{index:03}") for index in range(number)}


def test_a_hundred_servers_that_keep_versions_take_no_more(sandbox, modules, minion_opts):
    pillars = {name: put(pillar, "aws:backup:recovery", {"days": 9}) for name, pillar in _fleet(100).items()}
    plan = planned(pillars)
    keys = Console(sandbox).planned(plan)
    pillars = with_keys(pillars, users_of(plan), keys)
    sandbox.clear_calls()
    result = adopt(modules, minion_opts, pillars, min(pillars))
    assert len(sandbox.calls()) <= 250
    noted = {word.strip(",") for note in result.notes for word in note.about.split()}
    assert set(plan["buckets"]) <= noted


def test_a_hundred_servers_take_at_most_250_calls(sandbox, modules, minion_opts):
    pillars = _fleet(100)
    plan = planned(pillars)
    keys = Console(sandbox).planned(plan)
    pillars = with_keys(pillars, users_of(plan), keys)
    sandbox.clear_calls()
    result = adopt(modules, minion_opts, pillars, min(pillars))
    assert len(sandbox.calls()) <= 250
    assert result.pillar == {}
    # Of as many buckets not everything is asked, and that is said of each by its name, but for the oldest.
    (note,) = result.notes
    assert note.kind == "change"
    assert "were not read" in note.note
    unread = set(note.about.removeprefix("buckets ").split(", "))
    asked = {call["resource"] for call in sandbox.calls(operation="GetPublicAccessBlock")}
    assert asked
    assert unread == set(plan["buckets"]) - asked
