"""
The second scene of the demo: an account that somebody clicked together in the console, adopted by the pillar that describes it.
"""

import json

import yaml

REGION, BUCKET = "eu-west-2", "ocp-library-backup"
USER = "WebCopies-2021"
_BLOCKED = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
_RULE = {
    "ID": "old backups",
    "Status": "Enabled",
    "Filter": {"Prefix": ""},
    "Expiration": {"Days": 60},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
}


def _statement(actions, resource):
    return {"Effect": "Allow", "Action": [f"s3:{action}" for action in actions], "Resource": [resource]}


def click(sandbox):
    """Make the account, by plain calls; what the server's pillar says of it, with the key that somebody wrote down."""
    key = _backups(sandbox)
    _email(sandbox)
    _database(sandbox)
    return {
        "backup": {"location": f"{BUCKET}/site", "directories": {"/srv/library": None}},
        "aws": {
            "access_key": key["AccessKeyId"],
            "secret_key": key["SecretAccessKey"],
            "region": REGION,
            "ses": {"region": "us-east-1"},
        },
    }


def _backups(sandbox):
    s3, iam = sandbox.client("s3", region=REGION), sandbox.client("iam")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_public_access_block(Bucket=BUCKET, PublicAccessBlockConfiguration=_BLOCKED)
    s3.put_bucket_tagging(Bucket=BUCKET, Tagging={"TagSet": [{"Key": "Owner", "Value": "library team"}]})
    s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": [_RULE]})
    bucket = f"arn:aws:s3:::{BUCKET}"
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "VisualEditor0", **_statement(["PutObject", "GetObject", "DeleteObject"], f"{bucket}/*")},
            {"Sid": "VisualEditor1", **_statement(["ListBucket"], bucket)},
        ],
    }
    arn = iam.create_policy(PolicyName="LibraryBackup", PolicyDocument=json.dumps(document))["Policy"]["Arn"]
    iam.create_user(UserName=USER)
    iam.attach_user_policy(UserName=USER, PolicyArn=arn)
    return iam.create_access_key(UserName=USER)["AccessKey"]


def _email(sandbox):
    iam, sns, sesv2 = sandbox.client("iam"), sandbox.client("sns"), sandbox.client("sesv2")
    sesv2.create_email_identity(EmailIdentity="library.example.org")
    sandbox.verify("library.example.org", "dkim")
    topic = sns.create_topic(Name="library-alarms")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ops@example.org")
    sandbox.confirm_subscription(topic, "ops@example.org")
    user = "ses-smtp-user.20210514-103011"
    sending = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "ses:SendRawEmail", "Resource": "*"}],
    }
    iam.create_user(UserName=user)
    iam.put_user_policy(UserName=user, PolicyName="AmazonSesSendingAccess", PolicyDocument=json.dumps(sending))
    iam.create_access_key(UserName=user)


def _database(sandbox):
    ec2, rds = sandbox.client("ec2", region=REGION), sandbox.client("rds", region=REGION)
    sandbox.database_times(creating=0, region=REGION)
    (vpc,) = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    group = ec2.create_security_group(GroupName="library-office", Description="From the office", VpcId=vpc["VpcId"])[
        "GroupId"
    ]
    office = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "IpRanges": [{"CidrIp": "192.0.2.0/24"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[office])
    rds.create_db_instance(
        DBInstanceIdentifier="catalogue",
        Engine="postgres",
        DBInstanceClass="db.t3.small",
        AllocatedStorage=20,
        StorageType="gp2",
        MasterUsername="postgres",
        MasterUserPassword="chosen-in-the-console",
        PubliclyAccessible=True,
        VpcSecurityGroupIds=[group],
        BackupRetentionPeriod=0,
        StorageEncrypted=False,
    )


def write(folder, pillar):
    """The server's pillar, and its private part; what is adopted comes after them."""
    secret = {name: pillar["aws"].pop(name) for name in ("access_key", "secret_key")}
    private = {"aws": secret, "databases": {"catalogue": {"password": "chosen-in-the-console"}}}
    (folder / "private").mkdir(parents=True)
    (folder / "private" / "library.sls").write_text(yaml.safe_dump(private))
    (folder / "library.sls").write_text(yaml.safe_dump(pillar))
    (folder / "adopted.sls").write_text("{}\n")
    (folder / "top.sls").write_text(yaml.safe_dump({"base": {"library": ["library", "private.library", "adopted"]}}))
