"""EC2, as far as it is the network of databases."""

from aws_runbook.services.service import Listing, Made, Service

SERVICES = (
    Service(
        "ec2",
        made={
            "create_vpc": Made(("Vpc", "VpcId"), ("VpcId", "Resources"), ("InvalidVpcID.NotFound",)),
            "create_subnet": Made(
                ("Subnet", "SubnetId"),
                ("SubnetId", "SubnetIds", "Resources"),
                ("InvalidSubnetID.NotFound", "InvalidSubnet", "InvalidParameterValue"),
                within="VpcId",
            ),
            "create_security_group": Made(
                ("GroupId",),
                ("GroupId", "Resources", "VpcSecurityGroupIds"),
                ("InvalidGroup.NotFound", "InvalidParameterValue"),
                within="VpcId",
            ),
            "create_internet_gateway": Made(
                ("InternetGateway", "InternetGatewayId"),
                ("InternetGatewayId", "GatewayId", "Resources"),
                ("InvalidInternetGatewayID.NotFound", "InvalidGatewayID.NotFound"),
            ),
            "attach_internet_gateway": Made(
                ("InternetGatewayId",), ("GatewayId",), ("Gateway.NotAttached", "InvalidParameterValue"), within="VpcId"
            ),
            # A VPC brings one along.
            "create_route_table": Made(
                ("RouteTable", "RouteTableId"),
                ("RouteTableId",),
                ("InvalidRouteTableID.NotFound", "InvalidParameterValue"),
            ),
        },
        listings={
            "describe_vpcs": Listing("create_vpc", "Vpcs", "VpcId"),
            "describe_subnets": Listing("create_subnet", "Subnets", "SubnetId", "vpc-id"),
            "describe_security_groups": Listing("create_security_group", "SecurityGroups", "GroupId", "vpc-id"),
            "describe_internet_gateways": Listing(
                "attach_internet_gateway", "InternetGateways", "InternetGatewayId", "attachment.vpc-id"
            ),
        },
    ),
)
