"""
Manage clusters of Aurora Serverless v2, each with one instance.

https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.html

Attributes, with AWS's names in snake case, of which these need a word
    ``engine``
        ``aurora-postgresql`` or ``aurora-mysql``.
    ``engine_version``
        ``latest``, or a version such as ``'16.9'`` or ``'16'``. One that is there is never upgraded by itself: see
        ``allow_upgrade``.
    ``min_capacity``, ``max_capacity``
        Capacity units, in halves. With a ``min_capacity`` of 0 the cluster pauses when nobody is connected.
    ``seconds_until_auto_pause``
        After how long: 300 to 86400.
    ``data_api``
        ``True`` when SQL can be sent over HTTPS, without a connection to the VPC.
    ``database``
        The database that a new cluster begins with.
    ``instance``
        The name of its instance. A cluster without any gets one, of the class ``db.serverless`` and without a public
        address.
    ``vpc_security_groups``
        Names or ids of its security groups, all of them.
    ``master_password``
        ``stored`` (made here, put into the ``store``) or ``managed`` (made and kept by AWS in Secrets Manager).
    ``tags``
        A mapping of strings. Others stay, unless ``purge``.

No function returns, logs or prints a password. Every function takes ``region``, ``profile``, ``keyid`` and ``key`` last:
where the cluster is, and how to reach the account. IAM actions: ``rds:DescribeDBClusters``,
``rds:DescribeDBInstances``, ``rds:DescribeDBEngineVersions``, ``rds:DescribeDBSubnetGroups``, ``ec2:DescribeVpcs`` and
``ec2:DescribeSecurityGroups`` to read; ``rds:CreateDBCluster``, ``rds:CreateDBInstance``, ``rds:ModifyDBCluster``,
``rds:EnableHttpEndpoint``, ``rds:DisableHttpEndpoint``, ``rds:AddTagsToResource`` and ``rds:RemoveTagsFromResource`` to
write; ``rds:DeleteDBInstance``, ``rds:DeleteDBCluster``, ``rds:DescribeDBClusterSnapshots`` and
``rds:CreateDBClusterSnapshot`` to delete; with ``master_password: managed`` also ``secretsmanager:CreateSecret``,
``secretsmanager:TagResource`` and ``kms:DescribeKey``.
"""

from functools import partial

from salt.utils import sdb

from aws_runbook import (
    arguments,
    database_changes,
    database_checks,
    database_connection,
    durations,
    ec2,
    passwords,
    rds,
    serverless,
    stores,
)
from aws_runbook.database_attributes import CLUSTER, scaling
from aws_runbook.errors import RunbookError
from aws_runbook.gpg import salt_homedir
from aws_runbook.session import connect

# What a new cluster cannot do without.
_NEEDED = ("engine", "min_capacity", "max_capacity")
_MISSING = ("DBClusterNotFoundFault",)
_USER = "postgres"


def _session(region, profile, keyid, key):
    return connect(__opts__, __pillar__, region=region, profile=profile, keyid=keyid, key=key)


def _store(description):
    if description is None:
        return None
    return stores.make(
        description,
        sdb_get=partial(sdb.sdb_get, opts=__opts__),
        sdb_set=partial(sdb.sdb_set, opts=__opts__),
        gpg_homedir=salt_homedir(__opts__),
    )


def _subject(name):
    return f"The DB cluster {name}"


def describe(name, attributes=None, region=None, profile=None, keyid=None, key=None):
    """
    The cluster's ``arn``, ``vpc_id``, ``status`` (its instance's while that is not available), ``pending`` (what AWS will change, by
    attribute), ``window`` (when) and attributes, in which what is pending has come true already; ``None`` when there is
    none.

    attributes
        Only these are shown. Default: all.

    CLI Example:

    .. code-block:: bash

        salt-call rds_cluster.describe common
    """
    session = _session(region, profile, keyid, key)
    entry = _entry(session, name)
    return entry and _described(session, name, entry, attributes)


