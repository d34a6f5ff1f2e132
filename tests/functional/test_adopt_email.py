"""Email, adopted: from pillar and back, and from an account that was made by hand."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_runbook.mail import plan as plans
from aws_runbook.mail import smtp
from tests.functional.adopting import PLAIN, Console, adopt, assert_describes, changing, pasted, unnoted

MINION = "control"
REGION = "us-east-1"
DOMAINS = ("example.org", "noreply.example.org")
ADDRESSES = ("ops@example.org", "data@other.example.net")
TOPICS = ("bounces", "noreply-example-org")
SETS = ("credere", "Marketing_2")
EVENTS = ("SEND", "BOUNCE", "DELIVERY_DELAY", "RENDERING_FAILURE")
SMTP_USERS = ("ses-smtp-user.20210514-103011", "mailer")
# What stands in an endpoint's URL may be told to nobody.
CANARY = "canary-8d1f"

names_of_tags = st.dictionaries(
    st.sampled_from(["team", "Cost Center"]), st.sampled_from(["data", "12", "{{ x }}"]), min_size=1
)
topics = st.fixed_dictionaries(
    {},
    optional={
        "display_name": st.just("Ops"),
        "subscriptions": st.sampled_from(
            [
                ["ops@example.org"],
                [{"protocol": "https", "endpoint": "https://example.org/sns"}, "ops@example.org"][::-1],
            ]
        ).map(lambda found: sorted(found, key=lambda entry: isinstance(entry, dict))),
        "tags": names_of_tags,
    },
)


@st.composite
def pillars(draw):
    """Pillar in which nothing is said that is so by default."""
    known = draw(st.dictionaries(st.sampled_from(TOPICS), topics, max_size=2))
    topic = st.sampled_from(sorted(known)) if known else st.nothing()
    feedback = {"bounce_topic": topic, "complaint_topic": topic, "delivery_topic": topic} if known else {}
    both = {
        "include_headers": st.just(True),
        "configuration_set": st.sampled_from(SETS),
        "tags": names_of_tags,
        **feedback,
    }
    address = st.fixed_dictionaries({}, optional=both)
    lengths = st.sampled_from(["RSA_1024_BIT", "RSA_2048_BIT"])
    identities = {
        name: draw(
            st.fixed_dictionaries(
                {"signing_key_length": lengths}, optional={**both, "mail_from": st.just(f"mail.{name}")}
            )
        )
        for name in draw(st.sets(st.sampled_from(DOMAINS)))
    }
    identities |= {name: draw(address) for name in draw(st.sets(st.sampled_from(ADDRESSES)))}
    destination = st.fixed_dictionaries(
        {"topic": topic, "events": st.sets(st.sampled_from(EVENTS), min_size=1).map(sorted)},
        optional={"enabled": st.just(False)},
    )
    sets = {
        name: draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "tls_policy": st.just("REQUIRE"),
                    "sending_enabled": st.just(False),
                    "suppressed_reasons": st.sampled_from([[], ["BOUNCE"]]),
                    **(
                        {"event_destinations": st.dictionaries(st.just("tell"), destination, min_size=1)}
                        if known
                        else {}
                    ),
                },
            )
        )
        for name in SETS
    }
    users = st.fixed_dictionaries({}, optional={"from_addresses": st.just(["ops@example.org"])})
    ses = {
        "identities": identities,
        "configuration_sets": sets,
        "smtp_users": draw(st.dictionaries(st.sampled_from(SMTP_USERS), users, max_size=2)),
        "account": draw(st.fixed_dictionaries({}, optional={"suppression": st.sampled_from([[], ["BOUNCE"]])})),
    }
    found = {"ses": {name: part for name, part in ses.items() if part}, "sns": {"topics": known} if known else {}}
    return {"aws": {name: part for name, part in found.items() if part}}


def states_of(pillar):
    """The states that aws.email makes of it: (function, arguments)."""
    plan = plans.plan(pillar)
    for kind, function in (
        ("topics", "sns_topic.present"),
        ("configuration_sets", "ses_configuration_set.present"),
        ("identities", "ses_identity.present"),
        ("smtp_users", "ses_smtp_user.present"),
    ):
        for name, arguments in plan[kind].items():
            given = {argument: value for argument, value in arguments.items() if argument != "receives"}
            if given.get("subscriptions"):
                given["subscriptions"] = pillar["aws"]["sns"]["topics"][name]["subscriptions"]
            yield function, {"name": name, **given}
    if plan["account"]:
        yield "ses_account.configured", {"name": "x", **plan["account"]}


@PLAIN
@given(pillars())
def test_resources_made_from_pillar_are_described_as_that_pillar(sandbox, modules, runner, minion_opts, pillar):
    sandbox.reset()
    assert [ret["comment"] for ret in runner.run(states_of(pillar)).values() if ret["result"] is not True] == []
    for user in pillar["aws"]["ses"].get("smtp_users", {}):
        Console(sandbox).key(user)
    sandbox.clear_calls()
    result = adopt(modules, minion_opts, {MINION: {}}, MINION)
    assert sandbox.calls(write=True) == []
    assert_describes(result, MINION, pillar)


# What people do to a thing in the console, or to one of the same name in another region.
OF_TOPICS = ("display name", "tags", "queue", "query", "password", "fifo twin")
OF_DOMAINS = ("own key", "short key", "no signing", "MAIL FROM", "MAIL FROM of another", "tags", "default set")
OF_ADDRESSES = ("one header", "forwarding off", "gone topic", "delivery", "default set", "tags")
OF_SETS = (
    "cloudwatch",
    "topic",
    "gone topic",
    "off",
    "tracking",
    "TLS",
    "no sending",
    "suppression",
    "tags",
)
# Pillar would let these send more.
LIMITED = ("any of a domain", "from the office", "denied")
SMTP_FORMS = (
    "console",
    "group",
    "managed",
    "other name",
    "path",
    "any of a domain",
    "from the office",
    "two keys",
    "admin",
    "denied",
)
ELSEWHERE = "eu-west-1"


@st.composite
def clicked(draw):
    """What people choose in the console."""

    def some(names, what, size=3):
        return {
            name: sorted(draw(st.sets(st.sampled_from(what), max_size=size)))
            for name in draw(st.sets(st.sampled_from(names)))
        }

    def all_of_it():
        return {
            "topics": some(TOPICS, OF_TOPICS),
            "domains": some(DOMAINS, OF_DOMAINS),
            "addresses": some(ADDRESSES, OF_ADDRESSES),
            "sets": some(SETS, OF_SETS),
        }

    elsewhere = draw(st.booleans())
    return {
        REGION: all_of_it(),
        **({ELSEWHERE: all_of_it()} if elsewhere else {}),
        "users": {name: draw(st.sampled_from(SMTP_FORMS)) for name in draw(st.sets(st.sampled_from(SMTP_USERS)))},
        "receiving": draw(st.booleans()),
        "suppression": draw(st.sampled_from([None, [], ["COMPLAINT"]])),
    }


class Clicked:
    """What people have made in one region."""

    def __init__(self, sandbox, region, choices):
        self.sns, self.ses, self.sesv2 = (sandbox.client(name, region=region) for name in ("sns", "ses", "sesv2"))
        self.topic = self.sns.create_topic(Name="events")["TopicArn"]
        self.default_set = "defaults"
        self.sesv2.create_configuration_set(ConfigurationSetName=self.default_set)
        for name, done in choices["topics"].items():
            self._topic(name, done)
        for name, done in choices["domains"].items():
            self._domain(name, done)
        for name, done in choices["addresses"].items():
            self._address(name, done)
        for name, done in choices["sets"].items():
            self._set(name, done)

    def _topic(self, name, done):
        arn = self.sns.create_topic(Name=name, Tags=[{"Key": "Team", "Value": "{{ web }}"}] if "tags" in done else [])[
            "TopicArn"
        ]
        self.sns.subscribe(TopicArn=arn, Protocol="email", Endpoint="ops@example.org")
        if "display name" in done:
            self.sns.set_topic_attributes(TopicArn=arn, AttributeName="DisplayName", AttributeValue='Ops: "mail" #1')
        if "queue" in done:
            queue = f"arn:aws:sqs:us-east-1:{arn.split(':')[4]}:bounces"
            self.sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": "true"})
        if "query" in done:
            self.sns.subscribe(TopicArn=arn, Protocol="https", Endpoint=f"https://example.org/x?t={CANARY}")
        if "password" in done:
            self.sns.subscribe(TopicArn=arn, Protocol="https", Endpoint=f"https://user:{CANARY}@example.org/x")
        if "fifo twin" in done:
            self.sns.create_topic(Name=f"{name}.fifo", Attributes={"FifoTopic": "true"})

    def _domain(self, name, done):
        own = {"DomainSigningSelector": "x", "DomainSigningPrivateKey": "c2VjcmV0"}
        short = {"NextSigningKeyLength": "RSA_1024_BIT"}
        signing = own if "own key" in done else short if "short key" in done else None
        self.sesv2.create_email_identity(EmailIdentity=name, **({"DkimSigningAttributes": signing} if signing else {}))
        if "no signing" in done:
            self.sesv2.put_email_identity_dkim_attributes(EmailIdentity=name, SigningEnabled=False)
        if {"MAIL FROM", "MAIL FROM of another"} & {*done}:
            where = f"bounce.{name}" if "MAIL FROM" in done or name != DOMAINS[0] else DOMAINS[1]
            self.sesv2.put_email_identity_mail_from_attributes(
                EmailIdentity=name, MailFromDomain=where, BehaviorOnMxFailure="REJECT_MESSAGE"
            )
        self._both(name, done)

    def _address(self, name, done):
        self.sesv2.create_email_identity(EmailIdentity=name)
        _feedback(self.ses, self.sesv2, self.sns, name, done, self.topic)
        self._both(name, done)

    def _both(self, name, done):
        if "default set" in done:
            self.sesv2.put_email_identity_configuration_set_attributes(
                EmailIdentity=name, ConfigurationSetName=self.default_set
            )
        if "tags" in done:
            region = self.sesv2.meta.region_name
            account = self.topic.split(":")[4]
            arn = f"arn:aws:ses:{region}:{account}:identity/{name}"
            self.sesv2.tag_resource(ResourceArn=arn, Tags=[{"Key": "Cost Center", "Value": "12"}])

    def _set(self, name, done):
        tags = [{"Key": "Cost Center", "Value": "no"}] if "tags" in done else []
        self.sesv2.create_configuration_set(ConfigurationSetName=name, Tags=tags)
        _destinations(self.sesv2, self.sns, name, done, self.topic)
        if "tracking" in done:
            self.sesv2.put_configuration_set_tracking_options(
                ConfigurationSetName=name, CustomRedirectDomain="click.example.org", HttpsPolicy="REQUIRE"
            )
        if "TLS" in done:
            self.sesv2.put_configuration_set_delivery_options(ConfigurationSetName=name, TlsPolicy="REQUIRE")
        if "no sending" in done:
            self.sesv2.put_configuration_set_sending_options(ConfigurationSetName=name, SendingEnabled=False)
        if "suppression" in done:
            self.sesv2.put_configuration_set_suppression_options(
                ConfigurationSetName=name, SuppressedReasons=["BOUNCE"]
            )


def click(sandbox, choices):
    for region in (REGION, ELSEWHERE):
        if region in choices:
            Clicked(sandbox, region, choices[region])
    for name, choice in choices["users"].items():
        _smtp_user(Console(sandbox), name, choice)
    ses, sesv2 = sandbox.client("ses"), sandbox.client("sesv2")
    if choices["receiving"]:
        ses.create_receipt_rule_set(RuleSetName="inbound")
        ses.create_receipt_rule(
            RuleSetName="inbound",
            Rule={"Name": "stop", "Enabled": True, "Actions": [{"StopAction": {"Scope": "RuleSet"}}]},
        )
        ses.set_active_receipt_rule_set(RuleSetName="inbound")
    if choices["suppression"] is not None:
        sesv2.put_account_suppression_attributes(SuppressedReasons=choices["suppression"])


def _feedback(ses, sesv2, sns, name, done, topic):
    if "delivery" in done:
        ses.set_identity_notification_topic(Identity=name, NotificationType="Delivery", SnsTopic=topic)
    if "one header" in done:
        ses.set_identity_headers_in_notifications_enabled(Identity=name, NotificationType="Bounce", Enabled=True)
    if "gone topic" in done:
        gone = sns.create_topic(Name="gone")["TopicArn"]
        ses.set_identity_notification_topic(Identity=name, NotificationType="Bounce", SnsTopic=gone)
        sns.delete_topic(TopicArn=gone)
    if "forwarding off" in done:
        for kind in ("Bounce", "Complaint"):
            ses.set_identity_notification_topic(Identity=name, NotificationType=kind, SnsTopic=topic)
        sesv2.put_email_identity_feedback_attributes(EmailIdentity=name, EmailForwardingEnabled=False)


def _destinations(sesv2, sns, name, done, topic):
    dimension = {"DimensionName": "a", "DimensionValueSource": "MESSAGE_TAG", "DefaultDimensionValue": "b"}
    if "cloudwatch" in done:
        _destination(sesv2, name, "metrics", CloudWatchDestination={"DimensionConfigurations": [dimension]})
    if "topic" in done:
        _destination(sesv2, name, "out", enabled="off" not in done, SnsDestination={"TopicArn": topic})
    if "gone topic" in done:
        gone = sns.create_topic(Name="gone")["TopicArn"]
        _destination(sesv2, name, "gone", SnsDestination={"TopicArn": gone})
        sns.delete_topic(TopicArn=gone)


def _destination(sesv2, name, called, *, enabled=True, **where):
    sesv2.create_configuration_set_event_destination(
        ConfigurationSetName=name,
        EventDestinationName=called,
        EventDestination={"Enabled": enabled, "MatchingEventTypes": ["BOUNCE"], **where},
    )


def _smtp_user(console, name, choice):
    if choice == "path":
        console.iam.create_user(UserName=name, Path="/mail/")
    else:
        console.user(name)
    for _ in range(2 if choice == "two keys" else 1):
        console.key(name)
    everything = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    sending = {"Effect": "Allow", "Action": "ses:SendRawEmail", "Resource": "*"}
    statements = {
        "any of a domain": [{**sending, "Condition": {"StringLike": {"ses:FromAddress": "*@example.org"}}}],
        "from the office": [{**sending, "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}],
        "denied": [
            sending,
            {
                "Effect": "Deny",
                "Action": "ses:SendRawEmail",
                "Resource": "*",
                "Condition": {"StringEquals": {"ses:FromAddress": "boss@example.org"}},
            },
        ],
        "two keys": [sending],
        "path": [{**sending, "Action": ["ses:SendRawEmail", "ses:SendEmail"]}],
    }
    if choice == "managed":
        arn = console.policy(f"{name}-sends", smtp.document())
        console.iam.attach_user_policy(UserName=name, PolicyArn=arn)
    elif choice == "group":
        console.iam.create_group(GroupName=f"AWSSESSendingGroup-{name}")
        console.iam.put_group_policy(
            GroupName=f"AWSSESSendingGroup-{name}", PolicyName=smtp.POLICY, PolicyDocument=json.dumps(smtp.document())
        )
        console.iam.add_user_to_group(GroupName=f"AWSSESSendingGroup-{name}", UserName=name)
    else:
        called = "mail" if choice == "other name" else smtp.POLICY
        document = everything if choice == "admin" else smtp.document(["ops@example.org"])
        if choice in statements:
            document = {"Version": "2012-10-17", "Statement": statements[choice]}
        console.iam.put_user_policy(UserName=name, PolicyName=called, PolicyDocument=json.dumps(document))


@PLAIN
@given(clicked())
def test_resources_made_by_hand_are_described_or_noted(sandbox, modules, runner, minion_opts, choices):
    sandbox.reset()
    click(sandbox, choices)
    sandbox.clear_calls()
    known = (
        {"aws": {"ses": {"identities": {"first.example.org": {"region": ELSEWHERE}}}}} if ELSEWHERE in choices else {}
    )
    result = adopt(modules, minion_opts, {MINION: known}, MINION)
    assert sandbox.calls(write=True) == []
    assert CANARY not in str(result.as_data())
    adopted = pasted({MINION: known}, result)[MINION]
    assert unnoted(changing(runner, states_of(adopted)), result.notes) == {}
    said, noted = adopted["aws"].get("ses", {}), {note.about for note in result.notes}
    assert set(said.get("identities", {})) - {"first.example.org"} == {
        name
        for region in (REGION, ELSEWHERE)
        if region in choices
        for name in (*choices[region]["domains"], *choices[region]["addresses"])
    }
    for name, choice in choices["users"].items():
        assert (name in said.get("smtp_users", {})) == (choice not in ("admin", *LIMITED)), choice
        assert choice not in LIMITED or f"SMTP user {name}" in noted


@pytest.mark.parametrize("form", [form for form in SMTP_FORMS if form not in ("admin", *LIMITED)])
@pytest.mark.parametrize("name", SMTP_USERS)
def test_an_smtp_user_of_each_form_goes_on_with_what_it_has(sandbox, modules, runner, minion_opts, form, name):
    """Put into pillar, nothing changes but what is noted; and once that is made, nothing at all."""
    _smtp_user(Console(sandbox), name, form)
    keys = sandbox.client("iam").list_access_keys(UserName=name)["AccessKeyMetadata"]
    result = adopt(modules, minion_opts, {MINION: {}}, MINION)
    adopted = pasted({MINION: {}}, result)[MINION]
    assert set(adopted["aws"]["ses"]["smtp_users"]) == {name}
    changes = changing(runner, states_of(adopted))
    noted = [note.about for note in result.notes if note.kind == "change"]
    assert noted == [f"SMTP user {name}"] * len(changes)
    assert bool(changes) is (form not in ("console", "two keys"))
    for ret in runner.run(states_of(adopted)).values():
        assert ret["result"] is True, ret["comment"]
    again = adopt(modules, minion_opts, {MINION: adopted}, MINION)
    assert again.notes == []
    assert pasted({MINION: adopted}, again)[MINION] == adopted
    assert changing(runner, states_of(adopted)) == {}
    assert sandbox.client("iam").list_access_keys(UserName=name)["AccessKeyMetadata"] == keys


def test_identities_are_asked_about_a_hundred_at_a_time(sandbox, modules, minion_opts):
    sesv2 = sandbox.client("sesv2")
    for number in range(101):
        sesv2.create_email_identity(EmailIdentity=f"a{number:03}@example.org")
    sandbox.clear_calls()
    result = adopt(modules, minion_opts, {MINION: {}}, MINION)
    assert len(result.pillar[MINION]["aws"]["ses"]["identities"]) == 101
    assert len(sandbox.calls(operation="GetIdentityNotificationAttributes")) == 2
