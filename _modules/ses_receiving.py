"""
Verify an address at a domain whose mail SES receives: ask for the mail, find it in a bucket, and open its link.

https://docs.aws.amazon.com/ses/latest/dg/receiving-email.html

Only one receipt rule set is active in an account and region, and mail that matches none of its rules is rejected. Therefore an
active rule set stays active: a rule for this address alone is added before its other rules, and removed afterwards. Only if no
rule set is active, one is created and activated temporarily. A note of what to restore is written to the bucket first, so that
the next run can finish after an interruption. Everything that existed before is kept: the bucket and its objects, the
statements of its policy, rule sets, and rules.

Every function takes ``region``, ``profile``, ``keyid`` and ``key`` as its last arguments: the region of SES, and how to reach the account.
IAM actions: those of ``ses_identity`` and ``s3_bucket``, ``ses:DescribeActiveReceiptRuleSet``,
``ses:DescribeReceiptRuleSet``, ``s3:GetBucketPolicy``, ``s3:GetObject`` and ``s3:ListBucket`` to read;
``ses:CreateReceiptRuleSet``, ``ses:CreateReceiptRule``, ``ses:DeleteReceiptRule``, ``ses:DeleteReceiptRuleSet``,
``ses:SetActiveReceiptRuleSet``, ``s3:PutBucketPolicy``, ``s3:DeleteBucketPolicy``,
``s3:PutObject``, ``s3:DeleteObject`` and ``s3:DeleteBucket`` to write.
"""

import json
import logging
from contextlib import contextmanager
from datetime import datetime

from aws_runbook import clock
from aws_runbook.buckets import policy as bucket_policy
from aws_runbook.dns import check as dns_check
from aws_runbook.dns import names as email_names
from aws_runbook.dns.names import domain_of
from aws_runbook.dns.records import inbound_host
from aws_runbook.errors import RunbookError
from aws_runbook.kinds import pending_entries as pending_of
from aws_runbook.kinds.connected import connected
from aws_runbook.mail import identities, verification_link, verification_mail
from aws_runbook.mail import plan as email_plan
from aws_runbook.mail import receiving as receipt
from aws_runbook.pillar.mail_schema import RECEIVING_SECONDS, RULE, RULE_SET
from aws_runbook.run.waiting import SETTLE_TIMEOUT, until

# Arguments that take texts.
TEXTS = ("bucket", "nameserver", "rule", "rule_set")

log = logging.getLogger(__name__)


def _identity(session, name, attributes=()):
    return identities.read(session, name, attributes, email_plan.plan(__pillar__)["identities"])


@connected
def plan(session, name, bucket, rule_set=RULE_SET, rule=RULE, timeout=RECEIVING_SECONDS, nameserver=None):
    """
    Return what the state would do to verify an address.

    Returns what ``ses_receiving.verified`` would do: ``changes``, ``warnings`` and ``pending``. If mail for the address
    does not go to SES, or its domain is not verified, the state waits for that.

    bucket
        The bucket for the received mail, in the same region.
    rule_set, rule, timeout
        As in ``apply``. They are not used here.
    nameserver
        The DNS resolver to ask for the MX record, as HOST or HOST:PORT. Default: pillar's ``aws:ses:dns:nameserver``, then the
        system's.

    IAM actions: those to read, at the top of this module.

    CLI Example:

    .. code-block:: bash

        salt-call ses_receiving.plan noreply@noreply.example.org bucket=ocp-aws-verification
    """
    del rule_set, rule, timeout
    name = email_names.check("receiving", "name", name, email_names.address)
    current = _identity(session, name)
    changes = {}
    connection = session.given
    if __salt__["s3_bucket.describe"](bucket, [], **connection) and _left(session, name, bucket):
        changes["clean_up"] = {"old": "left over by an interrupted run", "new": "done"}
    if current and current["status"] == "SUCCESS":
        return {"changes": changes, "warnings": [], "pending": []}
    do = _hindrance(session, name, nameserver)
    if do:
        waiting = {"what": f"mail for {name}", "on": "DNS", "since": None, "do": do}
        return {"changes": changes, "warnings": [f"Waiting: {do}."], "pending": [waiting]}
    changes["verified"] = {"old": False, "new": True}
    return {"changes": changes, "warnings": [], "pending": []}


