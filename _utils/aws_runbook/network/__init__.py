"""The network of databases: VPCs, subnets and security groups."""
