import yaml

from aws_runbook.adopt import subjects
from aws_runbook.adopt.result import CHANGE, NOT_EXPRESSED, Result, merged, text


def test_what_pillar_does_not_take_is_left_out_with_the_reason():
    result = Result()
    assert not result.say("control", ("aws", "ses", "identities", "no domain"), {}, "identity no domain")
    assert result.pillar == {}
    (note,) = result.notes
    assert (note.kind, note.about) == (NOT_EXPRESSED, "identity no domain")
    assert "aws:ses:identities has a key 'no domain'" in note.note
    assert not result.is_whole


def test_parts_join_and_stand_in_a_stable_order():
    result = Result()
    result.say("control", ("aws", "sns", "topics", "b"), {}, "topic b")
    result.say("control", ("aws", "sns", "topics", "a"), {"display_name": "x"}, "topic a")
    result.note(CHANGE, "b", "second")
    result.note(NOT_EXPRESSED, "c", "third")
    result.note(CHANGE, "a", "first\n line")
    result.note(CHANGE, "a", "first line")
    data = result.as_data()
    assert list(data["pillar"]["control"]["aws"]["sns"]["topics"]) == ["a", "b"]
    assert [note["note"] for note in data["notes"]] == ["third", "first line", "second"]


def test_adopted_parts_replace_what_pillar_says_there_and_nothing_else():
    pillar = {"postgres": 1, "aws": {"region": "eu-west-2", "backup": {"group": "old"}}}
    assert merged(pillar, {"aws": {"backup": {"user": "new"}}}) == {
        "postgres": 1,
        "aws": {"region": "eu-west-2", "backup": {"user": "new"}},
    }
    assert merged(pillar, {}) == pillar


def test_each_minion_is_a_document_and_each_note_a_comment():
    part = {"aws": {"backup": {"user": "123"}}}
    notes = [{"kind": CHANGE, "about": "user 123", "note": "It gets a policy."}]
    shown = text({"pillar": {"cms": part, "registry": part}, "notes": notes})
    assert list(yaml.safe_load_all(shown)) == [part, part]
    assert shown.startswith("# What the first run still changes:\n#   user 123: It gets a policy.\n")


def test_what_jinja_would_read_is_kept_from_it():
    tagged = {"aws": {"backup": {"buckets": {"ocp-x": {"tags": {"owner": "{{ grains.id }}"}}}}}}
    shown = text({"pillar": {"cms": tagged}, "notes": []})
    assert shown.startswith("#!yaml\n")
    assert yaml.safe_load(shown) == tagged
    noted = text({"pillar": {}, "notes": [{"kind": CHANGE, "about": "x", "note": "{% if %}"}]})
    assert noted.startswith("#!yaml\n")
    assert yaml.safe_load(noted) == {}


def test_subjects_are_found_by_themselves():
    assert "backups" in subjects.subjects()
