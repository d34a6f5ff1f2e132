"""
One case for each public function of ``_states``: what every state must hold is tested with these.

A case is: what is there before, the arguments, and what somebody then changes by hand.
"""

import ast
import json
from dataclasses import dataclass, field
from pathlib import Path

from tests.fixtures.dns_hosts import TOKEN

REGION = "eu-west-2"
BUCKET = "ocp-registry-backup"
DOCUMENT = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})
TARGET = {
    "server": "registry",
    "kind": "script",
    "bucket": BUCKET,
    "prefix": "database",
    "region": REGION,
    "expires": True,
}
RULE = {
    "ID": "delete-after-30-days",
    "Status": "Enabled",
    "Filter": {"Prefix": ""},
    "Expiration": {"Days": 30},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
}
DOMAIN = "noreply.example.org"
ADDRESS = f"noreply@{DOMAIN}"
USER = "registry-backup"
TAGS = {"team": "data"}
FUNCTIONS = [
    f"{path.stem}.{node.name}"
    for path in sorted((Path(__file__).resolve().parents[2] / "_states").glob("*.py"))
    for node in ast.parse(path.read_text()).body
    if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
]


class Account:
    """The account, as a person with a console reaches it, and the machine's own surroundings."""

    def __init__(self, sandbox, states, folder, zone):
        self.sandbox = sandbox
        self.states = states
        self.folder = folder
        self.zone = zone
        self.s3 = sandbox.client("s3", region=REGION)
        self.iam = sandbox.client("iam")

    def client(self, service):
        return self.sandbox.client(service)

    def ensure(self, function, **arguments):
        """What a case builds upon, made by a state."""
        ret = self.states[function](**arguments)
        assert ret.result is True, ret.comment

    def store(self, **keys):
        return {"pillar_file": str(self.folder / "private.sls"), "keys": keys}

    def bucket(self):
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})

    def policy(self):
        return self.iam.create_policy(PolicyName=USER, PolicyDocument=DOCUMENT)["Policy"]["Arn"]

    def policy_arn(self):
        return self.iam.list_policies(Scope="Local")["Policies"][0]["Arn"]

    def user(self):
        self.iam.create_user(UserName=USER)

    def identity(self):
        self.client("sesv2").create_email_identity(EmailIdentity=DOMAIN)

    def databases(self):
        """Time stands still, so that what takes AWS minutes is waited for by nobody."""
        self.sandbox.stop_clock()

    def later(self):
        self.sandbox.advance_clock(300)


@dataclass
class Case:
    """``arguments`` is a mapping, or a function of the account; ``drift`` is ``None`` where there is nothing to drift."""

    arguments: object
    changed: set = field(default_factory=set)
    drift: object = None
    before: object = lambda _account: None
    after: object = lambda _account: None
    created: set = field(default_factory=lambda: {"name"})

    def arguments_for(self, account):
        return dict(self.arguments(account) if callable(self.arguments) else self.arguments)


def _open_bucket(account):
    account.s3.delete_public_access_block(Bucket=BUCKET)
    account.s3.delete_bucket_tagging(Bucket=BUCKET)


def _bucket_with_rule(account):
    account.bucket()
    account.s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": [RULE]})


def _other_document(account):
    account.iam.create_policy_version(PolicyArn=account.policy_arn(), PolicyDocument=DOCUMENT, SetAsDefault=True)


def _policy_and_group(account):
    account.policy()
    account.iam.create_group(GroupName="backup")


def _user_without_either(account):
    account.iam.detach_user_policy(UserName=USER, PolicyArn=account.policy_arn())
    account.iam.remove_user_from_group(UserName=USER, GroupName="backup")


def _user_with_key(account):
    # A key that was made this minute may be on its way to the store of another run.
    account.sandbox.advance_clock(-3600)
    account.user()


def _a_key(account):
    account.user()
    made = account.iam.create_access_key(UserName=USER)["AccessKey"]["AccessKeyId"]
    account.iam.update_access_key(UserName=USER, AccessKeyId=made, Status="Inactive")


