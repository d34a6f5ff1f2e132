"""
Who may do what: requests signed by a user's or role's key are decided by IAM policies, when that is asked for.

Requests with a key that IAM does not know are the administrator's, and anything is allowed to that one.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
"""

import json
from urllib.parse import unquote

from sandbox import principals, signatures
from sandbox.actions import iam_action
from sandbox.object_versions import is_marker
from sandbox.policies import ALLOWED, EXPLICIT_DENY, Request, decide

# Anyone may ask who he is.
# https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
_ALWAYS = (("sts", "GetCallerIdentity"),)
# Condition keys of S3 that are parameters of the request.
_S3_KEYS = {"Prefix": "s3:prefix", "Delimiter": "s3:delimiter", "MaxKeys": "s3:max-keys", "VersionId": "s3:versionid"}
_IAM_RESOURCES = (("PolicyArn", None), ("UserName", "users"), ("GroupName", "groups"), ("RoleName", "roles"))
_ARN_MEMBERS = ("TopicArn", "SubscriptionArn", "ResourceArn", "RoleArn", "DBInstanceArn")


def authorise(call, proceed):
    """Step of the application: let through what the policies allow."""
    if not call.state.enforce_iam or call.operation is None:
        return proceed(call)
    key = principals.known_key(call)
    if key is None:
        return proceed(call)
    signatures.check(call, key)
    if (call.service, call.name) in _ALWAYS:
        return proceed(call)
    if call.name == "DeleteObjects" and call.service == "s3":
        return proceed(call)  # decided key by key: see the handler
    for request in requests_of(call):
        demand(call, request)
    if call.name in ("GetObject", "HeadObject") and _is_missing(call):
        _hide_missing(call)
    return proceed(call)


def demand(call, request):
    """Refuse ``call`` unless ``request`` is allowed."""
    decision, _ = decision_on(call, request)
    if decision != ALLOWED:
        reason = "with an explicit deny in an identity-based policy" if decision == EXPLICIT_DENY else None
        raise principals.denied(call, request.action, request.resource, reason)


def decision_on(call, request):
    """What the policies of whoever signed ``call``, and of the bucket, say."""
    policies = of_principal(call)
    if call.service == "s3":
        bucket = call.backend().buckets.get(call.parameters.get("Bucket"))
        if bucket is not None and bucket.policy:
            policies = [*policies, ("bucket policy", bucket.policy)]
    return decide(policies, request)


def of_principal(call):
    """``(name, document)`` of every policy of the user or role that signed ``call``."""
    key = principals.known_key(call)
    backend = call.backend("iam")
    if key.user_name is not None:
        return of_user(backend, backend.users[key.user_name])
    role = next((role for role in backend.roles.values() if role.arn == key.role_arn), None)
    return of_entity(role) if role else []


def of_user(backend, user):
    """``(name, document)`` of every policy of a user, those of its groups included."""
    groups = [group for group in backend.groups.values() if user in group.users]
    return [policy for entity in (user, *groups) for policy in of_entity(entity)]


def of_entity(entity):
    """``(name, document)`` of every policy, inline or attached, of a user, group or role."""
    inline = [(name, _plain(document)) for name, document in entity.policies.items()]
    return [*inline, *((policy.arn, _default_document(policy)) for policy in entity.managed_policies.values())]


def _default_document(policy):
    # By the policy's own word: moto's versions can lose theirs.
    return next(_plain(entry.document) for entry in policy.versions if entry.version_id == policy.default_version_id)


def _plain(document):
    return document if document.lstrip().startswith("{") else unquote(document)


def requests_of(call):
    """What ``call`` needs to be allowed."""
    if call.service == "s3":
        return _of_s3(call)
    action = iam_action(call.service, call.name)
    return [_request(call, action, _resource(call))]


def _of_s3(call):
    parameters = call.parameters
    bucket, key = parameters.get("Bucket"), parameters.get("Key")
    root = f"arn:{call.partition}:s3:::"
    resource = f"{root}{bucket}/{key}" if key is not None else f"{root}{bucket or '*'}"
    action = iam_action("s3", call.name, version=bool(parameters.get("VersionId")))
    context = {
        name: parameters[member]
        for member, name in _S3_KEYS.items()
        if member in parameters and parameters[member] is not None
    }
    needed = [_request(call, action, resource, context)]
    needed += [_request(call, other, resource, context) for other in beside(call)]
    if parameters.get("CopySource"):
        source, _, version = parameters["CopySource"].partition("?versionId=")
        action = iam_action("s3", "GetObject", version=bool(version))
        source = unquote(source).lstrip("/")
        needed.append(_request(call, action, root + source))
        if (
            call.name == "CopyObject"
            and parameters.get("TaggingDirective") != "REPLACE"
            and _has_tags(call, source, version)
        ):
            action = iam_action("s3", "GetObjectTagging", version=bool(version))
            needed += [_request(call, action, root + source), _request(call, "s3:PutObjectTagging", resource)]
    return needed


