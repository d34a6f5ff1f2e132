"""What the doubles share: free ports, programs that end with this one, and the command that starts one."""

import contextlib
import shutil
import signal
import socket
import subprocess
import sys
from http import HTTPStatus

import urllib3

from aws_runbook import polling

_ANSWERS_WITHIN = 120


class DoubleError(Exception):
    """A double did not start."""


def free_ports(number):
    """Ports of 127.0.0.1 that nobody listens at."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def start(command, output, **options):
    """Start a program that ends with this process, also where that is killed; what it writes goes to the file ``output``."""
    setpriv = shutil.which("setpriv")
    # Only Linux has it. Elsewhere a program is ended by the end of its `with`.
    bound = [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []
    with output.open("wb") as stream:
        return subprocess.Popen(
            [*bound, *map(str, command)], stdout=stream, stderr=stream, stdin=subprocess.DEVNULL, **options
        )


def until_it_answers(process, url, output):
    """Wait until ``url`` is answered; an error with what the program has written if it ends first."""

    def answers():
        if process.poll() is not None:
            raise DoubleError(f"It ended:\n{_end(output)}")
        try:
            answer = urllib3.request("GET", url, timeout=5, retries=False)
        except urllib3.exceptions.HTTPError:
            return False
        return answer.status == HTTPStatus.OK

    if not polling.until(answers, what="an answer", timeout=_ANSWERS_WITHIN, most=0.2):
        raise DoubleError(f"There was no answer after {_ANSWERS_WITHIN} seconds:\n{_end(output)}")


def _end(output):
    return output.read_text(errors="replace")[-3000:]


def main(double, **options):
    """Start one until a signal comes, and print what to export."""
    if not double.is_installed():
        sys.exit(f"{double.TITLE} is not installed ({double.INSTALL}).")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with double(**options) as running, contextlib.suppress(KeyboardInterrupt):
        for name, value in running.environment.items():
            sys.stdout.write(f"export {name}={value}\n")
        sys.stdout.flush()
        signal.pause()
