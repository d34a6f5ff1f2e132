"""
Look at the AWS account as a whole.

.. code-block:: yaml

    aws-pillar:
      aws_account.pillar_valid: []
"""


def pillar_valid(name, problems=None):
    """
    Fail when the pillar that the other states follow from cannot be meant, with one sentence for each problem.

    It makes no call to AWS. The SLS files render nothing else while it fails, so nothing is half done.

    name
        Any.
    problems
        What ``aws_account.problems`` said when the SLS files were rendered. Default: it is asked now. salt-ssh renders on
        another machine than it runs states on, and the pillar of other servers is known only there.
    """
    if problems is None:
        problems = __salt__["aws_account.problems"]()
    comment = "\n".join(problems) if problems else "The pillar can be followed."
    return {"name": name, "result": not problems, "changes": {}, "comment": comment}
