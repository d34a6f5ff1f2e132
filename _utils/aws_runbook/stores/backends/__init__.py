"""
The kinds of secret store: a file for each, with its ``BACKEND``. New files are discovered.
"""

import importlib
import pkgutil

# What a description with `keys` alone is, since it needs no other key.
_KEYS_ALONE = "sdb"


def _discovered():
    files = [importlib.import_module(f"{__name__}.{entry.name}") for entry in pkgutil.iter_modules(__path__)]
    return sorted((file.BACKEND for file in files), key=lambda backend: (backend.scheme is None, backend.key))


BACKENDS = _discovered()


def usage():
    """How a store is described: a part of a sentence."""
    return f"give {', '.join(backend.usage for backend in BACKENDS)}, or a list of these"


def expanded(description):
    """A description as a mapping; a value of another type is returned unchanged."""
    if isinstance(description, str):
        for backend in BACKENDS:
            if backend.scheme and description.startswith(backend.scheme):
                return {backend.key: description}
    return description


def of(description):
    """The kind of store that a mapping describes; ``None`` when it is none."""
    for key in (*description, *([_KEYS_ALONE] if "keys" in description else [])):
        found = [backend for backend in BACKENDS if backend.key == key]
        if found:
            return found[0]
    return None
