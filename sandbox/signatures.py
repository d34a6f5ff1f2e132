"""
Whether a request was signed with the secret that belongs to its key.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
"""

import hmac
import re
from urllib.parse import quote, unquote, urlsplit

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from sandbox.errors import AwsError

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=[^/]+/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request,\s*"
    r"SignedHeaders=(?P<headers>[^,]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
)


def check(call, key):
    """Refuse ``call`` when it was not signed with the secret of ``key``; presigned links are taken as they are."""
    found = _AUTHORIZATION.match(call.environ.get("HTTP_AUTHORIZATION", ""))
    if found and not hmac.compare_digest(_signature(call, key, found), found["signature"]):
        raise AwsError(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
            "Access Key and signing method. Consult the service documentation for details.",
            403,
        )


def _signature(call, key, found):
    environ = call.environ
    signer_class = S3SigV4Auth if found["service"] == "s3" else SigV4Auth
    signer = signer_class(Credentials(key.access_key_id, key.secret_access_key), found["service"], found["region"])
    headers = {name: _header(environ, name) for name in found["headers"].split(";")}
    url = urlsplit(environ["RAW_URI"])
    # botocore quotes the path of everything but S3 itself, so it is given as it was before the client quoted it.
    path = url.path if found["service"] == "s3" else quote(unquote(url.path), safe="/~")
    target = f"{environ['wsgi.url_scheme']}://{environ['HTTP_HOST']}{path}" + (f"?{url.query}" if url.query else "")
    request = AWSRequest(method=environ["REQUEST_METHOD"], url=target, headers=headers, data=call.body)
    request.context["timestamp"] = environ.get("HTTP_X_AMZ_DATE", "")
    request.context["payload_signing_enabled"] = True
    canonical = signer.canonical_request(request)
    return signer.signature(signer.string_to_sign(request, canonical), request)


def _header(environ, name):
    key = name.upper().replace("-", "_")
    return environ.get(key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}", "")
