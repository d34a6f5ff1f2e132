"""
Send an event for each difference between AWS and what pillar wants, and for each new finding of the audit.

.. code-block:: yaml

    beacons:
      aws_drift:
        - interval: 60
        - every: 3600

``interval`` is Salt's: how often this looks whether there is an answer, in seconds. ``every`` is how often AWS is compared with pillar, in
seconds; default: 3600. ``mods`` are the SLS files that are compared; default: ``aws.account``. ``audit`` is whether the audit of backups is
made too; default: ``True``.

AWS is read by ``salt-call`` in a separate process, so that the minion is not blocked, and pillar is up to date. Nothing is
written in AWS. The tags of the events are ``salt/beacon/MINION/aws_drift/change``, ``…/failed``, ``…/finding`` and ``…/error``; each has
a ``message``, one line for a person, and the fields of ``aws_account.plan format=data``, or of a finding of ``aws_backup.audit format=data``.
A difference that was reported is reported again only after it has been absent, also across restarts of the minion.

https://docs.saltproject.io/en/latest/topics/beacons/index.html
"""

from aws_runbook.errors import RunbookError
from aws_runbook.status import drift


def validate(config):
    """Check the beacon's configuration; returns whether it is valid, and a sentence."""
    try:
        drift.settings(config)
    except RunbookError as error:
        return False, str(error)
    return True, "Valid beacon configuration."


def beacon(config):
    """Return an event for each difference and each finding that is new since the last time."""
    return drift.watch(__opts__).look(drift.settings(config))
