"""
Eventual consistency: what has just been made is not there yet for whoever looks.

Counted in looks (deterministic) or in seconds of the sandbox's clock. While something is hidden, a call that names it
is answered as if it did not exist, and listings leave it out.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
"""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox import principals, wire
from sandbox.errors import AwsError


def _no_entity(name):
    return AwsError("NoSuchEntity", f"The entity with name {name} cannot be found.", 404)


def _no_topic(_name):
    return AwsError("NotFound", "Topic does not exist", 404)


def _none(code, what, status=400):
    """How EC2 and RDS say that there is no such thing."""
    return lambda name: AwsError(code, f"The {what} '{name}' does not exist", status)


# (service, operation) → the made thing's name, from call and result; the members by which others name it; what they hear.
_MADE = {
    ("iam", "CreateUser"): (lambda _, result: result["User"]["UserName"], ("UserName",), _no_entity),
    ("iam", "CreateGroup"): (lambda _, result: result["Group"]["GroupName"], ("GroupName",), _no_entity),
    ("iam", "CreateRole"): (lambda _, result: result["Role"]["RoleName"], ("RoleName",), _no_entity),
    ("iam", "CreatePolicy"): (lambda _, result: result["Policy"]["Arn"], ("PolicyArn", "Arn"), _no_entity),
    ("iam", "CreateAccessKey"): (lambda _, result: result["AccessKey"]["AccessKeyId"], ("AccessKeyId",), _no_entity),
    ("sns", "CreateTopic"): (lambda _, result: result["TopicArn"], ("TopicArn",), _no_topic),
    ("sns", "Subscribe"): (lambda call, _: call.parameters["Endpoint"], ("Endpoint",), _no_topic),
    ("ec2", "CreateVpc"): (
        lambda _, result: result["Vpc"]["VpcId"],
        ("VpcId", "VpcIds", "Resources"),
        _none("InvalidVpcID.NotFound", "vpc ID"),
    ),
    ("ec2", "CreateSubnet"): (
        lambda _, result: result["Subnet"]["SubnetId"],
        ("SubnetId", "SubnetIds", "Resources"),
        _none("InvalidSubnetID.NotFound", "subnet ID"),
    ),
    ("ec2", "CreateSecurityGroup"): (
        lambda _, result: result["GroupId"],
        ("GroupId", "GroupIds", "Resources"),
        _none("InvalidGroup.NotFound", "security group"),
    ),
    ("ec2", "CreateInternetGateway"): (
        lambda _, result: result["InternetGateway"]["InternetGatewayId"],
        ("InternetGatewayId", "InternetGatewayIds", "GatewayId", "Resources"),
        _none("InvalidInternetGatewayID.NotFound", "internetGateway ID"),
    ),
    ("rds", "CreateDBSubnetGroup"): (
        lambda call, _: call.parameters["DBSubnetGroupName"],
        ("DBSubnetGroupName",),
        _none("DBSubnetGroupNotFoundFault", "DB subnet group", 404),
    ),
    ("rds", "CreateDBInstance"): (
        lambda call, _: call.parameters["DBInstanceIdentifier"],
        ("DBInstanceIdentifier",),
        _none("DBInstanceNotFound", "DB instance", 404),
    ),
    ("rds", "CreateDBCluster"): (
        lambda call, _: call.parameters["DBClusterIdentifier"],
        ("DBClusterIdentifier",),
        _none("DBClusterNotFoundFault", "DB cluster", 404),
    ),
}
SERVICES = tuple(dict.fromkeys(service for service, _ in _MADE))
# Ties between two things: they show in listings only, and no call names them.
_TIED = {
    "AttachUserPolicy": ("ListAttachedUserPolicies", "UserName", "PolicyArn"),
    "AttachGroupPolicy": ("ListAttachedGroupPolicies", "GroupName", "PolicyArn"),
    "AddUserToGroup": ("ListGroupsForUser", "UserName", "GroupName"),
}


