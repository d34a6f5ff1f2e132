"""
The whole of an audit: what is read of every target, bucket and user, and what is judged of it, as one report.
"""

from dataclasses import asdict
from datetime import timedelta

from aws_runbook import access, audit, audit_reading
from aws_runbook.audit import CRITICAL, NOTE, WARNING, Expected, Finding

# AWS notes the use of a key with a delay.
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKeyLastUsed.html
_USE_IS_NOTED = timedelta(days=1)


def expected(pillar, max_age_hours=None):
    """What a server's pillar says of how old its backups and its WAL may be, and how many full ones pgBackRest keeps."""
    settings = ((pillar.get("aws") or {}).get("backup") or {}).get("audit") or {}
    postgres = (pillar.get("postgres") or {}).get("backup") or {}
    hours = max_age_hours or settings.get("max_age_hours") or audit.MAX_AGE_HOURS
    wal = settings.get("max_wal_age_hours")
    return Expected(timedelta(hours=hours), postgres.get("retention_full"), wal and timedelta(hours=wal))


def report(session, targets, planned, expectations, keys_of, now):
    """
    The audit of ``targets``.

    ``planned`` is the plan as data; ``expectations`` are by server; ``keys_of(user)`` lists a user's access keys.
    """
    findings, rows = [], []
    prefixes = {bucket: {other.prefix for other in targets if other.bucket == bucket} for bucket in planned["buckets"]}
    there = set()
    for target in targets:
        about = f"{target.server} {target.kind}"
        found = audit_reading.target(session, target, prefixes[target.bucket])
        if found is None:
            of_target = [Finding(CRITICAL, "bucket", f"there is no bucket {target.bucket}.")]
            rows.append(_row(target, None, (), of_target))
        else:
            there.add(target.bucket)
            judged = audit.judge(target, expectations[target.server], found, now)
            of_target = judged.findings
            rows.append(_row(target, found, judged.backups, of_target))
        findings += _about(about, of_target)
    seen = _access(session, [target for target in targets if target.bucket in there], planned, findings)
    for bucket in sorted(there):
        target = next(target for target in targets if target.bucket == bucket)
        findings += _about(bucket, audit_reading.expiry(session, target, planned["lifecycle"][bucket]))
    keys = _keys(targets, planned, expectations, keys_of, now, findings)
    levels = [Finding(entry["level"], entry["check"], entry["message"]) for entry in findings]
    return {
        "time": now,
        "status": audit.worst(levels),
        "targets": rows,
        "findings": findings,
        "keys": keys,
        "access": seen,
    }


def _about(about, findings):
    return [{"about": about, **asdict(finding)} for finding in findings]


def _row(target, found, backups, findings):
    moments = [backup.made for backup in backups]
    if found and target.kind == "sync":
        moments = sorted(stored.modified for stored in found.objects)
    return {
        "server": target.server,
        "kind": target.kind,
        "bucket": target.bucket,
        "prefix": target.prefix,
        "newest": moments[-1] if moments else None,
        "oldest": moments[0] if moments else None,
        "count": len(moments),
        "size": backups[-1].size if backups else None,
        # Of several stanzas, that of the one which is the furthest behind.
        "newest_wal": min(filter(None, found.archived.values()), default=None) if found else None,
        "unfinished_uploads": len(found.uploads) if found else 0,
        "worst": min((finding.level for finding in findings), key=audit.LEVELS.index, default=None),
    }


def _access(session, targets, planned, findings):
    """Who else may read or delete at each place; what of it is wrong is added to ``findings``."""
    holders, unknown = audit_reading.account(session)
    if unknown:
        message = (
            f"what the policies {', '.join(unknown)} allow could not be seen; whoever has one may be able to do more."
        )
        findings += _about("account", [Finding(NOTE, "access", message)])
    documents = {}
    for target in targets:
        if target.bucket not in documents:
            documents[target.bucket] = audit_reading.bucket_policy(session, target)
            everybody = _everybody(documents[target.bucket], session, target.bucket)
            block = audit_reading.public_access_block(session, target)
            findings += _about(target.bucket, audit.judge_public(block, everybody))
    places = {}
    for target in targets:
        places.setdefault((target.bucket, target.prefix), set()).add(target.user)
    rows = []
    for (bucket, prefix), own in sorted(places.items()):
        named = access.by_bucket_policy(documents[bucket], session.account_id, bucket, prefix, session.partition)
        able = {holder: access.able(holder.documents, bucket, prefix, session.partition) for holder in holders}
        for holder, abilities in [*able.items(), *named.items()]:
            if abilities and not (holder.kind == "user" and holder.name in own):
                may = sorted(abilities)
                rows.append({"bucket": bucket, "prefix": prefix, "who": holder.kind, "name": holder.name, "may": may})
                findings += _about(f"{bucket}/{prefix}".rstrip("/"), _stranger(holder, may, planned))
    return rows


def _everybody(document, session, bucket):
    named = access.by_bucket_policy(document, session.account_id, bucket, "", session.partition)
    return next((abilities for holder, abilities in named.items() if holder.kind == "everybody"), frozenset())


def _stranger(holder, may, planned):
    """What is wrong with somebody's being able to: administrators may, other servers and other accounts should not."""
    if holder.kind == "other account" or (holder.kind == "user" and holder.name in planned["users"]):
        who = "the user of another server" if holder.kind == "user" else "which is not of this account"
        return [Finding(WARNING, "access", f"{holder.name}, {who}, may {' and '.join(may)} here.")]
    return []


def _keys(targets, planned, expectations, keys_of, now, findings):
    rows = []
    for user, wanted in sorted(planned["keys"].items()):
        servers = {target.server for target in targets if target.user == user}
        if not servers:
            continue
        max_age = max(expectations[server].max_age for server in servers) + _USE_IS_NOTED
        keys = keys_of(user)
        rows += [{"user": user, **key} for key in keys or ()]
        findings += _about(user, audit.judge_keys(user, keys, wanted.get("rotate_days"), max_age, now))
    return rows
