"""
Describe a failed call to AWS in one sentence for an operator.

The code and message of a genuine error of AWS (:mod:`aws_runbook.aws.answers`) are shown. botocore's own texts are shown only if
they cannot contain a part of an answer: the answers to CreateAccessKey, to AssumeRole and of a container's credentials contain
secrets.
"""

import shlex
import ssl
from html import escape
from traceback import walk_tb
from urllib.parse import quote, quote_plus

from aws_runbook import services, urls
from aws_runbook.aws import answers
from aws_runbook.aws.retries import REFUSED, UNREADABLE
from aws_runbook.aws.sdk import BotoCoreError, ClientError, NoCredentialsError, ProcessProvider, exceptions
from aws_runbook.errors import AwsError, RunbookError, UncertainError, UnreachableError

DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "403")
_SERVER_ERROR = 500

_NO_CREDENTIALS = (
    "there are no AWS credentials. Set them in pillar (aws:admin), or in the environment as for the AWS CLI (AWS_PROFILE, or AWS_ACCESS_KEY_ID "
    "and AWS_SECRET_ACCESS_KEY)"
)
_NO_PROCESS = (
    "the program that credential_process in the shared configuration (~/.aws/config) names returned no valid credentials. Run it by hand and "
    "correct its output, or set other credentials in pillar (aws:admin)"
)
# Nothing was sent, or no connection could be made.
_NOT_SENT = (
    exceptions.ConnectTimeoutError,
    exceptions.EndpointConnectionError,
    exceptions.ProxyConnectionError,
)
# The request was sent, and no answer or an incomplete one arrived.
_LOST = (
    exceptions.HTTPClientError,
    exceptions.IncompleteReadError,
    exceptions.FlexibleChecksumError,
    exceptions.SSLError,
)
_CREDENTIALS = (
    NoCredentialsError,
    exceptions.CredentialRetrievalError,
    exceptions.MetadataRetrievalError,
    exceptions.PartialCredentialsError,
    exceptions.ProfileNotFound,
    exceptions.SSOError,
    exceptions.TokenRetrievalError,
)
_SSO = (exceptions.SSOError, exceptions.TokenRetrievalError)
_OF_CREDENTIALS = {"AssumeRole": "sts", "AssumeRoleWithWebIdentity": "sts", "GetRoleCredentials": "sso"}
# Their texts quote a server's answer: that of a credentials endpoint, or a header or chunk that an HTTP client rejects.
_QUOTING = (
    exceptions.CredentialRetrievalError,
    exceptions.HTTPClientError,
    exceptions.MetadataRetrievalError,
    exceptions.PaginationError,
    exceptions.TokenRetrievalError,
)
# The output of these local programs is known.
_OWN_PROVIDERS = ("custom-process",)

# AWS's codes for rejected credentials, and what to do about them.
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_RENEW = "Renew the credentials in use, or use others."
_OTHER_KEY = "The access key in use was deleted, is not active, or is misspelt: use another."
_SIGNED_WRONGLY = (
    "The secret key in use is not that of its access key: use another; or this machine's clock is wrong: set it."
)
_CLOCK = "The clock of this machine is wrong: set it, and run this again."
# How AWS's messages begin whose cause is a clock. https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html
_OUT_OF_TIME = ("Signature expired", "Signature not yet current")
_LATER = "AWS throttles calls at present: run this again later."
_BUSY = "AWS is making another change to it: run this again when that is done."
_AGAIN = "AWS failed, and the answer was not used: run this again."
_CURES = {
    "ExpiredToken": _RENEW,
    "ExpiredTokenException": _RENEW,
    # EC2 says this of expired credentials and of a clock that is wrong.
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
    "RequestExpired": "Renew the credentials in use, or use others; or this machine's clock is wrong: set it.",
    "RequestTimeTooSkewed": _CLOCK,
    "InvalidAccessKeyId": _OTHER_KEY,
    "InvalidClientTokenId": _OTHER_KEY,
    "UnrecognizedClientException": _OTHER_KEY,
    "AuthFailure": _OTHER_KEY,
    "SignatureDoesNotMatch": _SIGNED_WRONGLY,
    "InvalidSignatureException": _SIGNED_WRONGLY,
    **dict.fromkeys(REFUSED, _LATER),
    # https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBCluster.html#API_ModifyDBCluster_Errors
    **dict.fromkeys(("InvalidDBClusterStateFault", "InvalidDBInstanceState"), _BUSY),
}


def code(error):
    """Return AWS's error code if ``error`` is an error answer of AWS; otherwise ``UNREADABLE`` or an empty text."""
    if isinstance(error, ClientError):
        return UNREADABLE if answers.not_of_aws(error) else error.response.get("Error", {}).get("Code", "")
    return "" if isinstance(error, BotoCoreError | RunbookError) else UNREADABLE


def message(error):
    """Return AWS's message if ``error`` is an error answer of AWS; otherwise an empty text."""
    if not isinstance(error, ClientError) or answers.not_of_aws(error):
        return ""
    return str(error.response.get("Error", {}).get("Message") or "")


def secrets(model, parameters):
    """Return the values in a call's parameters that no text may show: those that ``model`` marks as sensitive, and URLs, which can have a
    password.
    """
    members = model.input_shape.members if model.input_shape else {}
    return [
        value
        for name, value in parameters.items()
        if isinstance(value, str) and ("://" in value or (name in members and members[name].metadata.get("sensitive")))
    ]


def _without(text, hidden):
    """Return ``text`` without the secrets in ``hidden``, including their URL and HTML encodings."""
    forms = {
        form
        for value in hidden
        for form in (value, quote(value), quote(value, safe=""), quote_plus(value), escape(value))
    }
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, "…")
    return text


