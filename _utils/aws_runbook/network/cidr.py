"""
Blocks of IPv4 addresses: which ones AWS accepts for a VPC and its subnets.

https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
"""

from ipaddress import AddressValueError, IPv4Network, NetmaskValueError
from itertools import combinations

_LARGEST, _SMALLEST = 16, 28


def check(text):
    """Raise ``ValueError`` with the rest of a sentence unless AWS accepts ``text`` as the block of a VPC or subnet."""
    network = _network(text)
    if not _LARGEST <= network.prefixlen <= _SMALLEST:
        raise ValueError(f"the block of a VPC or subnet has between /{_LARGEST} and /{_SMALLEST}")


def _network(text):
    address, slash, length = text.partition("/")
    if not slash or not length.isdigit():
        raise ValueError("give an IPv4 block such as 10.0.0.0/16")
    try:
        network = IPv4Network(text, strict=False)
    except (AddressValueError, NetmaskValueError):
        raise ValueError("give an IPv4 block such as 10.0.0.0/16") from None
    if str(network.network_address) != address:
        raise ValueError(f"its address is within the block, not at its beginning; did you mean {network}?")
    return network


def contains(block, part):
    """Whether ``part`` is within ``block``."""
    return IPv4Network(part).subnet_of(IPv4Network(block))


def overlap(block, other):
    """Whether two blocks have addresses in common."""
    return IPv4Network(block).overlaps(IPv4Network(other))


def overlaps(blocks):
    """The pairs of names in ``blocks`` (name → block) whose blocks have addresses in common."""
    return [
        (name, other) for (name, block), (other, second) in combinations(blocks.items(), 2) if overlap(block, second)
    ]
