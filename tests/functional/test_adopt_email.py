"""Email, adopted: from pillar and back, and from an account that was made by hand."""

import json

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
def test_what_was_made_by_pillar_is_told_as_that_pillar(sandbox, modules, runner, minion_opts, pillar):
    sandbox.reset()
    assert [ret["comment"] for ret in runner.run(states_of(pillar)).values() if ret["result"] is not True] == []
    for user in pillar["aws"]["ses"].get("smtp_users", {}):
        Console(sandbox).key(user)
    sandbox.clear_calls()
    result = adopt(modules, minion_opts, {MINION: {}}, MINION)
    assert sandbox.calls(write=True) == []
    assert_describes(result, MINION, pillar)


@st.composite
def clicked(draw):
    """What people choose in the console."""
    flags = st.booleans()
    return {
        "topics": draw(st.sets(st.sampled_from(TOPICS))),
        "url": draw(
            st.sampled_from(
                [f"https://user:{CANARY}@example.org/x", "https://example.org/x", f"https://example.org/x?t={CANARY}"]
            )
        ),
        "domains": {
            name: (draw(st.sampled_from(["AWS_SES", "EXTERNAL"])), draw(flags))
            for name in draw(st.sets(st.sampled_from(DOMAINS)))
        },
        "addresses": {
            name: draw(st.sampled_from(["nothing", "one header", "forwarding off", "gone topic"]))
            for name in draw(st.sets(st.sampled_from(ADDRESSES)))
        },
        "sets": {
            name: draw(st.sampled_from(["bare", "cloudwatch", "topic"]))
            for name in draw(st.sets(st.sampled_from(SETS)))
        },
        "users": {
            name: draw(st.sampled_from(["console", "group", "managed", "other name", "admin"]))
            for name in draw(st.sets(st.sampled_from(SMTP_USERS)))
        },
        "receiving": draw(flags),
        "suppression": draw(st.sampled_from([None, [], ["COMPLAINT"]])),
    }


def click(sandbox, choices):
    sns, ses, sesv2 = sandbox.client("sns"), sandbox.client("ses"), sandbox.client("sesv2")
    arns = {name: sns.create_topic(Name=name)["TopicArn"] for name in sorted({*choices["topics"], "events"})}
    for arn in arns.values():
        sns.subscribe(TopicArn=arn, Protocol="email", Endpoint="ops@example.org")
        sns.subscribe(TopicArn=arn, Protocol="https", Endpoint=choices["url"])
    for name, (origin, mail_from) in choices["domains"].items():
        own = (
            {"DkimSigningAttributes": {"DomainSigningSelector": "x", "DomainSigningPrivateKey": "c2VjcmV0"}}
            if origin == "EXTERNAL"
            else {}
        )
        sesv2.create_email_identity(EmailIdentity=name, **own)
        if mail_from:
            sesv2.put_email_identity_mail_from_attributes(
                EmailIdentity=name, MailFromDomain=f"bounce.{name}", BehaviorOnMxFailure="REJECT_MESSAGE"
            )
    for name, choice in choices["addresses"].items():
        sesv2.create_email_identity(EmailIdentity=name)
        _feedback(ses, sesv2, sns, name, choice, arns["events"])
    for name, choice in choices["sets"].items():
        sesv2.create_configuration_set(ConfigurationSetName=name)
        _destination(sesv2, name, choice, arns["events"])
    for name, choice in choices["users"].items():
        _smtp_user(Console(sandbox), name, choice)
    if choices["receiving"]:
        ses.create_receipt_rule_set(RuleSetName="inbound")
        ses.create_receipt_rule(
            RuleSetName="inbound",
            Rule={"Name": "stop", "Enabled": True, "Actions": [{"StopAction": {"Scope": "RuleSet"}}]},
        )
        ses.set_active_receipt_rule_set(RuleSetName="inbound")
    if choices["suppression"] is not None:
        sesv2.put_account_suppression_attributes(SuppressedReasons=choices["suppression"])


def _feedback(ses, sesv2, sns, name, choice, topic):
    if choice == "one header":
        ses.set_identity_headers_in_notifications_enabled(Identity=name, NotificationType="Bounce", Enabled=True)
    if choice == "forwarding off":
        for kind in ("Bounce", "Complaint"):
            ses.set_identity_notification_topic(Identity=name, NotificationType=kind, SnsTopic=topic)
        sesv2.put_email_identity_feedback_attributes(EmailIdentity=name, EmailForwardingEnabled=False)
    if choice == "gone topic":
        gone = sns.create_topic(Name="gone")["TopicArn"]
        ses.set_identity_notification_topic(Identity=name, NotificationType="Bounce", SnsTopic=gone)
        sns.delete_topic(TopicArn=gone)


def _destination(sesv2, name, choice, topic):
    where = {
        "cloudwatch": {
            "CloudWatchDestination": {
                "DimensionConfigurations": [
                    {"DimensionName": "a", "DimensionValueSource": "MESSAGE_TAG", "DefaultDimensionValue": "b"}
                ]
            }
        },
        "topic": {"SnsDestination": {"TopicArn": topic}},
    }.get(choice)
    if where:
        sesv2.create_configuration_set_event_destination(
            ConfigurationSetName=name,
            EventDestinationName="out",
            EventDestination={"Enabled": True, "MatchingEventTypes": ["BOUNCE"], **where},
        )


def _smtp_user(console, name, choice):
    console.user(name)
    console.key(name)
    everything = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
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
        console.iam.put_user_policy(UserName=name, PolicyName=called, PolicyDocument=json.dumps(document))


@PLAIN
@given(clicked())
def test_what_people_have_made_is_told_or_noted(sandbox, modules, runner, minion_opts, choices):
    sandbox.reset()
    click(sandbox, choices)
    sandbox.clear_calls()
    result = adopt(modules, minion_opts, {MINION: {}}, MINION)
    assert sandbox.calls(write=True) == []
    assert CANARY not in str(result.as_data())
    adopted = pasted({MINION: {}}, result)[MINION]
    assert unnoted(changing(runner, states_of(adopted)), result.notes) == {}
    said = adopted["aws"].get("ses", {})
    assert set(said.get("identities", {})) == {*choices["domains"], *choices["addresses"]}
    assert set(said.get("smtp_users", {})) == {name for name, choice in choices["users"].items() if choice != "admin"}
    assert set(adopted["aws"]["sns"]["topics"]) == {*choices["topics"], "events"}


def test_identities_are_asked_about_a_hundred_at_a_time(sandbox, modules, minion_opts):
    sesv2 = sandbox.client("sesv2")
    for number in range(101):
        sesv2.create_email_identity(EmailIdentity=f"a{number:03}@example.org")
    sandbox.clear_calls()
    result = adopt(modules, minion_opts, {MINION: {}}, MINION)
    assert len(result.pillar[MINION]["aws"]["ses"]["identities"]) == 101
    assert len(sandbox.calls(operation="GetIdentityNotificationAttributes")) == 2
