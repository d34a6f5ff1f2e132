"""
The third scene of the demo: a week of backups, and a thief who has the server's key; what was before is brought back.
"""

from datetime import datetime, timedelta, timezone

import yaml

SERVER, REGION, BUCKET = "registry", "eu-west-2", "ocp-registry-backup"
_DAY = timedelta(days=1)
_COMMENT = "    # recovery:\n    #   days: 30\n"


class Server:
    """The server's programs, which work with the key in its private pillar."""

    def __init__(self, sandbox, pillar):
        aws = yaml.safe_load((pillar / "private" / f"{SERVER}.sls").read_text())["aws"]
        self._sandbox = sandbox
        self._s3 = sandbox.client("s3", region=REGION, key=(aws["access_key"], aws["secret_key"]))
        self._theft = datetime.now(tz=timezone.utc) - timedelta(hours=2)

    @property
    def before(self):
        """A moment before the theft, as a person writes it."""
        return f"{self._theft - timedelta(minutes=1):%Y-%m-%d %H:%M}"

    def note_versions(self, days=6):
        """As if the bucket had been kept so for some days: since when it keeps versions is noted in its tag."""
        since = (self._theft - days * _DAY).replace(microsecond=0).isoformat()
        tags = [{"Key": "aws-runbook:versions-since", "Value": since}]
        self._sandbox.client("s3", region=REGION).put_bucket_tagging(Bucket=BUCKET, Tagging={"TagSet": tags})

    def back_up(self, days=5):
        """A dump of each database a day, and a mirrored file that changes."""
        for day in reversed(range(days)):
            moment = self._theft - timedelta(hours=1) - day * _DAY
            self._sandbox.set_clock(moment)
            for name in ("registry", "spoonbill"):
                self._put(f"database/{name}-{moment:%Y%m%dT%H%M%SZ}.sql.gz", f"dump of {name}, {moment}")
            self._put("file-sync/data/storage/exporter/log", f"log of {moment}")

    def rob(self):
        """All that the key allows: everything is encrypted or deleted, and there is a demand."""
        self._sandbox.set_clock(self._theft)
        names = list(self.contents())
        self._put(names[0], "encrypted")
        self._put("database/README.txt", "pay")
        for prefix in ("database/", "file-sync/"):
            objects = [{"Key": name} for name in names[1:] if name.startswith(prefix)]
            self._s3.delete_objects(Bucket=BUCKET, Delete={"Objects": objects})
        self._sandbox.set_clock(datetime.now(tz=timezone.utc))

    def contents(self):
        """What each object holds now."""
        keys = [
            entry["Key"]
            for prefix in ("database/", "file-sync/")
            for entry in self._s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
        ]
        return {key: self._s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}

    def _put(self, key, text):
        self._s3.put_object(Bucket=BUCKET, Key=key, Body=text.encode())


def keep_versions(pillar):
    """Let the server's pillar say that versions are kept, as its comment shows."""
    path = pillar / "public" / f"{SERVER}.sls"
    text = path.read_text()
    if _COMMENT not in text:
        raise ValueError(f"{path} does not have the comment that shows recovery.")
    path.write_text(text.replace(_COMMENT, "    recovery:\n      days: 30\n"))
