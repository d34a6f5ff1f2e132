"""
A note in a user's tag that a key is being created, which identifies a key whose secret is lost.

When the answer of CreateAccessKey is lost, or the run is killed before the secret is stored, AWS has a key that is of no
use to anybody, and CreateAccessKey has no token by which to find it again. So before the call the run writes down when it
asks, who it is, and which keys there are. A key that appeared in that moment, was never used and is in no place of the
store is the one; where two could be it, none is.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html
"""

import hashlib
import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path

from aws_runbook import clock
from aws_runbook.aws import tags

TAG = "aws-runbook:making"
_DONE = "done"
_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
# The call follows the note at once. A key that was created later belongs to another client.
MOMENT = timedelta(seconds=15)
# A run on another machine that has not ended its note by then counts as interrupted, since its process cannot be seen from here.
ABANDONED = timedelta(minutes=10)

# The notes of keys that this process is creating.
_making = set()


@dataclass(frozen=True)
class Note:
    """A note that ``maker`` requested a key at ``since``, when the keys ``known`` existed."""

    since: datetime
    maker: str
    known: tuple

    def text(self):
        """How it is written down. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#id_tags_rules"""
        return " ".join([f"{self.since.astimezone(timezone.utc):{_FORMAT}}", self.maker, *self.known])

    @classmethod
    def parse(cls, text):
        """The note in a tag; ``None`` if there is none, if it has ended, or if the tag has another form."""
        since, _, rest = (text or "").partition(" ")
        maker, *known = rest.split(" ")
        try:
            moment = clock.sane(datetime.strptime(since, _FORMAT).replace(tzinfo=timezone.utc))
        except ValueError:
            return None
        return cls(moment, maker, tuple(known)) if moment and maker else None

    def is_live(self, now):
        """Whether the run that wrote it may still be about to store its key."""
        if self.text() in _making:
            return True
        machine, _, process = self.maker.partition("-")
        if machine == _machine() and not _runs(process):
            return False
        return now - self.since < ABANDONED


def orphan(note, keys, stored, until):
    """The one of ``keys`` that was created for ``note`` until ``until`` and is in no place of the store; ``None`` if there is none."""
    found = [
        key
        for key in keys
        if key.id not in note.known
        and key.id not in stored
        and key.active
        and key.last_used is None
        and note.since <= key.created <= until
    ]
    return found[0] if len(found) == 1 else None


def read(session, user, *, listed=False):
    """
    The :class:`Note` of a user, or ``None``; and the time by AWS's clock, which also dates its keys.

    ``listed``: whether runs side by side may ask for all their users at once.
    """
    doing = f"read the user {user}"
    answer = session.read("iam", "get_user", doing, UserName=user, absent=("NoSuchEntity",), listed=listed)
    if answer is None:
        return None, clock.now()
    now = _time_of(answer)
    session.set_clock(now)
    return Note.parse(tags.mapping(answer["User"].get("Tags")).get(TAG)), now


def begin(session, user, known):
    """Write down that a key is to be made now; returns the :class:`Note`. A note was read before."""
    now = session.clock() or clock.now()
    note = Note(now.replace(microsecond=0), f"{_machine()}-{os.getpid()}", tuple(known))
    _making.add(note.text())
    try:
        _write(session, user, note.text())
    except BaseException:
        leave(note)  # it may have been written nevertheless; this process, which may live long, is not creating a key
        raise
    return note


def end(session, user, note):
    """End the ``note``: its key is stored, or was not created."""
    _making.discard(note.text())
    _write(session, user, _DONE)


def leave(note):
    """Keep the note for the next run, which looks for its key."""
    _making.discard(note.text())


def _write(session, user, text):
    session.write(
        "iam",
        "tag_user",
        f"note on the user {user} that a key is being created",
        stale=({"get_user"}, user),  # its keys have not changed
        UserName=user,
        Tags=[{"Key": TAG, "Value": text}],
    )


def _time_of(answer):
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    try:
        return parsedate_to_datetime(headers.get("date", "")).astimezone(timezone.utc)
    except (TypeError, ValueError):
        return clock.now()


def _machine():
    """An identifier of this machine since its start, and of the container."""
    parts = [socket.gethostname()]
    for path in ("/etc/machine-id", "/proc/sys/kernel/random/boot_id"):
        with suppress(OSError):
            parts.append(Path(path).read_text().strip())
    with suppress(OSError):
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:12]


def _runs(process):
    if process == str(os.getpid()):
        return False  # the keys that this process is creating are known
    try:
        os.kill(int(process), 0)
    except (ValueError, ProcessLookupError):
        return False
    except OSError:  # somebody else's
        return True
    return True
