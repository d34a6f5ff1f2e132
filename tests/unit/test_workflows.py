"""What GitHub runs is what a person runs, on every Salt and Python that is supported."""

import re
from pathlib import Path

import yaml

TREE = Path(__file__).resolve().parents[2]


def workflow(name):
    return yaml.safe_load((TREE / ".github" / "workflows" / f"{name}.yml").read_text())


def test_every_supported_salt_and_python_is_tried():
    noxfile = (TREE / "noxfile.py").read_text()
    namespace = {}
    exec(re.search(r"^MATRIX = .*\n(?:# .*\n)*OLDEST = .*$", noxfile, re.MULTILINE)[0], namespace)  # noqa: S102 - ours
    wanted = {
        (namespace["OLDEST"][salt], python) for salt, pythons in namespace["MATRIX"].items() for python in pythons
    }
    tried = workflow("test")["jobs"]["test"]["strategy"]["matrix"]["include"]
    assert {(pair["salt"], pair["python"]) for pair in tried} == wanted


def test_the_commands_are_the_readmes():
    steps = workflow("test")["jobs"]["test"]["steps"]
    ours = [step["run"].split()[:2] for step in steps if step.get("run", "").startswith("make")]
    assert ours == [["make", "demo"], ["make", "test"]]
    readme = (TREE / "README.md").read_text()
    assert all(f"    {' '.join(command)}\n" in readme for command in ours)


def test_the_programs_are_those_of_ci():
    (packages,) = re.findall(r'^packages="(.*)"$', (TREE / ".ci" / "run").read_text(), re.MULTILINE)
    install = " ".join(step.get("run", "") for step in workflow("test")["jobs"]["test"]["steps"])
    # Ubuntu has Chromium as a snap only, and another release of Ceph than what docs/doubles.md is about.
    left_out = {"chromium", "ceph-mon", "ceph-osd", "ceph-common", "radosgw"}
    assert set(packages.split()) - set(install.split()) <= left_out


def test_only_what_publishes_may_write():
    for name in ("test", "release", "links"):
        assert workflow(name)["permissions"] == {"contents": "read"}


def test_a_release_is_built_from_its_tag():
    steps = workflow("release")["jobs"]["build"]["steps"]
    assert steps[0]["with"]["fetch-depth"] == 0, "a shallow clone has no tags"
    assert "make test" in [step.get("run") for step in steps]
    assert "version" not in (TREE / "setup.cfg").read_text().partition("[options]")[0], "it is the tag's"
