"""
Who may put mail into the bucket of receiving, and who may publish to a topic: SES, for this account, and nobody else.

Two evaluators decide, and must agree: see :mod:`tests.unit.evaluators`. What is asked is what SES asks according to
https://docs.aws.amazon.com/ses/latest/dg/receiving-email-permissions.html and
https://docs.aws.amazon.com/ses/latest/dg/configure-sns-notifications.html, and what would follow if somebody made SES, or another
service, or a user of this or another account ask instead.
"""

from types import SimpleNamespace

import pytest

from aws_runbook.mail import receiving, topics
from tests.unit.evaluators import Asked, let_in

ACCOUNT, OTHER = "123456789012", "210987654321"
SES = "ses.amazonaws.com"
REGIONS = {"aws": "eu-west-1", "aws-us-gov": "us-gov-west-1", "aws-cn": "cn-north-1"}
BUCKET, RULE_SET, RULE, TOPIC = "ocp-mail", "received", "noreply", "bounces"
# What AWS gives a new topic.
# https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
OF_AWS = {
    "Sid": "__default_statement_ID",
    "Effect": "Allow",
    "Principal": {"AWS": "*"},
    "Action": ["SNS:GetTopicAttributes", "SNS:SetTopicAttributes", "SNS:Publish", "SNS:Subscribe"],
    "Condition": {"StringEquals": {"AWS:SourceOwner": ACCOUNT}},
}
everywhere = pytest.mark.parametrize("partition", REGIONS)


def here(partition):
    """What the policies are made from."""
    return SimpleNamespace(partition=partition, region=REGIONS[partition], account_id=ACCOUNT)


def user(account, partition="aws"):
    return f"arn:{partition}:iam::{account}:user/somebody"


def by_ses(source, account=ACCOUNT):
    """The condition keys of a call that SES makes for a resource of an account."""
    return {"aws:SourceAccount": account, "aws:SourceArn": source}


def asked(action, resource, principal, context):
    return Asked(action, resource, tuple(context.items()), principal)


def rule_arn(partition, account=ACCOUNT, region=None, rule_set=RULE_SET, rule=RULE):
    where = f"arn:{partition}:ses:{region or REGIONS[partition]}:{account}"
    return f"{where}:receipt-rule-set/{rule_set}:receipt-rule/{rule}"


class TestReceiving:
    """The statement in the policy of the bucket."""

    @staticmethod
    def asks(partition, principal, context, action="s3:PutObject", key="/inbound/x", bucket=BUCKET):
        document = {
            "Version": "2012-10-17",
            "Statement": [receiving.statement(here(partition), BUCKET, RULE_SET, RULE)],
        }
        return let_in(document, asked(action, f"arn:{partition}:s3:::{bucket}{key}", principal, context))

    @everywhere
    def test_ses_may_write_mail_for_the_rule(self, partition):
        assert self.asks(partition, SES, by_ses(rule_arn(partition)))

    @everywhere
    @pytest.mark.parametrize(
        "context",
        [
            pytest.param(lambda partition: by_ses(rule_arn(partition, OTHER), OTHER), id="another account"),
            pytest.param(lambda partition: by_ses(rule_arn(partition, OTHER)), id="a rule of another account"),
            pytest.param(lambda partition: by_ses(rule_arn(partition), OTHER), id="the rule, for another account"),
            pytest.param(lambda partition: by_ses(rule_arn(partition, region="us-east-1")), id="another region"),
            pytest.param(lambda partition: by_ses(rule_arn(partition, rule_set="other")), id="another rule set"),
            pytest.param(lambda partition: by_ses(rule_arn(partition, rule="other")), id="another rule"),
            pytest.param(lambda partition: by_ses(rule_arn(partition, rule=f"{RULE}2")), id="a longer name"),
            pytest.param(lambda partition: by_ses(rule_arn(partition, rule="*")), id="a star as the name"),
            pytest.param(lambda _: {"aws:SourceAccount": ACCOUNT}, id="no source"),
            pytest.param(lambda partition: {"aws:SourceArn": rule_arn(partition)}, id="no account"),
            pytest.param(lambda _: {}, id="neither"),
        ],
    )
    def test_ses_may_not_write_for_anything_else(self, partition, context):
        assert not self.asks(partition, SES, context(partition))

    @everywhere
    @pytest.mark.parametrize("principal", ["sns.amazonaws.com", "events.amazonaws.com", "user", "other user", None])
    def test_no_other_principal_may_write(self, partition, principal):
        """Not even with the condition keys of SES."""
        users = {"user": user(ACCOUNT, partition), "other user": user(OTHER, partition)}
        assert not self.asks(partition, users.get(principal, principal), by_ses(rule_arn(partition)))

    @pytest.mark.parametrize(
        "action", ["s3:GetObject", "s3:DeleteObject", "s3:PutObjectAcl", "s3:PutObjectTagging", "s3:GetObjectVersion"]
    )
    def test_ses_may_only_write(self, action):
        assert not self.asks("aws", SES, by_ses(rule_arn("aws")), action=action)

    @pytest.mark.parametrize("action", ["s3:ListBucket", "s3:PutBucketPolicy", "s3:DeleteBucket"])
    def test_ses_may_do_nothing_to_the_bucket(self, action):
        assert not self.asks("aws", SES, by_ses(rule_arn("aws")), action=action, key="")

    @pytest.mark.parametrize("bucket", [f"{BUCKET}2", "ocp", "other"])
    def test_another_bucket_is_not_meant(self, bucket):
        assert not self.asks("aws", SES, by_ses(rule_arn("aws")), bucket=bucket)


