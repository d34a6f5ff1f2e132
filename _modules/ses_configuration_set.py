"""
Manage SES's configuration sets, and where the events of mail that is sent with them go.

https://docs.aws.amazon.com/ses/latest/dg/using-configuration-sets.html

Attributes
    ``event_destinations``
        A mapping of names to ``topic`` (an SNS topic's name), ``events`` (the event types, exactly) and ``enabled``.
    ``reputation_metrics_enabled``, ``sending_enabled``
        ``True`` or ``False``.
    ``tls_policy``
        ``REQUIRE`` or ``OPTIONAL``: whether mail is held back from servers that know no TLS.
    ``custom_redirect_domain``, ``https_policy``
        The domain of links that count opens and clicks (``""`` for SES's own), and whether they are ``https``.
    ``suppressed_reasons``
        A list of ``BOUNCE`` and ``COMPLAINT``, in place of the account's; ``[]``: nobody is suppressed.
    ``tags``
        A mapping.

Every function takes ``region``, ``profile``, ``keyid`` and ``key`` last: the region of SES, and how to reach the account.
IAM actions: ``ses:GetConfigurationSet`` and ``ses:GetConfigurationSetEventDestinations`` to read;
``ses:CreateConfigurationSet``, ``ses:PutConfigurationSetDeliveryOptions`` and its siblings for reputation, sending,
suppression and tracking, ``ses:CreateConfigurationSetEventDestination``, ``ses:UpdateConfigurationSetEventDestination``,
``ses:DeleteConfigurationSetEventDestination``, ``ses:TagResource`` and ``ses:UntagResource`` to write;
``ses:DeleteConfigurationSet`` to delete.
"""

from collections.abc import Mapping

from aws_runbook import arguments, email_names, identities, topics
from aws_runbook.email_schema import EVENTS, HTTPS_POLICIES, REASONS, TLS_POLICIES
from aws_runbook.errors import RunbookError
from aws_runbook.session import connect

_FLAGS = ("reputation_metrics_enabled", "sending_enabled")
_DESTINATION = ("topic", "events", "enabled")
_MEANWHILE = {"create": ("AlreadyExistsException",), "delete": ("NotFoundException",)}
# The two reads that tell all of a configuration set.
_OPTIONS, _DESTINATIONS = "get_configuration_set", "get_configuration_set_event_destinations"


def _session(region, profile, keyid, key):
    return connect(__opts__, __pillar__, region=region, profile=profile, keyid=keyid, key=key)


def describe(name, attributes=None, region=None, profile=None, keyid=None, key=None):
    """
    The attributes of a configuration set; ``None`` when there is none.

    attributes
        ``event_destinations`` takes a call of its own, which is made when it is among these. Default: all.

    CLI Example:

    .. code-block:: bash

        salt-call ses_configuration_set.describe credere
    """
    session = _session(region, profile, keyid, key)
    answer = session.read(
        "sesv2",
        _OPTIONS,
        f"read the configuration set {name}",
        absent=("NotFoundException",),
        region=session.region,
        ConfigurationSetName=name,
    )
    if answer is None:
        return None
    tracking = answer.get("TrackingOptions", {})
    described = {
        "reputation_metrics_enabled": answer.get("ReputationOptions", {}).get("ReputationMetricsEnabled", False),
        "sending_enabled": answer.get("SendingOptions", {}).get("SendingEnabled", True),
        "tls_policy": answer.get("DeliveryOptions", {}).get("TlsPolicy", "OPTIONAL"),
        "custom_redirect_domain": tracking.get("CustomRedirectDomain", ""),
        "https_policy": tracking.get("HttpsPolicy", "OPTIONAL"),
        # None: the account's reasons count, which is something else than no reason.
        "suppressed_reasons": _sorted(answer.get("SuppressionOptions", {}).get("SuppressedReasons")),
        "tags": {tag["Key"]: tag["Value"] for tag in answer.get("Tags", [])},
    }
    if attributes is None or "event_destinations" in attributes:
        described["event_destinations"] = _destinations(session, name)
    return described


def _sorted(reasons):
    return None if reasons is None else sorted(reasons)


def _destinations(session, name):
    answer = session.read(
        "sesv2",
        _DESTINATIONS,
        f"read the event destinations of the configuration set {name}",
        region=session.region,
        ConfigurationSetName=name,
    )
    return {entry["Name"]: _destination(entry) for entry in answer.get("EventDestinations", [])}


