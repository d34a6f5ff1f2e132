"""
Verify an address at a domain whose mail SES receives: ask for the mail, find it in a bucket, and open its link.

https://docs.aws.amazon.com/ses/latest/dg/receiving-email.html

Only one receipt rule set is active in an account and region. The one that is active before is active again afterwards; while
the mail is waited for, mostly for some seconds, its rules do not see what arrives. What to put back is written down in the
bucket first, so that the next run finishes what an interrupted one left. What was there before stays: the bucket with all
that is in it, the statements of its policy, rule sets, and rules.

Every function takes ``region``, ``profile``, ``keyid`` and ``key`` last: the region of SES, and how to reach the account.
IAM actions: those of ``ses_identity`` and ``s3_bucket``, ``ses:DescribeActiveReceiptRuleSet``,
``ses:DescribeReceiptRuleSet``, ``s3:GetBucketPolicy``, ``s3:GetObject`` and ``s3:ListBucket`` to read;
``ses:CreateReceiptRuleSet``, ``ses:CreateReceiptRule``, ``ses:UpdateReceiptRule``, ``ses:DeleteReceiptRule``,
``ses:DeleteReceiptRuleSet``, ``ses:SetActiveReceiptRuleSet``, ``s3:PutBucketPolicy``, ``s3:DeleteBucketPolicy``,
``s3:PutObject``, ``s3:DeleteObject`` and ``s3:DeleteBucket`` to write.
"""

import json
import logging
from datetime import datetime

from aws_runbook import (
    clock,
    dns_check,
    email_names,
    email_plan,
    identities,
    receipt,
    verification_link,
    verification_mail,
)
from aws_runbook.dns_records import inbound_host
from aws_runbook.email_names import domain_of
from aws_runbook.errors import RunbookError
from aws_runbook.session import SETTLE_TIMEOUT, connect
from aws_runbook.waiting import until

log = logging.getLogger(__name__)

RULE_SET = "email-address-verification"
RULE = "deliver-to-s3-bucket"
# How long the mail may take. Seconds.
TIMEOUT = 300


def _session(region, profile, keyid, key):
    return connect(__opts__, __pillar__, region=region, profile=profile, keyid=keyid, key=key)


def _identity(session, name):
    return identities.read(session, name, [], email_plan.plan(__pillar__)["identities"])


def plan(
    name,
    bucket,
    rule_set=RULE_SET,
    rule=RULE,
    timeout=TIMEOUT,
    nameserver=None,
    region=None,
    profile=None,
    keyid=None,
    key=None,
):
    """
    What ``ses_receiving.verified`` would do: ``changes``, ``warnings`` and ``pending``. When mail for the address does not
    go to SES, that is waited for.

    bucket
        The bucket that the mail is to be received in, in the same region.
    rule_set, rule, timeout
        As in ``apply``, and not needed here.
    nameserver
        The DNS resolver to ask for the MX record, as HOST or HOST:PORT. Default: pillar's ``aws:ses:dns:nameserver``, then the
        machine's.

    CLI Example:

    .. code-block:: bash

        salt-call ses_receiving.plan noreply@noreply.example.org bucket=ocp-aws-verification
    """
    del rule_set, rule, timeout
    name = email_names.check("receiving", "name", name, email_names.address)
    session = _session(region, profile, keyid, key)
    current = _identity(session, name)
    changes = {}
    connection = {"region": region, "profile": profile, "keyid": keyid, "key": key}
    if __salt__["s3_bucket.describe"](bucket, [], **connection) and _note(session, bucket):
        changes["clean_up"] = {"old": "left over by an interrupted run", "new": "done"}
    if current and current["status"] == "SUCCESS":
        return {"changes": changes, "warnings": [], "pending": []}
    elsewhere = _elsewhere(name, session.region, nameserver)
    if elsewhere:
        do = (
            f"mail for {name} does not go to SES ({elsewhere}), so that it cannot be verified by itself: add the MX record that "
            f"salt-call ses_identity.dns_records {domain_of(name)} receives=True shows, or follow the link in the mail"
        )
        waiting = {"what": f"mail for {name}", "on": "DNS", "since": None, "do": do}
        return {"changes": changes, "warnings": [f"Waiting: {do}."], "pending": [waiting]}
    changes["verified"] = {"old": False, "new": True}
    return {"changes": changes, "warnings": [], "pending": []}


