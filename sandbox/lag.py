"""
Eventual consistency: what has just been made is not there yet for whoever looks, or is there, and then not again.

AWS answers from many machines, and some of them know later than others. So a look shows what is new or does not, by a
pattern of ``+`` (there) and ``-`` (not there) that begins anew when it is through; until so many looks have not shown it
(deterministic), or for so many seconds of the sandbox's clock. While it is hidden, a call that names it is answered as if it
did not exist, by other services too, and listings leave it out.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import cycle

from sandbox import principals, wire
from sandbox.errors import AwsError

# What is not monotonic shows defects that a mere delay hides.
PATTERN = "-+"


def _says(code, text, status=400):
    """What a service answers about a name that it does not know."""
    return lambda name: AwsError(code, text.format(name), status)


def _parameter(member):
    return lambda call, _: call.parameters[member]


def _result(*path):
    def name(_, result):
        for member in path:
            result = result[member]
        return result

    return name


@dataclass(frozen=True)
class _Made:
    """
    What an operation makes: its name, from call and result; the members by which others name it; what each service that is
    asked about it answers while it is not there; and the members that listings show it by, where these are others.
    """

    name: Callable
    members: tuple
    heard: dict
    shown_as: tuple = ()


_NO_ENTITY = _says("NoSuchEntity", "The entity with name {} cannot be found.", 404)
_NO_BUCKET = _says("NoSuchBucket", "The specified bucket does not exist", 404)
_NO_INSTANCE = _says("DBInstanceNotFound", "DBInstance {} not found.", 404)

_MADE = {
    ("iam", "CreateUser"): _Made(_result("User", "UserName"), ("UserName",), {"iam": _NO_ENTITY}),
    ("iam", "CreateGroup"): _Made(_result("Group", "GroupName"), ("GroupName",), {"iam": _NO_ENTITY}),
    ("iam", "CreateRole"): _Made(_result("Role", "RoleName"), ("RoleName",), {"iam": _NO_ENTITY}),
    ("iam", "CreatePolicy"): _Made(_result("Policy", "Arn"), ("PolicyArn", "Arn"), {"iam": _NO_ENTITY}),
    ("iam", "CreateAccessKey"): _Made(_result("AccessKey", "AccessKeyId"), ("AccessKeyId",), {"iam": _NO_ENTITY}),
    ("sns", "CreateTopic"): _Made(
        _result("TopicArn"),
        ("TopicArn", "ResourceArn", "SnsTopic"),
        {
            "sns": _says("NotFound", "Topic does not exist", 404),
            "ses": _says("InvalidParameterValue", "Invalid SNS topic <{}>."),
            "sesv2": _says("BadRequestException", "SNS topic <{}> could not be found."),
        },
    ),
    ("sns", "Subscribe"): _Made(_parameter("Endpoint"), ("Endpoint",), {"sns": _says("NotFound", "", 404)}),
    ("s3", "CreateBucket"): _Made(_parameter("Bucket"), ("Bucket",), {"s3": _NO_BUCKET}, ("Name",)),
    # SES tries whether it may write, and the bucket may not know its new policy yet.
    ("s3", "PutBucketPolicy"): _Made(
        _parameter("Bucket"), ("BucketName",), {"ses": _says("InvalidS3Configuration", "Could not write to bucket: {}")}
    ),
    ("sesv2", "CreateEmailIdentity"): _Made(
        _parameter("EmailIdentity"),
        ("EmailIdentity", "Identity", "Identities", "ResourceArn"),
        {
            "sesv2": _says("NotFoundException", "Email identity {} does not exist."),
            "ses": _says("InvalidParameterValue", "Identity <{}> does not exist."),
        },
        ("IdentityName",),
    ),
    ("sesv2", "CreateConfigurationSet"): _Made(
        _parameter("ConfigurationSetName"),
        ("ConfigurationSetName", "ResourceArn"),
        {"sesv2": _says("NotFoundException", "Configuration set <{}> does not exist.")},
    ),
    ("ec2", "CreateVpc"): _Made(
        _result("Vpc", "VpcId"),
        ("VpcId", "VpcIds", "Resources"),
        {"ec2": _says("InvalidVpcID.NotFound", "The vpc ID '{}' does not exist")},
    ),
    ("ec2", "CreateSubnet"): _Made(
        _result("Subnet", "SubnetId"),
        ("SubnetId", "SubnetIds", "Resources"),
        {
            "ec2": _says("InvalidSubnetID.NotFound", "The subnet ID '{}' does not exist"),
            "rds": _says("InvalidParameterValue", "Some input subnets in :[{}] are invalid."),
        },
    ),
    ("ec2", "CreateSecurityGroup"): _Made(
        _result("GroupId"),
        ("GroupId", "GroupIds", "Resources", "VpcSecurityGroupIds"),
        {
            "ec2": _says("InvalidGroup.NotFound", "The security group '{}' does not exist"),
            "rds": _says("InvalidParameterValue", "Invalid security group , groupId= {}, groupName=."),
        },
    ),
    ("ec2", "CreateInternetGateway"): _Made(
        _result("InternetGateway", "InternetGatewayId"),
        ("InternetGatewayId", "InternetGatewayIds", "GatewayId", "Resources"),
        {"ec2": _says("InvalidInternetGatewayID.NotFound", "The internetGateway ID '{}' does not exist")},
    ),
    ("ec2", "AttachInternetGateway"): _Made(
        _parameter("InternetGatewayId"),
        ("GatewayId",),
        {"ec2": _says("InvalidParameterValue", "route table and network gateway {} belong to different networks")},
    ),
    ("rds", "CreateDBSubnetGroup"): _Made(
        _parameter("DBSubnetGroupName"),
        ("DBSubnetGroupName",),
        {"rds": _says("DBSubnetGroupNotFoundFault", "DB subnet group '{}' does not exist.", 404)},
    ),
    ("rds", "CreateDBInstance"): _Made(
        _parameter("DBInstanceIdentifier"), ("DBInstanceIdentifier",), {"rds": _NO_INSTANCE}
    ),
    ("rds", "CreateDBCluster"): _Made(
        _parameter("DBClusterIdentifier"),
        ("DBClusterIdentifier",),
        {"rds": _says("DBClusterNotFoundFault", "DBCluster {} not found.", 404)},
    ),
}
SERVICES = tuple(dict.fromkeys(service for service, _ in _MADE))
# Ties between two things: they show in listings only, and no call names them. (Listing, the parent's member, the child's.)
_TIED = {
    ("iam", "AttachUserPolicy"): ("ListAttachedUserPolicies", "UserName", "PolicyArn"),
    ("iam", "AttachGroupPolicy"): ("ListAttachedGroupPolicies", "GroupName", "PolicyArn"),
    ("iam", "AddUserToGroup"): ("ListGroupsForUser", "UserName", "GroupName"),
}
# Where a listing of the account shows the same: the parents, the member with a parent's name, and that with the children.
_IN_DETAILS = {
    "ListAttachedUserPolicies": ("UserDetailList", "UserName", "AttachedManagedPolicies"),
    "ListAttachedGroupPolicies": ("GroupDetailList", "GroupName", "AttachedManagedPolicies"),
    "ListGroupsForUser": ("UserDetailList", "UserName", "GroupList"),
}


@dataclass
class _Hidden:
    """
    One thing that is not there at every look; ``within`` is the listing (operation, parent) that leaves it out, if not all.

    A ``rename`` is no thing, but the old value of a resource's ``Name`` tag, which listings show in place of the new one.
    """

    maker: str
    service: str
    name: str
    members: tuple
    heard: dict
    pattern: Iterator
    looks: int | None = None
    until: datetime | None = None
    within: tuple | None = None
    rename: tuple | None = None

    def is_over(self, now):
        """Whether it is there at every look from now on."""
        return self.looks <= 0 if self.until is None else now >= self.until

    def look(self):
        """Whether it is there for who looks now."""
        shown = next(self.pattern)
        if self.looks is not None and not shown:
            self.looks -= 1
        return shown


class Lag:
    """The lag of each service, and what is hidden by it now. Asked by one call at a time."""

    def __init__(self):
        self.reset()

    def reset(self):
        """Everything is there at once."""
        self._settings = {}
        self._hidden = []

    def set(self, service, *, looks=None, seconds=None, pattern=PATTERN):
        """
        Hide what is made from now on, until so many looks have not shown it, or for so many seconds; with neither, hide
        nothing any more.
        """
        if not pattern or set(pattern) - {"+", "-"}:
            raise ValueError(f"pattern is {pattern!r}; give some of + (there) and - (not there).")
        if "-" not in pattern:
            raise ValueError(f"pattern is {pattern!r}; without any - nothing is hidden.")
        self._settings[service] = (looks, seconds, pattern)
        if not self.lags(service):
            self._hidden = [thing for thing in self._hidden if thing.service != service]

    def settle(self):
        """What was made up to now is there for everybody."""
        self._hidden = []

    def lags(self, service):
        """Whether what is made in a service is hidden."""
        looks, seconds, _ = self._settings.get(service, (None, None, None))
        return bool(looks or seconds)

    def hide(self, call, name, members, heard, **particular):
        """Hide what ``call`` has just made."""
        if not self.lags(call.service):
            return
        looks, seconds, pattern = self._settings[call.service]
        until = None if looks else call.state.clock.now() + timedelta(seconds=seconds)
        steps = cycle(step == "+" for step in pattern)
        self._hidden.append(
            _Hidden(call.name, call.service, name, members, heard, steps, looks=looks, until=until, **particular)
        )

    def hidden(self, service, now):
        """What is hidden from who asks a service at this moment."""
        self._hidden = [thing for thing in self._hidden if not thing.is_over(now)]
        return [thing for thing in self._hidden if service in thing.heard]


def hide(call, proceed):
    """Step of the application: hide what lags."""
    if call.spared:
        return proceed(call)
    _refuse_new_key(call)
    hidden = call.state.lag.hidden(call.service, call.now)
    named = [thing for thing in hidden if not thing.within and not thing.rename and _names(call, thing)]
    # What is there at this look is there for the whole call.
    missing = [thing for thing in named if not thing.look()]
    if missing and not _leaves_out(call):
        if call.name == "GetAccessKeyLastUsed":
            raise principals.denied(call)  # see its handler
        raise missing[0].heard[call.service](missing[0].name)
    before = _name_before(call)
    reply = proceed(call)
    if not reply.succeeded:
        return reply
    _hide_made(call, reply, before)
    if call.writes or not hidden:
        return reply
    return _without(call, reply, _Look(call, missing, [thing for thing in hidden if thing not in named]))


def _refuse_new_key(call):
    for thing in call.state.lag.hidden("iam", call.now):
        if thing.name == call.access_key_id and "AccessKeyId" in thing.members and not thing.look():
            raise principals.unknown_key(call)


def _leaves_out(call):
    """Whether a call that names several things answers about those that there are."""
    return "Identities" in call.parameters


def _names(call, thing):
    # Making it again is refused by name at once: what lags is reading, not the check for uniqueness.
    return call.name != thing.maker and any(
        member in thing.members and _is(value, thing.name) for member, value in _texts(call.parameters)
    )


def _texts(value, member=None):
    """``(member, text)`` for each text in parameters, however deep; that of a list has the list's member."""
    if isinstance(value, dict):
        for name, entry in value.items():
            yield from _texts(entry, name)
    elif isinstance(value, list):
        for entry in value:
            yield from _texts(entry, member)
    elif isinstance(value, str):
        yield member, value


