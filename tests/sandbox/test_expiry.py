"""Lifecycle rules carried out, as S3 documents them."""

from datetime import datetime, timedelta, timezone

import pytest

NOON = datetime(2030, 1, 1, 12, tzinfo=timezone.utc)
DAY = timedelta(days=1)


@pytest.fixture
def bucket(sandbox):
    sandbox.stop_clock()
    sandbox.set_clock(NOON)
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="backups")
    return s3


def rules(s3, *settings):
    described = [{"ID": str(number), "Status": "Enabled", **rule} for number, rule in enumerate(settings)]
    s3.put_bucket_lifecycle_configuration(Bucket="backups", LifecycleConfiguration={"Rules": described})


def put(s3, *keys, **options):
    for key in keys:
        s3.put_object(Bucket="backups", Key=key, **{"Body": b"x", **options})


def gone_at(sandbox, moment):
    sandbox.set_clock(moment)
    return sorted(key for _, key in sandbox.expire_objects())


def test_days_are_rounded_up_to_midnight(sandbox, bucket):
    rules(bucket, {"Filter": {"Prefix": ""}, "Expiration": {"Days": 30}})
    put(bucket, "a")
    midnight = NOON.replace(hour=0) + 31 * DAY
    assert gone_at(sandbox, midnight - timedelta(seconds=1)) == []
    assert gone_at(sandbox, midnight) == ["a"]
    assert gone_at(sandbox, midnight + 400 * DAY) == []


def test_age_counts_from_the_last_write_by_the_sandboxs_clock(sandbox, bucket):
    rules(bucket, {"Filter": {"Prefix": ""}, "Expiration": {"Days": 30}})
    put(bucket, "old", "renewed", "copied")
    sandbox.set_clock(NOON + 20 * DAY)
    put(bucket, "renewed")
    source = {"Bucket": "backups", "Key": "copied"}
    bucket.copy_object(Bucket="backups", Key="copied", CopySource=source, MetadataDirective="REPLACE")
    assert bucket.head_object(Bucket="backups", Key="renewed")["LastModified"] == NOON + 20 * DAY
    assert gone_at(sandbox, NOON + 31 * DAY) == ["old"]
    assert gone_at(sandbox, NOON + 51 * DAY) == ["copied", "renewed"]


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ({"Prefix": "king/"}, ["king/a"]),
        ({"Prefix": "king"}, ["king/a", "kingfisher/a"]),
        ({"Tag": {"Key": "keep", "Value": "no"}}, ["tagged"]),
        ({"And": {"Prefix": "k", "Tags": [{"Key": "keep", "Value": "no"}]}}, []),
        ({"ObjectSizeGreaterThan": 3}, ["large"]),
        ({"ObjectSizeGreaterThan": 4}, []),
        ({"And": {"ObjectSizeGreaterThan": 1, "ObjectSizeLessThan": 4}}, []),
        ({"And": {"ObjectSizeGreaterThan": 1, "ObjectSizeLessThan": 5}}, ["large"]),
        ({}, ["king/a", "kingfisher/a", "large", "tagged"]),
    ],
)
def test_filters(sandbox, bucket, selection, expected):
    rules(bucket, {"Filter": selection, "Expiration": {"Days": 1}})
    put(bucket, "king/a", "kingfisher/a")
    put(bucket, "large", Body=b"four")
    put(bucket, "tagged", Tagging="keep=no&more=yes")
    assert gone_at(sandbox, NOON + 2 * DAY) == expected


def test_the_old_form_dates_and_disabled_rules(sandbox, bucket):
    put(bucket, "a/1", "b/1")
    rules(bucket, {"Prefix": "a/", "Expiration": {"Days": 1}})
    assert gone_at(sandbox, NOON + 2 * DAY) == ["a/1"]
    rules(bucket, {"Filter": {"Prefix": ""}, "Status": "Disabled", "Expiration": {"Days": 1}})
    assert gone_at(sandbox, NOON + 9 * DAY) == []
    rules(bucket, {"Filter": {"Prefix": ""}, "Expiration": {"Date": datetime(2030, 2, 1, tzinfo=timezone.utc)}})
    assert gone_at(sandbox, datetime(2030, 1, 31, tzinfo=timezone.utc)) == []
    assert gone_at(sandbox, datetime(2030, 2, 1, tzinfo=timezone.utc)) == ["b/1"]


def test_versions(sandbox, bucket):
    bucket.put_bucket_versioning(Bucket="backups", VersioningConfiguration={"Status": "Enabled"})
    put(bucket, "a")
    put(bucket, "a")
    put(bucket, "a")
    noncurrent = {"NoncurrentDays": 10, "NewerNoncurrentVersions": 1}
    rules(bucket, {"Filter": {"Prefix": ""}, "Expiration": {"Days": 30}, "NoncurrentVersionExpiration": noncurrent})
    assert gone_at(sandbox, NOON + 11 * DAY) == ["a"]
    assert len(bucket.list_object_versions(Bucket="backups")["Versions"]) == 2
    assert gone_at(sandbox, NOON + 31 * DAY) == ["a"]
    assert "Contents" not in bucket.list_objects_v2(Bucket="backups")
    assert len(bucket.list_object_versions(Bucket="backups")["Versions"]) == 2


def test_unfinished_uploads_are_aborted(sandbox, bucket):
    rules(bucket, {"Filter": {"Prefix": "a/"}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}})
    for key in ("a/1", "b/1"):
        bucket.create_multipart_upload(Bucket="backups", Key=key)
    begun = [upload["Initiated"] for upload in bucket.list_multipart_uploads(Bucket="backups")["Uploads"]]
    assert begun == [NOON, NOON]
    assert gone_at(sandbox, NOON + 7 * DAY) == []
    assert gone_at(sandbox, NOON + 8 * DAY) == ["a/1"]
    assert [upload["Key"] for upload in bucket.list_multipart_uploads(Bucket="backups")["Uploads"]] == ["b/1"]
