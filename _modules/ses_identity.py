"""
Manage SES's identities: the domains and addresses that mail is sent from.

https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html

Attributes
    ``signing_key_length``
        ``RSA_2048_BIT`` or ``RSA_1024_BIT``: the length of the key with which Easy DKIM signs a domain's mail. An error for a domain
        that signs with another key.
    ``mail_from``, ``behavior_on_mx_failure``
        The subdomain of the envelope sender (``""`` for SES's own), and the behaviour while its MX record is missing:
        ``USE_DEFAULT_VALUE`` (SES's own is used) or ``REJECT_MESSAGE``.
    ``bounce_topic``, ``complaint_topic``, ``delivery_topic``
        The SNS topics that are notified (names, or ARNs; ``""`` for none).
    ``include_headers``
        Whether notifications of bounces and complaints have the original headers.
    ``email_forwarding``
        Whether bounces and complaints are also sent by mail. It can be off only with both topics.
    ``configuration_set``
        The default configuration set for mail (``""`` for none).
    ``tags``
        A mapping. Tags of AWS (``aws:…``) and notes of the states (``aws-runbook:…``) are not included.

Every function takes ``region``, ``profile``, ``keyid`` and ``key`` as its last arguments: the region of SES, and how to reach the account.
IAM actions: ``ses:ListIdentities``, ``ses:GetIdentityVerificationAttributes`` and its siblings for DKIM, MAIL FROM and
notifications, and ``ses:GetEmailIdentity`` to read; ``ses:CreateEmailIdentity``,
``ses:PutEmailIdentityDkimSigningAttributes``, ``ses:PutEmailIdentityMailFromAttributes``,
``ses:PutEmailIdentityFeedbackAttributes``, ``ses:PutEmailIdentityConfigurationSetAttributes``,
``ses:SetIdentityNotificationTopic``, ``ses:SetIdentityHeadersInNotificationsEnabled``, ``ses:VerifyDomainDkim``,
``ses:VerifyEmailIdentity``, ``ses:TagResource`` and ``ses:UntagResource`` to write; ``ses:DeleteEmailIdentity`` to delete.
"""

from functools import partial

from aws_runbook import salt_commands
from aws_runbook.aws import tags as tagging
from aws_runbook.dns import check as dns_check
from aws_runbook.dns import names as email_names
from aws_runbook.dns import records as zone_records
from aws_runbook.dns.names import domain_of, is_address
from aws_runbook.errors import RunbookError
from aws_runbook.kinds import arguments, checks
from aws_runbook.kinds.connected import connected
from aws_runbook.kinds.kind import Attribute, Kind
from aws_runbook.kinds.pending_entries import entries
from aws_runbook.mail import identities, topics
from aws_runbook.mail import identity_pending as waiting_for
from aws_runbook.mail import identity_writes as writes
from aws_runbook.mail import plan as email_plan
from aws_runbook.pillar.mail_schema import KEY_LENGTHS, MX_FAILURES
from aws_runbook.run import cache as run_cache
from aws_runbook.run.waiting import until

# Arguments that take texts.
TEXTS = ("configuration_set", "nameserver", "zone")

_FORMATS = ("table", "zone", "console", "data")


def _read(session, name, attributes):
    return identities.read(session, name, attributes, email_plan.plan(__pillar__)["identities"])


def _answer_with(identity, attribute):
    """Return SES's answer about an identity that contains an attribute."""
    return _read(identity.session, identity.name, [attribute]) or {}


def _check_together(identity, wanted):
    """Check what depends on the name, and replace topics by their ARNs, as SES returns them."""
    name = email_names.check("identity", "name", identity.name, email_names.identity)
    if is_address(name) and "signing_key_length" in wanted:
        raise RunbookError(
            f"{identity.where}: signing_key_length is {wanted['signing_key_length']!r}; an address has no key of its own: set it for its domain, "
            f"{domain_of(name)}."
        )
    if wanted.get("mail_from"):
        wanted["mail_from"] = email_names.check_mail_from(identity.where, wanted["mail_from"], name)
    for argument in writes.TOPICS.keys() & wanted.keys():
        wanted[argument] = topics.arn(identity.session, identity.where, argument, wanted[argument])
    return wanted