def _its_key(account):
    (key,) = account.iam.list_access_keys(UserName=USER)["AccessKeyMetadata"]
    return {"name": USER, "access_key_id": key["AccessKeyId"]}


def _delete_keys(account, user):
    for key in account.iam.list_access_keys(UserName=user)["AccessKeyMetadata"]:
        account.iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])


def _vpc(account):
    account.ensure("ec2_vpc.present", name="lab", cidr_block="10.0.0.0/16")


def _subnets(account):
    _vpc(account)
    for number, zone in enumerate(("us-east-1a", "us-east-1b")):
        account.ensure(
            "ec2_subnet.present",
            name=f"lab-{number}",
            vpc="lab",
            cidr_block=f"10.0.{number}.0/24",
            availability_zone=zone,
        )


def _subnet_group(account):
    _subnets(account)
    account.ensure("rds_subnet_group.present", **SUBNET_GROUP)


def _network_of_a_database(account):
    account.databases()
    account.ensure("ec2_security_group.present", **SECURITY_GROUP)


def _network_of_a_cluster(account):
    account.databases()
    _subnet_group(account)


def _id(account, operation, answered, identifier):
    """The id of what is called ``lab``, or has no other name."""
    found = getattr(account.client("ec2"), operation)(Filters=[{"Name": "tag:Name", "Values": ["lab*", "postgresql*"]}])
    return found[answered][0][identifier]


def _tag_vpc(account):
    account.client("ec2").create_tags(
        Resources=[_id(account, "describe_vpcs", "Vpcs", "VpcId")], Tags=[{"Key": "team", "Value": "other"}]
    )


def _subnet_without_addresses(account):
    account.client("ec2").modify_subnet_attribute(
        SubnetId=_id(account, "describe_subnets", "Subnets", "SubnetId"), MapPublicIpOnLaunch={"Value": False}
    )


def _close_group(account):
    ec2 = account.client("ec2")
    group = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["postgresql-anywhere"]}])
    group = group["SecurityGroups"][0]
    ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=group["IpPermissions"])


def _describe_other(account):
    account.client("rds").modify_db_subnet_group(
        DBSubnetGroupName="lab",
        DBSubnetGroupDescription="Other",
        SubnetIds=[
            entry["SubnetIdentifier"]
            for entry in account.client("rds").describe_db_subnet_groups()["DBSubnetGroups"][0]["Subnets"]
        ],
    )


def _unprotect(account):
    account.client("rds").modify_db_instance(DBInstanceIdentifier="analysis", DeletionProtection=False)
    account.later()


def _other_retention(account):
    account.client("rds").modify_db_cluster(
        DBClusterIdentifier="common", BackupRetentionPeriod=3, ApplyImmediately=True
    )
    account.later()


def _an_instance(account):
    _network_of_a_database(account)
    account.ensure("rds_instance.present", **_instance(account))
    account.later()
    account.client("rds").modify_db_instance(DBInstanceIdentifier="analysis", DeletionProtection=False)


def _a_cluster(account):
    _network_of_a_cluster(account)
    account.ensure("rds_cluster.present", **_cluster(account))
    account.later()
    account.client("rds").modify_db_cluster(DBClusterIdentifier="common", DeletionProtection=False)
    account.later()


def _instance(account):
    return {
        "name": "analysis",
        "preset": "data-analysis",
        "deletion_protection": True,
        "store": account.store(password="analysis:password"),
    }


def _cluster(account):
    return {
        "name": "common",
        "engine": "aurora-postgresql",
        "engine_version": "latest",
        "min_capacity": 0,
        "max_capacity": 2,
        "database": "common",
        "backup_retention_period": 1,
        "db_subnet_group_name": "lab",
        "store": account.store(password="common:password"),
    }


def _topic(account):
    account.client("sns").create_topic(Name="bounces")


