"""
Manage clusters of Aurora Serverless v2, each with one instance.

https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.html

Attributes have AWS's names in snake case. These need an explanation
    ``engine``
        ``aurora-postgresql`` or ``aurora-mysql``.
    ``engine_version``
        ``latest``, or a version such as ``'16.9'`` or ``'16'``. An existing database is upgraded only with
        ``allow_upgrade``.
    ``min_capacity``, ``max_capacity``
        Capacity units, in halves. With a ``min_capacity`` of 0 the cluster pauses when there are no connections.
    ``seconds_until_auto_pause``
        The time without connections after which it pauses, in seconds: 300 to 86400.
    ``data_api``
        ``True`` to accept SQL over HTTPS, without a connection to the VPC.
    ``database``
        The initial database of a new cluster.
    ``instance``
        The name of its instance. A cluster without instances gets one, of the class ``db.serverless`` and without a
        public address.
    ``vpc_security_groups``
        The complete list of its security groups: names or ids.
    ``master_password``
        ``stored`` (generated here and put into the ``store``) or ``managed`` (generated and kept by AWS in Secrets Manager).
    ``tags``
        A mapping of strings. Other tags are kept, unless ``purge`` is set.

No function returns, logs or prints a password. Every function takes ``region``, ``profile``, ``keyid`` and ``key`` as its last arguments:
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
from aws_runbook.databases.database import Api, Database
from aws_runbook.kinds.connected import connected

# Arguments that take texts.
TEXTS = ("final_db_snapshot_identifier",)

_USER = "postgres"


class _Cluster(Database):
    """The particulars of clusters: their instances and the Data API."""

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
        """Return the cluster's instances, as AWS describes them."""
        answer = self.session.read(
            "rds",
            "describe_db_instances",
            f"find the instances of the {self.where}",
            Filters=[{"Name": "db-cluster-id", "Values": [self.name]}],
        )
        return sorted(answer["DBInstances"], key=lambda member: member["DBInstanceIdentifier"])

    def status(self, entry):
        """Return the cluster's status, or that of an instance that is not available yet, because connections need an instance."""
        if entry["Status"] not in database_changes.AVAILABLE:
            return entry["Status"]
        ready = (*database_changes.AVAILABLE, *database_changes.DELETING)
        busy = (member["DBInstanceStatus"] for member in self._members())
        return next((status for status in busy if status not in ready), entry["Status"])

    def whole(self, entry):
        return entry["Status"]

    def vpc_id(self, entry):  # noqa: ARG002 - its instances tell it
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
        # Serverless v2 needs a separate call: ModifyDBCluster switches only the Data API of v1.
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
                SkipFinalSnapshot=True,  # the data belong to the cluster
            )

    def planned(self):
        return __salt__["aws_database.plan"](format="data")[self.key]


@connected
def describe(session, name, attributes=None):
    """
    Return the attributes of a DB cluster.

    Returns the cluster's ``arn``, ``vpc_id``, ``status`` (its instance's status while that is not available), ``pending``
    (the changes that AWS will make, by attribute), ``in_effect`` (the values of these attributes until then), ``held`` (all
    pending changes, by AWS's names), ``unnamed`` (those of them that are not attributes), ``window`` (the time of the
    changes) and its attributes, as they are after the pending changes; ``None`` if the cluster does not exist.

    attributes
        A list of names of the attributes to return. Default: all.

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
    Check the attributes of a DB cluster, and return them as ``describe`` would give them.

    A value that RDS does not accept, or that only Serverless v1 accepted, is an error.

    attributes
        A mapping with the arguments of ``rds_cluster.present``.

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

    Returns what ``rds_cluster.present`` would do: ``changes``, ``warnings`` and ``pending``. A situation that only a person
    can decide is an error that says what to do.

    attributes
        A mapping of the wanted attributes.
    store, apply, allow_upgrade, wait, purge
        As in ``rds_cluster.present``. With ``wait``, the function first waits until AWS has finished its current work.

    Writes neither to AWS nor to the store. IAM actions: those to read, in the module's help.

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
    Carry out a plan: create the cluster and its instance, or change them.

    changes
        A mapping of attributes to their new values; with ``name`` the cluster is created.
    store, apply
        As in ``rds_cluster.present``.

    A new cluster gets the password that is in the store, or a new one that is stored first. Creation does not
    change an existing one. IAM actions: those to write, in the module's help.
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

    Stores a new password and sets it. Use this for a password that is lost or has been exposed. Clients with the old
    password stop working.

    store
        Where the password is stored. Default: the cluster's setting in pillar.

    Returns a sentence that says where the password is. If AWS refuses, the old password is put back into the store. IAM actions:
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

    Returns ``host``, ``port``, ``user``, ``database``, ``tunnel`` (a shell command for a tunnel through a bastion, because
    the cluster has no public address), ``psql`` (a shell command that connects through the tunnel and asks for the
    password), the location of the password if AWS keeps it, and ``notes``.

    A cluster without an endpoint is an error that names its status. IAM actions: ``rds:DescribeDBClusters``,
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

    Returns a list of ``what``, ``on`` (who must act), ``since`` and ``do`` for the clusters in pillar.

    IAM actions: ``rds:DescribeDBClusters``, ``rds:DescribeDBInstances``.

    CLI Example:

    .. code-block:: bash

        salt-call rds_cluster.pending
    """
    return _Cluster.pending(session)


@connected
def obstacles(session, name, skip_final_snapshot=False, final_db_snapshot_identifier=None):
    """
    List the reasons why a cluster must not be deleted, one sentence each; empty when there are none.

    skip_final_snapshot
        ``True`` to allow the destruction of its data.
    final_db_snapshot_identifier
        The name of a snapshot to take first.

    IAM actions: ``rds:DescribeDBClusters``, ``rds:DescribeDBInstances``, ``rds:DescribeDBClusterSnapshots``.

    CLI Example:

    .. code-block:: bash

        salt-call rds_cluster.obstacles common
    """
    return _Cluster(name, session).obstacles(skip_final_snapshot, final_db_snapshot_identifier)


@connected
def delete(session, name, skip_final_snapshot=False, final_db_snapshot_identifier=None, delete_automated_backups=False):
    """
    Delete a cluster and its instances, with or without a final snapshot. One of the two must be chosen.

    skip_final_snapshot
        ``True`` to destroy its data. There is no way back.
    final_db_snapshot_identifier
        The name of a snapshot to take first.
    delete_automated_backups
        ``True`` to delete its automated backups too. Default: AWS keeps them for their retention period.

    Any result of ``obstacles`` is an error. AWS takes several minutes. IAM actions: those of ``obstacles``, and
    ``rds:DeleteDBInstance``, ``rds:DeleteDBCluster``, ``rds:CreateDBClusterSnapshot``.
    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBCluster.html

    CLI Example:

    .. code-block:: bash

        salt-call rds_cluster.delete common final_db_snapshot_identifier=common-final
    """
    _Cluster(name, session).delete(skip_final_snapshot, final_db_snapshot_identifier, delete_automated_backups)
    return True