def _write_tags(identity, wanted):
    known = _answer_with(identity, "tags")["tags"]
    identities.write_tags(identity.session, "identity", identity.name, wanted["tags"], known)


_TOPIC_ACTIONS = ("ses:SetIdentityNotificationTopic",)
_write_mail_from = partial(writes.mail_from, _answer_with)
_MAIL_FROM_ACTIONS = ("ses:PutEmailIdentityMailFromAttributes",)

# SES describes identities in batches (see ``aws_runbook.mail.identities``), so that ``describe`` is written out here.
KIND = Kind(
    name="ses_identity",
    subject="SES identity",
    what="identity",
    find=lambda identity: _read(identity.session, identity.name, []),
    together=_check_together,
    attributes=(
        Attribute(
            "signing_key_length",
            actions=("ses:PutEmailIdentityDkimSigningAttributes",),
            check=checks.choice(*KEY_LENGTHS),
            write=partial(writes.signing, _answer_with),
        ),
        Attribute("mail_from", actions=_MAIL_FROM_ACTIONS, write=_write_mail_from),
        Attribute(
            "behavior_on_mx_failure",
            actions=_MAIL_FROM_ACTIONS,
            check=checks.choice(*MX_FAILURES),
            write=_write_mail_from,
        ),
        Attribute("bounce_topic", actions=_TOPIC_ACTIONS, write=writes.feedback),
        Attribute("complaint_topic", actions=_TOPIC_ACTIONS, write=writes.feedback),
        Attribute("delivery_topic", actions=_TOPIC_ACTIONS, write=writes.feedback),
        Attribute(
            "include_headers",
            actions=("ses:SetIdentityHeadersInNotificationsEnabled",),
            check=checks.flag,
            write=writes.feedback,
        ),
        Attribute(
            "email_forwarding",
            actions=("ses:PutEmailIdentityFeedbackAttributes",),
            check=checks.flag,
            write=writes.feedback,
        ),
        Attribute(
            "configuration_set",
            actions=("ses:PutEmailIdentityConfigurationSetAttributes",),
            write=writes.configuration_set,
        ),
        Attribute(
            "tags",
            actions=("ses:TagResource", "ses:UntagResource"),
            check=checks.tags(tagging.SES),
            write=_write_tags,
            shared=True,
        ),
    ),
)


@connected
def describe(session, name, attributes=None):
    """
    Return the attributes of an identity.

    Returns the ``status`` and the attributes of an identity, with ``dkim_status``, ``mail_from_status`` and ``verification_error``;
    ``None`` when there is none.

    attributes
        A list of names. Only these, and what the same calls return, are read. Default: all.

    IAM actions: ``ses:ListIdentities``, ``ses:GetIdentityVerificationAttributes`` and its siblings for DKIM, MAIL FROM and
    notifications, and ``ses:GetEmailIdentity``.
    https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_GetEmailIdentity.html

    CLI Example:

    .. code-block:: bash

        salt-call ses_identity.describe example.org
    """
    name = email_names.check("identity", "name", name, email_names.identity)
    wanted = identities.SOURCES if attributes is None else attributes
    return _read(session, name, wanted)


@connected
def normalise(session, name, attributes):
    """
    Return the attributes as ``describe`` would give them. A value that SES does not accept is an error.

    attributes
        A mapping of the module's attributes.

    No IAM action is needed: the ARN of a topic that is given by name is derived from the account of the credentials.

    CLI Example:

    .. code-block:: bash

        salt-call ses_identity.normalise example.org '{mail_from: mail.example.org}'
    """
    return KIND.normalise(session, name, attributes)


