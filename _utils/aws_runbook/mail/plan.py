"""
Turn ``aws:ses`` and ``aws:sns`` in pillar into the arguments of each state, and find problems that involve several keys.
"""

from collections import defaultdict

from aws_runbook.aws.connection import DEFAULT_REGION
from aws_runbook.dns import names as email_names
from aws_runbook.dns import publisher_settings as dns_settings
from aws_runbook.dns.names import domain_of, is_address
from aws_runbook.dns.records import RECEIVING_REGIONS
from aws_runbook.errors import PillarError, RunbookError
from aws_runbook.stores import location
from aws_runbook.stores import store as stores

PUBLISHER = "ses.amazonaws.com"
_TOPIC_KEYS = ("bounce_topic", "complaint_topic", "delivery_topic")
_SES = "aws:ses"
_DNS_SHOWN = ("provider", "zone", "ttl", "nameserver")


def plan(pillar):
    """
    What email needs: ``topics``, ``identities``, ``configuration_sets``, ``smtp_users``, ``receiving`` (mappings of names
    to arguments, each with its region), ``published`` (regions to identities whose DNS records are published), ``dns`` and
    ``account`` (mappings, or ``None``), ``require`` (of each, the states that come before it) and ``notes``.

    ``pillar`` has passed :func:`aws_runbook.pillar.check.check`. What contradicts itself raises :class:`PillarError`.
    """
    settings = pillar.get("aws") or {}
    ses, sns = settings.get("ses") or {}, settings.get("sns") or {}
    default = settings.get("region") or DEFAULT_REGION
    region, topic_region = ses.get("region") or default, sns.get("region") or ses.get("region") or default
    planned = {
        "topics": _named(sns.get("topics"), topic_region),
        "identities": _named(ses.get("identities"), region),
        "configuration_sets": _named(ses.get("configuration_sets"), region),
        "smtp_users": _named(ses.get("smtp_users"), region),
        "receiving": _named(ses.get("receiving"), region),
        "dns": _dns(ses.get("dns")),
        "account": {"region": region, **ses["account"]} if ses.get("account") else None,
    }
    for name, topic in planned["topics"].items():
        if topic.get("subscriptions"):
            # By its pillar key: an endpoint can contain a password, and Salt logs a state's arguments.
            topic["subscriptions"] = f"aws:sns:topics:{name}:subscriptions"
    alike = [*_alike("identities", planned, email_names.identity), *_alike("smtp_users", planned, str.lower)]
    if alike:
        raise PillarError(alike)
    planned["identities"] = {
        email_names.identity(name): _checked(name, arguments) for name, arguments in planned["identities"].items()
    }
    problems = [
        *_topic_problems(planned),
        *_configuration_set_problems(planned),
        *_mail_from_problems(planned["identities"]),
        *_shared_stores(planned["smtp_users"]),
        *dns_settings.problems(ses.get("dns") or {}),
    ]
    if problems:
        raise PillarError(problems)
    for (_, name), used in _uses(planned).items():
        if name in planned["topics"] and used:
            planned["topics"][name]["publishers"] = [PUBLISHER]
    planned["published"] = _published(planned)
    return {**planned, "require": _require(planned), "notes": _notes(planned)}


def _dns(settings):
    """The settings that may be shown; the others are credentials or similar. The code that publishes records reads pillar itself."""
    return settings and {name: settings[name] for name in _DNS_SHOWN if name in settings}


def _published(planned):
    """The identities whose records are published, by region."""
    found = defaultdict(list)
    if (planned["dns"] or {}).get("provider"):
        for name, arguments in planned["identities"].items():
            found[arguments["region"]].append(name)
    return dict(found)


def _require(planned):
    """By kind and name, pairs of a state module and an id."""
    topics = [["sns_topic", f"aws-topic-{name}"] for name in planned["topics"]]
    sets = [["ses_configuration_set", f"aws-configuration-set-{name}"] for name in planned["configuration_sets"]]
    require = {
        "topics": {key: [] for key in planned["topics"]},
        "configuration_sets": dict.fromkeys(planned["configuration_sets"], topics),
        "identities": {key: [*topics, *sets] for key in planned["identities"]},
        "published": {region: _identity_states(names) for region, names in planned["published"].items()},
        "receiving": {name: _identity_states({name} & set(planned["identities"])) for name in planned["receiving"]},
        "smtp_users": {key: [] for key in planned["smtp_users"]},
    }
    return {kind: states for kind, states in require.items() if states}


