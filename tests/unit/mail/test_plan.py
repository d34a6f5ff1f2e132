import pytest

from aws_runbook.errors import PillarError
from aws_runbook.mail import plan as email_plan
from aws_runbook.pillar import check as pillar

CANARY = "Y2FuYXJ5LWluLWE9c2VjcmV0"


def plan(ses=None, sns=None, **aws):
    given = {"aws": {**aws, "ses": ses, "sns": sns}}
    pillar.check(given)
    return email_plan.plan(given)


def problems(ses=None, sns=None, **aws):
    with pytest.raises(PillarError) as raised:
        plan(ses, sns, **aws)
    return raised.value.problems


def test_nothing_follows_from_nothing():
    planned = plan()
    assert not any(planned.values())


def test_regions_go_from_the_general_to_the_particular():
    ses = {
        "region": "eu-west-1",
        "identities": {"example.org": None, "example.net": {"region": "us-west-2"}},
        "account": {"suppression": ["BOUNCE"]},
    }
    planned = plan(ses, {"topics": {"a": None, "b": {"region": "us-east-2"}}}, region="eu-west-2")
    assert planned["identities"] == {"example.org": {"region": "eu-west-1"}, "example.net": {"region": "us-west-2"}}
    assert {name: topic["region"] for name, topic in planned["topics"].items()} == {"a": "eu-west-1", "b": "us-east-2"}
    assert planned["account"] == {"region": "eu-west-1", "suppression": ["BOUNCE"]}
    assert plan({"identities": {"example.org": None}})["identities"]["example.org"]["region"] == "us-east-1"


def test_topics_that_ses_uses_let_it_publish():
    ses = {
        "identities": {"noreply@example.org": {"bounce_topic": "feedback"}},
        "configuration_sets": {"c": {"event_destinations": {"d": {"topic": "events", "events": ["REJECT"]}}}},
    }
    topics = plan(ses, {"topics": {"feedback": None, "events": None, "other": None}})["topics"]
    assert {name for name, topic in topics.items() if "publishers" in topic} == {"feedback", "events"}


def test_identities_in_the_form_in_which_ses_lists_them():
    assert list(plan({"identities": {"Example.ORG": None, "NoReply@Example.org": None}})["identities"]) == [
        "example.org",
        "NoReply@example.org",
    ]


@pytest.mark.parametrize(
    ("ses", "sns", "sentence"),
    [
        (
            {"identities": {"example.org": {"mail_from": "mail.example.net"}}},
            None,
            "aws:ses:identities:example.org: mail_from is 'mail.example.net'; give a subdomain of example.org",
        ),
        (
            {"identities": {"example.org": {"mail_from": "example.org"}}},
            None,
            "give a subdomain of example.org, such as mail.example.org",
        ),
        (
            {"identities": {"example.org": {"mail_from": "in.example.org"}, "in.example.org": {"receives": True}}},
            None,
            "mail_from is 'in.example.org', which in.example.org sends or receives mail with",
        ),
        (
            {"identities": {"a@example.org": {"bounce_topic": "t"}}},
            {"topics": {"t": {"region": "eu-west-1"}}},
            "aws:ses:identities:a@example.org:bounce_topic is 't', a topic in eu-west-1; SES in us-east-1 takes",
        ),
        ({"identities": {"a@example.org": {"bounce_topic": "t.fifo"}}}, None, "SES does not publish to FIFO topics"),
        (
            {"identities": {"a@example.org": {"bounce_topic": "arn:aws:sns:eu-west-1:123456789012:t"}}},
            None,
            "a topic in eu-west-1",
        ),
        (
            {
                "identities": {"a@example.org": {"configuration_set": "c"}},
                "configuration_sets": {"c": {"region": "eu-west-1"}},
            },
            None,
            "configuration_set is 'c', which is in eu-west-1",
        ),
        (
            {"identities": {"a@example.org": {"receives": True}}},
            None,
            "an address has no receives: set it for its domain, example.org",
        ),
    ],
)
def test_what_contradicts_itself_is_one_sentence(ses, sns, sentence):
    (problem,) = problems(ses, sns)
    assert sentence in problem
    assert problem.endswith(".")


@pytest.mark.parametrize(
    ("ses", "sentence"),
    [
        ({"identities": {"a_b.org": None}}, "has no underscore"),
        ({"identities": {"example.org.": None}}, "leave out the dot at the end"),
        ({"identities": {"münchen.de": None}}, "write xn--mnchen-3ya.de"),
        ({"identities": {"noreply@": None}}, "'noreply@': give a domain such as example.org"),
        ({"identities": {"no reply@example.org": None}}, "give an email address"),
        ({"identities": {"localhost": None}}, "give a domain"),
        ({"identities": {"-a.org": None}}, "give a domain"),
        (
            {"configuration_sets": {"c": {"event_destinations": {"d": {"topic": "t", "events": ["BOUNCED"]}}}}},
            "aws:ses:configuration_sets:c:event_destinations:d:events:0 is 'BOUNCED': allowed are SEND, REJECT",
        ),
        ({"receiving": {"a@example.org": {"bucket": "Big"}}}, "a bucket's name has no capital letters"),
        ({"smtp_users": {"a b": {}}}, "the name of an IAM user"),
        ({"identities": {"example.org": {"recieves": True}}}, "did you mean receives?"),
    ],
)
def test_a_wrong_value_is_one_sentence(ses, sentence):
    (problem,) = problems(ses)
    assert sentence in problem


