"""
A store that is a file of private pillar: in clear, or encrypted for Salt's GPG renderer.
"""

import contextlib
import fcntl
import os
import stat
import tempfile
import threading
from pathlib import Path

from aws_runbook import yaml_edit
from aws_runbook.errors import StoreError
from aws_runbook.gpg import is_encrypted
from aws_runbook.secrets import CLEAR, SECRETS, Secret

_MODE = 0o600
# What Salt renders a file with that says nothing itself.
# https://docs.saltproject.io/en/latest/ref/renderers/index.html
_DEFAULT_RENDERER = "jinja|yaml"
_JINJA = ("{{", "{%", "{#")
# The folders that this thread has locked.
_held = threading.local()
_PROBE = "probe"
_PROBE_BLOCK = "-----BEGIN PGP MESSAGE-----\n\nprobe\n-----END PGP MESSAGE-----\n"


class PillarFile:
    """Values at key paths of one YAML file. ``gpg`` encrypts what is secret."""

    def __init__(self, path, places, gpg=None):
        self._given = path
        self._path = Path(os.path.realpath(path))  # a link stays a link
        self._places = places
        self._gpg = gpg
        self.names = self.tried = frozenset(places)

    def describe(self):
        """What an operator would call this store."""
        kind = "encrypted pillar file" if self._gpg else "pillar file"
        places = [":".join(path) for paths in self._places.values() for path in paths]
        return f"{kind} {self._given}, {', '.join(places)}"

    def check(self, names, *, write):
        """Try all that a write needs, and leave nothing behind."""
        text = self._read()
        if self._gpg:
            self._gpg.encrypt(_PROBE)
        for name in names:
            secret = self._gpg and name in SECRETS
            self._edited(text or "", name, _PROBE_BLOCK if secret else _PROBE)
        with self._explained("be written"):
            self._path.parent.stat()
            if not write:
                if not os.access(self._path.parent, os.W_OK | os.X_OK):
                    raise PermissionError(None, "no permission to write in its folder")
                return
            self._check_replaceable()
            self._temporary(b"").unlink()

    def read(self, name):
        """The value of ``name``: in clear, a :class:`Secret`, or ``None`` when none is there or it cannot be read."""
        value = self._value(name)
        if is_encrypted(value):
            value = self._gpg and self._gpg.decrypt(value)
        if value is None or value == "":
            return None
        return str(value) if name in CLEAR else Secret(value)

    def holds(self, name):
        """Whether a value stands there, readable or not."""
        return self._value(name) not in (None, "")

    def write(self, values):
        """Write all of ``values``, or none; returns a function that brings the file back to what it was."""
        texts = {name: self._protected(name, value) for name, value in values.items()}
        with self.alone():
            before = self._bytes()
            edited = self._shebanged(self._read() or "")
            for name, text in texts.items():
                edited = self._edited(edited, name, text)
            self._replace(edited.encode())
        return lambda: self._restore(before)

    def _protected(self, name, value):
        text = value.reveal() if isinstance(value, Secret) else str(value)
        secret = isinstance(value, Secret) or name in SECRETS
        return self._gpg.encrypt(text) if self._gpg and secret else text

    def _value(self, name):
        data = self._parsed(self._read() or "")
        values = [yaml_edit.get(data, path) for path in self._places[name]]
        # Two places that differ are not one value: the next write makes them equal.
        return values[0] if all(value == values[0] for value in values) else self._same_when_read(values)

    def _same_when_read(self, values):
        """Each place has its own encryption of the same text."""
        if not self._gpg or not all(map(is_encrypted, values)):
            return None
        texts = [self._gpg.decrypt(value) for value in values]
        return values[0] if all(text == texts[0] for text in texts) else None

    def _bytes(self):
        with self._explained("be read"):
            try:
                return self._path.read_bytes()
            except FileNotFoundError:
                return None

    def _read(self):
        """The file's text, after checking that it is of a kind that can be edited; ``None`` when there is no file."""
        content = self._bytes()
        if content is None:
            return None
        try:
            text = content.decode()
        except UnicodeDecodeError:
            raise StoreError(f"The {self._what()} cannot be used: it is not UTF-8.") from None
        names = [entry.split()[0] for entry in _renderer(text).split("|") if entry.split()]
        if "yaml" not in names or set(names) - {"jinja", "yaml", "gpg"}:
            raise StoreError(
                f"The {self._what()} cannot be used: its first line names the renderer {_renderer(text)!r}; allowed are"
                " yaml, jinja|yaml, yaml|gpg and jinja|yaml|gpg."
            )
        if "jinja" in names and any(mark in text for mark in _JINJA):
            raise StoreError(
                f"The {self._what()} cannot be used: it has Jinja in it, and what a template makes cannot be edited;"
                " name a file without Jinja."
            )
        self._parsed(text)
        return text

    def _parsed(self, text):
        try:
            return yaml_edit.load(text)
        except StoreError as error:
            raise StoreError(f"The {self._what()} cannot be used: {error}.") from None

    def _edited(self, text, name, value):
        try:
            for path in self._places[name]:
                text = yaml_edit.put(text, path, value)
        except StoreError as error:
            raise StoreError(f"The {self._what()} cannot be used: {error}.") from None
        return text

    def _shebanged(self, text):
        if not self._gpg:
            return text
        renderer = _renderer(text)
        if "gpg" in renderer.split("|"):
            return text
        if not _has_shebang(text):
            return "#!yaml|gpg\n" + text
        first, newline, rest = text.partition("\n")
        return f"#!{renderer}|gpg{first[len(first.rstrip()) :]}{newline}{rest}"

    def _check_replaceable(self):
        """In a folder like /tmp, only the owner of a file or of the folder may put another in its place."""
        folder = self._path.parent.stat()
        if not folder.st_mode & stat.S_ISVTX or not self._path.exists():
            return
        if os.geteuid() not in (0, folder.st_uid, self._path.stat().st_uid):
            raise PermissionError(None, "only its owner may replace it, because its folder is sticky")

    def _replace(self, content):
        with self._explained("be written"):
            temporary = self._temporary(content)
            try:
                temporary.replace(self._path)
            except BaseException:
                temporary.unlink()
                raise
        self._sync_folder()

    def _temporary(self, content):
        """A new file beside the old one that only its owner can read, from its first moment."""
        descriptor, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                os.fchmod(file.fileno(), _MODE)
                self._give_to_owner(file.fileno())
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            temporary.unlink()
            raise
        return temporary

    def _give_to_owner(self, descriptor):
        """To the owner of the file it replaces; a new file to the owner of its folder, who is who reads pillar."""
        old = self._path if self._path.exists() else self._path.parent
        if not self._path.exists() and os.geteuid() != 0:
            return
        wanted, mine = old.stat(), os.fstat(descriptor)
        if (wanted.st_uid, wanted.st_gid) != (mine.st_uid, mine.st_gid):
            os.fchown(descriptor, wanted.st_uid, wanted.st_gid)

    def _sync_folder(self):
        """So that a power cut does not bring the old file back. The new one is in place: no reason to fail any more."""
        with contextlib.suppress(OSError):
            descriptor = os.open(self._path.parent, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def _restore(self, before):
        with self.alone():
            if before is not None:
                self._replace(before)
                return
            with self._explained("be removed"):
                self._path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def alone(self):
        """
        One at a time, also for what surrounds a write: whoever holds it already goes on.

        The folder is what is locked: the file itself is replaced, and a lock file would stay.
        """
        held = _held.__dict__.setdefault("folders", set())
        folder = self._path.parent
        if folder in held:
            yield
            return
        with self._explained("be written"):
            descriptor = os.open(folder, os.O_RDONLY)
        try:
            with contextlib.suppress(OSError):  # some network file systems have no locks; then there is one writer
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            held.add(folder)
            yield
        finally:
            held.discard(folder)
            os.close(descriptor)

    def _what(self):
        return f"pillar file {self._given}"

    @contextlib.contextmanager
    def _explained(self, doing):
        try:
            yield
        except OSError as error:
            if isinstance(error, FileNotFoundError) and not self._path.parent.exists():
                raise StoreError(
                    f"The {self._what()} cannot {doing}: the folder {self._path.parent} does not exist; make it, and"
                    " let nobody but who runs Salt look into it."
                ) from None
            reason = error.strerror or type(error).__name__
            raise StoreError(f"The {self._what()} cannot {doing}: {reason}.") from None


def _has_shebang(text):
    return text.startswith("#!") and not text.startswith("#!/")


def _renderer(text):
    return text.splitlines()[0][2:].strip() if _has_shebang(text) else _DEFAULT_RENDERER
