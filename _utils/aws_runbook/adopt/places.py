"""
The buckets that backups go to, as they are: where, which lifecycle rules, and, as far as calls are left for it, their settings; and
what a server's pillar says of expiry, from the rules in force.
"""

from collections import Counter

from aws_runbook.adopt.result import CHANGE, DANGER, NOT_EXPRESSED
from aws_runbook.backups import buckets, meaning
from aws_runbook.errors import RunbookError, UnreachableError
from aws_runbook.pillar.backups import ABORT_MULTIPART_DAYS, EXPIRE_DAYS

# What state.apply sees to in every bucket.
WANTED = {
    "public_access_block": True,
    "server_side_encryption": "AES256",
    "object_ownership": "BucketOwnerEnforced",
}
# How many calls a look at backups takes at most, but for those that each key and each bucket needs; an account with hundreds of
# buckets is not asked everything of each.
_CALLS = 230
# Of a bucket's settings: whether it is there, and one for each.
_CALLS_EACH = 2 + len(WANTED)
_NAMED = 5


class Places:
    """``regions``, ``rules`` and ``settings`` by bucket: of those that are the account's, and that could be read."""

    def __init__(self, account, result, names, spent):
        self._account, self._result = account, result
        listed = {bucket["Name"]: bucket for bucket in buckets.listed(account.session)}
        known = [listed[name] for name in sorted(names) if name in listed]
        self.regions = {bucket["Name"]: bucket.get("BucketRegion") or account.session.region for bucket in known}
        self.rules = self._read_each(self.regions, self._rules)
        oldest = sorted(known, key=lambda bucket: str(bucket.get("CreationDate")))
        affordable = max(0, (_CALLS - spent - len(known)) // _CALLS_EACH)
        self.settings = self._read_each([bucket["Name"] for bucket in oldest[:affordable]], self._settings)
        self._tell_unread(sorted(bucket["Name"] for bucket in oldest[affordable:]))
        self._tell_public()

    def _read_each(self, names, read):
        found = {}
        for name in names:
            try:
                found[name] = read(name)
            except UnreachableError:
                raise
            except RunbookError as error:
                self._result.note(NOT_EXPRESSED, f"bucket {name}", error)
        return found

    def _rules(self, name):
        answer = self._account.session.read(
            "s3",
            "get_bucket_lifecycle_configuration",
            f"read the lifecycle rules of the bucket {name}",
            absent=("NoSuchLifecycleConfiguration",),
            region=self.regions[name],
            Bucket=name,
        )
        return (answer or {}).get("Rules", [])

    def _settings(self, name):
        return self._account.describe("s3_bucket", name, [*WANTED, "tags"], region=self.regions[name]) or {}

    def _tell_unread(self, names):
        if names:
            few = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
            self._result.note(
                CHANGE,
                "buckets",
                f"Of {len(names)} buckets, the newest ones, public access, encryption, ownership and tags were not looked at, to "
                f"spare calls to AWS ({few}): what differs there from Block Public Access, AES256 and BucketOwnerEnforced is changed.",
            )

    def _tell_public(self):
        for name, known in self.settings.items():
            if known.get("public_access_block") is not True:
                self._result.note(
                    DANGER,
                    f"bucket {name}",
                    "Block Public Access is not fully on: a policy or an ACL may make it public.",
                )


def kept_for(result, its, targets, rules):
    """
    ``expire_days``, ``abort_multipart_days`` and ``pgbackrest`` of a server's targets ``its``, less what is the default.

    ``targets`` are those of all servers; ``rules`` are the lifecycle rules by bucket.
    """
    found = {target.kind: _in_force(target, targets, rules.get(target.bucket, ())) for target in its if target.expires}
    known = {kind: rule for kind, rule in found.items() if rule}
    said = {}
    if known:
        days, abort = _chosen(known)
        _tell_others(result, its, known, days, abort)
        said |= {"expire_days": days} if days != EXPIRE_DAYS else {}
        said |= {"abort_multipart_days": abort} if abort not in (None, ABORT_MULTIPART_DAYS) else {}
    return said | _of_kept(its, rules)


def _in_force(target, targets, rules):
    """
    The rule by which a target's objects expire: (days, days until unfinished uploads go, its ID); ``None`` without one.

    Where all in a bucket expires the plan has one rule on everything, and else one for each prefix.
    """
    root = f"{target.prefix}/" if target.prefix else ""
    kept = any(not other.expires for other in targets if other.bucket == target.bucket)
    able = [rule for rule in rules if meaning.expires(rule) and _reaches(rule, root) and _days(rule)]
    if not able:
        return None
    rule = sorted(able, key=lambda rule: len(meaning.prefix_of(rule)), reverse=kept)[0]
    return _days(rule), _abort(rule), rule.get("ID")


def _reaches(rule, root):
    """Whether a rule is about all objects below a directory, and says so by a directory."""
    selection = meaning.normalise(rule)["Filter"]
    prefix = selection.get("Prefix")
    return set(selection) == {"Prefix"} and root.startswith(prefix) and (not prefix or prefix.endswith("/"))


def _days(rule):
    return (rule.get("Expiration") or {}).get("Days")


def _abort(rule):
    return (rule.get("AbortIncompleteMultipartUpload") or {}).get("DaysAfterInitiation")


def _chosen(known):
    """What most of a server's kinds of backup have; of several, the longest."""
    count = Counter((days, abort) for days, abort, _ in known.values())
    return max(count, key=lambda pair: (count[pair], pair[0], pair[1] or 0))


def _tell_others(result, its, known, days, abort):
    for target in its:
        other = known.get(target.kind)
        if other and other[:2] != (days, abort):
            result.note(
                NOT_EXPRESSED,
                target.server,
                f"Its backups to {target.location} expire by the rule {other[2]!r} after {other[0]} days, those to its other places "
                f"after {days}; pillar has one aws:backup:expire_days and one aws:backup:abort_multipart_days for all of a server.",
            )


def _of_kept(its, rules):
    """What is asked for where objects stay: that unfinished uploads go."""
    aborting = {target.kind: _aborting(target, rules.get(target.bucket, ())) for target in its if not target.expires}
    repository, mirror = aborting.get("pgbackrest"), aborting.get("sync")
    said = {"pgbackrest": {"abort_multipart_days": repository}} if repository else {}
    alone = not any(target.expires for target in its)
    if mirror and alone and ("pgbackrest" not in aborting or repository):
        said["abort_multipart_days"] = mirror
    return said


def _aborting(target, rules):
    root = f"{target.prefix}/" if target.prefix else ""
    for rule in rules:
        if meaning.effects(rule) == {"multipart"} and meaning.normalise(rule)["Filter"] == {"Prefix": root}:
            return _abort(rule)
    return None
