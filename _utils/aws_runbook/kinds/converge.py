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

from aws_runbook.aws.session import SETTLE_TIMEOUT
from aws_runbook.aws.waiting import until
from aws_runbook.errors import RunbookError, UncertainError
from aws_runbook.kinds import difference, together
from aws_runbook.patience import Progress
from aws_runbook.run import cache as run_cache
from aws_runbook.run import prefetch
from aws_runbook.stores import minion

# For how long to look for what a write did whose answer was lost, which AWS may not show at once. Seconds.
_UNCERTAIN_TIMEOUT = 5


class Salt:
    """
    What a state hands over, its module's ``globals()``: the loader's functions, ``test``, and the run that it belongs to.

    Salt puts ``__instance_id__`` and ``__lowstate__`` there only while it runs states.
    """

    def __init__(self, names):
        self.functions = names["__salt__"]
        self.test = bool(names["__opts__"].get("test"))
        self._opts = names["__opts__"]
        self.chunks = names.get("__lowstate__") or ()
        self.states = names["__states__"]
        failhard = bool(names["__opts__"].get("failhard"))
        self.turn = together.Run(names.get("__low__"), self.chunks, names.get("__running__"), failhard=failhard)
        self._thread = threading.get_ident()
        self._run = partial(run_cache.run, names["__context__"], names.get("__instance_id__"))
        self._read_ahead = partial(prefetch.read, self.states, self.chunks)

    @contextmanager
    def run(self):
        """Be part of the run of states that this one belongs to: the first of them reads for all."""
        with self._run() as cache:
            cache.read_ahead(self._read_ahead, writing=not self.test)
            yield cache

    @contextmanager
    def told(self, cache):
        """While this state is converged, tell how far the run is, where it takes its time."""
        if not self.chunks:
            yield
            return
        if cache.progress is None:
            ours = sum(prefetch.role(self.states, chunk) is not None for chunk in self.chunks)
            doing = "Comparing AWS with what is wanted" if self.test else "Bringing AWS to what is wanted"
            cache.progress = Progress(doing, "states", ours)
        yield
        cache.progress.step()

    def ask(self, function, *args, **kwargs):
        """Call it as a part of the run, but before anything is read ahead."""
        with self._run():
            return self.call(function, *args, **kwargs)

    def store(self, description):
        """A function that gives the store that ``description`` means; ``None`` for none."""
        return partial(minion.make, description, self._opts) if description else None

    def call(self, function, *args, **kwargs):
        """Call the execution module function named ``function``."""
        return self.function(function)(*args, **kwargs)

    def function(self, name):
        """The execution module function named ``name``."""
        try:
            loaded = self.functions[name]
        except KeyError:
            missing = getattr(self.functions, "missing_fun_string", "{} is not available".format)
            raise RunbookError(missing(name)) from None
        in_turn = threading.get_ident() == self._thread or not hasattr(loaded, "loader")
        return loaded if in_turn else _Direct(loaded)


class _Direct:
    """
    A function of Salt's loader for another thread than the state's own.

    The loader keeps the context of its present call in an attribute, so that calls from two threads can get each other's.
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
    """What one state is about: see :func:`converge`."""

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
    Bring one thing to where ``plan`` says it should be.

    ``subject`` names it in comments ("S3 bucket ocp-backup"). ``plan()`` reads and returns ``{"changes": {…},
    "warnings": […]}``, and raises when it must not go on; ``apply(plan)`` writes. After writing, ``plan()`` has no more
    changes, or the state says what is left. A plan can have ``later`` too: changes that AWS does not take yet; and ``losses``:
    sentences about what the changes take away, which are among the warnings before and after.

    ``shared`` is for what every write replaces whole (a bucket's lifecycle rules): when another run writes at the same
    moment, one of the two writes is lost, and is made again. ``unique`` is for what AWS makes once: there is no harm in
    making what somebody else has made. ``ahead()`` only reads AWS, where ``plan()`` does more; ``store()`` gives
    the store that is written to, from which is removed what a run that was killed left there. ``documents`` says how changes of
    documents are shown, by attribute: see :func:`aws_runbook.kinds.difference.shown`.
    """
    work = Work(name, subject, plan, apply, shared, unique, store, documents or {})
    if prefetch.collected(ahead or plan, work):
        return {"name": name, "result": True, "changes": {}, "comment": ""}
    with salt.run() as cache, salt.told(cache):
        turn = salt.turn if salt.turn.is_of(name) else together.Run()
        tag = turn.low and prefetch.tag(turn.low)
        done = tag and cache.outcomes.pop(tag, None)
        if done:
            return done
        one = partial(_converge, cache=cache, test=salt.test)
        beside = partial(together.beside, turn, work, salt.states, cache.outcomes, one)
        return one(work, foreseen=tag and cache.foreseen(tag), beside=beside)


