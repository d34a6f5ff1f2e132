"""Blocks of addresses."""

from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_runbook.network import cidr

networks = st.builds(
    lambda address, length: str(IPv4Network((address, length), strict=False)),
    st.integers(0, 2**32 - 1),
    st.integers(16, 28),
)


@given(networks)
def test_blocks_that_aws_takes(block):
    cidr.check(block)


@pytest.mark.parametrize(
    ("block", "sentence"),
    [
        ("10.0.0.0", "give an IPv4 block"),
        ("10.0.0.0/255.255.0.0", "give an IPv4 block"),
        ("10.0.0.0/33", "give an IPv4 block"),
        ("2001:db8::/56", "give an IPv4 block"),
        ("", "give an IPv4 block"),
        ("10.0.1.0/16", r"did you mean 10\.0\.0\.0/16\?"),
        ("10.0.0.0/15", "between /16 and /28"),
        ("10.0.0.0/29", "between /16 and /28"),
    ],
)
def test_blocks_that_aws_refuses(block, sentence):
    with pytest.raises(ValueError, match=sentence):
        cidr.check(block)


@given(networks, networks)
def test_blocks_overlap_when_one_contains_the_other(block, other):
    assert cidr.overlap(block, other) == (cidr.contains(block, other) or cidr.contains(other, block))


def test_pairs_that_overlap():
    blocks = {"a": "10.0.0.0/24", "b": "10.0.1.0/24", "c": "10.0.0.128/25"}
    assert cidr.overlaps(blocks) == [("a", "c")]
