"""
The versions of a managed policy: a change of its document is a new one.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-versioning.html
"""

from aws_runbook.aws import retries

# AWS keeps this many versions of a policy and refuses the next.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-versioning.html#version-limits
_MOST = 5


def add(session, name, arn, text):
    """Make ``text`` the document of the policy; its oldest version is deleted if there are too many."""

    def added():
        _make_room(session, name, arn)
        session.write(
            "iam",
            "create_policy_version",
            f"change the policy {name}",
            PolicyArn=arn,
            PolicyDocument=text,
            SetAsDefault=True,
        )

    retries.against_others(added, codes=("LimitExceeded",))  # another run took the room at the same moment


def listed(session, name, arn):
    """The versions as AWS lists them, oldest first."""
    answer = session.read("iam", "list_policy_versions", f"list the versions of the policy {name}", PolicyArn=arn)
    return sorted(answer["Versions"], key=lambda version: int(version["VersionId"].removeprefix("v")))


def _make_room(session, name, arn):
    versions = listed(session, name, arn)
    if len(versions) >= _MOST:
        oldest = next(version for version in versions if not version["IsDefaultVersion"])
        delete(session, name, arn, oldest["VersionId"])


def delete(session, name, arn, version):
    """Delete one that is not the default."""
    session.write(
        "iam",
        "delete_policy_version",
        f"delete version {version} of the policy {name}",
        PolicyArn=arn,
        VersionId=version,
        absent=("NoSuchEntity",),
    )
