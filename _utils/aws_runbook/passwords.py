"""
Master passwords of databases: made here, put into a store, given to AWS; never shown.

A password is stored before AWS has it. So there is none that nobody knows, whatever fails in between; and a run that
was interrupted goes on with the one it had stored.

https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
"""

import secrets
import string
from functools import partial

from salt.utils import sdb

from aws_runbook import stores
from aws_runbook.errors import RunbookError, StoreError
from aws_runbook.gpg import salt_homedir
from aws_runbook.secrets import Secret

NAME = "password"
# Who keeps it: a store of ours, or AWS, in Secrets Manager.
STORED, MANAGED = "stored", "managed"
LENGTH = 40
_SHORTEST = 8
# Of PostgreSQL, and of every other engine and of clusters.
_LONGEST, _LONGEST_ELSEWHERE = 128, 41
_FORBIDDEN = frozenset('/"@ ')
# Of what RDS takes, only what needs no quoting in a shell, a URI, a .pgpass file, YAML or SQL.
_LETTERS = string.ascii_letters + string.digits
_ALPHABET = _LETTERS + "-_"


def generate():
    """A new password, as :class:`Secret`."""
    return Secret(secrets.choice(_LETTERS) + "".join(secrets.choice(_ALPHABET) for _ in range(LENGTH - 1)))


def is_valid(password, engine="postgres"):
    """Whether RDS takes ``password`` (a :class:`Secret`) for a database of ``engine``."""
    text = password.reveal()
    return _SHORTEST <= len(text) <= _longest(engine) and all(
        "!" <= letter <= "~" and letter not in _FORBIDDEN for letter in text
    )


def _longest(engine):
    return _LONGEST if engine == "postgres" else _LONGEST_ELSEWHERE


def place(description, opts):
    """The store that ``description`` means to a minion of the configuration ``opts``; ``None`` for none."""
    if description is None:
        return None
    return stores.make(
        description,
        sdb_get=partial(sdb.sdb_get, opts=opts),
        sdb_set=partial(sdb.sdb_set, opts=opts),
        gpg_homedir=salt_homedir(opts),
    )


def for_new(subject, place, engine):
    """
    The password of a database that is to be made, and whether it is a new one, just stored; else the store ``place`` had it.
    """
    place.check([NAME])
    known = _known(subject, place, engine)
    if known:
        return known, False
    password = generate()
    place.write({NAME: password})
    return password, True


def _known(subject, place, engine):
    """The password that the store ``place`` has for a new database; ``None`` for none, and an error for one of no use."""
    known = place.read([NAME])[NAME]
    if known and not is_valid(known, engine):
        raise StoreError(
            f"{subject}: the password in {place.describe()} is not one that RDS takes ({_SHORTEST} to {_longest(engine)} "
            'printable ASCII characters without / " @ and space); remove it there, and a new one is made.'
        )
    if not known and place.holds(NAME):
        raise StoreError(
            f"{subject}: {place.describe()} holds a password that cannot be read from here, and is not overwritten. Remove "
            "it there, and a new one is made."
        )
    return known


def overtaken(where, place, *, reset):
    """The error about a database that another run made while this one was storing a password for it."""
    return RunbookError(
        f"The {where} was made by somebody else at the same moment, so {place.describe()} may hold another password than "
        f"its own. To make sure, set a new one: salt-call {reset}."
    )


def replace(place, give, *, again):
    """
    Put a new password into the store ``place``, and hand it to ``give``, which asks AWS once.

    When AWS has refused it, the old one comes back. After an error that leaves open whether AWS took it, the new one stays,
    and the error says that ``again``, the function that does this, makes sure.
    """
    place.check([NAME])
    old = place.read([NAME])[NAME]
    password = generate()
    place.write({NAME: password})
    try:
        give(password)
    except RunbookError as error:
        if not _is_refusal(error):
            raise RunbookError(
                f"{error} It is not known whether AWS took the new password, which is in {place.describe()}. To make sure, set "
                f"another one: salt-call {again}."
            ) from error
        if old:
            place.write({NAME: old})
        raise


def _is_refusal(error):
    """Whether AWS said no: not when there was no answer, nor one of a server that failed."""
    answer = getattr(error, "response", None) or {}
    return 400 <= answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) < 500  # noqa: PLR2004 - HTTP's own class


def check(where, wanted, entry, place, *, reset):
    """
    Before anything is written: is there a place for the password of a new database, and is that of another one there?

    ``wanted`` are its attributes, ``entry`` is AWS's description (``None``: there is none), ``place`` its store or ``None``,
    ``reset`` the function that sets a new password.
    """
    kind = wanted.get("master_password")
    if kind == STORED and place is None:
        raise RunbookError(f"{where}: master_password is 'stored', and no store is named; name one as store.")
    if entry is None:
        if kind is None:
            raise RunbookError(
                f"There is no {where} yet; to make one, name a store for its password, or say master_password: managed."
            )
        if kind == STORED:
            place.check([NAME], write=False)
            _known(where, place, wanted.get("engine"))
    elif kind == STORED and not entry.get("MasterUserSecret") and place.holds(NAME) is False:
        raise RunbookError(
            f"The {where} is there, but its password is not in {place.describe()}. If you know it, put it there. Otherwise, "
            f"to set a new one and store it: salt-call {reset}."
        )
