"""
``/_sandbox/…``: what tests and people ask of the sandbox itself. JSON in, JSON out.

``GET /_sandbox/health``, ``GET /_sandbox/calls``; everything else is ``POST`` with a JSON object of arguments.
"""

import json
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

from sandbox import system_tags
from sandbox.bucket_places import Foreign
from sandbox.errors import AwsError
from sandbox.faults import KINDS, Fault
from sandbox.handlers.sns.subscriptions import confirm, confirmations, find
from sandbox.lag import PATTERN
from sandbox.mail import receiving, verification
from sandbox.mail.region import Suppressed
from sandbox.mail.region import region as mail_region
from sandbox.messages import Call, Reply

_CHECK_STATUSES = ("PENDING", "SUCCESS", "FAILED", "TEMPORARY_FAILURE")
_REVIEWS = ("PENDING", "GRANTED", "DENIED", "FAILED")


class BadRequest(Exception):  # noqa: N818 - named as HTTP names it
    """A control request that cannot be carried out; its text says why."""


_ACTIONS = {}


def action(function):
    """Register a function as ``/_sandbox/<its name with hyphens>``."""
    _ACTIONS[function.__name__.replace("_", "-")] = function
    return function


def answer(application, environ, body):
    """The reply to a control request."""
    name = environ["PATH_INFO"].removeprefix("/_sandbox/").strip("/")
    function = _ACTIONS.get(name)
    if function is None:
        return _json(404, {"error": f"There is no /_sandbox/{name}; there are {', '.join(sorted(_ACTIONS))}."})
    try:
        arguments = json.loads(body) if body else dict(parse_qsl(environ.get("QUERY_STRING", "")))
        with application.state.lock:
            result = function(application, **arguments)
    except (BadRequest, AwsError, TypeError, ValueError, KeyError) as error:
        return _json(400, {"error": f"/_sandbox/{name}: {error}"})
    return _json(200, result if result is not None else {})


def _json(status, data):
    return Reply(status, {"Content-Type": "application/json"}, json.dumps(data, default=str).encode())


@action
def health(application):
    """Whether it is up, and what it knows of its time."""
    return {"status": "ok", "time": application.state.clock.now().isoformat()}


@action
def reset(application):
    """Forget everything: resources, log, clock, faults."""
    application.moto.reset()
    application.state.reset()


@action
def calls(application, service=None, operation=None, write=None):
    """The log of calls."""
    if isinstance(write, str):
        write = write.lower() == "true"
    return {"calls": application.state.log.entries(service, operation, write)}


@action
def clear_calls(application):
    """Forget the log of calls."""
    application.state.log.clear()


@action
def refuse_writes(application, refuse=True):
    """Answer every write with AccessDenied."""
    application.state.refuse_writes = bool(refuse)


@action
def enforce_iam(application, enforce=True):
    """Decide calls of users and roles by their policies."""
    application.state.enforce_iam = bool(enforce)


@action
def spare(application, access_key_id):
    """Let calls with this key meet no faults, lag and small pages."""
    application.state.spared.add(access_key_id)


@action
def root_key(application):
    """Give the account's root user an access key, which no listing has; its id."""
    call = _call(application, "us-east-1")
    access_key_id = f"AKIAROOT{len(application.state.issued):012d}"
    application.state.issued.add(access_key_id)
    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html
    call.backend("iam").account_summary._account_access_keys_present = 1  # noqa: SLF001 - moto has no other way
    return {"access_key_id": access_key_id}


@action
def expire(application, access_key_id):
    """Let the time of temporary credentials be over, by their access key."""
    application.state.expired.add(access_key_id)


@action
def lag(application, service, looks=None, seconds=None, pattern=PATTERN):
    """Hide what is made in a service at so many looks, or for so many seconds."""
    application.state.lag.set(service, looks=looks, seconds=seconds, pattern=pattern)


@action
def settle(application):
    """Let everybody see what was made up to now."""
    application.state.lag.settle()


@action
def page_size(application, size=None):
    """Give listings in pages of at most ``size``."""
    application.state.page_size = size


