"""What stores say, word for word: an operator acts on it, and it must not hold a secret."""

import errno
import os
from pathlib import Path

import pytest

from aws_runbook.errors import StoreError
from aws_runbook.stores import backend, backends, minion, yaml_edit
from aws_runbook.stores import store as stores
from aws_runbook.stores.backends import pillar_file, sdb
from aws_runbook.stores.gpg import Gpg
from aws_runbook.stores.location import Location
from aws_runbook.stores.secret import Place, Secret

CANARY = "wJalrXUtnFEMI/K7MDENG+canary"
KEYS = {"access_key": "aws:access_key", "secret_key": "aws:secret_key"}
USAGE = (
    "give sdb://PROFILE/ADDRESS, a mapping with sdb and keys, a mapping with pillar_file and keys (and gpg, to encrypt), or a list of "
    "these"
)
NAMES = "access_key, secret_key, smtp_username, smtp_password, smtp_host, smtp_port, password"


def make(description, **reach):
    return stores.make(description, **{"sdb_get": {}.get, "sdb_set": dict, **reach})


def said(attempt):
    with pytest.raises(StoreError) as caught:
        attempt()
    assert CANARY not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("description", "sentence"),
    [
        (None, f"store is None; {USAGE}."),
        (["sdb://v/a", 5], f"store is 5; {USAGE}."),
        ([], f"store is an empty list; {USAGE}."),
        ({}, f"store has the keys (none); {USAGE}."),
        ({"file": 1, 2: 3}, f"store has the keys file, 2; {USAGE}."),
        ("sdb://v", "store:sdb is 'sdb://v'; give sdb://PROFILE/ADDRESS."),
        ("sdb:///a", "store:sdb is 'sdb:///a'; give sdb://PROFILE/ADDRESS."),
        ({"sdb": "v/a"}, "store:sdb is 'v/a'; give sdb://PROFILE/ADDRESS."),
        ({"sdb": 5}, "store:sdb is 5; give sdb://PROFILE/ADDRESS."),
        ({"keys": {"password": ["x"]}}, "store:keys:password is ['x']; give sdb://PROFILE/ADDRESS."),
        ({"sdb": "sdb://v/a", "gpg": {}}, "store has the unknown key 'gpg'; allowed are sdb, keys."),
        ({"keys": {}}, "store:keys is missing or empty; give a mapping of names to places, such as access_key."),
        ({"keys": ["x"]}, "store:keys is missing or empty; give a mapping of names to places, such as access_key."),
        ({"keys": {"key": "sdb://v/a"}}, f"store:keys has the unknown key 'key'; allowed are {NAMES}."),
        (
            {"pillar_file": "/a"},
            "store:keys is missing or empty; give a mapping of names to places, such as access_key.",
        ),
        (
            {"pillar_file": "/a", "keys": KEYS, "mode": 1},
            "store has the unknown key 'mode'; allowed are pillar_file, keys, gpg.",
        ),
        (
            {"pillar_file": "/a", "keys": KEYS, "gpg": None},
            "store:gpg is empty: give a mapping with recipients, or leave it out to store secrets in clear.",
        ),
        (
            {"pillar_file": "/a", "keys": KEYS, "gpg": "x"},
            "store:gpg is 'x'; give a mapping with recipients, and homedir if it differs.",
        ),
        (
            {"pillar_file": "/a", "keys": KEYS, "gpg": {"to": 1}},
            "store:gpg has the unknown key 'to'; allowed are recipients, homedir.",
        ),
        *(
            (
                {"pillar_file": path, "keys": KEYS},
                f"store:pillar_file is {path!r}; give the path of a file, absolute or relative to the pillar roots.",
            )
            for path in (None, 5, "", "~/a", "/a/")
        ),
        (
            {"pillar_file": "a/../b", "keys": KEYS},
            "store:pillar_file is 'a/../b'; a path relative to the pillar roots must not have .. in it.",
        ),
        (
            {"pillar_file": "a", "keys": KEYS},
            (
                "store:pillar_file is 'a', and no pillar root here has its folder (none is configured): make the folder, set "
                "pillar_roots, or give an absolute path."
            ),
        ),
        *(
            (
                {"pillar_file": "/a", "keys": {"password": path}},
                f"store:keys:password is {path!r}; give a key path such as aws:password, or a list of them.",
            )
            for path in ([], 5, "", "a::b", ":a", "a: b", ["a", 5], ["a", "b:"])
        ),
        *(
            (
                {"pillar_file": "/a", "keys": KEYS, "gpg": {"recipients": recipients}},
                f"store:gpg:recipients is {recipients!r}; give a list of the fingerprints of the keys to encrypt to.",
            )
            for recipients in (None, [], 5, ["A", 5])
        ),
    ],
)
def test_a_description_that_means_nothing(description, sentence):
    assert said(lambda: make(description)) == sentence


def test_roots_that_have_no_folder_are_named(tmp_path):
    roots = [str(tmp_path / "a"), str(tmp_path / "b")]
    assert said(lambda: make({"pillar_file": "x/y", "keys": KEYS}, roots=roots)) == (
        f"store:pillar_file is 'x/y', and no pillar root here has its folder ({roots[0]}, {roots[1]}): make the folder, set "
        "pillar_roots, or give an absolute path."
    )


