"""
What a kind of resource is, as data: a row for each of its attributes.

An execution module that manages resources has a :class:`Kind` called ``KIND``. From it follow what its functions ``describe``,
``normalise`` and ``update`` do, which arguments ``update`` takes, and what ``converge.present`` and ``converge.absent`` do for its
state. A new attribute is a row here and an argument of the state.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass

from aws_runbook.errors import RunbookError
from aws_runbook.kinds.functions import CONNECTION


@dataclass(frozen=True)
class Attribute:
    """
    An attribute of a kind of resource.

    name
        The name of the argument, and of the attribute in ``changes``.
    actions
        The IAM actions that reading and writing it need, besides those that find the resource.
    check
        ``check(where, name, value)`` returns the value in the form in which ``read`` gives it, and raises for one that AWS does
        not accept.
    read
        ``read(resource)`` returns its value in AWS. Without it the attribute is only wanted: others follow from it.
    write
        ``write(resource, wanted)`` writes it; ``wanted`` holds all attributes that are to be written. Attributes with the same
        ``write`` are written by one call of it, which puts their calls to AWS in order. Without it, it is set at creation only.
    fixed
        What to do instead of changing it, where AWS never changes it: a sentence.
    shared
        Whether it is a list or a mapping to which others add: their entries stay, unless ``purge``.
    document
        Of a document: ``document(old, new)`` returns what ``changes`` show of its change, with a ``diff``.
    """

    name: str
    actions: tuple = ()
    check: Callable | None = None
    read: Callable | None = None
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
        What it is called in a state's comment: ``S3 bucket``.
    what
        What it is called in other sentences: ``bucket``.
    attributes
        Its rows. Empty where a function ``plan`` decides as a whole.
    find
        ``find(resource)`` returns what AWS says of the resource, and ``None`` when there is none.
    identity
        ``identity(resource)`` returns what ``describe`` always shows.
    together
        ``together(resource, wanted)`` checks what depends on the name or on several attributes, and returns the attributes.
    scope
        Further arguments that say which resource is meant, such as its VPC.
    place
        Where a missing resource was looked for, to complete a sentence: ``place(resource)``.
    unique
        Whether AWS refuses to make a second one of the same name, or takes it for the first.
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
        """How the changes of its documents are shown, by attribute."""
        return {row.name: row.document for row in self.attributes if row.document}

    def rows(self, names):
        """The rows of the attributes ``names``, in the table's order; a name that is none is an error."""
        unknown = sorted(set(names) - set(self.names))
        if unknown:
            raise RunbookError(f"A {self.what} has no attribute {unknown[0]!r}; it has {', '.join(self.names)}.")
        return [row for row in self.attributes if row.name in names]

    def of(self, session, name, **scope):
        """The :class:`Resource` called ``name``, there or not."""
        return Resource(self, session, name, {**dict.fromkeys(self.scope), **scope})

    def describe(self, session, name, attributes=None, **scope):
        """The identity and the ``attributes`` (default: all) of a resource; ``None`` when there is none."""
        resource = self.of(session, name, **scope)
        if resource.entry is None:
            return None
        rows = [row for row in self.rows(self.names if attributes is None else attributes) if row.read]
        return {**self.identity(resource), **{row.name: row.read(resource) for row in rows}}

    def normalise(self, session, name, attributes, **scope):
        """The wanted attributes as ``describe`` would give them; ``None`` is unmanaged."""
        resource = self.of(session, name, **scope)
        wanted = {attribute: value for attribute, value in attributes.items() if value is not None}
        for row in self.rows(wanted):
            if row.check:
                wanted[row.name] = row.check(resource.where, row.name, wanted[row.name])
        return self.together(resource, wanted)

    def update(self, session, name, attributes, **scope):
        """Write the attributes that are given; ``None`` leaves one as it is."""
        wanted = self.normalise(session, name, attributes, **scope)
        resource = self.of(session, name, **scope)
        for write in dict.fromkeys(row.write for row in self.rows(wanted) if row.write):
            write(resource, wanted)
        return True

    def check_fixed(self, name, current, wanted):
        """Raise where a wanted attribute differs from ``current`` that AWS never changes; ``{}``: there is no resource yet."""
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
        """Those of a state's arguments ``given`` that are attributes."""
        return {name: given[name] for name in self.names if name in given}

    def connection_in(self, given):
        """Those of a state's arguments ``given`` that every function of the module takes."""
        return {name: given[name] for name in (*self.scope, *CONNECTION) if name in given}


def _with_arguments(function, names):
    """``function``, whose arguments ``names`` follow the first two in its signature; they are the keys of its last one."""
    given = list(inspect.signature(function).parameters.values())[:-1]
    added = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None) for name in names]
    function.__signature__ = inspect.Signature([*given[:2], *added, *given[2:]])
    return function


class Resource:
    """A resource by its name, there or not: what the functions in a :class:`Kind` are given."""

    def __init__(self, kind, session, name, scope):
        self.kind = kind
        self.session = session
        self.name = name
        self.scope = scope
        self._found = []

    @property
    def entry(self):
        """What AWS says of it; ``None`` when there is none."""
        # Before Python 3.12 cached_property holds one lock for all resources while it looks for one.
        # https://docs.python.org/3/whatsnew/3.12.html#functools
        if not self._found:
            self._found.append(self.kind.find(self))
        return self._found[0]

    @property
    def required(self):
        """What AWS says of it; an error when there is none."""
        self.require()
        return self.entry

    def require(self):
        """Raise when there is none."""
        if self.entry is None:
            raise RunbookError(f"There is no {self.where}{self.kind.place(self)}.")

    @property
    def where(self):
        """Its name in an error about an argument."""
        return f"{self.kind.what} {self.name}"

    def __str__(self):
        """Its name within a sentence."""
        return f"the {self.where}"
