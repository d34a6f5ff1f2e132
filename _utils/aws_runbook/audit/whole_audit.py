"""
Run a whole audit: read and judge every target, bucket and user, and return one report.

A failed read is a finding; the audit continues.
"""

from collections import defaultdict
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from aws_runbook import salt_commands
from aws_runbook.audit import access
from aws_runbook.audit import judge as audit
from aws_runbook.audit import read as audit_reading
from aws_runbook.audit.judge import CRITICAL, NOTE, WARNING, Expected, Finding, Found
from aws_runbook.buckets import policy as bucket_policy
from aws_runbook.buckets import settings
from aws_runbook.errors import RunbookError, UnreachableError
from aws_runbook.pillar.backups_schema import MAX_AGE_HOURS
from aws_runbook.progress import Progress

# AWS records the use of a key with a delay.
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKeyLastUsed.html
_USE_IS_NOTED = timedelta(days=1)


def expected(pillar, max_age_hours=None):
    """Return the maximum age of a server's backups and WAL, and the number of full pgBackRest backups to keep, from its pillar."""
    settings = ((pillar.get("aws") or {}).get("backup") or {}).get("audit") or {}
    postgres = (pillar.get("postgres") or {}).get("backup") or {}
    hours = max_age_hours or settings.get("max_age_hours") or MAX_AGE_HOURS
    wal = settings.get("max_wal_age_hours")
    return Expected(timedelta(hours=hours), postgres.get("retention_full"), wal and timedelta(hours=wal))


def report(session, targets, planned, expectations, keys_of, now):
    """
    Audit ``targets``.

    ``planned`` is the plan as data; ``expectations`` are by server; ``keys_of(user)`` lists a user's access keys. It is an error if AWS
    cannot be reached.
    """
    session.identity()  # report invalid credentials once
    survey = _Survey(session, targets, planned, expectations, now)
    survey.tell("pillar", [Finding(NOTE, "pillar", note) for note in planned["notes"]])
    rows = list(_with_progress(targets, survey.row))
    seen = survey.access()
    survey.expiry()
    survey.keeping()
    keys = survey.keys(keys_of)
    levels = [Finding(entry["level"], entry["check"], entry["message"]) for entry in survey.findings]
    return {
        "time": now,
        "status": audit.worst(levels),
        "targets": rows,
        "findings": survey.findings,
        "keys": keys,
        "access": seen,
    }


def _with_progress(targets, read):
    """Return ``read(target)`` of each target, and report progress."""
    progress = Progress("Auditing backups", "places", len(targets))
    for target in targets:
        yield read(target)
        progress.step()


class _UnreadError(Exception):
    """Something could not be read. The finding has been added."""


