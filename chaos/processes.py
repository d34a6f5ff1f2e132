"""
Runs in processes of their own, which share the AWS of the process that they are forked from: to be killed, and to run at once.

A process that is forked sends its requests, and its sleep, through a pipe. It stands still until it is answered, so whoever answers
decides whose turn it is: the same choice leads to the same run.
"""

import contextlib
import os
import signal
import threading
import traceback
from multiprocessing import Pipe

from chaos.lapse import lapse


class Runner:
    """A forked process that does ``job()``, whose result is ``result`` in the end; ``None`` if it was killed."""

    def __init__(self, job, line):
        self._pipe, theirs = Pipe()
        self.result, self.is_over = None, False
        self.pid = os.fork()
        if not self.pid:
            self._pipe.close()
            _do(job, line, theirs)
        theirs.close()
        self.message = None
        self.hear()

    def hear(self):
        """Wait for what it asks next."""
        try:
            self.message = self._pipe.recv()
        except EOFError:
            self.message = None
            self._end()
            return
        if self.message[0] == "done":
            self.result = self.message[1]
            self._end()

    def answer(self, answer=None, error=None):
        """Answer what it has asked, and wait for what it asks next."""
        with contextlib.suppress(BrokenPipeError):
            self._pipe.send((answer, error, lapse.passed))
        self.hear()

    def kill(self):
        """End it at once, wherever it is."""
        os.kill(self.pid, signal.SIGKILL)
        self._end()

    def _end(self):
        if not self.is_over:
            self.is_over = True
            self._pipe.close()
            os.waitpid(self.pid, 0)


def _do(job, line, pipe):
    """In the forked process: do the job, tell the result, and end without anything that its parent would do in the end."""
    lock = threading.Lock()

    def ask(*message):
        with lock:
            pipe.send(message)
            answer, error, lapse.passed = pipe.recv()
        if error:
            raise error
        return answer

    try:
        line.carry = lambda request: ask("call", request)
        lapse.share = lambda seconds: ask("sleep", seconds)
        pipe.send(("done", job()))
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


class Past:
    """What is here now, kept in a forked process: ``recall(request)`` is its answer, whatever happens here meanwhile."""

    def __init__(self, line):
        self._pipe, theirs = Pipe()
        self._pid = os.fork()
        if not self._pid:
            self._pipe.close()
            with contextlib.suppress(EOFError):
                while True:
                    theirs.send(line.carry(theirs.recv()))
            os._exit(0)
        theirs.close()

    def recall(self, request):
        """The answer to a request as it would have been then."""
        self._pipe.send(request)
        return self._pipe.recv()

    def end(self):
        """Forget it."""
        self._pipe.close()
        os.waitpid(self._pid, 0)


def run(jobs, line, choose, strike=lambda _runner, _request: False):
    """
    Do ``jobs`` at once; the results.

    ``choose(number)`` is whose turn it is among so many that wait. ``strike(runner, request)`` may kill the runner in place of an
    answer, and says whether it did.
    """
    runners = [Runner(job, line) for job in jobs]
    while waiting := [runner for runner in runners if not runner.is_over]:
        runner = waiting[choose(len(waiting))]
        kind, content = runner.message
        if kind == "sleep":
            lapse.sleep(content)
            runner.answer()
        elif not strike(runner, content):
            try:
                answer, error = line.carry(content), None
            except Exception as failed:
                answer, error = None, failed
            runner.answer(answer, error)
    return [runner.result for runner in runners]