@pytest.mark.parametrize("missing", ["sdb_get", "sdb_set"])
def test_sdb_that_is_not_at_hand(missing):
    sentence = "store is an sdb:// address, but Salt's sdb is not available here."
    assert said(lambda: make("sdb://v/a", **{missing: None})) == sentence


def test_a_value_without_a_place():
    store = make({"pillar_file": "/a", "keys": {"access_key": "x:y"}})
    assert said(lambda: store.places("secret_key")) == (
        "The store (pillar file /a, x:y) has no place for secret_key; add secret_key to its keys."
    )
    for attempt in (
        lambda: store.holds("key"),
        lambda: store.places("key"),
        lambda: store.read(["key"]),
        lambda: store.write({"key": ""}),
        lambda: store.check(["key"]),
    ):
        assert said(attempt) == f"A store has no value named 'key'; allowed are {NAMES}."


class Part:
    """A member of a store that writes, or fails to."""

    order = ""

    def __init__(self, name, names, fails=None, left=None):
        self.name, self.names, self.fails, self.left = name, frozenset(names), fails, left
        self.tried, self.is_alone, self.done = self.names, True, []

    def describe(self):
        return self.name

    def check(self, names, *, write):
        self.done.append(("check", names, write))

    def write(self, values):
        if self.fails:
            raise self.fails
        self.done.append(("write", values))
        return self._revert

    def _revert(self):
        if self.left:
            raise self.left
        self.done.append("back")

    def tidy(self):
        self.done.append("tidy")


def test_a_part_that_could_not_be_restored_is_reported():
    one, two = Part("one", KEYS), Part("two", KEYS, left=StoreError("Locked."))
    three = Part("three", KEYS, fails=StoreError("No room."))
    assert said(lambda: stores.Store([one, two, three]).write(dict.fromkeys(KEYS, "x"))) == (
        "No room. The new values are still in the two: Locked."
    )
    assert one.done[-1] == "back"
    failure = RuntimeError("x")
    with pytest.raises(RuntimeError) as caught:
        stores.Store([one, Part("three", KEYS, fails=failure)]).write({"access_key": "x"})
    assert caught.value is failure
    assert one.done[-1] == "back"


def test_a_write_can_be_taken_back():
    one, two = Part("one", ["access_key"]), Part("two", KEYS)
    undo = stores.Store([one, two]).write({"secret_key": "s"})
    assert (one.done, two.done) == ([], [("write", {"secret_key": "s"})])
    assert undo() == ""
    assert two.done[-1] == "back"
    left = [Part(name, KEYS, left=StoreError(f"{name} is shut.")) for name in ("one", "two")]
    assert stores.Store(left).write({"access_key": "a"})() == (
        "The new values are still in the two: two is shut. The new values are still in the one: one is shut."
    )


def test_each_member_is_checked_for_what_it_is_to_have():
    one, two = Part("one", ["secret_key", "access_key"]), Part("two", KEYS)
    two.tried = ["access_key"]
    store = stores.Store([one, two], "the description")
    store.check()
    store.check(["secret_key"], write=False)
    assert one.done == [("check", ["access_key", "secret_key"], True), ("check", ["secret_key"], False)]
    assert two.done == [("check", ["access_key"], True), ("check", ["secret_key"], False)]
    assert store.description == "the description"
    assert store.describe() == "one and two"
    assert store.files == []
    assert store.is_alone
    two.is_alone = False
    assert not store.is_alone
    store.tidy()
    assert one.done[-1] == two.done[-1] == "tidy"


def test_the_files_that_a_write_changes(tmp_path):
    plain = {"pillar_file": str(tmp_path / "x.sls"), "keys": KEYS}
    assert make([plain, plain]).files == [tmp_path / "x.sls"] * 2
    assert make([plain, "sdb://v/a"]).files == []
    assert make({**plain, "gpg": {"recipients": "A"}}).files == []


def test_a_store_that_is_locked_knows(tmp_path):
    store = make({"pillar_file": str(tmp_path / "x.sls"), "keys": KEYS})
    assert not store.is_alone
    with store.alone():
        assert store.is_alone
    assert not store.is_alone
    assert not make("sdb://v/a").is_alone


# A file of pillar


@pytest.fixture
def path(tmp_path):
    found = tmp_path / "x.sls"
    found.write_text("aws: {access_key: AKIA}\n")
    return found


def in_file(path, keys=KEYS, **more):
    return make({"pillar_file": str(path), "keys": keys, **more})


