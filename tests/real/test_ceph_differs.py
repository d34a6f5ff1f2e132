"""
Where Ceph's S3 gateway does something else than S3: each row of the table in docs/doubles.md, asked of the sandbox and of Ceph.

The sandbox must do what AWS's documentation says. What is asked twice and answered alike is in test_ceph.py.
"""

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from aws_runbook.run.waiting import until
from tests.doubles.ceph import Ceph

pytestmark = pytest.mark.ceph

PART = 5 * 2**20


@pytest.fixture(scope="module")
def ceph():
    with Ceph() as ceph:
        if not ceph.version().startswith("16."):
            pytest.skip(f"Ceph is {ceph.version()} here, and the page is about 16.")
        yield ceph


class Store:
    """One of the two; ``plain`` sends no checksums."""

    def __init__(self, double, bucket):
        self.s3 = double.client("s3")
        given = {"request_checksum_calculation": "when_required", "response_checksum_validation": "when_required"}
        # The sandbox takes a configuration; Ceph's client has one of its own.
        self.plain = double.client("s3", config=Config(s3={"addressing_style": "path"}, **given))
        self.bucket = bucket
        self.s3.create_bucket(Bucket=bucket)
        self.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})

    def upload(self, key, *parts, between=lambda: None):
        """An object in parts; ``between`` is done while it is under way. Its beginning is a second and more before."""
        place = {"Bucket": self.bucket, "Key": key}
        place["UploadId"] = self.s3.create_multipart_upload(**place)["UploadId"]
        between()
        done = [
            {"PartNumber": number, "ETag": self.s3.upload_part(**place, PartNumber=number, Body=body)["ETag"]}
            for number, body in enumerate(parts, start=1)
        ]
        return self.s3.complete_multipart_upload(**place, MultipartUpload={"Parts": done})

    def versions(self):
        found = self.s3.list_object_versions(Bucket=self.bucket)
        return found.get("Versions", []), found.get("DeleteMarkers", [])

    def locked(self):
        """A bucket with Object Lock from the beginning."""
        name = f"{self.bucket}-locked"
        self.s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
        lock = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 9}}}
        self.s3.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration=lock)
        return name


def code(function, **given):
    """The code of the error that a call ends with; ``None`` where it ends well."""
    try:
        function(**given)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None


def date_of_an_upload(store):
    """Of an object written while an upload was under way, and the one uploaded: which is dated earlier, and which is there."""

    def wait_and_put():
        begun = store.s3.list_multipart_uploads(Bucket=store.bucket)["Uploads"][0]["Initiated"]

        def later():
            store.s3.put_object(Bucket=store.bucket, Key="mark", Body=b"")
            return store.s3.list_objects_v2(Bucket=store.bucket, Prefix="mark")["Contents"][0]["LastModified"] > begun

        until(later, what="the next second", timeout=5)
        store.s3.put_object(Bucket=store.bucket, Key="a", Body=b"between")

    store.upload("a", b"in parts", between=wait_and_put)
    one, _ = sorted((e for e in store.versions()[0] if e["Key"] == "a"), key=lambda entry: entry["LastModified"])
    there = store.s3.get_object(Bucket=store.bucket, Key="a")["Body"].read()
    return "by its beginning" if "-" in one["ETag"] else "by its end", there


def marker_on_a_marker(store):
    for _ in range(2):
        store.s3.delete_object(Bucket=store.bucket, Key="a")
    return len(store.versions()[1])


def lock_on_a_bucket_that_exists(store):
    lock = {"ObjectLockEnabled": "Enabled"}
    return code(store.s3.put_object_lock_configuration, Bucket=store.bucket, ObjectLockConfiguration=lock)


def no_checksum_in_a_locked_bucket(store):
    return code(store.plain.put_object, Bucket=store.locked(), Key="a", Body=b"x")


def lock_of_a_copy(store):
    """Whether a copy is locked for as long as its source, though that was locked by hand for longer."""
    name = store.locked()
    until_then = "2099-01-01T00:00:00Z"
    store.s3.put_object(
        Bucket=name, Key="a", Body=b"x", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=until_then
    )
    store.s3.copy_object(Bucket=name, Key="b", CopySource={"Bucket": name, "Key": "a"})
    heads = [store.s3.head_object(Bucket=name, Key=key)["ObjectLockRetainUntilDate"] for key in "ab"]
    return "its source's" if heads[0] == heads[1] else "the bucket's"


def etag_of_a_copy(store):
    store.upload("a", b"a" * PART, b"b")
    store.s3.copy_object(Bucket=store.bucket, Key="b", CopySource={"Bucket": store.bucket, "Key": "a"})
    one, other = (store.s3.head_object(Bucket=store.bucket, Key=key)["ETag"] for key in "ab")
    return "its source's" if one == other else "its own"


def parts_of_an_object(store):
    store.upload("a", b"a" * PART, b"b")
    head = store.s3.head_object(Bucket=store.bucket, Key="a", PartNumber=2)
    return head["ContentLength"], head.get("PartsCount")


def answer_to_a_copy(store):
    store.s3.put_object(Bucket=store.bucket, Key="a", Body=b"x")
    answer = store.s3.copy_object(Bucket=store.bucket, Key="b", CopySource={"Bucket": store.bucket, "Key": "a"})
    return "VersionId" in answer, '"' in answer["CopyObjectResult"]["ETag"]


def answer_to_a_completed_upload(store):
    return bool(store.upload("a", b"x")["ETag"])


def dates(store):
    store.s3.put_object(Bucket=store.bucket, Key="a", Body=b"x")
    store.s3.put_object(Bucket=store.bucket, Key="b", Body=b"x")
    store.s3.put_object(Bucket=store.bucket, Key="c", Body=b"x")
    return any(entry["LastModified"].microsecond for entry in store.versions()[0])


def region_of_a_bucket(store):
    return "x-amz-bucket-region" in store.s3.head_bucket(Bucket=store.bucket)["ResponseMetadata"]["HTTPHeaders"]


def encryption_and_ownership(store):
    ownership = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    encryption = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
    return (
        code(store.s3.put_bucket_ownership_controls, Bucket=store.bucket, OwnershipControls=ownership),
        code(store.s3.put_bucket_encryption, Bucket=store.bucket, ServerSideEncryptionConfiguration=encryption),
    )


DIFFERENCES = [
    (date_of_an_upload, ("by its beginning", b"between"), ("by its end", b"in parts")),
    (marker_on_a_marker, 2, 1),
    (lock_on_a_bucket_that_exists, None, "InvalidBucketState"),
    (no_checksum_in_a_locked_bucket, "InvalidRequest", None),
    (lock_of_a_copy, "the bucket's", "its source's"),
    (etag_of_a_copy, "its own", "its source's"),
    (parts_of_an_object, (1, 2), (PART + 1, None)),
    (answer_to_a_copy, (True, True), (False, False)),
    (answer_to_a_completed_upload, True, False),
    (dates, False, True),
    (region_of_a_bucket, True, False),
    (encryption_and_ownership, (None, None), ("InvalidArgument", "InvalidArgument")),
]


@pytest.mark.parametrize(
    ("asked", "documented", "of_ceph"), DIFFERENCES, ids=lambda value: getattr(value, "__name__", "")
)
def test_each_answers_as_the_page_says(aws, ceph, asked, documented, of_ceph):
    name = asked.__name__.replace("_", "-")
    assert asked(Store(aws, name)) == documented
    assert asked(Store(ceph, name)) == of_ceph
