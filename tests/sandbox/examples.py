"""
One good request for every operation that the sandbox answers itself, and the world in which all of them are good.

They can be made in any order: what one of them deletes or uses up, no other needs.
"""

import json

from sandbox import control
from tests.sandbox.test_mail import RULE
from tests.sandbox.test_mail import policy as receiving_policy
from tests.sandbox.test_rds import CLUSTER, INSTANCE

ACCOUNT = "123456789012"
DOCUMENT = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
)
ARN = f"arn:aws:iam::{ACCOUNT}"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:feedback"
IDENTITY = f"arn:aws:ses:us-east-1:{ACCOUNT}:identity/example.org"
LIFECYCLE = {
    "Rules": [
        {
            "ID": "all",
            "Status": "Enabled",
            "Filter": {"And": {"Prefix": "a/", "Tags": [{"Key": "k", "Value": "v"}], "ObjectSizeGreaterThan": 1}},
            "Expiration": {"Days": 90},
            "Transitions": [{"Days": 30, "StorageClass": "STANDARD_IA"}],
            "NoncurrentVersionExpiration": {"NoncurrentDays": 7, "NewerNoncurrentVersions": 1},
        }
    ]
}
EVENTS = {"Enabled": True, "MatchingEventTypes": ["REJECT"], "SnsDestination": {"TopicArn": TOPIC}}
DATABASE = {"DBInstanceIdentifier": "standing"}


def build(world):
    """Make what the examples need."""
    s3, iam, sns = world.client("s3"), world.client("iam"), world.client("sns")
    ses, ses1, rds = world.client("sesv2"), world.client("ses"), world.client("rds")
    for name in ("verification", "removable"):
        s3.create_bucket(Bucket=name)
        s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration=LIFECYCLE)
    s3.put_bucket_policy(Bucket="verification", Policy=receiving_policy())
    s3.create_multipart_upload(Bucket="verification", Key="unfinished")
    for name in ("locked", "versioned"):
        s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
        s3.put_object(Bucket=name, Key="read", Body=b"x")
    lock = {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": "2099-01-01T00:00:00Z"}
    s3.put_object(Bucket="locked", Key="kept", Body=b"x", **lock)
    world.upload = s3.create_multipart_upload(Bucket="versioned", Key="parts")["UploadId"]
    for name in ("u", "spare", "removable"):
        iam.create_user(UserName=name)
        iam.create_group(GroupName=name)
        iam.create_policy(PolicyName=name, PolicyDocument=DOCUMENT)
    iam.attach_user_policy(UserName="u", PolicyArn=f"{ARN}:policy/u")
    world.access_key = iam.create_access_key(UserName="spare")["AccessKey"]["AccessKeyId"]
    sns.create_topic(Name="feedback")
    world.subscription, world.removable = (
        sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:{ACCOUNT}:{queue}")[
            "SubscriptionArn"
        ]
        for queue in ("q", "removable")
    )
    sns.subscribe(TopicArn=TOPIC, Protocol="email", Endpoint="ops@example.org")
    for name in ("credere", "removable"):
        ses.create_configuration_set(ConfigurationSetName=name, Tags=[{"Key": "a", "Value": "b"}])
    for name in ("alerts", "removable"):
        ses.create_configuration_set_event_destination(
            ConfigurationSetName="credere", EventDestinationName=name, EventDestination=EVENTS
        )
    ses.create_email_identity(EmailIdentity="example.org", Tags=[{"Key": "a", "Value": "b"}])
    for name in ("ops@example.org", "removable.example", "removable2.example"):
        ses.create_email_identity(EmailIdentity=name)
    ses.put_email_identity_mail_from_attributes(EmailIdentity="example.org", MailFromDomain="mail.example.org")
    ses.put_account_suppression_attributes(SuppressedReasons=["BOUNCE"])
    for name in ("gone@example.net", "removable@example.net"):
        ses.put_suppressed_destination(EmailAddress=name, Reason="BOUNCE")
    for kind in ("Bounce", "Complaint"):
        ses1.set_identity_notification_topic(Identity="example.org", NotificationType=kind, SnsTopic=TOPIC)
    ses.create_email_identity(EmailIdentity="noreply.example.org")
    control.verify(world.application, "noreply.example.org")
    ses1.create_receipt_rule_set(RuleSetName="verification")
    ses1.create_receipt_rule(RuleSetName="verification", Rule=RULE)
    ses1.create_receipt_rule(RuleSetName="verification", Rule={**RULE, "Name": "removable", "Actions": []})
    network(world)
    rds.create_db_instance(**{**INSTANCE, **DATABASE}, DBSubnetGroupName="used")
    rds.create_db_instance(**{**INSTANCE, "DBInstanceIdentifier": "removable"})
    rds.create_db_cluster(**{**CLUSTER, "DBClusterIdentifier": "removable"})
    world.cluster = rds.create_db_cluster(**{**CLUSTER, "DBClusterIdentifier": "standing"})["DBCluster"]["DBClusterArn"]