def translated(error, doing, service, operation, *, writing=False, once=False, outcomes=(), profile=None, hidden=()):
    """
    Return the error to raise in place of ``error``: a sentence that says what was being done, what AWS answered, and what to do.

    ``doing`` completes "Cannot …"; ``writing`` says that the call changes something, ``once`` that it must not be made twice;
    ``outcomes`` are those of its attempts (:mod:`aws_runbook.aws.retries`); ``profile`` is the AWS profile in use; the text never
    contains the values in ``hidden``. The result has no cause and no context, because those would be printed with it.
    """
    if isinstance(error, RunbookError):
        return error
    if isinstance(error, ClientError) and not answers.not_of_aws(error):
        return _of_aws(error, doing, service, operation, writing=writing, once=once, hidden=hidden)
    if isinstance(error, (*_NOT_SENT, *_CREDENTIALS)) or _is_of_handshake(error) or _is_of_process(error):
        sentence = f"Cannot {doing}: {plain(error, profile)}."
        return (
            UncertainError(f"{sentence} {_unknown(once)}")
            if writing and _may_be_done(outcomes)
            else UnreachableError(sentence)
        )
    if isinstance(error, BotoCoreError) and not isinstance(error, _LOST):
        return RunbookError(f"Cannot {doing}: {plain(error)}.")
    came = _came(error)
    if writing:
        return UncertainError(f"Cannot {doing}: {came}. {_unknown(once)}", code(error))
    again = "The answer was not used; run this again. If this happens again, a proxy or the network between this machine and AWS is the cause."
    return AwsError(f"Cannot {doing}: {came}. {again}", code(error))


def _may_be_done(outcomes):
    """Whether AWS may have carried out the request in one of several attempts."""
    return any(
        outcome >= _SERVER_ERROR
        if isinstance(outcome, int)
        else isinstance(outcome, _LOST) and not isinstance(outcome, _NOT_SENT) and not _is_of_handshake(outcome)
        for outcome in outcomes
    )


def plain(error, profile=None):
    """Return a clause about an error of botocore, which quotes no answer, and what to do if that is known."""
    if not isinstance(error, BotoCoreError):
        return f"{_NO_PROCESS} ({type(error).__name__})"
    if isinstance(error, NoCredentialsError):
        return _NO_CREDENTIALS
    if isinstance(error, _SSO) or error.kwargs.get("provider") == "sso":
        renewal = shlex.join(["aws", "sso", "login", *(["--profile", profile] if profile else [])])
        return f"the login by SSO is absent or has expired; renew it with: {renewal}"
    if isinstance(error, exceptions.ProfileNotFound):
        return f"the AWS profile {error.kwargs.get('profile')!r} is not in the shared configuration (~/.aws/config)"
    if isinstance(error, _QUOTING) and error.kwargs.get("provider") not in _OWN_PROVIDERS:
        provider = error.kwargs.get("provider")
        return f"{type(error).__name__}{f' of {provider}' if provider else ''}"
    return " ".join(urls.without_userinfo(str(error)).split()).rstrip(".")


def _is_of_handshake(error):
    """Whether TLS failed before anything was sent: botocore raises the same error for an answer that cannot be decrypted."""
    if not isinstance(error, exceptions.SSLError):
        return False
    for cause in getattr(error.kwargs.get("error"), "args", ()):
        if isinstance(cause, ssl.SSLCertVerificationError) or (
            isinstance(cause, ssl.SSLError)
            and any(frame.f_code is ssl.SSLSocket.do_handshake.__code__ for frame, _ in walk_tb(cause.__traceback__))
        ):
            return True
    return False


def _is_of_process(error):
    """
    Whether an error arose while botocore read the output of a ``credential_process``: it passes on the parser's error.

    https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sourcing-external.html
    """
    if isinstance(error, BotoCoreError | ClientError):
        return False
    return any(isinstance(frame.f_locals.get("self"), ProcessProvider) for frame, _ in walk_tb(error.__traceback__))


def _of_aws(error, doing, service, operation, *, writing, once, hidden):
    detail = error.response.get("Error", {})
    name, text = detail.get("Code", ""), _without(str(detail.get("Message") or "no message"), hidden)
    message = " ".join(text.split())
    text = f"Cannot {doing}: AWS says {name}: {message.rstrip('.')}."
    if name in DENIED:
        # botocore makes its own calls within another one, to get credentials.
        refused = error.operation_name or operation
        text += f" The credentials in use need {services.iam_action(_OF_CREDENTIALS.get(refused, service), refused)}."
    cure = _CLOCK if message.startswith(_OUT_OF_TIME) else _CURES.get(name)
    text += f" {cure}" if cure else ""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if writing and status >= _SERVER_ERROR and name not in REFUSED:
        return UncertainError(f"{text} {_unknown(once)}", name, error.response)
    if status >= _SERVER_ERROR and not cure:
        return AwsError(f"{text} {_AGAIN}", name, error.response)
    return AwsError(text, name, error.response)


def _came(error):
    if isinstance(error, _LOST):
        return f"no complete answer arrived ({type(error).__name__})"
    came = str(error) if isinstance(error, answers.Unreadable) else None
    if isinstance(error, ClientError):
        came = answers.not_of_aws(error)
    return f"the answer is not a valid answer of AWS ({came or type(error).__name__})"


def _unknown(once):
    then = "Check what exists before you repeat it" if once else "Run this again: it first reads what exists"
    return f"It is not known whether AWS did it. {then}."
