from pathlib import Path

from aws_runbook import loader


def test_in_the_tree_the_folders_are_those_that_file_roots_needs():
    tree = Path(__file__).parents[2]
    assert loader.module_dirs() == [str(tree / "_modules")]
    assert loader.states_dirs() == [str(tree / "_states")]
    assert loader.wrapper_dirs() == [str(tree / "_wrapper")]
    assert loader.outputter_dirs() == [str(tree / "_output")]
    assert loader.beacons_dirs() == [str(tree / "_beacons")]
    assert loader.file_roots() == [str(tree / "salt")]


def test_in_a_wheel_they_stand_beside_the_package(tmp_path, monkeypatch):
    for folder in ("modules", "states", "wrapper", "output", "beacons", "sls"):
        (tmp_path / folder).mkdir()
    monkeypatch.setattr(loader, "_PACKAGE", tmp_path)
    assert loader.module_dirs() == [str(tmp_path / "modules")]
    assert loader.states_dirs() == [str(tmp_path / "states")]
    assert loader.wrapper_dirs() == [str(tmp_path / "wrapper")]
    assert loader.outputter_dirs() == [str(tmp_path / "output")]
    assert loader.beacons_dirs() == [str(tmp_path / "beacons")]
    assert loader.file_roots() == [str(tmp_path / "sls")]
