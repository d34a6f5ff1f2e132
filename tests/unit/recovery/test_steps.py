"""A whole recovery, with a model of S3 in place of AWS."""

import logging
import threading
import tracemalloc
from collections import Counter
from contextvars import ContextVar
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aws_runbook.backups.targets import Target
from aws_runbook.errors import AwsError, UnreachableError
from aws_runbook.recovery import steps
from aws_runbook.recovery.locations import Destination, of_server
from aws_runbook.recovery.steps import Recovery
from tests.fixtures.versioned import SSE_C, START, Bucket, Refused, Session

HOUR = timedelta(hours=1)
TARGETS = [
    Target("one", "sync", "b", "own", "eu-west-2", expires=False),
    Target("two", "sync", "b", "own/others", "eu-west-2", expires=False),
]
PLACES = of_server("one", TARGETS)
HERE, THERE = Destination(), Destination("c", "new/", "us-east-1")


def bucket(name="b", versioning="Enabled"):
    made = Bucket(name)
    made.versioning = versioning
    return made


def recovered(session, moment, to=HERE, status="Enabled"):
    with Recovery(session, PLACES, moment, to, status) as recovery:
        recovery.plan()
        recovery.carry_out()
        recovery.compare()
    return recovery


def versions(found):
    return {(key, version.id) for key, listed in found.keys.items() for version in listed}


def own(contents):
    return {
        key: content
        for key, content in contents.items()
        if key.startswith("own/") and not key.startswith("own/others/")
    }


KEYS = ("own/a", "own/b", "own/c", "own/others/d", "other/e")
ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.sampled_from(KEYS), st.binary(max_size=2)),
        st.tuples(
            st.just("parts"), st.sampled_from(KEYS), st.lists(st.binary(min_size=1, max_size=3), min_size=1, max_size=3)
        ),
        st.tuples(st.just("delete"), st.sampled_from(KEYS), st.none()),
    ),
    max_size=12,
)


def act(found, actions):
    """Do that, an hour after each other; what there was after each."""
    seen = [(found.now, found.live())]
    for what, key, content in actions:
        found.wait(HOUR)
        if what == "delete":
            found.delete(key)
        else:
            found.put(key, content, parts=tuple(content) if what == "parts" else None)
        seen.append((found.now, found.live()))
    found.wait(HOUR)
    return seen


@settings(max_examples=60, deadline=None)
@given(ACTIONS, st.data())
def test_all_is_as_it_was_and_no_version_is_lost(actions, data):
    found = bucket()
    moment, then = data.draw(st.sampled_from(act(found, actions)))
    before, others = (
        versions(found),
        {key: content for key, content in found.live().items() if key not in own(found.live())},
    )
    session = Session(found, page_size=data.draw(st.integers(1, 4)))
    recovery = recovered(session, moment)
    assert own(found.live()) == own(then)
    assert {key: content for key, content in found.live().items() if key not in own(found.live())} == others
    assert before <= versions(found)
    assert not recovery.problems.counts
    assert not recovery.differing.counts
    session.calls.clear()
    found.wait(HOUR)
    again = recovered(session, moment)
    assert session.calls == [], "a second one has nothing to do"
    assert not again.differing.counts


@settings(max_examples=40, deadline=None)
@given(ACTIONS, st.data())
def test_it_can_be_taken_back(actions, data):
    found = bucket()
    moment, _ = data.draw(st.sampled_from(act(found, actions)))
    before, last = found.now, found.live()
    found.wait(HOUR)
    session = Session(found)
    recovered(session, moment)
    found.wait(HOUR)
    recovered(session, before)
    assert found.live() == last


@settings(max_examples=40, deadline=None)
@given(ACTIONS, st.integers(0, 6), st.data())
def test_one_that_was_broken_off_is_made_again(actions, allowed, data):
    found = bucket()
    moment, then = data.draw(st.sampled_from(act(found, actions)))
    left = [allowed]

    def give_up(_method, _parameters):
        left[0] -= 1
        if left[0] < 0:
            raise UnreachableError("the network is gone.")

    session = Session(found, before=give_up)
    try:
        recovered(session, moment)
    except UnreachableError:
        found.wait(HOUR)
        left[0] = 1000
        recovered(session, moment)
    assert own(found.live()) == own(then)


