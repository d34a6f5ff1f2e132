"""How the file of a store is replaced: what stays as it was, what a killed run leaves, and what is found out before."""

import contextlib
import os
import resource
import shutil
import signal
import stat
import subprocess
import sys
import textwrap

import pytest

from aws_runbook.errors import StoreError
from aws_runbook.stores import atomic_file
from aws_runbook.stores import store as stores
from aws_runbook.stores.secret import Secret

CANARY = "wJalrXUtnFEMI/K7MDENG+canary"
PAIR = {"access_key": "AKIAIOSFODNN7EXAMPLE", "secret_key": Secret(CANARY)}
KEYS = {"access_key": "aws:access_key", "secret_key": "aws:secret_key"}
is_root = os.geteuid() == 0


def store_in(path):
    return stores.make({"pillar_file": str(path), "keys": KEYS})


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "private" / "registry.sls"
    path.parent.mkdir()
    path.write_text("aws: {}\n")
    return path


@contextlib.contextmanager
def mounted(folder, *options):
    """A file system of its own; whether there is one (not everybody may mount)."""
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(folder)], capture_output=True, check=False
    )
    try:
        yield done.returncode == 0
    finally:
        if done.returncode == 0:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextlib.contextmanager
def full(folder, kilobytes):
    """No file in ``folder`` can grow beyond ``kilobytes``: a small file system, or, for who may not mount, a limit."""
    with mounted(folder, f"size={kilobytes}k") as small:
        if small:
            yield
            return
        limit = resource.getrlimit(resource.RLIMIT_FSIZE)
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (kilobytes * 1024, limit[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
            signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o660, 0o440])
def test_the_mode_and_the_group_stay(file, mode):
    group = 4242 if is_root else next(iter(os.getgroups()), os.getgid())
    os.chown(file, -1, group)
    file.chmod(mode)
    before = file.stat()
    store_in(file).write(PAIR)
    after = file.stat()
    assert after.st_ino != before.st_ino
    assert (after.st_uid, after.st_gid, stat.S_IMODE(after.st_mode)) == (before.st_uid, group, mode)


def test_an_access_control_list_stays(file):
    # user::rw-, user:4242:r--, group::---, mask::r--, other::---, as in linux/posix_acl_xattr.h
    entries = [(1, 6, 0xFFFFFFFF), (2, 4, 4242), (4, 0, 0xFFFFFFFF), (0x10, 4, 0xFFFFFFFF), (0x20, 0, 0xFFFFFFFF)]
    acl = b"\2\0\0\0" + b"".join(
        tag.to_bytes(2, "little") + may.to_bytes(2, "little") + who.to_bytes(4, "little") for tag, may, who in entries
    )
    os.setxattr(file, "system.posix_acl_access", acl)
    mode = file.stat().st_mode
    store_in(file).write(PAIR)
    assert os.getxattr(file, "system.posix_acl_access") == acl
    assert file.stat().st_mode == mode


def test_a_file_that_everybody_can_read_is_reported(file, caplog):
    file.parent.chmod(0o755)
    file.chmod(0o644)
    store_in(file).write(PAIR)
    assert f"{file} can be read by every user of this machine; to close it: chmod o-rwx {file}" in caplog.text
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert CANARY not in caplog.text


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from aws_runbook.stores import store as stores
    from aws_runbook.stores.secret import Secret

    Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    store = stores.make({"pillar_file": sys.argv[1], "keys": {"access_key": "a:k", "secret_key": "a:s"}})
    store.write({"access_key": "AKIAIOSFODNN7EXAMPLE", "secret_key": Secret(sys.stdin.read())})
