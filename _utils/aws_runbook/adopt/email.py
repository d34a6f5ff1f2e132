"""
SES: identities, configuration sets, account settings, and the active receipt rule set.
"""

from collections import defaultdict

from aws_runbook.adopt import topics
from aws_runbook.adopt.result import NOT_EXPRESSED, NOT_MANAGED
from aws_runbook.dns.names import domain_of, is_address
from aws_runbook.errors import PillarError
from aws_runbook.mail import identities
from aws_runbook.mail import plan as plans

_IDENTITIES, _SETS = "aws:ses:identities", "aws:ses:configuration_sets"
_TOPICS = ("bounce_topic", "complaint_topic", "delivery_topic")
# AWS's defaults for new resources; values equal to them are omitted.
_USUAL = {
    "mail_from": "",
    "behavior_on_mx_failure": "USE_DEFAULT_VALUE",
    "include_headers": False,
    "email_forwarding": True,
    "configuration_set": "",
    "tags": {},
}
_USUAL_OF_SET = {
    "reputation_metrics_enabled": False,
    "sending_enabled": True,
    "tls_policy": "OPTIONAL",
    "custom_redirect_domain": "",
    "https_policy": "OPTIONAL",
    "suppressed_reasons": None,
    "tags": {},
}
# The default of accounts created since 2019.
# https://docs.aws.amazon.com/ses/latest/dg/sending-email-suppression-list.html
_USUAL_SUPPRESSION = ["BOUNCE", "COMPLAINT"]
_PAGE = 1000


def region_of(account):
    """Return the region of SES resources that name none."""
    return account.declared("aws:ses:region") or account.region


def look(account, result):
    """Describe the SES resources of each region that pillar names."""
    default, found = region_of(account), {"identity": {}, "configuration set": {}}
    used = defaultdict(set)
    regions = account.regions(default, _IDENTITIES, _SETS, "aws:ses:smtp_users")
    # A configuration set's name in pillar means the set of the first region that has one.
    of_sets = {name: region for region in reversed(regions) for name in _set_names(account.session, region)}
    names = {region: identities.names(account.session.within(region)) for region in regions}
    domains = {domain_of(name) for found_there in names.values() for name in found_there}
    for region in regions:
        where = _Region(account, result, region, default, used[region], of_sets, domains)
        for name in names[region]:
            where.say("identity", ("identities", name), where.identity, found)
        for name in _set_names(account.session, region):
            where.say("configuration set", ("configuration_sets", name), where.configuration_set, found)
        topics.tell_publishing(account, result, used[region], region)
    account.tell_missing(result, "identity", _IDENTITIES, found["identity"])
    account.tell_missing(result, "configuration set", _SETS, found["configuration set"])
    _account(account, result, default)
    _rule_set(account, result, default)
    _check(result, account)


def _set_names(session, region):
    names, token = [], {}
    while token is not None:
        answer = session.read(
            "sesv2",
            "list_configuration_sets",
            f"list the configuration sets in {region}",
            region=region,
            PageSize=_PAGE,
            **token,
        )
        names += answer.get("ConfigurationSets", [])
        token = {"NextToken": answer["NextToken"]} if answer.get("NextToken") else None
    return sorted(names)