def _elsewhere(name, region, nameserver):
    """Where mail for an address goes, in words, when that is not SES; ``""`` when it is."""
    nameserver = nameserver or (email_plan.plan(__pillar__)["dns"] or {}).get("nameserver")
    try:
        found, _ = dns_check.Dns(nameserver).cached(domain_of(name), "MX")
    except dns_check.UnansweredError as error:
        return str(error).rstrip(".")
    if not found:
        return f"{domain_of(name)} has no MX record"
    first = min(found, key=lambda record: int(record.split()[0]))
    return "" if first.split()[1] == inbound_host(region) else f"its MX record is {first}"


def apply(
    name,
    bucket,
    rule_set=RULE_SET,
    rule=RULE,
    timeout=TIMEOUT,
    nameserver=None,
    region=None,
    profile=None,
    keyid=None,
    key=None,
):
    """
    Do what ``plan`` says, with the same arguments.

    bucket, nameserver
        As in ``plan``.
    rule_set, rule
        What the rule set and the rule are called meanwhile. Defaults: ``email-address-verification``, ``deliver-to-s3-bucket``.
    timeout
        Seconds that the mail may take. Default: 300. When it does not come, that is an error, and everything is put back.

    CLI Example:

    .. code-block:: bash

        salt-call ses_receiving.apply noreply@noreply.example.org bucket=ocp-aws-verification
    """
    connection = {"region": region, "profile": profile, "keyid": keyid, "key": key}
    planned = plan(name, bucket, nameserver=nameserver, **connection)["changes"]
    name = email_names.address(name)
    session = _session(**connection)
    if "clean_up" in planned:
        _clean_up(session, bucket, _note(session, bucket))
    if "verified" not in planned:
        return True
    note = _prepare(session, name, bucket, rule_set, rule, connection)
    try:
        _verify(session, name, bucket, note, timeout, connection)
    finally:
        _clean_up(session, bucket, note)
    return True


def _prepare(session, name, bucket, rule_set, rule, connection):
    """Let SES write mail for an address into the bucket; the answer says what to put back, and is in the bucket too."""
    made = __salt__["s3_bucket.describe"](bucket, [], **connection) is None
    if made:
        __salt__["s3_bucket.create"](bucket, **connection)
    before = receipt.rules(session, rule_set)
    note = {
        "address": name,
        "bucket_made": made,
        "rule_set": rule_set,
        "rule_set_made": before is None,
        "rule": rule,
        "rule_before": next((entry for entry in before or [] if entry["Name"] == rule), None),
        "active_before": receipt.active(session),
        "since": clock.now().isoformat(),
    }
    receipt.put(session, bucket, receipt.NOTE, json.dumps(note).encode())
    _let_ses_write(session, bucket, rule_set, rule)
    if before is None:
        receipt.create_rule_set(session, rule_set)
    receipt.put_rule(session, rule_set, receipt.rule(rule, name, bucket), there=note["rule_before"] is not None)
    receipt.activate(session, rule_set)
    return note


def _note(session, bucket):
    content = receipt.get(session, bucket, receipt.NOTE)
    return json.loads(content) if content else None


def _let_ses_write(session, bucket, rule_set, rule):
    """SES tries to write when it is given the rule, so the policy comes first."""
    policy = receipt.policy(session, bucket)
    statement = receipt.statement(session, bucket, rule_set, rule)
    kept = [entry for entry in policy["Statement"] if entry.get("Sid") != statement["Sid"]]
    receipt.put_policy(session, bucket, {**policy, "Statement": [*kept, statement]})


