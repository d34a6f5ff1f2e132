"""
S3: the defaults of new buckets, buckets of other accounts and regions, lifecycle configurations.
"""

from sandbox.handlers.s3 import buckets, expiry, lifecycle, objects, policies, versions

__all__ = ["buckets", "expiry", "lifecycle", "objects", "policies", "versions"]