@action
def fault(application, operation, kind, times=1, probability=None, seed=None, skip=0):
    """Let an operation go wrong."""
    if kind not in KINDS:
        raise BadRequest(f"kind is {kind!r}; allowed are {', '.join(KINDS)}.")
    seed = application.state.seed if seed is None else seed
    application.state.faults.add(Fault(operation, kind, times, probability, seed, skip))


@action
def latency(application, operation, milliseconds, jitter=0, seed=None):
    """Delay an operation."""
    seed = application.state.seed if seed is None else seed
    application.state.faults.set_latency(operation, milliseconds, jitter, seed)


@action
def meet(application, operation, milliseconds):
    """Let calls of an operation wait for one another."""
    application.state.faults.add_meeting(operation, milliseconds)


@action
def rate(application, service, per_second):
    """Let through so many calls of a service in a second."""
    application.state.faults.set_rate(service, per_second)


@action
def clear_faults(application):
    """No more faults, delays and rates."""
    application.state.faults.reset()


@action
def clock(application, set=None, advance=None, stop=None):  # noqa: A002 - reads as the request does
    """Set, move on, stop or start the clock."""
    time = application.state.clock
    if set is not None:
        moment = datetime.fromisoformat(set)
        if moment.tzinfo is None:
            raise BadRequest(f"set is {set!r}; give a time with its zone, such as 2030-01-01T00:00:00+00:00.")
        time.set(moment)
    if advance is not None:
        time.advance(advance)
    if stop is not None:
        (time.stop if stop else time.start)()
    return {"time": time.now().isoformat()}


@action
def dns(application, server=None):
    """The DNS server, as ``HOST:PORT``, at which SES looks for records; none: it waits until told."""
    host, _, port = (server or "").rpartition(":")
    if server and not (host and port.isdigit()):
        raise BadRequest(f"server is {server!r}; give HOST:PORT.")
    application.state.dns = (host, int(port)) if server else None


@action
def verify(application, identity, what="identity", status="SUCCESS", region="us-east-1"):
    """Settle what SES waits for: ``identity`` (an address's link, a domain's DKIM), ``dkim`` or ``mail_from``."""
    checks = {"identity": "verification", "dkim": "dkim", "mail_from": "mail_from"}
    if what not in checks or status not in _CHECK_STATUSES:
        raise BadRequest(f"what is one of {', '.join(checks)}; status is one of {', '.join(_CHECK_STATUSES)}.")
    found = _mail(application, region).identity(identity)
    getattr(found, checks[what]).settle(status, application.state.clock.now())


@action
def review_account(application, status, region="us-east-1"):
    """Decide on the request for production access."""
    if status not in _REVIEWS:
        raise BadRequest(f"status is {status!r}; allowed are {', '.join(_REVIEWS)}.")
    details = _mail(application, region).details
    if details is None:
        raise BadRequest(f"nobody has asked for production access in {region}.")
    details["ReviewDetails"]["Status"] = status


@action
def suppress(application, address, reason="BOUNCE", region="us-east-1", message_id=None, feedback_id=None):
    """Put an address on the suppression list as a bounce or complaint does."""
    entry = Suppressed(address, reason, application.state.clock.now(), message_id, feedback_id)
    _mail(application, region).suppressed[address.lower()] = entry


@action
def decoy(application, address, kind, region="us-east-1"):
    """Let a mail arrive that must not be taken for SES's."""
    if kind not in verification.DECOYS:
        raise BadRequest(f"kind is {kind!r}; allowed are {', '.join(verification.DECOYS)}.")
    return {"written": verification.decoy(_call(application, region), address, kind)}


@action
def deliver(application, recipient, message, region="us-east-1"):
    """Let any mail arrive."""
    call = _call(application, region)
    accepted = receiving.accepts(call, recipient)
    return {"accepted": accepted, "written": receiving.deliver(call, recipient, message.encode())}


@action
def follow(application, link):
    """Follow a verification link, as a person does with a browser."""
    return {"verified": verification.follow(application.state, urlsplit(link).query)}