def test_where_the_values_of_a_file_are(path):
    keys = {"access_key": ["aws:access_key", "b"], "secret_key": "aws:secret_key", "password": "c"}
    path.write_text(f"aws: {{access_key: AKIA, secret_key: {CANARY}}}\nb: 5\nc: ''\n")
    store = in_file(path, keys)
    where = f"pillar file {path}, "
    assert store.places("access_key") == [
        Place(f"{where}aws:access_key", "AKIA", occupied=True),
        Place(f"{where}b", "5", occupied=True),
    ]
    assert store.places("secret_key") == [Place(f"{where}aws:secret_key", Secret(CANARY), occupied=True)]
    assert store.places("password") == [Place(f"{where}c", None, occupied=False)]
    assert not store.holds("password")
    assert store.describe() == f"pillar file {path}, aws:access_key, b, aws:secret_key, c"
    encrypted = in_file(path, {"password": "c"}, gpg={"recipients": ["A"]})
    assert encrypted.describe() == f"encrypted pillar file {path}, c"
    assert encrypted.places("password") == [Place(f"encrypted pillar file {path}, c", None, occupied=False)]


def test_a_key_path_that_is_named_twice_is_one(path):
    assert in_file(path, {"password": ["a:b", "c", "a:b"]}).describe() == f"pillar file {path}, a:b, c"


def test_a_file_is_brought_back_as_it_was(path, tmp_path):
    before = path.read_bytes()
    in_file(path).write({"access_key": "AKIANEW", "secret_key": CANARY})()
    assert path.read_bytes() == before
    new = tmp_path / "new.sls"
    undo = in_file(new).write({"access_key": "AKIANEW", "secret_key": Secret(CANARY)})
    assert CANARY in new.read_text()
    assert undo() == ""
    assert not new.exists()
    assert undo() == "", "once more does no harm"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"\xff", "it is not UTF-8."),
        (b"[1]\n", "it holds a list where pillar needs a mapping."),
        (b"a: 1\na: 2\n", "it is not YAML that Salt can read (line 2)."),
        (
            b"#!jinja|py\n",
            "its first line names the renderer 'jinja|py'; allowed are yaml, jinja|yaml, yaml|gpg and jinja|yaml|gpg.",
        ),
        (
            b"#! gpg \n",
            "its first line names the renderer 'gpg'; allowed are yaml, jinja|yaml, yaml|gpg and jinja|yaml|gpg.",
        ),
        *(
            (
                b"a: '" + mark + b"'\n",
                "it contains Jinja, and the output of a template cannot be edited; name a file without Jinja.",
            )
            for mark in (b"{{", b"{%", b"{#")
        ),
        (b"aws: text\n", "aws:access_key cannot be set: above it is a str, not a mapping."),
    ],
)
def test_a_file_that_cannot_be_used(path, text, why):
    path.write_bytes(text)
    for attempt in (
        lambda: in_file(path).check(),
        lambda: in_file(path).check(write=False),
        lambda: in_file(path).write({"access_key": "A", "secret_key": CANARY}),
    ):
        assert said(attempt) == f"The pillar file {path} cannot be used: {why}"
    assert path.read_bytes() == text


@pytest.mark.parametrize("first", ["#!yaml\n", "#! jinja | yaml \n", "#!/usr/bin/env x\n", ""])
def test_a_first_line_that_is_fine(path, first):
    path.write_text(f"{first}a: 1\n")
    in_file(path).write({"access_key": "A"})
    assert path.read_text() == f"{first}a: 1\naws:\n  access_key: 'A'\n"


class Rot:
    """In place of gpg."""

    def encrypt(self, text):
        return f"-----BEGIN PGP MESSAGE-----\n\n{text[::-1].encode().hex()}\n-----END PGP MESSAGE-----\n"

    def decrypt(self, message):
        return bytes.fromhex(message.splitlines()[2]).decode()[::-1]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "#!yaml|gpg\n"),
        ("#!yaml\n", "#!yaml|gpg\n"),
        ("#!jinja|yaml  \n", "#!jinja|yaml|gpg  \n"),
        ("#!jinja|yaml|gpg\n", "#!jinja|yaml|gpg\n"),
    ],
)
def test_the_first_line_of_an_encrypted_file(tmp_path, before, after):
    path = tmp_path / "x.sls"
    path.write_text(before + "a: 1\n")
    store = pillar_file.PillarFile(str(path), {"secret_key": [("b",)], "access_key": [("c",)]}, Rot())
    store.write({"secret_key": CANARY, "access_key": "AKIA"})
    text = path.read_text()
    assert text.startswith(f"{after}a: 1\nb: |\n  -----BEGIN PGP MESSAGE-----\n\n  ")
    assert text.endswith("\n  -----END PGP MESSAGE-----\nc: 'AKIA'\n")
    assert CANARY not in text
    assert store.read("secret_key") == Secret(CANARY)
    assert store.read("access_key") == "AKIA"


def test_what_is_secret_by_its_type_is_encrypted_too(tmp_path):
    store = pillar_file.PillarFile(str(tmp_path / "x.sls"), {"smtp_username": [("b",)]}, Rot())
    store.write({"smtp_username": Secret(CANARY)})
    assert "BEGIN PGP" in (tmp_path / "x.sls").read_text()
    store.write({"smtp_username": 5})
    assert (tmp_path / "x.sls").read_text() == "#!yaml|gpg\nb: '5'\n"


