"""A notification that is no notification is told in one sentence, however it is built."""

import pytest

from aws_runbook.errors import RunbookError
from aws_runbook.mail import notifications


def _multiparts(depth):
    return "".join(f'Content-Type: multipart/mixed; boundary="b{level}"\n\n--b{level}\n' for level in range(depth))


@pytest.mark.parametrize(
    "mail", ["Content-Type: message/rfc822\n\n" * 3000, _multiparts(1500)], ids=["messages", "multiparts"]
)
def test_a_mail_that_is_nested_too_deeply_is_refused(mail):
    with pytest.raises(RunbookError, match=r"^The mail is nested too deeply to be read: give the notification"):
        notifications.explain(mail)