def _entry(session, name):
    answer = session.read(
        "rds",
        "describe_db_clusters",
        f"find the DB cluster {name}",
        DBClusterIdentifier=name,
        absent=_MISSING,
    )
    return answer and answer["DBClusters"][0]


def _members(session, name):
    """The instances of a cluster, by AWS's description."""
    answer = session.read(
        "rds",
        "describe_db_instances",
        f"find the instances of the DB cluster {name}",
        Filters=[{"Name": "db-cluster-id", "Values": [name]}],
    )
    return sorted(answer["DBInstances"], key=lambda member: member["DBInstanceIdentifier"])


def _described(session, name, entry, attributes=None):
    members = _members(session, name)
    readers = {
        **CLUSTER.readers,
        "instance": lambda _entry: next((member["DBInstanceIdentifier"] for member in members), None),
        "vpc_security_groups": lambda found: rds.group_names(session, found),
        "tags": lambda found: rds.tags(session, f"the DB cluster {name}", found["DBClusterArn"], found),
    }
    wanted = readers if attributes is None else attributes
    pending = CLUSTER.pending(entry)
    return {
        "arn": entry["DBClusterArn"],
        "vpc_id": next((member["DBSubnetGroup"]["VpcId"] for member in members if member.get("DBSubnetGroup")), None),
        "status": _status(entry, members),
        "pending": pending,
        "window": entry.get("PreferredMaintenanceWindow"),
        **{attribute: pending.get(attribute, readers[attribute](entry)) for attribute in wanted},
    }


def _status(entry, members):
    """That of the cluster, or of an instance that is not available yet: without it, nobody can connect."""
    if entry["Status"] not in database_changes.AVAILABLE:
        return entry["Status"]
    busy = (member["DBInstanceStatus"] for member in members)
    return next((status for status in busy if status not in database_changes.AVAILABLE), entry["Status"])


def normalise(name, attributes, region=None, profile=None, keyid=None, key=None):  # noqa: ARG001 - as in every module
    """
    The attributes as ``describe`` would give them; a value that RDS does not take, or that only Serverless v1 took, is an
    error.

    CLI Example:

    .. code-block:: bash

        salt-call rds_cluster.normalise common '{min_capacity: 0, max_capacity: 2}'
    """
    where = f"DB cluster {name}"
    database_checks.identifier("DB cluster", name)
    database_checks.options(where, master_password=attributes.get("master_password"))
    return database_checks.cluster(where, attributes)


def plan(
    name,
    attributes,
    store=None,
    apply=None,
    allow_upgrade=None,
    wait=None,
    purge=False,
    region=None,
    profile=None,
    keyid=None,
    key=None,
):
    """
    What ``rds_cluster.present`` would do: ``changes``, ``warnings`` and ``pending``. What only a person can decide is an
    error that says how.

    attributes
        A mapping of what is wanted.
    store, apply, allow_upgrade, wait, purge
        As in ``rds_cluster.present``. With ``wait`` it is waited for first while AWS is at work on it.

    CLI Example:

    .. code-block:: bash

        salt-call rds_cluster.plan common '{min_capacity: 0, max_capacity: 2}' store=sdb://vault/common
    """
    where = f"DB cluster {name}"
    database_checks.options(where, apply=apply, allow_upgrade=allow_upgrade)
    timeout = durations.seconds(where, "wait", wait)
    wanted = normalise(name, attributes)
    place = _store(store)
    if place is not None:
        wanted.setdefault("master_password", passwords.STORED)
    session = _session(region, profile, keyid, key)
    entry = _entry(session, name)
    if entry and timeout and _status(entry, _members(session, name)) != database_changes.DELETING:
        rds.wait(_subject(name), lambda: _status_now(session, name), timeout)
        entry = _entry(session, name)
    passwords.check(where, wanted, entry, place, reset=f"rds_cluster.reset_password {name}")
    current = entry and _described(session, name, entry)
    if current is None:
        database_checks.complete(where, wanted, _NEEDED)
        wanted.setdefault("master_username", _USER)
    wanted["instance"] = (current or {}).get("instance") or f"{name}-1"
    resolved, warnings = rds.resolved(session, _subject(name), current, wanted, allow_upgrade)
    decision = database_changes.decide(name, _subject(name), current, resolved, purge=purge, warnings=warnings)
    return {
        "changes": decision.changes,
        "warnings": list(decision.warnings),
        "pending": list(decision.pending),
    }


