"""
The one algorithm behind every state: the only place that knows ``test``, ``changes``, ``result`` and comments.

read → compare with what is wanted → stop if equal → under ``test`` report the same changes → write the smallest call
that closes the difference → read again and confirm.
"""

import threading
import traceback
from collections.abc import Callable, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from salt.exceptions import CommandExecutionError, SaltInvocationError
from salt.loader.context import loader_context

from aws_runbook.errors import RunbookError, UncertainError
from aws_runbook.kinds import batches, difference
from aws_runbook.progress import Progress
from aws_runbook.run import cache as run_cache
from aws_runbook.run import prefetch
from aws_runbook.run.waiting import SETTLE_TIMEOUT, until
from aws_runbook.stores import minion

# How long to look for the effect of a write whose answer was lost: AWS may not show it at once. Seconds.
_UNCERTAIN_TIMEOUT = 5


class Salt:
    """
    The context of a state, from its module's ``globals()``: the loader's functions, ``test``, and the run that it belongs to.

    Salt puts ``__instance_id__`` and ``__lowstate__`` there only while it runs states.
    """

    def __init__(self, names):
        self.functions = names["__salt__"]
        self.test = bool(names["__opts__"].get("test"))
        self._opts = names["__opts__"]
        self.chunks = names.get("__lowstate__") or ()
        self.states = names["__states__"]
        failhard = bool(names["__opts__"].get("failhard"))
        self.turn = batches.Run(names.get("__low__"), self.chunks, names.get("__running__"), failhard=failhard)
        self._thread = threading.get_ident()
        self._run = partial(run_cache.run, names["__context__"], names.get("__instance_id__"))
        self._read_ahead = partial(prefetch.read, self.states, self.chunks)

    @contextmanager
    def run(self):
        """Join the run that this state belongs to: its first state prefetches for all."""
        with self._run() as cache:
            cache.read_ahead(self._read_ahead, writing=not self.test)
            yield cache

    @contextmanager
    def listed_in(self, cache):
        """Report the progress of slow steps while this state is converged."""
        if not self.chunks:
            yield
            return
        if cache.progress is None:
            ours = sum(prefetch.role(self.states, chunk) is not None for chunk in self.chunks)
            doing = "Comparing AWS with pillar" if self.test else "Applying states"
            cache.progress = Progress(doing, "states", ours)
        yield
        cache.progress.step()

    def ask(self, function, *args, **kwargs):
        """Call a function as part of the run, before anything is prefetched."""
        with self._run():
            return self.call(function, *args, **kwargs)

    def created(self, kind):
        """Return the names of the resources of a kind that states of this run ensure to exist."""
        return {
            chunk.get("name") for chunk in self.chunks if (chunk.get("state"), chunk.get("fun")) == (kind, "present")
        }

    def store(self, description):
        """Return a function that returns the store for ``description``; ``None`` without one."""
        return partial(minion.make, description, self._opts) if description else None

    def call(self, function, *args, **kwargs):
        """Call the execution module function named ``function``."""
        return self.function(function)(*args, **kwargs)

    def function(self, name):
        """Return the execution module function named ``name``."""
        try:
            loaded = self.functions[name]
        except KeyError:
            missing = getattr(self.functions, "missing_fun_string", "{} is not available".format)
            raise RunbookError(missing(name)) from None
        in_turn = threading.get_ident() == self._thread or not hasattr(loaded, "loader")
        return loaded if in_turn else _Direct(loaded)


class _Direct:
    """
    A function of Salt's loader, for use in a thread other than the state's own.

    The loader keeps the context of its current call in an attribute, so concurrent calls could get each other's context.
    """

    def __init__(self, loaded):
        self._loaded = loaded

    def __getattr__(self, name):
        return getattr(self._loaded, name)

    def __call__(self, *args, **kwargs):
        with loader_context(self._loaded.loader):
            return self._loaded.func(*args, **kwargs)


@dataclass(frozen=True)
class Work:
    """The arguments of one state: see :func:`converge`."""

    name: str
    subject: str
    plan: Callable
    apply: Callable
    shared: bool = False
    unique: bool = False
    store: Callable | None = None
    documents: Mapping = field(default_factory=dict)


