"""What may stand in a store's places, and what is said of what may not."""

import pytest

from aws_runbook.access_keys import owners
from aws_runbook.access_keys.owners import Owner
from aws_runbook.errors import StoreError
from aws_runbook.stores.secret import Place

KEY, OTHER = "AKIAIOSFODNN7EXAMPLE", "AKIAI44QH8DHBEXAMPLE"
PGBACKREST = Place("pillar file r.sls, postgres:backup:s3_key", OTHER, occupied=True)
SCRIPTS = Place("pillar file r.sls, aws:access_key", KEY, occupied=True)
EMPTY = Place("pillar file r.sls, aws:other", None, occupied=False)


def test_every_id_is_found_once():
    assert owners.stored_ids([PGBACKREST, EMPTY, SCRIPTS, SCRIPTS]) == [OTHER, KEY]
    assert owners.stored_ids([EMPTY]) == []


@pytest.mark.parametrize("value", [None, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "changeme", "AKIA"])
def test_what_is_no_id_is_neither_overwritten_nor_quoted(value):
    with pytest.raises(StoreError, match=r"aws:access_key is not a readable access key ID.*not overwritten") as refused:
        owners.stored_ids([EMPTY, Place("pillar file r.sls, aws:access_key", value, occupied=True)])
    assert str(value) not in str(refused.value)


@pytest.mark.parametrize(
    ("kinds", "place", "cure"),
    [
        (["pgbackrest", "files"], PGBACKREST, "set aws:backup:user to {pgbackrest: other, files: us} in its pillar"),
        (["pgbackrest", "mysql"], SCRIPTS, "set aws:backup:user to {pgbackrest: us, mysql: other} in its pillar"),
        (None, PGBACKREST, "set aws:backup:user to {pgbackrest: other, files: us} in its pillar"),
        (["pgbackrest"], PGBACKREST, "Set aws:backup:user to other in the server's pillar"),
        ([], SCRIPTS, "Name another place in aws:ses:smtp_users:us:store, or other in the place of us"),
    ],
)
def test_another_users_key_names_the_pillar_that_makes_it_right(kinds, place, cure):
    said = str(owners.refusal("us", [PGBACKREST, SCRIPTS], {place.value: Owner(user="other")}, kinds))
    assert said.startswith(f"The access key {place.value} in {place.where} belongs to the user other, not to us")
    assert cure in said


def test_another_accounts_key_names_the_account():
    said = str(owners.refusal("us", [SCRIPTS], {KEY: Owner(account="999988887777")}, ["files"]))
    assert f"{KEY} in {SCRIPTS.where} belongs to the AWS account 999988887777" in said
    assert "Name another place in aws:backup:store" in said


def test_keys_of_two_others_are_reported_at_once_with_the_pillar_that_names_both():
    found = {OTHER: Owner(user="pgbackrest-main"), KEY: Owner(user="files-main")}
    said = str(owners.refusal("us", [PGBACKREST, SCRIPTS], found, ["pgbackrest", "files"]))
    assert said.startswith(
        f"The access key {OTHER} in {PGBACKREST.where} belongs to the user pgbackrest-main, and {KEY} in {SCRIPTS.where} to the "
        "user files-main, neither to us, and they are not overwritten. "
    )
    assert "set aws:backup:user to {pgbackrest: pgbackrest-main, files: files-main} in its pillar" in said
