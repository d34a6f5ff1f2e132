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
``rds:DescribeDBInstances``, ``rds:DescribeDBEngineVersions``, ``rds:DescribeDBMajorEngineVersions``,
``rds:DescribeDBSubnetGroups``, ``ec2:DescribeVpcs`` and
``ec2:DescribeSecurityGroups`` to read; ``rds:CreateDBCluster``, ``rds:CreateDBInstance``, ``rds:ModifyDBCluster``,
``rds:EnableHttpEndpoint``, ``rds:DisableHttpEndpoint``, ``rds:AddTagsToResource`` and ``rds:RemoveTagsFromResource`` to
write; ``rds:DeleteDBInstance``, ``rds:DeleteDBCluster``, ``rds:DescribeDBClusterSnapshots`` and
``rds:CreateDBClusterSnapshot`` to delete; with ``master_password: managed`` also ``secretsmanager:CreateSecret``,
``secretsmanager:TagResource`` and ``kms:DescribeKey``.
"""

from aws_runbook.databases import changes as database_changes
from aws_runbook.databases import passwords, serverless
from aws_runbook.databases.attributes import CLUSTER
from aws_runbook.databases.operations import Api, Database
from aws_runbook.kinds.functions import connected

_USER = "postgres"


class _Cluster(Database):
    """What is particular to clusters: the instances in them, and the Data API."""

    kind, module, key = "DB cluster", "rds_cluster", "clusters"
    api = Api(
        describe="describe_db_clusters",
        create="create_db_cluster",
        modify="modify_db_cluster",
        delete="delete_db_cluster",
        entries="DBClusters",
        identifier="DBClusterIdentifier",
        arn="DBClusterArn",
        absent=("DBClusterNotFoundFault",),
        taken="DBClusterAlreadyExistsFault",
        describe_snapshots="describe_db_cluster_snapshots",
        snapshot="DBClusterSnapshotIdentifier",
        no_snapshot=("DBClusterSnapshotNotFoundFault",),
    )
    attributes = CLUSTER
    needed = ("engine", "min_capacity", "max_capacity")
    # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-cluster-stop-start.html#aurora-cluster-stopped
    deleted_only_started = True

    def check(self, attributes):
        return self.attributes.check(self.where, attributes)

    def _members(self):
        """The instances of the cluster, by AWS's description."""
        answer = self.session.read(
            "rds",
            "describe_db_instances",
            f"find the instances of the {self.where}",
            Filters=[{"Name": "db-cluster-id", "Values": [self.name]}],
        )
        return sorted(answer["DBInstances"], key=lambda member: member["DBInstanceIdentifier"])

    def status(self, entry):
        """That of the cluster, or of an instance that is not available yet: without it, nobody can connect."""
        if entry["Status"] not in database_changes.AVAILABLE:
            return entry["Status"]
        ready = (*database_changes.AVAILABLE, *database_changes.DELETING)
        busy = (member["DBInstanceStatus"] for member in self._members())
        return next((status for status in busy if status not in ready), entry["Status"])

    def whole(self, entry):
        return entry["Status"]

    def vpc_id(self, _entry):
        groups = (member.get("DBSubnetGroup", {}) for member in self._members())
        return next((group["VpcId"] for group in groups if group), None)

    def readers(self):
        return {**super().readers(), "instance": self._instance}

    def _instance(self, _entry):
        return next((member["DBInstanceIdentifier"] for member in self._members()), None)

    def endpoint(self, entry):
        members = self._members()
        if not entry.get("Endpoint") or not members or self.status(entry) == "creating":
            raise self.unreachable(entry)
        return {
            "host": entry["Endpoint"],
            "port": entry["Port"],
            "database": entry.get("DatabaseName"),
            "public": any(member.get("PubliclyAccessible") for member in members),
        }

    def completed(self, wanted, current):
        defaults = {} if current else {"master_username": _USER}
        return {**defaults, **wanted, "instance": (current or {}).get("instance") or f"{self.name}-1"}

    def switch(self, wanted, entry):
        if "data_api" not in wanted:
            return
        # Of Serverless v2, by a call of its own: ModifyDBCluster switches only v1's.
        # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/data-api.enabling.html
        verb = "enable" if wanted["data_api"] else "disable"
        self.session.write(
            "rds",
            f"{verb}_http_endpoint",
            f"{verb} the Data API of the {self.where}",
            ResourceArn=entry["DBClusterArn"],
        )

    def add_parts(self, wanted, engine):
        if "instance" not in wanted:
            return
        self.session.write(
            "rds",
            "create_db_instance",
            f"create the instance {wanted['instance']} of the {self.where}",
            absent=("DBInstanceAlreadyExists",),
            DBInstanceIdentifier=wanted["instance"],
            DBClusterIdentifier=self.name,
            DBInstanceClass=serverless.CLASS,
            Engine=engine,
            PubliclyAccessible=False,
        )

    def delete_parts(self):
        for member in self._members():
            identifier = member["DBInstanceIdentifier"]
            self.session.write(
                "rds",
                "delete_db_instance",
                f"delete the instance {identifier} of the {self.where}",
                DBInstanceIdentifier=identifier,
                SkipFinalSnapshot=True,  # the data are the cluster's
            )

    def planned(self):
        return __salt__["aws_database.plan"](format="data")[self.key]


