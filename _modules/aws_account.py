"""
Look at the AWS account as a whole: whose credentials are in use, what is wrong in pillar, what is still to be done.

Every function that calls AWS takes ``region``, ``profile``, ``keyid`` and ``key`` last: how to reach the account.
"""

from aws_runbook.errors import PillarError
from aws_runbook.session import connect

# The kinds of resource that can wait for AWS, for DNS or for a person.
_WAITING_KINDS = (
    "iam_access_key",
    "sns_topic",
    "ses_identity",
    "ses_receiving",
    "ses_smtp_user",
    "ses_account",
    "rds_instance",
    "rds_cluster",
)
# What follows from pillar, of which each can find something wrong in it.
_PLANS = ("aws_backup.plan", "aws_email.plan", "aws_database.plan")


def whoami(region=None, profile=None, keyid=None, key=None):
    """
    The account and the identity that the credentials in use belong to, and the region that calls go to.

    No IAM action is needed. https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html

    CLI Example:

    .. code-block:: bash

        salt-call aws_account.whoami
        salt-call aws_account.whoami profile='{aws_profile: ocp-admin}'
    """
    session = connect(__opts__, __pillar__, region=region, profile=profile, keyid=keyid, key=key)
    identity = session.identity()
    return {
        "account": identity["Account"],
        "arn": identity["Arn"],
        "user_id": identity["UserId"],
        "region": session.region,
        "partition": session.partition,
    }


def pending(region=None, profile=None, keyid=None, key=None):
    """
    What AWS or a person must still do for what pillar says: a list of ``what``, ``on`` (who must do it), ``since`` and
    ``do``. Empty when all is done. These are the lines that ``state.apply aws`` warns of with ``Waiting:``.

    IAM actions: those that the kinds of resource in pillar need to be read.

    CLI Example:

    .. code-block:: bash

        salt-call aws_account.pending
    """
    connection = {"region": region, "profile": profile, "keyid": keyid, "key": key}
    return [entry for kind in _WAITING_KINDS for entry in __salt__[f"{kind}.pending"](**connection)]


def problems():
    """
    What is wrong in pillar, one sentence each; empty when nothing is. Makes no call to AWS.

    CLI Example:

    .. code-block:: bash

        salt-call aws_account.problems
    """
    return list(dict.fromkeys(problem for plan in _PLANS for problem in _problems_of(plan)))


def _problems_of(plan):
    try:
        __salt__[plan](format="data")
    except PillarError as error:
        return error.problems
    return []
