"""
S3: the defaults of new buckets, buckets of other accounts and regions, lifecycle configurations.
"""

from sandbox.handlers.s3 import buckets, lifecycle, objects, policies, versions

__all__ = ["buckets", "lifecycle", "objects", "policies", "versions"]