def _hindrance(session, name, nameserver):
    """Return what prevents SES from receiving mail for an address, as a sentence; ``""`` if nothing does."""
    elsewhere = _elsewhere(name, session.region, nameserver)
    if elsewhere:
        return (
            f"mail for {name} does not go to SES ({elsewhere}), so it cannot be verified automatically: add the MX record that "
            f"{session.command('ses_identity.dns_records', name=domain_of(name), receives=True)} shows, or follow the link in the mail"
        )
    if not _has_verified_domain(session, name):
        return (
            f"SES receives mail for verified domains only, and {domain_of(name)} is not verified yet, so {name} cannot be verified "
            f"automatically: see {session.command('ses_identity.verified', name=domain_of(name))}"
        )
    return ""


def _has_verified_domain(session, name):
    """Return whether the domain of an address, or a parent below the top level, is verified."""
    labels = domain_of(name).split(".")
    for start in range(len(labels) - 1):
        found = _identity(session, ".".join(labels[start:]))
        if found and found["status"] == "SUCCESS":
            return True
    return False


def _elsewhere(name, region, nameserver):
    """Return, in words, the destination of mail for an address, if it is not SES; otherwise ``""``."""
    nameserver = nameserver or (email_plan.plan(__pillar__)["dns"] or {}).get("nameserver")
    try:
        found, _ = dns_check.Dns(nameserver).cached(domain_of(name), "MX")
    except dns_check.UnansweredError as error:
        return str(error).rstrip(".")
    if not found:
        return f"{domain_of(name)} has no MX record"
    first = min(found, key=lambda record: int(record.split()[0]))
    return "" if first.split()[1] == inbound_host(region) else f"its MX record is {first}"


@connected
def apply(session, name, bucket, rule_set=RULE_SET, rule=RULE, timeout=RECEIVING_SECONDS, nameserver=None):
    """
    Carry out what ``plan`` returns for the same arguments.

    bucket, nameserver
        As in ``plan``.
    rule_set, rule
        The temporary names of the rule, and of the rule set if none is active. Defaults: ``email-address-verification``,
        ``deliver-to-s3-bucket``. If another rule has that name, or a rule set of that name has other rules, eight
        hexadecimal digits are appended.
    timeout
        Seconds to wait for the mail. Default: 300. If it does not arrive, that is an error, and everything is restored.

    IAM actions: those to read and write, at the top of this module.

    CLI Example:

    .. code-block:: bash

        salt-call ses_receiving.apply noreply@noreply.example.org bucket=ocp-aws-verification
    """
    connection = session.given
    planned = plan.on(session, name, bucket, nameserver=nameserver)["changes"]
    name = email_names.address(name)
    for note in _left(session, name, bucket).values() if "clean_up" in planned else ():
        _clean_up(session, bucket, note)
    if "verified" not in planned:
        return True
    note = _noted(session, name, bucket, rule_set, rule, timeout, connection)
    with _cleaning_up(session, bucket, note):
        _prepare(session, bucket, note)
        _verify(session, name, bucket, note, timeout, connection)
    return True


@contextmanager
def _cleaning_up(session, bucket, note):
    """Restore everything afterwards. If that also fails, the error reports both, and the next run tries again."""
    try:
        yield
    except RunbookError as error:
        try:
            _clean_up(session, bucket, note)
        except RunbookError as left:
            raise RunbookError(
                f"{error} Some of the resources created for it remain, and the next run deletes them: {left}"
            ) from None
        raise
    except BaseException:
        _clean_up(session, bucket, note)
        raise
    _clean_up(session, bucket, note)


def _left(session, name, bucket):
    """Return, by address, the notes of runs for this address, and of killed runs for other addresses."""
    now = clock.now()
    notes = receipt.notes(session, bucket)
    return {address: note for address, note in notes.items() if address == name or receipt.is_over(note, now)}


