"""The functional suite's case of each state, on each double that has its services: plan, apply, apply again, and drift."""

import pytest

from tests import doubles
from tests.aws.converging import converge
from tests.doubles.differences import FORMS, STOPS
from tests.functional.cases import CASES, FUNCTIONS

# The services of each kind of state, by the beginning of its name.
_SERVICES = {
    "ec2": {"ec2"},
    "iam": {"iam", "sts"},
    "rds": {"ec2", "rds"},
    "s3": {"s3"},
    "ses": {"ses", "sesv2"},
    "sns": {"sns"},
}


def asked(double):
    """The states that a double is asked for."""
    for function in FUNCTIONS:
        services = _SERVICES.get(function.partition("_")[0])
        if services and services <= double.SERVICES:
            yield function


# Ceph, which makes buckets in no region of AWS's, has tests of its own in tests/real.
ASKED = [
    pytest.param(name, function, marks=double.MARKS)
    for name, double in doubles.of_services().items()
    for function in asked(double)
]


def _converge(function, account, states, recording):
    case = CASES[function]
    case.before(account)
    arguments = case.arguments_for(account)
    done = converge(states[function], recording, **arguments)
    assert case.created <= set(done)
    case.after(account)
    if case.drift:
        case.drift(account)
        assert set(converge(states[function], recording, **arguments)) == case.changed


@pytest.mark.parametrize(("name", "function"), ASKED)
def test_a_state_converges_and_mends_drift(name, function, completed, account, states, recording):
    """Or stops where a difference is declared, by exactly that."""
    stops = STOPS.get((name, function))
    try:
        _converge(function, account, states, recording)
    except AssertionError as error:
        if stops is None or stops not in str(error):
            raise
    else:
        assert stops is None, "declared to stop, and did not"
    assert {what for _, what in completed.made} <= FORMS[name]


def test_what_is_declared_to_stop_is_asked():
    assert STOPS.keys() <= {parameters.values for parameters in ASKED}
