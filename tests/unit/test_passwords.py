"""Master passwords: what RDS takes, stored before it is given, and never lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_runbook import passwords
from aws_runbook.errors import AwsError, RunbookError, StoreError
from aws_runbook.secrets import Secret


class Place:
    """A store that remembers what it was given; ``readable`` is off where the private key is elsewhere."""

    def __init__(self, password=None, *, readable=True):
        self.password = password and Secret(password)
        self.readable = readable
        self.written = 0
        self.tried = None

    def check(self, names, *, write=True):
        assert names == [passwords.NAME]
        self.tried = write

    def read(self, names):
        return dict.fromkeys(names, self.password if self.readable else None)

    def holds(self, name):
        return name == passwords.NAME and self.password is not None

    def write(self, values):
        self.password = values[passwords.NAME]
        self.written += 1

    def describe(self):
        return "the store"


def test_what_is_made_is_what_rds_takes():
    made = [passwords.generate() for _ in range(200)]
    assert all(passwords.is_valid(password) for password in made)
    assert all(len(password.reveal()) == passwords.LENGTH for password in made)
    assert len({password.reveal() for password in made}) == 200


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7F), max_size=140))
def test_rdss_rules(text):
    expected = 8 <= len(text) <= 128 and text.isprintable() and not set(text) & set('/"@ ')
    assert passwords.is_valid(Secret(text)) == expected


@pytest.mark.parametrize(("engine", "longest"), [("postgres", 128), ("mysql", 41), ("aurora-postgresql", 41)])
def test_how_long_it_can_be(engine, longest):
    assert passwords.is_valid(Secret("x" * longest), engine)
    assert not passwords.is_valid(Secret("x" * (longest + 1)), engine)
    assert passwords.is_valid(passwords.generate(), engine)


@pytest.mark.parametrize("text", ["correct-hörse", "tab\there-horse", "é" * 20])
def test_printable_ascii_only(text):
    assert not passwords.is_valid(Secret(text))


def test_a_new_one_is_stored_first():
    place = Place()
    password, made = passwords.for_new("DB instance x", place, "postgres")
    assert made
    assert place.password == password


def test_one_that_is_stored_already_is_used():
    place = Place("correct-horse-battery")
    password, made = passwords.for_new("DB instance x", place, "postgres")
    assert password.reveal() == "correct-horse-battery"
    assert not made
    assert place.written == 0


def test_one_that_rds_does_not_take_is_refused_and_not_shown():
    with pytest.raises(StoreError, match="is not one that RDS takes") as excinfo:
        passwords.for_new("DB instance x", Place("p@ss word"), "postgres")
    assert "p@ss" not in str(excinfo.value)


def test_one_that_cannot_be_read_is_not_overwritten():
    place = Place("somebody-elses", readable=False)
    with pytest.raises(StoreError, match="cannot be read from here, and is not overwritten"):
        passwords.for_new("DB instance x", place, "postgres")
    assert place.written == 0


def test_a_replaced_one_is_stored_before_it_is_given():
    place, given_to_aws = Place("old-password"), []
    passwords.replace(place, lambda password: given_to_aws.append(password == place.password), again="x")
    assert given_to_aws == [True]


def answer(status):
    error = AwsError("AWS says no.", "No")
    error.response = {"ResponseMetadata": {"HTTPStatusCode": status}}
    return error


def failing(error):
    def give(_password):
        raise error

    return give


def test_the_old_one_comes_back_when_aws_refuses():
    place = Place("old-password")
    with pytest.raises(AwsError, match=r"^AWS says no\.$"):
        passwords.replace(place, failing(answer(400)), again="x")
    assert place.password.reveal() == "old-password"


@pytest.mark.parametrize("error", [answer(500), RunbookError("The connection was reset.")])
def test_the_new_one_stays_when_it_is_not_known_whether_aws_took_it(error):
    place = Place("old-password")
    with pytest.raises(RunbookError, match="It is not known whether AWS took the new password") as excinfo:
        passwords.replace(place, failing(error), again="rds_instance.reset_password x")
    assert place.password.reveal() != "old-password"
    assert str(excinfo.value).endswith("salt-call rds_instance.reset_password x.")


@pytest.mark.parametrize(
    ("wanted", "entry", "place", "sentence"),
    [
        ({"master_password": "stored"}, None, None, "no store is named"),
        ({}, None, None, "name a store for its password, or say master_password: managed"),
        ({"master_password": "stored"}, {}, Place(), "its password is not in the store"),
        ({"master_password": "stored"}, None, Place("p@ss word"), "is not one that RDS takes (8 to 41 printable"),
        ({"master_password": "stored"}, None, Place("theirs", readable=False), "cannot be read from here"),
    ],
)
def test_what_is_missing_is_said_before(wanted, entry, place, sentence):
    with pytest.raises(RunbookError) as excinfo:
        passwords.check("DB instance x", wanted, entry, place, reset="rds_instance.reset_password x")
    assert sentence in str(excinfo.value)


@pytest.mark.parametrize(
    ("wanted", "entry", "place"),
    [
        ({"master_password": "managed"}, None, None),
        ({"master_password": "stored"}, None, Place()),
        ({"master_password": "stored"}, {}, Place("there")),
        ({"master_password": "stored"}, {"MasterUserSecret": {}}, Place("there")),
        ({}, {}, None),
    ],
)
def test_what_is_enough(wanted, entry, place):
    passwords.check("DB instance x", wanted, entry, place, reset="rds_instance.reset_password x")


def test_a_store_is_not_written_to_while_it_is_only_planned():
    place = Place()
    passwords.check("DB instance x", {"master_password": "stored"}, None, place, reset="x")
    assert place.tried is False
    passwords.for_new("DB instance x", place, "postgres")
    assert place.tried is True
