"""Stores by Salt's own configuration: relative to its pillar roots, and what its drivers cannot do."""

import re

import pytest
import salt.config

from aws_runbook.errors import StoreError
from aws_runbook.stores import minion

PLACES = {"access_key": "aws:access_key", "secret_key": "aws:secret_key"}


@pytest.fixture
def opts(tmp_path):
    found = salt.config.DEFAULT_MINION_OPTS.copy()
    found.update(
        cachedir=str(tmp_path / "cache"),
        extension_modules=str(tmp_path / "extmods"),
        pillar_roots={"base": [str(tmp_path / "pillar"), str(tmp_path / "private")], "dev": [str(tmp_path / "dev")]},
        reads={"driver": "yaml", "files": [str(tmp_path / "data.yaml")]},
        forgets={"driver": "env"},
    )
    (tmp_path / "data.yaml").write_text("x: {access_key: old, secret_key: old}\n")
    return found


def write(path, opts):
    minion.make({"pillar_file": path, "keys": PLACES}, opts).write({"access_key": "AKIA", "secret_key": "s"})


def test_a_relative_file_is_the_one_that_salt_finds(opts, tmp_path):
    for name in ("pillar", "private"):
        (tmp_path / name / "servers").mkdir(parents=True)
    there = tmp_path / "private" / "servers" / "registry.sls"
    there.write_text("a: 1\n")
    write("servers/registry.sls", opts)
    assert "AKIA" in there.read_text()
    write("servers/new.sls", opts)
    assert (tmp_path / "pillar" / "servers" / "new.sls").exists()


def test_the_roots_are_those_of_the_environment(opts, tmp_path):
    (tmp_path / "dev").mkdir()
    write("x.sls", {**opts, "pillarenv": "dev"})
    assert (tmp_path / "dev" / "x.sls").exists()


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("../x.sls", "must not have .. in it"),
        ("a/../../x.sls", "must not have .. in it"),
        ("no/x.sls", "make the folder"),
    ],
)
def test_what_is_in_no_root_is_refused(opts, tmp_path, path, says):
    (tmp_path / "pillar").mkdir()
    with pytest.raises(StoreError, match=re.escape(says)) as caught:
        write(path, opts)
    assert repr(path) in str(caught.value)


@pytest.mark.parametrize(("profile", "why"), [("reads", "it only reads"), ("forgets", "it forgets a value")])
def test_a_driver_that_keeps_nothing_is_found_out_without_writing(opts, profile, why):
    store = minion.make(f"sdb://{profile}/x", opts)
    with pytest.raises(StoreError, match=rf"Cannot write sdb://{profile}/x/access_key: .*{why}.*; name a store"):
        store.check(write=False)
