"""``make doubles``, or ``python -m tests.doubles``: see ``--help``."""

import argparse
import sys

import pytest

from tests.doubles import page

CEPH = ("tests/real/test_ceph.py", "tests/real/test_ceph_differs.py")


def main(arguments=None):
    """Return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.doubles",
        description="Try the states on programs of others that answer as AWS does.",
        epilog="Other options are pytest's: -k moto takes one of them.",
    )
    parser.add_argument("--page", action="store_true", help="only write the table of docs/doubles.md, and end")
    given, others = parser.parse_known_args(arguments)
    if given.page:
        page.write()
        return 0
    return pytest.main(["-p", "no:cacheprovider", "--doubles", *others, "tests/doubles", *CEPH])


if __name__ == "__main__":
    sys.exit(main())
