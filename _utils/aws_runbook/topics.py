"""
SNS topics as SES's settings name them: by name in pillar, by ARN in the API; in the region of SES, and there.
"""

from aws_runbook.errors import RunbookError


def arn(session, where, argument, topic):
    """The ARN of a topic of this account and region; ``""`` (none) stays. One in another region is an error."""
    if not topic:
        return ""
    if not isinstance(topic, str):
        raise RunbookError(f"{where}: {argument} is {topic!r}; give the name of an SNS topic.")
    if not topic.startswith("arn:"):
        return f"arn:{session.partition}:sns:{session.region}:{session.account_id}:{topic}"
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


def check_there(salt, where, wanted, connection, lowstate):
    """
    Refuse topics that neither exist nor are made by a state of this run. ``wanted`` are ARNs by argument.

    ``lowstate`` are the states of the run: under ``test=True`` what an earlier one makes is not there yet.
    """
    made = {
        chunk.get("name")
        for chunk in lowstate or []
        if isinstance(chunk, dict) and (chunk.get("state"), chunk.get("fun")) == ("sns_topic", "present")
    }
    for argument, topic in wanted.items():
        if not topic or name(topic) in made:
            continue
        account = topic.split(":")[4]
        own = salt.call("sns_topic.arn", name(topic), **connection)
        if account == own.split(":")[4] and not salt.call("sns_topic.describe", name(topic), [], **connection):
            raise RunbookError(
                f"{where}: {argument} is {name(topic)!r}, but there is no such SNS topic in {topic.split(':')[3]}: declare "
                "it under aws:sns:topics, or name one that is there."
            )
