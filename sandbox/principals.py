"""
Who makes a call, whether the key may be used, and what AWS says to whoever may not.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

from sandbox.actions import iam_action
from sandbox.errors import AwsError

# Services that do not call it AccessDenied.
_CODES = {"ec2": "UnauthorizedOperation", "sesv2": "AccessDeniedException", "sns": "AuthorizationError"}
_INVALID = "The security token included in the request is invalid."


def arn(call):
    """The ARN of whoever signed ``call``: a user, an assumed role, or the administrator that moto takes others for."""
    key = known_key(call)
    if key is None:
        return f"arn:{call.partition}:sts::{call.account_id}:user/moto"
    if key.user_name is None:
        session = call.backend("sts").get_assumed_role_from_access_key(call.access_key_id)
        return session.arn if session else f"arn:{call.partition}:sts::{call.account_id}:assumed-role/unknown"
    return call.backend("iam").users[key.user_name].arn


def known_key(call):
    """The access key that moto has made for a user or a role; ``None`` for the administrator's."""
    return call.backend("iam").access_keys.get(call.access_key_id)


def denied(call, action=None, resource=None, reason=None):
    """AWS's refusal of an action on a resource, in its own words."""
    action = action or iam_action(call.service, call.name)
    code = _CODES.get(call.service, "AccessDenied")
    if call.service == "ec2":
        return AwsError(code, f"You are not authorized to perform this operation. User: {arn(call)}", 403)
    sentence = f"User: {arn(call)} is not authorized to perform: {action}"
    if resource:
        sentence += f' on resource: "{resource}"'
    reason = reason or f"no identity-based policy allows the {action} action"
    return AwsError(code, f"{sentence} because {reason}", 403)


def unknown_key(call):
    """AWS's refusal of a key that does not exist, or is not active."""
    if call.service == "s3":
        return AwsError("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", 403)
    code = {"sesv2": "UnrecognizedClientException"}.get(call.service, "InvalidClientTokenId")
    return AwsError(code, _INVALID, 403)


def expired(call):
    """AWS's refusal of temporary credentials whose time is over."""
    if call.service == "s3":
        return AwsError("ExpiredToken", "The provided token has expired.", 400)
    if call.service == "ec2":
        return AwsError("RequestExpired", "Request has expired.", 400)
    code = {"sesv2": "ExpiredTokenException"}.get(call.service, "ExpiredToken")
    return AwsError(code, "The security token included in the request is expired", 403)


def authenticate(call, proceed):
    """
    Step of the application: refuse a key that is deactivated, deleted or expired, and note when a key is used, by the sandbox's clock.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys_update.html
    """
    if call.access_key_id in call.state.expired:
        raise expired(call)
    key = known_key(call)
    if key is None:
        if call.access_key_id in call.state.issued:
            raise unknown_key(call)
        return proceed(call)
    if key.status == "Inactive":
        raise unknown_key(call)
    try:
        return proceed(call)
    finally:
        _mark_used(call, key)


def _mark_used(call, key):
    from moto.iam.models import AccessKeyLastUsed

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKeyLastUsed.html
    service = {"sesv2": "ses"}.get(call.service, call.service)
    key.last_used = AccessKeyLastUsed(call.now.replace(tzinfo=None, microsecond=0), service, call.region)
