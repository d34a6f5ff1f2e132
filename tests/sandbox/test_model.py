"""The quick model of a bucket with versions, with which thieves are tried, does what the sandbox does."""

from datetime import timedelta

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from aws_runbook.errors import AwsError
from tests.fixtures.versioned import START, Bucket

NAME = "backups"
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
TAG = {"Key": "scratch", "Value": "yes"}
NONCURRENT = {"NoncurrentVersionExpiration": {"NoncurrentDays": 2}}
RULES = {
    "kept": {
        **NONCURRENT,
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
        "Expiration": {"ExpiredObjectDeleteMarker": True},
    },
    "tagged": {"Filter": {"Tag": TAG}, **NONCURRENT},
    "counted": {"NoncurrentVersionExpiration": {"NoncurrentDays": 1, "NewerNoncurrentVersions": 1}},
    "expiring": {"Expiration": {"Days": 2}},
    "elsewhere": {"Filter": {"Prefix": "b"}, "Expiration": {"Days": 1}, **NONCURRENT},
}


class Both:
    """One bucket in the sandbox, one in the model, and the same done to both."""

    def __init__(self, sandbox):
        sandbox.reset()
        self.sandbox, self.s3 = sandbox, sandbox.client("s3")
        sandbox.stop_clock()
        sandbox.set_clock(START)
        self.s3.create_bucket(Bucket=NAME)
        self.model, self.uploads = Bucket(NAME), []

    def wait(self, span):
        self.sandbox.pass_time(span.total_seconds())
        self.model.wait(span)

    def versioning(self, status):
        if status == "Suspended" and self.model.lock:
            with pytest.raises(AwsError):
                self.model.suspend()
            with pytest.raises(ClientError):
                self.s3.put_bucket_versioning(Bucket=NAME, VersioningConfiguration={"Status": status})
            return
        self.s3.put_bucket_versioning(Bucket=NAME, VersioningConfiguration={"Status": status})
        self.model.versioning = status

    def lock(self, mode):
        if self.model.versioning != "Enabled":
            return
        retention = {"DefaultRetention": {"Mode": mode, "Days": 3}}
        self.s3.put_object_lock_configuration(
            Bucket=NAME, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": retention}
        )
        self.model.lock = (mode, 3)

    def rules(self, names):
        rules = [{"ID": name, "Status": "Enabled", "Filter": {"Prefix": ""}, **RULES[name]} for name in names]
        self.s3.put_bucket_lifecycle_configuration(Bucket=NAME, LifecycleConfiguration={"Rules": rules})
        self.model.rules = rules

    def put(self, key, content, tagged):
        tagging = {"Tagging": "scratch=yes"} if tagged else {}
        self.s3.put_object(Bucket=NAME, Key=key, Body=content, **tagging)
        self.model.put(key, content, tags={TAG["Key"]: TAG["Value"]} if tagged else {})

    def delete(self, key):
        self.s3.delete_object(Bucket=NAME, Key=key)
        self.model.delete(key)

    def delete_version(self, key, number, bypass):
        found = self.model.keys.get(key, [])
        if number >= len(found) or self.model.versioning is None:
            return
        page = self.s3.list_object_versions(Bucket=NAME, Prefix=key)
        entries = [
            entry for entry in (*page.get("Versions", []), *page.get("DeleteMarkers", [])) if entry["Key"] == key
        ]
        entries = sorted(entries, key=lambda entry: (not entry["IsLatest"], -entry["LastModified"].timestamp()))
        outcomes = []
        for delete in (
            lambda: self.s3.delete_object(
                Bucket=NAME, Key=key, VersionId=entries[number]["VersionId"], BypassGovernanceRetention=bypass
            ),
            lambda: self.model.delete_version(key, found[number].id, bypass=bypass),
        ):
            try:
                delete()
                outcomes.append(True)
            except (ClientError, AwsError):
                outcomes.append(False)
        assert outcomes[0] == outcomes[1]

    def begin(self, key):
        self.uploads.append(
            (key, self.s3.create_multipart_upload(Bucket=NAME, Key=key)["UploadId"], self.model.begin(key))
        )

    def complete(self, content):
        if not self.uploads:
            return
        key, name, own = self.uploads.pop(0)
        upload = {"Bucket": NAME, "Key": key, "UploadId": name}
        if own not in self.model.uploads:
            with pytest.raises(ClientError):
                self.s3.upload_part(**upload, PartNumber=1, Body=content)
            return
        parts = [{"PartNumber": 1, "ETag": self.s3.upload_part(**upload, PartNumber=1, Body=content)["ETag"]}]
        self.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
        self.model.complete(own, (content,))

    def compare(self):
        theirs = self.s3.list_object_versions(Bucket=NAME)
        ours = next(iter(self.model.pages()))
        for kind in ("Versions", "DeleteMarkers"):
            shown = [
                (entry["Key"], entry["LastModified"], entry["IsLatest"], entry.get("Size"))
                for entry in theirs.get(kind, [])
            ]
            assert shown == [
                (entry["Key"], entry["LastModified"], entry["IsLatest"], entry.get("Size")) for entry in ours[kind]
            ]
        nulls = [entry["Key"] for entry in theirs.get("Versions", []) if entry["VersionId"] == "null"]
        assert nulls == [entry["Key"] for entry in ours["Versions"] if entry["VersionId"] == "null"]
        begun = sorted(entry["Key"] for entry in self.s3.list_multipart_uploads(Bucket=NAME).get("Uploads", []))
        assert begun == sorted(upload.key for upload in self.model.uploads.values())


KEY = st.sampled_from("ab")
STEPS = st.one_of(
    st.tuples(st.just("put"), KEY, st.binary(max_size=2), st.booleans()),
    st.tuples(st.just("delete"), KEY),
    st.tuples(st.just("delete_version"), KEY, st.integers(0, 2), st.booleans()),
    st.tuples(st.just("begin"), KEY),
    st.tuples(st.just("complete"), st.binary(min_size=1, max_size=2)),
    st.tuples(st.just("wait"), st.sampled_from((1, 13, 30, 50, 80)).map(lambda hours: hours * HOUR)),
)
BEGINNINGS = st.tuples(
    st.sampled_from((None, "Enabled", "Suspended")),
    st.sampled_from((None, "COMPLIANCE", "GOVERNANCE")),
    st.lists(st.sampled_from(sorted(RULES)), unique=True, max_size=3),
)


@settings(
    max_examples=15, deadline=None, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)
@given(st.lists(STEPS, max_size=3), BEGINNINGS, st.lists(STEPS, max_size=12), st.booleans())
def test_the_same_done_to_both_gives_the_same_listing(sandbox, before, beginning, after, suspended):
    both = Both(sandbox)
    status, mode, rules = beginning
    for number, (what, *given_) in enumerate([*before, ("set up",), *after]):
        both.wait(SECOND)
        if what == "set up":
            if status:
                both.versioning(status)
            if mode:
                both.lock(mode)
            if rules:
                both.rules(rules)
        else:
            getattr(both, what)(*given_)
        if suspended and number == len(before) + 4 and status == "Enabled":
            both.versioning("Suspended")
        both.compare()
