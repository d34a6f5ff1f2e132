"""SES, which has two APIs to the same things."""

from aws_runbook.services.service import Made, Service

_APIS = ("ses", "sesv2")

SERVICES = (
    Service(
        "ses",
        kin=_APIS,
        paced=True,
        about_several={"get_identity_verification_attributes": ("create_email_identity", "VerificationAttributes")},
    ),
    Service(
        "sesv2",
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsimpleemailservicev2.html
        prefix="ses",
        kin=_APIS,
        paced=True,
        busy=("ConcurrentModificationException",),
        made={
            "create_email_identity": Made(
                ("EmailIdentity",),
                ("EmailIdentity", "Identity", "ResourceArn"),
                ("NotFoundException", "InvalidParameterValue"),
            ),
            "create_configuration_set": Made(
                ("ConfigurationSetName",), ("ConfigurationSetName", "ResourceArn"), ("NotFoundException",)
            ),
        },
    ),
)
