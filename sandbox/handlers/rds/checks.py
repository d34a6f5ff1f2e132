"""
What RDS refuses although every parameter by itself is allowed.

https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
"""

import re

from sandbox.errors import AwsError

_CLASS = re.compile(r"db\.(serverless|[a-z0-9]+(?:-[a-z]+)?\.[a-z0-9]+)")
_RESERVED_USERS = {"postgres": {"rdsadmin", "admin"}, "aurora-postgresql": {"rdsadmin", "admin"}, "mysql": {"rdsadmin"}}
_SHORTEST, _LONGEST = 8, 128


def combination(message):
    """RDS's refusal of parameters that do not go together."""
    return AwsError("InvalidParameterCombination", message, 400)


def value(message):
    """RDS's refusal of a parameter's value."""
    return AwsError("InvalidParameterValue", message, 400)


def password(parameters, *, needed):
    """Either RDS manages the password, or it is given and is one that RDS takes."""
    given = parameters.get("MasterUserPassword")
    if parameters.get("ManageMasterUserPassword"):
        if given is not None:
            raise combination("You can't specify MasterUserPassword when ManageMasterUserPassword is enabled.")
        return
    if given is None:
        if needed:
            raise value("The parameter MasterUserPassword must be provided and must not be blank.")
        return
    if len(given) < _SHORTEST:
        raise value("The parameter MasterUserPassword is not a valid password because it is shorter than 8 characters.")
    if len(given) > _LONGEST:
        raise value(
            "The parameter MasterUserPassword is not a valid password because it is longer than 128 characters."
        )
    if not all("!" <= letter <= "~" and letter not in '/@"' for letter in given):
        raise value(
            "The parameter MasterUserPassword is not a valid password. Only printable ASCII characters besides "
            "'/', '@', '\"', ' ' may be used."
        )


def user(engine, name, *, needed):
    """A name that the engine does not keep for itself."""
    if name is None and needed:
        raise value("The parameter MasterUsername must be provided and must not be blank.")
    if name is not None and name.lower() in _RESERVED_USERS.get(engine, ()):
        raise value(f"MasterUsername {name} cannot be used as it is a reserved word used by the engine")


def instance_class(parameters, cluster):
    """A class that exists, and ``db.serverless`` where it can be."""
    name = parameters["DBInstanceClass"]
    if not _CLASS.fullmatch(name):
        raise value(f"Invalid DB Instance class: {name}")
    if name != "db.serverless":
        return
    if cluster is None:
        raise combination(
            f"RDS does not support creating a DB instance with the following combination: DBInstanceClass={name}, "
            f"Engine={parameters['Engine']}. For supported combinations of instance class and database engine "
            "version, see the documentation."
        )
    if not cluster.serverless_v2_scaling_configuration:
        raise AwsError(
            "InvalidDBClusterStateFault",
            "Set the Serverless v2 scaling configuration on the parent DB cluster before creating a Serverless v2 DB "
            "instance.",
            400,
        )


def network(call, parameters):
    """Security groups that exist and are in the subnet group's VPC."""
    groups = call.backend("ec2").describe_security_groups
    subnet_group = _subnet_group(call, parameters.get("DBSubnetGroupName"))
    for group_id in parameters.get("VpcSecurityGroupIds", []):
        found = next((group for group in groups() if group.id == group_id), None)
        if found is None:
            raise value(f"Invalid security group , groupId= {group_id}, groupName=.")
        vpc = subnet_group.vpc_id if subnet_group else call.backend("ec2").default_vpc.id
        if found.vpc_id != vpc:
            raise combination(
                f"The DB instance and EC2 security group are in different VPCs. The DB instance is in {vpc} and the "
                f"EC2 security group is in {found.vpc_id}"
            )


def public(call, subnet_group_name):
    """A public instance in a VPC that the internet reaches. moto's default VPC has no gateway; AWS's has."""
    group = _subnet_group(call, subnet_group_name)
    ec2 = call.backend("ec2")
    if group is None or group.vpc_id == ec2.default_vpc.id:
        return
    lacks = None
    if not any(gateway.vpc and gateway.vpc.id == group.vpc_id for gateway in ec2.internet_gateways.values()):
        lacks = "has no internet gateway attached"
    elif not (ec2.vpcs[group.vpc_id].enable_dns_support and ec2.vpcs[group.vpc_id].enable_dns_hostnames):
        lacks = "does not support DNS resolution, DNS hostnames, or both"
    if lacks:
        raise AwsError(
            "InvalidVPCNetworkStateFault",
            f"Cannot create a publicly accessible DBInstance. The specified VPC {lacks}. Update the VPC and then try "
            "again",
            400,
        )


def _subnet_group(call, name):
    if name is None:
        return None
    found = call.backend("rds").subnet_groups.get(name)
    if found is None:
        raise AwsError("DBSubnetGroupNotFoundFault", f"DB subnet group '{name}' does not exist.", 404)
    return found


def final_snapshot(parameters, member):
    """A last snapshot, or the word that none is wanted: one of the two."""
    if parameters.get("SkipFinalSnapshot"):
        if parameters.get(member):
            raise combination(f"{member} can not be specified when SkipFinalSnapshot is enabled.")
    elif not parameters.get(member):
        raise combination(f"{member} is required unless SkipFinalSnapshot is specified.")
