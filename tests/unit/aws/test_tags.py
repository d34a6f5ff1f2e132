"""Tags: what is not a person's stays, and what is written once is not written again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_runbook.aws import tags
from aws_runbook.aws.tags import BUCKET, EC2, POLICY, RDS, SES, TOPIC, USER
from aws_runbook.errors import RunbookError

EVERY = [BUCKET, EC2, POLICY, RDS, SES, TOPIC, USER]
PREFIXES = ("aws:", "AWS:", "aWs:", "aws-runbook:", "rds:", "")
KEYS = st.builds("{}{}".format, st.sampled_from(PREFIXES), st.sampled_from(("a", "A", "b", "Name")))
TAGS = st.dictionaries(KEYS, st.sampled_from(("1", "2", "")), max_size=8)


def distinct(tagging, found):
    """What AWS can have on a thing: where keys ignore case, no two of one."""
    return {tagging.spelled({key: ""}, found).popitem()[0]: value for key, value in found.items()}


def wanted_of(tagging, asked):
    return distinct(tagging, {key: value for key, value in asked.items() if not tagging.reason(key)})


class Account:
    """A thing that takes writes as its service does."""

    def __init__(self, tagging, found):
        self.tags, self.tagging, self.calls = dict(found), tagging, 0

    def write(self, service, method, _doing, **parameters):
        self.calls += 1
        assert service == self.tagging.service
        if method == self.tagging.remove:
            keys = parameters.get("TagKeys") or [tag["Key"] for tag in parameters["Tags"]]
            self.tags = {key: value for key, value in self.tags.items() if key not in keys}
        else:
            assert method == self.tagging.add
            self.tags |= tags.mapping(parameters["Tags"])


@pytest.mark.parametrize("tagging", [tagging for tagging in EVERY if tagging.add], ids=lambda tagging: tagging.add)
@given(found=TAGS, asked=TAGS, purge=st.booleans())
def test_what_is_wanted_is_there_and_what_is_not_a_persons_is_as_it_was(tagging, found, asked, purge):
    account = Account(tagging, distinct(tagging, found))
    before, wanted = dict(account.tags), wanted_of(tagging, asked)
    persons = tagging.of(tags.listing(before))
    target = tagging.target(wanted, persons, purge=purge)
    tagging.write(account, "a thing", target, persons)
    after = tagging.of(tags.listing(account.tags))
    assert after == target
    assert tagging.spelled(wanted, after).items() <= after.items()
    assert purge or persons.keys() <= after.keys()
    assert {key: before[key] for key in before if tagging.reason(key)} == {
        key: account.tags[key] for key in account.tags if tagging.reason(key)
    }
    assert tagging.compare(wanted, after, purge=purge) == ({}, [])
    account.calls = 0
    tagging.write(account, "a thing", target, after)
    assert account.calls == 0


@given(found=TAGS, asked=TAGS)
def test_a_call_that_replaces_all_tags_has_those_that_are_not_a_persons(found, asked):
    wanted = wanted_of(BUCKET, asked)
    whole = BUCKET.whole(tags.listing(found), wanted)
    assert BUCKET.of(tags.listing(whole)) == wanted
    assert {key: found[key] for key in found if BUCKET.reason(key)}.items() <= whole.items()


@pytest.mark.parametrize("tagging", EVERY)
@pytest.mark.parametrize("key", ["aws:x", "AWS:x", "Aws:", "aws-runbook:making", "AWS-RUNBOOK:x"])
def test_keys_that_nobody_can_ask_for(tagging, key):
    with pytest.raises(RunbookError, match=f"thing: tags has the key '{key}': .* leave it out."):
        tagging.check("thing", {"team": "data", key: "1"})
    with pytest.raises(ValueError, match="leave it out"):
        tags.check_key(key)


@pytest.mark.parametrize("key", ["aws", "awsome:x", "team", "x:aws:y", "Name"])
def test_keys_that_anybody_can_ask_for(key):
    BUCKET.check("thing", {key: "1"})
    tags.check_key(key)


def test_keys_that_are_the_same_for_iam():
    with pytest.raises(RunbookError) as refused:
        tags.USER.check("user cms", ["Team", "team"])
    assert str(refused.value) == "user cms: tags has the keys Team and team, which are the same for AWS; leave one out."
    BUCKET.check("bucket ocp-cms-backup", ["Team", "team"])
