import functools
import os
import re
import shutil
import stat
from pathlib import Path

import pytest
import salt.config
import salt.loader
import salt.template
import salt.utils.sdb

from aws_runbook.errors import StoreError
from aws_runbook.stores import atomic_file, gpg, minion
from aws_runbook.stores import store as stores
from aws_runbook.stores.secret import Secret

CANARY = "wJalrXUtnFEMI/K7MDENG+canary"
PAIR = {"access_key": "AKIAIOSFODNN7EXAMPLE", "secret_key": Secret(CANARY)}
KEYS = {"access_key": "postgres:backup:s3_key", "secret_key": "postgres:backup:s3_key_secret"}
PRIVATE = """\
# What only this server and the master may read.
postgres:
  backup:
    s3_bucket: ocp-db-backup  # the bucket
    s3_region: eu-central-1

    # Filled in by the states.
    s3_key:
    s3_key_secret: old
other: {a: 1}
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "private" / "registry.sls"
    path.parent.mkdir()
    path.write_text(PRIVATE)
    path.chmod(0o640)
    return path


def store_in(path, keys=KEYS, **more):
    return stores.make({"pillar_file": str(path), "keys": keys, **more})


def texts(values):
    return {name: value.reveal() if isinstance(value, Secret) else value for name, value in values.items()}


def holders(folder, text=CANARY):
    """The files under ``folder`` in which ``text`` stands."""
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


def names(folder):
    return [path.name for path in folder.iterdir()]


# A file of private pillar


def test_a_pillar_file_gets_the_values_and_keeps_everything_else(file):
    store_in(file).write(PAIR)
    wanted = PRIVATE.replace("s3_key:\n", "s3_key: 'AKIAIOSFODNN7EXAMPLE'\n").replace("old", f"'{CANARY}'")
    assert file.read_text() == wanted
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert names(file.parent) == [file.name]


def test_what_was_written_is_read_and_held(file):
    store = store_in(file)
    assert texts(store.read(KEYS)) == {"access_key": None, "secret_key": "old"}
    assert [store.holds(name) for name in KEYS] == [False, True]
    store.write(PAIR)
    values = store.read(KEYS)
    assert values["access_key"] == PAIR["access_key"]
    assert isinstance(values["secret_key"], Secret)
    assert values["secret_key"].reveal() == CANARY
    assert [store.holds(name) for name in KEYS] == [True, True]


@pytest.mark.parametrize(("value", "kind"), [("{a: 1}", "mapping"), ("[a]", "list")])
def test_a_mapping_or_a_list_is_no_secret(file, value, kind):
    file.write_text(PRIVATE.replace("s3_key_secret: old", f"s3_key_secret: {value}"))
    store = store_in(file)
    for asked in (lambda: store.holds("secret_key"), lambda: store.read(KEYS), lambda: store.places("secret_key")):
        with pytest.raises(
            StoreError, match=f"has a {kind} at postgres:backup:s3_key_secret, which is not overwritten"
        ):
            asked()


def test_a_new_file_is_never_readable_to_others_and_whole_before_it_is_in_place(tmp_path, monkeypatch):
    modes, synced = [], []
    replace, sync = Path.replace, os.fsync

    def watched(self, target):
        modes.append(stat.S_IMODE(self.stat().st_mode))
        assert synced == [self.stat().st_ino]
        return replace(self, target)

    def noted(descriptor):
        synced.append(os.fstat(descriptor).st_ino)
        sync(descriptor)

    monkeypatch.setattr(Path, "replace", watched)
    monkeypatch.setattr(os, "fsync", noted)
    old = os.umask(0)
    try:
        store_in(tmp_path / "new.sls", keys={"password": "rds:password"}).write({"password": Secret(CANARY)})
    finally:
        os.umask(old)
    assert modes == [0o600]
    assert stat.S_IMODE((tmp_path / "new.sls").stat().st_mode) == 0o600
    assert (tmp_path / "new.sls").read_text() == f"rds:\n  password: '{CANARY}'\n"


def test_a_list_of_key_paths_gets_the_value_at_each(file):
    keys = {"access_key": ["postgres:backup:s3_key", "aws:access_key"]}
    store = store_in(file, keys=keys)
    store.write({"access_key": "AKIA"})
    assert store.read(["access_key"]) == {"access_key": "AKIA"}
    file.write_text(file.read_text().replace("access_key: 'AKIA'", "access_key: 'AKIB'"))
    assert store.read(["access_key"]) == {"access_key": None}, "two places that differ are not one value"
    assert not store.holds("access_key")


def test_a_link_stays_a_link(file, tmp_path):
    link = tmp_path / "link.sls"
    link.symlink_to(file)
    store_in(link).write(PAIR)
    assert link.is_symlink()
    assert holders(tmp_path) == [link, file] or holders(tmp_path) == [file, link]


def test_the_owner_stays_the_owner(file, monkeypatch):
    given = []
    monkeypatch.setattr(os, "fchown", lambda _, *ids: given.append(ids))
    real = file.stat()
    other = os.stat_result((*real[:4], 4321, 4321, *real[6:]))
    look = Path.stat
    monkeypatch.setattr(Path, "stat", lambda self, **_: other if self == file else look(self))
    store_in(file).write(PAIR)
    assert given == [(4321, 4321)]


def test_when_the_file_cannot_be_replaced_nothing_has_changed(file, monkeypatch):
    def refuse(_, target):
        raise PermissionError(1, "Operation not permitted", str(target))

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(StoreError, match=r"cannot be written: Operation not permitted\.$"):
        store_in(file).write(PAIR)
    assert file.read_text() == PRIVATE
    assert names(file.parent) == [file.name], "no half-written file with a secret in it stays"


@pytest.mark.parametrize("write", [True, False])
def test_a_check_of_what_works_leaves_nothing_behind(file, tmp_path, write):
    before = file.stat()
    store_in(file).check(write=write)
    store_in(tmp_path / "private" / "new.sls").check(KEYS, write=write)
    assert file.read_text() == PRIVATE
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert names(file.parent) == [file.name]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: {{ pillar['x'] }}\n", "it contains Jinja"),
        ("#!jinja|yaml|gpg\n{% if True %}\na: 1\n{% endif %}\n", "it contains Jinja"),
        ("#!py\ndef run(): pass\n", "its first line names the renderer 'py'"),
        ("#!yaml|mako\na: 1\n", "its first line names the renderer 'yaml|mako'"),
        ("a: 'CANARY\n", "it is not YAML that Salt can read"),
        ("postgres: [CANARY]\n", "postgres:backup:s3_key cannot be set: above it is a list"),
        ("postgres: {backup: {s3_key: {a: CANARY}}}\n", "s3_key cannot be set: it is a mapping"),
        ("CANARY", "it holds a str where pillar needs a mapping"),
    ],
)
def test_a_check_names_the_file_and_what_is_wrong_with_it(file, text, says):
    file.write_text(text)
    for attempt in (store_in(file).check, lambda: store_in(file).write(PAIR)):
        with pytest.raises(StoreError, match=re.escape(says)) as caught:
            attempt()
        assert str(file) in str(caught.value)
        assert "CANARY" not in str(caught.value)
        assert CANARY not in str(caught.value)
        assert file.read_text() == text


def test_yaml_that_is_not_jinja_may_have_braces(file):
    file.write_text("#!yaml\na: '{{ not a template }}'\n")
    store_in(file).write(PAIR)
    assert file.read_text().startswith("#!yaml\na: '{{ not a template }}'\npostgres:\n")


def test_a_value_with_braces_means_nothing_to_jinja(file):
    password = "{{x}}{%y%}{#z#}'\"\\"
    store = store_in(file, keys={"password": "rds:password"})
    store.write({"password": Secret(password)})
    store.check()
    assert store.read(["password"])["password"].reveal() == password


def test_a_missing_folder_and_a_folder_instead_of_a_file_are_reported(tmp_path):
    with pytest.raises(StoreError, match="nowhere does not exist; make it"):
        store_in(tmp_path / "nowhere" / "a.sls").check()
    with pytest.raises(StoreError, match=r"cannot be read: Is a directory\.$"):
        store_in(tmp_path).check()


def test_a_folder_that_cannot_be_written_to_is_reported(file, monkeypatch):
    # As root, which these tests may run as, no folder is closed: the system call is what can say so.
    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(atomic_file.tempfile, "mkstemp", refuse)
    with pytest.raises(StoreError, match=r"cannot be written: Permission denied\.$"):
        store_in(file).check()
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(StoreError, match="no permission to write in its folder"):
        store_in(file).check(write=False)


def test_a_sticky_folder_of_others_is_reported(file, monkeypatch):
    file.parent.chmod(0o1777)
    store_in(file).check()
    stranger = file.stat().st_uid + 1
    monkeypatch.setattr(os, "geteuid", lambda: stranger)
    with pytest.raises(StoreError, match="its folder is sticky"):
        store_in(file).check()


def test_a_store_is_described_without_its_values(file):
    store = store_in(file)
    store.write(PAIR)
    assert store.describe() == f"pillar file {file}, postgres:backup:s3_key, postgres:backup:s3_key_secret"


# The same, encrypted


def encrypted_in(path, fingerprint, homedir, keys=KEYS):
    return store_in(path, keys, gpg={"recipients": [fingerprint], "homedir": str(homedir)})


def rendered(path, homedir, tmp_path):
    """What Salt makes of a pillar file."""
    opts = salt.config.DEFAULT_MINION_OPTS.copy()
    opts.update(cachedir=str(tmp_path / "cache"), conf_file=str(tmp_path / "minion"), gpg_keydir=str(homedir))
    opts["gpg_decrypt_must_succeed"] = True
    renderers = salt.loader.render(opts, {})
    return salt.template.compile_template(str(path), renderers, "jinja|yaml", [], [])


@pytest.mark.gpg
@pytest.mark.parametrize("first_line", ["", "#!yaml\n", "#!jinja|yaml \n", "#!yaml|gpg\n"])
def test_salt_decrypts_what_was_encrypted(file, keyring, tmp_path, first_line):
    both, fingerprint, public = keyring
    file.write_text(first_line + PRIVATE)
    encrypted_in(file, fingerprint, public).write(PAIR)
    text = file.read_text()
    assert text.splitlines()[0].removesuffix(" ") in ("#!yaml|gpg", "#!jinja|yaml|gpg")
    assert text.count("#!") == 1
    assert "s3_key: 'AKIAIOSFODNN7EXAMPLE'\n" in text
    assert "    s3_key_secret: |\n      -----BEGIN PGP MESSAGE-----\n" in text
    assert re.findall("#.*", PRIVATE) == re.findall("#.*", text.split("\n", 1)[1])
    data = rendered(file, both, tmp_path)
    assert data["postgres"]["backup"] == {
        "s3_bucket": "ocp-db-backup",
        "s3_region": "eu-central-1",
        "s3_key": PAIR["access_key"],
        "s3_key_secret": CANARY,
    }
    assert holders(tmp_path) == []


@pytest.mark.gpg
def test_an_encrypted_value_is_held_but_read_only_with_the_private_key(tmp_path, keyring):
    both, fingerprint, public = keyring
    keys = {"access_key": "aws:access_key", "secret_key": ["aws:secret_key", "aws:again"]}
    path = tmp_path / "new.sls"
    encrypted_in(path, fingerprint, public, keys).write(PAIR)
    assert path.read_text().startswith("#!yaml|gpg\naws:\n")
    assert encrypted_in(path, fingerprint, public, keys).holds("secret_key")
    assert encrypted_in(path, fingerprint, public, keys).read(["secret_key"]) == {"secret_key": None}
    assert texts(encrypted_in(path, fingerprint, both, keys).read(keys)) == texts(PAIR)


@pytest.mark.gpg
def test_the_secret_is_in_no_argument_and_no_file_while_it_is_encrypted(tmp_path, keyring, monkeypatch):
    _, fingerprint, public = keyring
    real = shutil.which("gpg")
    spy = tmp_path / "bin" / "gpg"
    spy.parent.mkdir()
    spy.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" >> "{tmp_path}/arguments"\nenv >> "{tmp_path}/arguments"\nexec {real} "$@"\n'
    )
    spy.chmod(0o755)
    monkeypatch.setenv("PATH", f"{spy.parent}:{os.environ['PATH']}")
    encrypted_in(tmp_path / "new.sls", fingerprint, public).write(PAIR)
    arguments = (tmp_path / "arguments").read_text().splitlines()
    assert f"--recipient={fingerprint}" in arguments
    assert "--no-auto-key-locate" in arguments
    assert holders(tmp_path) == []


@pytest.mark.gpg
def test_a_recipient_must_be_known_and_trusted(tmp_path, keyring):
    both, fingerprint, public = keyring
    path = tmp_path / "new.sls"
    encrypted_in(path, fingerprint, public).check(KEYS)
    encrypted_in(path, "salt@example.org", both).check(KEYS)
    for recipient, homedir in (("salt@example.org", public), ("nobody@example.org", both), ("0" * 40, both)):
        with pytest.raises(StoreError, match="name it by its full fingerprint") as caught:
            encrypted_in(path, recipient, homedir).check(KEYS)
        assert recipient in str(caught.value)
    assert not path.exists()


def test_without_gpg_an_encrypted_store_refuses(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    store = encrypted_in(tmp_path / "new.sls", "0" * 40, tmp_path)
    for attempt in (lambda: store.check(KEYS), lambda: store.write(PAIR)):
        with pytest.raises(StoreError, match="the program gpg is not installed"):
            attempt()
    assert names(tmp_path) == []


def test_gpgs_folder_is_the_renderers(tmp_path):
    assert gpg.salt_homedir({"conf_file": str(tmp_path / "minion")}) is None
    (tmp_path / "gpgkeys").mkdir()
    assert gpg.salt_homedir({"conf_file": str(tmp_path / "minion")}) == str(tmp_path / "gpgkeys")
    assert gpg.salt_homedir({"config_dir": str(tmp_path)}) == str(tmp_path / "gpgkeys")
    assert gpg.salt_homedir({"gpg_keydir": str(tmp_path), "config_dir": "x"}) == str(tmp_path)


# Salt's sdb

DRIVER = '''
"""Like Vault's: what stands before the last slash is a secret, what stands after it a field of the secret."""
import json, pathlib