@connected
def create(session, name, signing_key_length=None, configuration_set=None, tags=None):
    """
    Create an identity. SES sends an email with a verification link to an address.

    signing_key_length
        ``RSA_2048_BIT`` or ``RSA_1024_BIT``, of a domain. Default: SES's own.
    configuration_set
        The name of a configuration set. Default: none.
    tags
        A mapping of strings. Default: none. Another tag records since when SES has been waiting.

    IAM actions: ``ses:CreateEmailIdentity`` and ``ses:TagResource``. https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_CreateEmailIdentity.html

    CLI Example:

    .. code-block:: bash

        salt-call ses_identity.create example.org signing_key_length=RSA_2048_BIT
    """
    wanted = arguments.tags(f"identity {name}", tags or {}, tagging.SES)
    given = {
        "Tags": tagging.listing({**wanted, **identities.request_note(identities.ASKED)}),
        **({"DkimSigningAttributes": {"NextSigningKeyLength": signing_key_length}} if signing_key_length else {}),
        **({"ConfigurationSetName": configuration_set} if configuration_set else {}),
    }
    answer = session.write(
        "sesv2",
        "create_email_identity",
        f"create the identity {name} in {session.region}",
        absent=("AlreadyExistsException",),
        region=session.region,
        # Its notifications need not be forgotten: there were none, and a new identity has none.
        stale=identities.stale(name, "verification", "dkim", "mail_from"),
        EmailIdentity=name,
        **given,
    )
    if answer is None:
        session.forget()  # it was created elsewhere, perhaps with other attributes than were read
    return True


@connected
@KIND.updates
def update(session, name, **attributes):
    """
    Write the given attributes of an identity; ``None`` does not change an attribute.

    signing_key_length, mail_from, behavior_on_mx_failure, configuration_set, tags
        As at the top of this module. ``tags`` is the complete mapping: other tags are removed.
    bounce_topic, complaint_topic, delivery_topic
        Names or ARNs of topics in the same region; ``""`` for none.
    include_headers, email_forwarding
        ``True`` or ``False``. AWS refuses to turn forwarding off while a topic for bounces or for complaints is missing.

    IAM actions: those to write. https://docs.aws.amazon.com/ses/latest/APIReference/API_SetIdentityNotificationTopic.html

    CLI Example:

    .. code-block:: bash

        salt-call ses_identity.update example.org mail_from=mail.example.org
    """
    return KIND.update(session, name, attributes)


@connected
def waiting(session, name, current):
    """
    List what AWS, DNS or a person must still do for an identity, as sentences. Makes no call to AWS.

    current
        The result of ``describe``.

    CLI Example:

    .. code-block:: bash

        salt-call ses_identity.waiting example.org '{status: PENDING}'
    """
    return [entry["do"] for entry in waiting_for.entries(session, name, current)]


@connected
def pending(session):
    """
    List which identities wait for DNS or for a person.

    Returns a list of ``what``, ``on``, ``since``, ``until`` (when SES gives up, or the link expires) and ``do`` for the
    identities in pillar that wait for DNS or for the owner of an address. Those that wait for DNS also have ``records``,
    ready to paste into a zone file, and ``console``, a table of the records for a DNS host's console.

    SES does not return since when it waits: ``since`` comes from a tag of the identity, and is ``None`` without that tag.

    IAM actions: those of ``describe``.

    CLI Example:

    .. code-block:: bash

        salt-call ses_identity.pending
    """
    with run_cache.run({}, None):  # read them together
        return _pending(session)


def _pending(session):
    found = []
    for name, wanted in email_plan.plan(__pillar__)["identities"].items():
        found += entries(f"identity {name}", _pending_of, session, name, wanted["region"])
    return found


def _pending_of(session, name, region):
    session = session.within(region)
    current = describe.on(session, name, ["mail_from"])
    if current is None:
        do = f"the identity {name} does not exist yet. To create it: {salt_commands.apply()}"
        return [{"what": f"identity {name}", "on": "you", "since": None, "do": do}]
    if not waiting_for.entries(session, name, current):
        return []
    current = describe.on(session, name, ["mail_from", "verification_error"])
    shown = {"records": "zone", "console": "console"}
    return [
        {**entry, **{key: dns_records.on(session, name, format=format) for key, format in shown.items()}}
        if entry["on"] == "DNS"
        else entry
        for entry in waiting_for.entries(session, name, current)
    ]


