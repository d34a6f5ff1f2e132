"""
EC2: a VPC has one internet gateway at most, and names of security groups ignore case.
"""

from sandbox.handlers.ec2 import internet_gateways, security_groups

__all__ = ["internet_gateways", "security_groups"]