def _other_display_name(account):
    sns = account.client("sns")
    arn = sns.list_topics()["Topics"][0]["TopicArn"]
    sns.set_topic_attributes(TopicArn=arn, AttributeName="DisplayName", AttributeValue="Other")


def _set_without_tls(account):
    account.client("sesv2").put_configuration_set_delivery_options(ConfigurationSetName="credere", TlsPolicy="OPTIONAL")


def _configuration_set(account):
    account.client("sesv2").create_configuration_set(ConfigurationSetName="credere")


def _no_mail_from(account):
    account.client("sesv2").put_email_identity_mail_from_attributes(EmailIdentity=DOMAIN, MailFromDomain="")


def _suppress_nothing(account):
    account.client("sesv2").put_account_suppression_attributes(SuppressedReasons=[])


def _asks_the_zone(account):
    account.zone.add(DOMAIN, "MX", "10 inbound-smtp.us-east-1.amazonaws.com.")
    account.sandbox.dns(account.zone.address)
    account.identity()
    account.sandbox.verify(DOMAIN)


def _verified(account):
    account.identity()
    account.sandbox.verify(DOMAIN)


def _without_a_record(account):
    account.host.records = [entry for entry in account.host.records if entry["type"] != "TXT"]


def _smtp_user(account):
    account.ensure("ses_smtp_user.present", name="ses-smtp", store=_smtp_store(account))


def _smtp_store(account):
    names = ("smtp_username", "smtp_password", "smtp_host", "smtp_port")
    return account.store(**{name: f"smtp:{name}" for name in names})


SUBNET_GROUP = {"name": "lab", "vpc": "lab", "description": "Databases of the lab", "subnets": ["lab-0", "lab-1"]}
SECURITY_GROUP = {
    "name": "postgresql-anywhere",
    "description": "PostgreSQL from anywhere",
    "ingress": [{"service": "postgresql", "source": "anywhere"}],
}
SUBNET = {"name": "lab-a", "vpc": "lab", "cidr_block": "10.0.1.0/24"}

