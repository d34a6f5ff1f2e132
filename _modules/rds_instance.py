"""
Manage database instances of RDS.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.DBInstance.html

Attributes, with AWS's names in snake case, of which these need a word
    ``preset``
        ``data-analysis`` (cheap, public, for data that may be lost) or ``production`` (the opposite of each): see the page
        on databases. Every other attribute overrides the preset's.
    ``engine_version``
        ``latest``, or a version such as ``'16.10'`` or ``'16'``. One that is there is never upgraded by itself: see
        ``allow_upgrade``.
    ``max_allocated_storage``
        How large storage may grow by itself, in GiB; ``0`` for no autoscaling.
    ``vpc_security_groups``
        Names or ids of its security groups, all of them.
    ``master_password``
        ``stored`` (made here, put into the ``store``) or ``managed`` (made and kept by AWS in Secrets Manager).
    ``tags``
        A mapping of strings. Others stay, unless ``purge``.

No function returns, logs or prints a password. Every function takes ``region``, ``profile``, ``keyid`` and ``key`` last:
where the instance is, and how to reach the account. IAM actions: ``rds:DescribeDBInstances``,
``rds:DescribeDBEngineVersions``, ``rds:DescribeDBSubnetGroups``, ``ec2:DescribeVpcs`` and
``ec2:DescribeSecurityGroups`` to read; ``rds:CreateDBInstance``, ``rds:ModifyDBInstance``, ``rds:AddTagsToResource`` and
``rds:RemoveTagsFromResource`` to write; ``rds:DeleteDBInstance``, ``rds:DescribeDBSnapshots`` and
``rds:CreateDBSnapshot`` to delete; with ``master_password: managed`` also ``secretsmanager:CreateSecret``,
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
    presets,
    rds,
    stores,
)
from aws_runbook.database_attributes import INSTANCE
from aws_runbook.errors import RunbookError
from aws_runbook.gpg import salt_homedir
from aws_runbook.session import connect

# What a new instance cannot do without.
_NEEDED = ("engine", "db_instance_class", "allocated_storage", "master_username")
_MISSING = ("DBInstanceNotFound", "DBInstanceNotFoundFault")


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
    return f"The DB instance {name}"


def describe(name, attributes=None, region=None, profile=None, keyid=None, key=None):
    """
    The instance's ``arn``, ``vpc_id``, ``status``, ``pending`` (what AWS will change, by attribute), ``window`` (when) and
    attributes, in which what is pending has come true already; ``None`` when there is none.

    attributes
        Only these are shown. Default: all.

    CLI Example:

    .. code-block:: bash

        salt-call rds_instance.describe analysis
    """
    session = _session(region, profile, keyid, key)
    entry = _entry(session, name)
    return entry and _described(session, name, entry, attributes)


def _entry(session, name):
    answer = session.read(
        "rds",
        "describe_db_instances",
        f"find the DB instance {name}",
        DBInstanceIdentifier=name,
        absent=_MISSING,
    )
    return answer and answer["DBInstances"][0]


def _described(session, name, entry, attributes=None):
    readers = {
        **INSTANCE.readers,
        "vpc_security_groups": lambda found: rds.group_names(session, found),
        "tags": lambda found: rds.tags(session, f"the DB instance {name}", found["DBInstanceArn"], found),
    }
    wanted = readers if attributes is None else attributes
    pending = INSTANCE.pending(entry)
    return {
        "arn": entry["DBInstanceArn"],
        "vpc_id": entry.get("DBSubnetGroup", {}).get("VpcId"),
        "status": entry["DBInstanceStatus"],
        "pending": pending,
        "window": entry.get("PreferredMaintenanceWindow"),
        **{attribute: pending.get(attribute, readers[attribute](entry)) for attribute in wanted},
    }


def normalise(name, attributes, region=None, profile=None, keyid=None, key=None):  # noqa: ARG001 - as in every module
    """
    The attributes as ``describe`` would give them, those of the preset among them; a value that RDS does not take is an
    error.

    CLI Example:

    .. code-block:: bash

        salt-call rds_instance.normalise analysis '{preset: data-analysis}'
    """
    where = f"DB instance {name}"
    database_checks.identifier("DB instance", name)
    database_checks.options(where, preset=attributes.get("preset"), master_password=attributes.get("master_password"))
    return database_checks.instance(where, presets.expand(attributes))


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
    What ``rds_instance.present`` would do: ``changes``, ``warnings`` and ``pending``. What only a person can decide is an
    error that says how.

    attributes
        A mapping of what is wanted.
    store, apply, allow_upgrade, wait, purge
        As in ``rds_instance.present``. With ``wait`` it is waited for first while AWS is at work on it.

    CLI Example:

    .. code-block:: bash

        salt-call rds_instance.plan analysis '{preset: data-analysis}' store=sdb://vault/analysis
    """
    where = f"DB instance {name}"
    database_checks.options(where, apply=apply, allow_upgrade=allow_upgrade)
    timeout = durations.seconds(where, "wait", wait)
    wanted = normalise(name, attributes)
    place = _store(store)
    if place is not None:
        wanted.setdefault("master_password", passwords.STORED)
    session = _session(region, profile, keyid, key)
    entry = _entry(session, name)
    if entry and timeout and _at_work(entry):
        rds.wait(_subject(name), lambda: _status(session, name), timeout)
        entry = _entry(session, name)
    passwords.check(f"DB instance {name}", wanted, entry, place, reset=f"rds_instance.reset_password {name}")
    current = entry and _described(session, name, entry)
    if current is None:
        database_checks.complete(where, wanted, _NEEDED)
    resolved, warnings = rds.resolved(session, _subject(name), current, wanted, allow_upgrade)
    decision = database_changes.decide(name, _subject(name), current, resolved, purge=purge, warnings=warnings)
    return {
        "changes": decision.changes,
        "warnings": list(decision.warnings),
        "pending": list(decision.pending),
    }


