"""
The stores of a minion: what Salt's configuration says of its sdb, its GPG keys and its pillar roots.
"""

from functools import partial
from pathlib import PurePosixPath

import salt.loader
import salt.version
from salt.utils import sdb

from aws_runbook.stores import store as stores
from aws_runbook.stores.gpg import salt_homedir

# Whether Vault's driver can write one field of a secret. https://docs.saltproject.io/en/3007/ref/sdb/all/salt.sdb.vault.html
_PATCHES = salt.version.__saltstack_version__.major >= 3007  # noqa: PLR2004 - the version that can
# Salt's own drivers whose function to write does not keep values.
_FORGETFUL = {"yaml": "it only reads", "env": "it forgets a value when its process ends"}


def make(description, opts):
    """The :class:`aws_runbook.stores.store.Store` of a ``description``, with a minion's configuration ``opts``."""
    return stores.make(
        description,
        sdb_get=partial(sdb.sdb_get, opts=opts),
        sdb_set=partial(sdb.sdb_set, opts=opts),
        sdb_refuses=partial(_refuses, opts),
        gpg_homedir=salt_homedir(opts),
        roots=roots(opts),
    )


def roots(opts):
    """The pillar roots of the environment that is rendered."""
    environment = opts.get("pillarenv") or (opts.get("pillarenv_from_saltenv") and opts.get("saltenv")) or "base"
    known = opts.get("pillar_roots") or {}
    given = known.get(environment) or [
        str(root).replace("__env__", environment) for root in known.get("__env__") or known.get("base") or []
    ]
    return [str(PurePosixPath(root)) for root in given]


def _refuses(opts, uri, beside):
    """
    Why the driver of ``uri`` cannot write, as far as that is known without writing; ``None`` if it may be able to.

    ``beside`` are the other addresses of the store that are fields of the same secret.
    """
    name = uri.removeprefix("sdb://").partition("/")[0]
    profile = opts.get(name) or (opts.get("pillar") or {}).get(name) or {}
    driver = profile.get("driver")
    if driver == "vault" and beside and not (profile.get("patch") and _PATCHES):
        return (
            f"{beside[0]} is in the same secret, and Vault's driver replaces a secret whole unless the profile {name} has patch: "
            "True, which Salt has from 3007 on; name one secret for each value"
        )
    if driver in _FORGETFUL:
        return f"the sdb driver {driver} keeps nothing, because {_FORGETFUL[driver]}; name a store with another driver"
    function = f"{driver}.set"
    if driver and function not in salt.loader.sdb(opts, function, utils=salt.loader.utils(opts)):
        return f"the sdb driver {driver} has no function that writes here; name a store with another driver"
    return None
