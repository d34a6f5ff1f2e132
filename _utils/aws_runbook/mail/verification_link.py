"""
Open the link that verifies an address, once, and follow no redirect.
"""

import os
from urllib.parse import urlsplit

import urllib3

from aws_runbook.errors import RunbookError

_TIMEOUT = 30  # seconds
_AWS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")
# SES answers with a redirect to one of AWS's two pages, which show a browser the result; some have a language before it.
# https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html
_SITES = (".amazon.com", ".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.cn")
_OUTCOMES = {"verifysuccess": True, "verifyfailure": False}


def open_link(url, endpoint):
    """
    Open a link that :func:`aws_runbook.mail.verification_mail.is_genuine` has passed. SES verifies the address when the link is requested, and then
    redirects to a page with the result, which is not needed here: no redirect is followed.

    ``endpoint`` is where calls to SES go. When that is not AWS (``AWS_ENDPOINT_URL``), the link is opened there too. The
    answer is whether SES took it: not one that has been used, or has lapsed. What is not SES's answer is an error.
    """
    target = _at(url, endpoint)
    pool = urllib3.PoolManager(ca_certs=os.environ.get("AWS_CA_BUNDLE"))
    try:
        answer = pool.request("GET", target, redirect=False, retries=False, timeout=_TIMEOUT)
        came, taken = f"HTTP {answer.status}", _outcome(answer)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        came, taken = type(error).__name__, None  # its text can quote the answer
    if taken is None:
        raise RunbookError(
            f"The verification link at {urlsplit(target).netloc.rpartition('@')[2]} did not return SES's answer ({came}): a proxy or the network "
            "between this machine and AWS is the cause. When that is fixed, run this again for another link."
        )
    return taken


def _outcome(answer):
    """SES's answer about a link; ``None`` if the answer is not SES's."""
    try:
        page = urlsplit(answer.get_redirect_location() or "")
    except ValueError:
        return None
    if page.scheme not in ("http", "https") or not f".{page.hostname}".endswith(_SITES):
        return None
    service, _, name = page.path.rstrip("/").rpartition("/")
    return _OUTCOMES.get(name) if service.endswith("/ses") else None


def _at(url, endpoint):
    parts = urlsplit(endpoint)
    if f".{parts.hostname}".endswith(_AWS):
        return url
    return urlsplit(url)._replace(scheme=parts.scheme, netloc=parts.netloc).geturl()