@settings(max_examples=40, deadline=None)
@given(ACTIONS, st.data())
def test_elsewhere(actions, data):
    found, other = bucket(), bucket("c")
    moment, then = data.draw(st.sampled_from(act(found, actions)))
    other.put("new/own/b", b"old", parts=(b"o", b"ld"))
    other.put("new/own/zzz", b"of somebody else")
    other.put("own/a", b"of somebody else")
    before = found.live()
    session = Session(found, other, page_size=data.draw(st.integers(1, 4)))
    recovery = recovered(session, moment, THERE)
    assert found.live() == before
    expected = {f"new/{key}": content for key, content in own(then).items()}
    kept = {"new/own/b": b"old", "new/own/zzz": b"of somebody else", "own/a": b"of somebody else"}
    assert other.live() == {**kept, **expected}
    assert not recovery.differing.counts
    assert recovery.tallies[0]["others"] == len(kept.keys() - expected.keys() - {"own/a"})
    session.calls.clear()
    recovered(session, moment, THERE)
    assert session.calls == []


def test_elsewhere_nothing_is_written_over_where_no_versions_are_kept():
    found, other = bucket(), bucket("c", None)
    found.put("own/a", b"a")
    found.put("own/b", b"b")
    other.put("new/own/a", b"another")
    other.put("new/own/b", b"b")
    recovery = recovered(Session(found, other), found.now, THERE, None)
    assert other.live()["new/own/a"] == b"another"
    assert recovery.problems.examples == {"in the way": ["b/own/a"]}
    assert not recovery.differing.counts


def overwritten(found, number, **given):
    for name in range(number):
        found.put(f"own/{name:05d}", b"good", **given)
    moment = found.now
    found.wait(HOUR)
    for name in range(number):
        found.put(f"own/{name:05d}", b"bad!")
    found.wait(HOUR)
    return moment


def test_what_cannot_be_brought_back_is_named_and_the_rest_is():
    found = bucket()
    moment = overwritten(found, 5)
    first = [found.keys[f"own/0000{number}"][1] for number in range(5)]
    first[0].storage_class, first[1].sse_c = "GLACIER", True
    first[2].parts, first[2].in_parts, first[2].sse_c = (b"go", b"od"), True, True
    session = Session(found)
    with Recovery(session, PLACES, moment, HERE) as recovery:
        recovery.plan()
        assert recovery.problems.examples == {"archived": ["b/own/00000"]}
        found.delete_version("own/00003", first[3].id)
        recovery.carry_out()
        recovery.compare()
    # As they came to an end, which is in no order.
    assert {reason: sorted(names) for reason, names in recovery.problems.examples.items()} == {
        "archived": ["b/own/00000"],
        "encrypted": [
            f"b/own/00001 (Cannot do that: AWS says InvalidRequest: {SSE_C}.)",
            "b/own/00002 (Cannot do that: AWS says 400.)",
        ],
        "gone": ["b/own/00003"],
    }
    assert found.current("own/00004").content == b"good"
    # What is gone did not exist then, as far as the listing tells now; it is named already.
    assert not recovery.differing.counts


def test_more_than_a_thousand_are_counted_and_the_first_are_named():
    found = bucket()
    moment = overwritten(found, 1003, storage_class="DEEP_ARCHIVE")
    with Recovery(Session(found), PLACES, moment, HERE) as recovery:
        recovery.plan()
    assert recovery.problems.counts == {"archived": 1003}
    assert len(recovery.problems.examples["archived"]) == 1000


def test_what_is_written_meanwhile_is_reported():
    found = bucket()
    moment = overwritten(found, 3)
    session = Session(found)
    with Recovery(session, PLACES, moment, HERE) as recovery:
        recovery.plan()
        recovery.carry_out()
        found.put("own/00001", b"again")
        recovery.compare()
    assert recovery.differing.examples == {"differs": ["b/own/00001"]}


