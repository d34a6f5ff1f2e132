"""
Manage SES's identities: the domains and addresses that mail is sent from.

https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html

Attributes
    ``signing_key_length``
        ``RSA_2048_BIT`` or ``RSA_1024_BIT``: the key that Easy DKIM signs a domain's mail with.
    ``mail_from``, ``behavior_on_mx_failure``
        A subdomain that is the envelope sender (``""`` for SES's own), and what happens while its MX record is missing:
        ``USE_DEFAULT_VALUE`` (SES's own is used) or ``REJECT_MESSAGE``.
    ``bounce_topic``, ``complaint_topic``, ``delivery_topic``
        The SNS topics that are notified (names, or ARNs; ``""`` for none).
    ``include_headers``
        Whether notifications of bounces and complaints have the original headers.
    ``email_forwarding``
        Whether bounces and complaints come by mail too. Off only with both topics.
    ``configuration_set``
        The one that mail uses unless it names another (``""`` for none).
    ``tags``
        A mapping. Tags that begin with ``aws-runbook:`` are this project's own notes, and not shown.

Every function takes ``region``, ``profile``, ``keyid`` and ``key`` last: the region of SES, and how to reach the account.
IAM actions: ``ses:ListIdentities``, ``ses:GetIdentityVerificationAttributes`` and its siblings for DKIM, MAIL FROM and
notifications, and ``ses:GetEmailIdentity`` to read; ``ses:CreateEmailIdentity``,
``ses:PutEmailIdentityDkimSigningAttributes`` and its siblings for MAIL FROM, feedback and configuration set,
``ses:SetIdentityNotificationTopic``, ``ses:SetIdentityHeadersInNotificationsEnabled``, ``ses:VerifyDomainDkim``,
``ses:VerifyEmailIdentity``, ``ses:TagResource`` and ``ses:UntagResource`` to write; ``ses:DeleteEmailIdentity`` to delete.
"""

from aws_runbook import arguments, dns_check, email_names, email_plan, identities, reader, topics
from aws_runbook import dns_records as zone_records
from aws_runbook.email_names import domain_of, is_address
from aws_runbook.email_schema import KEY_LENGTHS, MX_FAILURES
from aws_runbook.errors import RunbookError
from aws_runbook.session import connect
from aws_runbook.waiting import until

_TOPICS = {"bounce_topic": "Bounce", "complaint_topic": "Complaint", "delivery_topic": "Delivery"}
_FLAGS = ("include_headers", "email_forwarding")
_FORMATS = ("table", "zone", "data")
# What SES found when it looked for the records.
# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_VerificationInfo.html
_REASONS = {
    "HOST_NOT_FOUND": "there is no such name in DNS",
    "TYPE_NOT_FOUND": "the name is in DNS, but has no record of that type",
    "INVALID_VALUE": "the record is there, with another value",
    "DNS_SERVER_ERROR": "the DNS server did not answer",
    "SERVICE_ERROR": "SES itself had an error",
}


def _session(region, profile, keyid, key):
    return connect(__opts__, __pillar__, region=region, profile=profile, keyid=keyid, key=key)


def describe(name, attributes=None, region=None, profile=None, keyid=None, key=None):
    """
    The ``status`` and the attributes of an identity, with ``dkim_status``, ``mail_from_status`` and ``verification_error``;
    ``None`` when there is none.

    attributes
        Only these, and what comes with them in the same call, are read. Default: all.

    CLI Example:

    .. code-block:: bash

        salt-call ses_identity.describe example.org
    """
    name = email_names.check("identity", "name", name, email_names.identity)
    wanted = identities.SOURCES if attributes is None else attributes
    return _read(_session(region, profile, keyid, key), name, wanted)


def _read(session, name, attributes):
    return identities.read(session, name, attributes, email_plan.plan(__pillar__)["identities"])