def _destination(entry):
    found = {"events": sorted(entry["MatchingEventTypes"]), "enabled": entry.get("Enabled", False)}
    if "SnsDestination" in entry:
        return {"topic": entry["SnsDestination"]["TopicArn"], **found}
    kind = next((kind for kind in entry if kind.endswith("Destination")), "unknown")
    return {"kind": kind, **found}


def normalise(name, attributes, region=None, profile=None, keyid=None, key=None):
    """
    The attributes as ``describe`` would give them; a value that SES does not have is an error.

    CLI Example:

    .. code-block:: bash

        salt-call ses_configuration_set.normalise credere '{tls_policy: REQUIRE}'
    """
    where = f"configuration set {name}"
    checked = {attribute: value for attribute, value in attributes.items() if value is not None}
    for flag in _FLAGS:
        arguments.one_of(where, flag, checked.get(flag), (True, False))
    arguments.one_of(where, "tls_policy", checked.get("tls_policy"), TLS_POLICIES)
    arguments.one_of(where, "https_policy", checked.get("https_policy"), HTTPS_POLICIES)
    if checked.get("custom_redirect_domain"):
        domain = email_names.check(
            where, "custom_redirect_domain", checked["custom_redirect_domain"], email_names.domain
        )
        checked["custom_redirect_domain"] = domain
    if "suppressed_reasons" in checked:
        checked["suppressed_reasons"] = _choices(where, "suppressed_reasons", checked["suppressed_reasons"], REASONS)
    if "tags" in checked:
        checked["tags"] = arguments.tags(where, checked["tags"])
    if "event_destinations" in checked:
        checked["event_destinations"] = _wanted_destinations(where, checked["event_destinations"])
        session = _session(region, profile, keyid, key)
        for destination, entry in checked["event_destinations"].items():
            argument = f"event_destinations:{destination}:topic"
            entry["topic"] = topics.arn(session, where, argument, entry["topic"])
    return checked


def _choices(where, argument, value, allowed):
    for entry in arguments.names(where, argument, value):
        arguments.one_of(where, argument, entry, allowed)
    return arguments.names(where, argument, value)


def _wanted_destinations(where, value):
    if not isinstance(value, Mapping):
        raise RunbookError(f"{where}: event_destinations is {value!r}; give a mapping of names to topic and events.")
    found = {}
    for destination, entry in value.items():
        argument = f"event_destinations:{destination}"
        if not isinstance(entry, Mapping) or set(entry) - set(_DESTINATION) or not {"topic", "events"} <= set(entry):
            raise RunbookError(f"{where}: {argument} is {entry!r}; give a mapping of {', '.join(_DESTINATION)}.")
        events = _choices(where, f"{argument}:events", entry["events"], EVENTS)
        if not events:
            raise RunbookError(f"{where}: {argument}:events is empty; give at least one of {', '.join(EVENTS)}.")
        if not entry["topic"]:
            raise RunbookError(f"{where}: {argument}:topic is empty; give the name of an SNS topic.")
        enabled = entry.get("enabled", True)
        arguments.one_of(where, f"{argument}:enabled", enabled, (True, False))
        found[destination] = {"topic": entry["topic"], "events": events, "enabled": enabled}
    return found


def create(name, tags=None, region=None, profile=None, keyid=None, key=None):
    """
    Create a configuration set with AWS's defaults.

    tags
        A mapping of strings. Default: none.

    IAM actions: ``ses:CreateConfigurationSet``, and ``ses:TagResource`` for tags.
    https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_CreateConfigurationSet.html

    CLI Example:

    .. code-block:: bash

        salt-call ses_configuration_set.create credere
    """
    session = _session(region, profile, keyid, key)
    session.write(
        "sesv2",
        "create_configuration_set",
        f"create the configuration set {name}",
        absent=("AlreadyExistsException",),
        region=session.region,
        stale=({_OPTIONS, _DESTINATIONS}, name),
        ConfigurationSetName=name,
        Tags=identities.tag_list(arguments.tags(f"configuration set {name}", tags or {})),
    )
    return True


