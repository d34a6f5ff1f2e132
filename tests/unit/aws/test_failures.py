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
def test_a_password_that_aws_quotes_is_not_told(password, form):
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


def test_what_is_no_secret_is_told():
    given_ = {"DBInstanceIdentifier": "analysis"}
    assert "analysis is there" in told("rds", "CreateDBInstance", given_, "analysis is there")
