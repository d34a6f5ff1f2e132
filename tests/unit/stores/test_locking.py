"""Waiting for a store that another run holds: with words, and not for ever."""

import re
import signal
import socket
import subprocess
import sys
import textwrap
import threading

import pytest

from aws_runbook.errors import StoreError
from aws_runbook.stores import locking
from aws_runbook.stores import store as stores
from aws_runbook.stores.secret import Secret

CANARY = "wJalrXUtnFEMI/K7MDENG+canary"
PAIR = {"access_key": "AKIAIOSFODNN7EXAMPLE", "secret_key": Secret(CANARY)}
KEYS = {"access_key": "aws:access_key", "secret_key": "aws:secret_key"}
HOLDER = """
    import sys
    from aws_runbook.stores import store as stores

    store = stores.make({"pillar_file": sys.argv[1], "keys": {"access_key": "a:k"}})
    with store.alone():
        print("locked", flush=True)
        sys.stdin.read()
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "private" / "registry.sls"
    path.parent.mkdir()
    path.write_text("aws: {}\n")
    return path


@pytest.fixture
def holder(file):
    """Another process that has locked the store, until its input ends."""
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(HOLDER), str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "locked\n"
        yield process
        process.stdin.close()


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(locking, "PATIENCE", 0.6)
    monkeypatch.setattr(locking, "_SAID_AFTER", 0.1)


def store_in(path):
    return stores.make({"pillar_file": str(path), "keys": KEYS})


@pytest.mark.parametrize("what", ["write", "check", "alone"])
def test_a_lock_is_waited_for_with_words_and_not_for_ever(file, holder, impatient, caplog, what):
    store = store_in(file)
    whose = rf"locked by the process {holder.pid} on {re.escape(socket.gethostname())} since 20\d\d-\d\d-\d\dT[0-9:]+\+00:00"
    with pytest.raises(StoreError) as caught:
        {"write": lambda: store.write(PAIR), "check": store.check, "alone": lambda: store.alone().__enter__()}[what]()
    sentence = rf"The pillar file {file} cannot be used: its folder {file.parent} is {whose}, and was not free within 0\.6 seconds; check"
    assert re.match(sentence, str(caught.value))
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert re.match(rf"Waiting for the folder {file.parent} of the pillar file {file}, which is {whose}: ", warnings[0])
    assert file.read_text() == "aws: {}\n"
    assert CANARY not in caplog.text


def test_what_was_waited_for_in_vain_is_not_waited_for_again(file, holder, impatient, caplog):
    with pytest.raises(StoreError):
        store_in(file).check()
    caplog.clear()
    with pytest.raises(StoreError, match=f"locked by the process {holder.pid}"):
        store_in(file).check()
    assert "Waiting" not in caplog.text


def test_it_goes_on_when_the_other_is_done(file, holder):
    threading.Timer(0.3, holder.stdin.close).start()
    store_in(file).write(PAIR)
    assert "AKIAIOSFODNN7EXAMPLE" in file.read_text()
    assert list(file.parent.iterdir()) == [file], "no note stays"


def test_a_killed_holder_is_not_waited_for_and_its_note_goes(file, holder):
    assert (file.parent / locking.NOTE).exists()
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    store_in(file).write(PAIR)
    assert list(file.parent.iterdir()) == [file]


def test_nothing_is_locked_by_a_check_that_writes_nothing(file, holder):
    store_in(file).check(write=False)


@pytest.mark.parametrize(
    "note", ["", "[]", "{}", '{"pid": "x", "host": 1, "since": 2}', '{"pid": Infinity}', "[" * 5000]
)
def test_a_note_that_says_nothing_is_another_process(file, holder, impatient, note):
    (file.parent / locking.NOTE).write_text(note)
    with pytest.raises(StoreError, match="is locked by another process, and was not free"):
        store_in(file).check()


def test_what_a_note_says_cannot_pass_for_what_we_say(file, holder, impatient):
    (file.parent / locking.NOTE).write_text(r'{"pid": 7, "host": "\u001b[31mhost\nDone.", "since": "2030"}')
    with pytest.raises(StoreError, match=r"is locked by the process 7 on \[31mhostDone\. since 2030, and was not free"):
        store_in(file).check()


def test_a_note_is_not_written_through_a_link(file, tmp_path):
    target = tmp_path / "target"
    target.write_text("precious")
    (file.parent / locking.NOTE).symlink_to(target)
    store_in(file).write(PAIR)
    assert target.read_text() == "precious"
    assert list(file.parent.iterdir()) == [file]


def test_several_stores_are_locked_in_one_order(tmp_path):
    paths = [tmp_path / name / "x.sls" for name in ("b", "a")]
    entered = []
    store = stores.make([{"pillar_file": str(path), "keys": KEYS} for path in paths])
    for path in paths:
        path.parent.mkdir()
    original = locking.locked
    locking.locked = lambda folder, what: entered.append(folder.name) or original(folder, what)
    try:
        with store.alone():
            pass
    finally:
        locking.locked = original
    assert entered == ["a", "b"]