def update(
    name,
    event_destinations=None,
    reputation_metrics_enabled=None,
    sending_enabled=None,
    tls_policy=None,
    custom_redirect_domain=None,
    https_policy=None,
    suppressed_reasons=None,
    tags=None,
    region=None,
    profile=None,
    keyid=None,
    key=None,
):
    """
    Write the given attributes of a configuration set; ``None`` leaves an attribute alone. Event destinations that are not
    named are deleted.

    event_destinations, tags and so on
        The attributes, each in the form of ``describe``: see the head of this module.

    There being no such configuration set is an error. IAM actions: those to write.
    https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_PutConfigurationSetDeliveryOptions.html

    CLI Example:

    .. code-block:: bash

        salt-call ses_configuration_set.update credere tls_policy=REQUIRE
    """
    connection = {"region": region, "profile": profile, "keyid": keyid, "key": key}
    session = _session(**connection)
    current = describe(name, **connection)
    if current is None:
        raise RunbookError(f"There is no configuration set {name} in {session.region}.")
    if reputation_metrics_enabled is not None:
        _put(session, name, "reputation", ReputationMetricsEnabled=reputation_metrics_enabled)
    if sending_enabled is not None:
        _put(session, name, "sending", SendingEnabled=sending_enabled)
    if tls_policy is not None:
        _put(session, name, "delivery", **_delivery(session, name, tls_policy))
    if custom_redirect_domain is not None or https_policy is not None:
        domain = current["custom_redirect_domain"] if custom_redirect_domain is None else custom_redirect_domain
        policy = https_policy or current["https_policy"]
        _put(session, name, "tracking", **({"CustomRedirectDomain": domain, "HttpsPolicy": policy} if domain else {}))
    if suppressed_reasons is not None:
        _put(session, name, "suppression", SuppressedReasons=suppressed_reasons)
    if tags is not None:
        identities.write_tags(session, "configuration-set", name, current["tags"], tags)
    if event_destinations is not None:
        _write_destinations(session, name, current["event_destinations"], event_destinations)
    return True


def _put(session, name, group, **options):
    session.write(
        "sesv2",
        f"put_configuration_set_{group}_options",
        f"set the {group} options of the configuration set {name}",
        region=session.region,
        stale=({_OPTIONS}, name),
        ConfigurationSetName=name,
        **options,
    )


def _delivery(session, name, tls_policy):
    """The whole group of options, since what is left out of the call is reset: pool and time for delivery stay."""
    doing = f"read the configuration set {name}"
    answer = session.read("sesv2", _OPTIONS, doing, region=session.region, ConfigurationSetName=name)
    return {**answer.get("DeliveryOptions", {}), "TlsPolicy": tls_policy}


def _write_destinations(session, name, current, wanted):
    for destination, entry in sorted(wanted.items()):
        known = current.get(destination)
        if known == entry:
            continue
        content = {
            "Enabled": entry["enabled"],
            "MatchingEventTypes": entry["events"],
            "SnsDestination": {"TopicArn": entry["topic"]},
        }
        if known or _write_destination(session, "create", name, destination, EventDestination=content) is None:
            _write_destination(session, "update", name, destination, EventDestination=content)
    for destination in sorted(set(current) - set(wanted)):
        _write_destination(session, "delete", name, destination)


def _write_destination(session, verb, name, destination, **parameters):
    """One call; ``None`` when another run has created, or deleted, it meanwhile."""
    return session.write(
        "sesv2",
        f"{verb}_configuration_set_event_destination",
        f"{verb} the event destination {destination} of the configuration set {name}",
        absent=_MEANWHILE.get(verb, ()),
        region=session.region,
        stale=({_DESTINATIONS}, name),
        ConfigurationSetName=name,
        EventDestinationName=destination,
        **parameters,
    )


def obstacles(name, region=None, profile=None, keyid=None, key=None):  # noqa: ARG001 - as in every module
    """
    Why a configuration set must not be deleted: nothing. It holds no data.

    CLI Example:

    .. code-block:: bash

        salt-call ses_configuration_set.obstacles credere
    """
    return []


def delete(name, region=None, profile=None, keyid=None, key=None):
    """
    Delete a configuration set and its event destinations. Mail that names it is refused from then on.

    CLI Example:

    .. code-block:: bash

        salt-call ses_configuration_set.delete credere
    """
    session = _session(region, profile, keyid, key)
    session.write(
        "sesv2",
        "delete_configuration_set",
        f"delete the configuration set {name}",
        absent=("NotFoundException",),
        region=session.region,
        ConfigurationSetName=name,
    )
    return True