@connected
def describe(session, name, attributes=None):
    """
    Return the attributes of a DB cluster.

    The cluster's ``arn``, ``vpc_id``, ``status`` (its instance's while that is not available), ``pending`` (what AWS will
    change, by attribute), ``standing`` (what these are until then), ``held`` (all that waits, by AWS's names), ``unnamed``
    (those of them that are no attribute), ``window`` (when) and attributes, in which what is pending has come true
    already; ``None`` when there is none.

    attributes
        Only these are shown. Default: all.

    IAM actions: ``rds:DescribeDBClusters``, ``rds:DescribeDBInstances``; for the names of its security groups
    ``ec2:DescribeSecurityGroups``.
    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBClusters.html

    CLI Example:

    .. code-block:: bash

        salt-call rds_cluster.describe common
    """
    return _Cluster(name, session).describe(attributes)


@connected
def normalise(session, name, attributes):
    """
    Check the attributes of a DB cluster, and return them as they are described.

    The attributes as ``describe`` would give them; a value that RDS does not take, or that only Serverless v1 took, is an
    error.

    attributes
        A mapping, as the arguments of ``rds_cluster.present``.

    Makes no call to AWS.

    CLI Example:

    .. code-block:: bash

        salt-call rds_cluster.normalise common '{min_capacity: 0, max_capacity: 2}'
    """
    return _Cluster(name).normalise(attributes)


@connected
def plan(session, name, attributes, store=None, apply=None, allow_upgrade=None, wait=None, purge=False):
    """
    Return what the state would do for a DB cluster.

    What ``rds_cluster.present`` would do: ``changes``, ``warnings`` and ``pending``. What only a person can decide is an
    error that says how.

    attributes
        A mapping of what is wanted.
    store, apply, allow_upgrade, wait, purge
        As in ``rds_cluster.present``. With ``wait`` it is waited for first while AWS is at work on it.

    Reads, and writes neither to AWS nor to the store. IAM actions: those to read, in the module's help.

    CLI Example:

    .. code-block:: bash

        salt-call rds_cluster.plan common '{min_capacity: 0, max_capacity: 2}' store=sdb://vault/common
    """
    place = passwords.place(store, __opts__)
    return _Cluster(name, session).plan(
        attributes, place, apply=apply, allow_upgrade=allow_upgrade, wait=wait, purge=purge
    )


