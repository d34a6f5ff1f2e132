"""
Whether a bucket holds objects, and their deletion, every version included.
"""

from aws_runbook.errors import AwsError


def is_empty(session, name):
    """Whether a bucket holds no version of any object, and no delete marker."""
    first = next(
        session.pages(
            "s3",
            "list_object_versions",
            f"list the contents of the bucket {name}",
            region=session.region,
            Bucket=name,
            PaginationConfig={"MaxItems": 1},
        ),
        {},
    )
    return not (first.get("Versions") or first.get("DeleteMarkers"))


def empty(session, name):
    """Delete every version of every object, and every delete marker."""
    for page in session.pages(
        "s3", "list_object_versions", f"list the objects of the bucket {name}", region=session.region, Bucket=name
    ):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if not found:
            continue
        answer = session.write(
            "s3",
            "delete_objects",
            f"delete the objects of the bucket {name}",
            region=session.region,
            Bucket=name,
            Delete={
                "Objects": [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in found],
                "Quiet": True,
            },
        )
        for error in answer.get("Errors", []):
            raise AwsError(
                f"Cannot delete the object {error['Key']} of the bucket {name}: AWS says {error['Code']}: "
                f"{error.get('Message', '')}",
                error["Code"],
            )
