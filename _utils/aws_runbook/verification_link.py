"""
Opening the link that verifies an address: that one, once, and nothing that it leads to.
"""

import os
from urllib.parse import urlsplit

import urllib3

from aws_runbook.errors import RunbookError

_TIMEOUT = 30  # seconds
_AWS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")
_FAILURE = 400


def open_link(url, endpoint):
    """
    Open a link that :func:`aws_runbook.verification_mail.is_genuine` has passed. SES verifies when it is asked for, and then
    sends a browser on to a page of thanks, which nobody needs here: no redirect is followed.

    ``endpoint`` is where calls to SES go. When that is not AWS (``AWS_ENDPOINT_URL``), the link is opened there too. The
    answer is whether SES took it: not one that has been used, or has lapsed.
    """
    target = _at(url, endpoint)
    pool = urllib3.PoolManager(ca_certs=os.environ.get("AWS_CA_BUNDLE"))
    try:
        answer = pool.request("GET", target, redirect=False, retries=False, timeout=_TIMEOUT)
    except urllib3.exceptions.HTTPError as error:
        raise RunbookError(
            f"The verification link at {urlsplit(target).netloc} could not be opened: {error}."
        ) from error
    return answer.status < _FAILURE


def _at(url, endpoint):
    parts = urlsplit(endpoint)
    if f".{parts.hostname}".endswith(_AWS):
        return url
    return urlsplit(url)._replace(scheme=parts.scheme, netloc=parts.netloc).geturl()