def test_metadata_tags_and_storage_class_come_along_in_parts_too():
    found = bucket()
    kept = {"tags": {"k": "v"}, "metadata": {"m": "n"}, "storage_class": "STANDARD_IA"}
    for name, parts in (
        ("whole", None),
        ("parts", (b"12", b"34", b"5")),
        ("uneven", (b"1", b"2345", b"6")),
        ("large", (b"1234", b"5", b"6")),
    ):
        found.put(f"own/{name}", b"x", parts=parts, **kept)
    moment = found.now
    found.wait(HOUR)
    for name in ("whole", "parts", "uneven", "large"):
        found.delete(f"own/{name}")
    recovered(Session(found), moment)
    for name in ("whole", "parts", "uneven", "large"):
        new, _, old = found.keys[f"own/{name}"]
        assert new.id != old.id
        assert (new.etag, new.parts, new.tags, new.metadata, new.storage_class) == (
            old.etag,
            old.parts,
            old.tags,
            old.metadata,
            old.storage_class,
        )


def test_an_upload_that_fails_is_given_up():
    found = bucket()
    found.put("own/a", b"", parts=(b"1", b"2"))
    moment = found.now
    found.wait(HOUR)
    found.delete("own/a")

    def refuse(method, _):
        if method == "upload_part_copy":
            raise Refused("InternalError")

    recovery = recovered(Session(found, before=refuse), moment)
    assert recovery.problems.counts == {"failed": 1}
    assert found.uploads == {}


class Kms(Session):
    """A bucket whose ETags say nothing of the content."""

    def _copy_object(self, **parameters):
        answer = super()._copy_object(**parameters)
        self.buckets[parameters["Bucket"]].keys[parameters["Key"]][0].parts += (b"",)
        return {**answer, "CopyObjectResult": {"ETag": '"of another key"'}}


def test_what_has_another_etag_is_known_for_what_was_written():
    found = bucket()
    moment = overwritten(found, 3)
    recovery = recovered(Kms(found), moment)
    assert not recovery.differing.counts


def test_without_permission_it_ends_at_once():
    found = bucket()
    moment = overwritten(found, 500)

    def refuse(method, _):
        if method == "copy_object":
            raise Refused("AccessDenied")

    session = Session(found, before=refuse)
    with pytest.raises(AwsError, match="AccessDenied"):
        recovered(session, moment)


def test_what_is_denied_for_one_object_alone_is_named():
    found = bucket()
    moment = overwritten(found, 100)

    def refuse(_, parameters):
        if parameters.get("Key") == "own/00007":
            raise Refused("AccessDenied")

    recovery = recovered(Session(found, before=refuse), moment)
    assert recovery.problems.examples["failed"] == ["b/own/00007 (Cannot do that: AWS says AccessDenied.)"]
    assert recovery.problems.counts == {"failed": 1}


def test_many_at_a_time_and_markers_by_the_thousand():
    found = bucket()
    moment = overwritten(found, 300)
    for number in range(2500):
        found.put(f"own/new{number}", b"of a thief")
    meeting = threading.Barrier(steps._OBJECTS)

    def meet(method, _):
        if method == "copy_object" and meeting.n_waiting + 1 <= steps._OBJECTS and not done:
            meeting.wait(timeout=20)
            done.append(True)

    done = []
    session = Session(found, before=meet)
    recovered(session, moment)
    assert session.most >= steps._OBJECTS
    markers = [
        len(parameters["Delete"]["Objects"]) for method, parameters in session.calls if method == "delete_objects"
    ]
    assert sorted(markers) == [500, 1000, 1000]


class Endless(Session):
    """A bucket with so many objects that no test could hold them."""

    def __init__(self, number):
        super().__init__()
        self.number = number

    def pages(self, *_arguments, **_named):
        for start in range(0, self.number, 500):
            entries = [
                {
                    "Key": f"own/{start + number // 2:09d}",
                    "VersionId": f"{start}-{number}",
                    "LastModified": START + HOUR * ((number + 1) % 2),
                    "IsLatest": not number % 2,
                    "Size": 1,
                    "ETag": f'"{number}"',
                }
                for number in range(1000)
            ]
            yield {"Versions": entries}


def test_memory_does_not_grow_with_the_number_of_objects():
    peaks = []
    for number in (2_000, 20_000):
        with Recovery(Endless(number), PLACES, START, HERE) as recovery:
            tracemalloc.start()
            recovery.plan()
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        assert recovery.tallies[0]["copy"] == number
    assert peaks[1] < peaks[0] + 500_000