def converge(name, subject, plan, apply, salt, *, shared=False, unique=False, ahead=None, store=None, documents=None):
    """
    Bring one resource to the state that ``plan`` describes.

    ``subject`` names it in comments ("S3 bucket ocp-backup"). ``plan()`` reads and returns ``{"changes": {…},
    "warnings": […]}``, and raises if the state must not continue; ``apply(plan)`` writes. After writing, ``plan()`` has no more
    changes, or the state reports the remaining ones. A plan can also have ``later``: changes that AWS does not accept yet; and
    ``losses``: sentences about what the changes remove, which are among the warnings before and after.

    ``shared`` is for resources that every write replaces as a whole (a bucket's lifecycle rules): when another run writes at
    the same time, one of the two writes is lost, and is repeated. ``unique`` is for resources that AWS creates only once:
    creating an existing one is harmless. ``ahead()`` only reads AWS, for a ``plan()`` that does more. ``store()`` returns the
    store that is written to; leftovers of a killed run are removed from it. ``documents`` has a function for each attribute
    that is a document, which formats its changes: see :func:`aws_runbook.kinds.difference.shown`.
    """
    work = Work(name, subject, plan, apply, shared, unique, store, documents or {})
    if prefetch.collected(ahead or plan, work):
        return {"name": name, "result": True, "changes": {}, "comment": ""}
    with salt.run() as cache, salt.listed_in(cache):
        turn = salt.turn if salt.turn.is_of(name) else batches.Run()
        tag = turn.low and prefetch.tag(turn.low)
        done = tag and cache.outcomes.pop(tag, None)
        if done:
            return done
        one = partial(_converge, cache=cache, test=salt.test)
        in_parallel = partial(batches.in_parallel, turn, work, salt.states, cache.outcomes, one)
        return one(work, foreseen=tag and cache.foreseen(tag), in_parallel=in_parallel)


def _converge(work, *, cache, test, foreseen=None, in_parallel: Callable = nullcontext):
    ret = {"name": work.name, "result": True, "changes": {}, "comment": f"{work.subject} is as it should be."}
    planned = None
    try:
        if work.store and not test:
            work.store().tidy()
        planned = foreseen or _planned(work, cache, test)
        _warn(ret, planned)
        if not planned["changes"]:
            return {**ret, "comment": _unchanged(work.subject, planned)}
        shown = difference.shown(planned["changes"], work.documents)
        if test:
            comment = f"{work.subject} would be {_verb(planned['changes'])}."
            return {**ret, "result": None, "changes": shown, "comment": comment}
        with in_parallel():
            work.apply(planned)
            left = _confirm(work.subject, work.plan, work.apply if work.shared else None)
        ret.pop("warnings", None)
        _warn(ret, {**left, "losses": planned.get("losses")})
        if left["changes"]:
            what = ", ".join(sorted(left["changes"]))
            raise RunbookError(
                f"{work.subject}: AWS accepted the change, but still shows the old {what}; run this again."
            )
        ret["changes"] = shown
        ret["comment"] = f"{work.subject} was {_verb(planned['changes'])}."
    except Exception as error:
        ret["result"] = False
        ret["comment"] = _sentence(work.subject, error)
        done = _done(planned, work.plan, error) if planned and not test else {}
        ret["changes"] = difference.shown(done, work.documents)
    return ret


def _sentence(subject, error):
    """Return the sentence for an error. An unexpected error's text may quote anything: only its type and location are shown."""
    if isinstance(error, CommandExecutionError | SaltInvocationError):
        return str(error)
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(place.filename).name}, line {place.lineno}"
    return f"{subject}: internal error ({type(error).__name__} in {where}); please report it."


def _planned(work, cache, test):
    planned = work.plan()
    created = work.unique and planned["changes"].get("name")
    if planned["changes"] and cache.early and not test and not created:
        # Another run may have written since the read: a write that replaces the whole must not lose its changes.
        with cache.at_first_hand():
            planned = work.plan()
    return planned


def _confirm(subject, plan, again):
    """Read until AWS shows what was written; ``again`` repeats a lost write."""
    last = {}

    def settled():
        if again and last:
            again(last["plan"])
        last["plan"] = plan()
        return not last["plan"]["changes"]

    until(settled, what=f"AWS to show the change of {subject}", timeout=SETTLE_TIMEOUT)
    return last["plan"]


def _done(planned, plan, error):
    """Return the part of ``planned`` that was done although the state failed: no change may go unreported."""

    def done():
        again = plan()
        left = again["changes"].keys() | again.get("later", {}).keys()
        return {attribute: change for attribute, change in planned["changes"].items() if attribute not in left}

    try:
        if isinstance(error, UncertainError):
            return until(done, what="AWS to show whether it was done", timeout=_UNCERTAIN_TIMEOUT)
        return done()
    except Exception:
        return {}  # the comment already reports the error


def _unchanged(subject, planned):
    """Return the comment for no changes. A resource with a pending action is not yet in the wanted state."""
    if any(warning.startswith("Waiting:") for warning in planned.get("warnings") or ()):
        return f"{subject} is pending, as the warning says; until then there is nothing to change."
    return f"{subject} is as it should be."


def _warn(ret, planned):
    warnings = [*(planned.get("warnings") or ()), *(planned.get("losses") or ())]
    if warnings:
        ret["warnings"] = warnings


def _verb(changes):
    name = changes.get("name")
    if name:
        return "created" if name["old"] is None else "deleted"
    return "changed"


def refuse(obstacles):
    """Raise if ``obstacles`` has any sentence."""
    if obstacles:
        raise RunbookError("\n".join(obstacles))
