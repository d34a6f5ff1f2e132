"""
The listing of an account, in pages, and with the names of policies; moto gives it whole, and without.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
"""

import base64

from sandbox import wire
from sandbox.handlers import handles

_REFERENCE = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html"
_LISTS = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
_DEFAULT = 100


@handles("iam", "GetAccountAuthorizationDetails", reference=_REFERENCE)
def get_account_authorization_details(call):
    """All lists together have so many items a page."""
    asked = call.parameters
    call.overrides.update({"MaxItems": None, "Marker": None})
    reply = call.forward()
    if not reply.succeeded:
        return reply
    result = wire.parse(call, reply)
    for policy in result.get("Policies", ()):
        policy["PolicyName"] = policy["Arn"].rpartition("/")[2]
    items = [(member, entry) for member in _LISTS for entry in result.get(member, ())]
    start = int(base64.b64decode(asked["Marker"])) if "Marker" in asked else 0
    smaller = None if call.spared else call.state.page_size
    end = start + min(filter(None, (asked.get("MaxItems", _DEFAULT), smaller)))
    page = {member: [entry for listed, entry in items[start:end] if listed == member] for member in _LISTS}
    if end < len(items):
        page["Marker"] = base64.b64encode(str(end).encode()).decode()
    return {**page, "IsTruncated": end < len(items)}
