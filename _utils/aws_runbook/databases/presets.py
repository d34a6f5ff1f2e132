"""
Presets of database instances: groups of attributes, each of which can be overridden by its own argument.

``data-analysis`` is for data that may be lost: it is what the operators' runbook made by hand, cheap and reached from
anywhere. ``production`` is the opposite of each of its risks.
"""

# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_GettingStarted.CreatingConnecting.PostgreSQL.html
PRESETS = {
    "data-analysis": {
        "engine": "postgres",
        "engine_version": "latest",
        "db_instance_class": "db.t3.micro",
        "allocated_storage": 20,  # within AWS's free tier
        "storage_type": "gp2",
        "max_allocated_storage": 0,  # no autoscaling
        "multi_az": False,
        "publicly_accessible": True,
        "vpc_security_groups": ["postgresql-anywhere"],
        "backup_retention_period": 0,
        "storage_encrypted": False,
        "enable_performance_insights": False,
        "deletion_protection": False,
        "master_username": "postgres",
    },
    "production": {
        "engine": "postgres",
        "engine_version": "latest",
        "db_instance_class": "db.m7g.large",
        "allocated_storage": 100,
        "storage_type": "gp3",
        "max_allocated_storage": 1000,
        "multi_az": True,
        "publicly_accessible": False,
        "vpc_security_groups": ["postgresql-members"],
        "backup_retention_period": 14,
        "copy_tags_to_snapshot": True,
        "storage_encrypted": True,
        "enable_performance_insights": True,
        "deletion_protection": True,
        "master_username": "postgres",
    },
}

# The security groups that presets name, made where no pillar declares them.
SECURITY_GROUPS = {
    "postgresql-anywhere": {
        "description": "PostgreSQL from anywhere",
        "ingress": [{"service": "postgresql", "source": "anywhere"}],
    },
    # Rather than the VPC's default group, which is that of all that names none, and whose rules anybody may have changed.
    # https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-2
    "postgresql-members": {
        "description": "PostgreSQL from members of this group",
        "ingress": [{"service": "postgresql", "source": "postgresql-members"}],
    },
}


def expand(attributes):
    """``attributes`` with those of its ``preset``, which it overrides."""
    given = dict(attributes)
    preset = given.pop("preset", None)
    return {**PRESETS[preset], **given} if preset else given
