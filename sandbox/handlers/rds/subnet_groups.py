"""
DB subnet groups: subnets in two zones at least, and not deleted while in use.
"""

from sandbox.errors import AwsError
from sandbox.handlers import handles

_API = "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/"
_LEAST_ZONES = 2


@handles("rds", "CreateDBSubnetGroup", "ModifyDBSubnetGroup", reference=_API + "API_CreateDBSubnetGroup.html")
def put_db_subnet_group(call):
    """Subnets of one VPC that cover two zones at least."""
    name = call.parameters["DBSubnetGroupName"]
    known = call.backend().subnet_groups
    if call.name == "CreateDBSubnetGroup" and name in known:
        raise AwsError("DBSubnetGroupAlreadyExists", f"The DB subnet group '{name}' already exists.", 400)
    if call.name == "ModifyDBSubnetGroup" and name not in known:
        raise AwsError("DBSubnetGroupNotFoundFault", f"DB subnet group '{name}' does not exist.", 404)
    existing = {subnet.id: subnet for subnet in call.backend("ec2").describe_subnets()}
    subnets = [existing.get(subnet_id) for subnet_id in call.parameters["SubnetIds"]]
    unknown = [subnet_id for subnet_id in call.parameters["SubnetIds"] if subnet_id not in existing]
    if unknown:
        raise AwsError("InvalidParameterValue", f"Some input subnets in :[{', '.join(unknown)}] are invalid.", 400)
    if len({subnet.vpc_id for subnet in subnets}) > 1:
        raise AwsError("InvalidSubnet", "Some input subnets are in different VPCs.", 400)
    zones = {subnet.availability_zone for subnet in subnets}
    if len(zones) < _LEAST_ZONES:
        raise AwsError(
            "DBSubnetGroupDoesNotCoverEnoughAZs",
            "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Current AZ coverage: "
            f"{', '.join(sorted(zones))}. Add subnets to cover at least {_LEAST_ZONES} AZs.",
            400,
        )
    modified = known.get(name)
    reply = call.forward()
    if modified is not None:
        known[name] = modified  # moto takes a group out to modify it, and does not put it back
    return reply


@handles("rds", "DeleteDBSubnetGroup", reference=_API + "API_DeleteDBSubnetGroup.html")
def delete_db_subnet_group(call):
    """A group that a database is in stays."""
    name = call.parameters["DBSubnetGroupName"]
    of_instances = (getattr(entry, "db_subnet_group", None) for entry in call.backend().databases.values())
    in_use = {group.name for group in of_instances if group is not None}
    in_use |= {entry.db_subnet_group_name for entry in call.backend().clusters.values()}
    if name in in_use:
        raise AwsError(
            "InvalidDBSubnetGroupStateFault",
            f"Cannot delete the subnet group '{name}' because at least one database instance is still using it.",
            400,
        )
    return call.forward()