def normalise(name, attributes, region=None, profile=None, keyid=None, key=None):
    """
    The attributes as ``describe`` would give them; a value that SES does not have is an error.

    CLI Example:

    .. code-block:: bash

        salt-call ses_identity.normalise example.org '{mail_from: mail.example.org}'
    """
    where = f"identity {name}"
    identity = email_names.check("identity", "name", name, email_names.identity)
    checked = {attribute: value for attribute, value in attributes.items() if value is not None}
    if is_address(identity) and "signing_key_length" in checked:
        raise RunbookError(
            f"{where}: signing_key_length is {checked['signing_key_length']!r}; an address has no key of its own: say it of "
            f"its domain, {domain_of(identity)}."
        )
    arguments.one_of(where, "signing_key_length", checked.get("signing_key_length"), KEY_LENGTHS)
    arguments.one_of(where, "behavior_on_mx_failure", checked.get("behavior_on_mx_failure"), MX_FAILURES)
    for flag in _FLAGS:
        arguments.one_of(where, flag, checked.get(flag), (True, False))
    if checked.get("mail_from"):
        checked["mail_from"] = email_names.check_mail_from(where, checked["mail_from"], identity)
    if "tags" in checked:
        checked["tags"] = arguments.tags(where, checked["tags"])
    session = _session(region, profile, keyid, key)
    for argument in _TOPICS:
        if argument in checked:
            checked[argument] = topics.arn(session, where, argument, checked[argument])
    return checked


def create(
    name, signing_key_length=None, configuration_set=None, tags=None, region=None, profile=None, keyid=None, key=None
):
    """
    Create an identity. To an address SES sends a mail with a link.

    signing_key_length
        ``RSA_2048_BIT`` or ``RSA_1024_BIT``, of a domain. Default: SES's own.
    configuration_set
        The name of one. Default: none.
    tags
        A mapping of strings. Default: none. Since when SES waits is noted in one more tag.

    IAM actions: ``ses:CreateEmailIdentity`` and ``ses:TagResource``. https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_CreateEmailIdentity.html

    CLI Example:

    .. code-block:: bash

        salt-call ses_identity.create example.org signing_key_length=RSA_2048_BIT
    """
    session = _session(region, profile, keyid, key)
    given = {"Tags": identities.tag_list({**(tags or {}), **identities.asked_now(identities.ASKED)})}
    if signing_key_length:
        given["DkimSigningAttributes"] = {"NextSigningKeyLength": signing_key_length}
    if configuration_set:
        given["ConfigurationSetName"] = configuration_set
    answer = session.write(
        "sesv2",
        "create_email_identity",
        f"create the identity {name} in {session.region}",
        absent=("AlreadyExistsException",),
        region=session.region,
        # Not what was read of its notifications: there were none, and a new identity has none.
        stale=identities.stale(name, "verification", "dkim", "mail_from"),
        EmailIdentity=name,
        **given,
    )
    if answer is None:
        session.forget()  # somebody else has made it, and perhaps not as it was read
    return True


def update(
    name,
    signing_key_length=None,
    mail_from=None,
    behavior_on_mx_failure=None,
    bounce_topic=None,
    complaint_topic=None,
    delivery_topic=None,
    include_headers=None,
    email_forwarding=None,
    configuration_set=None,
    tags=None,
    region=None,
    profile=None,
    keyid=None,
    key=None,
):
    """
    Write the given attributes of an identity; ``None`` leaves an attribute alone.

    signing_key_length, mail_from, behavior_on_mx_failure, configuration_set, tags
        As at the head of this module. ``tags`` is all of them: others are removed.
    bounce_topic, complaint_topic, delivery_topic
        Names or ARNs of topics in the same region; ``""`` for none.
    include_headers, email_forwarding
        ``True`` or ``False``. AWS refuses to turn forwarding off while a topic for bounces or for complaints is missing.

    IAM actions: those to write. https://docs.aws.amazon.com/ses/latest/APIReference/API_SetIdentityNotificationTopic.html

    CLI Example:

    .. code-block:: bash

        salt-call ses_identity.update example.org mail_from=mail.example.org
    """
    session = _session(region, profile, keyid, key)
    if signing_key_length is not None:
        _put(
            session,
            name,
            "dkim_signing",
            ("verification", "dkim"),
            SigningAttributesOrigin="AWS_SES",
            SigningAttributes={"NextSigningKeyLength": signing_key_length},
        )
    if mail_from is not None or behavior_on_mx_failure is not None:
        _set_mail_from(session, name, mail_from, behavior_on_mx_failure)
    # Feedback always has somewhere to go: forwarding is on before a topic goes, and off after the topics are there.
    if email_forwarding is True:
        _put(session, name, "feedback", ("notifications",), EmailForwardingEnabled=True)
    for argument, topic in (
        ("bounce_topic", bounce_topic),
        ("complaint_topic", complaint_topic),
        ("delivery_topic", delivery_topic),
    ):
        if topic is not None:
            _set_topic(session, name, _TOPICS[argument], topics.arn(session, f"identity {name}", argument, topic))
    if include_headers is not None:
        _set_headers(session, name, include_headers)
    if email_forwarding is False:
        _put(session, name, "feedback", ("notifications",), EmailForwardingEnabled=False)
    if configuration_set is not None:
        chosen = {"ConfigurationSetName": configuration_set} if configuration_set else {}
        _put(session, name, "configuration_set", (), **chosen)
    if tags is not None:
        current = _read(session, name, ["tags"])["tags"]
        identities.write_tags(session, "identity", name, current, arguments.tags(f"identity {name}", tags))
    return True


