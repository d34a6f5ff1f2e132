"""
IAM users that may only send through SES's SMTP interface, created by this project, the console, or a person.

The console used to give such a user an inline policy, and later a group with one. The user's name is ses-smtp-user with a date.
https://docs.aws.amazon.com/ses/latest/dg/smtp-credentials.html
"""

import json

from aws_runbook.access_keys import user_keys
from aws_runbook.adopt.key_files import Files
from aws_runbook.adopt.result import CHANGE, NOT_EXPRESSED
from aws_runbook.iam import coverage, policies
from aws_runbook.iam.people import People
from aws_runbook.mail import smtp

_SECTION = "aws:ses:smtp_users"
_SENDING = "ses:sendrawemail"
# A user that may do this and nothing else is an SMTP user.
_ACTIONS = (
    "ses:sendrawemail",
    "ses:sendemail",
    "ses:sendbulktemplatedemail",
    "ses:sendtemplatedemail",
    "ses:sendcustom*",
)
_FROM = ("StringEquals", "ses:fromaddress")
_KEPT = ("region", "rotate_days", "grace_days", "store")


def look(account, result):
    """Describe the SMTP users of the account. IAM is global, so each has SES's region unless pillar names another."""
    people, found = People(account.details), []
    files = Files(account, result)
    for name in sorted(people.users):
        held = people.held(name)
        if not _is_for_sending(held):
            continue
        found.append(name)
        limits = _limits(held)
        if limits:
            wording = (
                f"It may send only with limits: {coverage.in_words(limits)}. Pillar can express only the addresses, so it is not adopted: declared "
                "in pillar, it could send more."
            )
            result.note(NOT_EXPRESSED, f"SMTP user {name}", wording)
            continue
        entry = _entry(account, result, files, name, held)
        result.say(account.minion, ("aws", "ses", "smtp_users", name), entry, f"SMTP user {name}")
    account.tell_missing(result, "SMTP user", _SECTION, found)


def _is_for_sending(held):
    grants = [grant for policy in held for grant in policy.grants or ()]
    actions = {grant.action for grant in grants if not grant.odd}
    known = all(policy.grants is not None for policy in held) and all(map(_is_denial, filter(_odd, grants)))
    return known and _SENDING in actions and actions <= set(_ACTIONS)


def _odd(grant):
    return grant.odd


def _is_denial(grant):
    return json.loads(grant.odd).get("Effect") == "Deny"


def _entry(account, result, files, name, held):
    kept = account.declared(_SECTION, {}).get(name) or {}
    entry = {attribute: kept[attribute] for attribute in _KEPT if kept.get(attribute)}
    addresses = _addresses(held)
    entry |= {"from_addresses": addresses} if addresses else {}
    _tell_policy(result, name, held, smtp.document(addresses))
    if "store" not in entry:
        store = _store(account, result, files, name)
        entry |= {"store": store} if store else {}
    return entry


def _grants(held):
    return [grant for policy in held for grant in policy.grants]


def _addresses(held):
    """Return the addresses that a user may send from; ``[]`` for any."""
    sending = [grant.conditions for grant in _grants(held) if grant.action == _SENDING]
    named = [value for conditions in sending for operator, key, value in conditions if (operator, key) == _FROM]
    return sorted(set(named)) if all(len(conditions) == 1 for conditions in sending) else []


def _limits(held):
    """Return a user's restrictions, if it may do less than pillar's default allows."""
    grants = _grants(held)
    wanted = coverage.grants(smtp.document(_addresses(held)))
    return grants if any(map(_odd, grants)) or coverage.beyond(wanted, grants) else []


def _tell_policy(result, name, held, wanted):
    """Note the changes to the inline policy that lets the user send."""
    own = [policy for policy in held if policy.inline and policy.name == smtp.POLICY and policy.group is None]
    if not own:
        wording = f"It gets the inline policy {smtp.POLICY}, in addition to what lets it send now."
        result.note(CHANGE, f"SMTP user {name}", wording)
    elif not policies.equal(own[0].document, wanted):
        lost = coverage.beyond(own[0].grants, coverage.grants(wanted))
        wording = (
            f"it loses permissions that SMTP does not need ({coverage.in_words(lost)})"
            if lost
            else "it has the same meaning in another form"
        )
        result.note(CHANGE, f"SMTP user {name}", f"Its inline policy {smtp.POLICY} changes: {wording}.")


def _store(account, result, files, name):
    """Return the private pillar file that contains a key of the user, with the password beside it."""
    for key in user_keys.ids(account.session, name):
        for file, path, data in files.places(key):
            beside = [other for other in data if _is_password(other)]
            if len(beside) == 1:
                place = {"smtp_username": ":".join(path), "smtp_password": ":".join((*path[:-1], beside[0]))}
                return files.named_store(f"SMTP user {name}", file, place, data[beside[0]])
            wording = (
                f"Its key is in the pillar file {file} at {':'.join(path)}, without the password that belongs to it."
            )
            result.note(NOT_EXPRESSED, f"SMTP user {name}", wording)
    return None


def _is_password(name):
    return isinstance(name, str) and any(word in name.lower() for word in ("password", "secret"))
