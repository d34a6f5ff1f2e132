"""
Manage database instances of RDS.

.. code-block:: yaml

    aws-instance-analysis:
      rds_instance.present:
        - name: analysis
        - preset: data-analysis
        - store:
            pillar_file: /srv/pillar/private/analysis.sls
            keys: {password: analysis:password}
        - wait: 20m
"""

from aws_runbook.databases import states as database_state
from aws_runbook.kinds import converge
from aws_runbook.run.prefetch import Role

# Its plan uses the store and may wait for the database.
ROLE = Role(read_ahead=False)


def present(
    name,
    preset=None,
    engine=None,
    engine_version=None,
    db_instance_class=None,
    allocated_storage=None,
    max_allocated_storage=None,
    storage_type=None,
    iops=None,
    storage_throughput=None,
    storage_encrypted=None,
    kms_key_id=None,
    multi_az=None,
    publicly_accessible=None,
    vpc_security_groups=None,
    db_subnet_group_name=None,
    db_name=None,
    port=None,
    master_username=None,
    master_password=None,
    backup_retention_period=None,
    preferred_backup_window=None,
    preferred_maintenance_window=None,
    auto_minor_version_upgrade=None,
    copy_tags_to_snapshot=None,
    deletion_protection=None,
    enable_performance_insights=None,
    enable_iam_database_authentication=None,
    ca_certificate_identifier=None,
    db_parameter_group_name=None,
    tags=None,
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
    Ensure that a database instance exists with the given attributes. Arguments left at ``None`` are not managed.

    Attributes have AWS's names. Changes that AWS is still applying, or defers to the maintenance window, are reported as a
    warning that starts with ``Waiting:``, and not as changes.

    name
        The instance.
    preset
        ``data-analysis`` or ``production``: a set of attributes, each of which can be overridden.
    engine, storage_encrypted, kms_key_id, db_subnet_group_name, db_name, master_username
        AWS cannot change these in place: a different value is an error that says what to do.
    engine_version
        ``latest``, or a version such as ``'16.10'`` or ``'16'`` (in quotes).
    db_instance_class
        Such as ``db.t3.micro``.
    allocated_storage
        In GiB, from 20 to 65536. It can be increased but not decreased.
    max_allocated_storage
        The limit of storage autoscaling in GiB; ``0`` for no autoscaling.
    storage_type, iops, storage_throughput
        The type (such as ``gp3``), operations per second, and MiB per second.
    multi_az, publicly_accessible, auto_minor_version_upgrade, copy_tags_to_snapshot, deletion_protection
        ``True`` or ``False``, as the next two.
    enable_performance_insights, enable_iam_database_authentication
        https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PerfInsights.html and
        https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html
    vpc_security_groups
        The names or ids of all its security groups.
    port
        From 1150 to 65535. A change restarts the database at once, so it needs ``apply: now``.
    backup_retention_period
        In days, up to 35; ``0`` turns automated backups off.
    preferred_backup_window, preferred_maintenance_window
        In UTC: ``03:00-03:30``, ``sun:05:00-sun:05:30``.
    ca_certificate_identifier, db_parameter_group_name
        The names of a certificate authority of RDS and of an existing DB parameter group.
    master_password
        ``stored``: generated here and written to ``store`` (the default when ``store`` is given). ``managed``: AWS generates it and
        keeps it in Secrets Manager.
    tags
        A mapping. The instance's other tags are kept.
    store
        Where the password is stored: ``sdb://…``, a file of private pillar, the same encrypted for Salt's GPG renderer, or a list
        of these. The value's name is ``password``.
    apply
        When changes are applied: ``now``, which can interrupt connections and also applies all deferred changes, or in the
        maintenance ``window`` (the default).
    allow_upgrade
        ``minor`` or ``major``: an existing instance may be upgraded to ``engine_version``. Default: no upgrade.
    wait
        How long to wait until it is available: ``20m``. Default: do not wait.
    purge
        ``True`` to remove tags that are not listed here.
    region, profile, keyid, key
        The region, and the connection to the account.
    """
    return database_state.present("rds_instance", locals(), converge.Salt(globals()))


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
    Ensure that a database instance does not exist. While AWS is deleting it, a warning says so.

    name
        The instance. The state fails while it has deletion protection, and unless one of the next two arguments is given.
    skip_final_snapshot
        ``True`` to delete its data with it.
    final_db_snapshot_identifier
        The name of a final snapshot.
    delete_automated_backups
        ``True`` to delete its automated backups too. Otherwise AWS keeps them for their retention period.
    region, profile, keyid, key
        The region, and the connection to the account.
    """
    return database_state.absent("rds_instance", locals(), converge.Salt(globals()))
