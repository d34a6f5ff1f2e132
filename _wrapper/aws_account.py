"""What ``aws_account`` answers to salt-ssh; see :mod:`aws_runbook.over_ssh`."""

from aws_runbook import over_ssh


def problems():
    """
    What is wrong in the server's pillar, as the execution module says it.

    CLI Example:

    .. code-block:: bash

        salt-ssh control aws_account.problems
    """
    return over_ssh.call("aws_account.problems", __opts__, __pillar__, __context__)


def expected():
    """
    The account that the server's pillar names, as the execution module says it.

    CLI Example:

    .. code-block:: bash

        salt-ssh control aws_account.expected
    """
    return over_ssh.call("aws_account.expected", __opts__, __pillar__, __context__)


def pending(**_options):
    """Refused: without pillar the server would answer that nothing waits."""
    over_ssh.refuse("aws_account.pending")


def whoami(**_options):
    """Refused: without pillar the server might answer for another account than ``state.apply aws.account`` uses."""
    over_ssh.refuse("aws_account.whoami")


def adopt(*_arguments, **_options):
    """Refused: without pillar there would be no servers whose backups are looked for."""
    over_ssh.refuse("aws_account.adopt")


def plan(mods="aws.account", format="text", diff=False):  # noqa: ARG001 - those of the execution module
    """Refused: it would apply states, whose SLS files salt-ssh renders where it runs; ``state.apply aws.account test=True`` does."""
    over_ssh.refuse("aws_account.plan")


def report(*_arguments, **_options):
    """Refused: without pillar there would be no backups to show."""
    over_ssh.refuse("aws_account.report")
