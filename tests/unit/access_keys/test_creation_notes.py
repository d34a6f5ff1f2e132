"""Which key a killed run left: the one of its note, and never anybody else's."""

import os
from datetime import datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from aws_runbook.access_keys import creation_notes
from aws_runbook.access_keys.creation_notes import Note, orphan
from aws_runbook.access_keys.rotation import Key

NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)
UNTIL = NOW + creation_notes.MOMENT
NAMES = ["A", "B", "C", "D"]

MOMENTS = st.integers(-60, 60).map(lambda seconds: NOW + timedelta(seconds=seconds))
KEYS = st.lists(
    st.builds(Key, st.sampled_from(NAMES), active=st.booleans(), created=MOMENTS, last_used=st.none() | MOMENTS),
    max_size=3,
    unique_by=lambda key: key.id,
)
SOME = st.lists(st.sampled_from(NAMES), max_size=2)


@given(KEYS, SOME, SOME)
def test_nothing_that_could_be_somebody_elses_is_taken_for_it(keys, known, stored):
    found = orphan(Note(NOW, "here-1", tuple(known)), keys, stored, UNTIL)
    if found:
        assert found.id not in (*known, *stored)
        assert found.active
        assert found.last_used is None
        assert NOW <= found.created <= UNTIL
        others = [key for key in keys if key.id != found.id and key.id not in (*known, *stored)]
        assert not any(NOW <= key.created <= UNTIL and key.active and key.last_used is None for key in others), (
            "two could be it"
        )


def test_the_key_of_the_note_is_found():
    made = Key("B", active=True, created=NOW + timedelta(seconds=1))
    assert orphan(Note(NOW, "here-1", ("A",)), [Key("A", active=True, created=NOW), made], ["A"], UNTIL) == made


@given(MOMENTS, st.sampled_from(["0123456789ab-77"]), SOME)
def test_the_tag_reads_as_it_was_written_and_fits(since, maker, known):
    note = Note(since, maker, tuple(known))
    assert Note.parse(note.text()) == note
    assert len(note.text()) <= 256


def test_what_is_no_note():
    for text in (None, "", "done", "somebody else's words", "2026-06-01T12:00:00Z", "9999-06-01T12:00:00Z a-1"):
        assert Note.parse(text) is None


def test_a_run_on_this_machine_lives_while_its_process_does():
    here = creation_notes._machine()
    assert Note(NOW, f"{here}-{os.getppid()}", ()).is_live(NOW)
    assert not Note(NOW, f"{here}-{os.getpid()}", ()).is_live(NOW)  # this process is making none now
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)
    assert not Note(NOW, f"{here}-{child}", ()).is_live(NOW)


def test_a_run_on_another_machine_may_live_for_ten_minutes():
    note = Note(NOW, "another-1", ())
    assert note.is_live(NOW + timedelta(minutes=9))
    assert not note.is_live(NOW + timedelta(minutes=10))
