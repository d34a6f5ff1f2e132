"""
Internet gateways: one for a VPC.
"""

from sandbox.errors import AwsError
from sandbox.handlers import handles

_API = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/"


@handles("ec2", "AttachInternetGateway", reference=_API + "API_AttachInternetGateway.html")
def attach_internet_gateway(call):
    """A VPC that has one takes no second."""
    vpc_id = call.parameters["VpcId"]
    if any(gateway.vpc and gateway.vpc.id == vpc_id for gateway in call.backend().internet_gateways.values()):
        raise AwsError("InvalidParameterValue", f"Network {vpc_id} already has an internet gateway attached", 400)
    return call.forward()
