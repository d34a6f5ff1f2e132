"""
The sandbox as tests hold it: a process of its own, and a method for everything that ``/_sandbox/…`` takes.
"""

import contextlib
import json
import os
import shlex
import subprocess
import sys
import tempfile
import threading
from functools import cached_property
from http import HTTPStatus
from pathlib import Path

import boto3
import urllib3

_ROOT = Path(__file__).resolve().parent.parent


class SandboxError(Exception):
    """The sandbox did not start, or refused a request to itself."""


class Sandbox:
    """
    A running sandbox.

    ``with Sandbox() as sandbox: …`` starts a process and ends it. ``Sandbox(url=…)`` talks to one that runs already.
    """

    def __init__(self, *arguments, url=None):
        self._arguments = arguments
        self._process = None
        self._errors = None
        self.url = url
        self._key = _ADMINISTRATOR
        self.environment = {} if url is None else {"AWS_ENDPOINT_URL": url}

    def __enter__(self):
        self._errors = tempfile.TemporaryFile()  # closed in __exit__
        self._process = subprocess.Popen(
            [sys.executable, "-m", "sandbox", *self._arguments],
            cwd=_ROOT,
            env={name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOTO_"))},
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self.environment = self._exports()
        self.url = self.environment["AWS_ENDPOINT_URL"]
        return self

    def _exports(self):
        exports = {}
        # Reading ends when the last line has come, or when the process has ended and closed its output.
        for line in self._process.stdout:
            name, _, value = line.removeprefix("export ").partition("=")
            exports[name] = shlex.split(value)[0]
            expected = "AWS_CA_BUNDLE" if "--tls" in self._arguments else "AWS_DEFAULT_REGION"
            if name == expected:
                return exports
        self._errors.seek(0)
        message = self._errors.read().decode(errors="replace")
        self.__exit__(None, None, None)
        raise SandboxError(f"The sandbox did not start:\n{message}")

    def __exit__(self, *_):
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=10)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._errors.close()

    @property
    def pid(self):
        """The process id, for those who measure it."""
        return self._process.pid

    def ask(self, action, **arguments):
        """Send ``/_sandbox/<action>`` and return its answer."""
        answer = self._pool.request(
            "POST",
            f"{self.url}/_sandbox/{action}",
            body=json.dumps(arguments),
            headers={"Content-Type": "application/json"},
            retries=False,
        )
        data = json.loads(answer.data)
        if answer.status != HTTPStatus.OK:
            raise SandboxError(data["error"])
        return data

    @cached_property
    def _pool(self):
        return urllib3.PoolManager(ca_certs=self.environment.get("AWS_CA_BUNDLE"))

    def client(self, service, region=None, key=None, **options):
        """
        A boto3 client of a service.

        ``key`` is the pair of an access key id and its secret; left out, it is the administrator's.
        """
        key_id, secret = key or self._key
        with _client_lock:  # boto3's clients are safe in threads; making one is not
            return self._session.client(
                service,
                region_name=region or "us-east-1",
                aws_access_key_id=key_id,
                aws_secret_access_key=secret,
                endpoint_url=self.url,
                verify=self.environment.get("AWS_CA_BUNDLE"),
                **options,
            )

    @cached_property
    def _session(self):
        # One for all clients, as the service models that it reads take longer than most tests.
        return boto3.Session()

    def reset(self):
        """Forget everything: resources, log, clock, faults, settings."""
        self.ask("reset")
        self._key = _ADMINISTRATOR

    def stand_aside(self):
        """
        From now on, clients made here meet no faults, lag and small pages.

        So a test prepares and looks as if nothing were wrong, while what it tests meets everything.
        """
        self._key = _BYSTANDER
        self.ask("spare", access_key_id=self._key[0])

    def calls(self, service=None, operation=None, write=None):
        """The log of calls, as dicts, oldest first."""
        return self.ask("calls", service=service, operation=operation, write=write)["calls"]

    def clear_calls(self):
        """Forget the log of calls."""
        self.ask("clear-calls")

    def refuse_writes(self, refuse=True):
        """Answer every write with AccessDenied, or no more."""
        self.ask("refuse-writes", refuse=refuse)

    def enforce_iam(self, enforce=True):
        """Decide calls of users and roles by their policies, and check their signatures, or no more."""
        self.ask("enforce-iam", enforce=enforce)

    def root_key(self):
        """Give the account's root user an access key, which no listing has; its id."""
        return self.ask("root-key")["access_key_id"]

    def expire(self, access_key_id):
        """Let the time of temporary credentials be over, by their access key."""
        self.ask("expire", access_key_id=access_key_id)

    def lag(self, service, looks=None, seconds=None, pattern=None):
        """
        Hide what is made in ``service`` from now on, until so many looks have not shown it, or for so many seconds of the clock;
        with neither, hide nothing any more.

        ``pattern`` says which look shows it (``+``) and which does not (``-``), over and over; left out, every second one.
        ``-`` is a mere delay: AWS is not that kind.
        """
        given = {"pattern": pattern} if pattern else {}
        self.ask("lag", service=service, looks=looks, seconds=seconds, **given)

    def settle(self):
        """Let everybody see what was made up to now; what is made from now on lags as before."""
        self.ask("settle")

    def fault(self, operation, kind, times=1, probability=None, seed=None, skip=0):
        """
        Let an operation (``CreateUser``, ``iam:*``, ``*``) go wrong.

        ``kind`` is one of throttling, internal_error, unavailable, access_denied, expired_token, skewed_clock, timeout,
        reset_before, reset_after.
        It strikes ``times`` times, after having let ``skip`` calls pass; with ``probability``, as often as that says,
        drawn from ``seed`` (left out, from the one that the sandbox was started with).
        """
        self.ask(
            "fault",
            operation=operation,
            kind=kind,
            times=times if probability is None else None,
            probability=probability,
            seed=seed,
            skip=skip,
        )

    def throttle(self, rate, seed=None, operation="*"):
        """Refuse this share of all calls as too many, chosen by ``seed``."""
        self.fault(operation, "throttling", probability=rate, seed=seed)

    def rate(self, service, per_second):
        """Let through so many calls of a service in a second."""
        self.ask("rate", service=service, per_second=per_second)

    def latency(self, operation, milliseconds, jitter=0, seed=None):
        """Delay an operation."""
        self.ask("latency", operation=operation, milliseconds=milliseconds, jitter=jitter, seed=seed)

    def meet(self, operation, milliseconds):
        """Hold each call of an operation until another one asks for the same, at most so long."""
        self.ask("meet", operation=operation, milliseconds=milliseconds)

    def clear_faults(self):
        """No more faults, delays, meetings and rates."""
        self.ask("clear-faults")

    def page_size(self, size):
        """Give listings in pages of at most ``size``; ``None``: as AWS does."""
        self.ask("page-size", size=size)

    def set_clock(self, moment):
        """Set the clock to a datetime with a zone."""
        self.ask("clock", set=moment.isoformat())

    def advance_clock(self, seconds):
        """Move the clock on."""
        self.ask("clock", advance=seconds)

    def stop_clock(self):
        """Let the clock stand still; it can still be set and moved."""
        self.ask("clock", stop=True)

    def dns(self, server):
        """The DNS server, as ``HOST:PORT``, at which SES looks for records; ``None``: it waits until told."""
        self.ask("dns", server=server)

    def verify(self, identity, what="identity", status="SUCCESS", region="us-east-1"):
        """Settle what SES waits for: ``identity`` (an address's link, a domain's DKIM), ``dkim`` or ``mail_from``."""
        self.ask("verify", identity=identity, what=what, status=status, region=region)

    def review_account(self, status, region="us-east-1"):
        """Decide on the request for production access: GRANTED, DENIED, FAILED or PENDING."""
        self.ask("review-account", status=status, region=region)

    def suppress(self, address, reason="BOUNCE", region="us-east-1", message_id=None, feedback_id=None):
        """Put an address on the suppression list as a bounce or complaint does."""
        self.ask(
            "suppress", address=address, reason=reason, region=region, message_id=message_id, feedback_id=feedback_id
        )

    def decoy(self, address, kind, region="us-east-1"):
        """
        Let a mail arrive that must not be taken for SES's; the buckets and keys it was written to.

        ``kind`` is one of other_sender, older, look_alike, other_address, unauthenticated, dmarc, other_account.
        """
        return [tuple(place) for place in self.ask("decoy", address=address, kind=kind, region=region)["written"]]

    def deliver(self, recipient, message, region="us-east-1"):
        """Let any mail arrive; the buckets and keys it was written to."""
        answer = self.ask("deliver", recipient=recipient, message=message, region=region)
        return [tuple(place) for place in answer["written"]]

    def accepts(self, recipient, region="us-east-1"):
        """Whether a mail that arrives now is taken, and not rejected."""
        return self.ask("deliver", recipient=recipient, message="Subject: x\n\nx\n", region=region)["accepted"]

    def follow(self, link):
        """Follow a verification link as a person does; whether it verified anything."""
        return self.ask("follow", link=link)["verified"]

    def subscription_token(self, topic, endpoint):
        """The token that the mail to a subscriber holds; ``None`` when nothing waits for confirmation."""
        return self.ask("subscription-token", topic=topic, endpoint=endpoint)["token"]

    def confirm_subscription(self, topic, endpoint, authenticated=False):
        """Let a subscriber follow the link of the mail; the ARN of the subscription."""
        return self.ask("confirm-subscription", topic=topic, endpoint=endpoint, authenticated=authenticated)["arn"]

    def delete_subscription(self, topic, endpoint):
        """Let a subscriber unsubscribe: SNS lists it as ``Deleted``."""
        self.ask("delete-subscription", topic=topic, endpoint=endpoint)

    def database_times(self, creating=None, modifying=None, deleting=None, region="us-east-1"):
        """For how many seconds of the clock databases are being created, modified and deleted."""
        self.ask("database-times", creating=creating, modifying=modifying, deleting=deleting, region=region)

    def database_status(self, identifier, status, region="us-east-1"):
        """Let an instance or a cluster have any of RDS's statuses, until it is changed."""
        self.ask("database-status", identifier=identifier, status=status, region=region)

    def maintain_databases(self, region="us-east-1"):
        """Let the maintenance window come: what waits for it is done."""
        self.ask("maintain-databases", region=region)

    def expire_objects(self):
        """Let S3 carry out the lifecycle rules, by the clock as it is now; (bucket, key) of what is gone."""
        return [tuple(place) for place in self.ask("expire-objects")["gone"]]

    def pass_time(self, seconds):
        """Move the clock on; at each midnight on the way S3 carries out the lifecycle rules. (bucket, key) of what is gone."""
        return [tuple(place) for place in self.ask("pass-time", seconds=seconds)["gone"]]

    def foreign_bucket(self, name):
        """Let a bucket belong to somebody else's account."""
        self.ask("foreign-bucket", name=name)

    def tag(self, resource, tags, region="us-east-1"):
        """Let AWS put tags of its own (``aws:…``) on something: an ARN, or the id of something in EC2."""
        self.ask("tag", resource=resource, tags=tags, region=region)


_ADMINISTRATOR = ("AKIASANDBOXADMIN0000", "sandbox-needs-no-secret")
_BYSTANDER = ("AKIASANDBOXASIDE0000", "sandbox-needs-no-secret")
_client_lock = threading.Lock()
