"""
What can go wrong, each as one sentence for an operator.

All of them are ``CommandExecutionError``: Salt prints that class's message on the command line without a traceback.
"""

from salt.exceptions import CommandExecutionError


class RunbookError(CommandExecutionError):
    """Any error of this project; its text is a sentence that an operator can act on."""


class PillarError(RunbookError):
    """Pillar that cannot be meant: one sentence for each problem, found before any call to AWS."""

    def __init__(self, problems):
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        super().__init__("\n".join(self.problems))


class UnsafeError(RunbookError):
    """A change, or a thing found, that could delete a backup; refused before anything is written."""


class StoreError(RunbookError):
    """A store that cannot take a secret, or cannot be read."""


class AwsError(RunbookError):
    """
    AWS's refusal: what was being done, AWS's code and message, and the IAM action when that is what is missing.

    ``code`` is AWS's error code (``NoSuchEntity``), for those who decide by it.
    """

    def __init__(self, message, code=""):
        super().__init__(message)
        self.code = code
