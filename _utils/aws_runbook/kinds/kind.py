"""
A kind of resource, as data: a row for each of its attributes.

An execution module that manages resources has a :class:`Kind` called ``KIND``. It determines what the functions ``describe``,
``normalise`` and ``update`` do, which arguments ``update`` takes, and what ``converge.present`` and ``converge.absent`` do for its
state. A new attribute is a row here and an argument of the state.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aws_runbook.errors import RunbookError
from aws_runbook.kinds.connected import CONNECTION


@dataclass(frozen=True)
class Attribute:
    """
    An attribute of a kind of resource.

    name
        The name of the argument, and of the attribute in ``changes``.
    actions
        The IAM actions that reading and writing it need, besides those that find the resource.
    check
        ``check(where, name, value)`` returns the value in the form that ``read`` returns, and raises for a value that AWS does not
        accept.
    read
        ``read(resource)`` returns its value in AWS. An attribute without it is input only: others follow from it.
    write
        ``write(resource, wanted)`` writes it; ``wanted`` holds all attributes that are to be written. Attributes with the same
        ``write`` are written by one call of it, which puts their calls to AWS in order. Without it, it is set at creation only.
    fixed
        For an attribute that AWS never changes: a sentence that says what to do instead.
    shared
        Whether it is a list or a mapping to which others add entries: those stay, unless ``purge``.
    document
        For a document: ``document(old, new)`` returns the form of its change in ``changes``, with a ``diff``.
    """

    name: str
    actions: tuple = ()
    check: Callable | None = None
    read: Any = None
    write: Callable | None = None
    fixed: str = ""
    shared: bool = False
    document: Callable | None = None


@dataclass(frozen=True)
class Kind:
    """
    A kind of resource.

    name
        The name of its execution module and of its state module.
    subject
        Its name in a state's comment: ``S3 bucket``.
    what
        Its name in other sentences: ``bucket``.
    attributes
        Its rows. Empty if a function ``plan`` decides.
    find
        ``find(resource)`` returns AWS's description of the resource, or ``None`` if it does not exist.
    identity
        ``identity(resource)`` returns the values that ``describe`` always shows.
    together
        ``together(resource, wanted)`` makes the checks that need the name or several attributes, and returns the attributes.
    scope
        Further arguments that identify the resource, such as its VPC.
    place
        Where a missing resource was looked for, to complete a sentence: ``place(resource)``.
    unique
        Whether AWS refuses to create a second one of the same name, or treats it as the first.
    """

    name: str
    subject: str
    what: str
    attributes: tuple = ()
    find: Callable | None = None
    identity: Callable = lambda _resource: {}
    together: Callable = lambda _resource, wanted: wanted
    scope: tuple = ()
    place: Callable = lambda _resource: ""
    unique: bool = False

    @property
    def names(self):
        """The names of its attributes."""
        return [row.name for row in self.attributes]

    @property
    def documents(self):
        """Return the functions that format the changes of its documents, by attribute."""
        return {row.name: row.document for row in self.attributes if row.document}

    def rows(self, names):
        """Return the rows of the attributes ``names``, in the table's order. An unknown name is an error."""
        unknown = sorted(set(names) - set(self.names))
        if unknown:
            raise RunbookError(f"A {self.what} has no attribute {unknown[0]!r}; it has {', '.join(self.names)}.")
        return [row for row in self.attributes if row.name in names]

    def of(self, session, name, **scope):
        """Return the :class:`Resource` called ``name``, which may be missing."""
        return Resource(self, session, name, {**dict.fromkeys(self.scope), **scope})

    def describe(self, session, name, attributes=None, **scope):
        """Return the identity and the ``attributes`` (default: all) of a resource; ``None`` if it does not exist."""
        resource = self.of(session, name, **scope)
        if resource.entry is None:
            return None
        rows = [row for row in self.rows(self.names if attributes is None else attributes) if row.read]
        return {**self.identity(resource), **{row.name: row.read(resource) for row in rows}}

    def normalise(self, session, name, attributes, **scope):
        """Return the wanted attributes in the form of ``describe``; ``None`` is unmanaged."""
        resource = self.of(session, name, **scope)
        wanted = {attribute: value for attribute, value in attributes.items() if value is not None}
        for row in self.rows(wanted):
            if row.check:
                wanted[row.name] = row.check(resource.where, row.name, wanted[row.name])
        return self.together(resource, wanted)

    def update(self, session, name, attributes, **scope):
        """Write the given attributes; ``None`` leaves one unchanged."""
        wanted = self.normalise(session, name, attributes, **scope)
        resource = self.of(session, name, **scope)
        for write in dict.fromkeys(row.write for row in self.rows(wanted) if row.write):
            write(resource, wanted)
        return True

    def check_fixed(self, name, current, wanted):
        """Raise if a wanted attribute that AWS never changes differs from ``current``; ``{}``: the resource does not exist yet."""
        for row in self.rows(wanted):
            old, new = (current or {}).get(row.name), wanted[row.name]
            if current and row.fixed and old != new:
                raise RunbookError(
                    f"The {self.what} {name} has {row.name} {old}, not {new}, and AWS cannot change that. {row.fixed}"
                )

    def updates(self, function):
        """Give a module's ``update(session, name, …, **attributes)`` an argument for each attribute that can be changed."""
        return _with_arguments(function, [row.name for row in self.attributes if row.write])

    def plans(self, function):
        """Give a module's ``plan(session, name, …, **attributes)``, or its ``apply``, an argument for each attribute."""
        return _with_arguments(function, self.names)

    def attributes_in(self, given):
        """Return the attributes among a state's arguments ``given``."""
        return {name: given[name] for name in self.names if name in given}

    def connection_in(self, given):
        """Return those of a state's arguments ``given`` that every function of the module takes."""
        return {name: given[name] for name in (*self.scope, *CONNECTION) if name in given}


def _with_arguments(function, names):
    """Add the arguments ``names`` after the first two of ``function``'s signature; its last argument receives them as a mapping."""
    given = list(inspect.signature(function).parameters.values())[:-1]
    added = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None) for name in names]
    function.__signature__ = inspect.Signature([*given[:2], *added, *given[2:]])
    return function


class Resource:
    """A resource by its name, existing or missing: the argument of the functions in a :class:`Kind`."""

    def __init__(self, kind, session, name, scope):
        self.kind = kind
        self.session = session
        self.name = name
        self.scope = scope
        self._found = []

    @property
    def entry(self):
        """Return AWS's description of it; ``None`` if it does not exist."""
        # Before Python 3.12 cached_property holds one lock for all resources during a lookup.
        # https://docs.python.org/3/whatsnew/3.12.html#functools
        if not self._found:
            self._found.append(self.kind.find(self))
        return self._found[0]

    @property
    def required(self):
        """Return AWS's description of it. A missing resource is an error."""
        self.require()
        return self.entry

    def require(self):
        """Raise if it does not exist."""
        if self.entry is None:
            raise RunbookError(f"There is no {self.where}{self.kind.place(self)}.")

    @property
    def where(self):
        """Return its name for an error about an argument."""
        return f"{self.kind.what} {self.name}"

    def __str__(self):
        """Return its name for use within a sentence."""
        return f"the {self.where}"
