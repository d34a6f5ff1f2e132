"""
The mail with the link that verifies an address, and what is not that mail but looks like it.

https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html#verify-email-addresses-procedure
"""

import secrets
from datetime import timedelta
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from urllib.parse import parse_qs, urlencode

from sandbox.mail import receiving
from sandbox.mail.region import Region, key, region
from sandbox.messages import Reply

SENDER = "no-reply-aws@amazon.com"
DECOYS = ("other_sender", "older", "look_alike", "other_address", "unauthenticated", "dmarc", "other_account")
_REGIONS = {"us-east-1": "US East (N. Virginia)", "eu-west-1": "EU (Ireland)", "us-west-2": "US West (Oregon)"}
_TEXT = """\
Dear Amazon Web Services Customer,

We have received a request to authorize this email address for use with Amazon SES and Amazon Pinpoint in region \
{region}. If you requested this verification, please go to the following URL to confirm that you are authorized to use \
this email address:

{link}

Your request will not be processed unless you confirm the address using this URL. This link expires 24 hours after \
your original verification request.

If you did NOT request to verify this email address, do not click on the link.

Sincerely,

The Amazon Web Services Team.
"""


def request(call, identity):
    """Ask the owner of an address to confirm it, by a mail with a link."""
    identity.ownership.begin(call.now)
    token = secrets.token_hex(32)
    region(call).links = {known: name for known, name in region(call).links.items() if name != identity.name}
    region(call).links[token] = identity.name
    if receiving.receives(call, identity.name):
        message = compose(call, identity.name, link(call, identity.name, token))
        receiving.deliver(call, identity.name, message.as_bytes())


def link(call, address, token, host=None, account=None):
    """
    A link as SES writes it. In the sandbox its path and query are answered at the sandbox's own address.

    ``Context`` is the account that asked, in every link that was published: AWS's pages do not say so.
    """
    query = {
        "Context": account or call.account_id,
        "X-Amz-Date": call.now.strftime("%Y%m%dT%H%M%SZ"),
        "Identity.IdentityName": address,
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "Identity.IdentityType": "EmailAddress",
        "X-Amz-SignedHeaders": "host",
        "X-Amz-Credential": f"AKIASANDBOXSES000000/{call.now:%Y%m%d}/{call.region}/ses/aws4_request",
        "Operation": "ConfirmVerification",
        "Namespace": "Bacon",
        "X-Amz-Signature": token,
    }
    return f"https://{host or f'email-verification.{call.region}.amazonaws.com'}/?{urlencode(query)}"


def compose(call, address, url, *, sender=SENDER, date=None, authenticated=True, dmarc=True):
    """
    The mail as SES stores it: what it found out about the sender stands above all that the sender wrote, up to the receipt.

    https://docs.aws.amazon.com/ses/latest/dg/receiving-email-concepts.html
    """
    date = date or call.now
    domain = sender.rpartition("@")[2].rstrip(">")
    result = "pass" if authenticated else "fail"
    aligned = "pass" if authenticated and dmarc else "fail"
    name = _REGIONS.get(call.region, call.region)
    message = EmailMessage()
    message["Return-Path"] = f"<{sender}>"
    message["Received"] = (
        f"from a8-97.smtp-out.amazonses.com by inbound-smtp.{call.region}.amazonaws.com; for {address}"
    )
    message["X-SES-Spam-Verdict"] = "PASS"
    message["X-SES-Virus-Verdict"] = "PASS"
    message["Received-SPF"] = f"{result} (spfCheck: domain of {domain}) client-ip=54.240.8.97;"
    message["Authentication-Results"] = (
        f"amazonses.com; spf={result} (spfCheck: domain of {domain}) client-ip=54.240.8.97; envelope-from={sender}; "
        f"dkim={result} header.i=@{domain}; dmarc={aligned} header.from={domain};"
    )
    message["X-SES-RECEIPT"] = secrets.token_urlsafe(64)
    message["Date"] = format_datetime(date)
    message["From"] = f"Amazon Web Services <{sender}>"
    message["To"] = address
    message["Message-ID"] = make_msgid(domain="email.amazonses.com")
    message["Subject"] = f"Amazon Web Services \N{EN DASH} Email Address Verification Request in region {name}"
    message.set_content(_TEXT.format(region=name, link=url), cte="quoted-printable")
    return message


def decoy(call, address, kind):
    """Deliver a mail that must not be taken for the genuine one; where it was written."""
    token = secrets.token_hex(32)
    options, url = {}, link(call, address, token)
    if kind == "other_sender":
        options = {"sender": "no-reply-aws@amazon.com.example.net"}
    elif kind == "older":
        options = {"date": call.now - timedelta(days=2)}
    elif kind == "look_alike":
        url = link(call, address, token, host=f"email-verification.{call.region}.amazonaws.com.example.net")
    elif kind == "other_address":
        url = link(call, "somebody@example.net", token)
    elif kind == "unauthenticated":
        options = {"authenticated": False}
    elif kind == "dmarc":
        options = {"dmarc": False}
    elif kind == "other_account":
        url = link(call, address, token, account="210987654321")
    message = compose(call, address, url, **options)
    return receiving.deliver(call, address, message.as_bytes())


def is_link(environ):
    """Whether a request follows a verification link."""
    return environ["REQUEST_METHOD"] == "GET" and "Operation=ConfirmVerification" in environ.get("QUERY_STRING", "")


def page(state, environ):
    """What a browser gets that follows a link: SES sends it on to AWS's page of congratulation, or of regret."""
    with state.lock:
        verified = follow(state, environ["QUERY_STRING"])
    name = "verifysuccess" if verified else "verifyfailure"
    return Reply(302, {"Location": f"https://aws.amazon.com/ses/{name}/"}, b"")


def follow(state, query_string):
    """Verify the address that a link is for, once, and while the link is valid; whether that was done."""
    query = {name: values[0] for name, values in parse_qs(query_string).items()}
    token, now = query.get("X-Amz-Signature"), state.clock.now()
    for _, service in state.every(Region):
        address = service.links.get(token)
        identity = service.identities.get(key(address)) if address else None
        if identity is None or address != query.get("Identity.IdentityName"):
            continue
        identity.refresh(now, None)
        if identity.ownership.status == "PENDING":
            identity.ownership.settle("SUCCESS", now)
            return True
    return False
