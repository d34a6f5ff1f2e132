"""
S3: the defaults of new buckets, buckets of other accounts and regions, lifecycle configurations, versions and locks, tags.
"""

from sandbox.handlers.s3 import buckets, expiry, lifecycle, locks, objects, policies, tags, uploads, versions

__all__ = ["buckets", "expiry", "lifecycle", "locks", "objects", "policies", "tags", "uploads", "versions"]