def _status_now(session, name):
    entry = _entry(session, name)
    return _status(entry, _members(session, name)) if entry else "not shown by AWS"


def apply(
    name,
    changes,
    store=None,
    apply=None,
    region=None,
    profile=None,
    keyid=None,
    key=None,
):
    """
    Do what ``plan`` says: make the cluster and its instance, or change them.

    changes
        A mapping of attributes to their new values; with ``name`` the cluster is made.
    store, apply
        As in ``rds_cluster.present``.

    CLI Example:

    .. code-block:: bash

        salt-call rds_cluster.apply common '{max_capacity: 4}' apply=now
    """
    wanted = dict(changes)
    session = _session(region, profile, keyid, key)
    if wanted.pop("name", None):
        _create(session, name, wanted, _store(store))
    else:
        _modify(session, name, wanted, _store(store), now=apply == "now")
    return True


def _create(session, name, wanted, place):
    parameters = {**CLUSTER.create_parameters(wanted), **scaling(wanted)}
    if wanted.get("vpc_security_groups"):
        vpc_id = rds.vpc_id(session, wanted.get("db_subnet_group_name"))
        parameters["VpcSecurityGroupIds"] = ec2.group_ids(session, wanted["vpc_security_groups"], vpc_id)
    if wanted.get("tags"):
        parameters["Tags"] = ec2.tag_list(wanted["tags"])
    made = False
    if wanted["master_password"] == passwords.MANAGED:
        parameters["ManageMasterUserPassword"] = True
    else:
        password, made = passwords.for_new(f"DB cluster {name}", place)
        parameters["MasterUserPassword"] = password.reveal()
    answer = session.write(
        "rds",
        "create_db_cluster",
        f"create the DB cluster {name}",
        absent=("DBClusterAlreadyExistsFault",),
        once=True,  # so that one which is there already is somebody else's
        DBClusterIdentifier=name,
        **parameters,
    )
    if answer is None and made:
        raise passwords.overtaken(f"DB cluster {name}", place, reset=f"rds_cluster.reset_password {name}")
    _create_instance(session, name, wanted["instance"], wanted["engine"])


def _create_instance(session, name, instance, engine):
    session.write(
        "rds",
        "create_db_instance",
        f"create the instance {instance} of the DB cluster {name}",
        absent=("DBInstanceAlreadyExists",),
        DBInstanceIdentifier=instance,
        DBClusterIdentifier=name,
        DBInstanceClass=serverless.CLASS,
        Engine=engine,
        PubliclyAccessible=False,
    )


