"""``make aws``, or ``python -m tests.aws``: see ``--help``."""

import argparse
import os
import sys

import boto3
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.aws import account

RECORDED = "tests/fixtures/recorded"


def main(arguments=None):
    """Return the exit status: 2 where the account must not be used."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.aws",
        description="Run the states against the AWS account of the credentials in use. "
        f"Starts only where {account.VARIABLE} is the number of that account.",
        epilog=f"All that is made has a name that begins with {account.OURS}, and is removed at the end.",
    )
    parser.add_argument("--read-only", action="store_true", help="only look; a call that would write is refused here")
    parser.add_argument("--record", metavar="FOLDER", help=f"keep the shapes of AWS's answers, as in {RECORDED}")
    parser.add_argument("--left", action="store_true", help="only list what earlier runs have left, and end")
    given = parser.parse_args(arguments)
    try:
        reason = account.refusal(os.environ.get(account.VARIABLE), boto3.client("sts").get_caller_identity)
        if reason is None and given.left:
            region = boto3.session.Session().region_name
            for kind, name in account.left(lambda service, region: boto3.client(service, region_name=region), region):
                print(f"{kind} {name}")
            return 0
    except (BotoCoreError, ClientError) as error:
        reason = f"The account could not be asked for: {error}"
    if reason is not None:
        print(reason, file=sys.stderr)
        return 2
    options = ["--read-only"] * given.read_only + [f"--record={given.record}"] * (given.record is not None)
    # The rest of the suite's configuration stays: its tests are elsewhere.
    return pytest.main(["-v", "--tb=short", "--show-capture=no", "-p", "no:cacheprovider", *options, "tests/aws"])


if __name__ == "__main__":
    sys.exit(main())
