"""
The SNS topics of SES: their names in pillar, their ARNs in the API, and the policies that allow SES to publish.

https://docs.aws.amazon.com/ses/latest/dg/configure-sns-notifications.html
"""

import re

from aws_runbook.errors import RunbookError
from aws_runbook.iam import policies
from aws_runbook.kinds import arguments

_SERVICE = re.compile(r"[a-z0-9][a-z0-9.-]*\.(amazonaws\.com(\.cn)?|aws\.internal|amazon\.com)")


def own_arn(session, name):
    """The ARN that a topic of this account and region has, or would have."""
    return f"arn:{session.partition}:sns:{session.region}:{session.account_id}:{name}"


def arn(session, where, argument, topic):
    """The ARN of a topic of this account and region; ``""`` (none) stays. One in another region is an error."""
    if not topic:
        return ""
    if not arguments.is_text(topic):
        raise RunbookError(f"{where}: {argument} is {topic!r}; give the name of an SNS topic.")
    if not topic.startswith("arn:"):
        return own_arn(session, topic)
    parts = topic.split(":")
    if len(parts) != 6 or parts[2] != "sns":  # noqa: PLR2004 - an ARN has six parts
        raise RunbookError(f"{where}: {argument} is {topic!r}; give the name or the ARN of an SNS topic.")
    if parts[3] != session.region:
        raise RunbookError(
            f"{where}: {argument} is {topic!r}, a topic in {parts[3]}; SES in {session.region} takes topics of "
            f"{session.region} only: name one there."
        )
    return topic


def name(topic_arn):
    """The name of a topic, from its ARN."""
    return topic_arn.rpartition(":")[2]


def check_there(salt, where, wanted, connection):
    """
    Refuse topics that neither exist nor are created by a state of this run. ``wanted`` are ARNs by argument.

    Under ``test=True``, a topic of an earlier state does not exist yet.
    """
    made = salt.created("sns_topic")
    for argument, topic in wanted.items():
        if not topic or name(topic) in made:
            continue
        account = topic.split(":")[4]
        own = salt.call("sns_topic.arn", name(topic), **connection)
        if account == own.split(":")[4] and not salt.call("sns_topic.describe", name(topic), [], **connection):
            raise RunbookError(
                f"{where}: {argument} is {name(topic)!r}, but there is no such SNS topic in {topic.split(':')[3]}: declare "
                "it under aws:sns:topics, or name an existing one."
            )


def check_publishers(where, argument, value):
    """Return the services that may publish, sorted. Amazon SNS refuses a policy that names one that AWS does not have."""
    services = arguments.names(where, argument, value)
    for service in services:
        if not _SERVICE.fullmatch(service):
            raise RunbookError(
                f"{where}: {argument} has {service!r}; give services of AWS as they stand in policies, such as ses.amazonaws.com."
            )
    return services


def publishers(session, topic_arn, found):
    """The services (``ses.amazonaws.com``) that a policy allows to publish for this account and region only."""
    known = [_means(statement) for statement in found["Statement"]]
    services = {service for statement in known for service in (statement.get("Principal") or {}).get("Service", [])}
    return sorted(service for service in services if _means(_statement(session, topic_arn, service)) in known)


def with_publishers(session, topic_arn, found, services):
    """The policy that allows ``services`` to publish, and no other service that this project has allowed; other statements are kept."""
    known = publishers(session, topic_arn, found)
    surplus = [_means(_statement(session, topic_arn, service)) for service in known if service not in services]
    added = [_statement(session, topic_arn, service) for service in services if service not in known]
    replaced = {statement["Sid"] for statement in added}  # an older form of this statement
    kept = [
        statement
        for statement in found["Statement"]
        if _means(statement) not in surplus and statement.get("Sid") not in replaced
    ]
    return {**found, "Statement": [*kept, *added]}


def _statement(session, topic_arn, service):
    """The statement that allows a service of AWS to publish on behalf of this account only."""
    prefix = service.partition(".")[0]
    return {
        "Sid": f"AwsRunbook{re.sub('[^A-Za-z0-9]', '', prefix).capitalize()}",
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sns:Publish",
        "Resource": topic_arn,
        "Condition": {
            "StringEquals": {"AWS:SourceAccount": session.account_id},
            "ArnLike": {"AWS:SourceArn": f"arn:{session.partition}:{prefix}:{session.region}:{session.account_id}:*"},
        },
    }


def _means(statement):
    return policies.normalise({"Statement": [statement]})["Statement"][0]