def test_two_encryptions_of_one_text_are_one_value(tmp_path):
    class Salted(Rot):
        """A message differs from the next of the same text."""

        number = 0

        def encrypt(self, text):
            self.number += 1
            return super().encrypt(text).replace("-----END", f"{self.number}\n-----END")

    store = pillar_file.PillarFile(str(tmp_path / "x.sls"), {"secret_key": [("a",), ("b",)]}, Salted())
    store.write({"secret_key": CANARY})
    assert store.read("secret_key") == Secret(CANARY)
    assert store.holds("secret_key")
    text = (tmp_path / "x.sls").read_text()
    other = Rot().encrypt("another").splitlines()[2]
    (tmp_path / "x.sls").write_text(text.replace(Rot().encrypt(CANARY).splitlines()[2], other, 1))
    assert store.read("secret_key") is None
    assert not store.holds("secret_key")
    (tmp_path / "x.sls").write_text("#!yaml|gpg\na: x\nb: y\n")
    assert store.read("secret_key") is None


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (errno.ENOSPC, "No space left on device; make room on its file system."),
        (errno.EDQUOT, "Disk quota exceeded; make room, or have the quota raised."),
        (errno.EFBIG, "File too large; raise the limit of a file's size (ulimit -f)."),
        (errno.EROFS, "Read-only file system; mount its file system for writing, or name a file elsewhere."),
        (errno.EIO, "Input/output error."),
        (None, "OSError."),
    ],
)
def test_why_a_file_cannot_be_written(path, monkeypatch, number, told):
    error = OSError(number, os.strerror(number)) if number else OSError()

    def refuse(*_):
        raise error

    monkeypatch.setattr(Path, "replace", refuse)
    sentence = said(lambda: in_file(path).write({"access_key": "A", "secret_key": CANARY}))
    assert sentence == f"The pillar file {path} cannot be written: {told}"


def test_a_folder_that_is_missing_or_is_none(tmp_path):
    missing = tmp_path / "a" / "x.sls"
    assert said(lambda: in_file(missing).check()) == (
        f"The pillar file {missing} cannot be written: the folder {tmp_path / 'a'} does not exist; make it, and give only the user "
        "that runs Salt access to it."
    )
    (tmp_path / "b").write_text("")
    within = tmp_path / "b" / "x.sls"
    assert said(lambda: in_file(within).check()) == (
        f"The pillar file {within} cannot be read: {tmp_path / 'b'} is not a folder; move the existing file away, or name another file."
    )


def test_a_file_that_cannot_be_removed_again(tmp_path, monkeypatch):
    path = tmp_path / "x.sls"
    undo = in_file(path).write({"access_key": "A"})
    original = Path.unlink

    def refuse(self, **options):
        if self == path:
            raise PermissionError(13, "Permission denied")
        original(self, **options)

    monkeypatch.setattr(Path, "unlink", refuse)
    assert undo() == (
        f"The new values are still in the pillar file {path}, aws:access_key, aws:secret_key: The pillar file {path} cannot be removed: "
        "Permission denied."
    )


@pytest.mark.parametrize(
    ("description", "value", "found"),
    [
        ({"pillar_file": "/a//b/../c", "keys": {"password": "x:y"}}, "password", [Location("x:y", "/a/c")]),
        (
            {"pillar_file": "//a", "keys": {"password": ["x", "y", ""]}},
            "password",
            [Location("x", "/a"), Location("y", "/a")],
        ),
        ({"pillar_file": "a", "keys": {"password": "x"}}, "secret_key", []),
        ({"pillar_file": "a", "keys": None}, "secret_key", []),
        ({"pillar_file": "", "keys": {"password": "x"}}, "password", []),
        ({"sdb": "sdb://v/a"}, "password", [Location("sdb://v/a/password")]),
        ({"sdb": "sdb://v/a", "keys": {"password": "sdb://v//b?c/"}}, "password", [Location("sdb://v/b/c")]),
        (
            {"keys": {"password": ["sdb://v/b", "sdb://v/c"]}},
            "password",
            [Location("sdb://v/b"), Location("sdb://v/c")],
        ),
        ({"keys": {"password": "sdb://v/b"}}, "secret_key", []),
        ({"other": 1}, "secret_key", []),
        (5, "secret_key", []),
    ],
)
def test_where_a_description_has_a_value(description, value, found):
    assert stores.locations(description, [value]) == found
    assert stores.locations((description,), [value, value]) == found * 2


# Salt's sdb


class Vault(dict):
    """An sdb whose addresses may fail."""

    def __init__(self, *args, fails=None, refuses=None):
        super().__init__(*args)
        self.fails, self.refuses, self.calls = fails or {}, refuses or {}, []

    def read(self, uri):
        self.calls.append(("get", uri))
        if uri in self.fails:
            raise self.fails[uri]
        return self.get(uri)

    def write(self, uri, value):
        self.calls.append(("set", uri, value))
        if uri in self.refuses and value == self.refuses[uri]:
            return False
        self[uri] = value
        return None


def in_vault(vault, description="sdb://v/a/", **reach):
    return stores.make(description, sdb_get=vault.read, sdb_set=vault.write, **reach)