def _is(value, name):
    """An ARN of SES's ends with the name."""
    return value == name or (value.startswith("arn:") and value.endswith(f"/{name}"))


def _hide_made(call, reply, before):
    made = _MADE.get((call.service, call.name))
    lag = call.state.lag
    if made:
        name = made.name(call, wire.parse(call, reply))
        lag.hide(call, name, (*made.members, *made.shown_as), made.heard)
        if call.name == "CreateVpc":
            _hide_main_table(call, name)
    tied = _TIED.get((call.service, call.name))
    if tied:
        listing, parent, child = tied
        within = (listing, call.parameters.get(parent))
        lag.hide(call, call.parameters.get(child), (child,), {call.service: None}, within=within)
    if before:
        resource, old = before
        lag.hide(call, resource, ("VpcId",), {"ec2": None}, rename=(old,))


def _hide_main_table(call, vpc):
    """A VPC brings its main route table along."""
    (table,) = call.backend("ec2").describe_route_tables(filters={"vpc-id": [vpc]})
    heard = {"ec2": _says("InvalidRouteTableID.NotFound", "The routeTable ID '{}' does not exist")}
    call.state.lag.hide(call, table.id, ("RouteTableId",), heard)


def _name_before(call):
    """``(id, Name tag)`` of the VPC that a call gives another name."""
    if call.name != "CreateTags" or not call.state.lag.lags("ec2"):
        return None
    renamed = any(tag["Key"] == "Name" for tag in call.parameters.get("Tags", []))
    vpc = next((entry for entry in call.parameters["Resources"] if renamed and entry.startswith("vpc-")), None)
    if vpc is None:
        return None
    tags = call.backend("ec2").describe_tags(filters={"resource-id": [vpc], "key": ["Name"]})
    return vpc, next((tag["value"] for tag in tags), None)