def _put(session, name, group, sources, **parameters):
    session.write(
        "sesv2",
        f"put_email_identity_{group}_attributes",
        f"set the {group.replace('_', ' ')} attributes of the identity {name}",
        region=session.region,
        stale=identities.stale(name, *sources),
        EmailIdentity=name,
        **parameters,
    )


def _set_mail_from(session, name, mail_from, behavior):
    """Both in one call: what is not given stays as it is."""
    current = _read(session, name, ["mail_from"]) or {}
    domain = current.get("mail_from") if mail_from is None else mail_from
    given = {"MailFromDomain": domain} if domain else {}
    behavior = behavior or current.get("behavior_on_mx_failure") or "USE_DEFAULT_VALUE"
    _put(session, name, "mail_from", ("mail_from",), BehaviorOnMxFailure=behavior, **given)
    if mail_from:
        identities.write_tags(session, "identity", name, {}, identities.asked_now(identities.MAIL_FROM_ASKED))


def _set_headers(session, name, enabled):
    for kind in ("Bounce", "Complaint"):
        session.write(
            "ses",
            "set_identity_headers_in_notifications_enabled",
            f"set the headers in notifications of {name}",
            region=session.region,
            stale=identities.stale(name, "notifications"),
            Identity=name,
            NotificationType=kind,
            Enabled=enabled,
        )


def _set_topic(session, name, kind, topic):
    session.write(
        "ses",
        "set_identity_notification_topic",
        f"set the {kind.lower()} topic of the identity {name}",
        region=session.region,
        stale=identities.stale(name, "notifications"),
        Identity=name,
        NotificationType=kind,
        **({"SnsTopic": topic} if topic else {}),
    )


def waiting(name, current):
    """
    What AWS, DNS or a person must still do for an identity, as sentences. ``current`` is what ``describe`` gives.

    CLI Example:

    .. code-block:: bash

        salt-call ses_identity.waiting example.org '{status: PENDING}'
    """
    return [entry["do"] for entry in _waiting(name, current)]


def _waiting(name, current):
    status, error = current.get("status"), current.get("verification_error")
    reason = f" ({_REASONS.get(error, error)})" if error else ""
    records = f"salt-call ses_identity.dns_records {name}"
    found = []
    if status != "SUCCESS" and is_address(name):
        do = f"the owner of {name} must follow the link in the mail from SES"
        if status == "FAILED":
            do = f"the link that SES sent to {name} has lapsed. To send another: salt-call ses_identity.retry {name}"
        found.append({"what": f"verification of {name}", "on": name, "since": current.get("asked"), "do": do})
    elif status != "SUCCESS":
        do = f"SES does not see the DKIM records of {name}{reason}. To see them: {records}"
        if status == "FAILED":
            do = (
                f"SES has given up looking for the DKIM records of {name}{reason}. Add them ({records}), then: "
                f"salt-call ses_identity.retry {name}"
            )
        since = current.get("asked") or current.get("dkim_since")
        found.append({"what": f"verification of {name}", "on": "DNS", "since": since, "do": do})
    mail_from = current.get("mail_from")
    if mail_from and current.get("mail_from_status") != "SUCCESS":
        do = f"SES does not see the MX record of {mail_from}. To see it: {records}"
        if current["mail_from_status"] == "FAILED":
            do = (
                f"SES has given up looking for the MX record of {mail_from}. Add it ({records}), then: "
                f"salt-call ses_identity.retry {name}"
            )
        since = current.get("mail_from_asked")
        found.append({"what": f"MAIL FROM {mail_from} of {name}", "on": "DNS", "since": since, "do": do})
    return found