def test_the_addresses_of_sdb():
    assert in_vault(
        Vault(), {"sdb": "sdb://v/a", "keys": {"password": "sdb://v/y", "access_key": "sdb://v/x/"}}
    ).describe() == ("sdb://v/a/…, sdb://v/x, sdb://v/y")
    assert in_vault(Vault(), {"keys": {"password": "sdb://v/y", "access_key": "sdb://v/x"}}).describe() == (
        "sdb://v/x, sdb://v/y"
    )
    vault = Vault({"sdb://v/a/access_key": "AKIA", "sdb://v/a/secret_key": CANARY, "sdb://v/a/password": ""})
    store = in_vault(vault)
    assert store.places("access_key") == [Place("sdb://v/a/access_key", "AKIA", occupied=True)]
    assert store.places("secret_key") == [Place("sdb://v/a/secret_key", Secret(CANARY), occupied=True)]
    assert store.places("password") == [Place("sdb://v/a/password", None, occupied=False)]
    assert store.files == []


def test_a_check_tries_both_placeholders_and_writes_back_what_is_there():
    vault = Vault({"sdb://v/a/access_key": "AKIA"})
    in_vault(vault).check()
    access, secret = "sdb://v/a/access_key", "sdb://v/a/secret_key"
    assert vault.calls == [
        ("get", access),
        ("get", secret),
        ("set", access, "AKIA"),
        ("set", secret, "no value yet"),
        ("get", access),
        ("get", secret),
        ("set", access, "AKIA"),
        ("set", secret, "no value yet (tried)"),
        ("get", access),
        ("get", secret),
    ]
    assert not in_vault(vault).holds("secret_key")
    in_vault(vault).check(["password"], write=False)
    assert "sdb://v/a/password" not in vault


@pytest.mark.parametrize("kept", ["no value yet", "no value yet (tried)"])
def test_a_driver_that_keeps_the_first_value_or_the_last_is_noticed(kept):
    vault = Vault()
    store = stores.make("sdb://v/a", sdb_get=vault.get, sdb_set=lambda uri, _value: vault.update({uri: kept}))
    assert said(lambda: store.check(["secret_key"])).startswith(
        "sdb://v/a/secret_key does not return what is written to it"
    )


def test_sdb_that_forgets():
    store = stores.make("sdb://v/a", sdb_get=lambda _uri: None, sdb_set=lambda _uri, _value: None)
    sentence = (
        "sdb://v/a/secret_key does not return what is written to it: use a driver that keeps values, and give each value an address "
        "of its own (a Vault profile needs patch: True to keep several in one secret, which Salt has from 3007 on)."
    )
    assert said(lambda: store.write({"secret_key": CANARY})) == sentence
    assert said(lambda: store.check(["secret_key"])) == sentence


def test_sdb_that_says_no():
    address = "sdb://v/a/secret_key"
    vault = Vault({"sdb://v/a/access_key": "OLD"}, refuses={address: CANARY})
    store = in_vault(vault)
    assert said(lambda: store.write({"access_key": "NEW", "secret_key": CANARY})) == (
        f"Cannot write {address}: its sdb driver reports that it was not written."
    )
    assert vault["sdb://v/a/access_key"] == "OLD"
    assert not store.holds("secret_key")
    vault.refuses = {address: CANARY, "sdb://v/a/access_key": "OLD"}
    assert said(lambda: store.write({"access_key": "NEW", "secret_key": CANARY})) == (
        f"Cannot write {address}: its sdb driver reports that it was not written. The previous values could not be restored: Cannot write "
        "sdb://v/a/access_key: its sdb driver reports that it was not written."
    )
    assert vault[address] == "no value yet", "the others are restored all the same"


def test_what_was_at_the_addresses_comes_back():
    vault = Vault({"sdb://v/a/secret_key": "OLD"})
    undo = in_vault(vault).write({"access_key": "AKIA", "secret_key": Secret(CANARY)})
    assert vault["sdb://v/a/secret_key"] == CANARY
    assert undo() == ""
    assert vault == {"sdb://v/a/access_key": "no value yet", "sdb://v/a/secret_key": "OLD"}


def test_a_value_that_is_no_text_is_named_by_its_type():
    assert said(lambda: in_vault(Vault({"sdb://v/a/password": 5})).holds("password")) == (
        "sdb://v/a/password holds a int, not a text, and is not overwritten. Name another address."
    )


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (KeyError("vault.get"), "Salt has no sdb driver for it here ('vault.get' is missing)"),
        (KeyError("vault.set"), "Salt has no sdb driver for it here ('vault.set' is missing)"),
        (KeyError("vault.delete"), "its driver fails with KeyError"),
        (KeyError(f"x {CANARY}.get"), "its driver fails with KeyError"),
        (KeyError(), "its driver fails with KeyError"),
        (ValueError(CANARY), "its driver fails with ValueError"),
        (ValueError("vault.get"), "its driver fails with ValueError"),
    ],
)
def test_why_a_driver_fails(error, told):
    vault = Vault(fails={"sdb://v/a/password": error})
    assert said(lambda: in_vault(vault).read(["password"])) == f"Cannot read sdb://v/a/password: {told}."

    def refuse(_uri, _value):
        raise error

    store = stores.make("sdb://v/a", sdb_get=lambda _uri: None, sdb_set=refuse)
    assert said(lambda: store.check(["password"])) == f"Cannot write sdb://v/a/password: {told}."


