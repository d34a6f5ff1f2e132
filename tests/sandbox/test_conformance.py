"""Every operation that the sandbox answers: botocore understands the reply, and a bad request is refused as AWS does."""

import re
from datetime import datetime
from pathlib import Path

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from sandbox import handlers, validation
from sandbox.handlers.sns.subscriptions import Confirmations
from tests.sandbox.examples import EXAMPLES, build
from tests.sandbox.in_process import InProcess

IDS = [":".join(operation) for operation in EXAMPLES]


class World(InProcess):
    """What the examples need, some time after it was made."""

    def __init__(self):
        super().__init__()
        build(self)
        self.application.state.clock.advance(400)

    def token(self):
        ((_, known),) = self.application.state.every(Confirmations)
        return next(iter(known.waiting.values())).token

    def call(self, service, operation, parameters, **config):
        return getattr(self.client(service, **config), xform_name(operation))(**parameters)

    def shapes(self, service, operation):
        model = self.client(service).meta.service_model.operation_model(operation)
        return model.input_shape, model.output_shape


@pytest.fixture(scope="module")
def world():
    return World()


def parameters_of(world, example):
    return example(world) if callable(example) else dict(example)


def test_every_handler_has_an_example_and_names_the_page_it_follows():
    registered = handlers.registered()
    assert set(registered) == set(EXAMPLES)
    for handler in registered.values():
        assert handler.reference.startswith("https://docs.aws.amazon.com/")
        assert handler.__doc__


@pytest.mark.parametrize(("operation", "example"), EXAMPLES.items(), ids=IDS)
def test_botocore_reads_from_the_reply_what_the_handler_said(world, operation, example):
    answer = world.call(*operation, parameters_of(world, example))
    answer.pop("ResponseMetadata")
    assert world.reply.succeeded
    if world.reply.data is not None:
        _, output = world.shapes(*operation)
        # AWS itself leaves out members that its models require in replies.
        found = validation.problems(output, world.reply.data) if output is not None else ()
        assert [problem for problem in found if problem[1] is not None] == []
        assert comparable(world.reply.data) == comparable(answer)


def comparable(value):
    """A result without what serialising loses: empty members, fractions of seconds, JSON that botocore decodes."""
    if isinstance(value, dict):
        return {name: comparable(entry) for name, entry in value.items() if entry not in (None, [], {})}
    if isinstance(value, list):
        return [comparable(entry) for entry in value]
    if isinstance(value, datetime):
        return int(value.timestamp())
    return value


def bad(shape, parameters, *, json):
    """Requests that the model does not allow, with the member that is wrong in each."""
    places = {name: member.serialization.get("location") for name, member in shape.members.items()}
    for name in shape.required_members:
        # Without those it would be another request.
        if places[name] not in ("uri", "querystring") and name != "CopySource":
            yield name, {given: value for given, value in parameters.items() if given != name}
    for name, member in shape.members.items():
        if places[name] in ("header", "headers"):  # botocore itself acts on those
            continue
        wrong = wrong_value(member, places[name], json=json)
        if wrong is not None:
            yield name, {**parameters, name: wrong}
        if name in parameters and member.type_name == "structure":
            for inner, changed in bad(member, parameters[name], json=json):
                yield f"{name}.{inner}", {**parameters, name: changed}
        if parameters.get(name) and member.type_name == "list" and member.member.type_name == "structure":
            for inner, changed in bad(member.member, parameters[name][0], json=json):
                yield f"{name}[0].{inner}", {**parameters, name: [changed]}


def wrong_value(member, place, *, json):
    """A value that ``member`` cannot have and botocore can send; ``None`` when it can have any."""
    limits = member.metadata
    if limits.get("enum"):
        return "no-such-value"
    if member.type_name == "string" and limits.get("max", 10_000) < 10_000 and place != "uri":
        return "x" * (limits["max"] + 1)
    if member.type_name == "integer" and "max" in limits:
        return limits["max"] + 1
    if member.type_name == "boolean" and json:  # in a query botocore makes a boolean of anything
        return "perhaps"
    if member.type_name == "list" and member.member.metadata.get("enum"):
        return ["no-such-value"]
    return None


# What the models say nothing of: nothing but the address is required, of a fixed set, or limited.
UNCONSTRAINED = {
    "rds:DescribeDBClusters",
    "rds:DescribeDBEngineVersions",
    "rds:DescribeDBInstances",
    "s3:CopyObject",
    "s3:DeleteBucketEncryption",
    "s3:DeleteBucketLifecycle",
    "s3:DeleteObject",
    "s3:GetBucketEncryption",
    "s3:GetBucketLifecycleConfiguration",
    "s3:GetBucketVersioning",
    "s3:GetObject",
    "s3:GetObjectRetention",
    "s3:HeadObject",
    "s3:PutBucketAcl",
    "s3:UploadPartCopy",
    "sesv2:DeleteConfigurationSet",
    "sesv2:DeleteConfigurationSetEventDestination",
    "sesv2:DeleteEmailIdentity",
    "sesv2:DeleteSuppressedDestination",
    "sesv2:GetAccount",
    "sesv2:GetConfigurationSet",
    "sesv2:GetConfigurationSetEventDestinations",
    "sesv2:GetEmailIdentity",
    "sesv2:GetSuppressedDestination",
    "sesv2:ListConfigurationSets",
    "sesv2:ListEmailIdentities",
    "sesv2:ListTagsForResource",
    "sesv2:PutEmailIdentityConfigurationSetAttributes",
    "sesv2:UntagResource",
    "sns:ListSubscriptions",
}
CODES = {
    "ec2": {"MissingParameter", "InvalidParameterValue", "MalformedInput"},
    "iam": {"ValidationError", "MalformedInput"},
    "rds": {"MissingParameter", "InvalidParameterValue", "MalformedInput"},
    "s3": {"InvalidArgument", "MalformedXML", "MissingRequestBodyError", "InvalidLocationConstraint"},
    "ses": {"ValidationError", "MalformedInput"},
    "sesv2": {"BadRequestException", "SerializationException"},
    "sns": {"InvalidParameter", "MalformedInput"},
    "sts": {"ValidationError", "MalformedInput"},
}


@pytest.mark.parametrize(("operation", "example"), EXAMPLES.items(), ids=IDS)
def test_what_the_model_does_not_allow_is_refused_in_the_services_own_form(world, operation, example):
    service, name = operation
    shape, _ = world.shapes(service, name)
    requests = list(bad(shape, parameters_of(world, example), json=service == "sesv2")) if shape else []
    assert bool(requests) is (":".join(operation) not in UNCONSTRAINED)
    for member, parameters in requests:
        with pytest.raises(ClientError) as refused:
            world.call(service, name, parameters, parameter_validation=False)
        error = refused.value.response
        assert error["ResponseMetadata"]["HTTPStatusCode"] == 400, member
        assert error["Error"]["Code"] in CODES[service], member
        assert error["Error"]["Message"], member
        assert world.reply.error_code == error["Error"]["Code"]


def test_the_documentation_lists_every_operation_that_the_sandbox_answers():
    text = (Path(__file__).resolve().parents[2] / "docs" / "sandbox.md").read_text()
    section = text.partition("## The operations with a handler")[2].partition("\n## ")[0]
    listed = {
        (service, operation)
        for service, operations in re.findall(r"- \*\*(\w+)\*\*: ([^-]+)", section)
        for operation in operations.replace("\n", " ").split(", ")
    }
    assert {(service, operation.strip()) for service, operation in listed} == set(handlers.registered())
