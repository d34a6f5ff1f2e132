"""
A second opinion: the recovery of backups on Ceph's S3 gateway, a store that nobody here has written.

S3 alone is Ceph's (``AWS_ENDPOINT_URL_S3``); the rest is the sandbox's. The server's key has the policy that the plan makes for it, which Ceph
itself decides by. A day of the lifecycle rules is a second there. docs/doubles.md has what differs.
"""

import json
from datetime import datetime, timedelta, timezone

import pytest
from botocore.exceptions import ClientError

from aws_runbook.run.waiting import until
from tests.doubles.ceph import DAY, Ceph
from tests.fixtures import naming
from tests.real.fleet import Fleet

pytestmark = pytest.mark.ceph

SERVER = "kingfisher-main"
PART = 5 * 2**20
HOUR = timedelta(hours=1)
KEY = ("AKIASANDBOXADMIN0000", "sandbox-needs-no-secret")  # the sandbox's administrator too
LOCK = {"lock": "COMPLIANCE", "lock_days": 67, "retention_days": 35}
# So many seconds are more than a recovery takes.
LONG = 300


def now():
    return datetime.now(timezone.utc)


@pytest.fixture(scope="module")
def ceph(aws):
    """Ceph for S3; everything else is the sandbox's."""
    with Ceph(KEY) as ceph, pytest.MonkeyPatch.context() as patch:
        for name, value in ceph.environment.items():
            patch.setenv(name, value)
        yield ceph


class Server:
    """A repository, archives that expire and a mirror in one bucket; ``s3`` is reached with the server's key, ``admin`` with everything."""

    def __init__(self, ceph, root, nameserver, bucket, recovery, **backup):
        self.ceph, self.bucket = ceph, bucket
        self.fleet = Fleet(root / bucket, nameserver)
        for path in (root / bucket / "pillar").rglob(f"{SERVER}.sls"):
            text = path.read_text()
            path.write_text(text.replace("eu-central-1", "us-east-1").replace("ocp-db-backup", bucket))
        self.fleet.amend(
            SERVER,
            {
                "sync": {"location": f"{bucket}/mirror", "directories": {"/srv/exports": None}},
                "aws": {"backup": {"recovery": recovery, **backup}},
            },
        )
        self.fleet.amend("control", {"aws": {"servers": [SERVER]}})
        self.control = self.fleet.minion("control")
        self.admin = ceph.client()
        plan = self.control.call("aws_backup.plan", format="data")
        [policy] = plan["policies"].values()
        document = self.control.call("iam_backup_policy.document", policy["targets"])
        # Ceph asks of who deletes many at once whether he may delete the bucket's name as if it were an object, and no more. At S3 this allows nothing.
        many = {"Effect": "Allow", "Action": "s3:DeleteObject", "Resource": f"arn:aws:s3:::{bucket}"}
        document["Statement"].append(many)
        self.s3 = ceph.client(key=ceph.user(f"{bucket}-user", document))

    def apply(self):
        """The states of the bucket; an hour ago, so that versions are certain by now."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("aws_runbook.clock.now", lambda: now() - HOUR)
            return self.control.apply("buckets-of-ceph")

    def put(self, key, body, **given):
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, **given)

    def begin(self, key):
        return {"Key": key, "UploadId": self.s3.create_multipart_upload(Bucket=self.bucket, Key=key)["UploadId"]}

    def finish(self, upload, *parts):
        place = {"Bucket": self.bucket, **upload}
        done = [
            {"PartNumber": number, "ETag": self.s3.upload_part(**place, PartNumber=number, Body=body)["ETag"]}
            for number, body in enumerate(parts, start=1)
        ]
        self.s3.complete_multipart_upload(**place, MultipartUpload={"Parts": done})

    def back_up(self):
        """What pgBackRest, tar and ``aws s3 sync`` leave: new objects, some in parts, some overwritten, some deleted."""
        for number in range(3):
            self.put("kingfisher/archive/kingfisher/archive.info", b"archive %d" % number)
            self.put("kingfisher/backup/kingfisher/backup.info", b"backup %d" % number)
            self.put(f"kingfisher/archive/kingfisher/15-1/00000001000000{number:02}.gz", b"WAL %d" % number)
            self.put("mirror/srv/exports/log", b"log %d" % number)
        self.finish(self.begin("kingfisher/backup/kingfisher/bundle"), b"a" * PART, b"b" * PART, b"end")
        self.finish(self.begin("kingfisher/backup/kingfisher/uneven"), b"a" * (PART + 1), b"b" * PART, b"end")
        for directory in ("/var/lib/kingfisher", "/etc/kingfisher"):
            self.put(f"incremental/{naming.site(directory, now())}", directory.encode(), Metadata={"made-by": "us"})
        self.put("mirror/srv/exports/naïve+name & more=1.txt", b"text", ContentType="text/plain")
        self.put("mirror/srv/exports/empty", b"")
        expired = [{"Key": "kingfisher/archive/kingfisher/15-1/0000000100000000.gz"}, {"Key": "mirror/srv/exports/old"}]
        self.put("mirror/srv/exports/old", b"old")
        self.s3.delete_objects(Bucket=self.bucket, Delete={"Objects": expired})

    def pages(self, operation, **given):
        return self.admin.get_paginator(operation).paginate(Bucket=self.bucket, **given)

    def contents(self):
        """What there is: bytes, metadata and kind of content of each object."""
        found = {}
        for page in self.pages("list_objects_v2"):
            for entry in page.get("Contents", []):
                got = self.admin.get_object(Bucket=self.bucket, Key=entry["Key"])
                found[entry["Key"]] = (got["Body"].read(), got["Metadata"], got["ContentType"])
        return found

    def versions(self):
        """Every version and delete marker: ``{(key, id): entry}``."""
        kinds = ("Versions", "DeleteMarkers")
        listed = [
            entry for page in self.pages("list_object_versions") for kind in kinds for entry in page.get(kind, [])
        ]
        return {(entry["Key"], entry["VersionId"]): entry for entry in listed}

    def current(self):
        """The keys that are not hidden."""
        return {key for (key, _), entry in self.versions().items() if entry["IsLatest"] and "ETag" in entry}

    def recover(self, moment, **given):
        return self.control.call(
            "aws_backup.recover", SERVER, as_of=f"{moment:%Y-%m-%d %H:%M:%S}", format="data", **given
        )

    def refused(self, client, method, **given):
        with pytest.raises(ClientError) as error:
            getattr(client, method)(Bucket=self.bucket, **given)
        assert error.value.response["Error"]["Code"] == "AccessDenied", (method, given)

    def robbed(self):
        """All that the server's key is good for; what there was before, and the last second of that."""
        before, moment = self.contents(), now().replace(microsecond=0) + timedelta(seconds=1)
        until(lambda: now() >= moment + timedelta(seconds=1), what="the next second", timeout=5)
        keys = sorted(before)
        uploads = [self.begin(key) for key in keys]
        for key in keys[::3]:
            self.put(key, b"ransom", Metadata={"of": "a thief"})
        for key in keys[1::3]:
            self.s3.copy_object(Bucket=self.bucket, Key=key, CopySource={"Bucket": self.bucket, "Key": keys[0]})
        self.s3.delete_objects(Bucket=self.bucket, Delete={"Objects": [{"Key": key} for key in keys[1:]]})
        for upload in uploads[::2]:
            self.finish(upload, b"ransom in parts")
        self.put("kingfisher/README", b"pay")
        return before, moment


