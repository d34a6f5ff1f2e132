"""
Tags of users, whose keys ignore case, and of policies, whose keys do not; moto has it the other way round.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#case-sensitivity
"""

from sandbox.errors import AwsError
from sandbox.handlers import handles

_API = "https://docs.aws.amazon.com/IAM/latest/APIReference/"


def check_distinct(tags):
    """Refuse two keys for a user that IAM takes for the same."""
    keys = [tag["Key"].lower() for tag in tags or ()]
    if len(set(keys)) < len(keys):
        message = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
        raise AwsError("InvalidInput", message, 400)


@handles("iam", "TagUser", reference=_API + "API_TagUser.html")
def tag_user(call):
    """A tag takes the place of one whose key differs only by case."""
    tags = call.parameters["Tags"]
    check_distinct(tags)
    _remove(call, {tag["Key"] for tag in tags})
    return call.forward()


@handles("iam", "UntagUser", reference=_API + "API_UntagUser.html")
def untag_user(call):
    """A key removes the tag in whatever case it is written."""
    _remove(call, set(call.parameters["TagKeys"]))
    return call.forward()


def _remove(call, keys):
    user = call.backend().users.get(call.parameters["UserName"])
    if user is not None:
        tagger, lower = call.backend().tagger, {key.lower() for key in keys}
        known = tagger.get_tag_dict_for_resource(user.arn)
        tagger.untag_resource_using_names(user.arn, [key for key in known if key.lower() in lower])


@handles("iam", "TagPolicy", "UntagPolicy", reference=_API + "API_TagPolicy.html")
def tag_policy(call):
    """Keys that differ by case are two."""
    policy = call.backend().managed_policies.get(call.parameters["PolicyArn"])
    if policy is None:
        return call.forward()
    tags = {tag["Key"]: tag for tag in policy.tags.values()}
    gone = call.parameters.get("TagKeys", ())
    policy.tags = {key: tag for key, tag in tags.items() if key not in gone}
    policy.tags |= {tag["Key"]: tag for tag in call.parameters.get("Tags", ())}
    return {}