def _modify(session, name, wanted, place, *, now):
    entry = _entry(session, name)
    if entry is None:
        raise RunbookError(f"There is no DB cluster {name}.")
    arn = entry["DBClusterArn"]
    if "tags" in wanted:
        what = f"the DB cluster {name}"
        rds.write_tags(session, what, arn, rds.tags(session, what, arn, entry), wanted["tags"])
    if "data_api" in wanted:
        # Of Serverless v2, by a call of its own: ModifyDBCluster switches only v1's.
        # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/data-api.enabling.html
        verb = "enable" if wanted["data_api"] else "disable"
        session.write("rds", f"{verb}_http_endpoint", f"{verb} the Data API of the DB cluster {name}", ResourceArn=arn)
    parameters = {**CLUSTER.modify_parameters(wanted, entry), **scaling(wanted, entry)}
    if "vpc_security_groups" in wanted:
        vpc_id = rds.vpc_id(session, entry.get("DBSubnetGroup"))
        parameters["VpcSecurityGroupIds"] = ec2.group_ids(session, wanted["vpc_security_groups"], vpc_id)
    write = partial(
        session.write,
        "rds",
        "modify_db_cluster",
        f"change the DB cluster {name}",
        DBClusterIdentifier=name,
    )
    if wanted.get("master_password") == passwords.STORED:
        passwords.replace(
            place,
            lambda password: write(
                once=True,
                ManageMasterUserPassword=False,
                MasterUserPassword=password.reveal(),
                ApplyImmediately=True,
                **parameters,
            ),
            again=f"rds_cluster.reset_password {name}",
        )
    elif parameters:
        write(ApplyImmediately=now or "ManageMasterUserPassword" in parameters, **parameters)
    if "instance" in wanted:
        _create_instance(session, name, wanted["instance"], entry["Engine"])


def reset_password(name, store=None, region=None, profile=None, keyid=None, key=None):
    """
    Give the cluster a new password, put into its store: for one that is lost, or has been seen. What uses the old one
    stops.

    store
        Where the password goes. Default: what pillar says for that cluster.

    CLI Example:

    .. code-block:: bash

        salt-call rds_cluster.reset_password common
    """
    planned = _planned(name)
    place = _store(store if store is not None else planned.get("store"))
    if place is None:
        raise RunbookError(
            f"No store is named for the password of {name}: name it as aws:rds:clusters:{name}:store in pillar."
        )
    session = _session(region or planned.get("region"), profile, keyid, key)
    entry = _entry(session, name)
    if entry is None:
        raise RunbookError(f"There is no DB cluster {name}.")
    if entry.get("MasterUserSecret"):
        raise RunbookError(
            f"{_subject(name)} has its password in Secrets Manager ({entry['MasterUserSecret']['SecretArn']}): rotate it "
            "there."
        )
    passwords.replace(
        place,
        lambda password: session.write(
            "rds",
            "modify_db_cluster",
            f"set the password of the DB cluster {name}",
            once=True,
            DBClusterIdentifier=name,
            MasterUserPassword=password.reveal(),
            ApplyImmediately=True,
        ),
        again=f"rds_cluster.reset_password {name}",
    )
    return f"{_subject(name)} has a new password, in {place.describe()}."


def _planned(name):
    """What pillar says of it: where it is, where its password goes."""
    return __salt__["aws_database.plan"](format="data")["clusters"].get(name, {})


def connection_details(name, region=None, profile=None, keyid=None, key=None):
    """
    How to connect to the cluster: ``host``, ``port``, ``user``, ``database``, ``tunnel`` (a line for the shell that leads
    through a bastion, as it has no public address), ``psql`` (a line that connects through it and asks for the password),
    where the password is if AWS keeps it, and ``notes``.

    CLI Example:

    .. code-block:: bash

        salt-call rds_cluster.connection_details common
    """
    session = _session(region or _planned(name).get("region"), profile, keyid, key)
    entry = _entry(session, name)
    if entry is None:
        raise RunbookError(f"There is no DB cluster {name}.")
    members = _members(session, name)
    status = _status(entry, members)
    if not entry.get("Endpoint") or not members or status == "creating":
        raise RunbookError(f"{_subject(name)} is {status}, and cannot be reached yet.")
    return database_connection.details(
        entry["Endpoint"],
        entry["Port"],
        entry["MasterUsername"],
        entry.get("DatabaseName"),
        entry["Engine"],
        public=any(member.get("PubliclyAccessible") for member in members),
        secret=entry.get("MasterUserSecret", {}).get("SecretArn"),
    )