RULE = {
    "ID": "all",
    "Status": "Enabled",
    "Filter": {"Prefix": ""},
    "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
}
OPEN = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}],
}


def noted(bucket, since):
    """The tag that notes since when a bucket keeps versions, which a person gives it where it did before the states."""
    tag = {"Key": "aws-runbook:versions-since", "Value": since.isoformat(timespec="seconds")}
    return {"Bucket": bucket, "Tagging": {"TagSet": [tag]}}


def test_the_states_converge_and_a_thief_loses_nothing_of_it(ceph, folder, nameserver):
    server = Server(ceph, folder, nameserver, "versions", {"days": LONG})
    changes = server.apply()
    assert changes["aws-bucket-versions"]
    assert changes["aws-lifecycle-versions"]
    assert not any(server.apply().values())
    assert server.admin.get_bucket_versioning(Bucket="versions")["Status"] == "Enabled"

    server.back_up()
    before, moment = server.robbed()
    thief = server.s3
    for method, given in (
        ("list_object_versions", {"Prefix": "kingfisher/"}),
        ("put_bucket_versioning", {"VersioningConfiguration": {"Status": "Suspended"}}),
        ("put_bucket_lifecycle_configuration", {"LifecycleConfiguration": {"Rules": [RULE]}}),
        ("delete_bucket_lifecycle", {}),
        ("put_bucket_policy", {"Policy": json.dumps(OPEN)}),
        *(
            ("delete_object", {"Key": key, "VersionId": version})
            for key, version in server.versions()
            if key.startswith("kingfisher/")
        ),
    ):
        server.refused(thief, method, **given)
    assert server.contents() != before

    found = server.control.call("aws_backup.history", SERVER, by="hour", format="data")
    assert datetime.fromisoformat(found["first_damage"]) > moment
    versions = server.versions()
    done = server.recover(moment)
    assert (done["problems"], done["differing"]["count"]) == ({}, 0)
    assert server.contents() == before
    assert versions.keys() <= server.versions().keys(), "a version was deleted"
    again = server.recover(moment)
    assert [(place["copy"], place["hide"]) for place in again["places"]] == [(0, 0)] * 3