def _noted(session, name, bucket, rule_set, rule, timeout, connection):
    """Create the bucket, write a note of what to do and what to restore, and return the note."""
    made = __salt__["s3_bucket.describe"](bucket, [], **connection) is None
    if made:
        __salt__["s3_bucket.create"](bucket, **connection)
    try:
        # What another run has created for itself is removed by the last of these runs.
        others = receipt.notes(session, bucket).values()
        active = receipt.active(session)
        used = active or receipt.rule_set_name(rule_set, name, receipt.rules(session, rule_set), others)
        theirs = [entry for entry in others if entry["rule_set"] == used]
        before = receipt.rules(session, used)
        note = {
            "address": name,
            "bucket_made": made or any(entry["bucket_made"] for entry in others),
            "rule_set": used,
            "rule_set_made": before is None or any(entry["rule_set_made"] for entry in theirs),
            "rule": receipt.rule_name(rule, name, before or [], bucket),
            "activated": active is None or any(entry["activated"] for entry in theirs),
            "since": clock.now().isoformat(),
            "timeout": timeout,
        }
        receipt.put(session, bucket, receipt.note_place(name), json.dumps(note).encode())
    except RunbookError:
        if made:
            receipt.delete_bucket_if_empty(session, bucket)
        raise
    return note


def _prepare(session, bucket, note):
    """Allow SES to write mail for an address to the bucket, as the note says."""
    name, rule_set = note["address"], note["rule_set"]
    _let_ses_write(session, bucket, rule_set, note["rule"])
    before = receipt.rules(session, rule_set)
    if before is None:
        receipt.create_rule_set(session, rule_set)
    if not any(receipt.is_ours(entry, name, bucket) for entry in before or []):
        receipt.create_rule(session, rule_set, receipt.rule(note["rule"], name, bucket))
    if receipt.active(session) is None:
        receipt.activate(session, rule_set)


def _let_ses_write(session, bucket, rule_set, rule):
    """Allow SES to write. The policy comes before the rule, because SES tests it when the rule is created."""
    policy = bucket_policy.read(session, bucket, absent=("NoSuchBucket",))
    statement = receipt.statement(session, bucket, rule_set, rule)
    kept = [entry for entry in policy["Statement"] if entry.get("Sid") != statement["Sid"]]
    bucket_policy.write(session, bucket, {**policy, "Statement": [*kept, statement]})


def _verify(session, name, bucket, note, timeout, connection):
    since = datetime.fromisoformat(note["since"])
    current = _identity(session, name, ["tags"])
    if current is None:
        __salt__["ses_identity.create"](name, **connection)
    else:
        identities.ask_again(session, name, current)
    refused = set()

    def opened():
        session.forget()
        if _identity(session, name)["status"] == "SUCCESS":
            return True  # another run has done it
        found = _mail(session, name, bucket, since, refused)
        if found and not verification_link.open_link(found[1], session.endpoint("ses")):
            refused.add(found[0])  # from an earlier request, whose link the later one has invalidated
            return None
        return bool(found)

    if not until(opened, what=f"the verification mail of {name}", timeout=timeout):
        missing = (
            f"SES refuses the link of the verification mail of {name} that arrived in the bucket {bucket} as {min(refused)}, "
            f"and no other mail arrived within {timeout} seconds."
            if refused
            else f"The verification mail of {name} did not arrive in the bucket {bucket} within {timeout} seconds."
        )
        raise RunbookError(f"{missing} Run this again to request another.")

    def verified():
        session.forget()
        return _identity(session, name)["status"] == "SUCCESS"

    if not until(verified, what=f"SES to show that {name} is verified", timeout=SETTLE_TIMEOUT):
        raise RunbookError(f"The link for {name} was opened, but SES does not show it as verified yet; run this again.")
    _sweep(session, name, bucket)


