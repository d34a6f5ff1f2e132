"""
Show what the pillar of servers declares for their backups in AWS: buckets, lifecycle rules, policies, users, keys.

The pillar is the minion's own and, with ``aws:servers``, that of the minions named there: compiled on the master, which
must allow it (``peer_run: {CONTROL_MINION: [pillar.show_pillar]}`` in its configuration), or by the minion itself when
it runs without a master (``salt-call --local``).
"""

import weakref
from dataclasses import replace

from salt.state import HighState

from aws_runbook import clock, tables
from aws_runbook.audit import prometheus
from aws_runbook.audit import render as audit_report
from aws_runbook.audit import whole_audit as audit_survey
from aws_runbook.aws.session import connect
from aws_runbook.backups import orphan_buckets
from aws_runbook.backups import plan as backups
from aws_runbook.backups.orphans import find as find_orphans
from aws_runbook.backups.targets import get
from aws_runbook.backups.targets import targets as targets_of
from aws_runbook.errors import PillarError, RunbookError, UnreachableError
from aws_runbook.iam import account as iam_account
from aws_runbook.kinds import arguments
from aws_runbook.kinds.connected import connected
from aws_runbook.pillar import check as pillar
from aws_runbook.pillar import compiling, minions
from aws_runbook.recovery import history as backup_history
from aws_runbook.recovery import moments
from aws_runbook.recovery import recover as recovery
from aws_runbook.recovery import render as recovery_report
from aws_runbook.recovery.activity import PERIODS

# Arguments that take texts.
TEXTS = ("prometheus_file", "server", "to")


def targets():
    """
    List where the backups of each server go.

    Where the backups of each server go: a list of ``server``, ``kind``, ``bucket``, ``prefix``, ``region``,
    ``expires`` and what belongs to the kind.

    CLI Example:

    .. code-block:: bash

        salt-call aws_backup.targets
    """
    found = []
    for server, known in _pillars().items():
        pillar.check(known, where=_where(server))
        found += [target.as_data() for target in targets_of(server, known)[0]]
    return found


def plan(format="table"):
    """
    Show what pillar declares for the backups of every server.

    What follows from pillar, for every server: its kind of backup, bucket, prefix, region, when files expire, policy
    and user.

    format
        ``table`` for a person (the default); ``data`` for all of it as data: ``rows``, ``buckets``, ``lifecycle``,
        ``policies``, ``groups``, ``users``, ``keys``, ``require`` and ``notes``, as the SLS files use it.

    Invalid pillar is an error with one sentence for each problem.

    CLI Example:

    .. code-block:: bash

        salt-call aws_backup.plan
        salt-call aws_backup.plan format=data --out=json
    """
    planned = _planned()
    if format == "data":
        return planned.as_data()
    if format != "table":
        raise RunbookError(f"format is {format!r}; allowed are table, data.")
    if not planned.rows:
        return "\n".join(["Pillar declares no backups.", *planned.notes])
    lines = [tables.table(planned.rows, list(planned.rows[0])), "", *_summary(planned), *planned.notes]
    return "\n".join(lines)


@connected
def orphans(session):
    """
    List resources of backups in the account that no known pillar names.

    What is left in the account of backups that no known pillar names any more: a list of ``kind``, ``user``, ``policies``, ``buckets``,
    ``access_keys``, and ``why``, a sentence.

    ``kind`` is ``user`` (who may write backups; ``access_keys`` say when they were last used, ``None`` where that cannot be read), ``policy`` (for backups; one that
    was replaced, or that no such user has; also an inline one), ``bucket`` (which such a policy names, or named, or whose lifecycle rule
    is called as the runbook's, or which holds a pgBackRest repository), or ``unread``: buckets that could not be read.

    A policy is for backups when it allows writing objects of buckets that it names, and nothing outside of S3. A repository is looked
    for from the top of a bucket down, in at most twenty listings of a thousand names: one in a bucket with many directories may not be
    found.

    A server that leaves pillar keeps them: only a person can decide whether they can be deleted. Nothing is removed.

    IAM actions: ``iam:GetAccountAuthorizationDetails``, ``iam:ListAccessKeys``, ``iam:GetAccessKeyLastUsed``,
    ``s3:ListAllMyBuckets``, ``s3:GetLifecycleConfiguration``, ``s3:ListBucket``.

    CLI Example:

    .. code-block:: bash

        salt-call aws_backup.orphans
    """
    connection = session.given
    session = connect(__opts__, __pillar__, **connection)
    details = iam_account.details(session)
    planned = _planned().as_data()
    named = {bucket for known in _pillars().values() for bucket in get(known, "aws:backup:buckets", {})}
    found = [*find_orphans(details, planned), *orphan_buckets.find(session, details, {*planned["buckets"], *named})]
    return [{**orphan, **_access_keys(orphan, connection)} for orphan in found]


