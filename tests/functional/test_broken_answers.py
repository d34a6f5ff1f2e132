"""Whatever comes in place of AWS's answer, to any call: it is said, quoted nowhere, and never taken for "there is none"."""

import json
import logging

import pytest

from aws_runbook.aws import required_elements, retries
from aws_runbook.aws import session as sessions
from aws_runbook.errors import AwsError, RunbookError, UncertainError
from chaos import answers, in_process
from sandbox.pytest_plugin import surround
from tests.fixtures import calls, genuine

LISTING = answers.Answer(
    200,
    {"Content-Type": "text/xml", "x-amzn-requestid": "1", "x-amz-request-id": "1"},
    f"<ListOfSomethingResponse><ListOfSomethingResult><Name>{answers.CANARY}</Name></ListOfSomethingResult>"
    "<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata><requestId>1</requestId></ListOfSomethingResponse>".encode(),
)
JSON = {"Content-Type": "application/json", "x-amzn-requestid": "1"}
WAYS = {
    "empty": answers.empty(),
    "empty, of nobody": answers.text(b"", "text/plain"),
    "html": answers.html(),
    "html 404": answers.html(404),
    "html 403": answers.html(403, doctype=True),
    "html 502": answers.html(502, doctype=True),
    "redirected": answers.html(302),
    "cut": answers.cut(-9),
    "cut in half": lambda answer: answers.cut(len(answer.body) // 2, honest=True)(answer),
    "an error inside": answers.error_inside(),
    "another's XML": answers.another(LISTING),
    "another's JSON": answers.another(answers.Answer(200, JSON, json.dumps({"Name": answers.CANARY}).encode())),
    "no object": answers.another(answers.Answer(200, JSON, json.dumps([answers.CANARY]).encode())),
    "cut JSON": answers.another(answers.Answer(200, JSON, b'{"Name": "' + answers.CANARY.encode())),
    "reset before": answers.RESET_BEFORE,
    "reset after": answers.RESET_AFTER,
}
# The same, as functions of the model of the call: what has the form of its answer and is none. ``None`` where there is no such.
OF_ITS_OWN = {
    "own root, empty": genuine.hollow,
    "own things, empty": genuine.hollow_things,
    "about another": genuine.about_another,
}
# Where such an empty answer is AWS's: no rule set is active, a bucket was never versioned, all was deleted, and quietly.
EMPTY = ("DescribeActiveReceiptRuleSet", "GetBucketVersioning", "DeleteObjects")
# What any of the project's reads takes for "there is none", and what botocore makes of a web page's status.
ABSENT = (
    *("404", "NoSuchBucket", "NoSuchBucketPolicy", "NoSuchEntity", "NoSuchLifecycleConfiguration", "NoSuchTagSet"),
    *("NotFound", "NotFoundException", "DBInstanceNotFound", "DBClusterNotFoundFault", "NoSuchKey"),
    *("502", "302", "Not Found", "Bad Gateway", ""),
)


@pytest.fixture(autouse=True)
def _with_pillar():
    """Nothing here is loaded by Salt."""


@pytest.fixture(scope="module")
def proxy(_proxy, sandbox_server):
    """The session's proxy, once for all calls, which need no account that is empty; nothing is tried again."""
    sandbox_server.reset()
    with pytest.MonkeyPatch.context() as surroundings:
        surround(surroundings, sandbox_server)
        surroundings.setenv("AWS_ENDPOINT_URL", _proxy.url)
        surroundings.setenv("AWS_MAX_ATTEMPTS", "1")
        surroundings.setattr("aws_runbook.aws.retries.UNREADABLE_FOR", 0)
        surroundings.setattr("aws_runbook.aws.pace._INTERVAL", 0)
        yield _proxy


@pytest.fixture
def session(proxy):
    return sessions.connect({}, {})


def made(session, service, method):
    """What a call answered, and its error."""
    session.forget()
    parameters = calls.least(service, method)
    try:
        if calls.operation(service, method).has_streaming_output:
            return session.stream(service, method, "do the thing", absent=ABSENT, **parameters), None
        if calls.reads(method):
            return session.read(service, method, "do the thing", absent=ABSENT, **parameters), None
        return session.write(service, method, "do the thing", absent=ABSENT, **parameters), None
    except RunbookError as error:
        return None, error


def may_be_genuine(operation, way):
    """An answer that says all it has to say in its status and request id is as good empty."""
    says_nothing = not required_elements.in_body(operation.output_shape)
    if operation.http["method"] == "HEAD":
        return way not in ("reset before", "reset after", "empty, of nobody", *(way for way in WAYS if "html" in way))
    if way == "own root, empty":
        return says_nothing or operation.name in EMPTY
    return says_nothing and (
        way == "empty"
        # SES's version 2 answers an object to a write, of which nothing must be in it.
        or (operation.service_model.protocol == "rest-json" and way == "another's JSON")
        or way in ("cut", "cut in half")  # where there was nothing to cut
        # Nothing distinguishes S3's own errors inside a success.
        or (operation.service_model.service_name == "s3" and way == "an error inside")
    )


def spoiled(session, proxy, service, method):
    """Each way in which the answer to a call goes wrong, and what became of the call: ``name, answer, error``."""
    model = calls.operation(service, method)
    operation = f"{service}:{model.name}"
    proxy.clear()
    _, error = made(session, service, method)
    assert getattr(error, "code", None) != retries.UNREADABLE
    answered = proxy.answers[operation]
    spoiled = {name: way(answered) for name, way in WAYS.items() if callable(way)}
    spoiled |= {name: way(model) for name, way in OF_ITS_OWN.items() if way(model)}
    with in_process.answering(session._client(service, None, "do the thing")) as stub:
        for name, stub.answer in spoiled.items():
            yield name, *made(session, service, method)
        assert stub.asked >= len(spoiled)
    for name, way in WAYS.items():
        if not callable(way):  # what ends a connection takes one
            proxy.clear()
            proxy.fault(operation, way, calls=None)
            yield name, *made(session, service, method)
            assert proxy.struck, name


@pytest.mark.parametrize(("service", "method"), calls.made(), ids=lambda value: value)
def test_a_broken_answer_is_reported_and_nothing_follows_from_it(session, proxy, caplog, service, method):
    caplog.set_level(logging.DEBUG)
    operation = calls.operation(service, method)
    for name, answer, error in spoiled(session, proxy, service, method):
        assert answers.CANARY not in caplog.text, name
        caplog.clear()
        if error is None and may_be_genuine(operation, name):
            continue
        assert isinstance(error, AwsError), f"{name}: {answer!r}"
        assert error.__cause__ is None
        assert error.__context__ is None
        assert str(error).startswith("Cannot do the thing: ")
        assert len(str(error).splitlines()) == 1
        assert answers.CANARY not in f"{error}{error!r}"
        if not calls.reads(method):
            assert isinstance(error, UncertainError), f"{name}: {error}"
            assert "not known whether AWS did it" in str(error)


def test_the_calls_are_found_in_the_code():
    found = calls.made()
    assert {
        ("s3", "list_objects_v2"),
        ("iam", "create_access_key"),
        ("iam", "attach_group_policy"),
        ("sesv2", "create_configuration_set_event_destination"),
        ("rds", "enable_http_endpoint"),
    } <= set(found)
    assert ("s3", "put_object_acl") not in found


@pytest.mark.parametrize(
    ("service", "method"), [call for call in calls.made() if calls.reads(call[1])], ids=lambda value: value
)
def test_what_a_genuine_answer_has_is_known_of_every_read(service, method):
    """Where neither the protocol nor the model says it, a table must."""
    operation = calls.operation(service, method)
    if operation.has_streaming_output or operation.http["method"] == "HEAD":
        return
    if operation.service_model.protocol == "rest-json":
        assert required_elements.always(operation)
    if operation.service_model.protocol == "rest-xml":
        assert required_elements.document(operation)[0]
    if operation.service_model.protocol in ("query", "ec2"):
        assert required_elements.always(operation) or operation.name in EMPTY
