"""
S3: the defaults of new buckets, buckets of other accounts and regions, lifecycle configurations, tags.
"""

from sandbox.handlers.s3 import buckets, expiry, lifecycle, objects, policies, tags, versions

__all__ = ["buckets", "expiry", "lifecycle", "objects", "policies", "tags", "versions"]
