"""
Deleting many objects at once: under IAM each key is decided by itself, where moto denies the whole request.

And a quiet request is answered quietly.
"""

import xmltodict

from sandbox import permissions, principals, wire
from sandbox.actions import iam_action
from sandbox.handlers import handles
from sandbox.policies import ALLOWED


@handles("s3", "DeleteObjects", reference="https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html")
def delete_objects(call):
    """What may not be deleted is in the reply's errors, what may be is deleted."""
    objects = call.parameters["Delete"]["Objects"]
    enforced = call.state.enforce_iam and principals.known_key(call) is not None
    allowed = [entry for entry in objects if not enforced or _may_delete(call, entry)]
    refused = [entry for entry in objects if entry not in allowed]
    result = {}
    if allowed:
        call.body = _document(allowed)
        reply = call.forward()
        if not reply.succeeded:
            return reply
        result = wire.parse(call, reply)
    if call.parameters["Delete"].get("Quiet"):
        result.pop("Deleted", None)
    if refused:
        errors = [{**_identity(entry), "Code": "AccessDenied", "Message": "Access Denied"} for entry in refused]
        result["Errors"] = [*result.get("Errors", []), *errors]
    return result


def _may_delete(call, entry):
    action = iam_action("s3", "DeleteObject", version=bool(entry.get("VersionId")))
    decision, _ = permissions.decision_on(call, permissions.s3_request(call, action, entry["Key"]))
    return decision == ALLOWED


def _identity(entry):
    return {name: entry[name] for name in ("Key", "VersionId") if name in entry}


def _document(objects):
    document = {"Delete": {"Object": [_identity(entry) for entry in objects]}}
    return xmltodict.unparse(document).encode()