def network(world):
    ec2, rds = world.client("ec2"), world.client("rds")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    world.subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"][
            "SubnetId"
        ]
        for number, zone in enumerate("ab")
    ]
    world.gateway = {
        "InternetGatewayId": ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"],
        "VpcId": vpc,
    }
    for name in ("used", "removable"):
        rds.create_db_subnet_group(DBSubnetGroupName=name, DBSubnetGroupDescription="d", SubnetIds=world.subnets)


def confirmation(world):
    return {"TopicArn": TOPIC, "Token": world.token()}


def subnet_group(name):
    return lambda world: {
        "DBSubnetGroupName": name,
        "DBSubnetGroupDescription": "d",
        "SubnetIds": world.subnets,
    }


# Parameters, or a function of the world that gives them.
EXAMPLES = {
    ("ec2", "AttachInternetGateway"): lambda world: world.gateway,
    ("ec2", "CreateSecurityGroup"): {"GroupName": "new", "Description": "d"},
    ("iam", "AddUserToGroup"): {"UserName": "u", "GroupName": "u"},
    ("iam", "AttachGroupPolicy"): {"GroupName": "u", "PolicyArn": f"{ARN}:policy/u"},
    ("iam", "AttachUserPolicy"): {"UserName": "u", "PolicyArn": f"{ARN}:policy/spare"},
    ("iam", "CreateAccessKey"): {"UserName": "u"},
    ("iam", "CreateGroup"): {"GroupName": "fresh"},
    ("iam", "CreatePolicy"): {"PolicyName": "new", "PolicyDocument": DOCUMENT},
    ("iam", "CreatePolicyVersion"): {"PolicyArn": f"{ARN}:policy/u", "PolicyDocument": DOCUMENT},
    ("iam", "CreateServiceSpecificCredential"): {"UserName": "u", "ServiceName": "codecommit.amazonaws.com"},
    ("iam", "CreateUser"): {"UserName": "fresh"},
    ("iam", "DeleteGroup"): {"GroupName": "removable"},
    ("iam", "DeletePolicy"): {"PolicyArn": f"{ARN}:policy/removable"},
    ("iam", "DeleteUser"): {"UserName": "removable"},
    ("iam", "GetAccountAuthorizationDetails"): {"MaxItems": 2},
    ("iam", "ListServiceSpecificCredentials"): {"UserName": "u"},
    ("iam", "GetAccessKeyLastUsed"): lambda world: {"AccessKeyId": world.access_key},
    ("iam", "PutGroupPolicy"): {"GroupName": "u", "PolicyName": "p", "PolicyDocument": DOCUMENT},
    ("iam", "PutUserPolicy"): {"UserName": "u", "PolicyName": "p", "PolicyDocument": DOCUMENT},
    ("iam", "SimulateCustomPolicy"): {"PolicyInputList": [DOCUMENT], "ActionNames": ["s3:GetObject"]},
    ("iam", "SimulatePrincipalPolicy"): {"PolicySourceArn": f"{ARN}:user/u", "ActionNames": ["s3:GetObject"]},
    ("iam", "TagPolicy"): {"PolicyArn": f"{ARN}:policy/u", "Tags": [{"Key": "a", "Value": "b"}]},
    ("iam", "TagUser"): {"UserName": "u", "Tags": [{"Key": "a", "Value": "b"}]},
    ("iam", "UntagPolicy"): {"PolicyArn": f"{ARN}:policy/u", "TagKeys": ["a"]},
    ("iam", "UntagUser"): {"UserName": "u", "TagKeys": ["a"]},
    ("rds", "CreateDBCluster"): CLUSTER,
    ("rds", "CreateDBInstance"): INSTANCE,
    ("rds", "CreateDBSubnetGroup"): subnet_group("new"),
    ("rds", "DeleteDBCluster"): {"DBClusterIdentifier": "removable", "SkipFinalSnapshot": True},
    ("rds", "DeleteDBInstance"): {"DBInstanceIdentifier": "removable", "SkipFinalSnapshot": True},
    ("rds", "DeleteDBSubnetGroup"): {"DBSubnetGroupName": "removable"},
    ("rds", "DescribeDBClusters"): {},
    ("rds", "DescribeDBEngineVersions"): {"Engine": "aurora-postgresql"},
    ("rds", "DescribeDBMajorEngineVersions"): {"Engine": "mysql"},
    ("rds", "DescribeDBInstances"): {},
    ("rds", "DisableHttpEndpoint"): lambda world: {"ResourceArn": world.cluster},
    ("rds", "EnableHttpEndpoint"): lambda world: {"ResourceArn": world.cluster},
    ("rds", "ModifyDBCluster"): {"DBClusterIdentifier": "standing", "DeletionProtection": True},
    ("rds", "ModifyDBInstance"): {**DATABASE, "DBInstanceClass": "db.t3.small"},
    ("rds", "ModifyDBSubnetGroup"): subnet_group("used"),
    ("s3", "CopyObject"): {"Bucket": "versioned", "Key": "copy", "CopySource": "versioned/read"},
    ("s3", "CreateBucket"): {
        "Bucket": "new-bucket",
        "CreateBucketConfiguration": {"LocationConstraint": "eu-west-2"},
    },
    ("s3", "DeleteBucketEncryption"): {"Bucket": "verification"},
    ("s3", "DeleteBucketLifecycle"): {"Bucket": "removable"},
    ("s3", "DeleteObject"): {"Bucket": "versioned", "Key": "removable"},
    ("s3", "DeleteObjects"): {"Bucket": "verification", "Delete": {"Objects": [{"Key": "k"}]}},
    ("s3", "GetBucketEncryption"): {"Bucket": "verification"},
    ("s3", "GetBucketLifecycleConfiguration"): {"Bucket": "verification"},
    ("s3", "GetBucketVersioning"): {"Bucket": "verification"},
    ("s3", "GetObject"): {"Bucket": "versioned", "Key": "read"},
    ("s3", "HeadObject"): {"Bucket": "versioned", "Key": "read"},
    ("s3", "ListBuckets"): {"MaxBuckets": 1},
    ("s3", "ListMultipartUploads"): {"Bucket": "verification"},
    ("s3", "ListObjectVersions"): {"Bucket": "verification"},
    ("s3", "ListObjects"): {"Bucket": "versioned"},
    ("s3", "ListObjectsV2"): {"Bucket": "versioned"},
    ("s3", "PutBucketAcl"): {"Bucket": "versioned", "ACL": "private"},
    ("s3", "PutBucketOwnershipControls"): {
        "Bucket": "verification",
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
    },
    ("s3", "PutBucketEncryption"): {
        "Bucket": "verification",
        "ServerSideEncryptionConfiguration": {
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, "BucketKeyEnabled": True}]
        },
    },
    ("s3", "PutBucketLifecycleConfiguration"): {"Bucket": "verification", "LifecycleConfiguration": LIFECYCLE},
    ("s3", "PutBucketPolicy"): {"Bucket": "verification", "Policy": receiving_policy()},
    ("s3", "PutBucketVersioning"): {"Bucket": "verification", "VersioningConfiguration": {"Status": "Suspended"}},
    ("s3", "PutObjectLockConfiguration"): {
        "Bucket": "locked",
        "ObjectLockConfiguration": {
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}},
        },
    },
    ("s3", "GetObjectRetention"): {"Bucket": "locked", "Key": "kept"},
    ("s3", "PutObjectRetention"): {
        "Bucket": "locked",
        "Key": "read",
        "Retention": {"Mode": "GOVERNANCE", "RetainUntilDate": "2030-01-01T00:00:00Z"},
    },
    ("s3", "UploadPartCopy"): lambda world: {
        "Bucket": "versioned",
        "Key": "parts",
        "CopySource": "versioned/read",
        "PartNumber": 1,
        "UploadId": world.upload,
    },
    ("s3", "PutBucketTagging"): {"Bucket": "verification", "Tagging": {"TagSet": [{"Key": "a", "Value": "b"}]}},
    ("ses", "CreateReceiptRule"): {"RuleSetName": "verification", "Rule": {**RULE, "Name": "other", "Actions": []}},
    ("ses", "DeleteIdentity"): {"Identity": "removable.example"},
    ("ses", "DeleteReceiptRule"): {"RuleSetName": "verification", "RuleName": "removable"},
    ("ses", "GetIdentityDkimAttributes"): {"Identities": ["example.org", "ops@example.org"]},
    ("ses", "GetIdentityMailFromDomainAttributes"): {"Identities": ["example.org", "ops@example.org"]},
    ("ses", "GetIdentityNotificationAttributes"): {"Identities": ["example.org", "ops@example.org"]},
    ("ses", "GetIdentityVerificationAttributes"): {"Identities": ["example.org", "ops@example.org"]},
    ("ses", "ListIdentities"): {},
    ("ses", "SetIdentityDkimEnabled"): {"Identity": "example.org", "DkimEnabled": False},
    ("ses", "SetIdentityFeedbackForwardingEnabled"): {"Identity": "example.org", "ForwardingEnabled": False},
    ("ses", "SetIdentityHeadersInNotificationsEnabled"): {
        "Identity": "example.org",
        "NotificationType": "Bounce",
        "Enabled": True,
    },
    ("ses", "SetIdentityMailFromDomain"): {"Identity": "example.org", "MailFromDomain": "m.example.org"},
    ("ses", "SetIdentityNotificationTopic"): {"Identity": "example.org", "NotificationType": "Delivery"},
    ("ses", "UpdateReceiptRule"): {"RuleSetName": "verification", "Rule": RULE},
    ("ses", "VerifyDomainDkim"): {"Domain": "example.net"},
    ("ses", "VerifyDomainIdentity"): {"Domain": "example.net"},
    ("ses", "VerifyEmailAddress"): {"EmailAddress": "a@example.net"},
    ("ses", "VerifyEmailIdentity"): {"EmailAddress": "b@example.net"},
    ("sesv2", "CreateConfigurationSet"): {"ConfigurationSetName": "new"},
    ("sesv2", "CreateConfigurationSetEventDestination"): {
        "ConfigurationSetName": "credere",
        "EventDestinationName": "new",
        "EventDestination": EVENTS,
    },
    ("sesv2", "CreateEmailIdentity"): {"EmailIdentity": "new.example"},
    ("sesv2", "DeleteConfigurationSet"): {"ConfigurationSetName": "removable"},
    ("sesv2", "DeleteConfigurationSetEventDestination"): {
        "ConfigurationSetName": "credere",
        "EventDestinationName": "removable",
    },
    ("sesv2", "DeleteEmailIdentity"): {"EmailIdentity": "removable2.example"},
    ("sesv2", "DeleteSuppressedDestination"): {"EmailAddress": "removable@example.net"},
    ("sesv2", "GetAccount"): {},
    ("sesv2", "GetConfigurationSet"): {"ConfigurationSetName": "credere"},
    ("sesv2", "GetConfigurationSetEventDestinations"): {"ConfigurationSetName": "credere"},
    ("sesv2", "GetEmailIdentity"): {"EmailIdentity": "example.org"},
    ("sesv2", "GetSuppressedDestination"): {"EmailAddress": "gone@example.net"},
    ("sesv2", "ListConfigurationSets"): {},
    ("sesv2", "ListEmailIdentities"): {},
    ("sesv2", "ListSuppressedDestinations"): {},
    ("sesv2", "ListTagsForResource"): {"ResourceArn": IDENTITY},
    ("sesv2", "PutAccountDetails"): {"MailType": "TRANSACTIONAL", "WebsiteURL": "https://example.org"},
    ("sesv2", "PutAccountSendingAttributes"): {"SendingEnabled": True},
    ("sesv2", "PutAccountSuppressionAttributes"): {"SuppressedReasons": ["COMPLAINT"]},
    ("sesv2", "PutConfigurationSetArchivingOptions"): {"ConfigurationSetName": "credere"},
    ("sesv2", "PutConfigurationSetDeliveryOptions"): {"ConfigurationSetName": "credere", "TlsPolicy": "REQUIRE"},
    ("sesv2", "PutConfigurationSetReputationOptions"): {
        "ConfigurationSetName": "credere",
        "ReputationMetricsEnabled": True,
    },
    ("sesv2", "PutConfigurationSetSendingOptions"): {"ConfigurationSetName": "credere", "SendingEnabled": True},
    ("sesv2", "PutConfigurationSetSuppressionOptions"): {
        "ConfigurationSetName": "credere",
        "SuppressedReasons": ["BOUNCE"],
    },
    ("sesv2", "PutConfigurationSetTrackingOptions"): {
        "ConfigurationSetName": "credere",
        "CustomRedirectDomain": "t.example.org",
    },
    ("sesv2", "PutConfigurationSetVdmOptions"): {
        "ConfigurationSetName": "credere",
        "VdmOptions": {"DashboardOptions": {"EngagementMetrics": "ENABLED"}},
    },
    ("sesv2", "PutEmailIdentityConfigurationSetAttributes"): {
        "EmailIdentity": "example.org",
        "ConfigurationSetName": "credere",
    },
    ("sesv2", "PutEmailIdentityDkimAttributes"): {"EmailIdentity": "example.org", "SigningEnabled": False},
    ("sesv2", "PutEmailIdentityDkimSigningAttributes"): {
        "EmailIdentity": "example.org",
        "SigningAttributesOrigin": "AWS_SES",
        "SigningAttributes": {"NextSigningKeyLength": "RSA_2048_BIT"},
    },
    ("sesv2", "PutEmailIdentityFeedbackAttributes"): {
        "EmailIdentity": "example.org",
        "EmailForwardingEnabled": True,
    },
    ("sesv2", "PutEmailIdentityMailFromAttributes"): {
        "EmailIdentity": "example.org",
        "MailFromDomain": "mail.example.org",
        "BehaviorOnMxFailure": "USE_DEFAULT_VALUE",
    },
    ("sesv2", "PutSuppressedDestination"): {"EmailAddress": "a@example.net", "Reason": "BOUNCE"},
    ("sesv2", "TagResource"): {"ResourceArn": IDENTITY, "Tags": [{"Key": "a", "Value": "b"}]},
    ("sesv2", "UntagResource"): {"ResourceArn": IDENTITY, "TagKeys": ["a"]},
    ("sesv2", "UpdateConfigurationSetEventDestination"): {
        "ConfigurationSetName": "credere",
        "EventDestinationName": "alerts",
        "EventDestination": EVENTS,
    },
    ("sns", "ConfirmSubscription"): confirmation,
    ("sns", "GetSubscriptionAttributes"): lambda world: {"SubscriptionArn": world.subscription},
    ("sns", "ListSubscriptions"): {},
    ("sns", "ListSubscriptionsByTopic"): {"TopicArn": TOPIC},
    ("sns", "SetSubscriptionAttributes"): lambda world: {
        "SubscriptionArn": world.subscription,
        "AttributeName": "RawMessageDelivery",
        "AttributeValue": "true",
    },
    ("sns", "Subscribe"): {"TopicArn": TOPIC, "Protocol": "email", "Endpoint": "a@example.org"},
    ("sns", "Unsubscribe"): lambda world: {"SubscriptionArn": world.removable},
    ("sts", "GetAccessKeyInfo"): {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE"},
}