class _Region:
    """The SES resources of one region."""

    def __init__(self, account, result, region, default, used, of_sets, domains):
        self._account, self._result = account, result
        self._region, self._default, self._used = region, default, used
        self._of_sets, self._domains = of_sets, domains

    def say(self, what, path, read, found):
        """Describe each resource by ``read(name)``. Pillar can name each once, regardless of its region."""
        *_, name = path
        about = f"{what} {name}"
        if name in found[what]:
            wording = f"There is another in {found[what][name]}, and pillar can declare only one: that in {self._region} is not adopted."
            self._result.note(NOT_EXPRESSED, about, wording)
            return
        found[what][name] = self._region
        entry = read(name, about)
        if self._region != self._default:
            entry["region"] = self._region
        self._result.say(self._account.minion, ("aws", "ses", *path), entry, about)

    def identity(self, name, about):
        known = self._account.describe("ses_identity", name, region=self._region) or {}
        entry = _unusual(known, _USUAL)
        for attribute in _TOPICS:
            topic = self._topic(about, attribute, known.get(attribute))
            entry |= {attribute: topic} if topic else {}
        if known.get("include_headers") == "partly":
            wording = "Only one of its notifications of bounces and complaints has the original headers; pillar has only one include_headers."
            self._result.note(NOT_EXPRESSED, about, wording)
            del entry["include_headers"]
        of_pillar = self._of_sets.get(entry.get("configuration_set"), self._region)
        if of_pillar != self._region:
            wording = (
                f"Its configuration_set is {entry.pop('configuration_set')}, and the one of that name in pillar is in {of_pillar}: it is not "
                "adopted, and stays."
            )
            self._result.note(NOT_EXPRESSED, about, wording)
        if entry.get("mail_from") in self._domains:
            wording = (
                f"Its mail_from is {entry.pop('mail_from')}, with which another identity sends; a MAIL FROM domain must not send or receive "
                "other mail."
            )
            self._result.note(NOT_EXPRESSED, about, wording)
        if is_address(name):
            return entry
        key = identities.foreign_key(known)
        if key:
            self._result.note(NOT_MANAGED, about, f"It signs with {key}, which stays.")
        elif known.get("signing_key_length"):
            entry["signing_key_length"] = known["signing_key_length"]
        receives = (self._account.declared(_IDENTITIES, {}).get(name) or {}).get("receives")
        return {**entry, "receives": True} if receives else entry

    def configuration_set(self, name, about):
        known = self._account.describe("ses_configuration_set", name, region=self._region) or {}
        entry = _unusual(known, _USUAL_OF_SET)
        destinations = {}
        for destination, found in (known.get("event_destinations") or {}).items():
            if "topic" not in found:
                wording = (
                    f"Its event destination {destination} is a {found['kind']}; only topics are managed, and it stays."
                )
                self._result.note(NOT_MANAGED, about, wording)
                continue
            topic = self._topic(about, f"event destination {destination}", found["topic"])
            if topic:
                destinations[destination] = {"topic": topic, "events": found["events"]}
                destinations[destination] |= {} if found["enabled"] else {"enabled": False}
        return {**entry, "event_destinations": destinations} if destinations else entry

    def _topic(self, about, attribute, arn):
        name = topics.named(self._account, self._result, about, attribute, arn, self._region)
        if name:
            self._used.add(name)
        return name


def _unusual(known, usual):
    return {name: known[name] for name, value in usual.items() if name in known and known[name] != value}


def _account(account, result, region):
    """Describe the account's suppression reasons if they differ from AWS's default. Production access is requested, never described."""
    kept = account.declared("aws:ses:account", {})
    settings = {name: kept[name] for name in ("region", "production_access") if kept.get(name)}
    suppression = account.describe("ses_account", region=kept.get("region") or region)["suppression"]
    if suppression != _USUAL_SUPPRESSION:
        settings["suppression"] = suppression
    if settings or kept:
        result.say(account.minion, ("aws", "ses", "account"), settings, "account of SES")


def _rule_set(account, result, region):
    """The active rule set is described, never claimed."""
    answer = account.session.read(
        "ses",
        "describe_active_receipt_rule_set",
        f"read which rule set is active in {region}",
        region=region,
    )
    name = (answer.get("Metadata") or {}).get("Name")
    if name:
        rules = "; ".join(_rule_in_words(rule) for rule in answer.get("Rules", [])) or "no rules"
        result.note(NOT_MANAGED, f"rule set {name}", f"It is active in {region}, and is not changed: {rules}.")


def _rule_in_words(rule):
    actions = [_action(kind, settings) for action in rule.get("Actions", []) for kind, settings in action.items()]
    recipients = ", ".join(rule.get("Recipients") or ["everybody"])
    off = "" if rule.get("Enabled") else ", disabled"
    return f"{rule['Name']} for {recipients} ({', '.join(actions) or 'no action'}{off})"


def _action(kind, settings):
    return f"{kind} to {settings['BucketName']}" if "BucketName" in settings else kind


def _check(result, account):
    try:
        plans.plan(result.adopted(account.minion, account.pillar))
    except PillarError as error:
        for problem in error.problems:
            result.note(NOT_EXPRESSED, "email", problem)
