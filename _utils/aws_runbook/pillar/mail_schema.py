"""
The shape of ``aws:ses`` and ``aws:sns`` in pillar, as data: a part of :data:`aws_runbook.pillar.schema.SCHEMA`.
"""

from aws_runbook.access_keys.rotation import GRACE_DAYS
from aws_runbook.dns.records import TTL
from aws_runbook.pillar.shapes import (
    BUCKET,
    DAYS,
    FLAG,
    REGION,
    TAGS,
    TEXT,
    USER,
    choice,
    either,
    formed,
    key,
    list_of,
    mapping,
    named,
    patterned,
    text,
    whole,
)
from aws_runbook.pillar.stores_schema import store

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
# What receives verification mail, as the operators' runbook called it.
RULE_SET, RULE = "email-address-verification", "deliver-to-s3-bucket"
RECEIVING_SECONDS = 300

_SMTP = ["smtp_username", "smtp_password"]
_SMTP_STORE = store([*_SMTP, "smtp_host", "smtp_port", "access_key", "secret_key"], _SMTP)
_DOMAIN = formed("mail-domain", "give a domain such as mail.example.org")
_ADDRESS = formed("email-address", "give an email address")
_IDENTITY = formed("email-identity", "give a domain or an email address")
_TOPIC = patterned("^$|^arn:|^[A-Za-z0-9_.-]{1,256}$", "give the name of an SNS topic")
_OF_SES = "`aws:ses:region`"
_SECONDS = whole(" of seconds")


def _region(description="The region.", left_out=_OF_SES):
    return key(REGION, description, left_out=left_out)


def _reasons(description):
    return key(list_of(choice(*REASONS), "give a list of reasons"), description)


def _tags():
    return key(TAGS, "Tags. Others stay.")


_IDENTITY_SETTINGS = mapping(
    {
        "region": _region(),
        "signing_key_length": key(choice(*KEY_LENGTHS), "The key that a domain's mail is signed with."),
        "mail_from": key(
            _DOMAIN, "The domain of the envelope sender: a subdomain that sends and receives no other mail."
        ),
        "behavior_on_mx_failure": key(choice(*MX_FAILURES), "The behaviour while its MX record is missing."),
        "receives": key(FLAG, "Whether the domain's inbound MX record is among its DNS records.", default=False),
        "bounce_topic": key(_TOPIC, "The SNS topic that is notified of bounces; an empty text for none."),
        "complaint_topic": key(_TOPIC, "The same for complaints."),
        "delivery_topic": key(_TOPIC, "The same for deliveries."),
        "include_headers": key(FLAG, "Whether these notifications include the headers of the original mail."),
        "email_forwarding": key(FLAG, "Whether bounces and complaints are forwarded by mail too."),
        "configuration_set": key(TEXT, "The default configuration set of the identity's mail."),
        "tags": _tags(),
    }
)

_EVENT_DESTINATION = mapping(
    {
        "topic": key({**_TOPIC, "minLength": 1}, "The SNS topic that is notified."),
        "events": key(list_of(choice(*EVENTS), "give a list of event types"), "The events: exactly these."),
        "enabled": key(FLAG, "Whether the topic is notified.", default=True),
    },
    required=["topic", "events"],
)

_SET = formed("configuration-set", "give the name of a configuration set")
_CONFIGURATION_SET = mapping(
    {
        "region": _region(),
        "event_destinations": key(
            named(_EVENT_DESTINATION, "give a mapping of event destinations", "DESTINATION"),
            "Which topics are notified of which events.",
        ),
        "reputation_metrics_enabled": key(FLAG, "Whether this set has its own metrics of bounces and complaints."),
        "sending_enabled": key(FLAG, "Whether mail that uses this set is sent."),
        "tls_policy": key(choice(*TLS_POLICIES), "Whether mail is sent only with TLS, or also without."),
        "custom_redirect_domain": key(_DOMAIN, "The domain of links that count opens and clicks."),
        "https_policy": key(choice(*HTTPS_POLICIES), "Whether these links are HTTPS."),
        "suppressed_reasons": _reasons(
            "The reasons for which SES stops sending to an address; they replace the account's."
        ),
        "tags": _tags(),
    }
)

# Other settings (credentials, a server) are defined by the provider.
_DNS = {
    "type": "object",
    "allowed": "give a mapping",
    "properties": {
        "provider": key(
            text("give rfc2136, or a provider of dns-lexicon such as cloudflare"),
            "The publisher of records: `rfc2136`, `godaddy`, or a provider of dns-lexicon, whose settings are given beside it.",
            left_out="nobody: they are shown",
        ),
        "zone": key(_DOMAIN, "The zone at the DNS host.", left_out="looked up for each record"),
        "nameserver": key(text("give HOST or HOST:PORT"), "The DNS resolver.", left_out="the machine's"),
        "ttl": key(_SECONDS, "The time to live of added records.", default=TTL),
    },
    "names": "SETTING",
    "additionalProperties": {
        "type": ["string", "boolean", "null"],
        "writeOnly": True,
        "description": "A setting of the provider's own, such as its credentials; or the `sdb://` address of one.",
        "allowed": "give a text",
    },
}

