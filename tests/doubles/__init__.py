"""
Other programs that answer as S3 or AWS do, each started and stopped by a file of its own: second opinions of the sandbox.

A file with a ``DOUBLE`` is all that a further one needs.
"""

import importlib
from pathlib import Path


def found():
    """The classes of all doubles, by name."""
    modules = (
        importlib.import_module(f"{__name__}.{path.stem}") for path in sorted(Path(__file__).parent.glob("[a-z]*.py"))
    )
    doubles = [module.DOUBLE for module in modules if hasattr(module, "DOUBLE")]
    return {double.NAME: double for double in doubles}


def of_services():
    """Those that stand in for several services, and not for S3 alone."""
    return {name: double for name, double in found().items() if len(double.SERVICES) > 1}
