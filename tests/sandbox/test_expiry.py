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


@pytest.fixture
def versioned(bucket):
    bucket.put_bucket_versioning(Bucket="backups", VersioningConfiguration={"Status": "Enabled"})
    return bucket


def kept(s3, key):
    listing = s3.list_object_versions(Bucket="backups", Prefix=key)
    return len(listing.get("Versions", [])), len(listing.get("DeleteMarkers", []))


ALL = {"Filter": {"Prefix": ""}}


def test_noncurrent_days_count_from_the_successor_and_a_marker_is_one(sandbox, versioned):
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html#non-current-days-calculations"""
    rules(versioned, {**ALL, "NoncurrentVersionExpiration": {"NoncurrentDays": 1}})
    sandbox.set_clock(datetime(2014, 1, 1, 10, 30, tzinfo=timezone.utc))
    put(versioned, "overwritten", "deleted")
    sandbox.set_clock(datetime(2014, 1, 15, 10, 30, tzinfo=timezone.utc))
    put(versioned, "overwritten")
    versioned.delete_object(Bucket="backups", Key="deleted")
    assert gone_at(sandbox, datetime(2014, 1, 16, 23, 59, tzinfo=timezone.utc)) == []
    assert gone_at(sandbox, datetime(2014, 1, 17, tzinfo=timezone.utc)) == ["deleted", "overwritten"]
    assert (kept(versioned, "overwritten"), kept(versioned, "deleted")) == ((1, 0), (0, 1))


def test_an_upload_that_was_begun_early_makes_the_original_noncurrent_early(sandbox, versioned):
    rules(versioned, {**ALL, "NoncurrentVersionExpiration": {"NoncurrentDays": 10}})
    put(versioned, "a")
    upload = versioned.create_multipart_upload(Bucket="backups", Key="a")["UploadId"]
    sandbox.set_clock(NOON + 9 * DAY)
    part = versioned.upload_part(Bucket="backups", Key="a", UploadId=upload, PartNumber=1, Body=b"thief")
    parts = {"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]}
    versioned.complete_multipart_upload(Bucket="backups", Key="a", UploadId=upload, MultipartUpload=parts)
    assert gone_at(sandbox, NOON + 11 * DAY) == ["a"]
    assert versioned.get_object(Bucket="backups", Key="a")["Body"].read() == b"thief"


@pytest.mark.parametrize(("newer", "remaining"), [(1, 2), (3, 4), (4, 5), (100, 5)])
def test_newer_noncurrent_versions_are_kept_on_top(sandbox, versioned, newer, remaining):
    rules(versioned, {**ALL, "NoncurrentVersionExpiration": {"NoncurrentDays": 1, "NewerNoncurrentVersions": newer}})
    put(versioned, *["a"] * 5)
    gone_at(sandbox, NOON + 5 * DAY)
    assert kept(versioned, "a") == (remaining, 0)


@pytest.mark.parametrize(
    ("expiration", "moment", "expected"),
    [
        ({"ExpiredObjectDeleteMarker": True}, NOON, (0, 0)),
        ({"ExpiredObjectDeleteMarker": False}, NOON + 90 * DAY, (0, 1)),
        ({"Days": 10}, NOON + 10 * DAY, (0, 1)),
        ({"Days": 10}, NOON + 11 * DAY, (0, 0)),
    ],
)
def test_a_marker_goes_when_it_is_alone(sandbox, versioned, expiration, moment, expected):
    rules(versioned, {**ALL, "Expiration": expiration})
    put(versioned, "hidden")
    for key in ("hidden", "nothing"):
        versioned.delete_object(Bucket="backups", Key=key)
    gone_at(sandbox, moment)
    assert (kept(versioned, "nothing"), kept(versioned, "hidden")) == (expected, (1, 1))


def test_the_last_version_takes_its_marker_with_it(sandbox, versioned):
    rule = {"NoncurrentVersionExpiration": {"NoncurrentDays": 3}, "Expiration": {"ExpiredObjectDeleteMarker": True}}
    rules(versioned, {**ALL, **rule})
    put(versioned, "a")
    versioned.delete_object(Bucket="backups", Key="a")
    assert gone_at(sandbox, NOON + 4 * DAY) == ["a", "a"]
    assert kept(versioned, "a") == (0, 0)


def test_expiration_hides_the_current_version_once_and_locked_versions_stay(sandbox, versioned):
    retention = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 30}}
    versioned.put_object_lock_configuration(
        Bucket="backups", ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": retention}
    )
    rules(versioned, {**ALL, "Expiration": {"Days": 5}, "NoncurrentVersionExpiration": {"NoncurrentDays": 1}})
    put(versioned, "a")
    assert gone_at(sandbox, NOON + 6 * DAY) == ["a"]
    assert gone_at(sandbox, NOON + 29 * DAY) == []
    assert kept(versioned, "a") == (1, 1)
    assert gone_at(sandbox, NOON + 30 * DAY) == ["a", "a"]
    assert kept(versioned, "a") == (0, 0)


def test_filters_of_noncurrent_versions_and_markers(sandbox, versioned):
    noncurrent = {"NoncurrentVersionExpiration": {"NoncurrentDays": 1}}
    rules(
        versioned,
        {"Filter": {"Tag": {"Key": "keep", "Value": "no"}}, **noncurrent},
        {"Filter": {"Prefix": "b/"}, **noncurrent, "Expiration": {"ExpiredObjectDeleteMarker": True}},
    )
    put(versioned, "tagged", Tagging="keep=no")
    put(versioned, "a/1", "b/1")
    for key in ("tagged", "a/1", "b/1"):
        versioned.delete_object(Bucket="backups", Key=key)
    assert gone_at(sandbox, NOON + 2 * DAY) == ["b/1", "b/1", "tagged"]
    assert (kept(versioned, "tagged"), kept(versioned, "a/1")) == ((0, 1), (1, 1))