def pending(region=None, profile=None, keyid=None, key=None):
    """
    What AWS must still do about the clusters that pillar plans: a list of ``what``, ``on`` (who must do it), ``since`` and
    ``do``.

    CLI Example:

    .. code-block:: bash

        salt-call rds_cluster.pending
    """
    found = []
    for name, wanted in __salt__["aws_database.plan"](format="data")["clusters"].items():
        connection = {"region": region or wanted.get("region"), "profile": profile, "keyid": keyid, "key": key}
        try:
            current = describe(name, attributes=[], **connection)
            if current and current["status"] != database_changes.DELETING:
                found += database_changes.decide(name, _subject(name), current, {}).pending
        except RunbookError as error:
            found.append({"what": f"DB cluster {name}", "on": "you", "since": None, "do": str(error)})
    return found


def obstacles(
    name,
    skip_final_snapshot=False,
    final_db_snapshot_identifier=None,
    region=None,
    profile=None,
    keyid=None,
    key=None,
):
    """
    Why a cluster must not be deleted: a list of sentences, empty when nothing is in the way.

    skip_final_snapshot
        ``True`` when its data may be destroyed with it.
    final_db_snapshot_identifier
        The name of a snapshot to take before.

    CLI Example:

    .. code-block:: bash

        salt-call rds_cluster.obstacles common
    """
    session = _session(region, profile, keyid, key)
    entry = _entry(session, name)
    if entry is None:
        return []
    taken = False
    if final_db_snapshot_identifier is not None:
        database_checks.identifier("DB snapshot", final_db_snapshot_identifier)
        taken = bool(
            session.read(
                "rds",
                "describe_db_cluster_snapshots",
                f"find the snapshot {final_db_snapshot_identifier}",
                DBClusterSnapshotIdentifier=final_db_snapshot_identifier,
                absent=("DBClusterSnapshotNotFoundFault",),
            )
        )
    return database_changes.obstacles(
        _subject(name),
        _status(entry, _members(session, name)),
        protected=entry.get("DeletionProtection", False),
        skip=skip_final_snapshot,
        snapshot=final_db_snapshot_identifier,
        taken=taken,
        unprotect=f"rds_cluster.apply {name} '{{deletion_protection: False}}' apply=now",
    )


def delete(
    name,
    skip_final_snapshot=False,
    final_db_snapshot_identifier=None,
    delete_automated_backups=False,
    region=None,
    profile=None,
    keyid=None,
    key=None,
):
    """
    Delete a cluster and its instances, after a last snapshot or without one: one of the two must be said.

    skip_final_snapshot
        ``True`` to destroy its data. There is no way back.
    final_db_snapshot_identifier
        The name of a snapshot to take before.
    delete_automated_backups
        ``True`` to delete its automated backups too, which AWS otherwise keeps for their time.

    CLI Example:

    .. code-block:: bash

        salt-call rds_cluster.delete common final_db_snapshot_identifier=common-final
    """
    where = f"DB cluster {name}"
    arguments.one_of(where, "skip_final_snapshot", skip_final_snapshot, (True, False))
    session = _session(region, profile, keyid, key)
    found = obstacles(
        name, skip_final_snapshot, final_db_snapshot_identifier, region=region, profile=profile, keyid=keyid, key=key
    )
    if found:  # the instances go first, and with them the way to the data: whatever AWS would refuse comes before
        raise RunbookError("\n".join(found))
    for member in _members(session, name):
        identifier = member["DBInstanceIdentifier"]
        session.write(
            "rds",
            "delete_db_instance",
            f"delete the instance {identifier} of the DB cluster {name}",
            DBInstanceIdentifier=identifier,
            SkipFinalSnapshot=True,  # the data are the cluster's
        )
    last = (
        {"FinalDBSnapshotIdentifier": final_db_snapshot_identifier}
        if final_db_snapshot_identifier
        else {"SkipFinalSnapshot": True}
    )
    session.write(
        "rds",
        "delete_db_cluster",
        f"delete the DB cluster {name}",
        DBClusterIdentifier=name,
        DeleteAutomatedBackups=delete_automated_backups is True,
        **last,
    )
    return True
