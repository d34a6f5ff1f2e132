"""
The existing buckets of backups: region, lifecycle rules and, within the limit of calls, settings and public access; and the expiry
settings of a server's pillar, derived from the rules in force.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
"""

from collections import Counter

from aws_runbook.adopt.result import CHANGE, DANGER, NOT_EXPRESSED
from aws_runbook.backups import expiry, lifecycle_rule
from aws_runbook.buckets import acl, lookup
from aws_runbook.errors import RunbookError, UnreachableError
from aws_runbook.pillar.backups_schema import ABORT_MULTIPART_DAYS, EXPIRE_DAYS
from aws_runbook.run import cache as run_cache
from aws_runbook.run.listings import MANY

# The settings that state.apply manages in every bucket.
WANTED = {
    "public_access_block": True,
    "server_side_encryption": "AES256",
    "object_ownership": "BucketOwnerEnforced",
}
# The maximum number of calls for backups, except those that each key and each bucket needs. With hundreds of buckets, not every
# setting of each is read.
_CALLS = 230
# One call for each setting of a bucket; two for a bucket that may be public: its policy and its ACL.
_CALLS_EACH = len(WANTED) + 1
_CALLS_OPEN = 2
_EVERYBODY = tuple(f"http://acs.amazonaws.com/groups/global/{group}" for group in ("AllUsers", "AuthenticatedUsers"))


class Places:
    """``regions``, ``rules`` and ``settings`` by bucket, for the account's buckets that could be read."""

    def __init__(self, account, result, names, spent):
        self._account, self._result = account, result
        listed = {bucket["Name"]: bucket for bucket in lookup.listed(account.session)}
        known = [listed[name] for name in sorted(names) if name in listed]
        run_cache.current().expect(
            {"s3": MANY}
        )  # so that one listing gives the region of each bucket, which does not need s3:ListBucket
        self.regions = {bucket["Name"]: bucket.get("BucketRegion") or account.session.region for bucket in known}
        rules = {name: self._read(name, self._rules) for name in self.regions}
        self.rules = {name: found for name, found in rules.items() if found is not None}
        self._calls = _CALLS - spent - len(known)
        self.kept_days = {name: days for name in self.rules if (days := self._read(name, self._kept_days))}
        # AWS blocks public access to buckets created since 2023: https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html
        oldest = sorted(known, key=lambda bucket: str(bucket.get("CreationDate")))
        self.settings = {}
        self._tell_unread(self._read_settings([bucket["Name"] for bucket in oldest]))

    def _afford(self, calls):
        """Whether so many calls are left. If they are, they are spent."""
        if self._calls < calls:
            return False
        self._calls -= calls
        return True

    def _read(self, name, read, *arguments):
        """Return the answer of ``read`` about a bucket; ``None``, and a note, if it cannot be read."""
        try:
            return read(name, *arguments)
        except UnreachableError:
            raise
        except RunbookError as error:
            self._result.note(NOT_EXPRESSED, f"bucket {name}", error)
            return None

    def _ask(self, name, what, method, absent=()):
        session, doing = self._account.session, f"read the {what} of the bucket {name}"
        return session.read("s3", method, doing, absent=absent, region=self.regions[name], Bucket=name) or {}

    def _rules(self, name):
        absent = ("NoSuchLifecycleConfiguration",)
        return self._ask(name, "lifecycle rules", "get_bucket_lifecycle_configuration", absent).get("Rules", [])

    def _kept_days(self, name):
        """Return for how many days a bucket keeps versions, by a rule in the form of ``recovery``; ``None`` if there is none."""
        for rule in self.rules[name]:
            days = (rule.get("NoncurrentVersionExpiration") or {}).get("NoncurrentDays")
            if days and _is_same(rule, expiry.keeping_rule(days)):
                return days if (self.versions(name, ["versioning"]) or {}).get("versioning") == "Enabled" else None
        return None

    def versions(self, name, attributes):
        """Return these attributes of a bucket, which concern versions; ``None``, and a note, if no calls are left."""
        if self._afford(len(attributes)):
            return self._described(name, attributes)
        wording = "To save calls to AWS, its versioning was not compared with recovery in pillar. The plan shows what changes."
        self._result.note(CHANGE, f"bucket {name}", wording)
        return None

    def _described(self, name, attributes):
        return self._account.describe("s3_bucket", name, attributes, region=self.regions[name]) or {}

    def _read_settings(self, names):
        """Read the settings of buckets while calls are left; return the names of the buckets that were not read."""
        for place, name in enumerate(names):
            if not self._afford(_CALLS_EACH + _CALLS_OPEN):
                return names[place:]
            self._calls += _CALLS_OPEN
            known = self._read(name, self._describe)
            if known is None:
                continue
            self.settings[name] = known
            has_acls = known.get("object_ownership") != WANTED["object_ownership"]
            is_open = known.get("public_access_block") is not True
            self._calls -= has_acls + is_open
            grants = self._read(name, self._granted) if has_acls else []
            if is_open and grants is not None:
                self._read(name, self._tell_open, known, grants)
        return []

    def _describe(self, name):
        return self._described(name, [*WANTED, "tags"])

    def _granted(self, name):
        """Return what a bucket's ACL grants to others. A note says that the first run fails because of it."""
        grants = acl.granted(self._account.session.within(self.regions[name]), name)
        if grants:
            wording = (
                f"Its ACL grants access to others than its owner ({acl.in_words(grants)}). Its state fails until these grants are "
                "removed, because S3 disables ACLs only without them."
            )
            self._result.note(CHANGE, f"bucket {name}", wording)
        return grants

    def _tell_open(self, name, known, grants):
        """Note whether a bucket without Block Public Access is public."""
        block = known.get("public_access_block") or {}
        ways = []
        if not block.get("restrict_public_buckets"):
            status = self._ask(name, "policy status", "get_bucket_policy_status", ("NoSuchBucketPolicy",))
            ways += ["its policy"] if status.get("PolicyStatus", {}).get("IsPublic") else []
        if not block.get("ignore_public_acls") and any(who in _EVERYBODY for _, who in grants):
            ways.append("its ACL")
        wording = (
            f"It is public by {' and by '.join(ways)}, unless Block Public Access is on for the account. The first run ends that: clients "
            "without credentials can no longer read it."
            if ways
            else "Block Public Access is not fully on: a policy or an ACL could make it public. At present, neither does."
        )
        self._result.note(DANGER, f"bucket {name}", wording)

    def _tell_unread(self, names):
        if names:
            self._result.note(
                CHANGE,
                f"bucket{'s' if len(names) > 1 else ''} {', '.join(sorted(names))}",
                "To save calls to AWS, public access, encryption, ownership and tags were not read, nor whether anything is public. The plan "
                "shows what differs from Block Public Access, AES256 and BucketOwnerEnforced.",
            )