class _Survey:
    """The state of one audit: what is audited, and the results so far."""

    def __init__(self, session, targets, planned, expectations, now):
        self.findings = []
        self._session, self._targets, self._planned = session, targets, planned
        self._expectations, self._now = expectations, now
        self._there = {}  # bucket → one of its targets

    def tell(self, about, findings):
        self.findings += [{"about": about, **asdict(finding)} for finding in findings]

    def _read(self, about, read, *arguments):
        try:
            return read(*arguments)
        except UnreachableError:
            raise
        except RunbookError as error:
            self.tell(about, [Finding(CRITICAL, "read", str(error))])
        raise _UnreadError

    def row(self, target):
        """Return a target as a row of the report."""
        about, prefixes = f"{target.server} {target.kind}", self._prefixes(target.bucket)
        before = len(self.findings)
        found, backups = None, ()
        expected = self._expectations[target.server]
        try:
            objects = self._read(about, audit_reading.objects, self._session, target, prefixes)
        except _UnreadError:
            return self._row(target, expected, None, None, before)
        if objects is None:
            self.tell(about, [Finding(CRITICAL, "bucket", f"there is no bucket {target.bucket}.")])
        else:
            self._there.setdefault(target.bucket, target)
            found = self._found(about, target, objects, prefixes)
            judged = audit.judge(target, expected, found, self._now, self._recovery(target.bucket))
            backups = judged.backups
            self.tell(about, judged.findings)
            self._destruction(about, target, prefixes)
        return self._row(target, expected, found, backups, before)

    def _row(self, target, expected, found, backups, before):
        recovery = self._recovery(target.bucket) or {}
        row = _row(target, expected, found, backups, self.findings[before:])
        return {**row, "recovery_days": recovery.get("days")}

    def _destruction(self, about, target, prefixes):
        """Audit deletions and overwrites in buckets that keep versions."""
        recovery = self._recovery(target.bucket)
        if recovery:
            since = self._now - timedelta(days=recovery["days"])
            try:
                days = self._read(about, audit_reading.damage, self._session, target, prefixes, since)
            except _UnreadError:
                return
            command = self._session.command("aws_backup.history", server=target.server, by="hour")
            self.tell(about, audit.judge_destruction(days, command, self._now))

    def _recovery(self, bucket):
        """Return the recovery setting of a bucket in the plan; ``None`` if it has none."""
        recovery = self._planned["lifecycle"][bucket].get("recovery") or {}
        return recovery if recovery.get("days") else None

    def _prefixes(self, bucket):
        return {other.prefix for other in self._targets if other.bucket == bucket}

    def _found(self, about, target, objects, prefixes):
        parts: dict[str, Any] = {"uploads": None}
        for name, read, wanted in (
            ("uploads", audit_reading.uploads, prefixes),
            ("archived", audit_reading.archived, objects),
        ):
            try:
                parts[name] = self._read(about, read, self._session, target, wanted)
            except _UnreadError:
                continue
        return Found(objects, **parts)

    def expiry(self):
        """Audit the lifecycle rules of every bucket."""
        for bucket, target in sorted(self._there.items()):
            wanted = self._planned["lifecycle"][bucket]
            try:
                self.tell(bucket, self._read(bucket, audit_reading.expiry, self._session, target, wanted))
            except _UnreadError:
                continue

    def keeping(self):
        """Audit versioning and Object Lock of every bucket with recovery."""
        for bucket, target in sorted(self._there.items()):
            if self._recovery(bucket):
                try:
                    found = self._read(bucket, audit_reading.keeping, self._session, target)
                except _UnreadError:
                    continue
                self.tell(bucket, audit.judge_keeping(self._planned["buckets"][bucket], found, salt_commands.apply()))

    def access(self):
        """Find who else may read or delete at each place."""
        holders, places = self._holders(), defaultdict(set)
        for target in self._targets:
            if target.bucket in self._there:
                places[target.bucket, target.prefix].add(target.user)
        documents = {bucket: self._policy(bucket, target) for bucket, target in self._there.items()}
        rows = []
        for (bucket, prefix), own in sorted(places.items()):
            for holder, abilities in self._able(holders, documents[bucket], bucket, prefix).items():
                if abilities and not (holder.kind == "user" and holder.name in own):
                    may = sorted(abilities)
                    rows.append(
                        {"bucket": bucket, "prefix": prefix, "who": holder.kind, "name": holder.name, "may": may}
                    )
                    self.tell(f"{bucket}/{prefix}".rstrip("/"), self._stranger(holder, may, own))
        return rows

    def _holders(self):
        try:
            holders, unknown = self._read("account", audit_reading.account, self._session)
        except _UnreadError:
            return []
        if unknown:
            message = f"the policies {', '.join(unknown)} could not be read; principals with one of them may have more permissions."
            self.tell("account", [Finding(NOTE, "access", message)])
        return holders

    def _policy(self, bucket, target):
        """Return a bucket's policy, and audit whether the bucket is public."""
        document, everybody = None, frozenset()
        try:
            document = self._read(bucket, bucket_policy.read, self._session, bucket, target.region)
            named = self._by_policy(document, bucket, "")
            everybody = next((may for holder, may in named.items() if holder.kind == "everybody"), everybody)
        except _UnreadError:
            pass
        try:
            block = self._read(bucket, settings.public_access_block, self._session, bucket, target.region)
            self.tell(bucket, audit.judge_public(block, everybody))
        except _UnreadError:
            pass
        return document

    def _by_policy(self, document, bucket, prefix):
        return access.by_bucket_policy(document, self._session.account_id, bucket, prefix, self._session.partition)

    def _able(self, holders, document, bucket, prefix):
        """Return what each holder may do at a place, by its own policies and by the bucket policy."""
        found = {}
        for holder in holders:
            own = [target.prefix for target in self._targets if target.bucket == bucket and target.user == holder.name]
            found[holder] = access.able(
                holder.documents,
                bucket,
                prefix,
                self._session.partition,
                apart=own if holder.kind == "user" else (),
            )
        for holder, abilities in self._by_policy(document, bucket, prefix).items():
            found[holder] = found.get(holder, frozenset()) | abilities
        return found

    def _stranger(self, holder, may, own):
        """Judge a holder's access: administrators may have it, the users of other backups and other accounts should not."""
        of = defaultdict(dict)
        for row in self._planned["rows"] if holder.kind == "user" else ():
            if row["user"] == holder.name:
                of[row["server"]][row["kind"]] = None
        if of:
            whose = " and ".join(f"{server} for {', '.join(kinds)}" for server, kinds in of.items())
            who, should = f"the user of {whose}", f"; only {' and '.join(sorted(own))} should"
        elif holder.kind == "other account":
            who, should = "which is not of this account", ""
        else:
            return []
        return [Finding(WARNING, "access", f"{holder.name}, {who}, may {' and '.join(may)} here{should}.")]

    def keys(self, keys_of):
        """Audit the access keys of the targets' users."""
        rows = []
        for user, wanted in sorted(self._planned["keys"].items()):
            ages = [self._expectations[target.server].max_age for target in self._targets if target.user == user]
            try:
                keys = self._read(user, keys_of, user)
            except _UnreadError:
                continue
            rows += [{"user": user, **key} for key in keys or ()]
            judged = audit.judge_keys(user, keys, wanted.get("rotate_days"), max(ages) + _USE_IS_NOTED, self._now)
            self.tell(user, judged)
        return rows


def _row(target, expected, found, backups, findings):
    """``backups`` is ``None`` if they could not be read."""
    moments = [backup.made for backup in backups or ()]
    if found and target.kind == "sync":
        moments = sorted(stored.modified for stored in found.objects)
    return {
        "server": target.server,
        "kind": target.kind,
        "bucket": target.bucket,
        "prefix": target.prefix,
        "user": target.user,
        "max_age_hours": round(expected.max_age / timedelta(hours=1)),
        "expire_days": target.expire_days if target.expires else None,
        "retention_full": expected.retention_full if target.kind == "pgbackrest" else None,
        "newest": moments[-1] if moments else None,
        "oldest": moments[0] if moments else None,
        "count": None if backups is None else len(moments),
        "size": backups[-1].size if backups else None,
        # With several stanzas, the oldest of their newest WAL.
        "newest_wal": min(filter(None, found.archived.values()), default=None) if found else None,
        "unfinished_uploads": len(found.uploads) if found and found.uploads is not None else None,
        "backups": None if backups is None else [_backup(backup) for backup in backups],
        "worst": min((finding["level"] for finding in findings), key=audit.LEVELS.index, default=None),
    }


def _backup(backup):
    return {name: getattr(backup, name) for name in ("name", "series", "made", "size", "full")}
