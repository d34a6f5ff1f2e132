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
``rds:DescribeDBEngineVersions``, ``rds:DescribeDBMajorEngineVersions``, ``rds:DescribeDBSubnetGroups``,
``ec2:DescribeVpcs``, ``ec2:DescribeSecurityGroups``,
``ec2:DescribeInternetGateways`` and ``ec2:DescribeVpcAttribute`` to read; ``rds:CreateDBInstance``,
``rds:ModifyDBInstance``, ``rds:AddTagsToResource`` and ``rds:RemoveTagsFromResource`` to write;
``rds:DeleteDBInstance``, ``rds:DescribeDBSnapshots`` and ``rds:CreateDBSnapshot`` to delete; with ``master_password:
managed`` also ``secretsmanager:CreateSecret``, ``secretsmanager:TagResource`` and ``kms:DescribeKey``.
"""

from aws_runbook.databases import passwords, presets, storage
from aws_runbook.databases.attributes import INSTANCE
from aws_runbook.databases.operations import Api, Database
from aws_runbook.kinds.functions import connected


class _Instance(Database):
    """What is particular to instances."""

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
        """With what RDS sets of the storage by itself."""
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

    The instance's ``arn``, ``vpc_id``, ``status``, ``pending`` (what AWS will change, by attribute), ``standing`` (what these
    are until then), ``held`` (all that waits, by AWS's names), ``unnamed`` (those of them that are no attribute),
    ``window`` (when) and attributes, in which what is pending has come true already; ``None`` when there is none.

    attributes
        Only these are shown. Default: all.

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
    Check the attributes of a DB instance, and return them as they are described.

    The attributes as ``describe`` would give them, those of the preset among them; a value that RDS does not take is an
    error.

    attributes
        A mapping, as the arguments of ``rds_instance.present``.

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

    What ``rds_instance.present`` would do: ``changes``, ``warnings`` and ``pending``. What only a person can decide is an
    error that says how.

    attributes
        A mapping of what is wanted.
    store, apply, allow_upgrade, wait, purge
        As in ``rds_instance.present``. With ``wait`` it is waited for first while AWS is at work on it.

    Reads, and writes neither to AWS nor to the store. IAM actions: those to read, in the module's help.

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
    Do what ``plan`` says: make the instance, or change it.

    changes
        A mapping of attributes to their new values; with ``name`` the instance is made.
    store, apply
        As in ``rds_instance.present``.

    A new instance is made with the password that the store has, or with a new one that is stored before. An existing one
    is left unchanged. IAM actions: those to write, in the module's help.
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

    Give the instance a new password, put into its store: for one that is lost, or has been seen. What uses the old one
    stops.

    store
        Where the password goes. Default: what pillar says for that instance.

    Returns a sentence that says where the password is. When AWS refuses, the store has the old one again. IAM actions:
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

    How to connect to the instance: ``host``, ``port``, ``user``, ``database``, ``psql`` (a line for the shell, which asks
    for the password), where the password is if AWS keeps it, and ``notes``.

    One that has no endpoint yet is an error that names its status. IAM actions: ``rds:DescribeDBInstances``.

    CLI Example:

    .. code-block:: bash

        salt-call rds_instance.connection_details analysis
    """
    return _Instance(name, session).connection_details()


@connected
def pending(session):
    """
    List what AWS must still do for DB instances.

    What AWS must still do for the instances in pillar: a list of ``what``, ``on`` (who must do it), ``since``
    and ``do``.

    IAM actions: ``rds:DescribeDBInstances``.

    CLI Example:

    .. code-block:: bash

        salt-call rds_instance.pending
    """
    return _Instance.pending(session)


@connected
def obstacles(session, name, skip_final_snapshot=False, final_db_snapshot_identifier=None):
    """
    Why an instance must not be deleted: a list of sentences, empty when nothing is in the way.

    skip_final_snapshot
        ``True`` when its data may be destroyed with it.
    final_db_snapshot_identifier
        The name of a snapshot to take before.

    IAM actions: ``rds:DescribeDBInstances``, ``rds:DescribeDBSnapshots``.

    CLI Example:

    .. code-block:: bash

        salt-call rds_instance.obstacles analysis
    """
    return _Instance(name, session).obstacles(skip_final_snapshot, final_db_snapshot_identifier)


@connected
def delete(session, name, skip_final_snapshot=False, final_db_snapshot_identifier=None, delete_automated_backups=False):
    """
    Delete an instance, after a final snapshot or without one: one of the two must be given.

    skip_final_snapshot
        ``True`` to destroy its data. There is no way back.
    final_db_snapshot_identifier
        The name of a snapshot to take before.
    delete_automated_backups
        ``True`` to delete its automated backups too, which AWS otherwise keeps for their time.

    What ``obstacles`` says is an error. AWS takes minutes for it. IAM actions: ``rds:DescribeDBInstances``,
    ``rds:DescribeDBSnapshots``, ``rds:DeleteDBInstance``, ``rds:CreateDBSnapshot``.
    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBInstance.html

    CLI Example:

    .. code-block:: bash

        salt-call rds_instance.delete analysis final_db_snapshot_identifier=analysis-final
    """
    _Instance(name, session).delete(skip_final_snapshot, final_db_snapshot_identifier, delete_automated_backups)
    return True