def _verify(session, name, bucket, note, timeout, connection):
    since = datetime.fromisoformat(note["since"])
    if _identity(session, name) is None:
        __salt__["ses_identity.create"](name, **connection)
    else:
        doing = f"ask for the verification mail of {name}"
        session.write("ses", "verify_email_identity", doing, once=True, region=session.region, EmailAddress=name)
    refused = set()

    def opened():
        session.forget()
        found = _mail(session, name, bucket, since, refused)
        if found and not verification_link.open_link(found[1], session.endpoint("ses")):
            refused.add(found[0])  # of an earlier request, whose link the later one has made void
            return None
        return found and found[0]

    used = until(opened, what=f"the verification mail of {name}", timeout=timeout)
    if not used:
        raise RunbookError(
            f"The verification mail of {name} did not arrive in the bucket {bucket} within {timeout} seconds. Run this again for "
            "another."
        )
    receipt.delete(session, bucket, used)

    def verified():
        session.forget()
        return _identity(session, name)["status"] == "SUCCESS"

    if not until(verified, what=f"SES to show that {name} is verified", timeout=SETTLE_TIMEOUT):
        raise RunbookError(f"The link for {name} was opened, but SES does not show it as verified yet; run this again.")


def _mail(session, name, bucket, since, refused):
    """``(key, link)`` of the genuine mail in the bucket, the newest first; ``None`` while there is none."""
    for place in receipt.keys(session, bucket):
        content = None if place in refused else receipt.get(session, bucket, place)
        url = content and verification_mail.link(content, name, session.region, since)
        if url:
            return place, url
        log.debug("%s in the bucket %s is not the verification mail of %s", place, bucket, name)
    return None


def _clean_up(session, bucket, note):
    """Put everything back as the note says, the note last: what is interrupted here is finished by the next run."""
    if receipt.active(session) == note["rule_set"] and note["active_before"] != note["rule_set"]:
        receipt.activate(session, note["active_before"])
    if note["rule_before"]:
        receipt.put_rule(session, note["rule_set"], note["rule_before"], there=True)
    else:
        receipt.delete_rule(session, note["rule_set"], note["rule"])
    if note["rule_set_made"]:
        receipt.delete_rule_set(session, note["rule_set"])
    sid = receipt.statement(session, bucket, note["rule_set"], note["rule"])["Sid"]
    policy = receipt.policy(session, bucket)
    kept = [entry for entry in policy["Statement"] if entry.get("Sid") != sid]
    if len(kept) < len(policy["Statement"]):
        receipt.put_policy(session, bucket, {**policy, "Statement": kept})
    receipt.delete(session, bucket, receipt.SETUP)
    receipt.delete(session, bucket, receipt.NOTE)
    if note["bucket_made"]:
        receipt.delete_bucket_if_empty(session, bucket)


def pending(region=None, profile=None, keyid=None, key=None):
    """
    Which addresses in ``aws:ses:receiving`` cannot be verified yet: a list of ``what``, ``on``, ``since`` and ``do``.

    CLI Example:

    .. code-block:: bash

        salt-call ses_receiving.pending
    """
    entries = email_plan.plan(__pillar__)["receiving"]
    return email_plan.pending(entries, _dated_plan, "verification of", region, profile=profile, keyid=keyid, key=key)


def _dated_plan(name, region, profile, keyid, key, **given):
    """The plan for an address, with since when SES waits for its link, if that is known."""
    connection = {"region": region, "profile": profile, "keyid": keyid, "key": key}
    planned = plan(name, **given, **connection)
    if planned["pending"]:
        names = email_plan.plan(__pillar__)["identities"]
        current = identities.read(_session(**connection), name, ["tags"], names) or {}
        planned["pending"] = [{**entry, "since": current.get("asked")} for entry in planned["pending"]]
    return planned
