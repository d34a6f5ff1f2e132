"""Databases: RDS instances and clusters."""
