"""Sphinx: the pages of this folder, and the reference of every module and state from its docstrings. ``make docs``."""

import sys
from pathlib import Path
from types import ModuleType

TREE = Path(__file__).resolve().parents[1]
LAYERS = {"modules": TREE / "_modules", "states": TREE / "_states"}

sys.path.insert(0, str(TREE / "_utils"))
import aws_runbook  # noqa: E402 - from the tree

# As setup.cfg's package_dir has them: modules and states have the same names, and are told apart by their package.
for layer, folder in LAYERS.items():
    package = ModuleType(f"aws_runbook.{layer}")
    package.__path__ = [str(folder)]
    sys.modules[package.__name__] = package
    setattr(aws_runbook, layer, package)

project = "saltext.aws-runbook"
extensions = ["myst_parser", "sphinx.ext.autodoc"]
html_theme = "furo"
html_title = project
nitpicky = False
# Headings are linked to by what they say, as on any host of git repositories.
myst_heading_anchors = 3
autodoc_default_options = {"members": True, "member-order": "bysource", "undoc-members": False}
# `make links`: a host that refuses programs, or has moved a page for good, is not a broken link.
linkcheck_report_timeouts_as_broken = False
linkcheck_rate_limit_timeout = 60
linkcheck_retries = 2
# The headings of these hosts are made by scripts, in the browser.
linkcheck_anchors_ignore_for_url = [r"https://github\.com/.*", r"https://docs\.aws\.amazon\.com/.*"]
# Defaults as they are written: True, not the value of a name.
autodoc_preserve_defaults = True


def _add_modules(_app, docname, source):
    """Give a page of the reference one section for each module of its layer, so that none can be forgotten."""
    folder, _, layer = docname.partition("/")
    if folder != "reference" or layer not in LAYERS:
        return
    for path in sorted(LAYERS[layer].glob("[a-z]*.py")):
        title = f"{path.stem}\n{'-' * len(path.stem)}"
        source[0] += f"\n\n{title}\n\n.. automodule:: aws_runbook.{layer}.{path.stem}\n"


def setup(app):
    """Sphinx's hook."""
    app.connect("source-read", _add_modules)
