"""
What the code asks of botocore's models that older ones do not have: the reason for setup.cfg's minimum of boto3.

botocore refuses a parameter that it does not know, and silently leaves out of an answer what it does not know.
"""

import botocore.session
import pytest


@pytest.fixture(scope="module")
def model():
    session = botocore.session.get_session()
    return {service: session.get_service_model(service) for service in ("rds", "s3", "sesv2")}


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("rds", "EnableHttpEndpoint"),
        ("rds", "DisableHttpEndpoint"),
        ("sesv2", "PutConfigurationSetArchivingOptions"),
    ],
)
def test_operations(model, service, operation):
    assert operation in model[service].operation_names


@pytest.mark.parametrize(
    ("service", "shape", "member"),
    [
        ("s3", "PutBucketLifecycleConfigurationRequest", "TransitionDefaultMinimumObjectSize"),
        ("rds", "ServerlessV2ScalingConfiguration", "SecondsUntilAutoPause"),
        ("sesv2", "TrackingOptions", "HttpsPolicy"),
        ("sesv2", "DkimAttributes", "SigningHostedZone"),  # the newest: 1.42.8
    ],
)
def test_members(model, service, shape, member):
    assert member in model[service].shape_for(shape).members
