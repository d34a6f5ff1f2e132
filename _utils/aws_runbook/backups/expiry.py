"""
The lifecycle rules that backups need: one for a bucket in which everything expires alike, otherwise one for each prefix.
"""

import hashlib

from aws_runbook.backups import lifecycle
from aws_runbook.errors import PillarError


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
        lifecycle.Protected(target.prefix, target.kind, f"{target.source} of {target.server}") for target in keeping
    ]
    errors, _ = lifecycle.dangers(bucket, [], rules, protected)
    if errors:
        raise PillarError(errors)
    return [*rules, *asked], [rule["ID"] for rule in asked]


def _inside(inner, outer):
    return inner != outer and (outer == "" or inner.startswith(f"{outer}/"))


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
                    f"Bucket {bucket}: {one.source} of {one.server} ({_kept(one)}) and {other.source} of "
                    f"{other.server} ({_kept(other)}) share objects; give both the same aws:backup:expire_days and "
                    "aws:backup:abort_multipart_days, or prefixes apart from each other."
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
        "Filter": {"Prefix": f"{prefix}/" if prefix else ""},
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
    if "/" not in prefix and len(readable) <= lifecycle.MAX_ID:
        return readable
    digest = hashlib.sha256(prefix.encode()).hexdigest()[:8]
    return f"{readable[: lifecycle.MAX_ID - len(digest) - 1]}-{digest}"
