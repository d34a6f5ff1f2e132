"""The beacon, as Salt loads it."""

import pytest
import salt.loader

from tests.functional.conftest import TREE


@pytest.fixture
def validate(minion_opts, modules):
    opts = {**minion_opts, "beacons_dirs": [str(TREE / "_beacons")]}
    return salt.loader.beacons(opts, {})["aws_drift.validate"]


def test_its_configuration_is_checked_in_a_sentence(validate):
    assert validate([{"every": 3600}]) == (True, "Valid beacon configuration.")
    valid, sentence = validate([{"every": 0}])
    assert not valid
    assert sentence == "beacons:aws_drift:every is 0; give a whole number of seconds, 1 or more."
