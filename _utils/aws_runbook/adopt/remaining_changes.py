"""
The changes that the first run would still make for backups: the plan of the adopted pillar, compared with the account.
"""

from functools import partial

from aws_runbook.adopt.backup_buckets import WANTED
from aws_runbook.adopt.result import CHANGE, DANGER
from aws_runbook.adopt.writers import in_words
from aws_runbook.backups import lifecycle_dangers, lifecycle_merge, lifecycle_rule
from aws_runbook.backups.targets import Target
from aws_runbook.errors import RunbookError
from aws_runbook.iam import backup_policy, coverage, policies

# The attributes of a bucket that follow from ``recovery`` in pillar.
_OF_VERSIONS = ("versioning", "object_lock_mode", "object_lock_days")


def tell(account, result, people, places, planned):
    """Note each change; ``planned`` is the plan of the adopted pillar, as data."""
    for name, bucket in planned["buckets"].items():
        _bucket(result, places, name, bucket)
    for name, wanted in planned["lifecycle"].items():
        if name in places.rules:
            _lifecycle(account.session, result, places, name, wanted)
    granted = {row["policy"] for row in planned["rows"]}
    for name in sorted(granted):
        _policy(account.session, result, people, name, planned["policies"][name]["targets"])
    for name, wanted in planned["groups"].items():
        _group(result, people, name, wanted)
    for name, wanted in planned["users"].items():
        _user(result, people, name, wanted)


def _bucket(result, places, name, wanted):
    about = f"bucket {name}"
    if name not in places.regions:
        result.note(
            CHANGE,
            about,
            f"The account has none of that name: the first run creates it in {wanted['region']}, unless it belongs to another account.",
        )
        return
    kept = {attribute: wanted[attribute] for attribute in _OF_VERSIONS if attribute in wanted}
    versions = places.versions(name, list(kept)) if kept else {}
    known = {**places.settings.get(name, WANTED), **(kept if versions is None else versions)}
    for attribute, value in {**WANTED, **kept}.items():
        if known.get(attribute) != value:
            result.note(CHANGE, about, f"{attribute} is {known.get(attribute)!r} and becomes {value!r}.")


def _lifecycle(session, result, places, name, wanted):
    """Note the rules to be added or replaced. A rule that endangers a backup blocks this until it is removed."""
    about, found = f"bucket {name}", places.rules[name]
    protected = [lifecycle_dangers.Protected(**place) for place in wanted["protected"]]
    remove = lifecycle_dangers.remover(name, partial(session.command, region=places.regions[name]))
    days = (wanted.get("recovery") or {}).get("days")
    allow = tuple(wanted["allow"])
    errors, warnings = lifecycle_dangers.dangers(name, found, wanted["rules"], protected, allow, remove, days)
    for sentence in [*errors, *warnings]:
        wording = str(sentence).removeprefix(f"Bucket {name}: ")
        result.note(DANGER, about, wording[:1].upper() + wording[1:])
    try:
        merged, _ = lifecycle_merge.merge(found, wanted["rules"], protected, remove=remove, days=days)
    except RunbookError as error:
        result.note(DANGER, about, error)
        return
    for rule in merged:
        if rule not in found:
            replaced = [other.get("ID") for other in found if other not in merged]
            how = f", in place of {' and '.join(map(repr, replaced))}" if replaced else ""
            result.note(CHANGE, about, f"It gets the lifecycle rule {rule['ID']!r} ({_where(rule)}){how}.")


def _where(rule):
    prefix = lifecycle_rule.prefix_of(rule)
    return f"prefix {prefix!r}" if prefix else "all objects"


def _policy(session, result, people, name, targets):
    about = f"policy {name}"
    wanted = backup_policy.document([Target.from_data(target) for target in targets], session.partition)
    known = people.policies.get(name)
    if known is None:
        result.note(CHANGE, about, "The account has none of that name: the first run creates it.")
    elif not policies.equal(known, wanted):
        before, after = coverage.grants(known), coverage.grants(wanted)
        gained, lost = coverage.beyond(after, before), coverage.beyond(before, after)
        parts = [f"it allows more ({in_words(gained)})"] if gained else []
        parts += [f"it loses permissions that no server here needs ({in_words(lost)})"] if lost else []
        result.note(
            CHANGE, about, f"Its document changes: {'; '.join(parts) or 'it has the same meaning in another form'}."
        )


def _group(result, people, name, wanted):
    about, known = f"group {name}", people.groups.get(name)
    if known is None:
        result.note(CHANGE, about, "The account has none of that name: the first run creates it.")
    missing = [policy for policy in wanted["policies"] if policy not in people.attached(known or {})]
    if known and missing:
        result.note(CHANGE, about, f"It gets the policy {', '.join(missing)}.")


def _user(result, people, name, wanted):
    about, known = f"user {name}", people.users.get(name)
    if known is None:
        result.note(
            CHANGE,
            about,
            "The account has none of that name: the first run creates it, with a key if aws:backup:store is set.",
        )
        return
    attached = people.attached(known)
    gains = [f"the policy {policy}" for policy in wanted["policies"] if policy not in attached]
    gains += [f"the group {group}" for group in wanted["groups"] if group not in known.get("GroupList", [])]
    if gains:
        result.note(CHANGE, about, f"It gets {', '.join(gains)}.")
    lost = [policy for policy in wanted["detached_policies"] if policy in attached]
    if lost:
        result.note(CHANGE, about, f"It has the policy {', '.join(lost)} only through its group from then on.")