def pending(region=None, profile=None, keyid=None, key=None):
    """
    Which identities in pillar wait for DNS or for the owner of an address: a list of ``what``, ``on``, ``since`` and
    ``do``; for those that wait for DNS also ``records``, ready to paste into a zone file.

    SES does not tell since when: ``since`` is what a tag of the identity says, and ``None`` for what somebody else asked for.

    CLI Example:

    .. code-block:: bash

        salt-call ses_identity.pending
    """
    with reader.run({}, None):  # they are read together
        return _pending(region, profile, keyid, key)


def _pending(region, profile, keyid, key):
    found = []
    for name, wanted in email_plan.plan(__pillar__)["identities"].items():
        connection = {"region": region or wanted["region"], "profile": profile, "keyid": keyid, "key": key}
        current = describe(name, ["mail_from"], **connection)
        if current is None:
            do = f"the identity {name} is not there yet: salt-call state.apply aws"
            found.append({"what": f"identity {name}", "on": "you", "since": None, "do": do})
        elif _waiting(name, current):
            current = describe(name, ["mail_from", "verification_error"], **connection)
            for entry in _waiting(name, current):
                lines = {"records": dns_records(name, format="zone", **connection)} if entry["on"] == "DNS" else {}
                found.append({**entry, **lines})
    return found


def _records(session, name, mail_from, receives):
    """The records that an identity needs, by what SES and pillar say of it."""
    name = email_names.check("identity", "name", name, email_names.identity)
    current = _read(session, name, identities.of_records(name))
    if current is None:
        raise RunbookError(f"There is no identity {name} in {session.region} yet: salt-call state.apply aws makes it.")
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
    """The zone that a person named, or that pillar names for its DNS host."""
    if zone is not None:
        return email_names.check("dns_records", "zone", zone, email_names.domain)
    declared = (email_plan.plan(__pillar__)["dns"] or {}).get("zone")
    return declared if declared and f".{domain_of(name)}".endswith(f".{declared}") else None


def dns_records(
    name,
    zone=None,
    format="table",
    mail_from=None,
    receives=None,
    region=None,
    profile=None,
    keyid=None,
    key=None,
):
    """
    The DNS records that an identity needs: DKIM, MAIL FROM, inbound MX when it receives, SPF, and a DMARC record to begin
    with. What is ``optional`` SES works without; SPF and DMARC may be there already, see ``check_dns``.

    zone
        The zone at the DNS host, to show names relative to it. Default: pillar's ``aws:ses:dns:zone``.
    format
        ``table`` for a person (the default), ``zone`` for lines to paste into a zone file, or ``data``.
    mail_from, receives
        Default: what SES has, and what pillar says.

    CLI Example:

    .. code-block:: bash

        salt-call ses_identity.dns_records example.org
        salt-call ses_identity.dns_records news.example.org zone=example.org format=zone
    """
    arguments.one_of(f"dns_records {name}", "format", format, _FORMATS)
    zone = _zone(name, zone)
    wanted = _records(_session(region, profile, keyid, key), name, mail_from, receives)
    if format == "data":
        return [record.as_data(zone) for record in wanted]
    return zone_records.zone_file(wanted, zone) if format == "zone" else zone_records.as_table(wanted, zone)


def check_dns(name, format="table", nameserver=None, receives=None, region=None, profile=None, keyid=None, key=None):
    """
    Whether the records that an identity needs are in DNS: asks the authoritative servers of the zone, and then the
    resolver, which may still hold what was there before.

    ``status`` is ``present``, ``missing``, ``wrong``, ``conflicting``, ``duplicated suffix`` (the DNS host appended the
    zone to a name that had it), ``still cached`` (right at the zone's servers, not yet at the resolver), ``suggested``
    (optional, and not there) or ``unknown`` (nobody answered); ``detail`` says what was found.

    format
        ``table`` for a person (the default) or ``data``.
    nameserver
        The resolver to begin with, as HOST or HOST:PORT. Default: pillar's ``aws:ses:dns:nameserver``, then the machine's.

    receives
        Whether the inbound MX record is among them. Default: what pillar says.

    CLI Example:

    .. code-block:: bash

        salt-call ses_identity.check_dns example.org
    """
    arguments.one_of(f"check_dns {name}", "format", format, ("table", "data"))
    wanted = _records(_session(region, profile, keyid, key), name, None, receives)
    found = dns_check.check(wanted, dns_check.Dns(nameserver or _nameserver()))
    return found if format == "data" else dns_check.as_table(found)


def _nameserver():
    return (email_plan.plan(__pillar__)["dns"] or {}).get("nameserver")


