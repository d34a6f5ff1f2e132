"""SNS."""

from aws_runbook.services.service import Made, Service

# By SNS, and by both of SES's APIs, which publish to it.
_ABSENT = ("NotFound", "ResourceNotFound", "ResourceNotFoundException", "BadRequestException", "InvalidParameterValue")

SERVICES = (
    Service(
        "sns",
        busy=("ConcurrentAccess",),
        made={"create_topic": Made(("Name",), ("TopicArn", "ResourceArn", "SnsTopic"), _ABSENT)},
    ),
)
