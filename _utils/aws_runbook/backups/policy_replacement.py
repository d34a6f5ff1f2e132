"""
Whether a policy's document may be replaced, considering what it allows and its holders.

A policy with the declared name may have been made for another purpose. A policy for backups is updated, and anything else that it allowed in
S3 is a warning. A policy that allows anything outside of S3 is not replaced.
"""

from aws_runbook.backups import policy_recognition
from aws_runbook.errors import RunbookError
from aws_runbook.iam import coverage


def check(name, known, having):
    """Refuse to replace a document with grants outside of S3; ``having`` are the policy's holders, pairs of kind and name."""
    others = policy_recognition.others(known)
    if others:
        raise RunbookError(
            f"The policy {name} is not only for backups, and its document is not replaced: it allows {coverage.in_words(others)}, and is attached to "
            f"{_who(having) or 'nobody'}. Set aws:backup:policy in pillar to another name; or, if nobody needs those permissions, remove them "
            "from the document first."
        )


def losses(name, known, wanted, having, holders):
    """
    Return the warnings to give when ``wanted`` replaces ``known``.

    ``holders`` are the ``users`` and ``groups`` that should have the policy; ``None`` if unknown.
    """
    before, after = coverage.grants(known), coverage.grants(wanted)
    lost = policy_recognition.losses(known, wanted)
    wording = (
        [f"The policy {name} loses permissions that backups do not need: {coverage.in_words(lost)}."] if lost else []
    )
    strangers = [] if holders is None else [one for one in having if one[1] not in holders.get(f"{one[0]}s", ())]
    if strangers:
        gone, new = coverage.beyond(before, after), coverage.beyond(after, before)
        parts = [f"loses {coverage.in_words(gone)}"] if gone else []
        parts += [f"gets {coverage.in_words(new)}"] if new else []
        wording.append(
            f"The policy {name} also changes for {_who(strangers)}, to which no known pillar gives it: it "
            f"{' and '.join(parts) or 'has the same meaning in another form'}. If that is not intended, set aws:backup:policy to another name."
        )
    return wording


def _who(having):
    return " and ".join(f"the {kind} {holder}" for kind, holder in sorted(having))