def test_progress_is_shown_where_salt_shows_it(monkeypatch, caplog):
    found = bucket()
    moment = overwritten(found, 30)
    seconds = iter(range(0, 10_000, 4))
    monkeypatch.setattr("time.monotonic", lambda: next(seconds))
    monkeypatch.setattr("aws_runbook.recovery.copy_progress.Progress.__init__.__defaults__", (lambda: next(seconds),))
    with caplog.at_level(logging.WARNING):
        recovered(Session(found), moment)
    lines = [record.getMessage() for record in caplog.records]
    assert lines
    assert lines[0].startswith("recovery: ")
    assert " of 30 objects, " in lines[0]
    assert "about" in lines[0]
    assert lines[0].endswith(" left")


def test_what_s3_refuses_for_another_reason_is_not_called_encrypted():
    found = bucket()
    moment = overwritten(found, 2)

    def refuse(method, parameters):
        if method == "copy_object" and parameters["Key"] == "own/00000":
            raise Refused("InvalidRequest", "The specified copy source is larger than allowed")

    recovery = recovered(Session(found, before=refuse), moment)
    text = "Cannot do that: AWS says InvalidRequest: The specified copy source is larger than allowed."
    assert recovery.problems.examples == {"failed": [f"b/own/00000 ({text})"]}


@pytest.mark.parametrize("parts", [(b"x",), (b"",), (b"x", b""), (b"ab", b"c")])
def test_what_was_uploaded_in_parts_is_copied_in_parts_once(parts):
    """However many they are: its ETag is the same then, so that it is known for equal."""
    found = bucket()
    found.put("own/a", b"", parts=parts)
    moment = found.now
    found.wait(HOUR)
    found.delete("own/a")
    session = Session(found)
    assert not recovered(session, moment).differing.counts
    new, _, old = found.keys["own/a"]
    assert new.etag == old.etag
    found.wait(HOUR)
    session.calls.clear()
    recovered(session, moment)
    assert session.calls == []


def test_a_store_that_tells_nothing_of_parts_copies_the_whole():
    """As Ceph's gateway, release 16; what has another ETag than before is known for what this recovery has written."""
    found = bucket()
    found.put("own/a", b"", parts=(b"ab", b"c"))
    moment = found.now
    found.wait(HOUR)
    found.delete("own/a")
    session = Session(found)
    session.tells_parts = False
    recovery = recovered(session, moment)
    assert (recovery.problems.counts, recovery.differing.counts) == ({}, {})
    assert found.current("own/a").content == b"abc"


def test_a_key_that_xml_cannot_hold_is_hidden_by_itself():
    found = bucket()
    moment = overwritten(found, 1)
    for key in ("own/+ &<x>\r\n\tü\U0001f600", "own/\x01", "own/\x0b", "own/\ufffe", "own/plain"):
        found.put(key, b"of a thief")
    session = Session(found)
    recovery = recovered(session, moment)
    assert list(own(found.live())) == ["own/00000"]
    assert not recovery.problems.counts
    assert not recovery.differing.counts
    assert sorted(method for method, _ in session.calls if method.startswith("delete")) == [
        *["delete_object"] * 3,
        "delete_objects",
    ]


def test_where_it_is_not_known_since_when_versions_are_kept_only_what_was_deleted_then_is_hidden():
    found = bucket()
    found.put("own/deleted", b"")
    found.wait(HOUR)
    found.delete("own/deleted")
    found.wait(HOUR)
    moment = overwritten(found, 2)
    found.put("own/new", b"")
    found.put("own/deleted", b"back again")
    session = Session(found)
    with Recovery(session, PLACES, moment, HERE, unsure={"b"}) as recovery:
        recovery.plan()
        recovery.carry_out()
        recovery.compare()
    assert own(found.live()) == {"own/00000": b"good", "own/00001": b"good", "own/new": b""}
    assert recovery.left.examples == {"unknown": ["b/own/new"]}
    assert not recovery.differing.counts
    assert (recovery.tallies[0]["hide"], recovery.tallies[0]["left"]) == (1, 1)


def test_below_a_directory_that_no_pillar_declares_nothing_is_hidden():
    found = bucket()
    target = Target("one", "pgbackrest", "b", "own", "eu-west-2", expires=False)
    moment = overwritten(found, 1)
    for key in ("own/backup/x", "own/of another/x", "own/of another/y", "own/x"):
        found.put(key, b"new")
    with Recovery(Session(found), of_server("one", [target]), moment, HERE) as recovery:
        recovery.plan()
        recovery.carry_out()
        recovery.compare()
    assert sorted(own(found.live())) == ["own/00000", "own/of another/x", "own/of another/y"]
    assert recovery.left.examples == {"stranger": ["b/own/of another/"]}
    assert recovery.hidden == ["b/own/backup/x", "b/own/x"]
    assert not recovery.differing.counts