class TestTopics:
    """The statement in the policy of a topic, beside the one that AWS gives it."""

    @staticmethod
    def document(partition, services=(SES,)):
        arn = topics.own_arn(here(partition), TOPIC)
        found = {"Version": "2008-10-17", "Statement": [{**OF_AWS, "Resource": arn}]}
        return topics.with_publishers(here(partition), arn, found, list(services))

    def asks(self, partition, principal, context, action="sns:Publish", topic=TOPIC, services=(SES,)):
        resource = topics.own_arn(here(partition), topic)
        return let_in(self.document(partition, services), asked(action, resource, principal, context))

    @staticmethod
    def source(partition, what="identity/example.org", account=ACCOUNT, region=None, service="ses"):
        return f"arn:{partition}:{service}:{region or REGIONS[partition]}:{account}:{what}"

    @everywhere
    @pytest.mark.parametrize("what", ["identity/example.org", "identity/a@example.org", "configuration-set/default"])
    def test_ses_may_publish_for_the_account(self, partition, what):
        assert self.asks(partition, SES, by_ses(self.source(partition, what)))

    @everywhere
    def test_without_the_statement_it_may_not(self, partition):
        assert not self.asks(partition, SES, by_ses(self.source(partition)), services=())

    @everywhere
    @pytest.mark.parametrize(
        ("given", "account"),
        [
            pytest.param({"account": OTHER}, OTHER, id="another account"),
            pytest.param({"account": OTHER}, ACCOUNT, id="an identity of another account"),
            pytest.param({}, OTHER, id="the identity, for another account"),
            pytest.param({"region": "us-east-1"}, ACCOUNT, id="another region"),
            pytest.param({"service": "s3"}, ACCOUNT, id="another service"),
            pytest.param({"service": "sesx"}, ACCOUNT, id="a longer name"),
        ],
    )
    def test_ses_may_not_publish_for_anything_else(self, partition, given, account):
        assert not self.asks(partition, SES, by_ses(self.source(partition, **given), account))

    @everywhere
    @pytest.mark.parametrize("missing", ["aws:SourceAccount", "aws:SourceArn"])
    def test_ses_may_not_publish_for_nobody(self, partition, missing):
        context = by_ses(self.source(partition))
        del context[missing]
        assert not self.asks(partition, SES, context)

    @everywhere
    @pytest.mark.parametrize("principal", ["s3.amazonaws.com", "events.amazonaws.com", "user", "other user", None])
    def test_no_other_principal_may_publish(self, partition, principal):
        users = {"user": user(ACCOUNT, partition), "other user": user(OTHER, partition)}
        assert not self.asks(partition, users.get(principal, principal), by_ses(self.source(partition)))

    def test_another_service_may_when_it_is_named(self):
        services = (SES, "events.amazonaws.com")
        source = self.source("aws", "rule/nightly", service="events")
        assert self.asks("aws", "events.amazonaws.com", by_ses(source), services=services)
        assert not self.asks("aws", SES, by_ses(source), services=services)
        assert not self.asks("aws", "events.amazonaws.com", by_ses(self.source("aws")), services=services)

    @pytest.mark.parametrize("action", ["sns:Subscribe", "sns:SetTopicAttributes", "sns:DeleteTopic"])
    def test_ses_may_only_publish(self, action):
        assert not self.asks("aws", SES, by_ses(self.source("aws")), action=action)

    @pytest.mark.parametrize("topic", [f"{TOPIC}2", "other"])
    def test_another_topic_is_not_meant(self, topic):
        assert not self.asks("aws", SES, by_ses(self.source("aws")), topic=topic)

    def test_taken_out_nothing_of_it_stays(self):
        arn = topics.own_arn(here("aws"), TOPIC)
        left = topics.with_publishers(here("aws"), arn, self.document("aws"), [])
        assert not let_in(left, asked("sns:Publish", arn, SES, by_ses(self.source("aws"))))
        assert left["Statement"] == [{**OF_AWS, "Resource": arn}]