def _at_work(entry):
    return entry["DBInstanceStatus"] not in (*database_changes.AVAILABLE, database_changes.DELETING)


def _status(session, name):
    entry = _entry(session, name)
    return entry["DBInstanceStatus"] if entry else "not shown by AWS"


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
    Do what ``plan`` says: make the instance, or change it.

    changes
        A mapping of attributes to their new values; with ``name`` the instance is made.
    store, apply
        As in ``rds_instance.present``.

    CLI Example:

    .. code-block:: bash

        salt-call rds_instance.apply analysis '{backup_retention_period: 7}' apply=now
    """
    wanted = dict(changes)
    session = _session(region, profile, keyid, key)
    if wanted.pop("name", None):
        _create(session, name, wanted, _store(store))
    else:
        _modify(session, name, wanted, _store(store), now=apply == "now")
    return True


def _create(session, name, wanted, place):
    parameters = INSTANCE.create_parameters(wanted)
    if wanted.get("vpc_security_groups"):
        vpc_id = rds.vpc_id(session, wanted.get("db_subnet_group_name"))
        parameters["VpcSecurityGroupIds"] = ec2.group_ids(session, wanted["vpc_security_groups"], vpc_id)
    if wanted.get("tags"):
        parameters["Tags"] = ec2.tag_list(wanted["tags"])
    made = False
    if wanted["master_password"] == passwords.MANAGED:
        parameters["ManageMasterUserPassword"] = True
    else:
        password, made = passwords.for_new(f"DB instance {name}", place)
        parameters["MasterUserPassword"] = password.reveal()
    answer = session.write(
        "rds",
        "create_db_instance",
        f"create the DB instance {name}",
        absent=("DBInstanceAlreadyExists",),
        once=True,  # so that one which is there already is somebody else's
        DBInstanceIdentifier=name,
        **parameters,
    )
    if answer is None and made:
        raise passwords.overtaken(f"DB instance {name}", place, reset=f"rds_instance.reset_password {name}")


def _modify(session, name, wanted, place, *, now):
    entry = _entry(session, name)
    if entry is None:
        raise RunbookError(f"There is no DB instance {name}.")
    tags = wanted.pop("tags", None)
    if tags is not None:
        arn = entry["DBInstanceArn"]
        rds.write_tags(
            session, f"the DB instance {name}", arn, rds.tags(session, f"the DB instance {name}", arn, entry), tags
        )
    parameters = INSTANCE.modify_parameters(wanted, entry)
    if "vpc_security_groups" in wanted:
        vpc_id = entry["DBSubnetGroup"]["VpcId"] if entry.get("DBSubnetGroup") else rds.vpc_id(session, None)
        parameters["VpcSecurityGroupIds"] = ec2.group_ids(session, wanted["vpc_security_groups"], vpc_id)
    write = partial(
        session.write,
        "rds",
        "modify_db_instance",
        f"change the DB instance {name}",
        DBInstanceIdentifier=name,
        ApplyImmediately=now,
    )
    if wanted.get("master_password") == passwords.STORED:
        passwords.replace(
            place,
            lambda password: write(
                once=True, ManageMasterUserPassword=False, MasterUserPassword=password.reveal(), **parameters
            ),
            again=f"rds_instance.reset_password {name}",
        )
    elif parameters:
        write(**parameters)


def reset_password(name, store=None, region=None, profile=None, keyid=None, key=None):
    """
    Give the instance a new password, put into its store: for one that is lost, or has been seen. What uses the old one
    stops.

    store
        Where the password goes. Default: what pillar says for that instance.

    CLI Example:

    .. code-block:: bash

        salt-call rds_instance.reset_password analysis
    """
    planned = _planned(name)
    place = _store(store if store is not None else planned.get("store"))
    if place is None:
        raise RunbookError(
            f"No store is named for the password of {name}: name it as aws:rds:instances:{name}:store in pillar."
        )
    session = _session(region or planned.get("region"), profile, keyid, key)
    entry = _entry(session, name)
    if entry is None:
        raise RunbookError(f"There is no DB instance {name}.")
    if entry.get("MasterUserSecret"):
        raise RunbookError(
            f"{_subject(name)} has its password in Secrets Manager ({entry['MasterUserSecret']['SecretArn']}): rotate it "
            "there."
        )
    passwords.replace(
        place,
        lambda password: session.write(
            "rds",
            "modify_db_instance",
            f"set the password of the DB instance {name}",
            once=True,
            DBInstanceIdentifier=name,
            MasterUserPassword=password.reveal(),
            ApplyImmediately=True,
        ),
        again=f"rds_instance.reset_password {name}",
    )
    return f"{_subject(name)} has a new password, in {place.describe()}."


def _planned(name):
    """What pillar says of it: where it is, where its password goes."""
    return __salt__["aws_database.plan"](format="data")["instances"].get(name, {})


def connection_details(name, region=None, profile=None, keyid=None, key=None):
    """
    How to connect to the instance: ``host``, ``port``, ``user``, ``database``, ``psql`` (a line for the shell, which asks
    for the password), where the password is if AWS keeps it, and ``notes``.

    CLI Example:

    .. code-block:: bash

        salt-call rds_instance.connection_details analysis
    """
    session = _session(region or _planned(name).get("region"), profile, keyid, key)
    entry = _entry(session, name)
    if entry is None:
        raise RunbookError(f"There is no DB instance {name}.")
    if not entry.get("Endpoint"):
        raise RunbookError(f"{_subject(name)} is {entry['DBInstanceStatus']}, and cannot be reached yet.")
    return database_connection.details(
        entry["Endpoint"]["Address"],
        entry["Endpoint"]["Port"],
        entry["MasterUsername"],
        entry.get("DBName"),
        entry["Engine"],
        public=entry.get("PubliclyAccessible", False),
        secret=entry.get("MasterUserSecret", {}).get("SecretArn"),
    )


def pending(region=None, profile=None, keyid=None, key=None):
    """
    What AWS must still do about the instances that pillar plans: a list of ``what``, ``on`` (who must do it), ``since``
    and ``do``.

    CLI Example:

    .. code-block:: bash

        salt-call rds_instance.pending
    """
    found = []
    for name, wanted in __salt__["aws_database.plan"](format="data")["instances"].items():
        connection = {"region": region or wanted.get("region"), "profile": profile, "keyid": keyid, "key": key}
        try:
            current = describe(name, attributes=[], **connection)
            if current and current["status"] != database_changes.DELETING:
                found += database_changes.decide(name, _subject(name), current, {}).pending
        except RunbookError as error:
            found.append({"what": f"DB instance {name}", "on": "you", "since": None, "do": str(error)})
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
    Why an instance must not be deleted: a list of sentences, empty when nothing is in the way.

    skip_final_snapshot
        ``True`` when its data may be destroyed with it.
    final_db_snapshot_identifier
        The name of a snapshot to take before.

    CLI Example:

    .. code-block:: bash

        salt-call rds_instance.obstacles analysis
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
                "describe_db_snapshots",
                f"find the snapshot {final_db_snapshot_identifier}",
                DBSnapshotIdentifier=final_db_snapshot_identifier,
                absent=("DBSnapshotNotFound", "DBSnapshotNotFoundFault"),
            )
        )
    return database_changes.obstacles(
        _subject(name),
        entry["DBInstanceStatus"],
        protected=entry.get("DeletionProtection", False),
        skip=skip_final_snapshot,
        snapshot=final_db_snapshot_identifier,
        taken=taken,
        member_of=entry.get("DBClusterIdentifier"),
        unprotect=f"rds_instance.apply {name} '{{deletion_protection: False}}' apply=now",
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
    Delete an instance, after a last snapshot or without one: one of the two must be said.

    skip_final_snapshot
        ``True`` to destroy its data. There is no way back.
    final_db_snapshot_identifier
        The name of a snapshot to take before.
    delete_automated_backups
        ``True`` to delete its automated backups too, which AWS otherwise keeps for their time.

    CLI Example:

    .. code-block:: bash

        salt-call rds_instance.delete analysis final_db_snapshot_identifier=analysis-final
    """
    arguments.one_of(f"DB instance {name}", "skip_final_snapshot", skip_final_snapshot, (True, False))
    session = _session(region, profile, keyid, key)
    last = (
        {"FinalDBSnapshotIdentifier": final_db_snapshot_identifier}
        if final_db_snapshot_identifier
        else {"SkipFinalSnapshot": skip_final_snapshot}
    )
    session.write(
        "rds",
        "delete_db_instance",
        f"delete the DB instance {name}",
        DBInstanceIdentifier=name,
        DeleteAutomatedBackups=delete_automated_backups is True,
        **last,
    )
    return True
