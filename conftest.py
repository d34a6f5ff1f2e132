"""
What holds for the whole suite: tests that need the ``gpg`` program are left out where it is not installed, and said so.

Debian's minimal system has ``gpgv`` only, so ``make test`` must not depend on more. That a store which encrypts refuses
to work without gpg is tested everywhere.
"""

import shutil


def pytest_collection_modifyitems(config, items):
    """Leave out what is marked ``gpg`` where there is none."""
    if shutil.which("gpg"):
        return
    without = [item for item in items if item.get_closest_marker("gpg") is None]
    config.hook.pytest_deselected(items=[item for item in items if item not in without])
    items[:] = without


def pytest_terminal_summary(terminalreporter):
    """Say so."""
    if not shutil.which("gpg"):
        terminalreporter.write_line(
            "gpg is not installed: what encrypts was not tested (Debian: apt install gnupg).", yellow=True
        )
