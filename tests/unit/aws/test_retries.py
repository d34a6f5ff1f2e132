"""What is tried again, and what an earlier attempt of a call may have done when the last one was not sent."""

import botocore.endpoint
import pytest
from botocore.exceptions import ConnectionClosedError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from aws_runbook.aws import retries
from aws_runbook.aws import session as sessions
from aws_runbook.errors import AwsError, UncertainError, UnreachableError
from aws_runbook.services.service import Service
from tests.fixtures.modules import TREE

URL = "https://sns.us-east-1.amazonaws.com"
UNSENT = [EndpointConnectionError(endpoint_url=URL), ConnectTimeoutError(endpoint_url=URL)]
SENT = [ConnectionClosedError(endpoint_url=URL), ReadTimeoutError(endpoint_url=URL)]


@pytest.fixture
def fail(monkeypatch):
    """``fail(outcomes)``: the error that a write ends with when its attempts end so, one after the other; the last stays."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
    monkeypatch.setattr(botocore.endpoint.time, "sleep", lambda _seconds: None)
    session = sessions.connect({}, {"region": "us-east-1"})
    monkeypatch.setattr(session, "check_account", lambda: None)

    def failed(outcomes, method="create_topic", **parameters):
        left = list(outcomes)

        def send(**_):
            raise left.pop(0) if len(left) > 1 else left[0]

        client = session._client("sns", None, "do it")
        client.meta.events.register_first("before-send", send)
        try:
            with pytest.raises((UnreachableError, UncertainError)) as raised:
                session.write("sns", method, "create the topic a", **parameters)
        finally:
            client.meta.events.unregister("before-send", send)
        return raised.value

    return failed


@pytest.mark.parametrize("sent", SENT, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("unsent", UNSENT, ids=lambda error: type(error).__name__)
def test_a_write_that_was_sent_before_it_could_not_be_may_be_done(fail, sent, unsent):
    error = fail([sent, unsent], Name="a")
    assert isinstance(error, UncertainError)
    assert "It is not known whether AWS did it. Run this again" in str(error)


@pytest.mark.parametrize("unsent", UNSENT, ids=lambda error: type(error).__name__)
def test_a_write_that_was_never_sent_is_not_done(fail, unsent):
    error = fail([unsent], Name="a")
    assert isinstance(error, UnreachableError)
    assert "not known" not in str(error)


def test_one_call_knows_nothing_of_the_one_before(fail):
    fail([SENT[0], UNSENT[0]], Name="a")
    assert isinstance(fail([UNSENT[0]], Name="a"), UnreachableError)


@pytest.mark.parametrize("failures", [0, 1, 2])
def test_what_another_run_was_quicker_at_is_done_again(failures):
    left = [AwsError("full", "LimitExceeded")] * failures

    def action():
        if left:
            raise left.pop()
        return "done"

    assert retries.against_others(action, codes=("LimitExceeded",)) == "done"


@pytest.mark.parametrize(("code", "times"), [("LimitExceeded", 3), ("AccessDenied", 1)])
def test_what_stays_refused_and_any_other_error_is_raised(code, times):
    asked = []

    def action():
        asked.append(code)
        raise AwsError("no", code)

    with pytest.raises(AwsError):
        retries.against_others(action, codes=("LimitExceeded",))
    assert len(asked) == times


def test_what_must_not_be_done_twice_is_repeated_only_where_nothing_was_done():
    service = Service("s3", busy=("OperationAborted",))
    assert retries.of_write(service, once=False) == ("OperationAborted",)
    assert set(retries.of_write(service, once=True)) == {"OperationAborted", *retries.THROTTLED}
    assert retries.settings(once=True)["total_max_attempts"] == 1


def test_each_code_of_throttling_is_written_in_one_file():
    for code in retries.REFUSED:
        places = [path.name for path in TREE.glob("_utils/aws_runbook/**/*.py") if f'"{code}"' in path.read_text()]
        assert [*places, *(path.name for path in TREE.glob("_modules/*.py") if f'"{code}"' in path.read_text())] == [
            "retries.py"
        ], code
