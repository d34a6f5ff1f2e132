"""
The elements that a genuine answer of AWS always has.

Most of them follow from botocore's model of the call. Tables hold what no model says: each entry is from AWS's documentation or, if
that shows no empty answer, from recorded answers. Nothing beyond that is required: refusing a genuine answer makes the call useless.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html
https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
https://github.com/cloud-custodian/cloud-custodian/tree/main/tests/data/placebo
"""

from typing import Any

# Types whose elements are present in XML even if empty: <Subscriptions/>, <vpcSet/>.
_GROUPS = ("list", "map", "structure")
# Every listing of IAM says whether there are more pages.
_MORE = "IsTruncated"
_READS = ("Describe", "Get", "List")
# Calls for which the members that are always present are not exactly all lists, maps and structures.
_QUERY_ALWAYS = {
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
    "CreateSecurityGroup": ("GroupId",),
    # Empty without an active rule set. https://docs.aws.amazon.com/ses/latest/APIReference/API_DescribeActiveReceiptRuleSet.html
    "DescribeActiveReceiptRuleSet": (),
    "DescribeReceiptRuleSet": ("Metadata",),
    # Only the requested setting is present. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcAttribute.html
    "DescribeVpcAttribute": ("VpcId",),
    # Only the requested lists are present. https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
    "GetAccountAuthorizationDetails": (_MORE,),
    # https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html
    # https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    "GetAccessKeyInfo": ("Account",),
    "GetCallerIdentity": ("Account", "Arn", "UserId"),
    # It only says since 2025 whether there are more pages.
    "ListServiceSpecificCredentials": ("ServiceSpecificCredentials",),
}
# The members that an answer of SES version 2 always has, by its documentation: in the model all are optional.
# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_Operations.html
_JSON_ALWAYS = {
    "GetAccount": ("ProductionAccessEnabled", "SendingEnabled"),
    "GetConfigurationSet": ("ConfigurationSetName",),
    "GetConfigurationSetEventDestinations": ("EventDestinations",),
    "GetEmailIdentity": ("IdentityType",),
    "ListConfigurationSets": ("ConfigurationSets",),
    "ListEmailIdentities": ("EmailIdentities",),
    "ListSuppressedDestinations": ("SuppressedDestinationSummaries",),
}
# S3's model does not name the root element of a listing, nor that of POST. The others have the name of the same document in the
# request that puts it, or that of their shape. Each entry lists the elements that are always present.
_S3_DOCUMENTS = {
    "CompleteMultipartUpload": ("CompleteMultipartUploadResult", ("ETag",)),
    "CopyObject": ("CopyObjectResult", ("ETag",)),
    "CreateMultipartUpload": ("InitiateMultipartUploadResult", ("UploadId",)),
    "DeleteObjects": ("DeleteResult", ()),
    "GetBucketLocation": ("LocationConstraint", ()),
    "ListBuckets": ("ListAllMyBucketsResult", ("Buckets",)),
    "ListMultipartUploads": ("ListMultipartUploadsResult", ("Bucket", "IsTruncated")),
    "ListObjectVersions": ("ListVersionsResult", ("Name", "IsTruncated")),
    "ListObjectsV2": ("ListBucketResult", ("Name", "IsTruncated")),
    "UploadPartCopy": ("CopyPartResult", ("ETag",)),
}
# A lifecycle configuration always has a rule: otherwise S3 answers NoSuchLifecycleConfiguration. Likewise a policy status needs a policy.
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketAcl.html
_S3_ALWAYS = {
    "GetBucketAcl": ("Owner", "AccessControlList"),
    "GetBucketLifecycleConfiguration": ("Rule",),
    "GetBucketPolicyStatus": ("IsPublic",),
}
# The element by which a listing names its subject, and the matching parameter. Without a prefix, ListMultipartUploads omits it.
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html
SUBJECTS = {
    "ListMultipartUploads": {"Bucket": "Bucket", "Prefix": "Prefix"},
    "ListObjectVersions": {"Name": "Bucket", "Prefix": "Prefix"},
    "ListObjectsV2": {"Name": "Bucket", "Prefix": "Prefix"},
}
# Answers that are empty if there is nothing to report: no rule set is active, a bucket was never versioned, a bucket is in us-east-1,
# or everything was deleted in quiet mode.
_MAY_BE_EMPTY = ("DeleteObjects", "DescribeActiveReceiptRuleSet", "GetBucketLocation", "GetBucketVersioning")


def always(operation_model):
    """Return the members that an answer must have, except those of S3's documents."""
    shape, name = operation_model.output_shape, operation_model.name
    required = shape.required_members if shape else ()
    protocol = operation_model.service_model.resolved_protocol
    if protocol == "rest-json":
        return (*required, *_JSON_ALWAYS.get(name, ()))
    if protocol == "rest-xml":
        return tuple(required)
    beside = _QUERY_ALWAYS.get(name, _by_rule(name, shape))
    return tuple(dict.fromkeys((*required, *beside)))


def _by_rule(name, shape):
    """
    Return all lists, maps and structures of a read's answer, and the marker of further pages; for a write, the written structure.

    The lists of a written structure may be omitted.
    """
    kinds = _GROUPS if name.startswith(_READS) else ("structure",)
    members = shape.members.items() if shape else ()
    return [member for member, inside in members if inside.type_name in kinds or member == _MORE]


def elements(operation_model):
    """Return the names of an answer's members in the body, by their names in the model."""
    shape = operation_model.output_shape
    members = shape.members.items() if shape else ()
    return {
        name: member.serialization.get("name", name)
        for name, member in members
        if member.serialization.get("location") is None
    }


def holds(operation_model, found):
    """Whether ``found``, the names of the elements of an answer, is not empty and includes all that are always present."""
    names = elements(operation_model)
    return all(names[name] in found for name in always(operation_model)) and (
        not names or any(name in found for name in names.values())
    )


def may_be_empty(operation_model):
    """Whether a genuine answer can be empty."""
    return operation_model.name in _MAY_BE_EMPTY


def document(operation_model) -> Any:
    """Return the root element of an XML answer of S3, and the elements that it always has; ``None`` if these are unknown."""
    name = operation_model.name
    if name in _S3_DOCUMENTS:
        return _S3_DOCUMENTS[name]
    found = payload(operation_model.output_shape)
    if found is None and name.startswith("Get"):
        twin = operation_model.service_model
        twin = f"Put{name[3:]}" in twin.operation_names and twin.operation_model(f"Put{name[3:]}")
        found = twin and payload(twin.input_shape)
    return found and (found.serialization.get("name", found.name), _S3_ALWAYS.get(name) or _required(operation_model))


def _required(operation_model):
    """Return the elements that the model requires in the document of an answer."""
    shape = operation_model.output_shape
    shape = payload(shape) or shape
    return tuple(shape.members[name].serialization.get("name", name) for name in shape.required_members)


def payload(shape):
    """Return the member that is the whole body of a request or an answer, and its name there."""
    name = shape and shape.serialization.get("payload")
    return shape.members[name] if name else None


def in_body(shape):
    """Whether an answer has any content in its body."""
    members = shape.members.values() if shape else ()
    return any(member.serialization.get("location") is None for member in members)
