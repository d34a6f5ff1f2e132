"""
The programs asked for nothing that is not recorded; what is recorded is what policies are tested with.

``RECORD_REQUESTS=1 pytest tests/real`` records anew.
"""

import os

import pytest

from tests.real import recording

# By server: its bucket, and the prefix of each kind of backup.
PLACES = {
    "kingfisher-main": ("ocp-db-backup", {"pgbackrest": "kingfisher"}),
    "registry": ("ocp-registry-backup", {"script": "database", "sync": "file-sync"}),
    "cms": ("ocp-coalition-backup", {"mysql": "database", "files": "site"}),
}


@pytest.mark.parametrize("server", PLACES)
def test_what_was_asked_for_is_recorded(server, aws, fleet):
    key, _ = fleet.keys(server)
    calls = [call for call in aws.calls(service="s3") if call["access_key_id"] == key]
    bucket, prefixes = PLACES[server]
    asked = {kind: recording.of(calls, bucket, prefix) for kind, prefix in prefixes.items()}
    if os.environ.get("RECORD_REQUESTS"):
        recording.write({kind: requests for kind, requests in asked.items() if requests})
    recorded = recording.read()
    for kind, requests in asked.items():
        assert [request for request in requests if request not in recorded[kind]] == []
