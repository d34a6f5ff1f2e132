"""
A store that is a file of private pillar: in clear, or encrypted for Salt's GPG renderer.
"""

import contextlib
import errno
import os
import posixpath
import re
from collections.abc import Mapping
from pathlib import Path

from aws_runbook.errors import StoreError
from aws_runbook.stores import atomic_file, locking, yaml_edit
from aws_runbook.stores.backend import Backend, keys, known
from aws_runbook.stores.gpg import Gpg, is_encrypted
from aws_runbook.stores.location import Location
from aws_runbook.stores.secret import CLEAR, SECRETS, Place, Secret

# What Salt renders a file with that says nothing itself.
# https://docs.saltproject.io/en/latest/ref/renderers/index.html
_DEFAULT_RENDERER = "jinja|yaml"
_JINJA = ("{{", "{%", "{#")
_CURES = {
    errno.ENOSPC: "; make room on its file system",
    errno.EDQUOT: "; make room, or have the quota raised",
    errno.EFBIG: "; raise the limit of a file's size (ulimit -f)",
    errno.EROFS: "; mount its file system for writing, or name a file elsewhere",
}
_PROBE = "probe"


class PillarFile:
    """Values at key paths of one YAML file. ``gpg`` encrypts what is secret."""

    def __init__(self, path, places, gpg=None):
        self._given = path
        self._path = Path(os.path.realpath(path))  # a link stays a link
        self._places = places
        self._gpg = gpg
        self.names = self.tried = frozenset(places)

    def describe(self):
        """The name of this store for operators."""
        places = [":".join(path) for paths in self._places.values() for path in paths]
        return f"{self._kind()} {self._given}, {', '.join(places)}"

    def _kind(self):
        return "encrypted pillar file" if self._gpg else "pillar file"

    def check(self, names, *, write):
        """Test everything that a write needs, and leave no files behind."""
        text = self._shebanged(self._read() or "")
        block = self._gpg.encrypt(_PROBE) if self._gpg else _PROBE
        for name in names:
            text = self._edited(text, name, block if name in SECRETS else _PROBE)
        length = len(text.encode())
        if not write:
            with self._explained("be written"):
                atomic_file.foresee(self._path, length)
            return
        with self.alone(), self._explained("be written"):
            atomic_file.check_replaceable(self._path)
            atomic_file.rehearse(self._path, length)

    def read(self, name):
        """The value of ``name``: in clear, a :class:`Secret`, or ``None`` when none is there or it cannot be read."""
        return self._readable(name, self._value(name))

    def _readable(self, name, value):
        if is_encrypted(value):
            value = self._gpg and self._gpg.decrypt(value)
        if value is None or value == "":
            return None
        return str(value) if name in CLEAR else Secret(value)

    def places(self, name):
        """Each place of ``name``: a list of :class:`Place`."""
        data = self._parsed(self._read() or "")
        found = [(path, self._at(data, path)) for path in self._places[name]]
        return [
            Place(
                f"{self._kind()} {self._given}, {':'.join(path)}", self._readable(name, value), value not in (None, "")
            )
            for path, value in found
        ]

    def holds(self, name):
        """Whether there is a value, readable or not."""
        return self._value(name) not in (None, "")

    def write(self, values):
        """Write all of ``values`` or none; returns a function that restores the file."""
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
        values = [self._at(data, path) for path in self._places[name]]
        # Different values in two places are no common value: the next write makes them equal.
        return values[0] if all(value == values[0] for value in values) else self._same_when_read(values)

    def _at(self, data, path):
        """The value at a place; a mapping or a list is no value, and is not overwritten."""
        value = yaml_edit.get(data, path)
        if isinstance(value, Mapping | list):
            kind = "mapping" if isinstance(value, Mapping) else "list"
            raise StoreError(
                f"The {self._what()} has a {kind} at {':'.join(path)}, which is not overwritten: name another place."
            )
        return value

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
                f"The {self._what()} cannot be used: it contains Jinja, and the output of a template cannot be edited; name a file without Jinja."
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

    def _replace(self, content):
        with self._explained("be written"):
            atomic_file.replace(self._path, content)

    def _restore(self, before):
        with self.alone():
            if before is not None:
                self._replace(before)
                return
            with self._explained("be removed"):
                self._path.unlink(missing_ok=True)

    def tidy(self):
        """Remove temporary files beside the file, when no other run writes."""
        if atomic_file.leftovers(self._path):
            with self.alone():  # which removes it
                pass

    @property
    def order(self):
        """Runs that lock several stores do so in one order, so that none waits for one that waits for it."""
        return str(self._path.parent)

    @property
    def alone_in(self):
        """The file, if a write changes nothing else: then another process can write to another file."""
        return None if self._gpg else self._path

    @property
    def is_alone(self):
        """Whether it is locked here already: no other process has written since."""
        return locking.is_locked_here(self._path.parent)

    @contextlib.contextmanager
    def alone(self):
        """Lock the folder; a caller that holds the lock already continues."""
        with contextlib.ExitStack() as stack:
            with self._explained("be written"):
                sure = stack.enter_context(locking.locked(self._path.parent, self._what()))
            atomic_file.remove_leftovers(self._path, alone=sure)
            yield

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
                    " give only the user that runs Salt access to it."
                ) from None
            if isinstance(error, NotADirectoryError):
                raise StoreError(
                    f"The {self._what()} cannot {doing}: {self._path.parent} is not a folder; move the existing file away, or name another file."
                ) from None
            reason = error.strerror or type(error).__name__
            raise StoreError(
                f"The {self._what()} cannot {doing}: {reason}{_CURES.get(error.errno or 0, '')}."
            ) from None