@dataclass
class _Hidden:
    """One thing that is not there yet; ``within`` is the listing (operation, parent) that leaves it out, if not all."""

    service: str
    maker: str
    name: str
    members: tuple
    looks: int | None = None
    until: datetime | None = None
    within: tuple | None = None

    def visible(self, now):
        """Whether it has appeared."""
        return self.looks <= 0 if self.until is None else now >= self.until


class Lag:
    """The lag of each service, and what is hidden by it now."""

    def __init__(self):
        self._lock = threading.Lock()
        self.reset()

    def reset(self):
        """Everything is there at once."""
        with self._lock:
            self._settings = {}
            self._hidden = []

    def set(self, service, *, looks=None, seconds=None):
        """Hide what is made from now on, for so many looks, or so many seconds."""
        with self._lock:
            self._settings[service] = (looks, seconds)

    def hide(self, call, name, members, within=None):
        """Hide what ``call`` has just made."""
        with self._lock:
            looks, seconds = self._settings.get(call.service, (None, None))
            if looks:
                self._hidden.append(_Hidden(call.service, call.name, name, members, looks=looks, within=within))
            elif seconds:
                until = call.state.clock.now() + timedelta(seconds=seconds)
                self._hidden.append(_Hidden(call.service, call.name, name, members, until=until, within=within))

    def hidden(self, service, now):
        """What is hidden of a service at this moment."""
        with self._lock:
            self._hidden = [thing for thing in self._hidden if not thing.visible(now)]
            return [thing for thing in self._hidden if thing.service == service]

    def looked(self, things):
        """Count a look at each of ``things``."""
        with self._lock:
            for thing in things:
                if thing.looks is not None:
                    thing.looks -= 1


def hide(call, proceed):
    """Step of the application: hide what lags."""
    if call.spared:
        return proceed(call)
    lag = call.state.lag
    _refuse_new_key(call)
    hidden = lag.hidden(call.service, call.now)
    named = [thing for thing in hidden if thing.within is None and _names(call, thing)]
    if named:
        lag.looked(named)
        _, _, missing = _MADE[call.service, named[0].maker]
        raise missing(named[0].name)
    reply = proceed(call)
    if not reply.succeeded:
        return reply
    _hide_made(call, reply)
    return _without(call, reply, hidden) if hidden and not call.writes else reply


def _refuse_new_key(call):
    keys = [
        thing
        for thing in call.state.lag.hidden("iam", call.now)
        if thing.name == call.access_key_id and "AccessKeyId" in thing.members
    ]
    if keys:
        call.state.lag.looked(keys)
        raise principals.unknown_key(call)


def _names(call, thing):
    # Making it again is refused by name at once: what lags is reading, not the check for uniqueness.
    return call.name != thing.maker and any(_holds(call.parameters.get(member), thing.name) for member in thing.members)


def _holds(value, name):
    return value == name or (isinstance(value, list) and name in value)


def _hide_made(call, reply):
    made = _MADE.get((call.service, call.name))
    if made:
        name, members, _ = made
        call.state.lag.hide(call, name(call, wire.parse(call, reply)), members)
    tied = _TIED.get(call.name) if call.service == "iam" else None
    if tied:
        listing, parent, child = tied
        within = (listing, call.parameters.get(parent))
        call.state.lag.hide(call, call.parameters.get(child), (child,), within)


def _without(call, reply, hidden):
    """``reply`` with hidden things left out of its lists."""
    result = wire.parse(call, reply)
    met = []

    def shown(entry):
        for thing in hidden:
            if thing.within is not None and thing.within != (call.name, _parent(call)):
                continue
            if isinstance(entry, dict) and any(entry.get(member) == thing.name for member in thing.members):
                met.append(thing)
                return False
        return True

    kept = {
        name: [entry for entry in value if shown(entry)] if isinstance(value, list) else value
        for name, value in result.items()
    }
    if not met:
        return reply
    call.state.lag.looked(met)
    return wire.serialise(call, kept)


def _parent(call):
    return next((call.parameters.get(tie[1]) for tie in _TIED.values() if tie[0] == call.name), None)
