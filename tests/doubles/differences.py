"""
Where the doubles answer otherwise than AWS's documentation says, each a question that is asked of the sandbox and of every double.

What :attr:`Difference.documented` is, the sandbox must answer, and each double that :attr:`Difference.found` does not name.
docs/doubles.md has the table, which ``python -m tests.doubles --page`` writes. What is only Ceph's is in tests/real/test_ceph_differs.py.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

_AWS = "https://docs.aws.amazon.com/"
_S3 = f"{_AWS}AmazonS3/latest/API/API_"
_IAM = f"{_AWS}IAM/latest/APIReference/API_"
_EC2 = f"{_AWS}AWSEC2/latest/APIReference/API_"
_SES = f"{_AWS}ses/latest/APIReference-V2/API_"


@dataclass(frozen=True)
class Difference:
    """
    ``what`` is compared, ``says`` what AWS's documentation says on ``page``, ``asked(double)`` answers with ``documented`` where that is done.

    ``found`` has the answers of the doubles that do otherwise, ``words`` the same in words; ``stops`` the cases of the functional
    suite that cannot go on because of it, with a part of the message that says so.
    """

    services: str
    what: str
    says: str
    page: str
    asked: Callable
    documented: object
    found: dict
    words: dict
    stops: dict = field(default_factory=dict)


def code(function, **given):
    """The code of the error that a call ends with; ``None`` where it ends well."""
    try:
        function(**given)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None


def status(function, **given):
    """The HTTP status that a call is answered with; 500 where the answer is a page that botocore cannot read."""
    try:
        answer = function(**given)
    except ClientError as error:
        answer = error.response
    except ResponseParserError:
        return 500
    return answer["ResponseMetadata"]["HTTPStatusCode"]


def _raw(client, operation, **given):
    """The body of an answer as it came."""
    bodies = []
    event = f"before-parse.{client.meta.service_model.service_id.hyphenize()}.{client.meta.method_to_api_mapping[operation]}"

    def keep(response_dict, **_):
        bodies.append(response_dict["body"])

    client.meta.events.register(event, keep)
    getattr(client, operation)(**given)
    return bodies[-1]


def _bucket(double):
    s3 = double.client("s3")
    s3.create_bucket(Bucket="difference")
    return s3


def no_end_of_a_listing(double):
    """Which listings of IAM do not say whether there is more."""
    iam = double.client("iam")
    iam.create_user(UserName="u")
    iam.create_group(GroupName="g")
    document = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'
    policy = iam.create_policy(PolicyName="p", PolicyDocument=document)["Policy"]["Arn"]
    user, group = {"UserName": "u"}, {"GroupName": "g"}
    asked = {
        "get_account_authorization_details": {"Filter": ["User"]},
        "get_group": group,
        "list_access_keys": user,
        "list_attached_group_policies": group,
        "list_attached_user_policies": user,
        "list_entities_for_policy": {"PolicyArn": policy},
        "list_group_policies": group,
        "list_groups": {},
        "list_groups_for_user": user,
        "list_mfa_devices": user,
        "list_policies": {"Scope": "Local"},
        "list_policy_versions": {"PolicyArn": policy},
        "list_signing_certificates": user,
        "list_ssh_public_keys": user,
        "list_user_policies": user,
        "list_user_tags": user,
        "list_users": {},
    }
    return [name for name, given in asked.items() if b"<IsTruncated>" not in _raw(iam, name, **given)]


def other_credentials(double):
    iam = double.client("iam")
    iam.create_user(UserName="u")
    return status(iam.list_service_specific_credentials, UserName="u")


def account_of_a_key(double):
    iam = double.client("iam")
    iam.create_user(UserName="u")
    key = iam.create_access_key(UserName="u")["AccessKey"]["AccessKeyId"]
    return code(double.client("sts").get_access_key_info, AccessKeyId=key)


def policy_in_use(double):
    iam = double.client("iam")
    iam.create_user(UserName="u")
    document = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'
    policy = iam.create_policy(PolicyName="p", PolicyDocument=document)["Policy"]["Arn"]
    iam.attach_user_policy(UserName="u", PolicyArn=policy)
    return code(iam.delete_policy, PolicyArn=policy)


def user_in_use(double):
    iam = double.client("iam")
    iam.create_user(UserName="u")
    iam.create_access_key(UserName="u")
    return code(iam.delete_user, UserName="u")


def group_in_use(double):
    iam = double.client("iam")
    iam.create_user(UserName="u")
    iam.create_group(GroupName="g")
    iam.add_user_to_group(UserName="u", GroupName="g")
    return code(iam.delete_group, GroupName="g")


def names_by_case(double):
    iam = double.client("iam")
    iam.create_user(UserName="Web")
    return code(iam.create_user, UserName="web")


def deleted_group(double):
    ec2 = double.client("ec2")
    group = ec2.create_security_group(GroupName="difference", Description="d")["GroupId"]
    return b"<return>true</return>" in _raw(ec2, "delete_security_group", GroupId=group)


def two_gateways(double):
    ec2 = double.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    one, other = (ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"] for _ in range(2))
    ec2.attach_internet_gateway(VpcId=vpc, InternetGatewayId=one)
    return code(ec2.attach_internet_gateway, VpcId=vpc, InternetGatewayId=other) is not None


def names_of_a_subnet(double):
    ec2 = double.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    return "PrivateDnsNameOptionsOnLaunch" in ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]


def root_of_versioning(double):
    s3 = _bucket(double)
    return b"<VersioningConfiguration" in _raw(s3, "get_bucket_versioning", Bucket="difference")


def answer_to_a_policy(double):
    s3 = _bucket(double)
    document = (
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "s3:GetObject",'
        ' "Resource": "arn:aws:s3:::difference/*"}]}'
    )
    s3.delete_public_access_block(Bucket="difference")
    return _raw(s3, "put_bucket_policy", Bucket="difference", Policy=document).strip()


def region_in_the_list(double):
    s3 = _bucket(double)
    return s3.list_buckets(MaxBuckets=1000)["Buckets"][0].get("BucketRegion")


def defaults_of_a_bucket(double):
    s3 = _bucket(double)
    asked = (s3.get_public_access_block, s3.get_bucket_encryption, s3.get_bucket_ownership_controls)
    return [code(function, Bucket="difference") for function in asked]


def encoding_of_a_listing(double):
    s3 = _bucket(double)
    return s3.list_object_versions(Bucket="difference", EncodingType="url").get("EncodingType")


def least_size_of_a_rule(double):
    s3 = _bucket(double)
    rule = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}
    answer = s3.put_bucket_lifecycle_configuration(Bucket="difference", LifecycleConfiguration={"Rules": [rule]})
    return answer.get("TransitionDefaultMinimumObjectSize")


def unconfirmed(double):
    sns = double.client("sns")
    topic = sns.create_topic(Name="difference")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ops@example.org")
    (found,) = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    return found["SubscriptionArn"] == "PendingConfirmation"


def endpoint_of_a_subscription(double):
    sns = double.client("sns")
    topic = sns.create_topic(Name="difference")["TopicArn"]
    return code(sns.subscribe, TopicArn=topic, Protocol="email", Endpoint="nobody")


def life_of_a_version(double):
    return status(double.client("rds").describe_db_major_engine_versions, Engine="postgres")


def changed_subnet_group(double):
    ec2, rds = double.client("ec2"), double.client("rds")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"][
            "SubnetId"
        ]
        for number, zone in enumerate("ab")
    ]
    given = {"DBSubnetGroupName": "g", "SubnetIds": subnets}
    rds.create_db_subnet_group(**given, DBSubnetGroupDescription="d")
    rds.modify_db_subnet_group(**given, DBSubnetGroupDescription="other")
    return code(rds.describe_db_subnet_groups, DBSubnetGroupName="g")


def ses_account(double):
    return status(double.client("sesv2").get_account)


def options_of_a_set(double):
    ses = double.client("sesv2")
    ses.create_configuration_set(ConfigurationSetName="c")
    return status(ses.put_configuration_set_delivery_options, ConfigurationSetName="c", TlsPolicy="REQUIRE")


def sending_of_a_set(double):
    ses = double.client("sesv2")
    ses.create_configuration_set(ConfigurationSetName="c")
    return ses.get_configuration_set(ConfigurationSetName="c")["SendingOptions"]["SendingEnabled"]


def dkim_tokens(double):
    ses = double.client("sesv2")
    return len(ses.create_email_identity(EmailIdentity="example.org")["DkimAttributes"].get("Tokens", ()))


def mail_from(double):
    ses = double.client("sesv2")
    ses.create_email_identity(EmailIdentity="example.org")
    given = {"EmailIdentity": "example.org", "MailFromDomain": "mail.example.org"}
    return status(ses.put_email_identity_mail_from_attributes, **given)


def verification(double):
    ses = double.client("sesv2")
    ses.create_email_identity(EmailIdentity="example.org")
    return ses.get_email_identity(EmailIdentity="example.org")["VerificationStatus"]


def feedback(double):
    ses = double.client("sesv2")
    ses.create_email_identity(EmailIdentity="example.org")
    return ses.get_email_identity(EmailIdentity="example.org")["FeedbackForwardingStatus"]


def tags_of_an_identity(double):
    ses = double.client("sesv2")
    ses.create_email_identity(EmailIdentity="example.org")
    arn = f"arn:aws:ses:us-east-1:{double.client('sts').get_caller_identity()['Account']}:identity/example.org"
    ses.tag_resource(ResourceArn=arn, Tags=[{"Key": "team", "Value": "data"}])
    return ses.get_email_identity(EmailIdentity="example.org").get("Tags")


def deleting_a_receipt_rule(double):
    ses = double.client("ses")
    ses.create_receipt_rule_set(RuleSetName="s")
    return status(ses.delete_receipt_rule, RuleSetName="s", RuleName="r")


_NO_END = [
    "get_group",
    "list_access_keys",
    "list_group_policies",
    "list_groups",
    "list_policy_versions",
    "list_signing_certificates",
    "list_ssh_public_keys",
]
_NO_END_WORDS = "these do not: " + ", ".join(
    "SSH public keys"
    if name == "list_ssh_public_keys"
    else name.removeprefix("list_").removeprefix("get_").replace("_", " ")
    for name in _NO_END
)
_NOT_THERE = "is not there"
_BOTH = ("moto", "localstack")


def _alike(value, doubles=_BOTH):
    return dict.fromkeys(doubles, value)


DIFFERENCES = (
    Difference(
        "iam", "listings", "each says whether there is more: `IsTruncated`", f"{_IAM}ListGroups.html",
        no_end_of_a_listing, [], _alike(_NO_END), _alike(_NO_END_WORDS),
    ),
    Difference(
        "iam", "`ListServiceSpecificCredentials` without the name of a service", "lists those of all services",
        f"{_IAM}ListServiceSpecificCredentials.html",
        other_credentials, 200, {"moto": 500, "localstack": 404}, {"moto": "status 500", "localstack": "`NoSuchEntity`"},
        {
            "moto": dict.fromkeys(("iam_user.absent", "ses_smtp_user.absent"), "Cannot list the other credentials of the user"),
            "localstack": {"iam_user.absent": "No such service None is supported"},
        },
    ),
    Difference(
        "iam sts", "`GetAccessKeyInfo`", "tells the account of a key", f"{_AWS}STS/latest/APIReference/API_GetAccessKeyInfo.html",
        account_of_a_key, None, {"localstack": "InternalFailure"}, {"localstack": _NOT_THERE},
        {"localstack": {"iam_access_key.present": "The get_access_key_info action has not been implemented"}},
    ),
    Difference(
        "iam", "deleting a policy that is attached", "`DeleteConflict`", f"{_IAM}DeletePolicy.html",
        policy_in_use, "DeleteConflict", _alike(None), _alike("deletes it"),
    ),
    Difference(
        "iam", "deleting a user who has a key", "`DeleteConflict`", f"{_IAM}DeleteUser.html",
        user_in_use, "DeleteConflict", _alike(None), _alike("deletes it"),
    ),
    Difference(
        "iam", "deleting a group that has members", "`DeleteConflict`", f"{_IAM}DeleteGroup.html",
        group_in_use, "DeleteConflict", _alike(None), _alike("deletes it"),
    ),
    Difference(
        "iam", "two users whose names differ by case", "`EntityAlreadyExists`", f"{_IAM}CreateUser.html",
        names_by_case, "EntityAlreadyExists", _alike(None), _alike("makes both"),
    ),
    Difference(
        "ec2", "the answer to `DeleteSecurityGroup`", "has `return`", f"{_EC2}DeleteSecurityGroup.html",
        deleted_group, True, _alike(False), _alike("has not"),
    ),
    Difference(
        "ec2", "a second internet gateway for a VPC", "refused", f"{_EC2}AttachInternetGateway.html",
        two_gateways, True, _alike(False), _alike("attached"),
    ),
    Difference(
        "ec2", "the answer to `CreateSubnet`", "has `privateDnsNameOptionsOnLaunch`", f"{_EC2}CreateSubnet.html",
        names_of_a_subnet, True, {"localstack": False}, {"localstack": "has not"},
    ),
    Difference(
        "s3", "the document of `GetBucketVersioning`", "is a `VersioningConfiguration`", f"{_S3}GetBucketVersioning.html",
        root_of_versioning, True, {"moto": False}, {"moto": "is a `GetBucketVersioningResponse`"},
    ),
    Difference(
        "s3", "the answer to `PutBucketPolicy`", "is empty", f"{_S3}PutBucketPolicy.html",
        answer_to_a_policy, b"", {"moto": b"True"}, {"moto": "is the word True"},
    ),
    Difference(
        "s3", "the list of buckets, asked for with a parameter", "has their regions", f"{_S3}Bucket.html",
        region_in_the_list, "us-east-1", _alike(None, ("moto", "ceph")), _alike("has none", ("moto", "ceph")),
    ),
    Difference(
        "s3", "a new bucket", "blocks public access, is encrypted, and has no ACLs",
        f"{_AWS}AmazonS3/latest/userguide/create-bucket-overview.html",
        defaults_of_a_bucket, [None, None, None],
        {
            "moto": [
                "NoSuchPublicAccessBlockConfiguration",
                "ServerSideEncryptionConfigurationNotFoundError",
                "OwnershipControlsNotFoundError",
            ],
        },
        {"moto": "has none of these settings"},
    ),
    Difference(
        "s3", "`ListObjectVersions` with `EncodingType`", "says how keys are encoded", f"{_S3}ListObjectVersions.html",
        encoding_of_a_listing, "url", {"moto": None}, {"moto": "does not"},
    ),
    Difference(
        "s3", "the answer to `PutBucketLifecycleConfiguration`", "has `TransitionDefaultMinimumObjectSize`",
        f"{_S3}PutBucketLifecycleConfiguration.html",
        least_size_of_a_rule, "all_storage_classes_128K", _alike(None, ("moto", "ceph")), _alike("has not", ("moto", "ceph")),
    ),
    Difference(
        "sns", "a subscription by email", "waits until it is confirmed", f"{_AWS}sns/latest/api/API_Subscribe.html",
        unconfirmed, True, _alike(False), _alike("is confirmed at once"),
    ),
    Difference(
        "sns", "a subscription by email to what is no address", "`InvalidParameter`", f"{_AWS}sns/latest/api/API_Subscribe.html",
        endpoint_of_a_subscription, "InvalidParameter", _alike(None), _alike("made"),
    ),
    Difference(
        "rds", "`DescribeDBMajorEngineVersions`", "tells until when a version has support",
        f"{_AWS}AmazonRDS/latest/APIReference/API_DescribeDBMajorEngineVersions.html",
        life_of_a_version, 200, {"moto": 500}, {"moto": _NOT_THERE},
        {
            "moto": dict.fromkeys(
                ("rds_cluster.present", "rds_cluster.absent", "rds_instance.present", "rds_instance.absent"),
                "Cannot read until when the versions of",
            ),
        },
    ),
    Difference(
        "ec2 rds", "a subnet group that was modified", "is there", f"{_AWS}AmazonRDS/latest/APIReference/API_ModifyDBSubnetGroup.html",
        changed_subnet_group, None, {"moto": "DBSubnetGroupNotFoundFault"}, {"moto": "is gone"},
        {"moto": {"rds_subnet_group.present": "'subnets'"}},
    ),
    Difference(
        "sesv2", "`GetAccount`", "tells what the account may send", f"{_SES}GetAccount.html",
        ses_account, 200, {"moto": 404}, {"moto": _NOT_THERE},
        {"moto": {"ses_account.configured": "Cannot read the account's settings of SES"}},
    ),
    Difference(
        "sesv2", "`PutConfigurationSetDeliveryOptions` and the other options", "change the set",
        f"{_SES}PutConfigurationSetDeliveryOptions.html",
        options_of_a_set, 200, {"moto": 404}, {"moto": "are not there"},
        {"moto": {"ses_configuration_set.present": "Cannot set the delivery options of the configuration set"}},
    ),
    Difference(
        "sesv2", "a new configuration set", "sends", f"{_SES}SendingOptions.html",
        sending_of_a_set, True, {"moto": False}, {"moto": "answers with an empty mapping"},
    ),
    Difference(
        "sesv2", "the DKIM tokens of a domain", "three", f"{_SES}DkimAttributes.html",
        dkim_tokens, 3, {"moto": 0}, {"moto": "none"},
        {"moto": {"ses_dns.published": "'noreply.example.org DKIM'"}},
    ),
    Difference(
        "sesv2", "`PutEmailIdentityMailFromAttributes`", "sets the MAIL FROM domain", f"{_SES}PutEmailIdentityMailFromAttributes.html",
        mail_from, 200, {"moto": 404}, {"moto": _NOT_THERE},
        {"moto": {"ses_identity.present": "Cannot set the mail from attributes of the identity"}},
    ),
    Difference(
        "sesv2", "a new identity", "is verified when its records are found",
        f"{_AWS}ses/latest/dg/creating-identities.html",
        verification, "PENDING", {"moto": "SUCCESS"}, {"moto": "is verified at once"},
        {"moto": {"ses_identity.absent": "is verified and is not deleted"}},
    ),
    Difference(
        "sesv2", "feedback of a new identity", "is forwarded", f"{_SES}PutEmailIdentityFeedbackAttributes.html",
        feedback, True, {"moto": False}, {"moto": "is not"},
    ),
    Difference(
        "sesv2 sts", "the tags of an identity, once changed", "are told by `GetEmailIdentity`", f"{_SES}GetEmailIdentity.html",
        tags_of_an_identity, [{"Key": "team", "Value": "data"}], {"moto": None}, {"moto": "are not"},
    ),
    Difference(
        "ses", "`DeleteReceiptRule`", "deletes it", f"{_AWS}ses/latest/APIReference/API_DeleteReceiptRule.html",
        deleting_a_receipt_rule, 200, {"moto": 500}, {"moto": _NOT_THERE},
        {"moto": {"ses_receiving.verified": "Cannot delete the receipt rule"}},
    ),
)  # fmt: skip

# What `tests.doubles.completing` puts right, by double: whatever else it meets is not declared.
FORMS = {
    "moto": {"IsTruncated", "return", "root", "content"},
    "localstack": {"IsTruncated", "return"},
}
STOPS = {
    (double, function): sentence
    for difference in DIFFERENCES
    for double, functions in difference.stops.items()
    for function, sentence in functions.items()
}


def table(doubles):
    """The rows of docs/doubles.md; ``doubles`` are their classes by name."""
    lines = [
        f"| What | AWS's documentation, and the sandbox | {' | '.join(double.TITLE for double in doubles.values())} | Right |",
        f"|---|---|{'---|' * len(doubles)}---|",
    ]
    for difference in DIFFERENCES:
        cells = [
            difference.words.get(name, "the same") if set(difference.services.split()) <= double.SERVICES else "-"
            for name, double in doubles.items()
        ]
        lines.append(f"| {difference.what} | [{difference.says}]({difference.page}) | {' | '.join(cells)} | sandbox |")
    return "\n".join(lines)
