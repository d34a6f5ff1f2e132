"""
The event destinations of an SES configuration set. Only topics of SNS are written; others are shown and kept.

https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_EventDestination.html
"""

from collections.abc import Mapping

from aws_runbook.errors import RunbookError
from aws_runbook.kinds import arguments, checks
from aws_runbook.mail import topics
from aws_runbook.pillar.mail_schema import EVENTS

# The call that returns them.
READ = "get_configuration_set_event_destinations"
_KEYS = ("topic", "events", "enabled")
# The keys of destinations that are not topics, in the form of ``describe``.
_ELSEWHERE = {"kind", "events", "enabled"}
_MEANWHILE = {"create": ("AlreadyExistsException",), "delete": ("NotFoundException",)}


def check(where, attribute, value):
    """The value is a mapping of names to ``topic``, ``events`` and ``enabled``."""
    if not isinstance(value, Mapping):
        raise RunbookError(f"{where}: {attribute} is {value!r}; give a mapping of names to topic and events.")
    return {name: _destination(where, f"{attribute}:{name}", entry) for name, entry in value.items()}


def _destination(where, argument, entry):
    if isinstance(entry, Mapping) and set(entry) == _ELSEWHERE:
        return dict(entry)  # it may be kept, and is never written
    if not isinstance(entry, Mapping) or set(entry) - set(_KEYS) or not {"topic", "events"} <= set(entry):
        raise RunbookError(f"{where}: {argument} is {entry!r}; give a mapping of {', '.join(_KEYS)}.")
    events = checks.choices(*EVENTS)(where, f"{argument}:events", entry["events"])
    if not events:
        raise RunbookError(f"{where}: {argument}:events is empty; give at least one of {', '.join(EVENTS)}.")
    if not entry["topic"]:
        raise RunbookError(f"{where}: {argument}:topic is empty; give the name of an SNS topic.")
    enabled = entry.get("enabled", True)
    arguments.one_of(where, f"{argument}:enabled", enabled, (True, False))
    return {"topic": entry["topic"], "events": events, "enabled": enabled}


def complete_topics(chosen, wanted):
    """Replace the name of a topic by its ARN, which is what AWS returns."""
    for name, entry in wanted.get("event_destinations", {}).items():
        if "topic" in entry:
            argument = f"event_destinations:{name}:topic"
            entry["topic"] = topics.arn(chosen.session, chosen.where, argument, entry["topic"])
    return wanted


def read(chosen):
    """Return the event destinations of a configuration set by name. One that is not a topic has its ``kind`` in place of ``topic``."""
    answer = chosen.session.read(
        "sesv2",
        READ,
        f"read the event destinations of {chosen}",
        region=chosen.session.region,
        ConfigurationSetName=chosen.name,
    )
    return {entry["Name"]: _shown(entry) for entry in answer.get("EventDestinations", [])}


def _shown(entry):
    found = {"events": sorted(entry["MatchingEventTypes"]), "enabled": entry.get("Enabled", False)}
    if "SnsDestination" in entry:
        return {"topic": entry["SnsDestination"]["TopicArn"], **found}
    kind = next((kind for kind in entry if kind.endswith("Destination")), "unknown")
    return {"kind": kind, **found}


def write(chosen, wanted):
    """Create, update and delete destinations until there are exactly the wanted ones."""
    known, wanted = read(chosen), wanted["event_destinations"]
    for name, entry in sorted(wanted.items()):
        if known.get(name) == entry:
            continue
        if "topic" not in entry:
            raise RunbookError(f"{chosen.where}: event_destinations:{name} has no topic; only topics can be written.")
        content = {
            "Enabled": entry["enabled"],
            "MatchingEventTypes": entry["events"],
            "SnsDestination": {"TopicArn": entry["topic"]},
        }
        if name in known or _call(chosen, "create", name, EventDestination=content) is None:
            _call(chosen, "update", name, EventDestination=content)
    for name in sorted(set(known) - set(wanted)):
        _call(chosen, "delete", name)


def _call(chosen, verb, destination, **parameters):
    """Make one call; return ``None`` if another run has created or deleted the destination in the meantime."""
    return chosen.session.write(
        "sesv2",
        f"{verb}_configuration_set_event_destination",
        f"{verb} the event destination {destination} of {chosen}",
        absent=_MEANWHILE.get(verb, ()),
        region=chosen.session.region,
        stale=({READ}, chosen.name),
        ConfigurationSetName=chosen.name,
        EventDestinationName=destination,
        **parameters,
    )
