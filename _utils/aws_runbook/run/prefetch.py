"""
Prefetching: before the first state of a run, make the reads of all its states in parallel.

AWS answers a read in some tens of milliseconds, and a fleet needs a thousand: in sequence they take a minute, ten at a time a few
seconds. Nothing depends on it: what was not prefetched is read when needed, and a state reads again before it writes.
"""

import inspect
import logging
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from functools import partial
from typing import Any

from aws_runbook.errors import UnreachableError
from aws_runbook.progress import Progress
from aws_runbook.run import cache as run_cache
from aws_runbook.run.coalescing import AT_ONCE

log = logging.getLogger(__name__)

_plans: ContextVar[Any] = ContextVar("aws_runbook_plans", default=None)


@dataclass(frozen=True)
class Role:
    """
    What a run can do for several states of one module at once. Each state module declares it in its ``ROLE``.

    read_ahead
        Whether the plans only read AWS, or the state declares which part of its plan does.
    listed
        The service whose listing of the account contains the module's resources.
    batched
        The functions whose states each write one resource in AWS, by its name, and otherwise only a store: they write in parallel.
    """

    read_ahead: bool
    listed: str = ""
    batched: tuple = ()


def role(states, chunk):
    """Return the :class:`Role` of the module of a chunk's state; ``None`` if it is not one of this project's."""
    try:
        found = getattr(states[_name(chunk)], "__globals__", {}).get("ROLE")
    except KeyError:
        return None
    return found if isinstance(found, Role) else None


def collected(plan, work=None):
    """Collect ``plan`` and its ``work`` if plans are being collected; return whether they are: then the state returns at once."""
    plans = _plans.get()
    if plans is None:
        return False
    plans.append((plan, work))
    return True


def read(states, chunks):
    """
    Make the plans of all our states in ``chunks`` (Salt's ``__lowstate__``), so that the answers are in this run's cache.

    ``states`` are the loader's state functions. Errors are ignored: the state itself encounters and reports them.
    """
    roles = {chunk["state"]: role(states, chunk) for chunk in chunks}
    chunks = [chunk for chunk in chunks if getattr(roles[chunk["state"]], "read_ahead", False)]
    # A state with "parallel: True" is a separate process with a separate cache: each would prefetch for all.
    if any(chunk.get("parallel") for chunk in chunks):
        return
    cache = run_cache.current()
    if cache:
        listed = [getattr(roles[chunk["state"]], "listed", None) for chunk in chunks]
        cache.expect(Counter(service for service in listed if service))
    plans = [partial(_make, cache, chunk, *collected) for chunk, collected in collect(states, chunks)]
    log.debug("Prefetching for %d states", len(plans))
    progress = Progress("Reading the state of AWS", "states", len(plans))
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="aws-runbook") as pool:
        # Salt's loader and this run's cache are found by context, and a context can be entered by one thread only.
        for asked in as_completed([pool.submit(copy_context().run, plan) for plan in plans]):
            error = asked.exception()
            progress.step()
            if error:
                log.debug("Not prefetched: %s", type(error).__name__)
            if isinstance(error, UnreachableError):
                # AWS cannot be reached: each further question would only add a time-out before the error is reported.
                pool.shutdown(wait=False, cancel_futures=True)
                return


def _make(cache, chunk, plan, work):
    """Make a plan. A plan without changes stays valid until its state's turn, unless it depends on more than AWS."""
    planned = plan()
    if cache and work and plan is work.plan and not work.store and not planned["changes"]:
        cache.foresee(tag(chunk), planned)


def collect(states, chunks):
    """Return ``(chunk, (plan, work))`` of all states in ``chunks`` that can be called."""
    found = []
    for chunk in chunks:
        plans = []
        token = _plans.set(plans)
        try:
            function = states[_name(chunk)]
            function(**{name: _thawed(chunk[name]) for name in parameters(states, chunk) if name in chunk})
        except Exception as error:
            log.debug("Not planned ahead: %s (%s)", chunk.get("__id__"), type(error).__name__)
        finally:
            _plans.reset(token)
        found += [(chunk, plan) for plan in plans]
    return found


def parameters(states, chunk):
    """Return the arguments of a chunk's function, without Salt's own keys (``order``, ``require``…)."""
    return list(inspect.signature(states[_name(chunk)]).parameters)


def tag(chunk):
    """Return Salt's tag of a chunk in its returns."""
    return "_|-".join(str(chunk[part]) for part in ("state", "__id__", "name", "fun"))


def _name(chunk):
    return f"{chunk['state']}.{chunk['fun']}"


def _thawed(value):
    """Salt passes frozen chunks, in types that are neither ``dict`` nor ``list``."""
    if isinstance(value, Mapping):
        return {name: _thawed(entry) for name, entry in value.items()}
    if isinstance(value, str | bytes) or not hasattr(value, "__iter__"):
        return value
    return [_thawed(entry) for entry in value]
