"""
Configuration sets and their event destinations.
"""

from sandbox.errors import AwsError
from sandbox.handlers import handles
from sandbox.mail.region import region

_API = "https://docs.aws.amazon.com/ses/latest/APIReference-V2/"
_OPTIONS = (
    "TrackingOptions",
    "DeliveryOptions",
    "ReputationOptions",
    "SendingOptions",
    "SuppressionOptions",
    "VdmOptions",
    "ArchivingOptions",
)
# What a new configuration set has when nothing is said.
_DEFAULTS = {
    "DeliveryOptions": {"TlsPolicy": "OPTIONAL"},
    "ReputationOptions": {"ReputationMetricsEnabled": False},
    "SendingOptions": {"SendingEnabled": True},
}
_DESTINATIONS = (
    "KinesisFirehoseDestination",
    "CloudWatchDestination",
    "SnsDestination",
    "EventBridgeDestination",
    "PinpointDestination",
)


def _bad_request(message):
    return AwsError("BadRequestException", message)


@handles("sesv2", "CreateConfigurationSet", reference=_API + "API_CreateConfigurationSet.html")
def create_configuration_set(call):
    """A configuration set, with AWS's defaults for what is left out."""
    ses, name = region(call), call.parameters["ConfigurationSetName"]
    if name in ses.configuration_sets:
        raise AwsError("AlreadyExistsException", f"Configuration set <{name}> already exists.")
    given = {option: call.parameters[option] for option in _OPTIONS if option in call.parameters}
    ses.configuration_sets[name] = {
        "ConfigurationSetName": name,
        **{option: {**default, **given.pop(option, {})} for option, default in _DEFAULTS.items()},
        **given,
        "Tags": call.parameters.get("Tags", []),
    }
    ses.event_destinations[name] = {}
    return {}


@handles("sesv2", "GetConfigurationSet", reference=_API + "API_GetConfigurationSet.html")
def get_configuration_set(call):
    """A configuration set with all its options."""
    return region(call).configuration_set(call.parameters["ConfigurationSetName"])


@handles("sesv2", "ListConfigurationSets", reference=_API + "API_ListConfigurationSets.html")
def list_configuration_sets(call):
    """The names of all."""
    return {"ConfigurationSets": list(region(call).configuration_sets)}


@handles("sesv2", "DeleteConfigurationSet", reference=_API + "API_DeleteConfigurationSet.html")
def delete_configuration_set(call):
    """It goes with its event destinations; identities that used it use none."""
    ses, name = region(call), call.parameters["ConfigurationSetName"]
    ses.configuration_set(name)
    del ses.configuration_sets[name]
    del ses.event_destinations[name]
    for identity in ses.identities.values():
        if identity.configuration_set == name:
            identity.configuration_set = None
    return {}


@handles(
    "sesv2",
    "PutConfigurationSetArchivingOptions",
    "PutConfigurationSetDeliveryOptions",
    "PutConfigurationSetReputationOptions",
    "PutConfigurationSetSendingOptions",
    "PutConfigurationSetSuppressionOptions",
    "PutConfigurationSetTrackingOptions",
    "PutConfigurationSetVdmOptions",
    reference=_API + "API_PutConfigurationSetDeliveryOptions.html",
)
def put_configuration_set_options(call):
    """One group of options, replaced; what is left out falls back to the default."""
    options = region(call).configuration_set(call.parameters["ConfigurationSetName"])
    group = call.name.removeprefix("PutConfigurationSet")
    given = {name: value for name, value in call.parameters.items() if name != "ConfigurationSetName"}
    if group == "VdmOptions":
        given = given.get("VdmOptions", {})
    value = {**_DEFAULTS.get(group, {}), **given}
    if value:
        options[group] = value
    else:
        options.pop(group, None)
    return {}


@handles(
    "sesv2",
    "CreateConfigurationSetEventDestination",
    reference=_API + "API_CreateConfigurationSetEventDestination.html",
)
def create_event_destination(call):
    """Where events of a configuration set go."""
    destinations = _destinations(call)
    name = call.parameters["EventDestinationName"]
    if name in destinations:
        raise AwsError("AlreadyExistsException", f"Event destination <{name}> already exists.")
    _check(call, call.parameters["EventDestination"])
    destinations[name] = _definition(name, call.parameters["EventDestination"])
    return {}


@handles(
    "sesv2",
    "UpdateConfigurationSetEventDestination",
    reference=_API + "API_UpdateConfigurationSetEventDestination.html",
)
def update_event_destination(call):
    """A destination, replaced."""
    destinations = _destinations(call)
    name = call.parameters["EventDestinationName"]
    _known(destinations, name)
    _check(call, call.parameters["EventDestination"])
    destinations[name] = _definition(name, call.parameters["EventDestination"])
    return {}


@handles(
    "sesv2",
    "GetConfigurationSetEventDestinations",
    reference=_API + "API_GetConfigurationSetEventDestinations.html",
)
def get_event_destinations(call):
    """All destinations of a configuration set."""
    return {"EventDestinations": list(_destinations(call).values())}


@handles(
    "sesv2",
    "DeleteConfigurationSetEventDestination",
    reference=_API + "API_DeleteConfigurationSetEventDestination.html",
)
def delete_event_destination(call):
    """Events go there no more."""
    destinations = _destinations(call)
    _known(destinations, call.parameters["EventDestinationName"])
    del destinations[call.parameters["EventDestinationName"]]
    return {}


def _destinations(call):
    name = call.parameters["ConfigurationSetName"]
    region(call).configuration_set(name)
    return region(call).event_destinations[name]


def _known(destinations, name):
    if name not in destinations:
        raise AwsError("NotFoundException", f"Event destination <{name}> does not exist.")


def _definition(name, given):
    return {"Name": name, "Enabled": False, "MatchingEventTypes": [], **given}


def _check(call, destination):
    """
    One destination exactly, at least one kind of event, and a topic that is there.

    https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_EventDestinationDefinition.html
    """
    if sum(kind in destination for kind in _DESTINATIONS) != 1:
        raise _bad_request("Exactly one event destination must be given.")
    if not destination.get("MatchingEventTypes"):
        raise _bad_request("At least one matching event type must be given.")
    topic = destination.get("SnsDestination", {}).get("TopicArn")
    if topic and topic not in call.backend("sns").topics:
        raise _bad_request(f"SNS topic <{topic}> could not be found.")
