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

from aws_runbook.databases import state as database_state
from aws_runbook.kinds import converge
from aws_runbook.run.prefetch import Role

# Its plan needs the store, and may wait for the database.
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
    Ensure that a cluster exists, with the given attributes, and one instance. What is left at ``None`` is not managed.

    Attributes have AWS's names. What AWS is still at work on, or keeps for the maintenance window, is a warning that
    starts with ``Waiting:``, and no change.

    name
        The cluster. Its instance is called the same, with ``-1`` appended.
    engine, database, storage_encrypted, kms_key_id, db_subnet_group_name, master_username
        AWS does not change these in place: one that differs is an error that says what to do.
    engine_version
        ``latest``, or a version such as ``'16.9'`` or ``'16'`` (in quotes).
    min_capacity, max_capacity
        Capacity units, in halves, up to 256. With a ``min_capacity`` of 0 the cluster pauses.
    seconds_until_auto_pause
        After how long without connections it pauses: 300 to 86400.
    data_api
        ``True`` to let SQL be sent over HTTPS.
    database
        The database that a new cluster begins with.
    vpc_security_groups
        Names or ids of all its security groups.
    port
        From 1150 to 65535. Another one restarts the databases at once, so it needs ``apply: now``.
    backup_retention_period
        In days, from 1 to 35.
    preferred_backup_window, preferred_maintenance_window
        In UTC: ``03:00-03:30``, ``sun:05:00-sun:05:30``.
    copy_tags_to_snapshot, deletion_protection, enable_performance_insights, enable_iam_database_authentication
        ``True`` or ``False``.
    master_username
        Default for a new cluster: ``postgres``.
    master_password
        ``stored``: made here and put into ``store``, the default where that is named. ``managed``: AWS makes and keeps it,
        in Secrets Manager.
    tags
        A mapping. Others of the cluster stay.
    store
        Where the password goes: ``sdb://…``, a private-pillar file, the same encrypted for Salt's GPG renderer, or a list
        of these. The value's name is ``password``.
    apply
        When ``engine_version`` and ``enable_iam_database_authentication`` change: ``now``, which brings forward all that
        waits, or in the maintenance ``window`` (the default). All else AWS changes at once.
    allow_upgrade
        ``minor`` or ``major``: a cluster that is there may be brought to ``engine_version``. Default: not at all.
    wait
        How long to wait until it is available: ``20m``. Default: not at all.
    purge
        ``True`` to remove tags that are not named here.
    engine_mode, scaling_configuration, auto_pause, timeout_action, seconds_before_timeout
        Options of Serverless v1, which AWS ended: refused with a sentence that names what v2 has.
    region, profile, keyid, key
        Where it is, and how to reach the account.
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
    Ensure that a cluster and its instances do not exist. While AWS is at deleting them, a warning says so.

    name
        The cluster. Unless one of the next two is given, and while it has deletion protection, it is not deleted, and the
        state fails.
    skip_final_snapshot
        ``True`` to destroy its data with it.
    final_db_snapshot_identifier
        The name of a snapshot to take before.
    delete_automated_backups
        ``True`` to delete its automated backups too, which AWS otherwise keeps for their time.
    region, profile, keyid, key
        Where it is, and how to reach the account.
    """
    return database_state.absent("rds_cluster", locals(), converge.Salt(globals()))
