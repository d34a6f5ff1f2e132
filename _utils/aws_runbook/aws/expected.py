"""
What a genuine answer of AWS's to a call always has.

Most of it follows from botocore's model of the call. Tables hold what no model says: each entry is from AWS's pages, or, where they
show no answer without anything in it, from recorded ones. More than that is asked for nowhere: an answer of AWS's that is refused
makes the call useless.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html
https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
https://github.com/cloud-custodian/cloud-custodian/tree/main/tests/data/placebo
"""

# What is in an answer in XML when it is empty, too: <Subscriptions/>, <vpcSet/>.
_GROUPS = ("list", "map", "structure")
# Every listing of IAM's says whether there is more.
_MORE = "IsTruncated"
_READS = ("Describe", "Get", "List")
# Where more or less than all lists, maps and structures is always there.
_QUERY_ALWAYS = {
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
    "CreateSecurityGroup": ("GroupId",),
    # Without an active rule set nothing is in it. https://docs.aws.amazon.com/ses/latest/APIReference/API_DescribeActiveReceiptRuleSet.html
    "DescribeActiveReceiptRuleSet": (),
    "DescribeReceiptRuleSet": ("Metadata",),
    # Of the settings, the one that was asked for. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcAttribute.html
    "DescribeVpcAttribute": ("VpcId",),
    # Of the lists, those that were asked for. https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
    "GetAccountAuthorizationDetails": (_MORE,),
    # https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html
    # https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    "GetAccessKeyInfo": ("Account",),
    "GetCallerIdentity": ("Account", "Arn", "UserId"),
    # It says whether there is more since 2025 only.
    "ListServiceSpecificCredentials": ("ServiceSpecificCredentials",),
}
# What an answer of SES's version 2 always has, by its pages: in the model all of it is optional.
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
# S3's model does not name the document of a listing, nor that of POST. The others have the name that the same document has in
# the request that puts it, or that of their shape. Each with the elements that are always there.
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
# Without a rule there is no configuration: S3 answers NoSuchLifecycleConfiguration. Without a policy there is no status of one.
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketAcl.html
_S3_ALWAYS = {
    "GetBucketAcl": ("Owner", "AccessControlList"),
    "GetBucketLifecycleConfiguration": ("Rule",),
    "GetBucketPolicyStatus": ("IsPublic",),
}
# Of what a listing is, as it says itself, and the parameter that asked for it. Without a prefix, ListMultipartUploads says none.
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html
SUBJECTS = {
    "ListMultipartUploads": {"Bucket": "Bucket", "Prefix": "Prefix"},
    "ListObjectVersions": {"Name": "Bucket", "Prefix": "Prefix"},
    "ListObjectsV2": {"Name": "Bucket", "Prefix": "Prefix"},
}
# Answers that say with nothing in them that there is none: no rule set is active, a bucket was never versioned, is in us-east-1, or
# all of it was deleted, and quietly.
_MAY_BE_EMPTY = ("DeleteObjects", "DescribeActiveReceiptRuleSet", "GetBucketLocation", "GetBucketVersioning")


def always(operation_model):
    """The members that an answer must have, but for those of S3's documents."""
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
    All lists, maps and structures of the answer to a read, and whether there is more; of a write, the structure that was written.

    What was written may have lists that are left out.
    """
    kinds = _GROUPS if name.startswith(_READS) else ("structure",)
    members = shape.members.items() if shape else ()
    return [member for member, inside in members if inside.type_name in kinds or member == _MORE]


def elements(operation_model):
    """The names of an answer's members as they are written in it, by their names in the model."""
    shape = operation_model.output_shape
    members = shape.members.items() if shape else ()
    return {
        name: member.serialization.get("name", name)
        for name, member in members
        if member.serialization.get("location") is None
    }


def holds(operation_model, found):
    """Whether ``found``, the names of what is in an answer, are all that is always there, and something at all."""
    names = elements(operation_model)
    return all(names[name] in found for name in always(operation_model)) and (
        not names or any(name in found for name in names.values())
    )


def may_be_empty(operation_model):
    """Whether an answer with nothing in it can be AWS's."""
    return operation_model.name in _MAY_BE_EMPTY


def document(operation_model):
    """The root of the XML that an answer of S3's holds, and the elements that are always in it; ``None`` where nothing says so."""
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
    """The elements that the model requires of the document of an answer."""
    shape = operation_model.output_shape
    shape = payload(shape) or shape
    return tuple(shape.members[name].serialization.get("name", name) for name in shape.required_members)


def payload(shape):
    """The member of a request or an answer that is its whole body; with the name that it has there."""
    name = shape and shape.serialization.get("payload")
    return shape.members[name] if name else None


def in_body(shape):
    """Whether an answer has anything to say in its body."""
    members = shape.members.values() if shape else ()
    return any(member.serialization.get("location") is None for member in members)