def _access_keys(orphan, connection):
    try:
        keys = __salt__["iam_access_key.describe"](orphan["user"], **connection) if orphan["user"] else []
    except UnreachableError:
        raise
    except RunbookError as error:
        return {"access_keys": None, "why": f"{orphan['why']} {error}"}
    return {"access_keys": keys}


@connected
def audit(session, format="table", max_age_hours=None, prometheus_file=None):
    """
    Check whether the backups are there, and safe.

    Check whether the backups exist and are safe: for every target, the age, gaps, size and name of the newest one, retention and
    whether it expires, pgBackRest's archive of WAL, unfinished uploads; of every bucket, public access and who else may read
    or delete; of every user, its keys' age and last use.

    format
        ``table`` for a person (the default); ``data`` for a program: ``time``, ``status``, ``targets``, ``findings``, ``keys``
        and ``access``. Times are texts in ISO 8601, sizes are bytes.
    max_age_hours
        How old the newest backup may be: a whole number of hours, from 1 to 8784. Default: ``aws:backup:audit:max_age_hours``
        in each server's pillar, or 26.
    prometheus_file
        Also write a textfile for node_exporter there: an absolute path in a folder that exists. Default: none is written.

    The exit status, with ``--retcode-passthrough``, is 2 when something is critical, 1 for a warning. What cannot be read is
    critical, and the rest is looked at all the same; credentials that are none, and an AWS that cannot be reached, are an error. Nothing in AWS is written, and no object is opened: see ``docs/audit.md`` for every check. IAM actions: ``s3:ListBucket``, ``s3:ListBucketMultipartUploads``,
    ``s3:GetLifecycleConfiguration``, ``s3:GetBucketPublicAccessBlock``, ``s3:GetBucketPolicy``,
    ``iam:GetAccountAuthorizationDetails``, ``iam:ListAccessKeys``, ``iam:GetAccessKeyLastUsed``.

    CLI Example:

    .. code-block:: bash

        salt-call --retcode-passthrough aws_backup.audit
        salt-call aws_backup.audit prometheus_file=/var/lib/prometheus/node-exporter/aws_backup.prom
    """
    arguments.one_of("audit", "format", format, ("table", "data"))
    arguments.whole("audit", "max_age_hours", max_age_hours, 1, 24 * 366)
    planned, now = _planned().as_data(), clock.now()
    connection = session.given
    pillars = _pillars()
    report = audit_survey.report(
        connect(__opts__, __pillar__, **connection),
        _placed(),
        planned,
        {server: audit_survey.expected(known, max_age_hours) for server, known in pillars.items()},
        lambda user: __salt__["iam_access_key.describe"](user, **connection),
        now,
    )
    if prometheus_file:
        audit_report.write(prometheus_file, prometheus.text(report, now))
    __context__["retcode"] = report["status"]
    return audit_report.table(report, now) if format == "table" else audit_report.plain(report)


@connected
def history(session, server, by="day", format="table"):
    """
    Show what was done to the backups of a server, for each hour or day.

    For each there is how many objects were written, overwritten and deleted, in UTC. What looks like damage is marked, and the command that restores the objects is shown.

    It looks like damage when an object was overwritten or deleted that the program which makes the backup never overwrites, or deletes
    that early, and when two thirds of all were overwritten or deleted in one hour or day. See the page on recovery.

    server
        The minion whose backups are selected, by its ID in pillar.
    by
        ``day`` (the default) or ``hour``.
    format
        ``table`` for a person (the default); ``data`` for a program: ``lines``, ``first_damage``, ``safe`` (a moment before it that is
        safe to restore), ``earliest`` (the earliest moment that can be restored) and ``notes``.

    It goes as far back as the bucket keeps noncurrent versions. A bucket that never kept versions is an error. Nothing is
    written. IAM actions: ``s3:ListBucket``, ``s3:ListBucketVersions``, ``s3:GetBucketVersioning``, ``s3:GetBucketTagging``,
    ``s3:GetLifecycleConfiguration``.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html

    CLI Example:

    .. code-block:: bash

        salt-call aws_backup.history registry
        salt-call aws_backup.history registry by=hour
    """
    arguments.one_of("history", "by", by, tuple(PERIODS))
    arguments.one_of("history", "format", format, ("table", "data"))
    found = backup_history.of_server(session, server, _placed(), by, clock.now())
    if format == "data":
        return backup_history.data(server, found)
    return recovery_report.history(server, found["rows"], found["notes"], backup_history.advice(session, server, found))