__func_alias__ = {"set_": "set"}


def _secret(key, profile):
    path, field = key.rsplit("/", 1)
    return pathlib.Path(profile["folder"]) / path.replace("/", "-"), field


def get(key, profile=None):
    path, field = _secret(key, profile)
    fields = json.loads(path.read_text()) if path.exists() else {}
    if fields.get(field) == profile.get("refuses", 0):
        raise ValueError(f"cannot decode {fields[field]}")
    return fields.get(field, fields or None)


def set_(key, value, profile=None):
    if value == profile.get("refuses"):
        raise ValueError(f"I do not take {value}")
    path, field = _secret(key, profile)
    fields = json.loads(path.read_text()) if path.exists() and profile.get("patch") else {}
    path.write_text(json.dumps({**fields, field: value}))
    return True
'''


@pytest.fixture
def sdb(tmp_path):
    """``make`` for descriptions that mean sdb, with the drivers that Salt has and one more."""
    (tmp_path / "drivers").mkdir()
    (tmp_path / "drivers" / "folder.py").write_text(DRIVER)
    (tmp_path / "data").mkdir()
    (tmp_path / "data.yaml").write_text("aws: {access_key: AKIA, secret_key: x}\n")
    opts = salt.config.DEFAULT_MINION_OPTS.copy()
    folder = {"driver": "folder", "folder": str(tmp_path / "data")}
    opts.update(
        cachedir=str(tmp_path / "cache"),
        extension_modules=str(tmp_path / "extmods"),
        sdb_dirs=[str(tmp_path / "drivers")],
        vault={**folder, "patch": True},
        whole={**folder},
        picky={**folder, "patch": True, "refuses": CANARY},
        yamlfile={"driver": "yaml", "files": [str(tmp_path / "data.yaml")]},
        osenv={"driver": "env"},
        nodriver={"driver": "nonesuch"},
    )
    return functools.partial(
        stores.make,
        sdb_get=lambda uri: salt.utils.sdb.sdb_get(uri, opts, utils={}),
        sdb_set=lambda uri, value: salt.utils.sdb.sdb_set(uri, value, opts, utils={}),
    )


def test_sdb_keeps_each_value_at_its_own_address(sdb, tmp_path):
    store = sdb("sdb://vault/secret/registry")
    assert store.describe() == "sdb://vault/secret/registry/…"
    store.check(KEYS)
    assert store.read(KEYS) == {"access_key": None, "secret_key": None}
    assert not store.holds("secret_key")
    store.write(PAIR)
    assert texts(store.read(KEYS)) == texts(PAIR)
    assert store.holds("secret_key")
    store.check(KEYS)
    assert texts(store.read(KEYS)) == texts(PAIR)
    assert holders(tmp_path) == [tmp_path / "data" / "secret-registry"]


def test_sdb_addresses_can_be_named_one_by_one(sdb, tmp_path):
    store = sdb({"keys": {"access_key": "sdb://whole/a/id", "secret_key": "sdb://whole/b/key"}})
    store.check()
    store.write(PAIR)
    assert texts(store.read(KEYS)) == texts(PAIR)
    assert holders(tmp_path) == [tmp_path / "data" / "b"]
    both = sdb({"sdb": "sdb://vault/s", "keys": {"access_key": "sdb://whole/a/id"}})
    both.write({"access_key": "AKIA", "password": Secret("x")})
    assert texts(both.read(["access_key", "password"])) == {"access_key": "AKIA", "password": "x"}


def test_an_sdb_check_without_writing_writes_nothing(sdb, tmp_path):
    sdb("sdb://vault/secret/registry").check(KEYS, write=False)
    assert names(tmp_path / "data") == []


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("sdb://missing/a", "has an sdb profile of that name"),
        ("sdb://nodriver/a", "Salt has no sdb driver for it here"),
        ("sdb://yamlfile/aws", "Cannot write sdb://yamlfile/aws/access_key"),
        ("sdb://osenv/RUNBOOK_TEST", "does not return what is written to it"),
        ("sdb://whole/secret/registry", "give each value an address of its own"),
    ],
)
def test_an_sdb_check_says_what_would_lose_a_secret(sdb, monkeypatch, address, says):
    for name in KEYS:  # which Salt's env driver sets, and monkeypatch removes again
        monkeypatch.setenv(f"RUNBOOK_TEST/{name}", "")
        monkeypatch.delenv(f"RUNBOOK_TEST/{name}")
    with pytest.raises(StoreError, match=re.escape(says)):
        sdb(address).check(KEYS)


@pytest.mark.parametrize("value", [12345, ["x", CANARY], True])
def test_what_is_no_text_at_an_address_is_written_over_by_nothing(value):
    kept = {"sdb://v/a/access_key": value}
    store = stores.make("sdb://v/a", sdb_get=kept.get, sdb_set=kept.__setitem__)
    for attempt in (
        lambda: store.places("access_key"),
        lambda: store.check(KEYS),
        lambda: store.check(KEYS, write=False),
        lambda: store.write(PAIR),
    ):
        with pytest.raises(StoreError, match="sdb://v/a/access_key holds a") as caught:
            attempt()
        assert CANARY not in str(caught.value)
    assert kept == {"sdb://v/a/access_key": value}


@pytest.mark.parametrize(
    ("profile", "addresses", "refused"),
    [
        ({"driver": "vault"}, "sdb://v/secret/registry", True),
        ({"driver": "vault"}, {"keys": {"access_key": "sdb://v/s?id", "secret_key": "sdb://v/s?key"}}, True),
        ({"driver": "vault"}, {"keys": {"access_key": "sdb://v/a/id", "secret_key": "sdb://v/b/key"}}, False),
        ({"driver": "vault", "patch": True}, "sdb://v/secret/registry", False),
        ({"driver": "json_file"}, "sdb://v/secret/registry", False),
    ],
)
def test_a_vault_that_replaces_a_secret_whole_is_refused_before_anything_is_written(
    profile, addresses, refused, monkeypatch
):
    """Its other fields, ours and those of others, would be gone."""
    monkeypatch.setattr(minion, "_PATCHES", True)
    monkeypatch.setattr(minion.salt.loader, "sdb", lambda *_, **__: {f"{profile['driver']}.set": None})
    monkeypatch.setattr(minion.salt.loader, "utils", lambda _opts: {})
    kept = {"sdb://v/secret/registry/access_key": "AKIAOLD", "sdb://v/secret/registry/secret_key": CANARY}
    before = dict(kept)
    store = stores.make(
        addresses,
        sdb_get=kept.get,
        sdb_set=kept.__setitem__,
        sdb_refuses=functools.partial(minion._refuses, {"v": profile}),
    )
    if not refused:
        store.check(KEYS)
        return
    with pytest.raises(StoreError, match="is in the same secret, and Vault's driver replaces a secret whole"):
        store.check(KEYS)
    assert kept == before


def test_a_vault_that_would_lose_the_fields_of_others_is_refused_before_anything_is_written(monkeypatch):
    monkeypatch.setattr(minion.salt.loader, "sdb", lambda *_, **__: {"vault.set": None})
    monkeypatch.setattr(minion.salt.loader, "utils", lambda _opts: {})
    written = []
    store = stores.make(
        {"keys": {"access_key": "sdb://v/s?id", "secret_key": "sdb://v/other?key"}},
        sdb_get=lambda uri: {"db_password": CANARY} if uri == "sdb://v/s?id" else None,
        sdb_set=lambda uri, _value: written.append(uri),
        sdb_refuses=functools.partial(minion._refuses, {"v": {"driver": "vault"}}),
    )
    with pytest.raises(StoreError, match="db_password is in the same secret") as caught:
        store.check(KEYS)
    assert CANARY not in str(caught.value)
    assert written == []


def test_a_vault_of_a_salt_that_cannot_patch_is_refused_whatever_its_profile_says(monkeypatch):
    monkeypatch.setattr(minion, "_PATCHES", False)
    opts = {"v": {"driver": "vault", "patch": True}}
    assert "from 3007 on" in minion._refuses(opts, "sdb://v/s/access_key", ["sdb://v/s/secret_key"])


def test_an_sdb_driver_that_fails_is_not_quoted_and_what_was_there_comes_back(sdb, tmp_path):
    store = sdb("sdb://picky/s")
    store.write({"access_key": "AKIAOLD", "secret_key": Secret("old")})
    with pytest.raises(
        StoreError, match="Cannot write sdb://picky/s/secret_key: its driver fails with ValueError"
    ) as caught:
        store.write(PAIR)
    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None
    assert texts(store.read(KEYS)) == {"access_key": "AKIAOLD", "secret_key": "old"}
    assert holders(tmp_path) == []


def test_an_sdb_driver_that_refuses_what_is_there_is_not_quoted_either(sdb, tmp_path):
    sdb("sdb://vault/s").write(PAIR)
    with pytest.raises(StoreError, match="sdb://picky/s/secret_key") as caught:
        sdb("sdb://picky/s").check(KEYS)
    assert CANARY not in str(caught.value)


def test_an_sdb_driver_that_cannot_read_is_not_quoted_either(sdb):
    sdb("sdb://vault/s").write(PAIR)
    with pytest.raises(StoreError, match=r"^Cannot read sdb://picky/s/secret_key: its driver fails with ValueError\.$"):
        sdb("sdb://picky/s").read(KEYS)


def test_an_sdb_write_that_loses_a_value_is_noticed(sdb):
    store = sdb("sdb://whole/secret/registry")
    with pytest.raises(StoreError, match="sdb://whole/secret/registry/access_key does not return"):
        store.write(PAIR)
    assert store.read(KEYS) == {"access_key": None, "secret_key": None}


def test_a_field_that_its_secret_lacks_is_none_of_the_others(sdb):
    store = sdb("sdb://vault/secret/registry")
    store.write({"access_key": "AKIA"})
    assert store.read(KEYS) == {"access_key": "AKIA", "secret_key": None}
    assert not store.holds("secret_key")


# Several at once


def test_an_sdb_driver_that_refuses_the_placeholder_is_not_quoted_either():
    """It may say what else it has read."""

    def refuse(_uri, _value):
        raise RuntimeError(f"cannot merge {CANARY}")

    store = stores.make("sdb://odd/s", sdb_get=lambda _uri: None, sdb_set=refuse)
    with pytest.raises(
        StoreError, match=r"^Cannot write sdb://odd/s/access_key: its driver fails with RuntimeError\.$"
    ):
        store.check(KEYS)


def test_several_stores_are_written_together(sdb, file, tmp_path):
    store = sdb(["sdb://vault/s", {"pillar_file": str(file), "keys": KEYS}])
    store.check(KEYS)
    store.write(PAIR)
    assert sorted(holders(tmp_path)) == [tmp_path / "data" / "s", file]
    assert texts(store.read(KEYS)) == texts(PAIR)
    assert store.describe().startswith("sdb://vault/s/… and pillar file")


def test_when_one_of_several_fails_none_is_written(sdb, file, tmp_path):
    new = tmp_path / "new.sls"
    descriptions = [{"pillar_file": str(path), "keys": KEYS} for path in (file, new)]
    with pytest.raises(StoreError, match="its driver fails with ValueError"):
        sdb([*descriptions, "sdb://picky/s"]).write(PAIR)
    assert file.read_text() == PRIVATE
    assert not new.exists()
    assert holders(tmp_path) == []


def test_when_the_last_of_several_fails_sdb_has_its_old_values(sdb, file, tmp_path):
    store = sdb("sdb://vault/s")
    store.write({"access_key": "AKIAOLD", "secret_key": Secret("old")})
    file.write_text("{{ jinja }}")
    with pytest.raises(StoreError, match="it contains Jinja"):
        sdb(["sdb://vault/s", {"pillar_file": str(file), "keys": KEYS}]).write(PAIR)
    assert texts(store.read(KEYS)) == {"access_key": "AKIAOLD", "secret_key": "old"}


def test_a_value_is_held_when_every_store_has_it(sdb, file):
    both = sdb(["sdb://vault/s", {"pillar_file": str(file), "keys": KEYS}])
    assert store_in(file).holds("secret_key")
    assert not both.holds("secret_key")
    sdb("sdb://vault/s").write({"secret_key": Secret("old")})
    assert both.holds("secret_key")


def test_values_that_differ_between_stores_are_none(sdb, file):
    sdb("sdb://vault/s").write({"access_key": "AKIAOTHER", "secret_key": Secret("x")})
    store_in(file).write(PAIR)
    both = sdb(["sdb://vault/s", {"pillar_file": str(file), "keys": KEYS}])
    assert both.read(KEYS) == {"access_key": None, "secret_key": None}


def test_each_value_must_have_a_place(file):
    store = store_in(file, keys={"access_key": "aws:access_key"})
    for attempt in (lambda: store.check(KEYS), lambda: store.write(PAIR), lambda: store.read(KEYS)):
        with pytest.raises(StoreError, match="has no place for secret_key; add secret_key to its keys"):
            attempt()
    assert file.read_text() == PRIVATE
    with pytest.raises(StoreError, match="no value named 'secret'; allowed are access_key, secret_key"):
        store.check(["secret"])


@pytest.mark.parametrize(
    ("description", "says"),
    [
        (None, "store is None; give sdb://PROFILE/ADDRESS"),
        ([], "store is an empty list"),
        ("vault", "store is 'vault'; give sdb://PROFILE/ADDRESS"),
        ("sdb://vault", "store:sdb is 'sdb://vault'; give sdb://PROFILE/ADDRESS"),
        ({"keys": {"access_key": "vault"}}, "store:keys:access_key is 'vault'; give sdb://"),
        ({"file": "/a"}, "store has the keys file; give sdb://"),
        ({"pillar_file": "/a"}, "store:keys is missing or empty"),
        ({"pillar_file": "~/a", "keys": KEYS}, "store:pillar_file is '~/a'; give the path of a file, absolute or"),
        ({"pillar_file": "a/../../b", "keys": KEYS}, "must not have .. in it"),
        ({"pillar_file": "a", "keys": KEYS}, "no pillar root here has its folder (none is configured)"),
        (
            {"pillar_file": "/a", "keys": {"secret": "a:b"}},
            "store:keys has the unknown key 'secret'; allowed are access_key",
        ),
        ({"pillar_file": "/a", "keys": {"secret_key": "a::b"}}, "store:keys:secret_key is 'a::b'; give a key path"),
        ({"pillar_file": "/a", "keys": {"secret_key": []}}, "store:keys:secret_key is []; give a key path"),
        ({"pillar_file": "/a", "keys": KEYS, "mode": 1}, "store has the unknown key 'mode'; allowed are pillar_file"),
        ({"pillar_file": "/a", "keys": KEYS, "gpg": "x"}, "store:gpg is 'x'; give a mapping"),
        ({"pillar_file": "/a", "keys": KEYS, "gpg": None}, "store:gpg is empty: give a mapping with recipients"),
        ({"pillar_file": "/a", "keys": KEYS, "gpg": {}}, "store:gpg:recipients is None; give a list"),
        ({"pillar_file": "/a", "keys": KEYS, "gpg": {"to": 1}}, "store:gpg has the unknown key 'to'"),
    ],
)
def test_a_description_that_means_nothing_is_one_sentence(sdb, description, says):
    with pytest.raises(StoreError, match=re.escape(says)) as caught:
        sdb(description)
    assert "\n" not in str(caught.value)
