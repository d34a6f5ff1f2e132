"""
The decorator of execution modules' public functions: it adds the arguments of the connection, and provides a session.
"""

import difflib
import functools
import inspect
import json
from collections.abc import Callable
from typing import Any, Protocol, cast

from aws_runbook import salt_commands
from aws_runbook.aws.session import connect
from aws_runbook.errors import RunbookError
from aws_runbook.kinds import arguments
from aws_runbook.run import cache as run_cache

_KIND = inspect.Parameter.POSITIONAL_OR_KEYWORD
CONNECTION = ("region", "profile", "keyid", "key")
# Arguments of many modules that take texts. A module names its own ones in ``TEXTS``.
_TEXTS = {"key", "keyid", "name", "region"}
# Arguments of other types.
SHAPES = {
    "changes": arguments.mapping,
    "current": arguments.mapping,
    "names": arguments.texts,
    "prefixes": arguments.texts,
    "skip": arguments.texts,
    "timeout": arguments.seconds,
}
_SECRET = ("keyid", "key", "token")


class Connected(Protocol):
    """A public function of a module: with the arguments of the connection, or as it is written, with a session."""

    on: Callable[..., Any]

    def __call__(self, *args, **kwargs) -> Any:
        """Connect, and call it."""


def connected(function) -> Connected:
    """
    Give a module's function, written as ``function(session, …)``, the arguments ``region``, ``profile``, ``keyid`` and ``key`` last.

    ``function.on(session, …)`` is the undecorated function, for calls from the same module.
    """
    own = list(inspect.signature(function).parameters.values())[1:]
    signature = inspect.Signature([*own, *(inspect.Parameter(name, _KIND, default=None) for name in CONNECTION)])

    @functools.wraps(function)
    def public(*args, **kwargs):
        _check_names(function, signature, kwargs)
        given = signature.bind(*args, **kwargs).arguments
        _check(function, signature, given)
        how = {name: given.pop(name, None) for name in CONNECTION}
        # Salt sets its dunder names in the module that defines the function.
        module = function.__globals__
        with run_cache.joined():  # nested calls share the cache
            return function(connect(module["__opts__"], module["__pillar__"], **how), **given)

    # Salt uses the signature to parse a command line and for sys.argspec; the wrapped function's differs.
    vars(public)["__signature__"] = signature
    del public.__wrapped__
    vars(public)["on"] = function
    return cast("Connected", public)


def texts(module):
    """Return the arguments that take texts, such as names and ids, in functions of a module with the names ``module``."""
    return _TEXTS | set(module.get("TEXTS", ()))


def connection(given):
    """Return the arguments of the connection among ``given``."""
    return {name: given[name] for name in CONNECTION}


def _name(function):
    """Return the name that a user types: ``s3_bucket.describe``."""
    return f"{function.__module__.rpartition('.')[2]}.{function.__name__}"


def _check_names(function, signature, given):
    """Refuse unknown arguments, and suggest the most similar name. On a command line Salt has already refused them."""
    known = list(signature.parameters)
    for name in given:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            advice = f"did you mean {close[0]}? It" if close else "it"
            raise RunbookError(f"{_name(function)} has no argument {name}; {advice} has {', '.join(known)}.")


def _as_written(value):
    """Return ``value`` as the text that a user probably meant."""
    try:
        return json.dumps(value, default=str)
    except (RecursionError, TypeError, ValueError):  # a mapping with dates as keys, or a recursive one
        return str(value)


def _check(function, signature, given):
    """Refuse arguments of the wrong type: on a command line Salt parses 123 as a number, and true as a boolean."""
    where = _name(function)
    defaults = {name: parameter.default for name, parameter in signature.parameters.items()}
    _check_texts(where, texts(function.__globals__), defaults, given)
    check_flags(where, defaults, given)
    # Optional attributes are names to read; required ones are wanted values.
    shapes = {**SHAPES, "attributes": arguments.texts if defaults.get("attributes", "") is None else arguments.mapping}
    for argument in shapes.keys() & given.keys():
        value = given[argument]
        if value is not None or (defaults[argument] is not None and argument != "current"):
            shapes[argument](where, argument, value)


def check_flags(where, defaults, given):
    """
    Refuse other values than ``True`` and ``False`` for arguments with such a default.

    Python takes the text ``'False'`` for true, and some of these arguments allow data to be destroyed.
    """
    for argument, value in given.items():
        if isinstance(defaults.get(argument), bool):
            arguments.flag(where, argument, value)


def _check_texts(where, names, defaults, given):
    for argument in names & given.keys():
        value = given[argument]
        left_out = value is None and defaults[argument] is None
        if argument == "name" and isinstance(value, str) and not value.strip():
            raise RunbookError(f"{where}: name is empty; give the name of one.")  # AWS treats it as all
        if left_out or arguments.is_text(value):
            continue
        if argument in _SECRET or isinstance(value, str):
            raise RunbookError(f"{where}: {argument} is not a text{arguments.in_quotes(value)}.")
        written = salt_commands.argument(_as_written(value))
        raise RunbookError(
            f"{where}: {argument} is {value!r}; give a text{arguments.in_quotes(value)}. On a command line: `{written}`."
        )
