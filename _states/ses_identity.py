"""
Manage SES's identities: the domains and addresses that mail is sent from.

.. code-block:: yaml

    aws-identity-noreply.example.org:
      ses_identity.present:
        - name: noreply.example.org
        - signing_key_length: RSA_2048_BIT
        - mail_from: mail.noreply.example.org
"""

from aws_runbook import converge, topics
from aws_runbook.errors import RunbookError

__instance_id__ = None  # this and the next are set by Salt while it runs states
__lowstate__ = ()
__lowstate__ = None

_TOPICS = ("bounce_topic", "complaint_topic", "delivery_topic")


def _salt():
    return converge.Salt(__salt__, __opts__, __context__, __instance_id__, __states__, __lowstate__)


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
    Ensure that an identity exists with the given attributes. What is left at ``None`` is not managed.

    What DNS or the owner of an address must still do is a warning, and no failure.

    name
        The domain or the address.
    signing_key_length
        ``RSA_2048_BIT`` or ``RSA_1024_BIT``: the key that a domain's mail is signed with.
    mail_from
        A subdomain that is the envelope sender, and sends and receives nothing else; ``""`` for SES's own.
    behavior_on_mx_failure
        ``USE_DEFAULT_VALUE`` or ``REJECT_MESSAGE``: what happens while its MX record is missing.
    bounce_topic, complaint_topic, delivery_topic
        The SNS topics that are notified, by name; ``""`` for none.
    include_headers
        Whether notifications of bounces and complaints have the original headers.
    email_forwarding
        Whether bounces and complaints come by mail too. Off only with a topic for both.
    configuration_set
        The one that mail uses unless it names another; ``""`` for none.
    tags
        A mapping. Other tags stay, unless ``purge``.
    purge
        ``True`` to remove tags that are not in ``tags``.
    region, profile, keyid, key
        Where the identity is, and how to reach the account.
    """
    salt = _salt()
    connection = {"region": region, "profile": profile, "keyid": keyid, "key": key}

    def resolve(current, wanted):
        used = {argument: wanted.get(argument) for argument in _TOPICS}
        topics.check_there(salt, f"identity {name}", used, connection, __lowstate__)
        _check_forwarding(name, current, wanted)
        waiting = salt.call("ses_identity.waiting", name, current) if current else []
        return wanted, [f"Waiting: {sentence}." for sentence in waiting]

    return converge.present(
        "ses_identity",
        name,
        {
            "signing_key_length": signing_key_length,
            "mail_from": mail_from,
            "behavior_on_mx_failure": behavior_on_mx_failure,
            "bounce_topic": bounce_topic,
            "complaint_topic": complaint_topic,
            "delivery_topic": delivery_topic,
            "include_headers": include_headers,
            "email_forwarding": email_forwarding,
            "configuration_set": configuration_set,
            "tags": tags,
        },
        salt,
        subject=f"SES identity {name}",
        create_with=("signing_key_length", "configuration_set", "tags"),
        keep=() if purge else ("tags",),
        resolve=resolve,
        connection=connection,
    )


def _check_forwarding(name, current, wanted):
    """SES refuses to turn forwarding off while feedback would go nowhere."""
    if wanted.get("email_forwarding") is not False:
        return
    missing = [
        argument for argument in ("bounce_topic", "complaint_topic") if not wanted.get(argument, current.get(argument))
    ]
    if missing:
        raise RunbookError(
            f"identity {name}: email_forwarding is False, but there is no {' and no '.join(missing)}: AWS turns forwarding "
            "off only while both topics are set."
        )


def verified(name, timeout=0, region=None, profile=None, keyid=None, key=None):
    """
    Wait until an identity is verified, and its MAIL FROM domain too. The state fails, and says what is missing, when that
    takes too long. It changes nothing.

    name
        The domain or the address.
    timeout
        Seconds to wait. Default: 0, just look. Under ``test=True`` it does not wait.
    region, profile, keyid, key
        Where the identity is, and how to reach the account.
    """
    salt = _salt()
    connection = {"region": region, "profile": profile, "keyid": keyid, "key": key}

    def plan():
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
        The domain or the address. A verified one is not deleted, and the state fails.
    delete_verified
        ``True`` to delete it although mail can be sent from it.
    region, profile, keyid, key
        Where the identity is, and how to reach the account.
    """
    return converge.absent(
        "ses_identity",
        name,
        _salt(),
        subject=f"SES identity {name}",
        connection={"region": region, "profile": profile, "keyid": keyid, "key": key},
        delete_verified=delete_verified,
    )
