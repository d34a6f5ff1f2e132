"""
The elements of an answer that the installed botocore does not know.

Some configurations are replaced as a whole by a write. botocore omits elements newer than itself when it reads, and cannot send them:
a write of another element would remove them. So omitted elements are noted, and such a write is refused.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketEncryption.html
https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html
"""

from http import HTTPStatus
from xml.etree import ElementTree as ET

from aws_runbook.errors import RunbookError

REPLACED = ("GetBucketEncryption", "GetBucketLifecycleConfiguration")
_KEY = "UnknownMembers"


def watch(session):
    """Note in each answer of :data:`REPLACED` the elements that botocore omits, for every client of this boto3 session."""
    for operation in REPLACED:
        session.events.register(f"after-call.s3.{operation}", _note, unique_id=f"aws-runbook-members-{operation}")


def unknown(answer):
    """Return the names of the elements that botocore omitted from ``answer``, which may be ``None``."""
    return (answer or {}).get(_KEY, [])


def refuse(where, names):
    """Raise if a write would remove ``names`` from ``where``."""
    if names:
        raise RunbookError(
            f"{where} has {', '.join(names)}, which the installed boto3 does not know, and a write would remove it. Install a later "
            "boto3, and run this again."
        )


def _note(model, parsed, http_response, **_):
    if http_response.status_code == HTTPStatus.OK:
        shape = model.output_shape
        payload = shape.serialization.get("payload")
        document = ET.fromstring(http_response.content)  # noqa: S314 - botocore has just read it in the same way
        found = set(_unknown(shape.members[payload] if payload else shape, document))
        if found:
            parsed[_KEY] = sorted(found)


def _unknown(shape, element):
    """Return the names of the elements in ``element``, at any depth, that ``shape`` does not have."""
    if shape.type_name != "structure":
        return
    members = {member.serialization.get("name", name): member for name, member in shape.members.items()}
    for child in element:
        name = child.tag.partition("}")[2] or child.tag
        member = members.get(name)
        if member is None:
            yield name
        elif member.type_name != "list":
            yield from _unknown(member, child)
        else:
            for entry in [child] if member.serialization.get("flattened") else child:
                yield from _unknown(member.member, entry)