@action
def subscription_token(application, topic, endpoint):
    """The token that the mail to a subscriber holds."""
    call, subscription = _subscription(application, topic, endpoint)
    entry = confirmations(call).waiting.get(subscription.arn)
    return {"token": entry.token if entry else None}


@action
def confirm_subscription(application, topic, endpoint, authenticated=False):
    """Let a subscriber follow the link of the mail."""
    call, subscription = _subscription(application, topic, endpoint)
    if subscription.arn not in confirmations(call).waiting:
        raise BadRequest(f"the subscription of {endpoint} to {topic} does not wait for confirmation.")
    confirm(call, subscription.arn, authenticated=authenticated)
    return {"arn": subscription.arn}


@action
def delete_subscription(application, topic, endpoint):
    """Let a subscriber unsubscribe: SNS lists it as ``Deleted``."""
    call, subscription = _subscription(application, topic, endpoint)
    confirmations(call).deleted.add(subscription.arn)


@action
def database_times(application, creating=None, modifying=None, deleting=None, region="us-east-1"):
    """For how many seconds databases are being created, modified and deleted."""
    from sandbox.handlers.rds.lives import lives  # RDS takes long to import, and few tests need it

    given = {"creating": creating, "modifying": modifying, "deleting": deleting}
    seconds = lives(_call(application, region)).seconds
    seconds.update({name: value for name, value in given.items() if value is not None})


@action
def database_status(application, identifier, status, region="us-east-1"):
    """Let an instance or a cluster have a status, until it is changed."""
    from sandbox.handlers.rds.lives import lives

    found = lives(_call(application, region))
    slot = next((slot for slot in found.known if slot[1] == identifier), None)
    if slot is None:
        raise BadRequest(f"there is no database {identifier}.")
    found.known[slot].status, found.known[slot].until = status, None


@action
def maintain_databases(application, region="us-east-1"):
    """Let the maintenance window come: what waits for it is done."""
    from sandbox.handlers.rds.lives import maintain

    maintain(_call(application, region))


@action
def expire_objects(application):
    """Let S3's daily run come: what lifecycle rules say is deleted, by the clock as it is now."""
    from sandbox.handlers.s3.expiry import carry_out

    call = _call(application, "us-east-1")
    return {"gone": carry_out(call.backend("s3"), call.now)}


@action
def pass_time(application, seconds):
    """Move the clock on; at each midnight on the way S3's daily run comes."""
    from sandbox.handlers.s3.expiry import carry_out, midnights

    call, time = _call(application, "us-east-1"), application.state.clock
    end, gone = time.now() + timedelta(seconds=seconds), []
    for midnight in midnights(time.now(), end):
        time.set(midnight)
        gone += carry_out(call.backend("s3"), midnight)
    time.set(end)
    return {"time": end.isoformat(), "gone": gone}


def _subscription(application, topic, endpoint):
    call = _call(application, topic.split(":")[3])
    confirmations(call)
    subscription = find(call, topic, endpoint)
    if subscription is None:
        raise BadRequest(f"{endpoint} is not subscribed to {topic}.")
    return call, subscription


def _call(application, region):
    """A call of the administrator's that nobody made: what AWS does by itself in a region."""
    return Call(
        environ={"REQUEST_METHOD": "POST"},
        body=b"",
        service="ses",
        operation=None,
        parameters={},
        protocol="query",
        region=region,
        access_key_id=None,
        request_id="",
        state=application.state,
        moto=application.moto,
        account_id=application.moto.account_of(None),
    )


def _mail(application, region):
    return mail_region(_call(application, region))


@action
def foreign_bucket(application, name):
    """Let a bucket belong to somebody else's account."""
    application.state.own(Foreign, "", "").names.add(name)


@action
def tag(application, resource, tags, region="us-east-1"):
    """Let AWS put tags of its own on something: an ARN, or the id of something in EC2."""
    for key in tags:
        if not system_tags.is_reserved(key):
            raise BadRequest(f"tags has {key!r}; AWS's own begin with aws:.")
    system_tags.put(_call(application, region), resource, tags)
