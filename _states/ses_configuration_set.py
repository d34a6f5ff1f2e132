"""
Manage SES's configuration sets.

.. code-block:: yaml

    aws-configuration-set-credere:
      ses_configuration_set.present:
        - name: credere
        - event_destinations:
            credere-noreply:
              topic: noreply-example-org
              events: [RENDERING_FAILURE, REJECT, DELIVERY_DELAY]
"""

from aws_runbook.errors import RunbookError
from aws_runbook.kinds import connected, converge, states
from aws_runbook.mail import topics
from aws_runbook.run.prefetch import Role

# SES accepts about one call a second, so reading in parallel gains nothing.
ROLE = Role(read_ahead=False)


def present(
    name,
    event_destinations=None,
    reputation_metrics_enabled=None,
    sending_enabled=None,
    tls_policy=None,
    custom_redirect_domain=None,
    https_policy=None,
    suppressed_reasons=None,
    tags=None,
    purge=False,
    region=None,
    profile=None,
    keyid=None,
    key=None,
):
    """
    Ensure that a configuration set exists with the given attributes. Arguments left at ``None`` are not managed.

    name
        The configuration set.
    event_destinations
        A mapping of names to ``topic``, ``events`` (exactly these event types) and ``enabled``. Other destinations are kept, unless
        ``purge``.
    reputation_metrics_enabled
        ``True`` to publish this set's own metrics of bounces and complaints.
    sending_enabled
        ``False`` to refuse mail that uses this set.
    tls_policy
        ``REQUIRE`` or ``OPTIONAL``.
    custom_redirect_domain, https_policy
        The domain of links that count opens and clicks (``""`` for SES's own), and ``REQUIRE``, ``REQUIRE_OPEN_ONLY`` or
        ``OPTIONAL``.
    suppressed_reasons
        A list of ``BOUNCE`` and ``COMPLAINT``, which replaces the account's.
    tags
        A mapping. Other tags are kept, unless ``purge``.
    purge
        ``True`` to remove event destinations and tags that are not listed here.
    region, profile, keyid, key
        The region of the configuration set, and the connection to the account.
    """
    given, salt = locals(), converge.Salt(globals())

    def resolve(current, wanted):
        domain = wanted.get("custom_redirect_domain", current.get("custom_redirect_domain"))
        if wanted.get("https_policy") and not domain:
            raise RunbookError(
                f"configuration set {name}: https_policy is {wanted['https_policy']!r}, which requires a custom domain: give "
                "custom_redirect_domain too."
            )
        used = {
            f"event_destinations:{destination}:topic": entry["topic"]
            for destination, entry in wanted.get("event_destinations", {}).items()
            if "topic" in entry
        }
        topics.check_there(salt, f"configuration set {name}", used, connected.connection(given))
        return wanted, []

    return states.present("ses_configuration_set", given, salt, resolve=resolve)


def absent(name, region=None, profile=None, keyid=None, key=None):
    """
    Ensure that a configuration set does not exist. SES refuses mail that uses it from then on.

    name
        The configuration set.
    region, profile, keyid, key
        The region of the configuration set, and the connection to the account.
    """
    return states.absent("ses_configuration_set", locals(), converge.Salt(globals()))