def test_a_profile_that_is_missing_and_bytes():
    assert said(lambda: sdb.read("sdb://v/a", lambda uri: uri)) == (
        "Cannot read sdb://v/a: neither the minion's configuration nor its pillar has an sdb profile of that name with a driver."
    )
    assert sdb.read("sdb://v/a", lambda _uri: b"a\xff") == "a\ufffd"
    assert sdb.read("sdb://v/a", lambda _uri: 5) == 5


@pytest.mark.parametrize(
    ("description", "beside"),
    [
        ("sdb://v/a", {"access_key": ["sdb://v/a/secret_key"], "secret_key": ["sdb://v/a/access_key"]}),
        (
            {"keys": {"access_key": "sdb://v/s?id", "secret_key": "sdb://v/s?key"}},
            {"access_key": ["sdb://v/s?key"], "secret_key": ["sdb://v/s?id"]},
        ),
        (
            {"keys": {"access_key": "sdb://v/a/id", "secret_key": "sdb://v/b/id"}},
            {"access_key": [], "secret_key": []},
        ),
        (
            {"keys": {"access_key": "sdb://v/s?id", "secret_key": "sdb://v/other"}},
            {"access_key": ["sdb://v/s?id", "sdb://v/s?x"], "secret_key": []},
        ),
    ],
)
def test_what_is_in_one_secret_is_asked_about(description, beside):
    vault = Vault({"sdb://v/s?id": {"x": 1, "id": 2}} if "other" in str(description) else {})
    asked = {}
    store = in_vault(vault, description, sdb_refuses=lambda uri, others: asked.update({uri: others}))
    store.check(["access_key", "secret_key"], write=False)
    wanted = description["keys"] if isinstance(description, dict) else {name: f"sdb://v/a/{name}" for name in beside}
    assert asked == {wanted[name]: others for name, others in beside.items()}


def test_what_a_driver_refuses_is_not_written():
    vault = Vault()
    store = in_vault(vault, sdb_refuses=lambda uri, _others: f"it is {uri.rpartition('/')[2]}")
    assert said(lambda: store.check(["password"])) == "Cannot write sdb://v/a/password: it is password."
    assert vault == {}


# Salt's configuration


@pytest.mark.parametrize(
    ("opts", "roots"),
    [
        ({}, []),
        ({"pillar_roots": {"base": ["/a", "/b"]}}, ["/a", "/b"]),
        ({"pillar_roots": {"base": ["/a"], "dev": ["/d"]}, "pillarenv": "dev"}, ["/d"]),
        ({"pillar_roots": {"base": ["/a"], "dev": ["/d"]}, "saltenv": "dev"}, ["/a"]),
        ({"pillar_roots": {"base": ["/a"], "dev": ["/d"]}, "saltenv": "dev", "pillarenv_from_saltenv": True}, ["/d"]),
        ({"pillar_roots": {"base": ["/a"], "__env__": ["/e/__env__/"]}, "pillarenv": "dev"}, ["/e/dev"]),
        ({"pillar_roots": {"base": ["/a/__env__"]}, "pillarenv": "dev"}, ["/a/dev"]),
        ({"pillar_roots": {"dev": ["/d"]}}, []),
        ({"pillar_roots": {"__env__": ["/e/__env__"]}}, ["/e/base"]),
    ],
)
def test_the_pillar_roots_of_an_environment(opts, roots):
    assert minion.roots(opts) == roots


@pytest.fixture
def drivers(monkeypatch):
    monkeypatch.setattr(minion, "_PATCHES", True)
    monkeypatch.setattr(minion.salt.loader, "sdb", lambda *_, **__: {"vault.set": 1, "yaml.set": 1, "env.set": 1})
    monkeypatch.setattr(minion.salt.loader, "utils", lambda _opts: {})


@pytest.mark.parametrize(
    ("profile", "beside", "why"),
    [
        ({"driver": "vault"}, [], None),
        (
            {"driver": "vault"},
            ["sdb://v/s?x", "sdb://v/s?y"],
            (
                "sdb://v/s?x is in the same secret, and Vault's driver replaces a secret whole unless the profile v has patch: True, which "
                "Salt has from 3007 on; name one secret for each value"
            ),
        ),
        ({"driver": "vault", "patch": True}, ["sdb://v/s?x"], None),
        (
            {"driver": "yaml"},
            [],
            "the sdb driver yaml keeps nothing, because it only reads; name a store with another driver",
        ),
        (
            {"driver": "env"},
            ["sdb://v/s?x"],
            "the sdb driver env keeps nothing, because it forgets a value when its process ends; name a store with another driver",
        ),
        (
            {"driver": "other"},
            [],
            "the sdb driver other has no function that writes here; name a store with another driver",
        ),
        ({}, [], None),
    ],
)
def test_why_a_driver_cannot_write(drivers, profile, beside, why):
    assert minion._refuses({"v": profile}, "sdb://v/s", beside) == why
    assert minion._refuses({"pillar": {"v": profile}}, "sdb://v/s", beside) == why
    assert minion._refuses({}, "sdb://v/s", beside) is None


