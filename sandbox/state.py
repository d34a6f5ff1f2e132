"""
What the sandbox remembers beside moto: everything that a reset forgets.
"""

import threading

from sandbox.clock import Clock
from sandbox.faults import Faults
from sandbox.lag import Lag
from sandbox.log import Log


class State:
    """One per process; every test starts from a reset one."""

    def __init__(self, *, dns=None, seed=0):
        self.clock = Clock()
        self.log = Log()
        self.faults = Faults()
        self.lag = Lag()
        self.dns = dns  # (host, port) of the server that is asked whether a record is there
        self.seed = seed  # what chance is drawn from when nobody names another
        # One operation at a time, as AWS's are atomic and moto is not made for threads.
        self.lock = threading.RLock()
        self._defaults()

    def _defaults(self):
        self.refuse_writes = False
        self.page_size = None
        self.enforce_iam = False
        # Access keys whose calls meet no faults, lag and small pages: those with which a test looks and prepares.
        self.spared = set()
        # Access keys that were made here: one of them that IAM no longer has was deleted, and is nobody's.
        self.issued = set()
        # Access keys of temporary credentials whose time is over.
        self.expired = set()
        self._own = {}

    def reset(self):
        """Forget everything."""
        for part in (self.clock, self.faults, self.lag):
            part.reset()
        self.log.clear()
        self._defaults()

    def own(self, factory, account_id=None, region=None):
        """The sandbox's own data of one kind, for an account and region, made by ``factory`` at first use."""
        slot = (factory, account_id, region)
        if slot not in self._own:
            self._own[slot] = factory()
        return self._own[slot]

    def every(self, factory):
        """``(account_id, region), data`` of each place where ``factory`` has been used."""
        return [(slot[1:], data) for slot, data in self._own.items() if slot[0] is factory]