def verified(name, timeout=0, nameserver=None, region=None, profile=None, keyid=None, key=None):
    """
    Wait until SES has verified an identity, and its MAIL FROM domain if it has one. The answer has ``verified``, and
    ``missing``: sentences that say what is.

    timeout
        Seconds to wait. Default: 0, just look.

    nameserver
        The resolver to ask what is missing, as HOST or HOST:PORT. Default: pillar's ``aws:ses:dns:nameserver``, then the
        machine's.

    CLI Example:

    .. code-block:: bash

        salt-call ses_identity.verified example.org timeout=3600
    """
    connection = {"region": region, "profile": profile, "keyid": keyid, "key": key}
    seen = {}

    def settled():
        seen["current"] = describe(name, ["mail_from"], **connection)
        return seen["current"] and not _waiting(name, seen["current"])

    until(settled, what=f"SES to verify {name}", timeout=timeout)
    if seen["current"] is None:
        return {"verified": False, "missing": [f"there is no identity {name}: salt-call state.apply aws makes it"]}
    if not _waiting(name, seen["current"]):
        return {"verified": True, "missing": []}
    missing = waiting(name, describe(name, ["mail_from", "verification_error"], **connection))
    if not is_address(name) or seen["current"].get("mail_from"):
        wanted = _records(_session(**connection), name, None, None)
        missing += [
            f"{entry['type']} {entry['name']} is {entry['status']}: {entry['detail']}"
            for entry in dns_check.check(wanted, dns_check.Dns(nameserver or _nameserver()))
            if entry["status"] not in ("present", "suggested", "still cached")
        ]
    return {"verified": False, "missing": missing}


def retry(name, region=None, profile=None, keyid=None, key=None):
    """
    Let SES look again for the records of an identity after it gave up; for an address, send another mail with a link.

    IAM actions: ``ses:VerifyDomainDkim``, ``ses:VerifyEmailIdentity``, ``ses:PutEmailIdentityMailFromAttributes`` and
    ``ses:TagResource``. https://docs.aws.amazon.com/ses/latest/APIReference/API_VerifyEmailIdentity.html

    CLI Example:

    .. code-block:: bash

        salt-call ses_identity.retry example.org
    """
    session = _session(region, profile, keyid, key)
    current = _read(session, name, ["mail_from"])
    if current is None:
        raise RunbookError(f"There is no identity {name} in {session.region}: salt-call state.apply aws makes it.")
    if current["status"] != "SUCCESS" and is_address(name):
        doing = f"send another mail to {name}"
        session.write("ses", "verify_email_identity", doing, region=session.region, EmailAddress=name)
        identities.write_tags(session, "identity", name, {}, identities.asked_now(identities.ASKED))
    elif current["status"] != "SUCCESS":
        doing = f"look again for the DKIM records of {name}"
        session.write("ses", "verify_domain_dkim", doing, region=session.region, Domain=name)
        identities.write_tags(session, "identity", name, {}, identities.asked_now(identities.ASKED))
    if current["mail_from"] and current["mail_from_status"] != "SUCCESS":
        update(name, mail_from=current["mail_from"], region=region, profile=profile, keyid=keyid, key=key)
    return True


def obstacles(name, delete_verified=False, region=None, profile=None, keyid=None, key=None):
    """
    Why an identity must not be deleted: a list of sentences, empty when nothing is in the way.

    delete_verified
        ``True`` when it may be deleted although mail can be sent from it.

    CLI Example:

    .. code-block:: bash

        salt-call ses_identity.obstacles example.org
    """
    current = describe(name, [], region=region, profile=profile, keyid=keyid, key=key)
    if delete_verified is True or current is None or current["status"] != "SUCCESS":
        return []
    sentence = (
        f"The identity {name} is verified and is not deleted: mail could no longer be sent from it, and its DNS records would "
        "have to be made anew. To delete it, say delete_verified: True."
    )
    return [sentence]


def delete(name, delete_verified=False, region=None, profile=None, keyid=None, key=None):
    """
    Delete an identity, with all that is set for it.

    CLI Example:

    .. code-block:: bash

        salt-call ses_identity.delete example.org delete_verified=True
    """
    refusals = obstacles(name, delete_verified, region, profile, keyid, key)
    if refusals:
        raise RunbookError("\n".join(refusals))
    session = _session(region, profile, keyid, key)
    session.write(
        "sesv2",
        "delete_email_identity",
        f"delete the identity {name}",
        absent=("NotFoundException",),
        region=session.region,
        EmailIdentity=name,
    )
    return True
