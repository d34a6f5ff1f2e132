"""
Manage clusters of Aurora Serverless v2, each with one instance.

.. code-block:: yaml

    aws-cluster-common:
      rds_cluster.present:
        - name: common
        - engine: aurora-postgresql
        - engine_version: latest
        - min_capacity: 0
        - max_capacity: 2
        - seconds_until_auto_pause: 3600
        - data_api: True
        - database: common
        - backup_retention_period: 1
        - db_subnet_group_name: lab
        - store: sdb://vault/common
"""

from aws_runbook.databases import states as database_state
from aws_runbook.kinds import converge
from aws_runbook.run.prefetch import Role

# Its plan uses the store and may wait for the database.
ROLE = Role(read_ahead=False)


def present(
    name,
    engine=None,
    engine_version=None,
    min_capacity=None,
    max_capacity=None,
    seconds_until_auto_pause=None,
    data_api=None,
    database=None,
    storage_encrypted=None,
    kms_key_id=None,
    vpc_security_groups=None,
    db_subnet_group_name=None,
    port=None,
    master_username=None,
    master_password=None,
    backup_retention_period=None,
    preferred_backup_window=None,
    preferred_maintenance_window=None,
    copy_tags_to_snapshot=None,
    deletion_protection=None,
    enable_performance_insights=None,
    enable_iam_database_authentication=None,
    tags=None,
    store=None,
    apply=None,
    allow_upgrade=None,
    wait=None,
    purge=False,
    engine_mode=None,
    scaling_configuration=None,
    auto_pause=None,
    timeout_action=None,
    seconds_before_timeout=None,
    region=None,
    profile=None,
    keyid=None,
    key=None,
):
    """
    Ensure that a cluster exists with the given attributes and one instance. Arguments left at ``None`` are not managed.

    Attributes have AWS's names. Changes that AWS is still applying, or defers to the maintenance window, are reported as a
    warning that starts with ``Waiting:``, and not as changes.

    name
        The cluster. Its instance is called the same, with ``-1`` appended.
    engine, database, storage_encrypted, kms_key_id, db_subnet_group_name, master_username
        AWS cannot change these in place: a different value is an error that says what to do.
    engine_version
        ``latest``, or a version such as ``'16.9'`` or ``'16'`` (in quotes).
    min_capacity, max_capacity
        Capacity units, in halves, up to 256. With a ``min_capacity`` of 0 the cluster pauses.
    seconds_until_auto_pause
        After how many seconds without connections it pauses: 300 to 86400.
    data_api
        ``True`` to accept SQL over HTTPS (the Data API).
    database
        The initial database of a new cluster.
    vpc_security_groups
        The names or ids of all its security groups.
    port
        From 1150 to 65535. A change restarts the databases at once, so it needs ``apply: now``.
    backup_retention_period
        In days, from 1 to 35.
    preferred_backup_window, preferred_maintenance_window
        In UTC: ``03:00-03:30``, ``sun:05:00-sun:05:30``.
    copy_tags_to_snapshot, deletion_protection, enable_performance_insights, enable_iam_database_authentication
        ``True`` or ``False``.
    master_username
        Default for a new cluster: ``postgres``.
    master_password
        ``stored``: generated here and written to ``store`` (the default when ``store`` is given). ``managed``: AWS generates it and
        keeps it in Secrets Manager.
    tags
        A mapping. The cluster's other tags are kept.
    store
        Where the password is stored: ``sdb://…``, a file of private pillar, the same encrypted for Salt's GPG renderer, or a list
        of these. The value's name is ``password``.
    apply
        When ``engine_version`` and ``enable_iam_database_authentication`` are changed: ``now``, which also applies all deferred
        changes, or in the maintenance ``window`` (the default). AWS applies all other changes at once.
    allow_upgrade
        ``minor`` or ``major``: an existing cluster may be upgraded to ``engine_version``. Default: no upgrade.
    wait
        How long to wait until it is available: ``20m``. Default: do not wait.
    purge
        ``True`` to remove tags that are not listed here.
    engine_mode, scaling_configuration, auto_pause, timeout_action, seconds_before_timeout
        Options of Serverless v1, which AWS has ended: they are refused with a message that names the option of v2.
    region, profile, keyid, key
        The region, and the connection to the account.
    """
    return database_state.present("rds_cluster", locals(), converge.Salt(globals()))


def absent(
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
    Ensure that a cluster and its instances do not exist. While AWS is deleting them, a warning says so.

    name
        The cluster. The state fails while it has deletion protection, and unless one of the next two arguments is given.
    skip_final_snapshot
        ``True`` to delete its data with it.
    final_db_snapshot_identifier
        The name of a final snapshot.
    delete_automated_backups
        ``True`` to delete its automated backups too. Otherwise AWS keeps them for their retention period.
    region, profile, keyid, key
        The region, and the connection to the account.
    """
    return database_state.absent("rds_cluster", locals(), converge.Salt(globals()))