def test_nothing_that_is_locked_goes_with_the_administrators_key_either(ceph, folder, nameserver):
    """Days are over at once here; the lock's are real ones."""
    server = Server(ceph, folder, nameserver, "locked", {"days": 1, **LOCK})
    # Ceph takes no Object Lock for buckets that exist.
    server.admin.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    server.admin.put_bucket_tagging(**noted("locked", now() - HOUR))
    changes = server.apply()
    assert set(changes["aws-bucket-locked"]) == {"object_lock_mode", "object_lock_days"}
    assert not any(server.apply().values())

    server.back_up()
    before, moment = server.robbed()
    held = [(key, version) for (key, version), entry in server.versions().items() if "ETag" in entry]
    for key, version in held:
        server.refused(server.admin, "delete_object", Key=key, VersionId=version, BypassGovernanceRetention=True)
        place, soon = {"Bucket": "locked", "Key": key, "VersionId": version}, now().replace(microsecond=0) + HOUR
        retention = server.admin.get_object_retention(**place)["Retention"]
        assert retention["RetainUntilDate"] > now() + timedelta(days=66)
        with pytest.raises(ClientError):
            server.admin.put_object_retention(**place, Retention={"Mode": "COMPLIANCE", "RetainUntilDate": soon})
        assert server.admin.get_object_retention(**place)["Retention"] == retention
    with pytest.raises(ClientError, match="InvalidBucketState"):
        server.admin.put_bucket_versioning(Bucket="locked", VersioningConfiguration={"Status": "Suspended"})
    expiring = {"Rules": [{**RULE, "Expiration": {"Days": 1}}]}
    server.admin.put_bucket_lifecycle_configuration(Bucket="locked", LifecycleConfiguration=expiring)
    until(lambda: ceph.carry_out_rules() or not server.current(), what="the rules", timeout=60)
    assert set(held) <= server.versions().keys()  # but markers have no lock

    server.control.call("s3_lifecycle.delete_rule", "locked", "all")
    done = server.recover(moment)
    assert (done["problems"], done["differing"]["count"]) == ({}, 0)
    assert server.contents() == before


def test_governance_applies_to_principals_without_the_bypass(ceph, folder, nameserver):
    server = Server(ceph, folder, nameserver, "governed", {"days": 1, **LOCK, "lock": "GOVERNANCE"})
    server.admin.create_bucket(Bucket="governed", ObjectLockEnabledForBucket=True)
    server.admin.put_bucket_tagging(**noted("governed", now() - HOUR))
    server.apply()
    server.put("mirror/srv/exports/log", b"log")
    [(key, version)] = server.versions()
    server.refused(server.s3, "delete_object", Key=key, VersionId=version, BypassGovernanceRetention=True)
    server.refused(server.admin, "delete_object", Key=key, VersionId=version)
    server.admin.delete_object(Bucket="governed", Key=key, VersionId=version, BypassGovernanceRetention=True)
    assert server.versions() == {}


def test_versions_go_after_their_days_and_not_before(ceph, folder, nameserver):
    """What is hidden or overwritten for four days, after three for what expires; unfinished uploads, and markers of nothing."""
    days, expire_days = 4 * DAY, 3 * DAY
    server = Server(ceph, folder, nameserver, "ageing", {"days": 4}, expire_days=3)
    server.apply()
    server.put("kingfisher/backup/kingfisher/backup.info", b"1")
    server.put("kingfisher/backup/kingfisher/old", b"1")
    server.put("incremental/etc_kingfisher_backup_20301231T000000Z.tar.gz", b"1")
    server.s3.delete_object(Bucket="ageing", Key="kingfisher/backup/kingfisher/old")
    server.begin("mirror/srv/exports/unfinished")
    for number in range(3):
        server.put("mirror/srv/exports/log", b"log %d" % number)
        server.put("kingfisher/backup/kingfisher/backup.info", b"backup %d" % number)
    stays = {"kingfisher/backup/kingfisher/backup.info", "mirror/srv/exports/log"}

    def since(known):
        """``{version: since when it is noncurrent}``."""
        found, successor = {}, {}
        for (key, version), entry in sorted(known.items(), key=lambda item: item[1]["LastModified"], reverse=True):
            if key in successor and "ETag" in entry:
                found[key, version] = successor[key]
            successor[key] = entry["LastModified"]
        return found

    def is_over():
        known, begin = server.versions(), now()
        ceph.carry_out_rules()
        left, end = server.versions(), now()
        for name, moment in since(known).items():
            assert name in left or (end - moment).total_seconds() >= days, f"{name} went too soon"
            assert name not in left or (begin - moment).total_seconds() < days, f"{name} stays"
        hidden = {key for (key, _), entry in known.items() if entry["IsLatest"] and "ETag" in entry} - server.current()
        for (key, _), entry in known.items():
            assert key not in hidden or (end - entry["LastModified"]).total_seconds() >= expire_days
        return {key for key, _ in left} == stays and len(left) == len(stays)

    until(is_over, what="the end of the days", timeout=120)
    assert "Uploads" not in server.admin.list_multipart_uploads(Bucket="ageing")