def _records(session, name, mail_from, receives):
    """Return the records that an identity needs according to SES and pillar."""
    name = email_names.check("identity", "name", name, email_names.identity)
    current = _read(session, name, identities.of_records(name))
    if current is None:
        raise RunbookError(f"There is no identity {name} in {session.region} yet: {salt_commands.apply()} creates it.")
    settings = email_plan.plan(__pillar__)["identities"].get(name, {})
    return zone_records.records(
        name,
        session.region,
        tokens=current.get("dkim_tokens", ()),
        signing_zone=current.get("signing_hosted_zone"),
        mail_from=current["mail_from"] if mail_from is None else mail_from,
        receives=settings.get("receives", False) if receives is None else receives,
    )


def _zone(name, zone):
    """Return the given zone, or the zone of pillar's DNS host."""
    if zone is not None:
        return email_names.check("dns_records", "zone", zone, email_names.domain)
    declared = (email_plan.plan(__pillar__)["dns"] or {}).get("zone")
    return declared if declared and f".{domain_of(name)}".endswith(f".{declared}") else None


@connected
def dns_records(session, name, zone=None, format="table", mail_from=None, receives=None):
    """
    Show the DNS records that an identity needs.

    The records are DKIM, MAIL FROM, inbound MX for a domain that receives, SPF, and an initial DMARC record. SES works
    without ``optional`` records. SPF and DMARC may exist already: see ``check_dns``.

    zone
        The zone at the DNS host, to show names relative to it. Default: pillar's ``aws:ses:dns:zone``.
    format
        ``table`` for a person (the default), ``zone`` for lines to paste into a zone file, ``console`` for a table for a DNS
        host's console (names without the zone, ``@`` for the zone itself, separate priorities), or ``data``.
    mail_from, receives
        Default: the value in SES, and the value in pillar.

    IAM actions: those of ``describe``.

    CLI Example:

    .. code-block:: bash

        salt-call ses_identity.dns_records example.org
        salt-call ses_identity.dns_records news.example.org zone=example.org format=zone
    """
    arguments.one_of(f"dns_records {name}", "format", format, _FORMATS)
    zone = _zone(name, zone)
    wanted = _records(session, name, mail_from, receives)
    if format == "data":
        return [record.as_data(zone) for record in wanted]
    if format == "console":
        return zone_records.console(wanted, zone)
    return zone_records.zone_file(wanted, zone) if format == "zone" else zone_records.as_table(wanted, zone)


@connected
def check_dns(session, name, format="table", nameserver=None, receives=None):
    """
    Check whether the records that an identity needs are in DNS.

    Asks the authoritative servers of the zone, and then the resolver, which may still have an older answer in its
    cache.

    ``status`` is ``present``, ``missing``, ``wrong``, ``conflicting``, ``duplicated suffix`` (the DNS host appended the
    zone to a name that already ended in it), ``still cached`` (correct at the zone's servers, not yet at the resolver),
    ``suggested`` (optional and missing) or ``unknown`` (no server answered). ``detail`` says what was found.

    format
        ``table`` for a person (the default) or ``data``.
    nameserver
        The resolver to begin with, as HOST or HOST:PORT. Default: pillar's ``aws:ses:dns:nameserver``, then the system's.

    receives
        Whether to include the inbound MX record. Default: the value in pillar.

    IAM actions: those of ``describe``.

    CLI Example:

    .. code-block:: bash

        salt-call ses_identity.check_dns example.org
    """
    arguments.one_of(f"check_dns {name}", "format", format, ("table", "data"))
    wanted = _records(session, name, None, receives)
    found = dns_check.check(wanted, dns_check.Dns(nameserver or _nameserver()))
    return found if format == "data" else dns_check.as_table(found)


def _nameserver():
    return (email_plan.plan(__pillar__)["dns"] or {}).get("nameserver")


