"""
What other people do in the account and in pillar, before a run and between runs: nothing of theirs may go.
"""

import json
from datetime import timedelta

from tests.functional.adopting import Console

REGIONS = {
    "ocp-coalition-backup": "us-east-1",
    "ocp-credere-backup": "us-east-1",
    "ocp-db-backup": "eu-central-1",
    "ocp-docs-backup": "us-east-1",
    "ocp-registry-backup": "eu-west-2",
}
_OBJECTS = {
    "ocp-coalition-backup": "database/20260101T000000Z_coalition.sql.gz",
    "ocp-credere-backup": "credere/archive/credere/archive.info",
    "ocp-db-backup": "kingfisher/archive/kingfisher/archive.info",
    "ocp-docs-backup": "srv_docs_backup_20260101T000000Z.tar.gz",
    "ocp-registry-backup": "file-sync/data/storage/exporter/1.json",
}
USERS = ("coalition-backup", "credere-backup", "docs-backup", "kingfisher-main-backup", "registry-backup")
DOMAIN, PLAIN = "noreply.example.org", "data.example.org"
TOPIC = "arn:aws:sns:us-east-1:123456789012:noreply-example-org"
# A rule of somebody's that is in nobody's way.
RULE = {"ID": "short-logs", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 3}}
_STATEMENT = {
    "Sid": "theirs",
    "Effect": "Allow",
    "Principal": {"Service": "cloudwatch.amazonaws.com"},
    "Action": "SNS:Publish",
    "Resource": TOPIC,
}


def policy(action):
    """A policy that allows an action on everything."""
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def have_an_account(world):
    """There is an account, in which there are things that no pillar knows."""
    console = Console(world.aws)
    console.bucket("their-website", "eu-west-2", tags={"team": "web"}, rules=[RULE])
    world.aws.client("s3", region="eu-west-2").put_object(Bucket="their-website", Key="index.html", Body=b"hello")
    console.user("ana", [console.policy("TheirPolicy", policy("s3:ListAllMyBuckets"))])
    console.key("ana")
    console.iam.put_user_policy(UserName="ana", PolicyName="inline", PolicyDocument=json.dumps(policy("sts:*")))
    sns, ses, sesv2 = (world.aws.client(service) for service in ("sns", "ses", "sesv2"))
    theirs = sns.create_topic(Name="their-alarms")["TopicArn"]
    sns.subscribe(TopicArn=theirs, Protocol="email", Endpoint="ana@example.org")
    sesv2.create_email_identity(EmailIdentity="shop.example.org")
    sesv2.create_configuration_set(ConfigurationSetName="theirs")
    ses.create_receipt_rule_set(RuleSetName="inbound")
    ses.set_active_receipt_rule_set(RuleSetName="inbound")
    ec2 = world.aws.client("ec2")
    (vpc,) = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    group = ec2.create_security_group(GroupName="their-web", Description="web", VpcId=vpc["VpcId"])["GroupId"]
    _open(ec2, group, 443, "0.0.0.0/0")


def _open(ec2, group, port, peer):
    permission = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": peer}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])


def work_beside(world):
    """In what the states have made, others make something of their own; AWS and DNS go on."""
    iam, sns, sesv2 = (world.aws.client(service) for service in ("iam", "sns", "sesv2"))
    for bucket in world.ours(REGIONS):
        s3 = world.aws.client("s3", region=REGIONS[bucket])
        s3.put_object(Bucket=bucket, Key=_OBJECTS[bucket], Body=b"a backup")
        rules = _rules(s3, bucket)
        s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [*rules, RULE]})
        tags = [*_tags(s3, bucket), {"Key": "cost-centre", "Value": "7"}]
        s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    for user in world.ours(USERS):
        iam.put_user_policy(UserName=user, PolicyName="theirs", PolicyDocument=json.dumps(policy("ses:GetAccount")))
        iam.tag_user(UserName=user, Tags=[{"Key": "cost-centre", "Value": "7"}])
    if world.ours(["noreply-example-org"]):
        sns.subscribe(TopicArn=TOPIC, Protocol="email", Endpoint="ana@example.org")
        allowed = json.loads(sns.get_topic_attributes(TopicArn=TOPIC)["Attributes"]["Policy"])
        allowed["Statement"].append(_STATEMENT)
        sns.set_topic_attributes(TopicArn=TOPIC, AttributeName="Policy", AttributeValue=json.dumps(allowed))
        for topic in world.ours(["noreply-example-org", "data-example-org"]):
            arn = TOPIC.replace("noreply-example-org", topic)
            for entry in sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]:
                world.aws.confirm_subscription(arn, entry["Endpoint"])
    if world.ours([DOMAIN]):
        sesv2.tag_resource(
            ResourceArn=f"arn:aws:ses:us-east-1:123456789012:identity/{DOMAIN}",
            Tags=[{"Key": "cost-centre", "Value": "7"}],
        )
    if world.ours(["lab"]):
        ec2 = world.aws.client("ec2")
        found = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["postgresql-anywhere"]}])
        for group in found["SecurityGroups"]:
            _open(ec2, group["GroupId"], 22, "192.0.2.9/32")
    world.aws.advance_clock(700)


