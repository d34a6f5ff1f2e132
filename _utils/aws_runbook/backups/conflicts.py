"""
Conflicts in the backups of a server or of a fleet: one sentence each, before anything is written.
"""

from collections import defaultdict
from itertools import combinations

from aws_runbook import prefixes
from aws_runbook.backups.targets import get
from aws_runbook.iam import backup_policy
from aws_runbook.pillar.backup_kinds import KINDS
from aws_runbook.pillar.check import check_user


def of_names(found):
    """Return problems with the names of users, groups and policies, and with their sharing."""
    return [*_name_problems(found), *_membership_problems(found), *_append_only_problems(found)]


def overlap_problems(of_bucket):
    """Return pairs of targets in one bucket where one would delete objects that the other keeps."""
    errors = []
    for one, other in combinations(of_bucket, 2):
        if not prefixes.overlap(one.prefix, other.prefix):
            continue
        if one.expires != other.expires:
            expiring, kept = (one, other) if one.expires else (other, one)
            errors.append(
                f"{_described(expiring)}, where objects expire, {_relation(expiring.prefix, kept.prefix)} {KINDS[kept.kind].noun} of "
                f"{_described(kept)}, where none may; give them separate prefixes."
            )
        elif {one.kind, other.kind} == {"pgbackrest", "sync"}:
            synced, repository = (one, other) if one.kind == "sync" else (other, one)
            errors.append(
                f"{_described(synced)}, where `aws s3 sync --delete` deletes what is not on the server, "
                f"{_relation(synced.prefix, repository.prefix)} the pgBackRest repository of {_described(repository)}; give them separate "
                "prefixes."
            )
    return errors


def mirror_problems(of_bucket, pillars):
    """
    Return pairs of servers that mirror to one place: each would delete the other's objects.

    The servers' script runs `aws s3 sync --delete /DIRECTORY s3://LOCATION/DIRECTORY/`.
    """
    mirrors = [
        (target, directory, "/".join(filter(None, (target.prefix, directory.strip("/")))))
        for target in of_bucket
        if target.kind == "sync"
        for directory in sorted(get(pillars[target.server], "sync:directories", {}))
    ]
    return [
        f"sync:directories:{directory} of {one.server} and sync:directories:{other_directory} of {other.server} are mirrored to "
        f"{one.bucket}/{place} and {other.bucket}/{other_place}, where `aws s3 sync --delete` of one server deletes the files of the other; give "
        "them separate locations."
        for (one, directory, place), (other, other_directory, other_place) in combinations(mirrors, 2)
        if one.server != other.server and prefixes.overlap(place, other_place)
    ]


def _relation(prefix, other):
    if prefix == other:
        return "is the place of"
    if not prefix:
        return "has no prefix, so it contains"
    return "contains" if prefixes.contains(prefix, other) else "is inside"


def _described(target):
    key = "postgres:backup:repo_path" if target.kind == "pgbackrest" else f"{target.source}:location"
    return f"{key} of {target.server} ({target.location})"


def _name_problems(found):
    """Return names that are too long for IAM, and names that differ only by case."""
    errors = []
    names = {"user": defaultdict(set), "group": defaultdict(set), "policy": defaultdict(set)}
    for target in found:
        try:
            check_user(target.user)
        except ValueError as error:
            errors.append(f"{target.server}: aws:backup:user is by default {target.user!r}: {error}; name one.")
        for kind, spellings in names.items():
            name = getattr(target, kind)
            if name:
                spellings[name.lower()].add(name)
    for kind, spellings in names.items():
        for alike in spellings.values():
            if len(alike) > 1:
                plural = "policies" if kind == "policy" else f"{kind}s"
                errors.append(
                    f"aws:backup:{kind} gives the {plural} {' and '.join(sorted(alike))}, which differ only by case; IAM treats them as the "
                    "same."
                )
    both = {target.group for target in found if target.group and not target.policy_name} & {
        target.user for target in found if not target.group and not target.policy_name
    }
    errors += [
        f"aws:backup:group {name} of {_servers(found, 'group', name)} and the user {name} of "
        f"{_servers(found, 'user', name)} would have one policy {name} between them; rename one."
        for name in sorted(both)
    ]
    return errors


def _membership_problems(found):
    """Return users that are in a group by the pillar of one server, and in none by that of another."""
    groups = defaultdict(set)
    for target in found:
        groups[target.user].add(target.group)
    return [
        f"The user {user} is in aws:backup:group {', '.join(sorted(filter(None, named)))} by the pillar of "
        f"{_servers(found, 'user', user, grouped=True)}, and in none by that of "
        f"{_servers(found, 'user', user, grouped=False)}; name the same aws:backup:group for each, or none."
        for user, named in sorted(groups.items())
        if None in named and len(named) > 1
    ]


def _append_only_problems(found):
    """A policy or user shared by an append-only server and one that may delete lets both delete."""
    stated = defaultdict(lambda: defaultdict(list))
    for target in found:
        shared = (
            {f"the group {target.group}", f"the user {target.user}"} if target.group else {f"the user {target.user}"}
        )
        for what in shared:
            stated[what][target.append_only].append(target.server)
    return [
        f"aws:backup:append_only differs between servers that share {what}: it is True for {', '.join(dict.fromkeys(servers[True]))}, and not "
        f"for {', '.join(dict.fromkeys(servers[False]))}; set the same value for each."
        for what, servers in sorted(stated.items())
        if len(servers) > 1
    ]


def _servers(found, attribute, name, grouped=None):
    return ", ".join(
        dict.fromkeys(
            target.server
            for target in found
            if getattr(target, attribute) == name and grouped in (None, bool(target.group))
        )
    )


def wide_grants(by_bucket):
    """Return notes on users that may delete more than their own backups because of ``aws:backup:scope``."""
    return [
        f"{target.server}: aws:backup:scope is bucket, so the policy {target.policy} also allows deleting "
        f"{KINDS[kept.kind].noun} of {kept.server} ({kept.location})."
        for bucket in sorted(by_bucket)
        for target in by_bucket[bucket]
        for kept in by_bucket[bucket]
        if backup_policy.may_delete(target)
        and target.kind != "pgbackrest"
        and backup_policy.is_bucket_wide(target)
        and target.prefix
        and not kept.expires
        and kept is not target
    ]
