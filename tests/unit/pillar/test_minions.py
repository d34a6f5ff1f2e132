"""Which minions a machine knows."""

import pytest
import salt.config
import yaml

from aws_runbook.pillar import minions


@pytest.fixture
def opts(tmp_path):
    """The options of a masterless minion, with a top file."""
    top = {
        "*": ["common"],
        "kingfisher-main": ["kingfisher"],
        "cms,docs": [{"match": "list"}, "common"],
        "web[12]": ["common"],
        "registry": [{"match": "nodegroup"}, "common"],
        "G@os:Debian and not cove": [{"match": "compound"}, "common"],
    }
    (tmp_path / "pillar").mkdir()
    (tmp_path / "pillar" / "top.sls").write_text(yaml.safe_dump({"base": top}))
    opts = salt.config.minion_config(None)
    opts.update(
        id="control",
        root_dir=str(tmp_path),
        cachedir=str(tmp_path / "cache"),
        conf_file=str(tmp_path / "minion"),
        file_client="local",
        pillar_roots={"base": [str(tmp_path / "pillar")]},
        pillar={},
    )
    return opts


def test_ids_of_the_top_file_are_known_and_patterns_are_none(opts):
    assert minions.known(opts, {}) == {"kingfisher-main", "cms", "docs"}


def test_a_top_file_that_does_not_render_tells_none(opts, tmp_path):
    (tmp_path / "pillar" / "top.sls").write_text("{{ missing( }}")
    assert minions.known(opts, {}) == set()


def test_beside_a_master_the_accepted_keys_are_known(opts, tmp_path):
    opts["file_client"] = "remote"
    assert minions.known(opts, {}) == set()
    (tmp_path / "master").write_text(yaml.safe_dump({"pki_dir": str(tmp_path / "pki")}))
    assert minions.known(opts, {}) == set(), "there are no keys yet"
    for folder, identity in (("minions", "registry"), ("minions_pre", "stranger")):
        (tmp_path / "pki" / folder).mkdir(parents=True)
        (tmp_path / "pki" / folder / identity).touch()
    assert minions.known(opts, {}) == {"registry"}


def test_under_salt_ssh_the_roster_is_known(opts, tmp_path):
    (tmp_path / "roster").write_text(yaml.safe_dump({"dream-bi": {"host": "192.0.2.1"}}))
    settings = salt.config.master_config(None)
    settings.update({**opts, "__role": "master", "roster_file": str(tmp_path / "roster")})
    assert "dream-bi" in minions.known(settings, {})


@pytest.mark.parametrize(
    ("name", "found"),
    [("kingfisher_main", "kingfisher-main"), ("kingfisher", "kingfisher-main"), ("docz", "docs"), ("prometheus", None)],
)
def test_the_nearest(name, found):
    assert minions.nearest(name, {"kingfisher-main", "cms", "docs"}) == found