def _rules(s3, bucket):
    try:
        return s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    except s3.exceptions.ClientError:
        return []


def _tags(s3, bucket):
    try:
        return s3.get_bucket_tagging(Bucket=bucket)["TagSet"]
    except s3.exceptions.ClientError:
        return []


def change_things(world):
    """Somebody has clicked in the console what is to be mended, DNS has the records, and pillar says something else."""
    iam = world.aws.client("iam")
    for bucket in world.ours(REGIONS):
        s3 = world.aws.client("s3", region=REGIONS[bucket])
        s3.delete_public_access_block(Bucket=bucket)
        kms = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]}
        s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=kms)
        owned = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
        s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=owned)
    for user in world.ours(USERS):
        (attached,) = iam.list_attached_user_policies(UserName=user)["AttachedPolicies"]
        arn, document = attached["PolicyArn"], json.dumps(policy("s3:GetObject"))
        iam.detach_user_policy(UserName=user, PolicyArn=arn)
        for _ in range(4):  # with the first one as many as AWS keeps
            iam.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)
    if world.ours([DOMAIN]):
        world.zone.add(DOMAIN, "MX", "10 inbound-smtp.us-east-1.amazonaws.com.")
        for domain in (DOMAIN, PLAIN):
            world.aws.verify(domain)
        world.aws.dns("127.0.0.1:53")
        ses = world.aws.client("ses")
        ses.set_identity_headers_in_notifications_enabled(
            Identity=f"hello@{DOMAIN}", NotificationType="Bounce", Enabled=False
        )


def rotate_keys(world):
    """The keys of users are replaced; a week has gone by in which the new ones were used."""
    for user in world.ours(USERS):
        world.function("iam_access_key.rotate")(user)
    wait_a_week(world)


def wait_a_week(world):
    """A week goes by."""
    world.pass_time(timedelta(days=8).total_seconds())


def edit(pillar):
    """Another pillar: each part of the fleet is to be something else than before."""
    for name, old, new in _EDITS:
        path = pillar / "public" / f"{name}.sls"
        text = path.read_text()
        if old not in text:
            raise AssertionError(f"{name}.sls has no {old!r} to edit")
        path.write_text(text.replace(old, new))


_EDITS = (
    ("cms", "site: coalition", "site: web"),
    ("cms", "user: coalition-backup", "user: coalition-backup\n    expire_days: 60\n    scope: bucket"),
    ("docs", "expire_days: 90", "expire_days: 30\n    group: documents"),
    ("registry", "    store:\n      pillar", "    recovery: {days: 30}\n    store:\n      pillar"),
    (
        "credere",
        "  backup:\n    store",
        "  backup:\n    recovery: {days: 30, lock: GOVERNANCE, lock_days: 61, retention_days: 30}\n    store",
    ),
    ("email", "mail_from: mail.noreply", "mail_from: bounces.noreply"),
    ("email", "          - ops@example.org\n", "          - ops@example.org\n          - new@example.org\n"),
    ("email", "              - REJECT\n", ""),
    ("email", "        - BOUNCE\n        - COMPLAINT\n", "        - BOUNCE\n"),
    ("email", "          - noreply@noreply.example.org\n", "          - hello@noreply.example.org\n"),
    ("email", "        bounce_topic: data-example-org", "        bounce_topic: noreply-example-org"),
    ("databases", "source: anywhere}", "source: 192.0.2.0/24}"),
    ("databases", "max_capacity: 2", "max_capacity: 4"),
    ("databases", "backup_retention_period: 1", "backup_retention_period: 2"),
    ("databases", "preset: data-analysis", "preset: data-analysis\n        allocated_storage: 40"),
)