class _Look:
    """What one call sees: what is there for it is there from its beginning to its end."""

    def __init__(self, call, missing, others):
        ties = {
            None,
            (call.name, next((call.parameters.get(tie[1]) for tie in _TIED.values() if tie[0] == call.name), 0)),
        }
        self._renames = call.name == "DescribeVpcs"
        self._things = [thing for thing in (*missing, *others) if thing.within in ties]
        self._seen = dict.fromkeys(map(id, missing), False)

    def _sees(self, thing):
        if id(thing) not in self._seen:
            self._seen[id(thing)] = thing.look()
        return self._seen[id(thing)]

    def part(self, value):
        """A member of an answer without what is hidden: a list of things, or a mapping by their names."""
        if isinstance(value, list):
            return [entry for entry in map(self._entry, value) if entry is not None]
        if isinstance(value, dict):
            return {name: entry for name, entry in value.items() if not self._hides(name)}
        return value

    def _hides(self, text):
        return any(thing.name == text and not thing.rename and not self._sees(thing) for thing in self._things)

    def _entry(self, entry):
        if not isinstance(entry, dict):
            return None if self._hides(entry) else entry
        for thing in self._things:
            if any(entry.get(member) == thing.name for member in thing.members) and not self._sees(thing):
                if not thing.rename:
                    return None
                entry = _renamed(entry, *thing.rename) if self._renames else entry
        return entry


def _without(call, reply, look):
    result = wire.parse(call, reply)
    kept = {name: look.part(value) for name, value in result.items()}
    if call.name == "GetAccountAuthorizationDetails":
        for thing in call.state.lag.hidden("iam", call.now):
            kept = _untied(kept, thing) if thing.within else kept
    return reply if kept == result else wire.serialise(call, kept)


def _untied(details, thing):
    """A listing of the account without a tie that is hidden."""
    listing, parent = thing.within
    parents, named, children = _IN_DETAILS[listing]
    if all(entry[named] != parent for entry in details.get(parents, ())) or thing.look():
        return details
    return {
        **details,
        parents: [
            _less(entry, children, thing.name) if entry[named] == parent else entry for entry in details[parents]
        ],
    }


def _less(entry, member, name):
    """An entry without the child ``name``: an ARN of a policy, or the name of a group."""
    kept = [
        child for child in entry.get(member, ()) if name not in (child, isinstance(child, dict) and child["PolicyArn"])
    ]
    return {**entry, member: kept}


def _renamed(entry, name):
    tags = [tag for tag in entry.get("Tags", []) if tag["Key"] != "Name"]
    return {**entry, "Tags": [*tags, *([{"Key": "Name", "Value": name}] if name else [])]}
