"""
Manage database instances of RDS.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.DBInstance.html

Attributes have AWS's names in snake case. These need an explanation
    ``preset``
        ``data-analysis`` (cheap, public, for data that may be lost) or ``production`` (private, for data that must be
        kept): see the page on databases. Every other attribute overrides the preset's.
    ``engine_version``
        ``latest``, or a version such as ``'16.10'`` or ``'16'``. An existing database is upgraded only with
        ``allow_upgrade``.
    ``max_allocated_storage``
        The limit of storage autoscaling, in GiB; ``0`` for no autoscaling.
    ``vpc_security_groups``
        The complete list of its security groups: names or ids.
    ``master_password``
        ``stored`` (generated here and put into the ``store``) or ``managed`` (generated and kept by AWS in Secrets Manager).
    ``tags``
        A mapping of strings. Other tags are kept, unless ``purge`` is set.

No function returns, logs or prints a password. Every function takes ``region``, ``profile``, ``keyid`` and ``key`` as its last arguments:
where the instance is, and how to reach the account. IAM actions: ``rds:DescribeDBInstances``,
``rds:DescribeDBEngineVersions``, ``rds:DescribeDBMajorEngineVersions``, ``rds:DescribeDBSubnetGroups``,
``ec2:DescribeVpcs``, ``ec2:DescribeSecurityGroups``,
``ec2:DescribeInternetGateways`` and ``ec2:DescribeVpcAttribute`` to read; ``rds:CreateDBInstance``,
``rds:ModifyDBInstance``, ``rds:AddTagsToResource`` and ``rds:RemoveTagsFromResource`` to write;
``rds:DeleteDBInstance``, ``rds:DescribeDBSnapshots`` and ``rds:CreateDBSnapshot`` to delete; with ``master_password:
managed`` also ``secretsmanager:CreateSecret``, ``secretsmanager:TagResource`` and ``kms:DescribeKey``.
"""

from aws_runbook.databases import passwords, presets, storage
from aws_runbook.databases.attributes import INSTANCE
from aws_runbook.databases.database import Api, Database
from aws_runbook.kinds.connected import connected

# Arguments that take texts.
TEXTS = ("final_db_snapshot_identifier",)


class _Instance(Database):
    """The particulars of instances."""

    kind, module, key = "DB instance", "rds_instance", "instances"
    api = Api(
        describe="describe_db_instances",
        create="create_db_instance",
        modify="modify_db_instance",
        delete="delete_db_instance",
        entries="DBInstances",
        identifier="DBInstanceIdentifier",
        arn="DBInstanceArn",
        absent=("DBInstanceNotFound", "DBInstanceNotFoundFault"),
        taken="DBInstanceAlreadyExists",
        describe_snapshots="describe_db_snapshots",
        snapshot="DBSnapshotIdentifier",
        no_snapshot=("DBSnapshotNotFound", "DBSnapshotNotFoundFault"),
    )
    attributes = INSTANCE
    needed = ("engine", "db_instance_class", "allocated_storage", "master_username")

    def check(self, attributes):
        return self.attributes.check(self.where, presets.expand(attributes))

    def completed(self, wanted, current):
        """Add the storage attributes that RDS sets itself."""
        known = current or {}
        engine = known.get("engine") or wanted.get("engine", "")
        storage.check(self.where, engine, known, wanted)
        return {**(storage.follows(engine, known, wanted) if known else {}), **wanted}

    def status(self, entry):
        return entry["DBInstanceStatus"]

    def vpc_id(self, entry):
        return entry.get("DBSubnetGroup", {}).get("VpcId")

    def owner(self, entry):
        return entry.get("DBClusterIdentifier")

    def endpoint(self, entry):
        if not entry.get("Endpoint"):
            raise self.unreachable(entry)
        return {
            "host": entry["Endpoint"]["Address"],
            "port": entry["Endpoint"]["Port"],
            "database": entry.get("DBName"),
            "public": entry.get("PubliclyAccessible", False),
        }

    def planned(self):
        return __salt__["aws_database.plan"](format="data")[self.key]


@connected
def describe(session, name, attributes=None):
    """
    Return the attributes of a DB instance.

    Returns the instance's ``arn``, ``vpc_id``, ``status``, ``pending`` (the changes that AWS will make, by attribute),
    ``in_effect`` (the values of these attributes until then), ``held`` (all pending changes, by AWS's names), ``unnamed``
    (those of them that are not attributes), ``window`` (the time of the changes) and its attributes, as they are after the
    pending changes; ``None`` if the instance does not exist.

    attributes
        A list of names of the attributes to return. Default: all.

    IAM actions: ``rds:DescribeDBInstances``; for the names of its security groups ``ec2:DescribeSecurityGroups``.
    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBInstances.html

    CLI Example:

    .. code-block:: bash

        salt-call rds_instance.describe analysis
    """
    return _Instance(name, session).describe(attributes)


