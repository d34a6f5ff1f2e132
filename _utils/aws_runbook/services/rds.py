"""RDS."""

from aws_runbook.services.service import Listing, Made, Service

SERVICES = (
    Service(
        "rds",
        made={
            "create_db_subnet_group": Made(
                ("DBSubnetGroupName",), ("DBSubnetGroupName",), ("DBSubnetGroupNotFoundFault",)
            ),
            "create_db_instance": Made(
                ("DBInstanceIdentifier",),
                ("DBInstanceIdentifier",),
                ("DBInstanceNotFound",),
                within="DBClusterIdentifier",
            ),
            "create_db_cluster": Made(("DBClusterIdentifier",), ("DBClusterIdentifier",), ("DBClusterNotFoundFault",)),
        },
        listings={
            "describe_db_instances": Listing(
                "create_db_instance", "DBInstances", "DBInstanceIdentifier", "db-cluster-id"
            ),
        },
    ),
)
