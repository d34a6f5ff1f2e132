"""The fixture ``proxy``: what stands between boto3 and the sandbox in a test."""

import pytest


@pytest.fixture(scope="session")
def _proxy(sandbox_server):
    from chaos.proxy import Proxy  # what reads requests by AWS's models takes a second to import

    with Proxy(sandbox_server.url) as proxy:
        yield proxy


@pytest.fixture
def proxy(_proxy, sandbox, monkeypatch):
    """The session's proxy, with nothing wrong yet; ``AWS_ENDPOINT_URL`` is its address."""
    _proxy.clear()
    monkeypatch.setenv("AWS_ENDPOINT_URL", _proxy.url)
    return _proxy
