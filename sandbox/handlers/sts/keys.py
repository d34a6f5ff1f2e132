"""
Whose a key id is: the sandbox's own account knows what it issued, and every other id is another account's.
"""

import re

from sandbox.errors import AwsError
from sandbox.handlers import handles

ANOTHER_ACCOUNT = "999988887777"


@handles(
    "sts", "GetAccessKeyInfo", reference="https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html"
)
def get_access_key_info(call):
    """The account of a key, whether it is active, inactive or deleted; moto takes every id for its own."""
    access_key_id = call.parameters["AccessKeyId"]
    if not re.fullmatch(r"A[A-Z0-9]{15,}", access_key_id):
        raise AwsError("ValidationError", "The access key ID is not valid.", 400)
    ours = access_key_id in call.state.issued or access_key_id in call.backend("iam").access_keys
    return {"Account": call.account_id if ours else ANOTHER_ACCOUNT}
