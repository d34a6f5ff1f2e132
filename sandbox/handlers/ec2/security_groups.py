"""
Names of security groups, which are unique in a VPC without regard to case; moto compares exactly.
"""

from sandbox.errors import AwsError
from sandbox.handlers import handles

_REFERENCE = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html"


@handles("ec2", "CreateSecurityGroup", reference=_REFERENCE)
def create_security_group(call):
    """A group is made unless the VPC has one of that name."""
    name, backend = call.parameters["GroupName"], call.backend()
    vpc_id = call.parameters.get("VpcId") or getattr(backend.default_vpc, "id", None)
    groups = backend.groups.get(vpc_id, {}).values()
    if any(group.name.lower() == name.lower() for group in groups):
        raise AwsError("InvalidGroup.Duplicate", f"The security group '{name}' already exists for VPC '{vpc_id}'", 400)
    return call.forward()
