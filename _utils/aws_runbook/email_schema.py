"""
The shape of ``aws:ses`` and ``aws:sns`` in pillar, as data: a part of :data:`aws_runbook.schema.SCHEMA`.
"""

_MAPPING = "give a mapping"
_FLAG = {"type": "boolean", "description": "give True or False"}
_TEXT = {"type": "string", "minLength": 1, "description": "give a text"}
_REGION = {"type": "string", "format": "aws-region", "description": "give a region such as eu-west-2"}
_TAGS = {"$ref": "#/$defs/tags"}
_STORE = {"$ref": "#/$defs/smtp_store"}
_DOMAIN = {"type": "string", "format": "mail-domain", "description": "give a domain such as mail.example.org"}
_ADDRESS = {"type": "string", "format": "email-address", "description": "give an email address"}
_IDENTITY = {
    "type": "string",
    "format": "email-identity",
    "description": "give a domain or an email address",
}
_TOPIC = {
    "type": "string",
    "pattern": "^$|^arn:|^[A-Za-z0-9_.-]{1,256}$",
    "description": "give the name of an SNS topic",
}


def _choice(*values):
    return {"enum": list(values), "description": f"allowed are {', '.join(values)}"}


def _list_of(item, what):
    return {"type": "array", "items": item, "description": f"give a list of {what}"}


def _mapping(properties, description=_MAPPING, **more):
    return {
        "type": "object",
        "description": description,
        "additionalProperties": False,
        "properties": properties,
        **more,
    }


def _named(entry, description, names=_TEXT):
    return {
        "type": "object",
        "description": description,
        "propertyNames": names,
        "additionalProperties": {**entry, "type": ["object", "null"]},
    }


REASONS = ("BOUNCE", "COMPLAINT")
EVENTS = (
    "SEND",
    "REJECT",
    "BOUNCE",
    "COMPLAINT",
    "DELIVERY",
    "OPEN",
    "CLICK",
    "RENDERING_FAILURE",
    "DELIVERY_DELAY",
    "SUBSCRIPTION",
)
KEY_LENGTHS = ("RSA_1024_BIT", "RSA_2048_BIT")
MX_FAILURES = ("USE_DEFAULT_VALUE", "REJECT_MESSAGE")
TLS_POLICIES = ("REQUIRE", "OPTIONAL")
HTTPS_POLICIES = ("REQUIRE", "REQUIRE_OPEN_ONLY", "OPTIONAL")

_IDENTITY_SETTINGS = _mapping(
    {
        "region": _REGION,
        "signing_key_length": _choice(*KEY_LENGTHS),
        "mail_from": _DOMAIN,
        "behavior_on_mx_failure": _choice(*MX_FAILURES),
        "receives": _FLAG,
        "bounce_topic": _TOPIC,
        "complaint_topic": _TOPIC,
        "delivery_topic": _TOPIC,
        "include_headers": _FLAG,
        "email_forwarding": _FLAG,
        "configuration_set": _TEXT,
        "tags": _TAGS,
    }
)

_EVENT_DESTINATION = _mapping(
    {"topic": {**_TOPIC, "minLength": 1}, "events": _list_of(_choice(*EVENTS), "event types"), "enabled": _FLAG},
    required=["topic", "events"],
)

_CONFIGURATION_SET = _mapping(
    {
        "region": _REGION,
        "event_destinations": _named(_EVENT_DESTINATION, "give a mapping of event destinations"),
        "reputation_metrics_enabled": _FLAG,
        "sending_enabled": _FLAG,
        "tls_policy": _choice(*TLS_POLICIES),
        "custom_redirect_domain": _DOMAIN,
        "https_policy": _choice(*HTTPS_POLICIES),
        "suppressed_reasons": _list_of(_choice(*REASONS), "reasons"),
        "tags": _TAGS,
    }
)

# What else a provider needs (credentials, a server) is the provider's own affair.
_DNS = {
    "type": "object",
    "description": "give a mapping",
    "properties": {
        "provider": {**_TEXT, "description": "give rfc2136, or a provider of dns-lexicon such as cloudflare"},
        "zone": _DOMAIN,
        "nameserver": {**_TEXT, "description": "give HOST or HOST:PORT"},
        "ttl": {"type": "integer", "minimum": 1, "description": "give a number of seconds"},
    },
}

_ACCOUNT = _mapping(
    {
        "region": _REGION,
        "suppression": _list_of(_choice(*REASONS), "reasons"),
        "production_access": _mapping(
            {
                "website_url": {**_TEXT, "pattern": "^https?://.+", "description": "give the address of a website"},
                "mail_type": _choice("MARKETING", "TRANSACTIONAL"),
                "use_case": _TEXT,
                "contact_language": _choice("EN", "JA"),
                "additional_contacts": _list_of(_ADDRESS, "email addresses"),
            },
            required=["website_url", "mail_type", "use_case"],
        ),
    }
)

SES = _mapping(
    {
        "region": _REGION,
        "identities": _named(_IDENTITY_SETTINGS, "give a mapping of domains and addresses", _IDENTITY),
        "dns": _DNS,
        "configuration_sets": _named(_CONFIGURATION_SET, "give a mapping of configuration sets"),
        "smtp_users": _named(
            _mapping(
                {
                    "region": _REGION,
                    "from_addresses": _list_of(_ADDRESS, "email addresses"),
                    "store": _STORE,
                    "rotate_days": {"type": "integer", "minimum": 1, "description": "give a number of days"},
                    "grace_days": {"type": "integer", "minimum": 0, "description": "give a number of days"},
                }
            ),
            "give a mapping of SMTP users",
            {"type": "string", "format": "iam-user", "description": "give the name of an IAM user"},
        ),
        "account": _ACCOUNT,
        "receiving": _named(
            _mapping(
                {
                    "region": _REGION,
                    "bucket": {"type": "string", "format": "s3-bucket", "description": "give the name of an S3 bucket"},
                    "rule_set": _TEXT,
                    "rule": _TEXT,
                    "timeout": {"type": "integer", "minimum": 1, "description": "give a number of seconds"},
                },
                required=["bucket"],
            ),
            "give a mapping of email addresses",
            _ADDRESS,
        ),
    }
)

_SUBSCRIPTION = {
    "description": "give an email address, or a mapping of protocol and endpoint",
    "if": {"type": "string"},
    "then": _ADDRESS,
    "else": _mapping(
        # An endpoint can hold a password: what is wrong with it is said by the state, which hides that.
        {
            "protocol": _TEXT,
            "endpoint": {"type": ["string", "integer"], "description": "give a URL, an ARN or a number"},
        },
        "give an email address, or a mapping of protocol and endpoint",
        required=["protocol", "endpoint"],
    ),
}

SNS = _mapping(
    {
        "region": _REGION,
        "topics": _named(
            _mapping(
                {
                    "region": _REGION,
                    "display_name": _TEXT,
                    "fifo": _FLAG,
                    "kms_master_key_id": _TEXT,
                    "content_based_deduplication": _FLAG,
                    "subscriptions": _list_of(_SUBSCRIPTION, "email addresses"),
                    "tags": _TAGS,
                }
            ),
            "give a mapping of topics",
            {
                "type": "string",
                "pattern": r"^[A-Za-z0-9_-]{1,256}$|^[A-Za-z0-9_-]{1,251}\.fifo$",
                "description": "a topic's name has letters, digits, - and _",
            },
        ),
    }
)