@connected
def verified(session, name, timeout=0, nameserver=None):
    """
    Wait until SES has verified an identity.

    This includes its MAIL FROM domain, if it has one. Returns ``verified``, and ``missing``, a list of sentences.

    timeout
        Seconds to wait. Default: 0, do not wait.

    nameserver
        The resolver to ask for missing records, as HOST or HOST:PORT. Default: pillar's ``aws:ses:dns:nameserver``, then the
        system's.

    IAM actions: those of ``describe``.

    CLI Example:

    .. code-block:: bash

        salt-call ses_identity.verified example.org timeout=3600
    """
    seen = {}

    def settled():
        seen["current"] = describe.on(session, name, ["mail_from"])
        return seen["current"] and not waiting_for.entries(session, name, seen["current"])

    until(settled, what=f"SES to verify {name}", timeout=timeout)
    if seen["current"] is None:
        return {"verified": False, "missing": [f"there is no identity {name}: {salt_commands.apply()} creates it"]}
    if not waiting_for.entries(session, name, seen["current"]):
        return {"verified": True, "missing": []}
    missing = waiting.on(session, name, describe.on(session, name, ["mail_from", "verification_error"]))
    if not is_address(name) or seen["current"].get("mail_from"):
        wanted = _records(session, name, None, None)
        missing += [
            f"{entry['type']} {entry['name']} is {entry['status']}: {entry['detail']}"
            for entry in dns_check.check(wanted, dns_check.Dns(nameserver or _nameserver()))
            if entry["status"] not in ("present", "suggested", "still cached")
        ]
    return {"verified": False, "missing": missing}


@connected
def retry(session, name):
    """
    Restart the verification of an identity after SES gave up. For an address, send another email with a link.

    IAM actions: ``ses:VerifyDomainDkim``, ``ses:VerifyEmailIdentity``, ``ses:PutEmailIdentityMailFromAttributes`` and
    ``ses:TagResource``. https://docs.aws.amazon.com/ses/latest/APIReference/API_VerifyEmailIdentity.html

    CLI Example:

    .. code-block:: bash

        salt-call ses_identity.retry example.org
    """
    current = _read(session, name, ["mail_from", "tags"])
    if current is None:
        raise RunbookError(f"There is no identity {name} in {session.region}: {salt_commands.apply()} creates it.")
    if current["status"] != "SUCCESS":
        identities.ask_again(session, name, current)
    if current["mail_from"] and current["mail_from_status"] != "SUCCESS":
        update.on(session, name, mail_from=current["mail_from"])
    return True


@connected
def obstacles(session, name, delete_verified=False):
    """
    List the reasons why an identity must not be deleted, one sentence each; empty when there are none.

    delete_verified
        ``True`` to allow the deletion of an identity that mail can be sent from.

    IAM actions: those of ``describe``.

    CLI Example:

    .. code-block:: bash

        salt-call ses_identity.obstacles example.org
    """
    current = describe.on(session, name, [])
    if delete_verified is True or current is None or current["status"] != "SUCCESS":
        return []
    sentence = (
        f"The identity {name} is verified and is not deleted: mail could no longer be sent from it, and a new identity would need new DNS "
        "records. To delete it, set delete_verified: True."
    )
    return [sentence]


@connected
def delete(session, name, delete_verified=False):
    """
    Delete an identity and all its settings.

    delete_verified
        ``True`` to delete even a verified identity: mail from it is refused from then on. Default: ``False``.

    IAM actions: those of ``describe``, and ``ses:DeleteEmailIdentity``.
    https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_DeleteEmailIdentity.html

    CLI Example:

    .. code-block:: bash

        salt-call ses_identity.delete example.org delete_verified=True
    """
    refusals = obstacles.on(session, name, delete_verified)
    if refusals:
        raise RunbookError("\n".join(refusals))
    session.write(
        "sesv2",
        "delete_email_identity",
        f"delete the identity {name}",
        absent=("NotFoundException",),
        region=session.region,
        EmailIdentity=name,
    )
    return True
