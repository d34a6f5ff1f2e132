"""
Manage SES's settings for the account: its suppression list and production access.

https://docs.aws.amazon.com/ses/latest/dg/request-production-access.html
https://docs.aws.amazon.com/ses/latest/dg/sending-email-suppression-list.html

Each region has its own settings. Every function takes ``region``, ``profile``, ``keyid`` and ``key`` as its last arguments: the region of
SES, and how to reach the account. IAM actions: ``ses:GetAccount`` to read;
``ses:PutAccountSuppressionAttributes`` and ``ses:PutAccountDetails`` to write.
"""

from collections.abc import Mapping

from aws_runbook.dns import names as email_names
from aws_runbook.errors import RunbookError
from aws_runbook.kinds import arguments
from aws_runbook.kinds.connected import connected
from aws_runbook.kinds.pending_entries import entries
from aws_runbook.mail import plan as email_plan
from aws_runbook.pillar.mail_schema import REASONS

_REQUEST = {
    "website_url": "WebsiteURL",
    "mail_type": "MailType",
    "use_case": "UseCaseDescription",
    "contact_language": "ContactLanguage",
    "additional_contacts": "AdditionalContactEmailAddresses",
}
_NEEDED = ("website_url", "mail_type", "use_case")


@connected
def describe(session):
    """
    Return the attributes of the account in SES.

    Returns ``suppression`` (the reasons), ``production_access`` (``granted``, ``pending``, ``denied``, ``failed`` or ``not
    requested``), ``case`` (AWS's number of the request), ``sending_enabled``, ``enforcement_status`` and ``quota``.

    IAM action: ``ses:GetAccount``. https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_GetAccount.html

    CLI Example:

    .. code-block:: bash

        salt-call ses_account.describe
    """
    doing = f"read the account's settings of SES in {session.region}"
    answer = session.read("sesv2", "get_account", doing, region=session.region)
    review = (answer.get("Details") or {}).get("ReviewDetails") or {}
    access = "granted" if answer.get("ProductionAccessEnabled") else review.get("Status", "not requested").lower()
    return {
        "suppression": sorted((answer.get("SuppressionAttributes") or {}).get("SuppressedReasons") or []),
        "production_access": access,
        "case": review.get("CaseId"),
        "sending_enabled": answer.get("SendingEnabled"),
        "enforcement_status": answer.get("EnforcementStatus"),
        "quota": answer.get("SendQuota"),
    }


def _wanted(suppression, production_access):
    where = "SES account"
    if suppression is not None:
        suppression = arguments.names(where, "suppression", suppression)
        for reason in suppression:
            arguments.one_of(where, "suppression", reason, REASONS)
    if production_access is not None:
        given = production_access
        if not isinstance(given, Mapping) or set(given) - set(_REQUEST) or not all(given.get(name) for name in _NEEDED):
            raise RunbookError(
                f"{where}: production_access is {given!r}; give a mapping of {', '.join(_NEEDED)}, and optionally contact_language and "
                "additional_contacts."
            )
        arguments.one_of(where, "mail_type", given["mail_type"], ("MARKETING", "TRANSACTIONAL"))
        arguments.one_of(where, "contact_language", given.get("contact_language"), ("EN", "JA"))
        for contact in given.get("additional_contacts") or []:
            email_names.check(where, "additional_contacts", contact, email_names.address)
    return suppression, production_access


@connected
def plan(session, suppression=None, production_access=None):
    """
    Return what the state would do for the account in SES.

    Returns what ``ses_account.configured`` would do: ``changes``, ``warnings`` and ``pending``. A request that AWS has denied is an
    error.

    suppression
        A list of ``BOUNCE`` and ``COMPLAINT``; ``[]`` turns the list off. Default: not managed.
    production_access
        A mapping of ``website_url``, ``mail_type`` (``TRANSACTIONAL`` or ``MARKETING``) and ``use_case``, and optionally
        ``contact_language`` (``EN`` or ``JA``) and ``additional_contacts`` (a list of addresses). Default: not requested.

    IAM actions: ``ses:GetAccount``. https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_GetAccount.html

    CLI Example:

    .. code-block:: bash

        salt-call ses_account.plan suppression='[BOUNCE, COMPLAINT]'
    """
    suppression, production_access = _wanted(suppression, production_access)
    current = describe.on(session)
    changes, warnings, waiting = {}, [], []
    if suppression is not None and suppression != current["suppression"]:
        changes["suppression"] = {"old": current["suppression"], "new": suppression}
    if production_access is not None:
        access, case = current["production_access"], f" (case {current['case']})" if current["case"] else ""
        if access in ("denied", "failed"):
            raise RunbookError(
                f"The request for production access is {access.upper()}{case}. The reasons are in the support case; answer there, because the "
                "request cannot be repeated from here. Without production access, SES sends to verified addresses only, and production_access "
                "in aws:ses:account is not needed."
            )
        if access == "pending":
            do = f"AWS is reviewing the request for production access{case}, usually within a day; it may ask questions in the support case"
            waiting.append({"what": "production access of SES", "on": "AWS", "since": None, "do": do})
            warnings.append(f"Waiting: {do}.")
        elif access == "not requested":
            changes["production_access"] = {"old": access, "new": "requested"}
    return {"changes": changes, "warnings": warnings, "pending": waiting}


@connected
def apply(session, suppression=None, production_access=None):
    """
    Carry out what ``plan`` returns for the same arguments.

    suppression, production_access
        As in ``plan``.

    IAM actions: ``ses:GetAccount``, ``ses:PutAccountSuppressionAttributes`` and ``ses:PutAccountDetails``.
    https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_PutAccountDetails.html

    CLI Example:

    .. code-block:: bash

        salt-call ses_account.apply suppression='[BOUNCE, COMPLAINT]'
    """
    changes = plan.on(session, suppression, production_access)["changes"]

    if "suppression" in changes:
        session.write(
            "sesv2",
            "put_account_suppression_attributes",
            f"set the suppression reasons of SES in {session.region}",
            region=session.region,
            SuppressedReasons=changes["suppression"]["new"],
        )
    if production_access is not None and "production_access" in changes:
        given = {theirs: production_access[ours] for ours, theirs in _REQUEST.items() if production_access.get(ours)}
        session.write(
            "sesv2",
            "put_account_details",
            f"request production access in {session.region}",
            # People review the request, so it is made only once. Another run may have made it in the meantime.
            once=True,
            absent=("ConflictException",),
            region=session.region,
            ProductionAccessEnabled=True,
            **given,
        )
    return True


@connected
def pending(session):
    """
    List the request for production access while it is under review: a list of ``what``, ``on``, ``since`` and ``do``.

    ``since`` is ``None``, because AWS returns only the number and the status of the case.

    IAM action: ``ses:GetAccount``.

    CLI Example:

    .. code-block:: bash

        salt-call ses_account.pending
    """
    wanted = email_plan.plan(__pillar__)["account"]
    if not wanted:
        return []
    return entries("production access of SES", _pending_of, session, **wanted)


def _pending_of(session, region, **wanted):
    return plan.on(session.within(region), **wanted)["pending"]
