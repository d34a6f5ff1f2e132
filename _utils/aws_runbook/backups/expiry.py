"""
The lifecycle rules that backups need: one for a bucket in which everything expires alike, otherwise one for each prefix; and one for
the versions of a bucket that keeps them.
"""

import hashlib

from aws_runbook import prefixes
from aws_runbook.backups import lifecycle_dangers, lifecycle_merge, lifecycle_rule
from aws_runbook.errors import PillarError
from aws_runbook.pillar.backup_kinds import KINDS


def backup_rules(bucket, targets):
    """
    The rules that the backup targets of one bucket ask for, and the IDs that ``dangers`` must allow: (rules, allow).

    Where all targets expire alike, it is one rule on everything. Otherwise each prefix that expires has a rule of its
    own, and a prefix that must not expire has one only if it asks for unfinished uploads to be aborted.
    """
    expiring = [target for target in targets if target.expires]
    keeping = [target for target in targets if not target.expires]
    _check_settings(bucket, expiring, lambda target: (target.expire_days, target.abort_multipart_days))
    _check_settings(bucket, keeping, lambda target: target.abort_multipart_days, nested=False)
    settings = {(target.expire_days, target.abort_multipart_days) for target in expiring}
    if len(settings) == 1 and not keeping:
        rules = [_rule("", *settings.pop())]
    else:
        wanted = {target.prefix: (target.expire_days, target.abort_multipart_days) for target in expiring}
        # A prefix inside another one that expires alike (anything else was refused above) needs no rule of its own.
        outer = [prefix for prefix in sorted(wanted) if not any(_inside(prefix, other) for other in wanted)]
        rules = [_rule(prefix, *wanted[prefix]) for prefix in outer]
    aborting = {target.prefix: target.abort_multipart_days for target in keeping if target.abort_multipart_days}
    asked = [_rule(prefix, None, aborting[prefix]) for prefix in sorted(aborting)]
    protected = [
        lifecycle_dangers.Protected(target.prefix, KINDS[target.kind].protected, f"{target.source} of {target.server}")
        for target in keeping
    ]
    errors, _ = lifecycle_dangers.dangers(bucket, [], rules, protected)
    if errors:
        raise PillarError(errors)
    return [*rules, *asked], [rule["ID"] for rule in asked]


def _inside(inner, outer):
    return inner != outer and prefixes.contains(outer, inner)


def _check_settings(bucket, targets, setting, nested=True):
    """Targets of the same objects must agree on what happens to them."""
    problems = []
    for index, one in enumerate(targets):
        for other in targets[index + 1 :]:
            if setting(one) == setting(other):
                continue
            if one.prefix == other.prefix or (
                nested and (_inside(one.prefix, other.prefix) or _inside(other.prefix, one.prefix))
            ):
                problems.append(
                    f"Bucket {bucket}: {one.source} of {one.server} ({_kept(one)}) and {other.source} of {other.server} ({_kept(other)}) share "
                    "objects; give both the same aws:backup:expire_days and aws:backup:abort_multipart_days, or separate prefixes."
                )
    if problems:
        raise PillarError(problems)


def _kept(target):
    place = f"prefix {target.prefix!r}" if target.prefix else "no prefix"
    expiry = f", expire_days {target.expire_days}" if target.expires else ""
    return f"{place}{expiry}, abort_multipart_days {target.abort_multipart_days}"


def _rule(prefix, expire_days, abort_days):
    stem = f"delete-after-{expire_days}-days" if expire_days else f"abort-multipart-after-{abort_days}-days"
    rule = {
        "ID": rule_id(stem, prefix),
        "Filter": {"Prefix": prefixes.root(prefix)},
        "Status": "Enabled",
    }
    if expire_days:
        rule["Expiration"] = {"Days": expire_days}
    if abort_days:
        rule["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": abort_days}
    return rule


def rule_id(stem, prefix):
    """
    A readable ID that no other prefix has, whatever other prefixes there are.

    ``a/b`` and ``a-b`` would both be ``a-b``: the ID of one that had to be rewritten ends in a digest.
    """
    if not prefix:
        return stem
    readable = f"{stem}-{prefix.replace('/', '-')}"
    if "/" not in prefix and len(readable) <= lifecycle_merge.MAX_ID:
        return readable
    digest = hashlib.sha256(prefix.encode()).hexdigest()[:8]
    return f"{readable[: lifecycle_merge.MAX_ID - len(digest) - 1]}-{digest}"


# An upload that is completed late is dated by its beginning, and makes what it overwrites old at once.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
UNFINISHED_DAYS = 1


def keeping_rule(days):
    """The one rule of a bucket that keeps versions: noncurrent ones for so many days, unfinished uploads for one, no lonely markers."""
    return {
        "ID": f"keep-versions-for-{days}-days",
        "Filter": {"Prefix": ""},
        "Status": "Enabled",
        "Expiration": {"ExpiredObjectDeleteMarker": True},
        "NoncurrentVersionExpiration": {"NoncurrentDays": days},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": UNFINISHED_DAYS},
    }


def growth(bucket, rules, protected, recovery):
    """
    By which factor a bucket grows at most when it keeps versions, in a sentence that says how that was worked out.

    ``rules`` and ``protected`` say what expires when, and what never does; ``recovery`` has ``days`` and perhaps ``lock_days`` and
    ``retention_days``. As much is taken to be written every day. What expires after E days, or is expired by pgBackRest after
    ``retention_days``, stays ``days`` longer, and a locked object at least ``lock_days``; of a mirror every file may change every day.
    """
    days, locked = recovery["days"], recovery.get("lock_days") or 0
    parts = {}
    for rule in rules:
        kept = (rule.get("Expiration") or {}).get("Days") if lifecycle_rule.expires(rule) else None
        if kept:
            parts[lifecycle_rule.prefix_of(rule) or "all objects"] = _longer(kept, days, locked)
    for place in protected:
        where = f"{place.prefix}/" if place.prefix else "all objects"
        if place.kind == "sync":
            parts[where] = (1 + max(days, locked), f"1 + {max(days, locked)}, if every file changes every day")
        elif recovery.get("retention_days"):
            parts[where] = _longer(recovery["retention_days"], days, locked)
        else:
            parts[where] = (None, "unknown without recovery:retention_days")
    known = [factor for factor, _ in parts.values() if factor is not None]
    unknown = ", ".join(where for where, (factor, _) in sorted(parts.items()) if factor is None)
    wording = "; ".join(f"{where}: {how}" for where, (_, how) in sorted(parts.items()))
    much = (
        f"grows to at most {max(known):.1f} times its size without recovery"
        if known
        else "grows by the deleted and overwritten objects"
    )
    grows = f"The bucket {bucket} {much}"
    if unknown:
        rest = f": all but {unknown} {much}" if known else ""
        grows = f"How much the bucket {bucket} grows is unknown without recovery:retention_days{rest}"
    how = f" ({wording})" if wording else ""
    return (
        f"{grows}, if as much is written every day: deleted and overwritten objects are kept for {days} days more{how}."
    )


def _longer(kept, days, locked):
    """How much more there is of what was kept for so many days, and how that is worked out."""
    together = max(kept + days, locked)
    how = f"({kept} + {days}) / {kept}" if together == kept + days else f"{locked} locked days / {kept}"
    return together / kept, how
