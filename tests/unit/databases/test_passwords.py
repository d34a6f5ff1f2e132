"""Master passwords: what RDS takes, stored before it is given, and never lost."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_runbook.databases import passwords
from aws_runbook.errors import AwsError, RunbookError, StoreError, UnreachableError
from aws_runbook.stores import secret as stores
from aws_runbook.stores.secret import Secret


class Place:
    """
    A store that remembers what it was given; ``readable`` is off where the private key is elsewhere. ``others`` are what stands in
    further places.
    """

    def __init__(self, password=None, *others, readable=True):
        self.held = [other and Secret(other) for other in (password, *others)]
        self.readable = readable
        self.written = 0
        self.tried = None

    @property
    def password(self):
        (password,) = {text and text.reveal() for text in self.held}
        return password and Secret(password)

    def places(self, name):
        assert name == passwords.NAME
        return [
            stores.Place(f"place {number}", text if self.readable else None, text is not None)
            for number, text in enumerate(self.held)
        ]

    def alone(self):
        return contextlib.nullcontext()

    def check(self, names, *, write=True):
        assert names == [passwords.NAME]
        self.tried = write

    def write(self, values):
        before = self.held
        self.held = [values[passwords.NAME]] * len(before)
        self.written += 1

        def undo():
            self.held = before
            return ""

        return undo

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
    with pytest.raises(StoreError, match="is not one that RDS accepts") as excinfo:
        passwords.for_new("DB instance x", Place("p@ss word"), "postgres")
    assert "p@ss" not in str(excinfo.value)


def test_one_that_cannot_be_read_is_not_overwritten():
    place = Place("somebody-elses", readable=False)
    with pytest.raises(StoreError, match="cannot be read from here, and is not overwritten"):
        passwords.for_new("DB instance x", place, "postgres")
    assert place.written == 0


@pytest.mark.parametrize(
    "held", [("one-password-of-a", "one-password-of-b"), (None, "one-password-of-a", "one-password-of-b")]
)
def test_of_two_that_differ_neither_is_overwritten(held):
    for write in (
        lambda place: passwords.for_new("DB instance x", place, "postgres"),
        lambda place: passwords.replace("DB instance x", place, failing(AssertionError()), again="x"),
        lambda place: passwords.give_stored("DB instance x", place, "postgres", failing(AssertionError()), again="x"),
        lambda place: passwords.check("DB instance x", {"master_password": "stored"}, None, place, reset=None),
        lambda place: passwords.check("DB instance x", {"master_password": "stored"}, {}, place, reset=None),
    ):
        place = Place(*held)
        with pytest.raises(StoreError, match="differ, and neither is overwritten") as caught:
            write(place)
        assert "one-password" not in str(caught.value)
        assert place.written == 0


def test_a_password_in_one_of_two_places_is_used_and_put_into_the_other():
    place = Place(None, "correct-horse-battery")
    password, made = passwords.for_new("DB instance x", place, "postgres")
    assert (password.reveal(), made) == ("correct-horse-battery", False)
    assert place.password.reveal() == "correct-horse-battery"


def test_a_stored_password_becomes_that_of_a_database_whose_password_aws_has_kept():
    place, given_to_aws = Place("correct-horse-battery"), []
    passwords.give_stored("DB instance x", place, "postgres", given_to_aws.append, again="x")
    assert [password.reveal() for password in given_to_aws] == ["correct-horse-battery"]
    assert place.password.reveal() == "correct-horse-battery"


@pytest.mark.parametrize("held", [(None, None), (None, "correct-horse-battery")])
def test_what_stood_there_comes_back_when_aws_refuses_to_let_go_of_its_own(held):
    place = Place(*held)
    with pytest.raises(AwsError, match=r"^AWS says no\.$"):
        passwords.give_stored("DB instance x", place, "postgres", failing(answer(400)), again="x")
    assert [text and text.reveal() for text in place.held] == list(held)


def test_one_that_cannot_be_read_comes_back_too():
    place = Place("old-password", readable=False)
    with pytest.raises(AwsError, match=r"^AWS says no\.$"):
        passwords.replace("DB instance x", place, failing(answer(400)), again="x")
    assert place.password.reveal() == "old-password"


def test_a_store_that_cannot_be_restored_is_reported():
    place = Place("old-password")
    place.write = lambda _values: lambda: "The new values are still in the store: the disk is full."
    with pytest.raises(
        RunbookError, match=r"^AWS says no\. The new values are still in the store: the disk is full\.$"
    ):
        passwords.replace("DB instance x", place, failing(answer(400)), again="x")


def test_a_replaced_one_is_stored_before_it_is_given():
    place, given_to_aws = Place("old-password"), []
    passwords.replace(
        "DB instance x", place, lambda password: given_to_aws.append(password == place.password), again="x"
    )
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
        passwords.replace("DB instance x", place, failing(answer(400)), again="x")
    assert place.password.reveal() == "old-password"


def test_the_old_one_comes_back_when_nothing_was_sent():
    place = Place("old-password")
    with pytest.raises(UnreachableError, match=r"^There are no AWS credentials\.$"):
        passwords.replace("DB instance x", place, failing(UnreachableError("There are no AWS credentials.")), again="x")
    assert place.password.reveal() == "old-password"


@pytest.mark.parametrize("error", [answer(500), RunbookError("The connection was reset.")])
def test_the_new_one_stays_when_it_is_not_known_whether_aws_took_it(error):
    place = Place("old-password")
    with pytest.raises(RunbookError, match="It is not known whether AWS accepted the new password") as excinfo:
        passwords.replace(
            "DB instance x", place, failing(error), again=lambda: "salt-call rds_instance.reset_password x"
        )
    assert place.password.reveal() != "old-password"
    assert str(excinfo.value).endswith("salt-call rds_instance.reset_password x.")


@pytest.mark.parametrize(
    ("wanted", "entry", "place", "sentence"),
    [
        ({"master_password": "stored"}, None, None, "store is missing"),
        ({}, None, None, "give a store for its password, or set master_password: managed"),
        ({"master_password": "stored"}, {}, Place(), "its password is not in place 0"),
        ({"master_password": "stored"}, None, Place("p@ss word"), "is not one that RDS accepts (8 to 41 printable"),
        ({"master_password": "stored"}, None, Place("theirs", readable=False), "cannot be read from here"),
    ],
)
def test_a_missing_password_is_reported_before_anything_is_written(wanted, entry, place, sentence):
    with pytest.raises(RunbookError) as excinfo:
        passwords.check("DB instance x", wanted, entry, place, reset=lambda: "rds_instance.reset_password x")
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
    passwords.check("DB instance x", wanted, entry, place, reset=lambda: "rds_instance.reset_password x")


def test_a_store_is_not_written_to_while_it_is_only_planned():
    place = Place()
    passwords.check("DB instance x", {"master_password": "stored"}, None, place, reset=lambda: "x")
    assert place.tried is False
    passwords.for_new("DB instance x", place, "postgres")
    assert place.tried is True