@connected
def normalise(session, name, attributes):
    """
    Check the attributes of a DB instance, and return them as ``describe`` would give them.

    The result includes the attributes of the preset. A value that RDS does not accept is an error.

    attributes
        A mapping with the arguments of ``rds_instance.present``.

    Makes no call to AWS.

    CLI Example:

    .. code-block:: bash

        salt-call rds_instance.normalise analysis '{preset: data-analysis}'
    """
    return _Instance(name).normalise(attributes)


@connected
def plan(session, name, attributes, store=None, apply=None, allow_upgrade=None, wait=None, purge=False):
    """
    Return what the state would do for a DB instance.

    Returns what ``rds_instance.present`` would do: ``changes``, ``warnings`` and ``pending``. A situation that only a person
    can decide is an error that says what to do.

    attributes
        A mapping of the wanted attributes.
    store, apply, allow_upgrade, wait, purge
        As in ``rds_instance.present``. With ``wait``, the function first waits until AWS has finished its current work.

    Writes neither to AWS nor to the store. IAM actions: those to read, in the module's help.

    CLI Example:

    .. code-block:: bash

        salt-call rds_instance.plan analysis '{preset: data-analysis}' store=sdb://vault/analysis
    """
    place = passwords.place(store, __opts__)
    return _Instance(name, session).plan(
        attributes, place, apply=apply, allow_upgrade=allow_upgrade, wait=wait, purge=purge
    )


@connected
def apply(session, name, changes, store=None, apply=None):
    """
    Carry out a plan: create the instance, or change it.

    changes
        A mapping of attributes to their new values; with ``name`` the instance is created.
    store, apply
        As in ``rds_instance.present``.

    A new instance gets the password that is in the store, or a new one that is stored first. Creation does not
    change an existing one. IAM actions: those to write, in the module's help.
    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html

    CLI Example:

    .. code-block:: bash

        salt-call rds_instance.apply analysis '{backup_retention_period: 7}' apply=now
    """
    _Instance(name, session).apply(changes, passwords.place(store, __opts__), now=apply == "now")
    return True


@connected
def reset_password(session, name, store=None):
    """
    Give a DB instance a new password.

    Stores a new password and sets it. Use this for a password that is lost or has been exposed. Clients with the old
    password stop working.

    store
        Where the password is stored. Default: the instance's setting in pillar.

    Returns a sentence that says where the password is. If AWS refuses, the old password is put back into the store. IAM actions:
    ``rds:DescribeDBInstances``, ``rds:ModifyDBInstance``.

    CLI Example:

    .. code-block:: bash

        salt-call rds_instance.reset_password analysis
    """
    return _Instance(name, session).reset_password(store, __opts__)


@connected
def connection_details(session, name):
    """
    Return how to connect to a DB instance.

    Returns ``host``, ``port``, ``user``, ``database``, ``psql`` (a shell command that asks for the password), the location
    of the password if AWS keeps it, and ``notes``.

    An instance without an endpoint is an error that names its status. IAM actions: ``rds:DescribeDBInstances``.

    CLI Example:

    .. code-block:: bash

        salt-call rds_instance.connection_details analysis
    """
    return _Instance(name, session).connection_details()


@connected
def pending(session):
    """
    List what AWS must still do for DB instances.

    Returns a list of ``what``, ``on`` (who must act), ``since`` and ``do`` for the instances in pillar.

    IAM actions: ``rds:DescribeDBInstances``.

    CLI Example:

    .. code-block:: bash

        salt-call rds_instance.pending
    """
    return _Instance.pending(session)


@connected
def obstacles(session, name, skip_final_snapshot=False, final_db_snapshot_identifier=None):
    """
    List the reasons why an instance must not be deleted, one sentence each; empty when there are none.

    skip_final_snapshot
        ``True`` to allow the destruction of its data.
    final_db_snapshot_identifier
        The name of a snapshot to take first.

    IAM actions: ``rds:DescribeDBInstances``, ``rds:DescribeDBSnapshots``.

    CLI Example:

    .. code-block:: bash

        salt-call rds_instance.obstacles analysis
    """
    return _Instance(name, session).obstacles(skip_final_snapshot, final_db_snapshot_identifier)


@connected
def delete(session, name, skip_final_snapshot=False, final_db_snapshot_identifier=None, delete_automated_backups=False):
    """
    Delete an instance, with or without a final snapshot. One of the two must be chosen.

    skip_final_snapshot
        ``True`` to destroy its data. There is no way back.
    final_db_snapshot_identifier
        The name of a snapshot to take first.
    delete_automated_backups
        ``True`` to delete its automated backups too. Default: AWS keeps them for their retention period.

    Any result of ``obstacles`` is an error. AWS takes several minutes. IAM actions: ``rds:DescribeDBInstances``,
    ``rds:DescribeDBSnapshots``, ``rds:DeleteDBInstance``, ``rds:CreateDBSnapshot``.
    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBInstance.html

    CLI Example:

    .. code-block:: bash

        salt-call rds_instance.delete analysis final_db_snapshot_identifier=analysis-final
    """
    _Instance(name, session).delete(skip_final_snapshot, final_db_snapshot_identifier, delete_automated_backups)
    return True