def _mail(session, name, bucket, since, refused):
    """Return ``(key, link)`` of the newest genuine mail in the bucket; ``None`` while there is none."""
    for place in receipt.keys(session, bucket):
        content = None if place in refused else receipt.get(session, bucket, place)
        url = content and verification_mail.link(content, name, session.region, session.account_id, since)
        if url:
            return place, url
        log.debug("%s in the bucket %s is not the verification mail of %s", place, bucket, name)
    return None


def _sweep(session, name, bucket):
    """Delete the mails requested by this run or by a killed one, because their links are useless now."""
    since = clock.now() - identities.LINK
    session.forget()
    while found := _mail(session, name, bucket, since, ()):
        receipt.delete(session, bucket, found[0])
        session.forget()


def _clean_up(session, bucket, note):
    """
    Restore everything as the note says. The note is deleted last, so that the next run can finish after an interruption.

    Whatever is used for something else by now is kept: a rule set with other rules, a rule that was changed, and a bucket with another policy or
    rule.
    """
    rule_set, rule = note["rule_set"], note["rule"]
    session.forget()
    shown = [entry for entry in receipt.rules(session, rule_set) or [] if entry["Name"] == rule]
    changed = [entry for entry in shown if not receipt.is_ours(entry, note["address"], bucket)]
    if not changed:  # even if SES does not show it yet
        receipt.delete_rule(session, rule_set, rule)
    session.forget()
    others = [entry for address, entry in receipt.notes(session, bucket).items() if address != note["address"]]
    if not any(entry["rule_set"] == rule_set for entry in others):
        _put_back_rule_set(session, note, changed)
    kept = (
        bucket_policy.read(session, bucket, absent=("NoSuchBucket",))["Statement"]
        if changed
        else _take_out_statement(session, bucket, note)
    )
    receipt.delete(session, bucket, receipt.SETUP)
    receipt.delete(session, bucket, receipt.note_place(note["address"]))
    if note["bucket_made"] and not kept and not receipt.is_written_to(session, bucket):
        receipt.delete_bucket_if_empty(session, bucket)


def _put_back_rule_set(session, note, changed):
    """Restore the rule set, unless it has other rules by now, whose mail must still be received."""
    rule_set = note["rule_set"]
    # SES may still return the rule that has just been deleted.
    left = [
        entry["Name"] for entry in receipt.rules(session, rule_set) or [] if changed or entry["Name"] != note["rule"]
    ]
    if left:
        if note["activated"] and receipt.active(session) == rule_set:
            log.warning(
                "The receipt rule set %s stays active: another client has added the rule %s to it", rule_set, left[0]
            )
        return
    if note["activated"] and receipt.active(session) == rule_set:
        receipt.activate(session, None)
    if note["rule_set_made"]:
        receipt.delete_rule_set(session, rule_set)


def _take_out_statement(session, bucket, note):
    """Remove our statement from the bucket's policy, and return the other statements."""
    sid = receipt.statement(session, bucket, note["rule_set"], note["rule"])["Sid"]
    policy = bucket_policy.read(session, bucket, absent=("NoSuchBucket",))
    kept = [entry for entry in policy["Statement"] if entry.get("Sid") != sid]
    if len(kept) < len(policy["Statement"]):
        bucket_policy.write(session, bucket, {**policy, "Statement": kept})
    return kept


@connected
def pending(session):
    """
    List the addresses in ``aws:ses:receiving`` that cannot be verified yet: ``what``, ``on``, ``since`` and ``do``.

    IAM actions: those of ``plan``.

    CLI Example:

    .. code-block:: bash

        salt-call ses_receiving.pending
    """
    entries = email_plan.plan(__pillar__)["receiving"]
    return pending_of.of_planned(session, entries, _dated_plan, "verification of")


def _dated_plan(session, name, **given):
    """Return the plan for an address, with the time since which SES has waited for its link, if known."""
    planned = plan.on(session, name, **given)
    if planned["pending"]:
        names = email_plan.plan(__pillar__)["identities"]
        current = identities.read(session, name, ["tags"], names) or {}
        since = current.get("asked")
        dated = {"since": since, "until": identities.lapses(since, identities.LINK)}
        planned["pending"] = [{**entry, **dated} for entry in planned["pending"]]
    return planned
