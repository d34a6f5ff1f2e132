"""What must hold for a state on any AWS, by what is asked of it."""


def converge(state, recording, **arguments):
    """Plan, apply and apply again; return what the real run changed."""
    with recording.read_only():
        planned = state(**arguments, test=True)
    real = state(**arguments)
    assert real.result is True, real.comment
    assert real.changes == planned.changes, planned.comment
    with recording.read_only():
        again = state(**arguments)
    assert (again.result, again.changes) == (True, {}), again.comment
    return real.changes
