"""
Access keys: their times follow the sandbox's clock, so that rotation can be tested without waiting.
"""

from sandbox import principals, wire
from sandbox.handlers import handles

_API = "https://docs.aws.amazon.com/IAM/latest/APIReference/"


@handles("iam", "CreateAccessKey", reference=_API + "API_CreateAccessKey.html")
def create_access_key(call):
    """The key that moto makes is dated by real time; here it gets the sandbox's."""
    known = set(call.backend().access_keys)
    reply = call.forward()
    if not reply.succeeded:
        return reply
    result = wire.parse(call, reply)
    now = call.now.replace(microsecond=0)
    result["AccessKey"]["CreateDate"] = now
    call.state.issued.add(result["AccessKey"]["AccessKeyId"])
    for access_key_id in set(call.backend().access_keys) - known:
        call.backend().access_keys[access_key_id].create_date = now.replace(tzinfo=None)
    return result


@handles("iam", "GetAccessKeyLastUsed", reference=_API + "API_GetAccessKeyLastUsed.html")
def get_access_key_last_used(call):
    """Refused for a key that is not there, and for another account's: nobody is to find ids by guessing."""
    if call.parameters["AccessKeyId"] not in call.backend().access_keys:
        raise principals.denied(call)
    return call.forward()