def test_a_store_of_a_minion_reads_and_writes_by_its_configuration(monkeypatch):
    calls = []
    monkeypatch.setattr(minion.sdb, "sdb_get", lambda uri, opts: calls.append((uri, opts)))
    monkeypatch.setattr(minion.sdb, "sdb_set", lambda uri, value, opts: calls.append((uri, value, opts)))
    opts = {"x": 1}
    store = minion.make("sdb://v/a", opts)
    assert store.read(["password"]) == {"password": None}
    assert "does not return" in said(lambda: store.write({"password": CANARY}))
    assert calls[0] == ("sdb://v/a/password", opts)
    assert ("sdb://v/a/password", CANARY, opts) in calls


# gpg


def test_a_store_of_gpg_takes_its_own_folder_then_the_renderers(tmp_path):
    for given, meant in (({"homedir": "/own"}, "/own"), ({}, "/renderers"), ({"homedir": ""}, "/renderers")):
        description = {"pillar_file": "/a", "keys": KEYS, "gpg": {"recipients": "A", **given}}
        gpg = make(description, gpg_homedir="/renderers")._members[0]._gpg
        assert (gpg.recipients, gpg._homedir) == (["A"], meant)


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """A gpg of the test's own: what it prints and how it ends."""

    def make_it(script):
        program = tmp_path / "gpg"
        program.write_text(f'#!/bin/sh\necho "$LC_ALL $@" > {tmp_path}/called\ncat > {tmp_path}/input\n{script}\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        return lambda: (tmp_path / "called").read_text().rstrip("\n"), (tmp_path / "input").read_text

    return make_it


BASE = "C --batch --no-tty --quiet --no-auto-key-locate"


@pytest.mark.parametrize(
    ("recipients", "homedir", "arguments"),
    [
        (["A" * 40], None, f"--trust-model=always --armor --encrypt --recipient={'A' * 40}"),
        (
            ["0x" + "a" * 64 + "!", "B" * 40],
            "/h",
            f"--homedir=/h --trust-model=always --armor --encrypt --recipient=0x{'a' * 64}! --recipient={'B' * 40}",
        ),
        (["A" * 40, "me@example.org"], None, f"--armor --encrypt --recipient={'A' * 40} --recipient=me@example.org"),
    ],
)
def test_how_gpg_is_called(fake, recipients, homedir, arguments):
    called, given = fake("echo message")
    assert Gpg(recipients, homedir).encrypt(CANARY) == "message\n"
    assert called() == f"{BASE} {arguments}"
    assert given() == CANARY


def test_how_gpg_decrypts(fake):
    called, given = fake(f"printf '%s' '{CANARY}'")
    assert Gpg(["A"], "/h").decrypt("message") == CANARY
    assert called() == f"{BASE} --homedir=/h --decrypt"
    assert given() == "message"
    fake("exit 2")
    assert Gpg(["A"]).decrypt("message") is None


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("exit 2", "gpg gives no reason."),
        ("true", "gpg gives no reason."),
        ("echo 'gpg: first' >&2; echo 'gpg: it broke.' >&2; echo other >&2; exit 2", "gpg says: it broke."),
        ("echo message; echo 'gpg: broke' >&2; exit 1", "gpg says: broke."),
        (
            "echo 'gpg: x: No public key' >&2; exit 2",
            (
                "gpg says: x: No public key. Import the public key into {where} (gpg --homedir … --import KEYFILE), and name it by its full "
                "fingerprint."
            ),
        ),
        (
            "echo 'gpg: x: Unusable public key' >&2; exit 2",
            (
                "gpg says: x: Unusable public key. Import the public key into {where} (gpg --homedir … --import KEYFILE), and name it by its "
                "full fingerprint."
            ),
        ),
        (
            "echo 'gpg: There is no assurance this key belongs' >&2; exit 2",
            (
                "gpg says: There is no assurance this key belongs. Import the public key into {where} (gpg --homedir … --import KEYFILE), and "
                "name it by its full fingerprint."
            ),
        ),
        ("printf '\\377'", "gpg fails with UnicodeDecodeError."),
    ],
)
def test_why_gpg_fails(fake, script, told):
    fake(script)
    for homedir in (None, "/h"):
        where = homedir or "gpg's default folder"
        assert said(lambda homedir=homedir: Gpg(["A", "B"], homedir).encrypt(CANARY)) == (
            f"Cannot encrypt to A, B: {told.format(where=where)}"
        )


def test_gpg_that_is_missing_or_hangs(tmp_path, fake, monkeypatch):
    fake("exec sleep 5")
    monkeypatch.setattr("aws_runbook.stores.gpg._TIMEOUT", 0.2)
    assert said(lambda: Gpg(["A"]).encrypt(CANARY)) == "Cannot encrypt to A: gpg fails with TimeoutExpired."
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    assert said(lambda: Gpg(["A"]).encrypt(CANARY)) == (
        "Cannot encrypt to A: the program gpg is not installed (Debian: apt install gnupg)."
    )


