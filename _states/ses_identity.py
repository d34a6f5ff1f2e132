"""
Manage SES's identities: the domains and addresses that mail is sent from.

.. code-block:: yaml

    aws-identity-noreply.example.org:
      ses_identity.present:
        - name: noreply.example.org
        - signing_key_length: RSA_2048_BIT
        - mail_from: mail.noreply.example.org
"""

from aws_runbook.dns.names import is_address
from aws_runbook.errors import RunbookError
from aws_runbook.kinds import arguments, connected, converge, states
from aws_runbook.mail import identities, topics
from aws_runbook.run.prefetch import Role

# SES accepts about one call a second, so reading in parallel gains nothing.
ROLE = Role(read_ahead=False)

_TOPICS = ("bounce_topic", "complaint_topic", "delivery_topic")


def present(
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
    purge=False,
    region=None,
    profile=None,
    keyid=None,
    key=None,
):
    """
    Ensure that an identity exists with the given attributes. Arguments left at ``None`` are not managed.

    Missing DNS records and unconfirmed addresses are warnings; the state does not fail.

    name
        The domain or the address.
    signing_key_length
        ``RSA_2048_BIT`` or ``RSA_1024_BIT``: the key that a domain's mail is signed with.
    mail_from
        The subdomain of the envelope sender, which sends and receives no other mail; ``""`` for SES's own.
    behavior_on_mx_failure
        ``USE_DEFAULT_VALUE`` or ``REJECT_MESSAGE``: the behaviour while its MX record is missing.
    bounce_topic, complaint_topic, delivery_topic
        The SNS topics that are notified, by name; ``""`` for none.
    include_headers
        Whether notifications of bounces and complaints include the original headers.
    email_forwarding
        Whether bounces and complaints are forwarded by mail too. ``False`` needs a topic for both.
    configuration_set
        The default configuration set of the identity's mail; ``""`` for none.
    tags
        A mapping. Other tags are kept, unless ``purge``.
    purge
        ``True`` to remove tags that are not in ``tags``.
    region, profile, keyid, key
        The region of the identity, and the connection to the account.
    """
    given, salt = locals(), converge.Salt(globals())
    connection = connected.connection(given)

    def resolve(current, wanted):
        used = {argument: wanted.get(argument) for argument in _TOPICS}
        topics.check_there(salt, f"identity {name}", used, connection)
        _check_forwarding(salt, name, current, wanted, connection)
        _check_configuration_set(salt, name, current, wanted, connection)
        if "signing_key_length" in wanted:
            identities.check_easy_dkim(name, current)
        return wanted, _waiting(salt, name, current, connection)

    return states.present("ses_identity", given, salt, resolve=resolve)


def _waiting(salt, name, current, connection):
    """
    What the identity waits for, as warnings.

    A separate call returns with which key a domain signs and why SES does not see its record, so it is made only if needed.
    """
    if current and current["status"] != "SUCCESS" and not is_address(name) and "signing_origin" not in current:
        current = salt.call("ses_identity.describe", name, ["mail_from", "verification_error"], **connection) or current
    sentences = salt.call("ses_identity.waiting", name, current, **connection) if current else []
    return [f"Waiting: {sentence}." for sentence in sentences]


def _check_configuration_set(salt, name, current, wanted, connection):
    """Refuse a configuration set that neither exists nor is created by a state of this run."""
    chosen = wanted.get("configuration_set")
    if not chosen or chosen == current.get("configuration_set") or chosen in salt.created("ses_configuration_set"):
        return
    if salt.call("ses_configuration_set.describe", chosen, [], **connection) is None:
        raise RunbookError(
            f"identity {name}: configuration_set is {chosen!r}, but there is no such configuration set: declare it under "
            "aws:ses:configuration_sets, or name an existing one."
        )


def _check_forwarding(salt, name, current, wanted, connection):
    """SES refuses to turn forwarding off while feedback would go nowhere, and to remove a topic while forwarding is off."""
    feedback = ("bounce_topic", "complaint_topic")
    removed = [argument for argument in feedback if wanted.get(argument) == "" and current.get(argument)]
    if removed and "email_forwarding" not in wanted:
        found = salt.call("ses_identity.describe", name, ["email_forwarding"], **connection)
        if found and found["email_forwarding"] is False:
            raise RunbookError(
                f"identity {name}: {' and '.join(removed)} would be removed, but email_forwarding is off, and AWS turns it off only while "
                "both topics are set: set email_forwarding: True too."
            )
    if wanted.get("email_forwarding") is not False:
        return
    missing = [argument for argument in feedback if not wanted.get(argument, current.get(argument))]
    if missing:
        raise RunbookError(
            f"identity {name}: email_forwarding is False, but there is no {' and no '.join(missing)}: AWS turns forwarding "
            "off only while both topics are set."
        )


def verified(name, timeout=0, region=None, profile=None, keyid=None, key=None):
    """
    Wait until an identity and its MAIL FROM domain are verified.

    Wait until an identity and its MAIL FROM domain are verified. After the timeout the state fails with a list of what is
    missing. It changes nothing.

    name
        The domain or the address.
    timeout
        Seconds to wait. Default: 0, check once. Under ``test=True`` it does not wait.
    region, profile, keyid, key
        The region of the identity, and the connection to the account.
    """
    salt = converge.Salt(globals())
    connection = {"region": region, "profile": profile, "keyid": keyid, "key": key}

    def plan():
        arguments.seconds(f"verification of {name}", "timeout", timeout)
        found = salt.call("ses_identity.verified", name, timeout=0 if salt.test else timeout, **connection)
        if not found["verified"] and salt.test:
            return {"changes": {}, "warnings": [f"Waiting: {sentence}." for sentence in found["missing"]]}
        if not found["verified"]:
            raise RunbookError(f"{name} is not verified after {timeout} seconds:\n" + "\n".join(found["missing"]))
        return {"changes": {}}

    return converge.converge(name, f"Verification of {name}", plan, lambda _planned: None, salt)


def absent(name, delete_verified=False, region=None, profile=None, keyid=None, key=None):
    """
    Ensure that an identity does not exist.

    name
        The domain or the address. The state fails if it is verified.
    delete_verified
        ``True`` to delete a verified identity: mail can no longer be sent from it.
    region, profile, keyid, key
        The region of the identity, and the connection to the account.
    """
    return states.absent("ses_identity", locals(), converge.Salt(globals()))
