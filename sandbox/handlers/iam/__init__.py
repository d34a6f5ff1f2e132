"""
IAM: what is in use cannot be deleted, names, quotas, tags, and the times of access keys by the sandbox's clock; the listing of the
account in pages.
"""

from sandbox.handlers.iam import deletion, details, keys, names, quotas, service_credentials, simulation, tags

__all__ = ["deletion", "details", "keys", "names", "quotas", "service_credentials", "simulation", "tags"]
