"""What a thief could do with a server's key, tried with the key that the server has."""

import pytest
from botocore.exceptions import ClientError

# Each server's own place, and another's.
PLACES = {
    "kingfisher-main": ("ocp-db-backup", "kingfisher", "ocp-registry-backup", "database/"),
    "registry": ("ocp-registry-backup", "database", "ocp-db-backup", "kingfisher/"),
    "cms": ("ocp-coalition-backup", "site", "ocp-registry-backup", "file-sync/"),
}
POLICY = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::%s/*"}]}'


def attempts(bucket, prefix, other, others_prefix):
    rule = {"ID": "all", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}
    yield "s3", "list_buckets", {}
    for name, start in (
        (bucket, f"{prefix}-2/"),
        (bucket, f"{prefix}2"),
        (bucket, "elsewhere/"),
        (other, others_prefix),
    ):
        yield "s3", "list_objects_v2", {"Bucket": name, "Prefix": start}
        yield "s3", "get_object", {"Bucket": name, "Key": f"{start}x"}
        yield "s3", "put_object", {"Bucket": name, "Key": f"{start}x", "Body": b""}
        yield "s3", "delete_object", {"Bucket": name, "Key": f"{start}x"}
    yield "s3", "list_objects_v2", {"Bucket": bucket}
    yield "s3", "list_object_versions", {"Bucket": bucket, "Prefix": f"{prefix}/"}
    yield "s3", "delete_object", {"Bucket": bucket, "Key": f"{prefix}/x", "VersionId": "null"}
    yield "s3", "create_bucket", {"Bucket": "bucket-of-a-thief"}
    yield "s3", "delete_bucket", {"Bucket": bucket}
    yield "s3", "get_bucket_policy", {"Bucket": bucket}
    yield "s3", "put_bucket_policy", {"Bucket": bucket, "Policy": POLICY % bucket}
    yield "s3", "put_bucket_lifecycle_configuration", {"Bucket": bucket, "LifecycleConfiguration": {"Rules": [rule]}}
    yield "s3", "delete_bucket_lifecycle", {"Bucket": bucket}
    yield "s3", "delete_public_access_block", {"Bucket": bucket}
    yield "s3", "put_bucket_versioning", {"Bucket": bucket, "VersioningConfiguration": {"Status": "Suspended"}}
    yield "s3", "put_object_acl", {"Bucket": bucket, "Key": f"{prefix}/x", "ACL": "public-read"}
    yield "iam", "list_users", {}
    yield "iam", "get_user", {}
    yield "iam", "create_user", {"UserName": "thief"}
    yield "iam", "create_access_key", {"UserName": "cms-backup"}
    yield "iam", "list_policies", {}


@pytest.mark.parametrize("server", PLACES)
def test_nothing_but_its_own_place(server, aws, fleet):
    key = fleet.keys(server)
    bucket, *_ = PLACES[server]
    region = aws.client("s3").get_bucket_location(Bucket=bucket)["LocationConstraint"] or "us-east-1"
    done = []
    for service, method, parameters in attempts(*PLACES[server]):
        client = aws.client(service, region=region if service == "s3" else None, key=key)
        try:
            getattr(client, method)(**parameters)
        except ClientError as error:
            if error.response["Error"]["Code"] in ("AccessDenied", "403"):
                continue
            done.append((method, parameters, str(error)))
        else:
            done.append((method, parameters))
    assert done == []
