"""What ``aws_database`` answers to salt-ssh; see :mod:`aws_runbook.over_ssh`."""

from aws_runbook import over_ssh


def plan(format="table"):
    """
    What follows from the server's pillar for databases, as the execution module says it.

    CLI Example:

    .. code-block:: bash

        salt-ssh control aws_database.plan
    """
    return over_ssh.call("aws_database.plan", __opts__, __pillar__, __context__, format=format)
