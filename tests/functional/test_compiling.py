"""The pillar of other servers, compiled by a masterless minion: the same as Salt would compile for each of them alone."""

import copy

import pytest
import salt.config
import salt.loader
import salt.pillar
import yaml

from aws_runbook.pillar import compiling
from tests.functional.conftest import Fleet, minion

MINIONS = ["control", "web-1", "web-2", "db.example.org", "and"]
TOP = {
    "*": ["common"],
    "web-1": ["one"],
    "web-*": ["web"],
    "web-1 or db.example.org": ["either"],
    "G@id:web-2": ["by-grain"],
    "db.example.org": [{"match": "glob"}, "db"],
    "web-2": [{"match": "list"}, "db"],
    "missing": ["missing"],
}
FILES = {
    "common": """
        seen: [{{ grains['id'] }}, {{ grains.id }}, {{ opts['id'] }}, {{ opts.minion_id }}, {{ opts.grains.id }}, {{ pillar | length }}]
        system: {{ grains['kernel'] }}
    """,
    "one": "{% import_yaml 'facts.yaml' as facts %}\ncalled: [{{ salt['grains.get']('id') }}, {{ salt['config.get']('id') }}]\nfacts: {{ facts }}",
    "web": "{% do opts.update({'id': 'nobody'}) %}{% do grains.update({'kernel': 'Changed'}) %}\ninclude: [base]\nweb: {{ 'test.ping' in salt }}",
    "base": "base: {{ grains.id }}",
    "either": "either: true",
    "by-grain": "by-grain: {{ grains.id }}",
    "db": "#!yaml\ndb: '{{ grains.id }}'",
}


@pytest.fixture
def opts(tmp_path):
    """The configuration of a minion, with its grains, and pillar in files."""
    folder = tmp_path / "pillar"
    folder.mkdir()
    (folder / "top.sls").write_text(yaml.safe_dump({"base": TOP}))
    (folder / "facts.yaml").write_text("size: 3\n")
    for name, text in FILES.items():
        (folder / f"{name}.sls").write_text("\n".join(line.strip() for line in text.strip().splitlines()) + "\n")
    opts = minion(tmp_path, "control")
    opts["pillar_roots"] = {"base": [str(folder)]}
    opts["grains"] = {"id": "control", "kernel": "Linux", "nested": {"of": ["control"]}}
    return opts


def by_salt(opts, name):
    grains = {**copy.deepcopy(opts["grains"]), "id": name}
    given = {**copy.deepcopy(opts), "id": name, "grains": grains, "pillar": {}}
    return salt.pillar.get_pillar(given, grains, name).compile_pillar()


def by_us(opts, names=MINIONS):
    with compiling.compiler({**opts, "pillar": {}}, opts["grains"]) as compiler:
        return {name: compiler.compile(name) for name in names}


@pytest.fixture
def loaded(monkeypatch):
    """The minions for which Salt has made loaders."""
    seen, get_pillar = [], salt.pillar.get_pillar

    def get(opts, grains, name, *args, **kwargs):
        seen.append(name)
        return get_pillar(opts, grains, name, *args, **kwargs)

    monkeypatch.setattr(salt.pillar, "get_pillar", get)
    return seen


def test_each_pillar_is_what_salt_compiles_for_that_minion_alone(opts):
    found = by_us(opts)
    assert found == {name: by_salt(opts, name) for name in MINIONS}
    assert found["web-1"]["seen"] == ["web-1"] * 5 + [0]
    assert found["web-1"]["called"] == ["web-1", "web-1"]
    assert found["web-2"]["by-grain"] == "web-2"
    assert opts["grains"] == {"id": "control", "kernel": "Linux", "nested": {"of": ["control"]}}


def test_salt_makes_its_loaders_once_for_all_whose_pillar_calls_no_function(opts, loaded):
    names = ["control", "db.example.org", "and", *(f"server-{number}" for number in range(20))]
    by_us(opts, names)
    assert loaded == ["control"]


@pytest.mark.parametrize(
    "setting",
    [
        {"ext_pillar": [{"cmd_yaml": "echo 'outside: true'"}]},
        {"pillar_opts": True},
        {"renderer": "yaml"},
    ],
    ids=lambda setting: next(iter(setting)),
)
def test_what_comes_from_more_than_files_or_otherwise_is_as_salt_compiles_it(opts, setting):
    opts.update(setting)
    names = ["control", "and", "server-1"]
    assert by_us(opts, names) == {name: by_salt(opts, name) for name in names}


def test_a_top_file_that_is_a_template_is_rendered_for_each(opts, tmp_path):
    (tmp_path / "pillar" / "top.sls").write_text("base:\n  '{{ grains.id }}': [common]\n")
    assert by_us(opts) == {name: by_salt(opts, name) for name in MINIONS}


def test_where_a_template_would_see_another_minion_salt_does_it_all(opts, loaded, monkeypatch):
    monkeypatch.setattr(compiling, "_point", lambda *_: None)
    found = by_us(opts)
    assert loaded == MINIONS
    monkeypatch.undo()
    assert found == {name: by_salt(opts, name) for name in MINIONS}


def test_pillar_that_does_not_render_is_reported_for_its_minion(opts, tmp_path):
    (tmp_path / "pillar" / "one.sls").write_text("one: [\n")
    found = by_us(opts)
    assert [name for name in MINIONS if "_errors" in found[name]] == ["web-1"]


def test_files_rendered_after_other_pillars_see_this_minion(sandbox, tmp_path, nameserver):
    states = tmp_path / "states"
    states.mkdir()
    text = "{% set rows = salt['aws_backup.plan'](format='data').rows %}\nseen-{{ opts.id }}-{{ grains.id }}-{{ rows | length > 3 }}:\n  test.nop: []\n"
    (states / "look.sls").write_text(text)
    fleet = Fleet(tmp_path, "control", nameserver, file_roots=(states,))
    assert list(fleet.apply("look")) == ["seen-control-control-True"]
