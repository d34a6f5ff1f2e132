"""
Check pillar and the AWS account before other states.

.. code-block:: yaml

    aws-pillar:
      aws_account.pillar_valid: []
"""

from aws_runbook.errors import RunbookError, WrongAccountError
from aws_runbook.run.prefetch import Role

ROLE = Role(read_ahead=False)


def pillar_valid(name, problems=None, expected=None):
    """
    Fail if pillar is invalid, or if the account is the wrong one.

    Fail if pillar is invalid, with one sentence for each problem; and if the account cannot be reached, or is not the one that
    ``aws:account`` names.

    The other states require this one, so that nothing is read or written if it fails, and one cause is reported once. If pillar
    declares anything in AWS, one call is made to AWS, which needs no permission.
    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html

    name
        Any text.
    problems
        The result of ``aws_account.problems`` at the time when the SLS files were rendered. Default: it is called now. salt-ssh
        renders on another machine than it runs states on, and only there the pillar of other servers is known.
    expected
        The result of ``aws_account.expected`` at that time: a mapping of ``account``, twelve digits or ``None`` for any account;
        ``False`` if pillar declares nothing in AWS. Default: it is called now.
    """
    ret = {"name": name, "result": False, "changes": {}, "comment": ""}
    if problems:
        return {**ret, "comment": "\n".join(problems)}
    try:
        from aws_runbook.aws import sdk  # noqa: F401 - without boto3, this state reports it
        from aws_runbook.kinds import converge

        salt = converge.Salt(globals())
        problems = salt.call("aws_account.problems") if problems is None else problems
        if problems:
            return {**ret, "comment": "\n".join(problems)}
        expected = salt.call("aws_account.expected") if expected is None else expected
        if not expected:
            return {**ret, "result": True, "comment": "Pillar is valid, and declares nothing in AWS."}
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