def test_the_first_of_what_is_hidden_are_named():
    found = bucket()
    moment = overwritten(found, 1)
    for number in range(20):
        found.put(f"own/new{number:02d}", b"")
    recovery = recovered(Session(found), moment)
    assert recovery.hidden == [f"b/own/new{number:02d}" for number in range(10)]


def test_each_call_says_what_it_does_and_where():
    found = bucket()
    found.put("own/parts", b"", parts=(b"1", b"234", b"5"), tags={"k": "v"})
    moment = overwritten(found, 1)
    found.delete("own/parts")
    found.put("own/\x01", b"")
    found.put("own/new", b"")
    session = Session(found)
    recovered(session, moment)
    region, read_tags = "eu-west-2", "read the tags of b/own/parts"
    assert set(session.told) == {
        ("s3", "list_object_versions", region, "list the versions in b/own", ()),
        ("s3", "copy_object", region, "bring back b/own/00000", ()),
        ("s3", "head_object", region, "read b/own/parts", ()),
        ("s3", "get_object_tagging", region, read_tags, ()),
        ("s3", "create_multipart_upload", region, "bring back b/own/parts", ()),
        ("s3", "upload_part_copy", region, "bring back b/own/parts", ()),
        ("s3", "complete_multipart_upload", region, "bring back b/own/parts", ()),
        ("s3", "delete_object", region, "hide b/own/\x01 by a delete marker", ()),
        ("s3", "delete_objects", region, "hide 1 objects of the bucket b by delete markers", ()),
    }
    (_, hidden) = next(call for call in session.calls if call[0] == "delete_objects")
    assert hidden == {"Bucket": "b", "Delete": {"Objects": [{"Key": "own/new"}], "Quiet": True}}


def test_each_call_to_another_bucket_says_so():
    found, other = bucket(), bucket("c", None)
    found.put("own/a", b"a")
    found.put("own/b", b"", parts=(b"1", b""))
    other.put("new/own/a", b"another")

    def refuse(method, _):
        if method == "complete_multipart_upload":
            raise Refused("InternalError")

    session = Session(found, other, before=refuse)
    recovered(session, found.now, THERE, None)
    region = "us-east-1"
    assert set(session.told) >= {
        ("s3", "list_object_versions", "eu-west-2", "list the versions in b/own", ()),
        ("s3", "list_object_versions", region, "list the versions in c/new/own/", ()),
        ("s3", "head_object", region, "read c/new/own/a", ("404", "NoSuchKey")),
        ("s3", "head_object", region, "read c/new/own/b", ("404", "NoSuchKey")),
        ("s3", "head_object", region, "read b/own/b", ()),
        ("s3", "upload_part", region, "bring back b/own/b", ()),
        ("s3", "abort_multipart_upload", region, "give up the upload of b/own/b", ("NoSuchUpload",)),
    }
    assert {entry[2] for entry in session.told} == {"eu-west-2", region}


def test_what_s3_tells_of_a_version_comes_along():
    class Told(Session):
        """HEAD tells more than the model keeps."""

        def _head_object(self, **parameters):
            return {
                **super()._head_object(**parameters),
                **dict.fromkeys(("CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage"), "x"),
                "ContentType": "y",
                "Expires": "z",
                "ETag": "not this",
            }

        def _create_multipart_upload(self, **parameters):
            self.created = parameters
            kept = ("Bucket", "Key", "StorageClass", "Metadata", "Tagging")
            return super()._create_multipart_upload(**{name: parameters[name] for name in kept if name in parameters})

    found = bucket()
    found.put(
        "own/a", b"", parts=(b"1", b"2"), tags={"a b": "c&d", "e": ""}, metadata={"m": "n"}, storage_class="GLACIER_IR"
    )
    moment = found.now
    found.wait(HOUR)
    found.delete("own/a")
    session = Told(found)
    recovered(session, moment)
    assert session.created == {
        "Bucket": "b",
        "Key": "own/a",
        **dict.fromkeys(("CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage"), "x"),
        "ContentType": "y",
        "Expires": "z",
        "Metadata": {"m": "n"},
        "Tagging": "a+b=c%26d&e=",
        "StorageClass": "GLACIER_IR",
    }


