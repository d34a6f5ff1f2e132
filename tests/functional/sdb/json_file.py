"""An sdb driver that keeps values, in a file that the profile names: Salt's own drivers that do need a server."""

import json
from pathlib import Path

__func_alias__ = {"set_": "set"}


def get(key, profile=None):
    path = Path(profile["path"])
    return json.loads(path.read_text()).get(key) if path.exists() else None


def set_(key, value, profile=None):
    path = Path(profile["path"])
    values = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**values, key: value}))
    return value
