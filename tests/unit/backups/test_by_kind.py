"""Users, groups, policies and stores by kind of backup: one server, two users."""

import pytest

from aws_runbook.backups.plan import plan
from aws_runbook.errors import PillarError

SERVER = "kingfisher-main"
USERS = {"pgbackrest": "pgbackrest-main", "files": "files-main"}
STORE = {"pillar_file": "/srv/pillar/private/kingfisher.sls"}


def server(**backup):
    return {
        "postgres": {"backup": {"type": "pgbackrest", "repo_path": "/kingfisher", "s3_bucket": "ocp-db-backup"}},
        "backup": {"location": "ocp-db-backup/incremental"},
        "aws": {"backup": backup},
    }


def planned(**backup):
    return plan({SERVER: server(**backup)})


def test_each_user_may_write_what_is_of_its_kinds_and_nothing_else():
    found = planned(user=USERS)
    assert sorted(found.policies) == ["files-main", "pgbackrest-main"]
    assert [target["kind"] for target in found.policies["files-main"]["targets"]] == ["files"]
    assert [target["kind"] for target in found.policies["pgbackrest-main"]["targets"]] == ["pgbackrest"]
    assert found.users["files-main"] == {"policies": ["files-main"], "groups": [], "detached_policies": []}


def test_a_kind_that_is_left_out_has_the_default():
    assert {row["kind"]: row["user"] for row in planned(user={"files": "files-main"}).rows} == {
        "pgbackrest": "kingfisher-main-backup",
        "files": "files-main",
    }


def test_each_users_key_goes_to_the_place_that_its_kinds_read():
    keys = planned(user=USERS, store=STORE).keys
    assert keys["pgbackrest-main"]["store"][0]["keys"]["access_key"] == "postgres:backup:s3_key"
    assert keys["files-main"]["store"][0]["keys"]["access_key"] == "aws:access_key"


def test_a_store_by_kind():
    keys = planned(user=USERS, store={"files": "sdb://vault/files"}).keys
    assert keys["files-main"]["store"] == ["sdb://vault/files"]
    assert keys["pgbackrest-main"]["store"] is None


def test_each_of_a_list_of_stores_takes_the_key():
    keys = planned(user=USERS, store={"files": [STORE, "sdb://vault/files"]}).keys
    assert keys["files-main"]["store"] == [
        {**STORE, "keys": {"access_key": "aws:access_key", "secret_key": "aws:secret_key"}},
        "sdb://vault/files",
    ]
    with pytest.raises(PillarError, match="both keys would be stored at sdb://vault/both/access_key"):
        planned(user=USERS, store=[STORE, "sdb://vault/both"])


def test_one_user_with_a_store_for_each_kind_has_both():
    keys = planned(user="both", store={"files": "sdb://vault/files", "pgbackrest": STORE}).keys
    assert [entry if isinstance(entry, str) else entry["keys"]["access_key"] for entry in keys["both"]["store"]] == [
        "postgres:backup:s3_key",
        "sdb://vault/files",
    ]


@pytest.mark.parametrize(
    ("store", "place"),
    [
        ("sdb://vault/main", "sdb://vault/main/access_key"),
        ({**STORE, "keys": {"access_key": "a:b", "secret_key": "a:c"}}, "a:b in /srv/pillar/private/kingfisher.sls"),
    ],
)
def test_two_users_do_not_share_a_place(store, place):
    with pytest.raises(PillarError) as raised:
        planned(user=USERS, store=store)
    assert f"gives files-main and pgbackrest-main, but both keys would be stored at {place}" in str(raised.value)


def test_the_two_halves_of_a_key_have_two_places():
    keys = {"access_key": "a:b", "secret_key": ["a:c", "a:b"]}
    with pytest.raises(PillarError) as raised:
        planned(user="u", store={**STORE, "keys": keys})
    assert raised.value.problems == [
        (
            f"aws:backup:store of the user u has access_key and secret_key both at a:b in {STORE['pillar_file']}, so one would "
            "overwrite the other: give each a place of its own."
        )
    ]


def test_a_policy_may_be_called_neither_as_the_user_nor_as_the_group():
    found = planned(user="u", policy="WebCopies")
    assert sorted(found.policies) == ["WebCopies"]
    assert found.users["u"]["policies"] == ["WebCopies"]
    assert {row["policy"] for row in found.rows} == {"WebCopies"}


def test_the_policy_of_a_group():
    found = planned(group="writers", policy="WebCopies")
    assert found.groups == {"writers": {"policies": ["WebCopies"]}}
    assert found.users["kingfisher-main-backup"]["groups"] == ["writers"]
    assert found.users["kingfisher-main-backup"]["policies"] == []


def test_groups_and_policies_by_kind():
    found = planned(user=USERS, group={"files": "writers"}, policy={"pgbackrest": "Repositories"})
    assert found.groups == {"writers": {"policies": ["writers"]}}
    assert found.users["pgbackrest-main"]["policies"] == ["Repositories"]


def test_what_grants_on_a_bucket_comes_after_the_bucket():
    require = planned(user=USERS, group={"files": "writers"}).require
    bucket = ["s3_bucket", "aws-bucket-ocp-db-backup"]
    assert all(bucket in states for kind in require.values() for states in kind.values())
    assert ["iam_user", "aws-user-files-main"] in require["keys"]["files-main"]
    assert ["iam_backup_policy", "aws-policy-writers"] in require["keys"]["files-main"]


@pytest.mark.parametrize(
    ("backup", "sentence"),
    [
        ({"user": {"pgbackrest": "a", "fiels": "b"}}, "aws:backup:user:fiels is not a known key"),
        ({"user": {"fiels": "b"}}, "aws:backup:user is a mapping: give the name of an IAM user."),
        ({"user": {"files": 5}}, "aws:backup:user:files is 5: give the name of an IAM user"),
        ({"policy": "a b"}, "aws:backup:policy is 'a b'"),
        ({"store": {"files": {}}}, "aws:backup:store:files"),
        ({"store": {"files": "x"}}, "aws:backup:store:files"),
    ],
)
def test_bad_pillar_is_reported_with_its_key(backup, sentence):
    with pytest.raises(PillarError) as raised:
        planned(**backup)
    assert sentence in str(raised.value)
