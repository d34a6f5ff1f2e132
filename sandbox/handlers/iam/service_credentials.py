"""
Credentials of a user for one service alone, which moto lacks.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_service-specific-creds.html
"""

import secrets

from sandbox.errors import AwsError
from sandbox.handlers import handles

_API = "https://docs.aws.amazon.com/IAM/latest/APIReference/"


def _of_user(call):
    user = call.backend().users.get(call.parameters["UserName"])
    if user is None:
        raise AwsError("NoSuchEntity", f"The user with name {call.parameters['UserName']} cannot be found.", 404)
    if not hasattr(user, "service_specific_credentials"):
        user.service_specific_credentials = []
    return user.service_specific_credentials


@handles("iam", "CreateServiceSpecificCredential", reference=_API + "API_CreateServiceSpecificCredential.html")
def create_service_specific_credential(call):
    """A user name and a password for one service; the password is shown once."""
    name = call.parameters["UserName"]
    known = {
        "CreateDate": call.now.replace(microsecond=0),
        "ServiceName": call.parameters["ServiceName"],
        "ServiceUserName": f"{name}-at-123456789012",
        "ServiceSpecificCredentialId": f"ACCA{secrets.token_hex(8).upper()}",
        "UserName": name,
        "Status": "Active",
    }
    _of_user(call).append(known)
    return {"ServiceSpecificCredential": {**known, "ServicePassword": secrets.token_urlsafe(24)}}


@handles("iam", "ListServiceSpecificCredentials", reference=_API + "API_ListServiceSpecificCredentials.html")
def list_service_specific_credentials(call):
    """All of a user, without their passwords."""
    return {"ServiceSpecificCredentials": list(_of_user(call)), "IsTruncated": False}