def _has_tags(call, source, version):
    """
    Whether an object that is copied has tags, which are read and written then.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
    """
    name, _, key = source.partition("/")
    backend = call.backend()
    bucket = backend.buckets.get(name)
    versions = [] if bucket is None else bucket.keys.getlist(key, [])
    found = [entry for entry in versions if str(entry.version_id) == version] if version else versions[-1:]
    return bool(found) and hasattr(found[0], "arn") and bool(backend.tagger.get_tag_dict_for_resource(found[0].arn))


def beside(call):
    """
    The actions that parameters of a call need beside its own.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html
    """
    parameters = call.parameters
    needed = []
    if call.name in ("PutObject", "CreateMultipartUpload", "CopyObject"):
        needed += ["s3:PutObjectTagging"] if parameters.get("Tagging") else []
        needed += ["s3:PutObjectRetention"] if parameters.get("ObjectLockMode") else []
        needed += ["s3:PutObjectLegalHold"] if parameters.get("ObjectLockLegalHoldStatus") else []
    if parameters.get("BypassGovernanceRetention"):
        needed.append("s3:BypassGovernanceRetention")
    return needed


def s3_request(call, action, key, context=None):
    """What an action on one object of the call's bucket needs."""
    return _request(call, action, f"arn:{call.partition}:s3:::{call.parameters['Bucket']}/{key}", context)


def _request(call, action, resource, context=None):
    arn = principals.arn(call)
    known = {
        "aws:principalarn": arn,
        "aws:requestedregion": call.region,
        "aws:sourceip": call.environ.get("REMOTE_ADDR") or "127.0.0.1",
        "aws:securetransport": str(call.environ.get("wsgi.url_scheme") == "https").lower(),
        "aws:currenttime": call.now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws:useragent": call.environ.get("HTTP_USER_AGENT", ""),
    }
    key = principals.known_key(call)
    if key is not None and key.user_name is not None:
        known["aws:username"] = key.user_name
    return Request(action, resource, {**known, **(context or {})}, ("AWS", arn))


def _resource(call):
    parameters = call.parameters
    if call.service == "iam":
        return _iam_resource(call)
    if call.service in ("ses", "sesv2"):
        identity = parameters.get("EmailIdentity") or parameters.get("Identity")
        return f"arn:{call.partition}:ses:{call.region}:{call.account_id}:identity/{identity}" if identity else "*"
    if call.service == "rds":
        for member, kind in (("DBInstanceIdentifier", "db"), ("DBClusterIdentifier", "cluster")):
            if parameters.get(member):
                return f"arn:{call.partition}:rds:{call.region}:{call.account_id}:{kind}:{parameters[member]}"
    if call.name == "CreateTopic":
        return f"arn:{call.partition}:sns:{call.region}:{call.account_id}:{parameters.get('Name')}"
    return next((parameters[member] for member in _ARN_MEMBERS if parameters.get(member)), "*")


def _iam_resource(call):
    root = f"arn:{call.partition}:iam::{call.account_id}"
    for member, kind in _IAM_RESOURCES:
        value = call.parameters.get(member)
        # A policy that is attached or detached is a condition of the user's or group's change, not its resource.
        if value and not (member == "PolicyArn" and call.name.startswith(("Attach", "Detach"))):
            entity = getattr(call.backend(), kind).get(value) if kind else None
            return entity.arn if entity else value if kind is None else f"{root}:{kind[:-1]}/{value}"
    if call.name == "CreatePolicy":
        return f"{root}:policy{call.parameters.get('Path', '/')}{call.parameters.get('PolicyName')}"
    return "*"


def _is_missing(call):
    bucket = call.backend().buckets.get(call.parameters["Bucket"])
    if bucket is None or call.parameters.get("VersionId"):
        return False
    current = bucket.keys.get(call.parameters["Key"])
    return current is None or is_marker(current)


def _hide_missing(call):
    """
    Whether an object is there is told to those only who may list it; the key stands for the listing's prefix.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
    """
    bucket = f"arn:{call.partition}:s3:::{call.parameters['Bucket']}"
    demand(call, _request(call, "s3:ListBucket", bucket, {"s3:prefix": call.parameters["Key"]}))


def is_json_policy(text):
    """Whether ``text`` is a policy at all: JSON, an object, with statements."""
    try:
        document = json.loads(text)
    except ValueError:
        return False
    return isinstance(document, dict) and bool(document.get("Statement"))
