"""
What goes through the application: a call, and the reply to it.
"""

from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import Any


@dataclass
class Reply:
    """An HTTP reply. ``data`` is the result before it was serialised, when a handler made it."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    data: dict | None = None
    error_code: str | None = None
    # The connection is cut instead of answered: what a network fault looks like to a client.
    cut: bool = False

    def hold(self, body):
        """Hold another body; the length that was told of the old one goes."""
        self.body = body
        self.headers = {name: value for name, value in self.headers.items() if name.lower() != "content-length"}

    @property
    def succeeded(self):
        """Whether the operation was carried out."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES


@dataclass
class Call:
    """One request to AWS, read by the service's own model."""

    environ: dict
    body: bytes
    service: str | None
    operation: Any  # botocore's OperationModel; None when no model knows the request
    parameters: dict
    protocol: str
    region: str
    access_key_id: str | None
    request_id: str
    state: Any
    moto: Any
    account_id: str = ""
    # Why its body cannot be read, as the error to answer with.
    unreadable: Exception | None = None
    # Parameters of the query string or form that moto gets otherwise than the caller sent them; ``None``: not at all.
    overrides: dict[str, str | None] = field(default_factory=dict)

    @property
    def name(self):
        """The operation's name, such as ``CreateUser``."""
        return self.operation.name if self.operation is not None else None

    @cached_property
    def writes(self):
        """Whether the operation changes anything."""
        return writes(self.service, self.name, self.environ["REQUEST_METHOD"])

    @property
    def spared(self):
        """Whether it is made by whoever sees AWS without faults, lag and small pages."""
        return self.access_key_id in self.state.spared

    @property
    def now(self):
        """The time in the sandbox."""
        return self.state.clock.now()

    @property
    def partition(self):
        """``aws``, ``aws-cn`` or ``aws-us-gov``: what ARNs of the call's region begin with."""
        return self.moto.partition(self.region)

    def forward(self):
        """What moto replies to this call."""
        return self.moto.answer(self)

    def backend(self, service=None, region=None):
        """The backend in which moto keeps the resources of the call's account and region."""
        return self.moto.backend(service or self.service, self.account_id, region or self.region)

    def own(self, factory):
        """What the sandbox itself keeps for the call's account and region, made by ``factory`` at first use."""
        return self.state.own(factory, self.account_id, self.region)


_READS = (
    "Get", "List", "Describe", "Head", "Select", "Simulate", "Lookup", "Check", "Decode", "Batch", "Search", "Assume",
)  # fmt: skip


def writes(service, operation, method):
    """Whether an operation changes anything, which AWS's names of operations tell."""
    if operation is None:
        return method not in ("GET", "HEAD", "OPTIONS")
    if service == "sts":
        return False  # credentials are handed out, nothing is changed
    return not operation.startswith(_READS)
