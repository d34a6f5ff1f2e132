"""A genuine answer is taken as it is; cut off anywhere, it is none, whoever promised which length."""

from dataclasses import replace

import pytest

from aws_runbook.aws import answers, connection, failures, required_elements, retries
from chaos import in_process
from chaos.answers import Answer
from tests.fixtures import calls, genuine

CONNECTION = connection.Connection("us-east-1", "AKIAIOSFODNN7EXAMPLE", "secret")
ANSWERS = [
    (service, method)
    for service, method in calls.made()
    # An answer to CreateAccessKey that is not whole must not be stored.
    if (calls.reads(method) or method == "create_access_key")
    and calls.operation(service, method).http["method"] != "HEAD"
    and not calls.operation(service, method).has_streaming_output
]


@pytest.fixture(autouse=True)
def _once(monkeypatch):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")


def heard(client, method, parameters):
    """What a call answers, and the code of its error."""
    try:
        answer = getattr(client, method)(**parameters)
    except Exception as error:
        return None, failures.code(error)
    answer.pop("ResponseMetadata")
    return answer, None


@pytest.mark.parametrize(("service", "method"), ANSWERS, ids=lambda value: value)
def test_an_answer_that_is_cut_anywhere_says_nothing(service, method):
    operation = calls.operation(service, method)
    whole = genuine.answer(operation, required_elements.always(operation))
    parameters = calls.least(service, method)
    client = connection.client(CONNECTION, service)
    with in_process.answering(client) as stub:
        for stub.answer in (whole, replace(whole, promised=len(whole.body))):
            answer, code = heard(client, method, parameters)
            assert code is None
            assert answer
        for length in range(len(whole.body)):
            # Nothing says that there was more, as where a proxy cuts it.
            stub.answer = replace(whole, body=whole.body[:length])
            assert heard(client, method, parameters) == (None, retries.UNREADABLE), whole.body[:length]
        for promised in (0, len(whole.body) - 1, len(whole.body) + 1):
            stub.answer = replace(whole, promised=promised)
            assert heard(client, method, parameters) == (None, retries.UNREADABLE)


def test_an_answer_without_an_active_rule_set_must_name_its_request():
    operation = calls.operation("ses", "describe_active_receipt_rule_set")
    empty = genuine.hollow(operation)
    client = connection.client(CONNECTION, "ses")
    with in_process.answering(client) as stub:
        stub.answer = empty
        assert heard(client, "describe_active_receipt_rule_set", {}) == ({}, None)
        for headers in ({}, {"x-amzn-RequestId": "2"}):
            stub.answer = replace(empty, headers=headers)
            assert heard(client, "describe_active_receipt_rule_set", {}) == (None, retries.UNREADABLE)
        stub.answer = replace(empty, headers={}, body=empty.body.replace(b"<RequestId>1</RequestId>", b""))
        assert heard(client, "describe_active_receipt_rule_set", {}) == (None, retries.UNREADABLE)


LISTINGS = {
    "list_multipart_uploads": ("ListMultipartUploadsResult", "Bucket", "a b/ü+"),
    "list_object_versions": ("ListVersionsResult", "Name", "a+b/%C3%BC%2B"),
    "list_objects_v2": ("ListBucketResult", "Name", "a+b/%C3%BC%2B"),
}


@pytest.mark.parametrize("method", LISTINGS)
def test_a_listing_is_of_what_was_asked_for(method):
    """S3 encodes the keys of a listing for botocore, which decodes them; those of unfinished uploads are as they are."""
    root, named, prefix = LISTINGS[method]
    client = connection.client(CONNECTION, "s3")

    def listed(bucket, prefix, **asked):
        prefix = "" if prefix is None else f"<Prefix>{prefix}</Prefix>"
        encoding = "" if method == "list_multipart_uploads" else "<EncodingType>url</EncodingType>"
        body = f"<{root}><{named}>{bucket}</{named}>{prefix}{encoding}<IsTruncated>false</IsTruncated></{root}>"
        stub.answer = Answer(200, {"x-amz-request-id": "1"}, body.encode())
        return heard(client, method, {"Bucket": "ours", **asked})[1]

    with in_process.answering(client) as stub:
        assert listed("ours", None) is None
        assert listed("ours", "") is None
        assert listed("ours", prefix, Prefix="a b/ü+") is None
        assert listed("another", "") == retries.UNREADABLE
        assert listed("ours", "a") == retries.UNREADABLE
        assert listed("ours", "", Prefix="a b/ü+") == retries.UNREADABLE
        assert listed("ours", None, Prefix="a b/ü+") == retries.UNREADABLE
        assert listed("another", prefix, Prefix="a b/ü+") == retries.UNREADABLE


CONTENT = b'{"address": "noreply@example.org"}'
OBJECT = {"x-amz-request-id": "1", "ETag": '"d41d8cd98f00b204e9800998ecf8427e"', "Content-Type": "binary/octet-stream"}


def test_an_object_that_is_cut_anywhere_is_not_read():
    client = connection.client(CONNECTION, "s3")

    def read(body, promised):
        stub.answer = Answer(200, OBJECT, body, promised)
        return client.get_object(Bucket="b", Key="k")["Body"].read()

    with in_process.answering(client) as stub:
        assert read(CONTENT, len(CONTENT)) == CONTENT
        for length in range(len(CONTENT)):
            with pytest.raises(Exception) as raised:  # noqa: PT011 - of botocore's, and of ours
                read(CONTENT[:length], len(CONTENT))
            assert failures.code(raised.value) in ("", retries.UNREADABLE)
            with pytest.raises(answers.Unreadable):
                read(CONTENT[:length], None)
