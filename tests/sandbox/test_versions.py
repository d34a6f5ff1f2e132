"""Versions, delete markers, uploads in parts and Object Lock, as S3 documents them."""

from datetime import datetime, timedelta, timezone

import pytest
from botocore.exceptions import ClientError

NOON = datetime(2030, 1, 1, 12, tzinfo=timezone.utc)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PART = b"p"
LOCK = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 10}}}


class Bucket:
    """A bucket, the clock, and what the tests do with them."""

    def __init__(self, sandbox):
        self.sandbox, self.s3 = sandbox, sandbox.client("s3")
        sandbox.stop_clock()
        sandbox.set_clock(NOON)
        self.s3.create_bucket(Bucket="backups")

    def at(self, moment):
        self.sandbox.set_clock(moment)
        return self

    def versioning(self, status):
        self.s3.put_bucket_versioning(Bucket="backups", VersioningConfiguration={"Status": status})
        return self

    def lock(self, mode="COMPLIANCE", days=10):
        configuration = {**LOCK, "Rule": {"DefaultRetention": {"Mode": mode, "Days": days}}}
        self.s3.put_object_lock_configuration(Bucket="backups", ObjectLockConfiguration=configuration)
        return self

    def put(self, key, body=b"x", **more):
        return self.s3.put_object(Bucket="backups", Key=key, Body=body, **more).get("VersionId")

    def delete(self, key, **more):
        return self.s3.delete_object(Bucket="backups", Key=key, **more)

    def begin(self, key):
        return self.s3.create_multipart_upload(Bucket="backups", Key=key)["UploadId"]

    def complete(self, key, upload, body=PART):
        part = self.s3.upload_part(Bucket="backups", Key=key, UploadId=upload, PartNumber=1, Body=body)
        parts = {"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]}
        return self.s3.complete_multipart_upload(Bucket="backups", Key=key, UploadId=upload, MultipartUpload=parts).get(
            "VersionId"
        )

    def read(self, key, **more):
        return self.s3.get_object(Bucket="backups", Key=key, **more)["Body"].read()

    def listed(self, **more):
        return [
            (entry["Key"], entry["VersionId"], "ETag" in entry, entry["IsLatest"], entry["LastModified"])
            for page in self.s3.get_paginator("list_object_versions").paginate(Bucket="backups", **more)
            for entry in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        ]

    def order(self, key):
        """What the newest version of a key is, and each that came before it, as the document has them."""
        bodies = []
        self.s3.meta.events.register(
            "before-parse.s3.ListObjectVersions",
            lambda response_dict, **_: bodies.append(response_dict["body"].decode()),
        )
        self.s3.list_object_versions(Bucket="backups", Prefix=key)
        return [chunk.split("<")[0] for chunk in bodies[-1].split("<VersionId>")[1:]]


@pytest.fixture
def bucket(sandbox):
    return Bucket(sandbox)


@pytest.fixture
def versioned(bucket):
    return bucket.versioning("Enabled")


def refused(function, *arguments, **options):
    with pytest.raises(ClientError) as error:
        function(*arguments, **options)
    return error.value.response["Error"]["Code"]


def test_versions_and_markers_are_mixed_newest_first(versioned):
    first = versioned.put("a")
    marker = versioned.at(NOON + HOUR).delete("a")["VersionId"]
    last = versioned.at(NOON + 2 * HOUR).put("a")
    assert versioned.order("a") == [last, marker, first]
    assert sorted(versioned.listed(), key=lambda entry: entry[4]) == [
        ("a", first, True, False, NOON),
        ("a", marker, False, False, NOON + HOUR),
        ("a", last, True, True, NOON + 2 * HOUR),
    ]


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_pages_are_parts_of_the_one_listing(sandbox, versioned, size):
    keys = ["ä", "a b", "a%20b", "z/1", "z/2", "Z"]
    for key in keys * 2:
        versioned.put(key)
    versioned.delete("z/1")
    everything = versioned.listed()
    sandbox.page_size(size)
    assert sorted(versioned.listed()) == sorted(everything)
    assert [key for key, *_ in versioned.listed()] == sorted([*keys * 2, "z/1"], key=str.encode)


def test_a_page_may_begin_after_a_version_of_a_key(versioned):
    older, newer = versioned.put("a"), versioned.put("a")
    versioned.put("b")
    after = versioned.s3.list_object_versions(Bucket="backups", KeyMarker="a", VersionIdMarker=newer)["Versions"]
    assert [entry["VersionId"] for entry in after][:1] == [older]
    assert [entry["Key"] for entry in after] == ["a", "b"]
    assert refused(versioned.s3.list_object_versions, Bucket="backups", VersionIdMarker=newer) == "InvalidArgument"


def test_a_delete_makes_a_marker_also_of_what_is_not_there(versioned):
    told = versioned.delete("nothing")
    assert told["DeleteMarker"] is True
    assert versioned.order("nothing") == [told["VersionId"]]
    again = versioned.delete("nothing")["VersionId"]
    assert versioned.order("nothing") == [again, told["VersionId"]]


def test_a_marker_hides_and_cannot_be_read_or_copied(versioned):
    version = versioned.put("a", b"1")
    marker = versioned.delete("a")["VersionId"]
    assert refused(versioned.read, "a") == "NoSuchKey"
    assert refused(versioned.s3.head_object, Bucket="backups", Key="a") == "404"
    assert refused(versioned.read, "a", VersionId=marker) == "MethodNotAllowed"
    assert versioned.read("a", VersionId=version) == b"1"
    source = {"Bucket": "backups", "Key": "a"}
    copy = versioned.s3.copy_object
    assert refused(copy, Bucket="backups", Key="b", CopySource=source) == "NoSuchKey"
    assert refused(copy, Bucket="backups", Key="b", CopySource={**source, "VersionId": marker}) == "InvalidRequest"
    copy(Bucket="backups", Key="a", CopySource={**source, "VersionId": version})
    assert versioned.read("a") == b"1"
    told = versioned.delete("a", VersionId=marker)
    assert (told["DeleteMarker"], told["VersionId"]) == (True, marker)


def test_a_batch_says_of_each_key_what_became_of_it(versioned):
    version = versioned.put("a")
    entries = [{"Key": "a"}, {"Key": "a", "VersionId": version}, {"Key": "none"}]
    deleted = versioned.s3.delete_objects(Bucket="backups", Delete={"Objects": entries})["Deleted"]
    assert [(entry["Key"], entry.get("VersionId"), entry.get("DeleteMarker")) for entry in deleted] == [
        ("a", None, True),
        ("a", version, None),
        ("none", None, True),
    ]
    assert versioned.order("a") == [deleted[0]["DeleteMarkerVersionId"]]


def test_what_was_there_before_is_the_null_version(bucket):
    bucket.put("a", b"before")
    bucket.versioning("Enabled")
    new = bucket.put("a", b"after")
    assert bucket.order("a") == [new, "null"]
    assert bucket.read("a", VersionId="null") == b"before"


def test_a_suspended_bucket_keeps_versions_and_replaces_the_null_one(versioned):
    kept = versioned.put("a", b"kept")
    versioned.versioning("Suspended")
    assert versioned.put("a", b"null 1") == "null"
    versioned.put("a", b"null 2", Tagging="k=v")
    assert versioned.order("a") == ["null", kept]
    assert versioned.read("a") == b"null 2"
    assert versioned.s3.get_object_tagging(Bucket="backups", Key="a")["TagSet"] == [{"Key": "k", "Value": "v"}]
    told = versioned.delete("a")
    assert (told["VersionId"], told["DeleteMarker"]) == ("null", True)
    assert versioned.order("a") == ["null", kept]
    assert refused(versioned.read, "a") == "NoSuchKey"
    assert versioned.read("a", VersionId=kept) == b"kept"
    assert versioned.s3.head_object(Bucket="backups", Key="a", VersionId=kept)["ContentLength"] == 4
    versioned.versioning("Enabled")
    newest = versioned.put("a", b"new")
    assert versioned.order("a") == [newest, "null", kept]


def test_of_uploads_the_one_begun_last_is_current_and_each_is_dated_by_its_beginning(versioned):
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#distributedmpupload"""
    early = versioned.begin("a")
    late = versioned.at(NOON + HOUR).begin("a")
    second = versioned.at(NOON + 2 * HOUR).complete("a", late, b"late")
    first = versioned.at(NOON + 3 * HOUR).complete("a", early, b"early")
    assert versioned.order("a") == [second, first]
    assert versioned.read("a") == b"late"
    assert {entry[1]: entry[4] for entry in versioned.listed()} == {first: NOON, second: NOON + HOUR}
    assert versioned.s3.head_object(Bucket="backups", Key="a")["LastModified"] == NOON + HOUR


def test_an_upload_takes_its_place_among_other_writes_by_its_beginning(versioned):
    original = versioned.put("a", b"original")
    upload = versioned.at(NOON + HOUR).begin("a")
    later = versioned.at(NOON + 2 * HOUR).put("a", b"later")
    parts = versioned.at(NOON + 3 * HOUR).complete("a", upload)
    assert versioned.order("a") == [later, parts, original]


def test_completing_again_is_answered_and_what_is_gone_is_refused(versioned):
    upload = versioned.begin("a")
    version = versioned.complete("a", upload)
    etag = versioned.s3.head_object(Bucket="backups", Key="a")["ETag"]
    parts = {"Parts": [{"ETag": etag, "PartNumber": 1}]}
    complete = versioned.s3.complete_multipart_upload
    complete(Bucket="backups", Key="a", UploadId=upload, MultipartUpload=parts)
    assert versioned.order("a") == [version]
    gone = versioned.begin("a")
    versioned.s3.abort_multipart_upload(Bucket="backups", Key="a", UploadId=gone)
    assert refused(complete, Bucket="backups", Key="a", UploadId=gone, MultipartUpload=parts) == "NoSuchUpload"
    upload_part = versioned.s3.upload_part
    assert refused(upload_part, Bucket="backups", Key="a", UploadId=gone, PartNumber=1, Body=b"") == "NoSuchUpload"


@pytest.mark.parametrize("size", [1, 2, None])
def test_unfinished_uploads_are_listed_page_by_page(sandbox, versioned, size):
    begun = []
    for number, key in enumerate(["b", "a b", "a b", "c/d"]):
        begun.append((key, versioned.at(NOON + number * HOUR).begin(key)))
    sandbox.page_size(size)
    pages = list(versioned.s3.get_paginator("list_multipart_uploads").paginate(Bucket="backups"))
    listed = [(upload["Key"], upload["UploadId"]) for page in pages for upload in page["Uploads"]]
    assert listed == [begun[1], begun[2], begun[0], begun[3]]
    assert len(pages) == (4 // size if size else 1)
    folders = versioned.s3.list_multipart_uploads(Bucket="backups", Delimiter="/", Prefix="c")
    assert [entry["Prefix"] for entry in folders["CommonPrefixes"]] == ["c/"]


def test_object_lock_is_for_buckets_with_versions_and_keeps_them_so(bucket):
    assert refused(bucket.lock) == "InvalidBucketState"
    bucket.put("a")
    bucket.versioning("Enabled").put("a")
    bucket.lock()
    assert bucket.s3.get_object_lock_configuration(Bucket="backups")["ObjectLockConfiguration"] == LOCK
    assert refused(bucket.versioning, "Suspended") == "InvalidBucketState"
    both = {**LOCK, "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1, "Years": 1}}}
    change = bucket.s3.put_object_lock_configuration
    assert refused(change, Bucket="backups", ObjectLockConfiguration=both) == "MalformedXML"


def test_what_is_written_under_default_retention_is_locked_by_the_clock(versioned):
    free = versioned.put("before")
    versioned.lock()
    version = versioned.put("a")
    assert refused(versioned.delete, "a", VersionId=version) == "AccessDenied"
    batch = {"Objects": [{"Key": "a", "VersionId": version}, {"Key": "before", "VersionId": free}]}
    answer = versioned.s3.delete_objects(Bucket="backups", Delete=batch)
    assert [(entry["Key"], entry["VersionId"], entry["Code"]) for entry in answer["Errors"]] == [
        ("a", version, "AccessDenied")
    ]
    assert [entry["Key"] for entry in answer["Deleted"]] == ["before"]
    marker = versioned.delete("a")["VersionId"]  # which hides the version and is not locked itself
    versioned.delete("a", VersionId=marker)
    assert refused(versioned.at(NOON + 10 * DAY - HOUR).delete, "a", VersionId=version) == "AccessDenied"
    versioned.at(NOON + 10 * DAY).delete("a", VersionId=version)
    assert versioned.order("a") == []


def test_the_lock_of_an_upload_runs_from_its_beginning_and_a_copy_is_locked_too(versioned):
    versioned.lock()
    upload = versioned.begin("a")
    parts = versioned.at(NOON + 5 * DAY).complete("a", upload)
    source = {"Bucket": "backups", "Key": "a"}
    copy = versioned.s3.copy_object(Bucket="backups", Key="b", CopySource=source)["VersionId"]
    head = versioned.s3.head_object(Bucket="backups", Key="a")
    assert (head["ObjectLockMode"], head["ObjectLockRetainUntilDate"]) == ("COMPLIANCE", NOON + 10 * DAY)
    versioned.at(NOON + 10 * DAY).delete("a", VersionId=parts)
    assert refused(versioned.delete, "b", VersionId=copy) == "AccessDenied"


@pytest.mark.parametrize(
    ("mode", "bypass", "allowed"),
    [("COMPLIANCE", True, False), ("GOVERNANCE", False, False), ("GOVERNANCE", True, True)],
)
def test_retention_is_weakened_by_nobody_or_by_who_bypasses_it(versioned, mode, bypass, allowed):
    versioned.lock(mode)
    version = versioned.put("a")
    more = {"BypassGovernanceRetention": True} if bypass else {}
    sooner = {"Mode": mode, "RetainUntilDate": NOON + DAY}
    later = {"Mode": mode, "RetainUntilDate": NOON + 20 * DAY}
    retain = versioned.s3.put_object_retention
    retain(Bucket="backups", Key="a", Retention=later)
    outcomes = []
    for action in (
        lambda: retain(Bucket="backups", Key="a", Retention=sooner, **more),
        lambda: versioned.delete("a", VersionId=version, **more),
    ):
        try:
            action()
            outcomes.append(True)
        except ClientError as error:
            assert error.response["Error"]["Code"] == "AccessDenied"
            outcomes.append(False)
    assert outcomes == [allowed, allowed]


def test_the_retention_of_a_version_is_reported(versioned):
    ask = versioned.s3.get_object_retention
    versioned.put("before")
    assert refused(lambda: ask(Bucket="backups", Key="before")) == "InvalidRequest"
    versioned.lock()
    assert refused(lambda: ask(Bucket="backups", Key="before")) == "NoSuchObjectLockConfiguration"
    version = versioned.put("a")
    retention = ask(Bucket="backups", Key="a", VersionId=version)["Retention"]
    assert retention["Mode"] == "COMPLIANCE"
    assert retention["RetainUntilDate"] - NOON >= 10 * DAY
    versioned.delete("a")
    assert refused(lambda: ask(Bucket="backups", Key="a")) == "NoSuchKey"
    assert ask(Bucket="backups", Key="a", VersionId=version)["Retention"] == retention
    assert refused(lambda: ask(Bucket="backups", Key="a", VersionId="none")) == "NoSuchVersion"


@pytest.mark.parametrize("operation", ["PutObject", "UploadPart"])
def test_under_default_retention_a_body_needs_a_checksum(versioned, operation):
    """As pgBackRest 2.55.0 finds out, which sends none: https://github.com/pgbackrest/pgbackrest/pull/2615"""
    versioned.lock()
    upload = versioned.begin("a")

    def strip(request, **_):
        for name in list(request.headers):
            if name.lower().startswith(("x-amz-checksum", "x-amz-sdk-checksum", "x-amz-trailer", "content-md5")):
                del request.headers[name]

    versioned.s3.meta.events.register(f"before-send.s3.{operation}", strip)
    call = {
        "PutObject": lambda: versioned.put("a"),
        "UploadPart": lambda: versioned.complete("a", upload),
    }[operation]
    assert refused(call) == "InvalidRequest"


def test_days_pass_and_the_rules_are_run_at_each_midnight(sandbox, versioned):
    rule = {
        "ID": "r",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 2},
        "Expiration": {"ExpiredObjectDeleteMarker": True},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
    }
    versioned.s3.put_bucket_lifecycle_configuration(Bucket="backups", LifecycleConfiguration={"Rules": [rule]})
    versioned.put("a")
    versioned.delete("a")
    versioned.begin("b")
    gone = [sandbox.pass_time(DAY.total_seconds()) for _ in range(4)]
    assert gone == [[], [("backups", "b")], [("backups", "a"), ("backups", "a")], []]
    assert datetime.fromisoformat(sandbox.ask("clock")["time"]) == NOON + 4 * DAY


def test_a_directory_whose_objects_are_deleted_is_not_listed(versioned):
    for key in ("a/x", "b/x", "c"):
        versioned.put(key)
    for key in ("a/x", "c"):
        versioned.delete(key)
    for method in ("list_objects", "list_objects_v2"):
        listed = getattr(versioned.s3, method)(Bucket="backups", Delimiter="/")
        assert [entry["Prefix"] for entry in listed["CommonPrefixes"]] == ["b/"]
        assert "Contents" not in listed
        assert [entry["Key"] for entry in getattr(versioned.s3, method)(Bucket="backups")["Contents"]] == ["b/x"]
    assert versioned.read("b/x") == b"x"
    versioned.put("a/x")
    assert len(versioned.s3.list_objects_v2(Bucket="backups", Delimiter="/")["CommonPrefixes"]) == 2
