"""The sample fleet on each double that has the services: planned, applied, and applied again."""

import pytest

from tests import doubles
from tests.doubles.differences import FORMS
from tests.functional.conftest import Fleet

# What each file of the tree needs.
_FILES = {"aws.network": {"ec2"}, "aws.buckets": {"s3"}, "aws.iam": {"iam", "sts"}}


@pytest.mark.parametrize(
    ("name", "sls"),
    [
        pytest.param(name, sls, marks=double.MARKS)
        for name, double in doubles.of_services().items()
        for sls, services in _FILES.items()
        if services <= double.SERVICES
    ],
)
def test_the_second_run_changes_nothing(name, sls, double, completed, recording, tmp_path, nameserver):
    fleet = Fleet(tmp_path, "control", nameserver)
    with recording.read_only():
        planned = fleet.apply(sls, test=True)
    applied = fleet.apply(sls)
    assert {key: state["comment"] for key, state in applied.items() if state["result"] is not True} == {}
    assert any(state["changes"] for state in applied.values())
    assert {key: state["changes"] for key, state in planned.items()} == {
        key: state["changes"] for key, state in applied.items()
    }
    with recording.read_only():
        again = fleet.apply(sls)
    assert {key: (state["result"], state["changes"]) for key, state in again.items()} == dict.fromkeys(
        again, (True, {})
    )
    assert {what for _, what in completed.made} <= FORMS[name]
