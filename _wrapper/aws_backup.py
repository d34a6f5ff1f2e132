"""What ``aws_backup`` answers to salt-ssh; see :mod:`aws_runbook.over_ssh`."""

from aws_runbook import over_ssh


def targets():
    """
    Where the backups of the server, and of its ``aws:servers``, go, as the execution module says it.

    CLI Example:

    .. code-block:: bash

        salt-ssh control aws_backup.targets
    """
    return over_ssh.call("aws_backup.targets", __opts__, __pillar__, __context__)


def plan(format="table"):
    """
    What follows from the pillar of the server, and of its ``aws:servers``, as the execution module says it.

    CLI Example:

    .. code-block:: bash

        salt-ssh control aws_backup.plan
    """
    return over_ssh.call("aws_backup.plan", __opts__, __pillar__, __context__, format=format)


def orphans(**_options):
    """Refused: without pillar every user in the account would be an orphan."""
    over_ssh.refuse("aws_backup.orphans")


def audit(*_arguments, **_options):
    """Refused: without pillar there would be no backups to look for, and so nothing to say."""
    over_ssh.refuse("aws_backup.audit")


def history(*_arguments, **_options):
    """Refused: without pillar the server would not know where its backups are."""
    over_ssh.refuse("aws_backup.history")


def recover(*_arguments, **_options):
    """Refused: without pillar the server would not know where its backups are."""
    over_ssh.refuse("aws_backup.recover")
