"""
The minions that this machine knows of, for suggestions about a misspelt name in pillar.
"""

import difflib
import re
from pathlib import Path

import salt.config
import salt.pillar
import salt.roster

# An id, where a target can be more.
_ID = re.compile(r"[A-Za-z0-9._-]+")


def nearest(name, ids):
    """The one of ``ids`` that is most like ``name``; ``None`` when none is."""
    return next(iter(difflib.get_close_matches(name, sorted(ids), n=1)), None)


def known(opts, grains):
    """
    The ids that pillar's top file names, where this machine renders pillar; those of the roster, for salt-ssh; and those whose
    keys the master has accepted, where this is its machine.
    """
    return _of_top_file(opts, grains) | _of_roster(opts) | _accepted(opts)


def _of_top_file(opts, grains):
    if opts.get("file_client") != "local":
        return set()
    top, _ = salt.pillar.get_pillar(
        {**opts, "pillar_cache": False, "minion_data_cache": False}, grains, opts["id"], opts.get("saltenv")
    ).get_top()
    return {found for targets in top.values() for target, entries in targets.items() for found in _ids(target, entries)}


def _ids(target, entries):
    """The ids that a target of the top file is: https://docs.saltproject.io/en/latest/ref/states/top.html"""
    match = next((entry["match"] for entry in entries if isinstance(entry, dict) and "match" in entry), "glob")
    named = target.split(",") if match == "list" else [target] if match == "glob" else []
    return [entry for entry in named if _ID.fullmatch(entry)]


def _of_roster(opts):
    if opts.get("__role") == "minion":
        return set()
    return set(salt.roster.Roster(opts, opts.get("roster") or "flat").targets("*", "glob"))


def _accepted(opts):
    """https://docs.saltproject.io/en/latest/ref/cli/salt-key.html"""
    config = Path(opts.get("conf_file") or "").parent / "master"
    try:
        if not config.is_file():
            return set()
        keys = Path(salt.config.master_config(str(config))["pki_dir"]) / "minions"
        return {path.name for path in keys.iterdir()}
    except OSError:  # not for this user to read
        return set()