def test_what_s3_refuses_to_hide_is_named():
    class Refusing(Session):
        def _delete_objects(self, **parameters):
            super()._delete_objects(**parameters)
            return {"Errors": [{"Key": "own/new", "Code": "InternalError", "Message": "We broke."}, {"Key": "own/x"}]}

    found = bucket()
    moment = overwritten(found, 1)
    found.put("own/new", b"")
    recovery = recovered(Refusing(found), moment)
    assert recovery.problems.examples == {"failed": ["b/own/new (InternalError: We broke.)", "b/own/x (: )"]}


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("InvalidObjectState", "archived"),
        ("ObjectNotInActiveTierError", "archived"),
        ("NoSuchVersion", "gone"),
        ("NoSuchKey", "gone"),
        ("SlowDown", "failed"),
    ],
)
def test_why_an_object_cannot_be_brought_back(code, reason):
    found = bucket()
    moment = overwritten(found, 1)

    def refuse(method, _):
        if method == "copy_object":
            raise Refused(code, "Some words")

    recovery = recovered(Session(found, before=refuse), moment)
    text = f" (Cannot do that: AWS says {code}: Some words.)" if reason == "failed" else ""
    assert recovery.problems.examples == {reason: [f"b/own/00000{text}"]}
    assert recovery.problems.counts == {reason: 1}


@pytest.mark.parametrize(
    ("code", "examples"),
    [
        ("400", {"encrypted": ["b/own/a (Cannot do that: AWS says 400.)"]}),
        ("404", {"gone": ["b/own/a"]}),
        ("500", {"failed": ["b/own/a (Cannot do that: AWS says 500.)"]}),
    ],
)
def test_why_an_object_in_parts_cannot_be_looked_at(code, examples):
    found = bucket()
    found.put("own/a", b"", parts=(b"1", b"2"))
    moment = found.now
    found.wait(HOUR)
    found.delete("own/a")

    def refuse(method, _):
        if method == "head_object":
            raise Refused(code)

    recovery = recovered(Session(found, before=refuse), moment)
    assert recovery.problems.examples == examples


def test_what_a_plan_counts():
    found = bucket()
    found.put("own/same", b"12345")
    found.put("own/deleted", b"123")
    found.put("own/hidden", b"")
    found.wait(HOUR)
    found.delete("own/hidden")
    found.put("own/archived", b"1234567", storage_class="GLACIER")
    moment = found.now
    found.wait(HOUR)
    found.delete("own/deleted")
    found.delete("own/archived")
    found.put("own/hidden", b"again")
    found.put("own/new", b"new")
    found.put("own/others/x", b"of another server")
    found.put("own/parts", b"", parts=(b"1", b"2"))
    with Recovery(Session(found), PLACES, moment, HERE) as recovery:
        recovery.plan()
    assert recovery.tallies == [
        {
            "location": "b/own",
            "objects": 3,
            "bytes": 15,
            "copy": 2,
            "copy_bytes": 10,
            "hide": 3,
            "same": 1,
            "others": 0,
            "left": 0,
            "known": 4,
        }
    ]
    assert recovery.hidden == ["b/own/hidden", "b/own/new", "b/own/parts"]
    assert recovery.problems.examples == {"archived": ["b/own/archived"]}
    assert recovery.doubtful.counts == {}
    assert recovery.differing is None


def test_what_was_uploaded_in_parts_shortly_before_is_counted_as_doubtful():
    found = bucket()
    found.put("own/a", b"", parts=(b"1", b"2"))
    found.put("own/b", b"1")
    with Recovery(Session(found), PLACES, found.now, HERE) as recovery:
        recovery.plan()
    assert recovery.doubtful.examples == {"parts": ["b/own/a"]}
    with Recovery(Session(found), PLACES, found.now + timedelta(days=2), HERE) as recovery:
        recovery.plan()
    assert recovery.doubtful.counts == {}


