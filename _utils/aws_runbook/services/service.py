"""
The facts about a service that this project needs.
"""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Made:
    """
    What a call makes: where its name is, in the parameters or deep in the answer; the parameters by which others name it; the
    codes of the errors that they get while AWS does not show it yet; and the parameter that says in what it is. Where a name is
    taken ``in_any_case``, AWS also says that it is there of another one.
    """

    name: tuple
    named_by: tuple
    codes: tuple
    within: str | None = None
    in_any_case: bool = False


@dataclass(frozen=True)
class Listing:
    """A read that lists what a call has created: its entries, their member with the name, and its filter for what they are in."""

    made_by: str
    entries: str
    member: str
    within: str | None = None


@dataclass(frozen=True)
class Whole:
    """
    A listing of an account that answers other reads: ``method``, asked with ``parameters``.

    ``answers(pages)`` gives the method, the parameters and the answer of each read, which is ``None`` where the listing does not say enough;
    ``covers`` are their methods. ``complete`` are the reads whose thing is not
    there where the listing leaves it out: the parameter that names it, and what such a name looks like. ``own`` are those
    which may then belong to another account; the creating caller is told so. ``doing`` completes "Cannot …".
    """

    method: str
    parameters: dict
    answers: Callable
    covers: frozenset
    doing: str
    complete: dict = field(default_factory=dict)
    own: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Service:
    """
    A service, by boto3's name for it.

    prefix
        The prefix of its IAM actions, if it is not the name.
    action_names
        The names of IAM actions by operation, where they differ. Which actions an attribute needs is in the row of its kind.
    busy
        Error codes that mean that another client is writing to the same resource.
    subjects
        The parameters that name the subject of a call. Each of its reads and writes has one of them, or is a listing. Without them a
        write invalidates all answers of the service.
    changed_by
        Of reads that only a few writes change: these, by boto3's method.
    kin
        Other APIs to the same resources: what one writes, the others show.
    paced
        Whether it takes only about one call a second.
    made
        What its calls create, by boto3's method.
    listings
        Its reads that list what was created, by boto3's method.
    about_several
        Its reads about several things at once, which leave out what is not there: the call that makes these, and where the
        answers are.
    whole
        Its listing that answers many reads of a run at once.
    """

    name: str
    prefix: str | None = None
    action_names: dict = field(default_factory=dict)
    busy: tuple = ()
    subjects: tuple = ()
    changed_by: dict = field(default_factory=dict)
    kin: tuple = ()
    paced: bool = False
    made: dict = field(default_factory=dict)
    listings: dict = field(default_factory=dict)
    about_several: dict = field(default_factory=dict)
    whole: Whole | None = None