def _converge(work, *, cache, test, foreseen=None, beside=nullcontext):
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
        with beside():
            work.apply(planned)
            left = _confirm(work.subject, work.plan, work.apply if work.shared else None)
        ret.pop("warnings", None)
        _warn(ret, {**left, "losses": planned.get("losses")})
        if left["changes"]:
            what = ", ".join(sorted(left["changes"]))
            raise RunbookError(f"{work.subject}: AWS took the change but still shows the old {what}; run this again.")
        ret["changes"] = shown
        ret["comment"] = f"{work.subject} was {_verb(planned['changes'])}."
    except Exception as error:
        ret["result"] = False
        ret["comment"] = _sentence(work.subject, error)
        done = _done(planned, work.plan, error) if planned and not test else {}
        ret["changes"] = difference.shown(done, work.documents)
    return ret


def _sentence(subject, error):
    """What is said of an error. The text of one that nobody expected may quote anything: only its kind and place are told."""
    if isinstance(error, CommandExecutionError | SaltInvocationError):
        return str(error)
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(place.filename).name}, line {place.lineno}"
    return (
        f"{subject}: this program failed ({type(error).__name__} in {where}); that is a defect of it, please report it."
    )


def _planned(work, cache, test):
    planned = work.plan()
    created = work.unique and planned["changes"].get("name")
    if planned["changes"] and cache.early and not test and not created:
        # Somebody else may have written since it was read: what is replaced whole must not lose theirs.
        with cache.at_first_hand():
            planned = work.plan()
    return planned


def _confirm(subject, plan, again):
    """Read again, until AWS shows what was written; ``again`` writes what was lost."""
    last = {}

    def settled():
        if again and last:
            again(last["plan"])
        last["plan"] = plan()
        return not last["plan"]["changes"]

    until(settled, what=f"AWS to show the change of {subject}", timeout=SETTLE_TIMEOUT)
    return last["plan"]


def _done(planned, plan, error):
    """What of ``planned`` has come true although the state failed: changes must not be silent."""

    def done():
        again = plan()
        left = again["changes"].keys() | again.get("later", {}).keys()
        return {attribute: change for attribute, change in planned["changes"].items() if attribute not in left}

    try:
        if isinstance(error, UncertainError):
            return until(done, what="AWS to show whether it was done", timeout=_UNCERTAIN_TIMEOUT)
        return done()
    except Exception:
        return {}  # the comment already says what went wrong


def _unchanged(subject, planned):
    """What is so where nothing is to be changed: what waits for somebody is not yet as it should be."""
    if any(warning.startswith("Waiting:") for warning in planned.get("warnings") or ()):
        return f"{subject} waits for what the warning says; until then there is nothing to change."
    return f"{subject} is as it should be."


def _warn(ret, planned):
    told = [*(planned.get("warnings") or ()), *(planned.get("losses") or ())]
    if told:
        ret["warnings"] = told


def _verb(changes):
    name = changes.get("name")
    if name:
        return "created" if name["old"] is None else "deleted"
    return "changed"


def refuse(obstacles):
    """Raise when there is any sentence in ``obstacles``."""
    if obstacles:
        raise RunbookError("\n".join(obstacles))