@connected
def apply(session, name, changes, store=None, apply=None):
    """
    Do what ``plan`` says: make the cluster and its instance, or change them.

    changes
        A mapping of attributes to their new values; with ``name`` the cluster is made.
    store, apply
        As in ``rds_cluster.present``.

    A new cluster is made with the password that the store has, or with a new one that is stored before. An existing one
    is left unchanged. IAM actions: those to write, in the module's help.
    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html
    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBCluster.html

    CLI Example:

    .. code-block:: bash

        salt-call rds_cluster.apply common '{max_capacity: 4}' apply=now
    """
    _Cluster(name, session).apply(changes, passwords.place(store, __opts__), now=apply == "now")
    return True


@connected
def reset_password(session, name, store=None):
    """
    Give a DB cluster a new password.

    Give the cluster a new password, put into its store: for one that is lost, or has been seen. What uses the old one
    stops.

    store
        Where the password goes. Default: what pillar says for that cluster.

    Returns a sentence that says where the password is. When AWS refuses, the store has the old one again. IAM actions:
    ``rds:DescribeDBClusters``, ``rds:ModifyDBCluster``.

    CLI Example:

    .. code-block:: bash

        salt-call rds_cluster.reset_password common
    """
    return _Cluster(name, session).reset_password(store, __opts__)


@connected
def connection_details(session, name):
    """
    Return how to connect to a DB cluster.

    How to connect to the cluster: ``host``, ``port``, ``user``, ``database``, ``tunnel`` (a line for the shell that leads
    through a bastion, as it has no public address), ``psql`` (a line that connects through it and asks for the password),
    where the password is if AWS keeps it, and ``notes``.

    One that has no endpoint yet is an error that names its status. IAM actions: ``rds:DescribeDBClusters``,
    ``rds:DescribeDBInstances``.

    CLI Example:

    .. code-block:: bash

        salt-call rds_cluster.connection_details common
    """
    return _Cluster(name, session).connection_details()


@connected
def pending(session):
    """
    List what AWS must still do for DB clusters.

    What AWS must still do for the clusters in pillar: a list of ``what``, ``on`` (who must do it), ``since`` and
    ``do``.

    IAM actions: ``rds:DescribeDBClusters``, ``rds:DescribeDBInstances``.

    CLI Example:

    .. code-block:: bash

        salt-call rds_cluster.pending
    """
    return _Cluster.pending(session)


@connected
def obstacles(session, name, skip_final_snapshot=False, final_db_snapshot_identifier=None):
    """
    Why a cluster must not be deleted: a list of sentences, empty when nothing is in the way.

    skip_final_snapshot
        ``True`` when its data may be destroyed with it.
    final_db_snapshot_identifier
        The name of a snapshot to take before.

    IAM actions: ``rds:DescribeDBClusters``, ``rds:DescribeDBInstances``, ``rds:DescribeDBClusterSnapshots``.

    CLI Example:

    .. code-block:: bash

        salt-call rds_cluster.obstacles common
    """
    return _Cluster(name, session).obstacles(skip_final_snapshot, final_db_snapshot_identifier)


@connected
def delete(session, name, skip_final_snapshot=False, final_db_snapshot_identifier=None, delete_automated_backups=False):
    """
    Delete a cluster and its instances, after a final snapshot or without one: one of the two must be given.

    skip_final_snapshot
        ``True`` to destroy its data. There is no way back.
    final_db_snapshot_identifier
        The name of a snapshot to take before.
    delete_automated_backups
        ``True`` to delete its automated backups too, which AWS otherwise keeps for their time.

    What ``obstacles`` says is an error. AWS takes minutes for it. IAM actions: those of ``obstacles``, and
    ``rds:DeleteDBInstance``, ``rds:DeleteDBCluster``, ``rds:CreateDBClusterSnapshot``.
    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBCluster.html

    CLI Example:

    .. code-block:: bash

        salt-call rds_cluster.delete common final_db_snapshot_identifier=common-final
    """
    _Cluster(name, session).delete(skip_final_snapshot, final_db_snapshot_identifier, delete_automated_backups)
    return True
