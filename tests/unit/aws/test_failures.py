"""What is told of an error of AWS's."""

from urllib.parse import quote, quote_plus

import botocore.session
import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from aws_runbook.aws import failures

MODELS = {name: botocore.session.get_session().get_service_model(name) for name in ("rds", "sns")}


def told(service, operation, parameters, message):
    error = ClientError({"Error": {"Code": "ValidationError", "Message": message}}, operation)
    hidden = failures.secrets(MODELS[service].operation_model(operation), parameters)
    return str(failures.translated(error, "do the thing", service, operation, writing=True, hidden=hidden))


@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8), st.sampled_from([str, quote_plus, quote])
)
def test_a_password_that_aws_quotes_is_not_shown(password, form):
    given_ = {"DBInstanceIdentifier": "analysis", "MasterUserPassword": password, "Engine": "postgres"}
    message = f"In MasterUserPassword={form(password)}&Engine=postgres it is not valid."
    sentence = told("rds", "CreateDBInstance", given_, message)
    assert sentence == (
        "Cannot do the thing: AWS says ValidationError: In MasterUserPassword=…&Engine=postgres it is not valid."
    )


@pytest.mark.parametrize("endpoint", ["https://user:secret@example.org/hook", "https://example.org/hook?token=secret"])
def test_nor_is_an_address_that_can_have_one(endpoint):
    sentence = told("sns", "Subscribe", {"Endpoint": endpoint, "Protocol": "https"}, f"Unreachable: {endpoint}")
    assert sentence == "Cannot do the thing: AWS says ValidationError: Unreachable: …."


def test_a_word_that_is_not_secret_is_shown():
    given_ = {"DBInstanceIdentifier": "analysis"}
    assert "analysis is there" in told("rds", "CreateDBInstance", given_, "analysis is there")


@pytest.mark.parametrize("writing", [False, True])
@pytest.mark.parametrize(
    ("code", "status", "message", "cure"),
    [
        ("Throttling", 400, "Rate exceeded", "run this again later"),
        ("SlowDown", 503, "Please reduce your request rate.", "run this again later"),
        ("RequestLimitExceeded", 503, "Request limit exceeded.", "run this again later"),
        ("TooManyRequestsException", 429, "Too many requests.", "run this again later"),
        ("ServiceFailure", 500, "Unknown error.", "un this again"),
        ("ServiceUnavailable", 503, "Unknown error.", "un this again"),
        ("RequestTimeTooSkewed", 403, "The difference is too large.", "The clock of this machine is wrong: set it"),
        (
            "SignatureDoesNotMatch",
            403,
            "Signature expired: 1 is now earlier than 2.",
            "The clock of this machine is wrong",
        ),
        (
            "InvalidSignatureException",
            403,
            "Signature not yet current: 1.",
            "The clock of this machine is wrong: set it",
        ),
        (
            "InvalidSignatureException",
            403,
            "It does not match.",
            "use another; or this machine's clock is wrong: set it",
        ),
        (
            "RequestExpired",
            400,
            "Request has expired.",
            "Renew the credentials in use, or use others; or this machine's clock",
        ),
        ("InvalidDBClusterStateFault", 400, "DB cluster is not available", "run this again when that is done."),
        ("InvalidDBInstanceState", 400, "DB instance is not available", "run this again when that is done."),
        ("AuthFailure", 401, "AWS was not able to validate the credentials", "use another"),
    ],
)
def test_the_advice_is_shown(code, status, message, cure, writing):
    answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    failed = failures.translated(ClientError(answer, "GetUser"), "do the thing", "iam", "GetUser", writing=writing)
    assert cure in str(failed)
    assert str(failed).endswith(".")
    assert str(failed).count("un this again") <= 1
