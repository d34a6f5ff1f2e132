from hypothesis import given
from hypothesis import strategies as st

from aws_runbook.aws.pace import Pace


class World:
    """A clock, and an SES that lets one request through in a second."""

    def __init__(self, latency):
        self.now = 0.0
        self.latency = latency
        self.pace = Pace(clock=lambda: self.now, pause=self.advance)
        self.admitted = None
        self.refusals = 0

    def advance(self, seconds):
        self.now += seconds

    def ask(self):
        """One request, asked again as botocore does until it is let through."""
        while True:
            self.pace.wait()
            self.advance(self.latency / 2)
            arrived = self.now
            refused = self.admitted is not None and arrived - self.admitted < 1
            if not refused:
                self.admitted = arrived
            self.advance(self.latency / 2)
            self.pace.note("Throttling" if refused else None)
            if not refused:
                return
            self.refusals += 1


@given(st.floats(0.001, 0.4), st.integers(2, 200))
def test_many_requests_take_a_second_each_and_few_are_refused(latency, count):
    world = World(latency)
    for _ in range(count):
        world.ask()
    assert world.refusals <= 1
    assert world.now <= count * (1 + latency) + latency


def test_nobody_waits_while_nothing_is_refused():
    world = World(0.1)
    for _ in range(5):
        world.ask()
        world.advance(1)
    assert world.refusals == 0
    assert world.now < 6


def test_a_pause_ends_it():
    world = World(0.01)
    for _ in range(3):
        world.ask()
    assert world.refusals == 1
    world.advance(3600)
    before = world.now
    world.ask()
    assert world.now - before < 0.02


def test_an_error_of_another_kind_counts_as_a_request():
    world = World(0.01)
    world.ask()
    world.ask()
    world.pace.wait()
    world.pace.note("NotFoundException")
    before = world.now
    world.pace.wait()
    assert world.now - before > 0.9