_ACCOUNT = mapping(
    {
        "region": _region(),
        "suppression": _reasons(
            "The reasons for which SES stops sending to an address; `[]` turns the suppression list off."
        ),
        "production_access": key(
            mapping(
                {
                    "website_url": key(
                        text("give the address of a website", pattern="^https?://.+"), "The sender's website."
                    ),
                    "mail_type": key(choice("MARKETING", "TRANSACTIONAL"), "The type of most of the mail."),
                    "use_case": key(TEXT, "What is sent, to whom, and how much."),
                    "contact_language": key(choice("EN", "JA"), "The language of AWS's answer."),
                    "additional_contacts": key(
                        list_of(_ADDRESS, "give a list of email addresses"),
                        "Further addresses that AWS informs about the review.",
                    ),
                },
                required=["website_url", "mail_type", "use_case"],
            ),
            "A request to AWS, made once, to let the account send to all addresses.",
        ),
    }
)

_SMTP_USER = mapping(
    {
        "region": _region("The region of the password."),
        "from_addresses": key(
            list_of(_ADDRESS, "give a list of email addresses"), "The addresses that it may send from.", left_out="any"
        ),
        "store": key(
            _SMTP_STORE, "Where its user name and password are stored.", left_out="no key is created", page="stores.md"
        ),
        "rotate_days": key(DAYS, "After how many days its key is replaced.", left_out="never"),
        "grace_days": key(DAYS, "As for the keys of backups.", default=GRACE_DAYS),
    }
)

_RECEIVING = mapping(
    {
        "region": _region(),
        "bucket": key(BUCKET, "The bucket that the mail is received into."),
        "rule_set": key(TEXT, "The rule set that is created if none is active.", default=RULE_SET),
        "rule": key(TEXT, "The rule that is added.", default=RULE),
        "timeout": key(_SECONDS, "How long to wait for the mail.", default=RECEIVING_SECONDS),
    },
    required=["bucket"],
)

SES = key(
    mapping(
        {
            "region": _region("Where SES is used.", "`aws:region`"),
            "identities": key(
                named(_IDENTITY_SETTINGS, "give a mapping of domains and addresses", "IDENTITY", _IDENTITY),
                "Domains and addresses that mail is sent from.",
                title="Email: identities",
                page="email.md#identities",
            ),
            "dns": key(_DNS, "How DNS records are looked up and published.", title="Email: DNS", page="email.md#dns"),
            "configuration_sets": key(
                named(_CONFIGURATION_SET, "give a mapping of configuration sets", "SET", _SET),
                "Configuration sets.",
                title="Email: configuration sets",
                page="email.md#configuration-sets",
            ),
            "smtp_users": key(
                named(_SMTP_USER, "give a mapping of SMTP users", "USER", USER),
                "IAM users that may send by SMTP.",
                title="Email: SMTP users",
                page="email.md#smtp-users",
            ),
            "account": key(
                _ACCOUNT, "SES's settings for the account.", title="Email: the account", page="email.md#the-account"
            ),
            "receiving": key(
                named(_RECEIVING, "give a mapping of email addresses", "ADDRESS", _ADDRESS),
                "Addresses that are verified by receiving SES's mail.",
                title="Email: addresses verified by receiving",
                page="email.md#verifying-an-address-without-reading-its-mail",
            ),
        }
    ),
    "Email.",
    page="email.md",
    title="Email",
)

_SUBSCRIPTION = either(
    "string",
    _ADDRESS,
    mapping(
        # An endpoint can contain a password, so the state checks it, which hides the password.
        {
            "protocol": key(TEXT, "A protocol of SNS, such as `https`."),
            "endpoint": key(
                {"type": "string", "allowed": "give a URL, an ARN or a telephone number"}, "Where messages go."
            ),
            "role_arn": key(
                patterned(
                    "^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+",
                    "give the ARN of the role with which SNS writes to the delivery stream",
                ),
                "The role with which SNS writes to a delivery stream: for the protocol `firehose`, which needs it.",
                left_out="none",
            ),
        },
        "give an email address, or a mapping of protocol and endpoint",
        required=["protocol", "endpoint"],
        **{
            "if": {"required": ["protocol"], "properties": {"protocol": {"const": "firehose"}}},
            "then": {"required": ["role_arn"]},
        },
    ),
    "give an email address, or a mapping of protocol and endpoint",
)

_TOPIC_SETTINGS = mapping(
    {
        "region": _region(left_out="`aws:sns:region`"),
        "display_name": key(TEXT, "The sender's name in email."),
        "fifo": key(FLAG, "Whether it is a FIFO topic, whose name ends in `.fifo`."),
        "kms_master_key_id": key(TEXT, "The KMS key that messages are encrypted with."),
        "content_based_deduplication": key(
            FLAG, "Whether messages of a FIFO topic are deduplicated by their contents."
        ),
        "subscriptions": key(
            list_of(_SUBSCRIPTION, "give a list of email addresses"),
            "The subscribers: addresses, or mappings of `protocol` and `endpoint`. Others are kept.",
        ),
        "tags": _tags(),
    }
)

SNS = key(
    mapping(
        {
            "region": _region("The region of the topics.", "`aws:ses:region`, then `aws:region`"),
            "topics": key(
                named(
                    _TOPIC_SETTINGS,
                    "give a mapping of topics",
                    "TOPIC",
                    patterned(
                        r"^[A-Za-z0-9_-]{1,256}$|^[A-Za-z0-9_-]{1,251}\.fifo$",
                        "a topic's name has letters, digits, - and _",
                    ),
                ),
                "SNS topics.",
            ),
        }
    ),
    "Notifications.",
    page="email.md#topics",
    title="SNS topics",
)
