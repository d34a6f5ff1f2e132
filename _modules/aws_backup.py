"""
Show what follows from the pillar of servers for their backups in AWS: buckets, lifecycle rules, policies, users, keys.

The pillar is the minion's own and, with ``aws:servers``, that of the minions named there: compiled on the master, which
must allow it (``peer_run: {CONTROL_MINION: [pillar.show_pillar]}`` in its configuration), or by the minion itself when
it runs without a master (``salt-call --local``).
"""

from dataclasses import replace

import salt.pillar

from aws_runbook import arguments, audit_report, audit_survey, backups, clock, pillar, tables, values
from aws_runbook.errors import PillarError, RunbookError
from aws_runbook.orphans import find as find_orphans
from aws_runbook.session import connect

_COLUMNS = ("server", "kind", "bucket", "prefix", "region", "expires", "policy", "user")


def targets():
    """
    Where the backups of each server go: a list of ``server``, ``kind``, ``bucket``, ``prefix``, ``region``,
    ``expires`` and what belongs to the kind.

    CLI Example:

    .. code-block:: bash

        salt-call aws_backup.targets
    """
    found = []
    for server, known in _pillars().items():
        pillar.check(known, where=_where(server))
        found += [target.as_data() for target in backups.targets(server, known)[0]]
    return found


def plan(format="table"):
    """
    What follows from pillar, for every server: its kind of backup, bucket, prefix, region, when files expire, policy
    and user.

    format
        ``table`` for a person (the default); ``data`` for all of it as data: ``rows``, ``buckets``, ``lifecycle``,
        ``policies``, ``groups``, ``users``, ``keys`` and ``notes``, as the SLS files use it.

    Pillar that cannot be meant is an error of one sentence for each problem.

    CLI Example:

    .. code-block:: bash

        salt-call aws_backup.plan
        salt-call aws_backup.plan format=data --out=json
    """
    planned = backups.plan(_pillars())
    if format == "data":
        return planned.as_data()
    if format != "table":
        raise RunbookError(f"format is {format!r}; allowed are table, data.")
    if not planned.rows:
        return "\n".join(["No backups follow from pillar.", *planned.notes])
    lines = [tables.table(planned.rows, _COLUMNS), "", *_summary(planned), *planned.notes]
    return "\n".join(lines)


def orphans(region=None, profile=None, keyid=None, key=None):
    """
    Users and policies in the account that may write backups, but that no known pillar names any more: a list of
    ``user`` (``None`` for a policy that nobody has), ``policies``, ``buckets`` and ``access_keys``, each with when it
    was last used.

    A server that leaves pillar keeps them: whether they can go, only a person can tell. ``iam_user.absent`` and
    ``iam_backup_policy.absent`` remove them.

    IAM actions: ``iam:GetAccountAuthorizationDetails``, ``iam:ListAccessKeys``, ``iam:GetAccessKeyLastUsed``.

    CLI Example:

    .. code-block:: bash

        salt-call aws_backup.orphans
    """
    connection = {"region": region, "profile": profile, "keyid": keyid, "key": key}
    details = connect(__opts__, __pillar__, **connection).read(
        "iam",
        "get_account_authorization_details",
        "list the users and policies of the account",
        Filter=["User", "Group", "LocalManagedPolicy"],
    )
    found = find_orphans(details, plan(format="data"))
    return [
        {
            **orphan,
            "access_keys": __salt__["iam_access_key.describe"](orphan["user"], **connection) if orphan["user"] else [],
        }
        for orphan in found
    ]


def audit(
    format="table",
    max_age_hours=None,
    prometheus_file=None,
    region=None,
    profile=None,
    keyid=None,
    key=None,
):
    """
    Whether the backups are there, and safe: of every target, the newest one's age, gaps, size and name, what is kept and
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
    an error. Nothing in AWS is written, and no object is opened: see ``docs/audit.md`` for every check. IAM actions: ``s3:ListBucket``, ``s3:ListBucketMultipartUploads``,
    ``s3:GetLifecycleConfiguration``, ``s3:GetBucketPublicAccessBlock``, ``s3:GetBucketPolicy``,
    ``iam:GetAccountAuthorizationDetails``, ``iam:ListAccessKeys``, ``iam:GetAccessKeyLastUsed``.

    CLI Example:

    .. code-block:: bash

        salt-call --retcode-passthrough aws_backup.audit
        salt-call aws_backup.audit prometheus_file=/var/lib/prometheus/node-exporter/aws_backup.prom
    """
    arguments.one_of("audit", "format", format, ("table", "data"))
    values.whole("audit", "max_age_hours", max_age_hours, 1, 24 * 366)
    planned, now = plan(format="data"), clock.now()
    connection = {"region": region, "profile": profile, "keyid": keyid, "key": key}
    pillars = _pillars()
    found = [target for server, known in pillars.items() for target in backups.targets(server, known)[0]]
    report = audit_survey.report(
        connect(__opts__, __pillar__, **connection),
        [replace(target, region=planned["buckets"][target.bucket]["region"]) for target in found],
        planned,
        {server: audit_survey.expected(known, max_age_hours) for server, known in pillars.items()},
        lambda user: __salt__["iam_access_key.describe"](user, **connection),
        now,
    )
    if prometheus_file:
        audit_report.write(prometheus_file, audit_report.prometheus(report, now))
    __context__["retcode"] = report["status"]
    return audit_report.table(report, now) if format == "table" else audit_report.plain(report)


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
            {"user": user, "store": "; ".join(_places(wanted.get("store"))) or "none: no key is made"}
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


def _pillars():
    """
    The pillar of this minion and of those in its ``aws:servers``, by minion id: as fresh as this minion's own.

    One run of states asks several times, and to compile a pillar takes Salt a while: it is done once for each pillar
    that this minion gets for itself.
    """
    mine, known = __context__.get("aws_backup.pillars", (None, None))
    if mine is None or mine is not __opts__.get("pillar"):
        known = _gather()
        __context__["aws_backup.pillars"] = (__opts__.get("pillar"), known)
    return known


def _gather():
    own = __opts__["id"]
    known = {own: dict(__pillar__)}
    pillar.check(known[own])
    problems = []
    for server in (__pillar__.get("aws") or {}).get("servers") or []:
        if server not in known:
            try:
                known[server] = _compile(server)
            except PillarError as error:
                problems += error.problems
    if problems:
        raise PillarError(list(dict.fromkeys(problems)))
    return known


def _compile(server):
    masterless = __opts__.get("file_client") == "local"
    compiled = _compile_here(server) if masterless else _compile_on_master(server)
    errors = compiled.pop("_errors", None)
    if errors:
        reason = " ".join("; ".join(map(str, errors)).split())
        raise PillarError(f"aws:servers: the pillar of {server} does not render: {reason}")
    if not compiled:
        raise PillarError(
            f"aws:servers: there is no pillar for {server!r}; name minions by their id, as pillar's top file does."
        )
    return compiled


def _compile_here(server):
    # Without a master nobody knows the other minion's grains; its pillar is chosen by its id.
    grains = {**dict(__grains__), "id": server}
    # Salt would mix this minion's own pillar, which is in its options, into the other's, and might give an old one.
    opts = {**__opts__, "id": server, "grains": grains, "pillar": {}, "pillar_cache": False, "minion_data_cache": False}
    return salt.pillar.get_pillar(opts, grains, server, opts.get("saltenv")).compile_pillar()


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
