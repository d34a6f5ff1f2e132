"""
The grants for backups in IAM policies.

A policy is for backups if it allows writing to buckets that it names, and nothing outside of S3. The runbook's policies allow only
what backups need. Policies made in the console often allow more, such as ``s3:*``.
"""

import fnmatch
import json
import re

from aws_runbook.iam import coverage, policies
from aws_runbook.iam.backup_policy import ACTIONS

# In the form of a normalised document.
_WRITING = "s3:putobject"
_ACTIONS = {action.normalised for action in ACTIONS}
# The console shows a bucket only to users that may read such settings of all buckets.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_s3_rw-bucket-console.html
_READING = ("s3:get", "s3:list")
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET = re.compile(r"[A-Za-z0-9._-]{3,255}")


def is_for_backups(document):
    """Whether it allows writing to buckets that it names, only reading on other buckets, and nothing outside of S3."""
    return bool(buckets(document)) and all(_is_of_s3(entry) for entry in _statements(document))


def is_the_runbooks(document):
    """Whether it is for backups, and allows only what they need on S3 buckets."""
    return is_for_backups(document) and not surplus(document)


def buckets(document):
    """Return the buckets that it names and allows writing to, sorted."""
    return sorted({name for entry in _statements(document) if _writes(entry) for name in _named(entry) if name})


def surplus(document):
    """Return what it allows beyond backups: a list of grants."""
    return _surplus(coverage.grants(document))


def losses(known, wanted):
    """Return what ``known`` allows beyond backups and ``wanted`` does not: a list of grants."""
    return _surplus(coverage.beyond(coverage.grants(known), coverage.grants(wanted)))


def others(document):
    """Return its grants outside of S3, as a list."""
    return [grant for grant in coverage.grants(document) if not _is_about_s3(grant)]


def _statements(document):
    return policies.normalise(document)["Statement"]


def _writes(statement):
    return statement.get("Effect") == "Allow" and any(
        fnmatch.fnmatchcase(_WRITING, action) for action in statement.get("Action", ())
    )


def _named(statement):
    """Return the bucket of each resource; ``None`` for a resource in no bucket, or in several."""
    return [_bucket(entry) for entry in statement.get("Resource", ())]


def _bucket(resource):
    name = resource.partition(":s3:::")[2].partition("/")[0]
    return name if _BUCKET.fullmatch(name) else None


def _is_of_s3(statement):
    if statement.get("Effect") != "Allow" or not {"Action", "Resource"} <= set(statement):
        return False
    allowed = "s3:" if all(_named(statement)) else _READING
    return all(action.startswith(allowed) for action in statement["Action"])


def _surplus(grants):
    return [grant for grant in grants if grant.odd or grant.action not in _ACTIONS or not _bucket(grant.resource)]


def _is_about_s3(grant):
    actions = json.loads(grant.odd).get("Action") or [""] if grant.odd else [grant.action]
    return all(action.startswith("s3:") for action in actions)
