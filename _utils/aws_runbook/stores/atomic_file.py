"""
Replace a file atomically, and keep its owner, group, mode and access control list.
"""

import contextlib
import fcntl
import logging
import os
import re
import shlex
import stat
import tempfile
import time
from pathlib import Path

log = logging.getLogger(__name__)

# The mode of a new file.
_MODE = 0o600
# A part of the names of temporary files, which no other program uses.
_MARK = ".aws-runbook-"
_RANDOM = r"[a-z0-9_]{8}"  # the part that tempfile.mkstemp adds
# If a folder cannot be locked, a file that is younger than this can belong to another run. Seconds.
_YOUNG = 3600
# Attributes of ext4, XFS, Btrfs and others: immutable and append-only. https://man7.org/linux/man-pages/man2/ioctl_iflags.2.html
_GET_FLAGS = 0x80086601
_FIXED = {0x10: "immutable (chattr -i makes it writable)", 0x20: "append-only (chattr -a makes it writable)"}
_RESERVE = 4096


def replace(path, content):
    """Replace ``path`` by a file with ``content``."""
    temporary = _temporary(path, content)
    try:
        temporary.replace(path)
    except BaseException:
        temporary.unlink()
        raise
    _sync(path.parent)


def rehearse(path, length):
    """Do all steps of :func:`replace` except the last, with slightly more bytes than ``length``."""
    # Random, since some file systems compress repeated bytes.
    _temporary(path, os.urandom(length + _RESERVE)).unlink()


def foresee(path, length):
    """Raise an error if :func:`replace` would fail, as far as that is known without writing."""
    folder = path.parent
    folder.stat()
    for place in [folder, *([path] if path.exists() else [])]:
        fixed = _fixed(place)
        if fixed:
            raise PermissionError(None, f"{place} is {fixed}")
    room = os.statvfs(folder)
    if room.f_flag & os.ST_RDONLY:
        raise PermissionError(None, "its file system is read-only; mount it for writing, or name a file elsewhere")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(None, "no permission to write in its folder")
    if _is_mounted(path):
        raise PermissionError(None, "it is a mount point, which cannot be replaced; mount its folder instead")
    free = room.f_bfree if os.geteuid() == 0 else room.f_bavail
    if room.f_blocks and free * room.f_frsize < length + _RESERVE:
        raise OSError(None, "no space left on its file system; make room there")
    check_replaceable(path)
    _check_owner(path)


def check_replaceable(path):
    """In a folder with the sticky bit, such as /tmp, only the owner of a file or of the folder can replace it."""
    folder = path.parent.stat()
    if not folder.st_mode & stat.S_ISVTX or not path.exists():
        return
    if os.geteuid() not in (0, folder.st_uid, path.stat().st_uid):
        raise PermissionError(None, "only its owner may replace it, because its folder is sticky")


def leftovers(path):
    """The temporary files of interrupted or present runs beside ``path``: directory entries."""
    ours = re.compile(re.escape(f".{path.name}{_MARK}") + _RANDOM)
    try:
        found = list(os.scandir(path.parent))
    except OSError:
        return []
    return [entry for entry in found if ours.fullmatch(entry.name) and entry.is_file(follow_symlinks=False)]


def remove_leftovers(path, *, alone):
    """
    Remove temporary files that interrupted runs have left beside ``path``, since they can contain a secret.

    ``alone`` says that no other run can be writing now.
    """
    with contextlib.suppress(OSError):
        for entry in leftovers(path):
            if alone or time.time() - entry.stat(follow_symlinks=False).st_mtime > _YOUNG:
                (path.parent / entry.name).unlink()


def _temporary(path, content):
    """A new file beside ``path`` that only its owner can read until it is complete."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}{_MARK}")
    temporary = path.parent / name
    try:
        with os.fdopen(descriptor, "wb") as file:
            _give_to_owner(path, file.fileno())
            file.write(content)
            file.flush()
            _permit(path, file.fileno())
            os.fsync(file.fileno())
    except BaseException:
        temporary.unlink()
        raise
    return temporary


def _give_to_owner(path, descriptor):
    """Give it the owner of the replaced file, or of the folder if the file is new: that user reads pillar."""
    if not path.exists() and os.geteuid() != 0:
        return
    wanted, mine = (path if path.exists() else path.parent).stat(), os.fstat(descriptor)
    if (wanted.st_uid, wanted.st_gid) != (mine.st_uid, mine.st_gid):
        try:
            os.fchown(descriptor, wanted.st_uid, wanted.st_gid)
        except PermissionError:
            raise _not_given(wanted) from None


def _check_owner(path):
    if os.geteuid() == 0 or not path.exists():
        return
    wanted = path.stat()
    if wanted.st_uid != os.geteuid() or wanted.st_gid not in {os.getegid(), *os.getgroups()}:
        raise _not_given(wanted)


def _not_given(wanted):
    return PermissionError(
        None,
        f"the new file cannot be given its owner and group ({wanted.st_uid}:{wanted.st_gid}); run this as root",
    )


def _permit(path, descriptor):
    """Copy the mode, access control list and security label, so that the same users can read the new file."""
    if not path.exists():
        os.fchmod(descriptor, _MODE)
        return
    for name in _attributes(path):
        with contextlib.suppress(OSError):  # a label that this user must not set
            os.setxattr(descriptor, name, os.getxattr(path, name))
    mode = stat.S_IMODE(path.stat().st_mode) & 0o777
    os.fchmod(descriptor, mode)
    if mode & stat.S_IROTH and path.parent.stat().st_mode & stat.S_IXOTH:
        log.warning(
            "%s can be read by every user of this machine; to close it: chmod o-rwx %s", path, shlex.quote(str(path))
        )


def _attributes(path):
    try:
        return os.listxattr(path)
    except OSError:
        return []


def _fixed(place):
    with contextlib.suppress(OSError):
        descriptor = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            flags = int.from_bytes(fcntl.ioctl(descriptor, _GET_FLAGS, bytes(8))[:4], "little")
        finally:
            os.close(descriptor)
        return next((word for flag, word in _FIXED.items() if flags & flag), None)
    return None


def _is_mounted(path):
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return False
    return any(line.split()[1] == str(path) for line in mounts.splitlines())


def _sync(folder):
    """Flush the folder, so that a power failure does not restore the old file. The file is already replaced, so an error is ignored."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
