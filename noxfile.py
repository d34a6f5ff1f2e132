"""
``make test-all``: the whole suite on every supported Salt and Python that this machine has.

nox's last lines are the table of what ran, what failed, and which Python was not found. ``nox --download-python auto`` gets
those that are missing.
"""

import os
from pathlib import Path

import nox

nox.options.default_venv_backend = "uv"
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_missing_interpreters = False
nox.options.download_python = "never"

# pyenv answers only for the versions that `pyenv global` names; the others are found where it keeps them.
_PYENV = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
os.environ["PATH"] = os.pathsep.join([*map(str, _PYENV.glob("versions/3.*/bin")), os.environ["PATH"]])

# Salt 3006 LTS knows Python up to 3.11 (it uses modules that left the standard library in 3.12 and 3.13).
MATRIX = {"3006": ("3.10", "3.11"), "3008": ("3.10", "3.11", "3.12", "3.13", "3.14")}
# For the sake of a newer packaging uv would take 3006.23, which needs looseversion without saying so.
OLDEST = {"3006": "3006.24", "3008": "3008"}
PAIRS = [nox.param(python, salt, id=f"{python}, Salt {salt}") for salt, pythons in MATRIX.items() for python in pythons]


@nox.session
@nox.parametrize("python,salt", PAIRS)
def tests(session, salt):
    """Run the suite; what is given after ``--`` goes to pytest."""
    session.install("pip", f"salt>={OLDEST[salt]},<{int(salt) + 1}", "--editable", ".[dev,node]")
    session.run("python", "-m", "pytest", "-n", "2", "--dist", "loadgroup", "-q", *session.posargs)
