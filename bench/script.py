"""
What a person might write instead: the same checks, for these servers only, with boto3 and ten threads.

``python -m bench.script PLAN`` takes the file that ``bench.compare`` writes: a bucket, lifecycle rules, a policy and a user for
each server. It is the measure of speed, and no more: it has no plan, waits for nothing, and does not ask who else writes.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

_AT_ONCE = 10
_BLOCKED = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}


def main(path):
    """Bring each server's resources to where the plan says they should be, ten servers at a time."""
    servers = json.loads(Path(path).read_text())
    account = Account()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for future in [pool.submit(account.converge, server) for server in servers]:
            future.result()


class Account:
    """The account as it is when the script begins, and what it does about it."""

    def __init__(self):
        config = Config(max_pool_connections=_AT_ONCE)
        self.s3, self.iam = boto3.client("s3", config=config), boto3.client("iam", config=config)
        self.buckets = {entry["Name"] for entry in self.s3.list_buckets(MaxBuckets=1000).get("Buckets", [])}
        pages = self.iam.get_paginator("get_account_authorization_details").paginate(
            Filter=["User", "LocalManagedPolicy"]
        )
        self.users, self.policies = {}, {}
        for page in pages:
            self.users |= {entry["UserName"]: entry for entry in page["UserDetailList"]}
            self.policies |= {entry["PolicyName"]: entry for entry in page["Policies"]}

    def converge(self, server):
        """One server: its bucket, then its rules, its policy, its user and the user's key."""
        self.bucket(server["bucket"])
        self.rules(server["bucket"], server["rules"])
        arn = self.policy(server["user"], server["document"])
        self.user(server["user"], arn, server["store"])

    def bucket(self, name):
        """The bucket and its three protections."""
        if name not in self.buckets:
            self.s3.create_bucket(Bucket=name)
        block = self._asked("get_public_access_block", "PublicAccessBlockConfiguration", Bucket=name)
        if block != _BLOCKED:
            self.s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=_BLOCKED)
        rules = (self._asked("get_bucket_encryption", "ServerSideEncryptionConfiguration", Bucket=name) or {}).get(
            "Rules"
        )
        default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        if not rules or rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] != "AES256":
            self.s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [default]})
        owners = self._asked("get_bucket_ownership_controls", "OwnershipControls", Bucket=name)
        enforced = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
        if owners != enforced:
            self.s3.put_bucket_ownership_controls(Bucket=name, OwnershipControls=enforced)

    def rules(self, name, wanted):
        """The bucket's rules, after a look for a repository at its top."""
        found = self._asked("get_bucket_lifecycle_configuration", "Rules", Bucket=name) or []
        top = self.s3.list_objects_v2(Bucket=name, Delimiter="/")
        if any(entry["Prefix"] in ("archive/", "backup/") for entry in top.get("CommonPrefixes", [])):
            raise SystemExit(f"{name} holds a repository")
        missing = [rule for rule in wanted if rule not in found]
        if missing:
            ids = {rule["ID"] for rule in missing}
            kept = [rule for rule in found if rule["ID"] not in ids]
            self.s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [*kept, *missing]})
            self._asked("get_bucket_lifecycle_configuration", "Rules", Bucket=name)

    def policy(self, name, document):
        """The policy's ARN."""
        text = json.dumps(document)
        found = self.policies.get(name)
        if found is None:
            return self.iam.create_policy(PolicyName=name, PolicyDocument=text)["Policy"]["Arn"]
        default = next(entry for entry in found["PolicyVersionList"] if entry["IsDefaultVersion"])
        if default["Document"] != document:
            self.iam.create_policy_version(PolicyArn=found["Arn"], PolicyDocument=text, SetAsDefault=True)
        return found["Arn"]

    def user(self, name, policy, store):
        """The user, with its policy and a key, whose halves go into a file."""
        found = self.users.get(name)
        if found is None:
            self.iam.create_user(UserName=name)
        if found is None or policy not in [entry["PolicyArn"] for entry in found["AttachedManagedPolicies"]]:
            self.iam.attach_user_policy(UserName=name, PolicyArn=policy)
        if not self.iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
            made = self.iam.create_access_key(UserName=name)["AccessKey"]
            halves = {"access_key": made["AccessKeyId"], "secret_key": made["SecretAccessKey"]}
            path = Path(store)
            path.touch(mode=0o600)
            path.write_text(json.dumps(halves))

    def _asked(self, method, member, **parameters):
        """A part of what S3 answers; ``None`` where it says that there is none."""
        try:
            return getattr(self.s3, method)(**parameters)[member]
        except ClientError as error:
            if not error.response["Error"]["Code"].startswith(("NoSuch", "ServerSide", "OwnershipControlsNotFound")):
                raise
            return None


if __name__ == "__main__":
    main(sys.argv[1])
