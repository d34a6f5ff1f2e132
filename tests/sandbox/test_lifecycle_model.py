"""The sandbox's lifecycle against examples of AWS's, and against a model of its own for any sequence of writes, deletes and days."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.handlers.s3.expiry import carry_out, is_due, midnights
from tests.sandbox.in_process import InProcess

DAY = timedelta(days=1)
START = datetime(2030, 3, 1, 7, 30, tzinfo=timezone.utc)


def moment(text):
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


# When what was made, or followed by another version, is due after so many days.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html#intro-lifecycle-rules-number-of-days
# https://repost.aws/questions/QUvjf44qlYSMmQLyRUtTrevg
EXAMPLES = [
    ("2014-01-15 10:30", 3, "2014-01-19 00:00"),
    ("2014-01-15 10:30", 1, "2014-01-17 00:00"),
    ("2020-01-02 11:30", 1, "2020-01-04 00:00"),
    ("2014-01-15 00:00", 1, "2014-01-16 00:00"),
    ("2014-01-15 00:00:01", 1, "2014-01-17 00:00"),
    ("2024-02-28 23:59", 1, "2024-03-01 00:00"),
]


@pytest.mark.parametrize(("begin", "days", "due"), EXAMPLES)
def test_days_are_counted_as_in_awss_examples(begin, days, due):
    assert not is_due(moment(begin), days, moment(due) - timedelta(seconds=1))
    assert is_due(moment(begin), days, moment(due))


def test_a_run_comes_at_each_midnight_on_the_way():
    assert list(midnights(START, START + 2 * DAY)) == [moment("2030-03-02 00:00"), moment("2030-03-03 00:00")]
    assert list(midnights(START, START + timedelta(hours=16, minutes=29))) == []
    assert list(midnights(moment("2030-03-02 00:00"), moment("2030-03-03 00:00"))) == [moment("2030-03-03 00:00")]


RULES = st.fixed_dictionaries(
    {
        "days": st.integers(1, 3),
        "newer": st.sampled_from([0, 0, 1, 2]),
        "markers": st.booleans(),
        "abort": st.integers(1, 2),
    }
)
# A number is so many hours.
STEPS = st.lists(
    st.sampled_from(
        [
            "put",
            "put",
            "put",
            "delete",
            "delete",
            "begin",
            "finish first",
            "finish last",
            "suspend",
            "enable",
            9,
            17,
            30,
            60,
        ]
    ),
    min_size=6,
    max_size=16,
)


class Model:
    """One key in a bucket with versions, as a list of (date, id, whether it is a marker), the newest last; and its uploads."""

    def __init__(self, rule):
        self.rule, self.versions, self.uploads, self.suspended = rule, [], {}, False

    def write(self, date, version, marker=False):
        if version == "null":
            self.versions = [entry for entry in self.versions if entry[1] != "null"]
        later = [entry for entry in self.versions if entry[0] > date]
        earlier = [entry for entry in self.versions if entry[0] <= date]
        self.versions = [*earlier, (date, version, marker), *later]

    def night(self, now):
        followed = list(zip(self.versions, self.versions[1:], strict=False))
        spared = [entry for entry, _ in followed][len(followed) - self.rule["newer"] :] if self.rule["newer"] else []
        spared = [entry for entry, _ in followed] if self.rule["newer"] >= len(followed) > 0 else spared
        gone = [old for old, new in followed if old not in spared and self.over(new[0], self.rule["days"], now)]
        self.versions = [entry for entry in self.versions if entry not in gone]
        if self.rule["markers"] and len(self.versions) == 1 and self.versions[0][2]:
            self.versions = []
        self.uploads = {
            upload: begun for upload, begun in self.uploads.items() if not self.over(begun, self.rule["abort"], now)
        }

    @staticmethod
    def over(begin, days, now):
        """Whether as many whole days lie between the midnight after ``begin`` and ``now``, which is a midnight."""
        first = begin.replace(hour=0, minute=0, second=0, microsecond=0)
        return (now - first) // DAY >= days + (begin > first)


class World(InProcess):
    """The same in the sandbox."""

    def __init__(self, rule):
        super().__init__()
        self.clock, self.s3 = self.application.state.clock, self.client("s3")
        self.clock.stop()
        self.clock.set(START)
        self.s3.create_bucket(Bucket="backups")
        self.versioning("Enabled")
        noncurrent = {
            "NoncurrentDays": rule["days"],
            **({"NewerNoncurrentVersions": rule["newer"]} if rule["newer"] else {}),
        }
        wanted = {
            "ID": "r",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "NoncurrentVersionExpiration": noncurrent,
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": rule["abort"]},
            **({"Expiration": {"ExpiredObjectDeleteMarker": True}} if rule["markers"] else {}),
        }
        self.s3.put_bucket_lifecycle_configuration(Bucket="backups", LifecycleConfiguration={"Rules": [wanted]})

    def versioning(self, status):
        self.s3.put_bucket_versioning(Bucket="backups", VersioningConfiguration={"Status": status})

    def finish(self, upload):
        part = self.s3.upload_part(Bucket="backups", Key="k", UploadId=upload, PartNumber=1, Body=b"p")
        return self.s3.complete_multipart_upload(
            Bucket="backups",
            Key="k",
            UploadId=upload,
            MultipartUpload={"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]},
        )["VersionId"]

    def listed(self):
        page = self.s3.list_object_versions(Bucket="backups")
        found = [(e["LastModified"], e["VersionId"], False, e["IsLatest"]) for e in page.get("Versions", [])]
        found += [(e["LastModified"], e["VersionId"], True, e["IsLatest"]) for e in page.get("DeleteMarkers", [])]
        assert [entry[3] for entry in found].count(True) == bool(found)
        return {entry[:3] for entry in found}, next((entry[1] for entry in found if entry[3]), None)


def take(step, world, model):
    """One step, in the sandbox and in the model."""
    now = world.clock.now()
    if isinstance(step, int):
        end = now + timedelta(hours=step)
        backend = world.application.moto.backend("s3", world.application.moto.account_of(None), "us-east-1")
        for midnight in midnights(now, end):
            world.clock.set(midnight)
            carry_out(backend, midnight)
            model.night(midnight)
        world.clock.set(end)
    elif step in ("suspend", "enable"):
        model.suspended = step == "suspend"
        world.versioning("Suspended" if model.suspended else "Enabled")
    elif step == "put":
        model.write(now, world.s3.put_object(Bucket="backups", Key="k", Body=b"x")["VersionId"])
    elif step == "delete":
        model.write(now, world.s3.delete_object(Bucket="backups", Key="k")["VersionId"], marker=True)
    elif step == "begin":
        model.uploads[world.s3.create_multipart_upload(Bucket="backups", Key="k")["UploadId"]] = now
    elif model.uploads:
        upload = list(model.uploads)[0 if step == "finish first" else -1]
        model.write(model.uploads.pop(upload), world.finish(upload))


@given(RULES, STEPS)
@settings(max_examples=30, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_sandbox_does_what_a_model_of_s3_does(rule, steps):
    world, model = World(rule), Model(rule)
    for step in [*steps, 60]:
        # Each in a second of its own: which of two versions of one second is the newer S3 does not say.
        world.clock.advance(1)
        take(step, world, model)
        listed, current = world.listed()
        assert listed == set(model.versions)
        assert current == (model.versions[-1][1] if model.versions else None)
        uploads = world.s3.list_multipart_uploads(Bucket="backups").get("Uploads", [])
        assert {upload["UploadId"]: upload["Initiated"] for upload in uploads} == model.uploads
    world.application.moto.reset()
