"""
Master passwords of databases: generated, written to a store, given to AWS, and never shown.

A password is stored before AWS gets it. So no password is lost when something fails in between, and an interrupted run continues
with the stored one.

https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
"""

import secrets
import string

from aws_runbook.errors import RunbookError, StoreError, UnreachableError
from aws_runbook.stores import minion
from aws_runbook.stores.secret import Secret

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
    """Whether RDS accepts ``password`` (a :class:`Secret`) for a database of ``engine``."""
    text = password.reveal()
    return _SHORTEST <= len(text) <= _longest(engine) and all(
        "!" <= letter <= "~" and letter not in _FORBIDDEN for letter in text
    )


def _longest(engine):
    return _LONGEST if engine == "postgres" else _LONGEST_ELSEWHERE


def place(description, opts):
    """The store that ``description`` means on a minion with the configuration ``opts``; ``None`` for none."""
    if description is None:
        return None
    return minion.make(description, opts)


def for_new(subject, place, engine):
    """
    The password of a new database, and whether it was generated and stored now; otherwise the store ``place`` had it.
    """
    place.check([NAME])
    known = _known(subject, place, engine)
    if known:
        if not all(entry.occupied for entry in place.places(NAME)):
            place.write({NAME: known})
        return known, False
    password = generate()
    place.write({NAME: password})
    return password, True


def _known(subject, place, engine):
    """
    The password that the store ``place`` has for a new database; ``None`` if all of its places are empty, and an error
    for one of no use, or for several: none of them is overwritten.
    """
    occupied = _occupied(subject, place)
    if not occupied:
        return None
    known = occupied[0].value
    if known and not is_valid(known, engine):
        raise StoreError(
            f"{subject}: the password in {place.describe()} is not one that RDS accepts ({_SHORTEST} to {_longest(engine)} "
            'printable ASCII characters without / " @ and space); remove it there, and a new one is generated.'
        )
    unread = next((entry for entry in occupied if not entry.value), None)
    if unread:
        raise StoreError(
            f"{subject}: {unread.where} holds a password that cannot be read from here, and is not overwritten. Remove it there, and a new one "
            "is generated."
        )
    return known


def _occupied(subject, place):
    """The places that are not empty; an error if two of them differ, as far as they can be read from here."""
    occupied = [entry for entry in place.places(NAME) if entry.occupied]
    readable = [entry for entry in occupied if entry.value]
    other = next((entry for entry in readable if entry.value != readable[0].value), None)
    if other:
        raise StoreError(
            f"{subject}: the passwords in {readable[0].where} and in {other.where} differ, and neither is overwritten. Remove the one "
            "that is not this database's, or name another place for it in store."
        )
    return occupied


def overtaken(where, place, *, reset):
    """The error about a database that another run created while this one was storing a password for it."""
    return RunbookError(
        f"The {where} was created by another client at the same time, so {place.describe()} may hold a password that is not its own. To be "
        f"certain, set a new one: {reset()}."
    )


def replace(subject, place, give, *, again):
    """
    Write a new password to the store ``place``, and pass it to ``give``, which calls AWS once.

    If AWS refuses it or cannot be reached, the previous content of the store is restored. After an error that leaves open whether AWS
    set it, the new one stays, and the error names the command from ``again()`` that sets one again.
    """
    with place.alone():  # so that exactly the previous content is restored
        place.check([NAME])
        _occupied(subject, place)
        _give(place, generate(), give, again)


def give_stored(subject, place, engine, give, *, again):
    """
    As :func:`replace`, for a database whose password the store has not kept so far: what ``place`` holds already is not
    overwritten, but passed to ``give``.
    """
    with place.alone():
        place.check([NAME])
        _give(place, _known(subject, place, engine) or generate(), give, again)


def _give(place, password, give, again):
    undo = place.write({NAME: password})
    try:
        give(password)
    except RunbookError as error:
        if not isinstance(error, UnreachableError) and not _is_refusal(error):
            raise RunbookError(
                f"{error} It is not known whether AWS accepted the new password, which is in {place.describe()}. To be certain, set another one: "
                f"{again()}."
            ) from error
        left = undo()
        if left:
            raise RunbookError(f"{error} {left}") from None
        raise


def _is_refusal(error):
    """Whether AWS refused the call. No answer, and an answer of a failed server, are no refusal."""
    answer = getattr(error, "response", None) or {}
    return 400 <= answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) < 500  # noqa: PLR2004 - HTTP's own class


def check(where, wanted, entry, place, *, reset):
    """
    Check, before anything is written, that the password of a new database has a store, and that of an existing one is in it.

    ``wanted`` are its attributes, ``entry`` is AWS's description (``None``: there is none), ``place`` its store or ``None``,
    ``reset()`` the command that sets a new password.
    """
    kind = wanted.get("master_password")
    if kind == STORED and place is None:
        raise RunbookError(f"{where}: master_password is 'stored', and store is missing; give one.")
    if entry is None:
        if kind is None:
            raise RunbookError(
                f"There is no {where} yet; to create one, give a store for its password, or set master_password: managed."
            )
        if kind == STORED:
            place.check([NAME], write=False)
            _known(where, place, wanted.get("engine"))
    elif kind == STORED and entry.get("MasterUserSecret"):
        place.check([NAME], write=False)
        _known(where, place, wanted.get("engine"))
    elif kind == STORED:
        occupied = [known.where for known in _occupied(f"The {where}", place)]
        missing = [known.where for known in place.places(NAME) if not known.occupied]
        if missing:
            there = f"; it is in {occupied[0]}" if occupied else ""
            raise RunbookError(
                f"The {where} exists, but its password is not in {missing[0]}{there}. If you know it, store it there. Otherwise, to set a new "
                f"one and store it: {reset()}."
            )