@connected
def recover(session, server, as_of, to=None, test=None, format="table"):
    """
    Restore the objects of a server's backups to their versions at a moment.

    S3 copies older versions into place; objects that did not exist then are hidden by a delete marker; equal ones are skipped.

    No version is deleted, so that it can be undone in the same way. It can be interrupted and run again: completed objects are
    skipped. At the end, the listing is compared with that moment.

    server
        The minion whose backups are selected, by its ID in pillar.
    as_of
        The moment: ``2026-11-20 03:00``, in UTC unless it has a zone (``2026-11-20 03:00+01:00``); a date alone means its beginning. An
        object was there if it was made up to that second. A moment before those that the bucket keeps everything of is an error:
        the latest of what its lifecycle rules leave and 15 minutes after versioning was enabled, which its tag
        ``aws-runbook:versions-since`` notes. Without that tag nothing is hidden, because it is not known which objects existed.
    to
        BUCKET or BUCKET/PREFIX, to restore them there, under their whole keys, and keep the present ones. Nothing is hidden there.
        Default: where they were.
    test
        ``True`` to show what would be done, without writing. Default: the minion's ``test``.
    format
        ``table`` for a person (the default); ``data`` for a program.

    Objects that are not hidden are listed: if the tag is missing, and below a directory that no known pillar declares. A location of which no object
    is known to have existed, and in which all would be hidden, is an error. Objects of other servers in the same location are
    restored too, as a note says.

    Objects that are archived, encrypted with a customer-provided key (SSE-C), or gone are listed, and the others are restored;
    the exit status, with ``--retcode-passthrough``, is then 1. IAM actions: those of ``history``, ``s3:GetObjectVersion``,
    ``s3:GetObjectVersionTagging``, ``s3:PutObject``, ``s3:PutObjectTagging``, ``s3:DeleteObject``, ``s3:AbortMultipartUpload``; with
    ``to`` also ``s3:GetObject``.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/RestoringPreviousVersions.html

    CLI Example:

    .. code-block:: bash

        salt-call aws_backup.recover registry as_of='2026-11-20 03:00' test=True
        salt-call aws_backup.recover registry as_of='2026-11-20 03:00'
        salt-call aws_backup.recover registry as_of='2026-11-20 03:00' to=ocp-recovered/registry
    """
    arguments.flag("recover", "test", test)
    arguments.one_of("recover", "format", format, ("table", "data"))
    now = clock.now()
    moment = moments.parse(as_of, now)
    testing = bool(__opts__.get("test")) if test is None else test
    data = recovery.recover(session, server, _placed(), moment, to, now, test=testing)
    __context__["retcode"] = 0 if recovery.is_complete(data) else 1
    return recovery.as_plain(data) if format == "data" else recovery_report.recovery(data)


def _placed():
    """The targets of all servers, each with the region that its bucket is in by all of pillar."""
    planned = _planned().as_data()
    found = [target for server, known in _pillars().items() for target in targets_of(server, known)[0]]
    return [replace(target, region=planned["buckets"][target.bucket]["region"]) for target in found]


def _summary(planned):
    yield "Lifecycle rules:"
    rows = [
        {"bucket": bucket, "rule": rule["ID"], "prefix": rule["Filter"]["Prefix"] or "(all objects)"}
        for bucket, wanted in planned.lifecycle.items()
        for rule in wanted["rules"]
    ]
    none = [
        {"bucket": bucket, "rule": "none", "prefix": ""}
        for bucket, wanted in planned.lifecycle.items()
        if not wanted["rules"]
    ]
    yield tables.table(
        sorted([*rows, *none], key=lambda row: (row["bucket"], row["prefix"])), ("bucket", "rule", "prefix")
    )
    yield ""
    yield "Access keys:"
    yield tables.table(
        [
            {"user": user, "store": "; ".join(_places(wanted.get("store"))) or "none: no key is created"}
            for user, wanted in planned.keys.items()
        ],
        ("user", "store"),
    )