def _is_same(rule, other):
    """Whether two lifecycle rules are equal, except for their IDs."""
    one, two = lifecycle_rule.normalise(rule), lifecycle_rule.normalise(other)
    return {**one, "ID": None} == {**two, "ID": None}


def kept_for(result, its, targets, rules):
    """
    Return ``expire_days``, ``abort_multipart_days`` and ``pgbackrest`` of a server's targets ``its``, without default values.

    ``targets`` are those of all servers; ``rules`` are the lifecycle rules by bucket.
    """
    found = {target.kind: _in_force(target, targets, rules.get(target.bucket, ())) for target in its if target.expires}
    known = {kind: rule for kind, rule in found.items() if rule}
    settings = {}
    if known:
        days, abort = _chosen(known)
        _tell_others(result, its, known, days, abort)
        settings |= {"expire_days": days} if days != EXPIRE_DAYS else {}
        settings |= {"abort_multipart_days": abort} if abort not in (None, ABORT_MULTIPART_DAYS) else {}
    return settings | _of_kept(its, rules)


def _in_force(target, targets, rules):
    """
    Return the rule that expires a target's objects: (days, days until unfinished uploads are removed, its ID); ``None`` without one.

    If everything in a bucket expires, the plan has one rule for the whole bucket; otherwise it has one for each prefix.
    """
    root = f"{target.prefix}/" if target.prefix else ""
    kept = any(not other.expires for other in targets if other.bucket == target.bucket)
    able = [rule for rule in rules if lifecycle_rule.expires(rule) and _reaches(rule, root) and _days(rule)]
    if not able:
        return None
    rule = sorted(able, key=lambda rule: len(lifecycle_rule.prefix_of(rule)), reverse=kept)[0]
    return _days(rule), _abort(rule), rule.get("ID")


def _reaches(rule, root):
    """Whether a rule covers all objects below a directory, and its prefix is a directory."""
    selection = lifecycle_rule.normalise(rule)["Filter"]
    prefix = selection.get("Prefix")
    return set(selection) == {"Prefix"} and root.startswith(prefix) and (not prefix or prefix.endswith("/"))


def _days(rule):
    return (rule.get("Expiration") or {}).get("Days")


def _abort(rule):
    return (rule.get("AbortIncompleteMultipartUpload") or {}).get("DaysAfterInitiation")


def _chosen(known):
    """Return the most common value among a server's kinds of backup; in a tie, the longest."""
    count = Counter((days, abort) for days, abort, _ in known.values())
    return max(count, key=lambda pair: (count[pair], pair[0], pair[1] or 0))


def _tell_others(result, its, known, days, abort):
    for target in its:
        other = known.get(target.kind)
        if other and other[:2] != (days, abort):
            result.note(
                NOT_EXPRESSED,
                target.server,
                f"Its backups to {target.location} expire by the rule {other[2]!r} after {other[0]} days, those to its other locations after "
                f"{days}; pillar has only one aws:backup:expire_days and one aws:backup:abort_multipart_days for all of a server.",
            )


def _of_kept(its, rules):
    """Return the setting for targets whose objects do not expire: the days until unfinished uploads are removed."""
    aborting = {target.kind: _aborting(target, rules.get(target.bucket, ())) for target in its if not target.expires}
    repository, mirror = aborting.get("pgbackrest"), aborting.get("sync")
    settings = {"pgbackrest": {"abort_multipart_days": repository}} if repository else {}
    alone = not any(target.expires for target in its)
    if mirror and alone and ("pgbackrest" not in aborting or repository):
        settings["abort_multipart_days"] = mirror
    return settings


def _aborting(target, rules):
    root = f"{target.prefix}/" if target.prefix else ""
    for rule in rules:
        if lifecycle_rule.effects(rule) == {"multipart"} and lifecycle_rule.normalise(rule)["Filter"] == {
            "Prefix": root
        }:
            return _abort(rule)
    return None
