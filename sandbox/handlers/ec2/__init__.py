"""
EC2: a VPC has one internet gateway at most.
"""

from sandbox.handlers.ec2 import internet_gateways

__all__ = ["internet_gateways"]