def _identity_states(names):
    return [["ses_identity", f"aws-identity-{name}"] for name in names]


def _named(entries, region):
    return {name: {"region": region, **_given(arguments)} for name, arguments in (entries or {}).items()}


def _alike(kind, planned, normal):
    """Names that AWS takes for one, such as those that differ only by case: one of them would win, and the other be lost."""
    spellings = defaultdict(list)
    for name in planned[kind]:
        spellings[normal(name)].append(name)
    for names in spellings.values():
        if len(names) > 1:
            yield f"{_SES}:{kind} has {' and '.join(names)}, which AWS treats as one name: leave out all but one."


def _given(arguments):
    """A mapping without the keys whose value is empty."""
    return {name: value for name, value in (arguments or {}).items() if value is not None}


def _checked(name, arguments):
    where = f"{_SES}:identities:{name}"
    if is_address(name):
        for argument in ("signing_key_length", "receives"):
            if argument in arguments:
                raise PillarError(
                    f"{where}:{argument} is {arguments[argument]!r}; an address has no {argument}: set it for its domain, {domain_of(name)}."
                )
    if "mail_from" not in arguments:
        return arguments
    try:
        return {**arguments, "mail_from": email_names.check_mail_from(where, arguments["mail_from"], name)}
    except RunbookError as error:
        raise PillarError(str(error)) from error


def _uses(planned):
    """Who uses a topic: ``(region of the user, topic) → key paths``."""
    found = defaultdict(list)
    for name, arguments in planned["identities"].items():
        for key in _TOPIC_KEYS:
            if arguments.get(key):
                found[arguments["region"], arguments[key]].append(f"{_SES}:identities:{name}:{key}")
    for name, arguments in planned["configuration_sets"].items():
        for destination, entry in (arguments.get("event_destinations") or {}).items():
            path = f"{_SES}:configuration_sets:{name}:event_destinations:{destination}:topic"
            found[arguments["region"], entry["topic"]].append(path)
    return found


def _topic_problems(planned):
    for (region, topic), paths in _uses(planned).items():
        if topic.endswith(".fifo"):
            # https://docs.aws.amazon.com/ses/latest/dg/configure-sns-notifications.html
            yield from (
                f"{path} is {topic!r}; SES does not publish to FIFO topics: name a standard one." for path in paths
            )
        known = topic.split(":")[3] if topic.startswith("arn:") else planned["topics"].get(topic, {}).get("region")
        if known and known != region:
            for path in paths:
                yield (
                    f"{path} is {topic!r}, a topic in {known}; SES in {region} takes topics of {region} only: name one "
                    "there."
                )


def _configuration_set_problems(planned):
    for name, arguments in planned["identities"].items():
        wanted = arguments.get("configuration_set")
        known = planned["configuration_sets"].get(wanted, {}).get("region")
        if known and known != arguments["region"]:
            yield (
                f"{_SES}:identities:{name}:configuration_set is {wanted!r}, which is in {known}; the identity is in "
                f"{arguments['region']}: name one there."
            )


def _shared_stores(users):
    for name, user in users.items():
        problem = stores.overwritten(user.get("store"), stores.SMTP)
        if problem:
            yield f"{_SES}:smtp_users:{name}:store{problem}."
    owned = {
        f"{_SES}:smtp_users:{name}:store": stores.locations(user.get("store"), stores.SMTP)
        for name, user in users.items()
    }
    for where, other, place in location.shared(owned):
        yield f"{where} and {other} are both {place}; give each SMTP user a place of its own."


def _mail_from_problems(identities):
    used = {domain_of(name): name for name in identities}
    for name, arguments in identities.items():
        mail_from = arguments.get("mail_from")
        if mail_from in used:
            yield (
                f"{_SES}:identities:{name}:mail_from is {mail_from!r}, which {used[mail_from]} sends or receives mail with; "
                "give a subdomain that does neither."
            )


def _notes(planned):
    """Notes about what is valid but may be unintended."""
    receiving = [
        *(
            (f"identities:{name}:receives", arguments["region"])
            for name, arguments in planned["identities"].items()
            if arguments.get("receives")
        ),
        *((f"receiving:{name}", arguments["region"]) for name, arguments in planned["receiving"].items()),
    ]
    return [
        f"{_SES}:{path}: as far as is known here, SES does not receive mail in {region}."
        for path, region in receiving
        if region not in RECEIVING_REGIONS
    ]