def _places(store):
    entries = store if isinstance(store, list) else [store] if store else []
    return [entry if isinstance(entry, str) else entry.get("pillar_file") or _addresses(entry) for entry in entries]


def _addresses(store):
    return ", ".join([*filter(None, [store.get("sdb")]), *sorted((store.get("keys") or {}).values())])


def _where(server):
    return "" if server == __opts__["id"] else server


def _planned():
    """The plan of the pillars, or their errors: computed once for the same pillars."""
    pillars = _pillars()
    mine, planned = __context__.get("aws_backup.planned", (None, None))
    if mine is not pillars:
        planned = _kept(backups.plan, pillars, _servers(), _nearest)
        __context__["aws_backup.planned"] = (pillars, planned)
    return _given(planned)


def _pillars():
    """
    The pillar of this minion and of those in its ``aws:servers``, by minion id: as fresh as this minion's own.

    One run of states needs them several times, and compiling a pillar takes time: it is done once for each pillar
    that this minion gets for itself.
    """
    mine, run, known = __context__.get(compiling.PLACE) or compiling.Pillars(None, None, None)
    # Salt 3008 wraps a minion's pillar again for each module that it loads: in a run of states it is the same pillar.
    own, active = __opts__.get("pillar"), HighState.get_active()
    same = (run and run() is active) if active else mine is own
    if mine is None or not same:
        known = _kept(_gather)
        __context__[compiling.PLACE] = compiling.Pillars(own, active and weakref.ref(active), known)
    return _given(known)


def _kept(function, *args):
    """What a function returns, or the error that it raises about pillar, to be kept."""
    try:
        return function(*args)
    except PillarError as error:
        return error


def _given(kept):
    if isinstance(kept, PillarError):
        raise PillarError(kept.problems)
    return kept


def _gather():
    own = __opts__["id"]
    known = {own: dict(__pillar__)}
    pillar.check(known[own])
    others = [server for server in dict.fromkeys(_servers()) if server != own]
    if __opts__.get("file_client") == "local" and others:
        # Salt would mix this minion's own pillar, which is in its options, into the other's, and might give an old one.
        opts = {**__opts__, "pillar": {}, "pillar_cache": False, "minion_data_cache": False}
        with compiling.compiler(opts, dict(__grains__)) as compiler:
            return {**known, **_all(others, compiler.compile)}
    return {**known, **_all(others, _compile_on_master)}


def _all(servers, compiled):
    known, problems = {}, []
    for server in servers:
        try:
            known[server] = _checked(server, compiled(server))
        except PillarError as error:
            problems += error.problems
    if problems:
        raise PillarError(list(dict.fromkeys(problems)))
    return known


def _servers():
    return (__pillar__.get("aws") or {}).get("servers") or []


def _nearest(server):
    """The id of a known minion, not in pillar, that is similar to ``server``; read once for each."""
    nearest = __context__.setdefault("aws_backup.nearest", {})
    if server not in nearest:
        nearest[server] = minions.nearest(server, minions.known(__opts__, __grains__) - {__opts__["id"], *_servers()})
    return nearest[server]


def _checked(server, compiled):
    errors = compiled.pop("_errors", None)
    if errors:
        reason = " ".join("; ".join(map(str, errors)).split())
        raise PillarError(f"aws:servers: the pillar of {server} does not render: {reason}")
    if not compiled:
        nearest = _nearest(server)
        raise PillarError(
            f"aws:servers: there is no pillar for {server!r}; "
            + (f"did you mean {nearest}?" if nearest else "name minions by their ID, as in pillar's top file.")
        )
    return compiled


def _compile_on_master(server):
    compiled = _show_pillar(server)
    if not compiled and not _show_pillar(__opts__["id"]):  # which is not empty: it has aws:servers
        raise PillarError(
            "aws:servers: the master does not show this minion the pillar of others; allow it in the master's "
            f"configuration: peer_run: {{{__opts__['id']}: [pillar.show_pillar]}}."
        )
    return compiled


def _show_pillar(server):
    shown = __salt__["publish.runner"]("pillar.show_pillar", arg=[server])
    return dict(shown) if isinstance(shown, dict) else {}
