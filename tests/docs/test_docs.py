"""The documentation can be built: every page is reachable, every link and every docstring is well formed."""

import subprocess
import sys
from pathlib import Path

import pytest

TREE = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "-q", "-b", "html", "docs", folder]
    done = subprocess.run(command, cwd=TREE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("layer", ["modules", "states"])
def test_the_reference_has_every_function(built, layer):
    page = (built / "reference" / f"{layer}.html").read_text()
    for path in TREE.glob(f"_{layer}/[a-z]*.py"):
        functions = [line[4:].partition("(")[0] for line in path.read_text().splitlines() if line.startswith("def ")]
        for name in functions:
            if not name.startswith("_"):
                assert f'id="aws_runbook.{layer}.{path.stem}.{name}"' in page, name


def test_every_page_can_be_found(built):
    index = (built / "index.html").read_text()
    for path in TREE.glob("docs/*.md"):
        assert path.stem == "index" or f'href="{path.stem}.html"' in index
