"""
The calls that a run makes, as the code makes them: recorded, struck by a fault, and the moments at which a run is killed.
"""

from dataclasses import dataclass

from chaos.faults import ALWAYS, EVERYWHERE
from chaos.in_process import Request
from sandbox.faults import Fault as SandboxFault
from sandbox.messages import writes
from sandbox.wire import named


@dataclass(frozen=True)
class Site:
    """A call as the code makes it: ``operation`` (``iam:CreateUser``) from a ``place`` in it."""

    operation: str
    place: str

    @property
    def writes(self):
        """Whether it changes anything."""
        return writes(*self.operation.split(":"), "POST")

    def __str__(self):
        return f"{self.operation} in {self.place}"


class Call:
    """A call that a fault strikes."""

    def __init__(self, world, request, operation, past):
        self._world, self._request, self._operation, self._past = world, request, operation, past
        self.url = request.url

    def carry(self):
        """Let it be carried out."""
        return self._world.carry(self._request)

    def refuse(self, kind):
        """Let the sandbox refuse it."""
        self._world.state.faults.add(SandboxFault(self._operation, kind))
        return self.carry()

    def recall(self):
        """The answer as of before the run."""
        return self._past.recall(self._request)


def site_of(request: Request):
    """The site of a request; ``None`` if it is none to AWS."""
    service, name = named(request.environ, request.body)
    return Site(f"{service}:{name}", request.place) if service and name else None


class Recorder:
    """A line that notes the sites of all calls in their order."""

    def __init__(self, world):
        self._world, self.sites = world, []

    def __call__(self, request):
        if site := site_of(request):
            self.sites.append(site)
        return self._world.carry(request)


class Striker:
    """A line on which a fault strikes at a site."""

    def __init__(self, world, fault, site, past):
        self._world, self._fault, self._site, self._past = world, fault, site, past
        self.struck = 0

    def __call__(self, request):
        site = site_of(request)
        if site is None or not self._strikes(str(site)):
            return self._world.carry(request)
        self.struck += 1
        return self._fault.way(Call(self._world, request, site.operation, self._past))

    def _strikes(self, site):
        if self._fault.lasts == EVERYWHERE and self.struck:
            return True
        return site == self._site and (not self.struck or self._fault.lasts == ALWAYS)


class Killer:
    """What ends a run at its ``number``-th write, ``before`` or ``after`` it is carried out."""

    def __init__(self, world, number, when):
        self._world, self._left, self._when = world, number, when
        self.struck = 0

    def __call__(self, runner, request):
        site = site_of(request)
        self._left -= bool(site and site.writes)
        if self._left or self.struck:
            return False
        if self._when == "after":
            self._world.carry(request)
        self.struck += 1
        runner.kill()
        return True
