"""
Where Salt finds this project's modules when it is installed as a distribution.

The entry points ``module_dirs``, ``states_dirs``, ``wrapper_dirs``, ``outputter_dirs`` and ``beacons_dirs`` call these functions. In a
wheel, the folders are beside this file; an editable install leaves them in the tree, under the names that ``file_roots`` needs. Salt's
other form of entry point, the package itself, knows only the former.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_TREE = _PACKAGE.parents[1]


def module_dirs():
    """The folder of the execution modules."""
    return [_folder("modules")]


def states_dirs():
    """The folder of the state modules."""
    return [_folder("states")]


def wrapper_dirs():
    """The folder of what salt-ssh runs on its own machine."""
    return [_folder("wrapper")]


def outputter_dirs():
    """The folder of what shows a function's answer on a terminal."""
    return [_folder("output")]


def beacons_dirs():
    """The folder of beacons."""
    return [_folder("beacons")]


def file_roots():
    """The folder to add to ``file_roots``, so that ``state.apply aws.account`` finds its SLS files. Salt does not ask for it."""
    installed = _PACKAGE / "sls"
    return [str(installed if installed.is_dir() else _TREE / "salt")]


def _folder(name):
    installed = _PACKAGE / name
    return str(installed if installed.is_dir() else _TREE / f"_{name}")
