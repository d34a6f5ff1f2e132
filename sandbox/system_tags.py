"""
Tags that begin with ``aws:``, which AWS puts on things itself: nobody else sets or removes them.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions
https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_Tag.html
"""

from sandbox.errors import AwsError
from sandbox.mail.region import key
from sandbox.mail.region import region as mail_region

_RESERVED = {"rds": ("aws:", "rds:")}
_CODES = {
    "ec2": "InvalidParameterValue",
    "iam": "InvalidInput",
    "rds": "InvalidParameterValue",
    "s3": "InvalidTag",
    "sesv2": "BadRequestException",
    "sns": "InvalidParameter",
}


def is_reserved(tag, service=None):
    """Whether a tag's key is one that AWS keeps to itself, in any case."""
    return tag.lower().startswith(_RESERVED.get(service, ("aws:",)))


def refuse(call, proceed):
    """Step of the application: refuse to set or remove such a tag. A bucket's tags are replaced whole: see the handler."""
    if call.writes and (call.service, call.name) != ("s3", "PutBucketTagging"):
        for tag in _keys(call.parameters):
            if is_reserved(tag, call.service):
                message = f"Tag keys that begin with 'aws:' are reserved for internal use: {tag}"
                raise AwsError(_CODES.get(call.service, "ValidationError"), message, 400)
    return proceed(call)


def _keys(parameters):
    tags = [*(parameters.get("Tags") or ()), *(parameters.get("TagKeys") or ())]
    for specification in parameters.get("TagSpecifications") or ():
        tags += specification.get("Tags") or ()
    return [tag if isinstance(tag, str) else tag["Key"] for tag in tags]


def put(call, resource, tags):
    """Let AWS tag ``resource``: an ARN, or the id of something in EC2."""
    _STORES[_service(resource)](call, resource, tags)


def _service(resource):
    return resource.split(":")[2] if resource.startswith("arn:") else "ec2"


def _listed(tags):
    return [{"Key": tag, "Value": value} for tag, value in tags.items()]


def _put_iam(call, arn, tags):
    backend = call.backend("iam")
    if ":policy/" in arn:
        backend.get_policy(arn).tags.update({tag: {"Key": tag, "Value": value} for tag, value in tags.items()})
    else:
        backend.tagger.tag_resource(arn, _listed(tags))


def _put_ses(call, arn, tags):
    kind, _, name = arn.rpartition(":")[2].partition("/")
    if kind == "identity":
        mail_region(call).identity(key(name)).tags.update(tags)
    else:
        mail_region(call).configuration_set(name)["Tags"] += _listed(tags)


_STORES = {
    "ec2": lambda call, resource, tags: call.backend("ec2").create_tags([resource], tags),
    "iam": _put_iam,
    "rds": lambda call, arn, tags: call.backend("rds").add_tags_to_resource(arn, _listed(tags)),
    "s3": lambda call, arn, tags: call.backend("s3").tagger.tag_resource(arn, _listed(tags)),
    "ses": _put_ses,
    "sns": lambda call, arn, tags: call.backend("sns").tag_resource(arn, tags),
}
