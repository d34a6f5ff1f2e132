"""
SNS topics and their subscriptions. An endpoint with a user, a password or a query is shown without it, and is not adopted.
"""

from collections import defaultdict

from aws_runbook.adopt.result import CHANGE, NOT_EXPRESSED
from aws_runbook.mail import topics
from aws_runbook.mail.subscription import Found, shown

_SECTION = "aws:sns:topics"
_OF_SES = ("aws:ses:identities", "aws:ses:configuration_sets", "aws:ses:smtp_users")
_TEXTS = ("display_name", "kms_master_key_id")
_FLAGS = ("fifo", "content_based_deduplication")


def region_of(account):
    """Return the region of a topic that names none."""
    return account.declared("aws:sns:region") or account.declared("aws:ses:region") or account.region


def _regions(account):
    """Return the regions to read topics in, including those of SES."""
    return account.regions(region_of(account), _SECTION, *_OF_SES)


def look(account, result):
    """Describe the topics of each region that pillar names."""
    default, found = region_of(account), {}
    for region in _regions(account):
        names = listed(account.session, region)
        subscriptions = _subscriptions(account.session, region) if names else {}
        for name, arn in names.items():
            if name in found:
                wording = f"There is another in {found[name]}, and pillar can declare only one: that in {region} is not adopted."
                result.note(NOT_EXPRESSED, f"topic {name}", wording)
                continue
            found[name] = region
            entry = _entry(account, result, name, region, subscriptions.get(arn, []))
            if region != default:
                entry["region"] = region
            result.say(account.minion, ("aws", "sns", "topics", name), entry, f"topic {name}")
    account.tell_missing(result, "topic", _SECTION, found)


def listed(session, region):
    """Return the topics of a region: ARNs by name."""
    answer = session.read("sns", "list_topics", f"list the topics in {region}", region=region)
    return {topics.name(entry["TopicArn"]): entry["TopicArn"] for entry in answer.get("Topics", [])}


def named(account, result, about, attribute, arn, region):
    """
    Return the pillar name of a topic that receives notifications; ``None`` for one that no longer exists.

    This is its ARN if it belongs to another account, or if pillar's topic of that name is in another region.
    """
    if not arn:
        return None
    name = topics.name(arn)
    if arn.split(":")[4] != account.session.account_id:
        return arn
    if name not in listed(account.session, region):
        result.note(NOT_EXPRESSED, about, f"Its {attribute} is {name}, and there is no such topic in {region}.")
        return None
    of_pillar = next((where for where in _regions(account) if name in listed(account.session, where)), region)
    return name if of_pillar == region else arn


def tell_publishing(account, result, used, region):
    """Note the topics that SES publishes to without the policy statement that limits this to this account."""
    for name in sorted(set(used) & set(listed(account.session, region))):
        publishers = (account.describe("sns_topic", name, [], region=region) or {}).get("publishers", [])
        if "ses.amazonaws.com" not in publishers:
            result.note(
                CHANGE, f"topic {name}", "Its policy gets the statement that lets SES publish to it for this account."
            )


def _subscriptions(session, region):
    """Return all subscriptions of a region, by topic ARN."""
    answer = session.read("sns", "list_subscriptions", f"list the subscriptions in {region}", region=region)
    found = defaultdict(list)
    for entry in answer.get("Subscriptions", []):
        known = Found(entry["Protocol"], entry.get("Endpoint") or "", entry["SubscriptionArn"])
        if not known.deleted:
            found[entry["TopicArn"]].append(known)
    return found


def _entry(account, result, name, region, subscriptions):
    known = account.describe("sns_topic", name, ["tags"], region=region) or {}
    entry = {attribute: known[attribute] for attribute in (*_TEXTS, *_FLAGS, "tags") if known.get(attribute)}
    members = []
    for found in sorted(subscriptions, key=lambda entry: (entry.protocol, entry.endpoint)):
        member = _member(found)
        if member is None:
            wording = f"The subscription {found.subscription.label} is not adopted: it {_why_not(found)}."
            result.note(NOT_EXPRESSED, f"topic {name}", wording)
        elif member not in members:
            members.append(member)
    return {**entry, "subscriptions": members} if members else entry


def _member(found):
    """Return a subscription in pillar's form; ``None`` for one that pillar cannot express, or that holds a secret."""
    if _why_not(found):
        return None
    if found.protocol == "email":
        return found.endpoint
    return {"protocol": found.protocol, "endpoint": found.endpoint}


def _why_not(found):
    if not found.endpoint:
        return "belongs to another account, and SNS does not return its endpoint"
    if shown(found.endpoint) != found.endpoint:
        return "has a password or a query, which belong in private pillar"
    if found.protocol == "firehose":
        return "needs its role_arn, which the listing does not have"
    return ""