def _has_shebang(text):
    return text.startswith("#!") and not text.startswith("#!/")


def _renderer(text):
    return text.splitlines()[0][2:].strip() if _has_shebang(text) else _DEFAULT_RENDERER


def _make(description, reach):
    known(description, ("pillar_file", "keys", "gpg"))
    if "gpg" in description and description["gpg"] is None:
        raise StoreError(
            "store:gpg is empty: give a mapping with recipients, or leave it out to store secrets in clear."
        )
    path = description["pillar_file"]
    if not isinstance(path, str) or not path or path.startswith("~") or path.endswith("/"):
        raise StoreError(
            f"store:pillar_file is {path!r}; give the path of a file, absolute or relative to the pillar roots."
        )
    if not Path(path).is_absolute():
        path = _in_roots(path, reach.roots)
    places = {name: _paths(name, given) for name, given in keys(description, needed=True).items()}
    gpg = description.get("gpg")
    return PillarFile(path, places, None if gpg is None else _gpg(gpg, reach.gpg_homedir))


def _in_roots(path, roots):
    """Where a path of pillar is: where Salt finds the file, or would find it when it has been made."""
    if ".." in Path(path).parts:
        raise StoreError(f"store:pillar_file is {path!r}; a path relative to the pillar roots must not have .. in it.")
    files = [Path(root, path) for root in roots]
    found = [file for file in files if file.exists()] or [file for file in files if file.parent.is_dir()]
    if not found:
        folders = ", ".join(map(str, roots)) or "none is configured"
        raise StoreError(
            f"store:pillar_file is {path!r}, and no pillar root here has its folder ({folders}): make the folder, set "
            "pillar_roots, or give an absolute path."
        )
    return str(found[0])


def _paths(name, given):
    paths = [given] if isinstance(given, str) else given
    if not isinstance(paths, list) or not paths or not all(_is_path(path) for path in paths):
        raise StoreError(f"store:keys:{name} is {given!r}; give a key path such as aws:{name}, or a list of them.")
    return [tuple(path.split(":")) for path in dict.fromkeys(paths)]


def _is_path(path):
    return isinstance(path, str) and all(part.strip() == part and part for part in path.split(":"))


def _gpg(description, gpg_homedir):
    if not isinstance(description, Mapping):
        raise StoreError(f"store:gpg is {description!r}; give a mapping with recipients, and homedir if it differs.")
    known(description, ("recipients", "homedir"), "store:gpg")
    recipients = description.get("recipients")
    recipients = [recipients] if isinstance(recipients, str) else recipients
    if not isinstance(recipients, list) or not recipients or not all(isinstance(entry, str) for entry in recipients):
        raise StoreError(
            f"store:gpg:recipients is {recipients!r}; give a list of the fingerprints of the keys to encrypt to."
        )
    return Gpg(recipients, description.get("homedir") or gpg_homedir)


def _locations(description, value):
    if not description["pillar_file"]:
        return []
    file = re.sub("^/+", "/", posixpath.normpath(description["pillar_file"]))
    given = (description.get("keys") or {}).get(value)
    return [Location(path, file) for path in (given if isinstance(given, list) else [given]) if path]


BACKEND = Backend(
    key="pillar_file",
    usage="a mapping with pillar_file and keys (and gpg, to encrypt)",
    make=_make,
    locations=_locations,
)