def test_each_of_several_places_is_recovered_and_hidden_by_calls_of_its_own():
    targets = [
        Target("one", "files", "b", "x", "eu-west-2", expires=True),
        Target("one", "sync", "c", "y", "us-east-1", expires=False),
    ]
    one, two = bucket(), bucket("c")
    one.put("x/a", b"good")
    two.put("y/a", b"good")
    moment = one.now
    for each, prefix in ((one, "x"), (two, "y")):
        each.wait(HOUR)
        each.put(f"{prefix}/a", b"bad!")
        each.put(f"{prefix}/new", b"")
        each.put(f"{prefix}/more", b"")
    session = Session(one, two)
    with Recovery(session, of_server("one", targets), moment, HERE) as recovery:
        recovery.plan()
        recovery.carry_out()
        recovery.compare()
    assert (one.live(), two.live()) == ({"x/a": b"good"}, {"y/a": b"good"})
    hidden = [parameters for method, parameters in session.calls if method == "delete_objects"]
    assert sorted((call["Bucket"], [entry["Key"] for entry in call["Delete"]["Objects"]]) for call in hidden) == [
        ("b", ["x/more", "x/new"]),
        ("c", ["y/more", "y/new"]),
    ]
    assert [tally["location"] for tally in recovery.tallies] == ["b/x", "c/y"]
    assert {entry[2] for entry in session.told if entry[1] == "delete_objects"} == {"eu-west-2", "us-east-1"}


def calls_for(parts):
    """How often each method is called to bring back an object in such parts."""
    found = bucket()
    found.put("own/a", b"", parts=parts)
    moment = found.now
    found.wait(HOUR)
    found.delete("own/a")
    session = Session(found)
    assert not recovered(session, moment).differing.counts
    numbers = sorted(named["PartNumber"] for method, named in session.calls if method.startswith("upload_part"))
    return Counter(method for method, _ in session.calls), numbers


@pytest.mark.parametrize(
    ("parts", "heads", "numbers"),
    [
        ((b"12", b"34", b"5"), 1, [1, 2, 3]),
        ((b"12", b"34", b"56"), 1, [1, 2, 3]),
        ((b"12", b"34"), 1, [1, 2]),
        ((b"1",), 1, [1]),
        ((b"12", b"3", b"4567"), 3, [1, 1, 2, 2, 3, 3]),
        ((b"1234", b"5", b"6"), 3, [1, 2, 3]),
        # The next part would begin where the object ends.
        ((b"12", b"34", b""), 3, [1, 2, 3]),
    ],
)
def test_what_a_copy_in_parts_costs(parts, heads, numbers):
    """Of even parts one question is enough, and nothing is copied twice."""
    calls, copied = calls_for(parts)
    assert calls["head_object"] == heads
    assert copied == numbers
    assert calls["create_multipart_upload"] == calls["complete_multipart_upload"] == 1
    assert calls["abort_multipart_upload"] == 0


def test_an_object_in_parts_whose_new_etag_is_another_is_known_for_what_was_written():
    class KmsInParts(Session):
        def _complete_multipart_upload(self, **parameters):
            answer = super()._complete_multipart_upload(**parameters)
            self.buckets[parameters["Bucket"]].keys[parameters["Key"]][0].parts += (b"",)
            return {**answer, "ETag": '"of another key-2"'}

    found = bucket()
    found.put("own/a", b"", parts=(b"1", b"2"))
    moment = found.now
    found.wait(HOUR)
    found.delete("own/a")
    assert not recovered(KmsInParts(found), moment).differing.counts


def test_each_call_is_made_in_the_context_of_the_caller():
    """By it a store knows whose lock it is, and a run what it has read."""
    variable = ContextVar("variable", default="none")
    found, seen = bucket(), set()
    found.put("own/a", b"", parts=(b"1", b"2"))
    moment = overwritten(found, 1)
    found.delete("own/a")
    found.put("own/new", b"")
    variable.set("of the caller")
    recovered(Session(found, before=lambda method, _: seen.add((method, variable.get()))), moment)
    assert {value for _, value in seen} == {"of the caller"}
    assert {"upload_part_copy", "copy_object", "delete_objects"} <= {method for method, _ in seen}


@pytest.mark.parametrize("text", ["using Server Side Encryption", "server-side encryption", "Server-Side Encryption"])
def test_an_object_with_a_key_of_the_customers_own_is_called_encrypted(text):
    found = bucket()
    moment = overwritten(found, 1)

    def refuse(method, _):
        if method == "copy_object":
            raise Refused("InvalidRequest", text)

    recovery = recovered(Session(found, before=refuse), moment)
    assert list(recovery.problems.counts) == ["encrypted"]


