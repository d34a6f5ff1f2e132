"""
Look at the AWS account as a whole.

.. code-block:: yaml

    aws-pillar:
      aws_account.pillar_valid: []
"""

from aws_runbook.errors import RunbookError, WrongAccountError
from aws_runbook.run.prefetch import Role

ROLE = Role(read_ahead=False)


def pillar_valid(name, problems=None, expected=None):
    """
    Fail when the pillar that the other states follow from is wrong, with one sentence for each problem; and when the account
    cannot be reached, or is not the one that ``aws:account`` names.

    The other states require this one, so that nothing is read or written where it fails, and one cause is told once. Where
    something in AWS follows from pillar, it makes one call to AWS, which needs no permission.
    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html

    name
        Any.
    problems
        What ``aws_account.problems`` said when the SLS files were rendered. Default: it is asked now. salt-ssh renders on
        another machine than it runs states on, and the pillar of other servers is known only there.
    expected
        What ``aws_account.expected`` said then: a mapping of ``account``, twelve digits or ``None`` for any; ``False`` when
        nothing in AWS follows from pillar. Default: it is asked now.
    """
    ret = {"name": name, "result": False, "changes": {}, "comment": ""}
    if problems:
        return {**ret, "comment": "\n".join(problems)}
    try:
        from aws_runbook.kinds import converge  # without boto3, this state is what says so

        salt = converge.Salt(globals())
        problems = salt.call("aws_account.problems") if problems is None else problems
        if problems:
            return {**ret, "comment": "\n".join(problems)}
        expected = salt.call("aws_account.expected") if expected is None else expected
        if not expected:
            return {**ret, "result": True, "comment": "Pillar is valid, and nothing in AWS follows from it."}
        found = salt.ask("aws_account.whoami")
    except (ImportError, RunbookError) as error:
        return {**ret, "comment": str(error)}
    account = expected["account"]
    if account not in (None, found["account"]):
        return {**ret, "comment": str(WrongAccountError(found["arn"], found["account"], account))}
    return {
        **ret,
        "result": True,
        "comment": f"Pillar is valid, and the credentials belong to the account {found['account']}.",
    }
