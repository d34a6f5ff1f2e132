"""
IAM: what is in use cannot be deleted, quotas, and the times of access keys by the sandbox's clock.
"""

from sandbox.handlers.iam import deletion, keys, quotas, simulation

__all__ = ["deletion", "keys", "quotas", "simulation"]