@pytest.mark.parametrize(
    ("parts", "method"),
    [((b"x",), "complete_multipart_upload"), ((b"x", b"y"), "copy_object"), ((b"x", b"y", b"z"), "copy_object")],
)
def test_an_object_without_known_parts_is_copied_as_one(parts, method):
    found = bucket()
    found.put("own/a", b"", parts=parts)
    moment = found.now
    found.wait(HOUR)
    found.delete("own/a")
    session = Session(found)
    session.tells_parts = False
    recovered(session, moment)
    assert method in {called for called, _ in session.calls}
    assert found.live() == {"own/a": b"".join(parts)}


def test_elsewhere_beside_what_is_there_already():
    found, other = bucket(), bucket("c")
    for name in "bdf":
        found.put(f"own/{name}", name.encode())
    moment = found.now
    other.put("new/own/b", b"old")
    for name in "abcegh":
        other.put(f"new/own/{name}", name.encode())
    other.put("new/own/d", b"another")
    other.delete("new/own/c")
    before = other.live()
    for size in (1, 2, 1000):
        with Recovery(Session(found, other, page_size=size), PLACES, moment, THERE) as recovery:
            recovery.plan()
        (tally,) = recovery.tallies
        counted = {name: tally[name] for name in ("objects", "same", "copy", "hide", "others", "left")}
        assert counted == {"objects": 3, "same": 1, "copy": 2, "hide": 0, "others": 4, "left": 0}
        assert recovery.hidden == []
    session = Session(found, other)
    recovered(session, moment, THERE)
    assert other.live() == {**before, "new/own/d": b"d", "new/own/f": b"f"}
    assert sorted(parameters["Key"] for method, parameters in session.calls if method == "copy_object") == [
        "new/own/d",
        "new/own/f",
    ]
    assert not [method for method, _ in session.calls if method.startswith("delete")]


@pytest.mark.parametrize("names", ["", "a", "z", "az"])
def test_elsewhere_where_nothing_of_it_is(names):
    found, other = bucket(), bucket("c")
    found.put("own/m", b"m")
    for name in names:
        other.put(f"new/own/{name}", b"")
    recovery = recovered(Session(found, other), found.now, THERE)
    assert recovery.tallies[0]["others"] == len(names)
    assert other.live()["new/own/m"] == b"m"
    assert not recovery.differing.counts
    nothing = recovered(Session(bucket(), other), found.now, THERE)
    assert nothing.tallies[0]["others"] == len(names) + 1
    assert not nothing.differing.counts


def test_what_could_not_be_done_is_counted_and_named():
    named = steps.Named()
    assert "a" not in named
    named.add("gone", "a")
    named.add("gone", "b", "a text")
    named.add("failed", "c")
    assert (named.counts, named.examples) == ({"gone": 2, "failed": 1}, {"gone": ["a", "b (a text)"], "failed": ["c"]})
    assert "a" in named
    assert "b" in named
    assert "b (a text)" not in named


@pytest.mark.parametrize(("number", "ends"), [(1, True), (20, True), (21, False)])
def test_denials_end_it_only_where_it_is_the_permissions(number, ends):
    """Of few objects one denial is enough; of many it can be of that object alone."""
    found = bucket()
    moment = overwritten(found, number)

    def refuse(method, parameters):
        if method == "copy_object" and parameters["Key"] == "own/00000":
            raise Refused("AccessDenied")

    session = Session(found, before=refuse)
    if ends:
        with pytest.raises(AwsError, match="AccessDenied"):
            recovered(session, moment)
    else:
        assert recovered(session, moment).problems.counts == {"failed": 1}


def test_an_object_without_tags_is_begun_without():
    found = bucket()
    found.put("own/a", b"", parts=(b"1", b"2"))
    moment = found.now
    found.wait(HOUR)
    found.delete("own/a")
    session = Session(found)
    recovered(session, moment)
    (begun,) = [parameters for method, parameters in session.calls if method == "create_multipart_upload"]
    assert begun == {"Bucket": "b", "Key": "own/a", "Metadata": {}, "StorageClass": "STANDARD"}