def test_to_whom_a_message_is_encrypted(fake):
    listed = "pub:u:255:22:X:::\\nfpr:::::::::" + "A" * 40 + ":\\nsub:u\\nfpr:::::::::" + "B" * 40 + ":"
    called, _ = fake(
        f'case "$*" in *--list-only*) printf "[GNUPG:] ENC_TO {"1" * 16} 1 0\\n[GNUPG:] ENC_TO {"1" * 16} 1 0\\n";; '
        f'*) printf "{listed}\\n";; esac'
    )
    assert Gpg([], "/h").recipients_of("m") == ["A" * 40]
    assert called() == f"{BASE} --homedir=/h --with-colons --list-keys {'1' * 16}"
    for status in ("x", f"[GNUPG:] ENC_TO {'1' * 16} 1 0\\n[GNUPG:] ENC_TO {'0' * 16} 1 0"):
        called, _ = fake(f"printf '{status}\\n'")
        assert said(lambda: Gpg([]).recipients_of("m")) == (
            "Cannot read the recipients of the message: the message does not name its keys."
        )
        assert called() == f"{BASE} --status-fd=1 --list-only --decrypt"


# What kinds of stores share


def test_what_a_description_must_have():
    assert backend.keys({}, needed=False) == {}
    assert backend.keys({"keys": None}, needed=False) == {}
    assert backend.keys({"keys": {"password": "x"}}, needed=False) == {"password": "x"}
    assert backend.keys({"keys": {"password": "x"}}, needed=True) == {"password": "x"}
    missing = "store:keys is missing or empty; give a mapping of names to places, such as access_key."
    for given in ({}, {"keys": {}}, {"keys": None}):
        assert said(lambda given=given: backend.keys(given, needed=True)) == missing
    assert said(lambda: backend.keys({"keys": "x"}, needed=False)) == missing
    assert (
        said(lambda: backend.known({"a": 1, "b": 2}, ("a", "c"))) == "store has the unknown key 'b'; allowed are a, c."
    )


@pytest.mark.parametrize(
    ("description", "key"),
    [
        ({"sdb": 1}, "sdb"),
        ({"keys": 1}, "sdb"),
        ({"keys": 1, "pillar_file": 2}, "pillar_file"),
        ({"pillar_file": 2}, "pillar_file"),
        ({"x": 1}, None),
    ],
)
def test_which_kind_a_description_is(description, key):
    found = backends.of(description)
    assert (found and found.key) == key
    assert [each.key for each in backends.BACKENDS] == ["sdb", "pillar_file"]
    assert backends.expanded("sdb://v/a") == {"sdb": "sdb://v/a"}
    assert backends.expanded("pillar_file") == "pillar_file"


def two_places(path, one, other):
    path.write_text(f"#!yaml|gpg\na: {one!r}\nb: {other!r}\n")
    return pillar_file.PillarFile(str(path), {"secret_key": [("a",), ("b",)]}, Numbered())


class Numbered:
    """In place of gpg: messages of one text differ, and one that it has no key for is not decrypted."""

    def decrypt(self, message):
        return None if "other" in message else message.split()[-1]


MESSAGE = "-----BEGIN PGP MESSAGE-----"


@pytest.mark.parametrize(
    ("one", "other", "value"),
    [
        (f"{MESSAGE} 1 {CANARY}", f"{MESSAGE} 2 {CANARY}", CANARY),
        (f"{MESSAGE} 1 {CANARY}", f"{MESSAGE} 2 x", None),
        (f"{MESSAGE} 1 x", f"{MESSAGE} 2 {CANARY}", None),
        (f"{MESSAGE} 1 {CANARY}", CANARY, None),
    ],
)
def test_a_value_that_each_place_has_in_an_encryption_of_its_own(tmp_path, one, other, value):
    store = two_places(tmp_path / "x.sls", one, other)
    assert store.read("secret_key") == (value and Secret(value))
    assert store.holds("secret_key") is bool(value)


def test_a_check_without_writing_foresees_the_length_of_what_would_be_written(tmp_path, monkeypatch):
    lengths = []
    monkeypatch.setattr(pillar_file.atomic_file, "foresee", lambda _path, length: lengths.append(length))
    path = tmp_path / "x.sls"
    places = {"secret_key": [("s",)], "access_key": [("a",)]}
    store = pillar_file.PillarFile(str(path), places, Rot())
    for names in (["secret_key"], ["access_key"], ["access_key", "secret_key"]):
        store.check(names, write=False)
    probe = yaml_edit.put("#!yaml|gpg\n", ("s",), Rot().encrypt("probe"))
    clear = yaml_edit.put("#!yaml|gpg\n", ("a",), "probe")
    assert lengths == [len(probe), len(clear), len(yaml_edit.put(clear, ("s",), Rot().encrypt("probe")))]


def test_a_store_without_a_base_has_only_the_values_that_it_names():
    store = in_vault(Vault(), {"keys": {"password": "sdb://v/b/passwordX/"}})
    assert store.describe() == "sdb://v/b/passwordX"
    assert said(lambda: store.read(["secret_key"])) == (
        "The store (sdb://v/b/passwordX) has no place for secret_key; add secret_key to its keys."
    )
    assert stores.locations({"keys": {"password": "sdb://Xv/bX/"}}, ["password"]) == [Location("sdb://Xv/bX")]
