"""
Reading ahead: what the states of a run will ask of AWS is asked before the first of them, many questions at a time.

AWS answers a question in some tens of milliseconds, and a fleet asks a thousand: one after the other that is a minute,
ten at a time a few seconds. Nothing depends on it: what could not be read ahead is read when it is needed, and a state
that is about to write asks again for itself.
"""

import inspect
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextvars import ContextVar, copy_context

from aws_runbook.sdk import BotoCoreError

log = logging.getLogger(__name__)

# Kinds whose plan only reads AWS. Access keys and databases are planned with their stores, a database may be waited for,
# and SES answers once a second, however many ask.
_KINDS = frozenset(
    {
        "ec2_security_group",
        "ec2_subnet",
        "ec2_vpc",
        "iam_backup_policy",
        "iam_group",
        "iam_user",
        "rds_subnet_group",
        "s3_bucket",
        "s3_lifecycle",
        "sns_topic",
    }
)
# As many as botocore keeps connections open for.
# https://botocore.amazonaws.com/v1/documentation/api/latest/reference/config.html
_AT_ONCE = 10

_plans = ContextVar("aws_runbook_plans", default=None)


def collected(plan):
    """Whether ``plan`` was only taken down to be read ahead: then its state has nothing to do yet."""
    plans = _plans.get()
    if plans is None:
        return False
    plans.append(plan)
    return True


def read(states, chunks):
    """
    Make the plans of all our states in ``chunks`` (Salt's ``__lowstate__``), so that the answers are in this run's cache.

    ``states`` are the loader's state functions. An error is nobody's here: the state will meet it again, and tell.
    """
    chunks = [chunk for chunk in chunks if chunk["state"] in _KINDS]
    # A state with "parallel: True" is a process of its own, with a cache of its own: each would read for all.
    if any(chunk.get("parallel") for chunk in chunks):
        return
    plans = _collect(states, chunks)
    log.debug("Reading ahead for %d states", len(plans))
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="aws-runbook") as pool:
        # Salt's loader and this run's cache are found by context, and a context can be entered by one thread only.
        for asked in as_completed([pool.submit(copy_context().run, plan) for plan in plans]):
            error = asked.exception()
            if error:
                log.debug("Not read ahead", exc_info=error)
            if isinstance(getattr(error, "__cause__", None), BotoCoreError):
                # AWS cannot be reached at all: each further question would only be one more time-out before it is said.
                pool.shutdown(wait=False, cancel_futures=True)
                return


def _collect(states, chunks):
    plans = []
    token = _plans.set(plans)
    try:
        for chunk in chunks:
            function = states[f"{chunk['state']}.{chunk['fun']}"]
            try:
                function(**_arguments(function, chunk))
            except Exception:
                log.debug("Not read ahead: %s", chunk.get("__id__"), exc_info=True)
    finally:
        _plans.reset(token)
    return plans


def _arguments(function, chunk):
    """What of ``chunk`` is for the function: the rest (``order``, ``require``…) is for Salt."""
    return {name: _thawed(chunk[name]) for name in inspect.signature(function).parameters if name in chunk}


def _thawed(value):
    """Salt hands the chunks over frozen, in types of its own that are no ``dict`` and no ``list``."""
    if isinstance(value, Mapping):
        return {name: _thawed(entry) for name, entry in value.items()}
    if isinstance(value, str | bytes) or not hasattr(value, "__iter__"):
        return value
    return [_thawed(entry) for entry in value]
