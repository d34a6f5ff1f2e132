"""
Lock a folder of stores, and note the process that holds the lock.

The folder is what is locked: a file in it is replaced, and a lock file would stay. The kernel releases it when the
process ends. While it is locked, a note beside the files names the process.
https://man7.org/linux/man-pages/man2/flock.2.html
"""

import contextlib
import errno
import fcntl
import json
import os
import socket
from collections.abc import Mapping
from contextvars import ContextVar
from pathlib import Path
from types import MappingProxyType

from aws_runbook import clock
from aws_runbook.errors import StoreError
from aws_runbook.polling import until

NOTE = ".aws-runbook.lock"
# Seconds. A run holds it while it makes a key and AWS comes to show it: one or two minutes.
PATIENCE = 300
_SAID_AFTER = 5.0
_NOTE_MODE = 0o644  # waiting processes may run as another user; it contains no secret
_NOTE_LENGTH = 1000
_TOLD = 100
# The folders that are locked here, by this thread or by the one that waits for it; and for each folder whom this process has waited
# for in vain.
_held: ContextVar[Mapping] = ContextVar("aws_runbook_locked", default=MappingProxyType({}))
_in_vain = {}


@contextlib.contextmanager
def locked(folder, what):
    """
    Hold ``folder``, which must exist; a holder can lock it again, and so can threads that are started with a copy of the
    context of who holds it. Gives whether it is locked: some network file systems have no locks, and then there is one writer.

    ``what`` names the store. An error says whose the lock is, when it was not to be had in :data:`PATIENCE` seconds.
    """
    held = _held.get()
    if folder in held:
        yield held[folder]
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        sure = _take(descriptor, folder, what)
        noted = sure and _note(folder)
        token = _held.set({**held, folder: sure})
        try:
            yield sure
        finally:
            _held.reset(token)
            if noted:
                with contextlib.suppress(OSError):
                    noted.unlink()
    finally:
        os.close(descriptor)


def is_locked_here(folder):
    """Whether this thread holds ``folder`` already, or the one that waits for it."""
    return folder in _held.get()


def _take(descriptor, folder, what):
    """Whether it is locked; ``False`` on a file system without locks."""

    def free():
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            return error.errno not in (errno.EWOULDBLOCK, errno.EACCES, errno.EINTR) and "no locks"
        return "locked"

    answer = free()
    if not answer and _in_vain.get(folder) != _holder(folder):
        answer = until(
            free,
            what=lambda: f"the folder {folder} of the {what}, which is locked by {_holder(folder)}",
            timeout=PATIENCE,
            most=1.0,
            said_after=_SAID_AFTER,
        )
    if answer:
        _in_vain.pop(folder, None)
        return answer == "locked"
    # The next state of this run would wait as long in vain.
    _in_vain[folder] = _holder(folder)
    raise StoreError(
        f"The {what} cannot be used: its folder {folder} is locked by {_holder(folder)}, and was not free within "
        f"{PATIENCE} seconds; check what that process is doing, end it if it hangs, and run this again."
    )


def _note(folder):
    """The note about the holder of the lock; ``None`` if none can be written."""
    note = Path(folder) / NOTE
    text = json.dumps(
        {"pid": os.getpid(), "host": socket.gethostname(), "since": clock.now().isoformat("T", "seconds")}
    )
    with contextlib.suppress(OSError):
        note.unlink(missing_ok=True)  # of a run that was killed
        descriptor = os.open(note, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, _NOTE_MODE)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        return note
    return None


def _holder(folder):
    """The holder of the lock according to its note."""
    try:
        descriptor = os.open(Path(folder) / NOTE, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor) as file:
            note = json.loads(file.read(_NOTE_LENGTH))
        return f"the process {int(note['pid'])} on {_printable(note['host'])} since {_printable(note['since'])}"
    except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return "another process"


def _printable(text):
    """A part of a note, which anybody who can write to the folder may have written, as a part of a sentence."""
    return "".join(letter for letter in str(text) if letter.isprintable())[:_TOLD]
