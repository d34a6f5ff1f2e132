"""
What can go wrong, each as one sentence for an operator.

All of them are ``CommandExecutionError``: Salt prints that class's message on the command line without a traceback.
"""

from salt.exceptions import CommandExecutionError


class RunbookError(CommandExecutionError):
    """Any error of this project; its text is a sentence that an operator can act on."""


class PillarError(RunbookError):
    """Invalid pillar: one sentence for each problem, found before any call to AWS."""

    def __init__(self, problems):
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        super().__init__("\n".join(self.problems))


class UnsafeError(RunbookError):
    """A change, or a thing found, that could delete a backup; refused before anything is written."""


class StoreError(RunbookError):
    """A store that cannot take a secret, or cannot be read."""


class AwsError(RunbookError):
    """
    AWS's refusal: the attempted action, AWS's code and message, and the IAM action if that is missing.

    ``code`` is AWS's error code (``NoSuchEntity``), and ``response`` its answer, for those who decide by them.
    """

    def __init__(self, message, code="", response=None):
        super().__init__(message)
        self.code = code
        self.response = response


class UncertainError(AwsError):
    """
    A write of which it is unknown whether AWS did it: the answer was lost, was not AWS's, or reported a failure of AWS itself.

    The caller reads AWS before it repeats anything: the resource may exist (``_create`` and the states do
    so by reading again; a resource that only a secret in the lost answer identifies must be found and deleted). ``code`` is AWS's
    where AWS said one. The text quotes nothing of an answer that is not AWS's, and there is no cause that does.
    """


class SameNameError(RunbookError):
    """The name of a new resource differs from that of an existing one only by case, and AWS takes the two for the same."""

    def __init__(self, where, service, kind, name, other):
        super().__init__(
            f"{where} has the {kind} {other}, whose name differs from {name} only by case, and {service} treats them as the same: write the name "
            "in pillar exactly so, or choose another."
        )


class UnreachableError(RunbookError):
    """AWS could not be reached, because of missing credentials or the network: every other call would fail in the same way."""


class WrongAccountError(UnreachableError):
    """The credentials in use belong to another account than ``aws:account`` names: nothing is read or written there."""

    def __init__(self, arn, found, expected):
        super().__init__(
            f"The credentials in use ({arn}) belong to the AWS account {found}, but aws:account is {expected}: nothing is read "
            f"or written there. Use credentials of {expected}, or correct aws:account."
        )