CASES = {
    "aws_account.pillar_valid": Case({"name": "x", "expected": {"account": None}}, created=set()),
    "ec2_security_group.present": Case(SECURITY_GROUP, {"ingress"}, _close_group),
    "ec2_subnet.present": Case(
        {**SUBNET, "map_public_ip_on_launch": True}, {"map_public_ip_on_launch"}, _subnet_without_addresses, before=_vpc
    ),
    "ec2_vpc.present": Case({"name": "lab", "cidr_block": "10.0.0.0/16", "tags": TAGS}, {"tags"}, _tag_vpc),
    "iam_access_key.present": Case(
        lambda account: {"name": USER, "store": account.store(access_key="a:access_key", secret_key="a:secret_key")},
        {"access_key"},
        lambda account: _delete_keys(account, USER),
        before=_user_with_key,
        created={"access_key"},
    ),
    "iam_backup_policy.present": Case(
        {"name": USER, "targets": [TARGET], "tags": TAGS}, {"policy_document"}, _other_document
    ),
    "iam_group.present": Case(
        {"name": "backup", "policies": [USER]},
        {"policies"},
        lambda account: account.iam.detach_group_policy(GroupName="backup", PolicyArn=account.policy_arn()),
        before=Account.policy,
    ),
    "iam_user.present": Case(
        {"name": USER, "policies": [USER], "groups": ["backup"], "tags": TAGS},
        {"policies", "groups"},
        _user_without_either,
        before=_policy_and_group,
    ),
    "rds_cluster.present": Case(
        _cluster, {"backup_retention_period"}, _other_retention, before=_network_of_a_cluster, after=Account.later
    ),
    "rds_instance.present": Case(
        _instance, {"deletion_protection"}, _unprotect, before=_network_of_a_database, after=Account.later
    ),
    "rds_subnet_group.present": Case(SUBNET_GROUP, {"description"}, _describe_other, before=_subnets),
    "s3_bucket.present": Case(
        {
            "name": BUCKET,
            "region": REGION,
            "public_access_block": True,
            "server_side_encryption": "AES256",
            "object_ownership": "BucketOwnerEnforced",
            "versioning": "Enabled",
            "tags": TAGS,
        },
        {"public_access_block", "tags"},
        _open_bucket,
    ),
    "s3_lifecycle.managed": Case(
        {"name": BUCKET, "region": REGION, "rules": [RULE]},
        {"rules"},
        lambda account: account.s3.delete_bucket_lifecycle(Bucket=BUCKET),
        before=Account.bucket,
        created={"rules"},
    ),
    "ses_account.configured": Case(
        {"name": "x", "suppression": ["BOUNCE"]}, {"suppression"}, _suppress_nothing, created={"suppression"}
    ),
    "ses_configuration_set.present": Case(
        {"name": "credere", "tls_policy": "REQUIRE"}, {"tls_policy"}, _set_without_tls
    ),
    "ses_dns.published": Case(
        lambda account: {"name": "x", "identities": [DOMAIN], "dns": account.dns_settings},
        {f"{DOMAIN} TXT"},
        _without_a_record,
        before=Account.identity,
        created={f"{DOMAIN} DKIM"},
    ),
    "ses_identity.present": Case({"name": DOMAIN, "mail_from": f"mail.{DOMAIN}"}, {"mail_from"}, _no_mail_from),
    "ses_identity.verified": Case({"name": DOMAIN}, before=_verified, created=set()),
    "ses_receiving.verified": Case(
        lambda account: {"name": ADDRESS, "bucket": "ocp-aws-verification", "nameserver": account.zone.address},
        before=_asks_the_zone,
        created={"verified"},
    ),
    "ses_smtp_user.present": Case(
        lambda account: {"name": "ses-smtp", "store": _smtp_store(account)},
        {"access_key"},
        lambda account: _delete_keys(account, "ses-smtp"),
    ),
    "sns_topic.present": Case({"name": "bounces", "display_name": "Bounces"}, {"display_name"}, _other_display_name),
    "ec2_security_group.absent": Case(
        {"name": "postgresql-anywhere"},
        before=lambda account: account.ensure("ec2_security_group.present", **SECURITY_GROUP),
    ),
    "ec2_subnet.absent": Case({"name": "lab-0", "vpc": "lab"}, before=_subnets),
    "ec2_vpc.absent": Case({"name": "lab"}, before=_vpc),
    "iam_access_key.absent": Case(_its_key, before=_a_key),
    "iam_backup_policy.absent": Case({"name": USER}, before=Account.policy),
    "iam_group.absent": Case({"name": "backup"}, before=lambda account: account.iam.create_group(GroupName="backup")),
    "iam_user.absent": Case({"name": USER}, before=Account.user),
    "rds_cluster.absent": Case({"name": "common", "skip_final_snapshot": True}, before=_a_cluster),
    "rds_instance.absent": Case({"name": "analysis", "skip_final_snapshot": True}, before=_an_instance),
    "rds_subnet_group.absent": Case({"name": "lab"}, before=_subnet_group),
    "s3_bucket.absent": Case({"name": BUCKET, "region": REGION}, before=Account.bucket),
    "s3_lifecycle.absent": Case(
        {"name": BUCKET, "region": REGION, "ids": [RULE["ID"]]}, before=_bucket_with_rule, created={"rules"}
    ),
    "ses_configuration_set.absent": Case({"name": "credere"}, before=_configuration_set),
    "ses_identity.absent": Case({"name": DOMAIN}, before=Account.identity),
    "ses_smtp_user.absent": Case({"name": "ses-smtp", "delete_access_keys": True}, before=_smtp_user),
    "sns_topic.absent": Case({"name": "bounces"}, before=_topic),
}

CLOUDFLARE = {"provider": "cloudflare", "zone": "example.org", "auth_token": TOKEN}