"""


@pytest.mark.parametrize("what", ["write", "check", "alone"])
def test_what_a_killed_run_left_is_gone_with_the_next(file, what):
    others = [
        file.parent / name
        for name in (".registry.sls.swp", ".registry.sls.original", ".other.sls.aws-runbook-abcdefgh")
    ]
    for other in others:
        other.write_text("not ours")
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED), str(file)], input=CANARY.encode(), check=False
    )
    assert done.returncode == -signal.SIGKILL
    left = [path for path in file.parent.iterdir() if CANARY in path.read_text()]
    assert len(left) == 1, "the run was killed when the secret was on the disk"
    store = store_in(file)
    if what == "write":
        store.write(PAIR)
    elif what == "check":
        store.check()
    else:
        with store.alone():
            pass
    assert sorted(file.parent.iterdir()) == sorted([file, *others])


@pytest.mark.parametrize("write", [True, False])
def test_a_full_disk_is_found_by_the_check(tmp_path, write):
    folder = tmp_path / "private"
    folder.mkdir()
    with full(folder, 16):
        path = folder / "registry.sls"
        path.write_text("x: " + "a" * 12_000 + "\n")
        if not write and not os.path.ismount(folder):
            return  # a limit of the process is found by writing only
        with pytest.raises(StoreError, match=r"registry\.sls cannot be written: .*make room|raise the limit") as caught:
            store_in(path).check(write=write)
        assert str(path) in str(caught.value)
        assert list(folder.iterdir()) == [path]


# Found out without writing


def unwritable(path):
    """What the check says that writes nothing; and that it did not."""
    folder = path.parent
    before = sorted(folder.iterdir()) if folder.is_dir() else None
    with pytest.raises(StoreError, match="cannot be") as caught:
        store_in(path).check(write=False)
    assert (sorted(folder.iterdir()) if folder.is_dir() else None) == before
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_a_file_where_a_folder_should_be(tmp_path):
    (tmp_path / "private").write_text("")
    assert f"{tmp_path / 'private'} is not a folder; move the existing file away" in unwritable(
        tmp_path / "private" / "x.sls"
    )


def test_a_missing_folder(tmp_path):
    assert "private does not exist; make it" in unwritable(tmp_path / "private" / "x.sls")


@pytest.mark.parametrize("there", [True, False])
def test_a_read_only_file_system(file, monkeypatch, there):
    if not there:
        file.unlink()
    with mounted(file.parent, "ro") as real:
        if not real:
            found = os.statvfs(file.parent)
            answer = os.statvfs_result([*found[:8], found.f_flag | os.ST_RDONLY, *found[9:]])
            monkeypatch.setattr(os, "statvfs", lambda _: answer)
        assert "its file system is read-only; mount it for writing" in unwritable(file)


def test_a_mount_point(file, monkeypatch):
    monkeypatch.setattr(atomic_file, "_is_mounted", lambda path: path == file)
    assert "it is a mount point, which cannot be replaced; mount its folder instead" in unwritable(file)


@pytest.mark.parametrize(("flag", "word"), [("i", "immutable"), ("a", "append-only")])
@pytest.mark.parametrize("where", ["file", "folder"])
def test_what_may_not_be_changed(file, monkeypatch, flag, word, where):
    place = file if where == "file" else file.parent
    real = (
        shutil.which("chattr")
        and not subprocess.run(["chattr", f"+{flag}", str(place)], capture_output=True, check=False).returncode
    )
    if not real:
        bits = {"i": 0x10, "a": 0x20}[flag].to_bytes(8, "little")
        inode = place.stat().st_ino

        def flags(descriptor, *_):
            return bits if os.fstat(descriptor).st_ino == inode else bytes(8)

        monkeypatch.setattr(atomic_file.fcntl, "ioctl", flags)
    try:
        assert f"{place} is {word} (chattr -{flag} makes it writable)" in unwritable(file)
    finally:
        if real:
            subprocess.run(["chattr", f"-{flag}", str(place)], check=True)


def test_a_file_of_another_user(file, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: file.stat().st_uid + 1)
    file.parent.chmod(0o777)
    assert "the new file cannot be given its owner and group" in unwritable(file)
