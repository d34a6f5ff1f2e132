"""
RDS: databases take their time, changes are pending, and what does not go together is refused.
"""

from sandbox.handlers.rds import clusters, instances, subnet_groups, versions

__all__ = ["clusters", "instances", "subnet_groups", "versions"]