def test_the_idna_form_is_accepted():
    assert list(plan({"identities": {"xn--mnchen-3ya.de": None}})["identities"]) == ["xn--mnchen-3ya.de"]


def test_a_region_where_ses_receives_no_mail_is_noted():
    notes = plan({"region": "eu-central-2", "identities": {"example.org": {"receives": True}}})["notes"]
    assert notes == [
        "aws:ses:identities:example.org:receives: as far as is known here, SES does not receive mail in eu-central-2."
    ]


def rfc2136(**settings):
    return {"dns": {"provider": "rfc2136", "server": "ns1.example.org", **settings}}


@pytest.mark.parametrize(
    ("dns", "sentence"),
    [
        (rfc2136(key_name="a..b", key_secret=CANARY), "aws:ses:dns:key_name is 'a..b': give the name of the TSIG key"),
        (rfc2136(key_name="aws-runbook"), "aws:ses:dns:key_secret is missing; key_name needs it"),
        (rfc2136(key_secret=CANARY), "aws:ses:dns:key_name is missing; key_secret needs it"),
        (rfc2136(key_name="k", key_secret=f"{CANARY}=x"), "aws:ses:dns:key_secret is a text: give the secret"),
        (rfc2136(key_name=5, key_secret=CANARY), "aws:ses:dns:key_name is a value of the type int: give a text; YAML"),
        (
            rfc2136(key_name="k", key_secret=20261126),
            "aws:ses:dns:key_secret is a value of the type int: give a text; YAML",
        ),
        (rfc2136(key_algorithm="md5"), "aws:ses:dns:key_algorithm is 'md5': allowed are hmac-sha256"),
        (rfc2136(server=None), "aws:ses:dns:server is missing; give HOST or HOST:PORT"),
        (
            rfc2136(server="ns1..example.org"),
            "aws:ses:dns:server is 'ns1..example.org': give HOST or HOST:PORT, such as",
        ),
        (rfc2136(server="192.0.2.1:99999"), "aws:ses:dns:server is '192.0.2.1:99999': give HOST or HOST:PORT, such as"),
        (rfc2136(server=True), "aws:ses:dns:server is True: give HOST or HOST:PORT, such as"),
        (rfc2136(server=5), "aws:ses:dns:server is "),
        (rfc2136(server=["ns1.example.org"]), "aws:ses:dns:server is "),
        (
            rfc2136(nameserver="ns1..example.org"),
            "aws:ses:dns:nameserver is 'ns1..example.org': give HOST or HOST:PORT",
        ),
        (
            {"dns": {"provider": "cloudflare", "auth_token": CANARY, "nameserver": "192.0.2.1:\xb2"}},
            "aws:ses:dns:nameserver is '192.0.2.1:\xb2': give HOST or HOST:PORT",
        ),
        (rfc2136(sever="x"), "aws:ses:dns:sever is not a key that is known for rfc2136; allowed are provider, zone"),
        ({"dns": {"provider": "godaddy", "auth_key": CANARY}}, "aws:ses:dns:auth_secret is missing; godaddy needs"),
        (
            {"dns": {"provider": "cloudflare", "auth_token": {CANARY: 1}}},
            "aws:ses:dns:auth_token is a mapping: give a text",
        ),
    ],
)
def test_what_a_provider_cannot_use_is_reported_before_anybody_is_asked(dns, sentence):
    (problem,) = problems(dns)
    assert problem.startswith(sentence)
    assert CANARY not in problem


def test_settings_that_are_looked_up_later_are_not_judged():
    assert plan(rfc2136(key_name="sdb://vault/name", key_secret="sdb://vault/tsig"))["dns"]["provider"] == "rfc2136"
    assert plan(rfc2136(key_name="aws-runbook", key_secret="Y2FuYXJ5"))["dns"] == {"provider": "rfc2136"}


def test_two_smtp_users_do_not_share_a_place():
    one = {
        "pillar_file": "/srv/pillar/private/a.sls",
        "keys": {"smtp_username": "smtp:user", "smtp_password": "smtp:password"},
    }
    other = {**one, "pillar_file": "private/a.sls"}
    (problem,) = problems({"smtp_users": {"one": {"store": one}, "other": {"store": other}}})
    assert problem == (
        "aws:ses:smtp_users:one:store and aws:ses:smtp_users:other:store are both smtp:user in /srv/pillar/private/a.sls; give "
        "each SMTP user a place of its own."
    )


def test_an_smtp_user_has_a_place_for_each_value():
    store = {"pillar_file": "/a.sls", "keys": {"smtp_username": "smtp:user", "smtp_password": "smtp:user"}}
    (problem,) = problems({"smtp_users": {"one": {"store": store}}})
    assert problem == (
        "aws:ses:smtp_users:one:store has smtp_username and smtp_password both at smtp:user in /a.sls, so one would overwrite the "
        "other: give each a place of its own."
    )


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("identities", ("example.org", "Example.ORG")),
        ("identities", ("data@example.org", "data@Example.org")),
        ("smtp_users", ("mailer", "Mailer")),
    ],
)
def test_names_that_aws_takes_for_one_are_told(kind, names):
    (problem,) = problems({kind: dict.fromkeys(names)})
    assert problem == f"aws:ses:{kind} has {' and '.join(names)}, which AWS treats as one name: leave out all but one."


def test_addresses_whose_local_parts_differ_by_case_are_two():
    assert len(plan({"identities": dict.fromkeys(("data@example.org", "Data@example.org"))})["identities"]) == 2
