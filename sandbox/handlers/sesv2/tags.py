"""
Tags of identities and configuration sets; those of moto's other resources stay with moto.
"""

from sandbox.handlers import handles
from sandbox.mail.region import key, region

_API = "https://docs.aws.amazon.com/ses/latest/APIReference-V2/"


def _tags(call):
    """The tags behind an ARN as a dict to change, and how to keep it; ``None`` for what moto keeps."""
    kind, _, name = call.parameters["ResourceArn"].rpartition(":")[2].partition("/")
    if kind == "identity":
        identity = region(call).identity(key(name))
        return identity.tags, lambda tags: setattr(identity, "tags", tags)
    if kind == "configuration-set":
        options = region(call).configuration_set(name)
        tags = {tag["Key"]: tag["Value"] for tag in options["Tags"]}
        return tags, lambda tags: options.update(Tags=_listed(tags))
    return None


def _listed(tags):
    return [{"Key": name, "Value": value} for name, value in tags.items()]


@handles("sesv2", "ListTagsForResource", reference=_API + "API_ListTagsForResource.html")
def list_tags_for_resource(call):
    """The tags of a resource."""
    found = _tags(call)
    return call.forward() if found is None else {"Tags": _listed(found[0])}


@handles("sesv2", "TagResource", reference=_API + "API_TagResource.html")
def tag_resource(call):
    """Add tags, or change them."""
    found = _tags(call)
    if found is None:
        return call.forward()
    tags, keep = found
    keep({**tags, **{tag["Key"]: tag["Value"] for tag in call.parameters["Tags"]}})
    return {}


@handles("sesv2", "UntagResource", reference=_API + "API_UntagResource.html")
def untag_resource(call):
    """Remove tags."""
    found = _tags(call)
    if found is None:
        return call.forward()
    tags, keep = found
    keep({name: value for name, value in tags.items() if name not in call.parameters["TagKeys"]})
    return {}
