"""What adopting cannot say, or warns of: a sentence each, and an exit status."""

import json

import pytest
import yaml

from aws_runbook.aws.session import Session
from aws_runbook.backups import plan as plans
from aws_runbook.mail import smtp
from aws_runbook.stores.gpg import Gpg
from tests.functional.adopting import Console, adopt, pasted, put, with_key

PGBACKREST = {"type": "pgbackrest", "repo_path": "/cms", "s3_bucket": "ocp-cms-backup"}
REGISTRY = {"backup": {"location": "ocp-registry-backup/site"}, "aws": {"region": "eu-west-2"}}
CMS = {"backup": {"location": "ocp-cms-backup/site"}, "aws": {"region": "eu-west-2"}}
EVERYTHING = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}


def allowing(bucket):
    actions = ["s3:PutObject", "s3:GetObject", "s3:DeleteObject"]
    return [
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{bucket}"},
        {"Effect": "Allow", "Action": actions, "Resource": f"arn:aws:s3:::{bucket}/*"},
    ]


@pytest.fixture
def console(sandbox):
    return Console(sandbox)


@pytest.fixture
def writer(console):
    """``writer(user, bucket, …)``: a bucket, and a user that may write to it; its key."""

    def make(name, bucket, *more, **options):
        console.bucket(bucket, "eu-west-2")
        document = {"Version": "2012-10-17", "Statement": [*allowing(bucket), *more]}
        console.user(name, [console.policy(options.get("policy", name), document)])
        return console.key(name)

    return make


@pytest.fixture
def notes(modules, minion_opts):
    """``notes(pillars, roots)``: the notes by kind and what they are about, and the result."""

    def ask(pillars, roots=(), gpg_homedir=None):
        result = adopt(modules, minion_opts, pillars, min(pillars), roots, gpg_homedir)
        return {(note.kind, note.about): note.note for note in result.notes}, result

    return ask


def test_a_key_of_another_servers_user_and_a_key_that_two_have(writer, notes):
    key = writer("registry-backup", "ocp-registry-backup")
    pillars = {"registry": with_key(REGISTRY, "files", key), "cms": with_key(REGISTRY, "files", key)}
    said, result = notes(pillars)
    assert (
        said["danger", "cms"]
        == "Its access key belongs to the user registry-backup, which also makes the backups of registry."
    )
    assert ("danger", f"cms and registry, access key {key['AccessKeyId']}") in said
    assert result.pillar["cms"]["aws"]["backup"]["user"] == "registry-backup"


def test_a_key_without_an_owner(writer, console, notes):
    key = writer("registry-backup", "ocp-registry-backup")
    console.iam.delete_access_key(UserName="registry-backup", AccessKeyId=key["AccessKeyId"])
    said, result = notes({"registry": with_key(REGISTRY, "files", key)})
    assert "belongs to no user that AWS reports" in said["not expressed", "registry"]
    assert not result.is_whole


def test_without_a_key_the_one_user_that_may_write_there(writer, notes):
    writer("WebCopies", "ocp-registry-backup")
    said, result = notes({"registry": REGISTRY})
    assert result.pillar["registry"]["aws"]["backup"]["user"] == "WebCopies"
    assert "WebCopies is the one user that may write to ocp-registry-backup/site" in said["change", "registry"]


def test_a_policy_that_allows_more_is_not_named_and_not_narrowed(writer, notes):
    extra = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::team-photos/*"}
    key = writer("files", "ocp-registry-backup", extra, policy="Office")
    said, result = notes({"registry": with_key(REGISTRY, "files", key)})
    assert "policy" not in result.pillar["registry"]["aws"]["backup"]
    assert "s3:getobject on arn:aws:s3:::team-photos/*" in said["not expressed", "policy Office"]
    assert "team-photos" in said["danger", "user files"]
    assert said["change", "policy files"] == "The account has none of that name: the first run creates it."


def test_the_policy_of_the_users_name_is_narrowed_and_that_is_reported(writer, notes):
    key = writer("registry-backup", "ocp-registry-backup", EVERYTHING)
    said, _ = notes({"registry": with_key(REGISTRY, "files", key)})
    assert "it loses permissions that no server here needs (s3:* on *)" in said["change", "policy registry-backup"]


def test_users_and_stores_by_kind(writer, console, notes, tmp_path):
    files = writer("files-cms", "ocp-cms-backup")
    console.user("db-cms", [console.policy("db-cms", {"Version": "2012-10-17", "Statement": [EVERYTHING]})])
    database = console.key("db-cms")
    pillar = with_key(with_key({**CMS, "postgres": {"backup": PGBACKREST}}, "files", files), "pgbackrest", database)
    for name, part in (("files", {"aws": pillar["aws"]}), ("db", {"postgres": pillar["postgres"]})):
        (tmp_path / f"{name}.sls").write_text(json.dumps(part))
    _, result = notes({"cms": pillar}, [tmp_path])
    said = result.pillar["cms"]["aws"]["backup"]
    assert said["user"] == {"files": "files-cms", "pgbackrest": "db-cms"}
    assert said["store"] == {"files": {"pillar_file": "files.sls"}, "pgbackrest": {"pillar_file": "db.sls"}}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{{% set x = 1 %}}\naws: {{access_key: {id}, secret_key: {secret}}}\n", "is not plain YAML"),
        ("aws: {{access_key: {id}}}\n", "does not have aws:secret_key beside it"),
        (
            "aws:\n  access_key: {id}\n  secret_key: |\n    -----BEGIN PGP MESSAGE-----\n    x\n",
            "has its secret encrypted. Name it as the store, with gpg:recipients, by hand. Cannot read the recipients of the message",
        ),
    ],
)
def test_a_file_that_is_no_store(writer, notes, tmp_path, text, reason):
    key = writer("registry-backup", "ocp-registry-backup")
    (tmp_path / "a.sls").write_text(text.format(id=key["AccessKeyId"], secret=key["SecretAccessKey"]))
    said, result = notes({"registry": with_key(REGISTRY, "files", key)}, [tmp_path])
    assert reason in said["not expressed", "registry"]
    assert key["SecretAccessKey"] not in str(result.as_data())


@pytest.fixture
def encrypted(keyring):
    """``encrypted(text)``: a block of a pillar file that Salt's GPG renderer decrypts."""
    homedir, fingerprint, _ = keyring
    return lambda text: Gpg([fingerprint], str(homedir)).encrypt(text)


@pytest.mark.gpg
def test_a_file_whose_secrets_are_encrypted_is_a_store_with_the_same_recipients(
    writer, console, notes, tmp_path, keyring, encrypted
):
    _, fingerprint, public = keyring
    gpg = {"recipients": [fingerprint]}
    key = writer("registry-backup", "ocp-registry-backup")
    block = {"access_key": key["AccessKeyId"], "secret_key": encrypted(key["SecretAccessKey"])}
    (tmp_path / "a.sls").write_text("#!yaml|gpg\n" + yaml.safe_dump({"aws": block}))
    console.user("mailer")
    console.iam.put_user_policy(UserName="mailer", PolicyName=smtp.POLICY, PolicyDocument=json.dumps(smtp.document()))
    sending = {"username": console.key("mailer")["AccessKeyId"], "password": encrypted("canary-2")}
    (tmp_path / "b.sls").write_text("#!yaml|gpg\n" + yaml.safe_dump({"smtp": sending}))
    said, result = notes({"registry": with_key(REGISTRY, "files", key)}, [tmp_path], gpg_homedir=str(public))
    own = result.pillar["registry"]["aws"]
    assert own["backup"]["store"] == {"pillar_file": "a.sls", "gpg": gpg}
    keys = {"smtp_username": "smtp:username", "smtp_password": "smtp:password"}
    assert own["ses"]["smtp_users"]["mailer"]["store"] == {"pillar_file": "b.sls", "keys": keys, "gpg": gpg}
    assert [slot for slot in said if slot[0] == "not expressed"] == []


@pytest.mark.gpg
def test_of_a_secret_that_is_encrypted_to_a_key_nobody_has_here_the_key_is_named(
    writer, notes, tmp_path, keyring, encrypted
):
    key = writer("registry-backup", "ocp-registry-backup")
    block = {"access_key": key["AccessKeyId"], "secret_key": encrypted(key["SecretAccessKey"])}
    (tmp_path / "a.sls").write_text("#!yaml|gpg\n" + yaml.safe_dump({"aws": block}))
    empty = tmp_path / "gnupg"
    empty.mkdir(mode=0o700)
    said, result = notes({"registry": with_key(REGISTRY, "files", key)}, [tmp_path], gpg_homedir=str(empty))
    assert "Cannot read the recipients of the message, the key " in said["not expressed", "registry"]
    assert "store" not in result.pillar["registry"]["aws"]["backup"]


def test_a_missing_permission_is_reported_and_the_rest_is_described(sandbox, writer, notes):
    key = writer("files", "ocp-registry-backup")
    sandbox.fault("GetBucketLifecycleConfiguration", "access_denied", times=10)
    said, result = notes({"registry": with_key(REGISTRY, "files", key)})
    assert "s3:GetLifecycleConfiguration" in said["not expressed", "bucket ocp-registry-backup"]
    assert result.pillar["registry"]["aws"]["backup"]["user"] == "files"


def test_a_subject_that_may_not_be_read_is_left_out_whole(sandbox, writer, notes):
    key = writer("files", "ocp-registry-backup")
    sandbox.client("sesv2", region="eu-west-2").create_email_identity(EmailIdentity="example.org")
    sandbox.client("sns", region="eu-west-2").create_topic(Name="alarms")
    sandbox.fault("GetAccount", "access_denied", times=10)
    said, result = notes({"registry": with_key(REGISTRY, "files", key)})
    assert "ses:GetAccount" in said["not expressed", "email"]
    own = result.pillar["registry"]["aws"]
    assert own["sns"] == {"topics": {"alarms": {}}}
    assert "ses" not in own
    assert own["backup"]["user"] == "files"
    assert not result.is_whole


def test_days_that_differ_between_the_places_of_a_server(writer, console, notes):
    key = writer("registry-backup", "ocp-registry-backup")
    rules = [
        {"ID": name, "Status": "Enabled", "Filter": {"Prefix": f"{name}/"}, "Expiration": {"Days": days}}
        for name, days in (("site", 60), ("database", 90))
    ]
    s3 = console.sandbox.client("s3", region="eu-west-2")
    s3.put_bucket_lifecycle_configuration(Bucket="ocp-registry-backup", LifecycleConfiguration={"Rules": rules})
    pillar = with_key(put(REGISTRY, "mysql:backup:location", "ocp-registry-backup/database"), "files", key)
    said, result = notes({"registry": pillar})
    assert result.pillar["registry"]["aws"]["backup"]["expire_days"] == 90
    assert "expire by the rule 'site' after 60 days" in said["not expressed", "registry"]


def test_versions_that_are_kept_by_a_rule_are_recovery(writer, console, notes, states):
    key = writer("registry-backup", "ocp-registry-backup")
    pillar = with_key(put(REGISTRY, "aws:backup:recovery", {"days": 9}), "files", key)
    plan = plans.plan({"registry": pillar}).as_data()
    bucket = plan["buckets"]["ocp-registry-backup"]
    for attributes in ({"versioning": bucket["versioning"]}, {}):
        ret = states["s3_bucket.present"](name="ocp-registry-backup", region="eu-west-2", **attributes)
        assert ret.result is True
    lifecycle = plan["lifecycle"]["ocp-registry-backup"]
    assert states["s3_lifecycle.managed"](name="ocp-registry-backup", region="eu-west-2", **lifecycle).result is True
    _, result = notes({"registry": with_key(REGISTRY, "files", key)})
    backup = result.pillar["registry"]["aws"]["backup"]
    assert backup["buckets"] == {"ocp-registry-backup": {"recovery": {"days": 9}}}
    again = plans.plan(pasted({"registry": pillar}, result)).as_data()
    assert (again["buckets"], again["lifecycle"]) == (plan["buckets"], plan["lifecycle"])
    assert [note for note in result.notes if note.about == "bucket ocp-registry-backup"] == []


def test_what_recovery_would_change_is_noted(writer, notes):
    key = writer("registry-backup", "ocp-registry-backup")
    _, result = notes({"registry": with_key(put(REGISTRY, "aws:backup:recovery", {"days": 9}), "files", key)})
    told = [note.note for note in result.notes if note.about == "bucket ocp-registry-backup"]
    assert "versioning is None and becomes 'Enabled'." in told
    assert len([note for note in told if note.startswith("It gets the lifecycle rule")]) == 2


def test_what_pillar_says_and_aws_does_not_show_is_kept(writer, notes):
    key = writer("registry-backup", "ocp-registry-backup")
    kept = {"store": "sdb://vault/registry", "rotate_days": 90, "audit": {"max_age_hours": 50}, "recovery": {"days": 9}}
    pillar = put(with_key(REGISTRY, "files", key), "aws:backup", {**kept, "group": "gone"})
    _, result = notes({"registry": pillar})
    assert result.pillar["registry"]["aws"]["backup"] == {**kept, "scope": "bucket"}
    assert "group" not in pasted({"registry": pillar}, result)["registry"]["aws"]["backup"]


def test_the_exit_status_says_whether_all_could_be_expressed(modules, loaders, console, writer, minion_opts):
    context = loaders.modules.pack["__context__"]
    modules["aws_account.adopt"](format="data")
    assert context["retcode"] == 0
    console.sandbox.client("sns").subscribe(
        TopicArn=console.sandbox.client("sns").create_topic(Name="alarms")["TopicArn"],
        Protocol="https",
        Endpoint="https://user:canary-1@example.org/",
    )
    shown = modules["aws_account.adopt"]()
    assert context["retcode"] == 2
    assert "canary-1" not in shown
    assert "alarms: {}" in shown


PUBLIC = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}}


BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


def opened(console, *, by=(), **block):
    """A bucket whose Block Public Access somebody has taken off, in part or whole, and then made public ``by`` something."""
    s3, name = console.sandbox.client("s3", region="eu-west-2"), "ocp-registry-backup"
    s3.delete_public_access_block(Bucket=name)
    if "policy" in by:
        allowed = {**PUBLIC, "Statement": {**PUBLIC["Statement"], "Resource": f"arn:aws:s3:::{name}/site/*"}}
        s3.put_bucket_policy(Bucket=name, Policy=json.dumps(allowed))
    if "acl" in by:
        s3.put_bucket_ownership_controls(
            Bucket=name, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
        )
        s3.put_bucket_acl(Bucket=name, ACL="public-read")
    if block:
        s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=block)


@pytest.mark.parametrize(
    ("by", "block", "says"),
    [
        (("policy",), {}, "It is public by its policy, unless"),
        (("acl",), {}, "It is public by its ACL, unless"),
        (("policy", "acl"), {"BlockPublicAcls": True}, "It is public by its policy and by its ACL, unless"),
        (("policy", "acl"), {"IgnorePublicAcls": True}, "It is public by its policy, unless"),
        (("policy", "acl"), {"RestrictPublicBuckets": True}, "It is public by its ACL, unless"),
        (
            (),
            {},
            "Block Public Access is not fully on: a policy or an ACL could make it public. At present, neither does.",
        ),
    ],
)
def test_a_bucket_that_is_public(writer, console, notes, by, block, says):
    key = writer("registry-backup", "ocp-registry-backup")
    opened(console, by=by, **block)
    said, _ = notes({"registry": with_key(REGISTRY, "files", key)})
    assert says in said["danger", "bucket ocp-registry-backup"]


def test_of_a_bucket_that_is_closed_nobody_asks_by_what_it_would_be_public(writer, console, notes, sandbox):
    key = writer("registry-backup", "ocp-registry-backup")
    sandbox.clear_calls()
    said, _ = notes({"registry": with_key(REGISTRY, "files", key)})
    assert [slot for slot in said if slot[0] == "danger"] == []
    assert sandbox.calls(operation="GetBucketPolicyStatus") == sandbox.calls(operation="GetBucketAcl") == []


def test_a_bucket_whose_acl_gives_something_to_others_fails_until_it_does_not(writer, console, notes, states):
    key = writer("registry-backup", "ocp-registry-backup")
    opened(console, by=("acl",), **dict.fromkeys(BLOCKS, True))
    pillars = {"registry": with_key(REGISTRY, "files", key)}
    said, result = notes(pillars)
    assert ("danger", "bucket ocp-registry-backup") not in said
    (told,) = [note for note in result.notes if "Its ACL grants access" in note.note]
    assert "READ to AllUsers" in told.note
    wanted = {"name": "ocp-registry-backup", "region": "eu-west-2", "object_ownership": "BucketOwnerEnforced"}
    assert states["s3_bucket.present"](**wanted, test=True).result is False


def test_what_makes_a_bucket_public_may_not_be_read(sandbox, writer, console, notes):
    key = writer("registry-backup", "ocp-registry-backup")
    opened(console)
    sandbox.fault("GetBucketAcl", "access_denied", times=10)
    console.sandbox.client("s3", region="eu-west-2").put_bucket_ownership_controls(
        Bucket="ocp-registry-backup", OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    )
    said, _ = notes({"registry": with_key(REGISTRY, "files", key)})
    assert "s3:GetBucketAcl" in said["not expressed", "bucket ocp-registry-backup"]
    assert ("danger", "bucket ocp-registry-backup") not in said


@pytest.fixture
def network(sandbox):
    """``network(name, vpc)``: a security group; its ``open`` lets others in."""
    ec2 = sandbox.client("ec2")

    class Network:
        def vpc(self, block):
            return ec2.create_vpc(CidrBlock=block)["Vpc"]["VpcId"]

        def group(self, name, **where):
            return ec2.create_security_group(GroupName=name, Description="x", **where)["GroupId"]

        def open(self, group, peer):
            rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "UserIdGroupPairs": [{"GroupId": peer}]}
            ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])

    return Network()


def test_rules_that_name_a_group_as_pillar_names_a_block_are_not_told(network, notes):
    group = network.group("web/db")
    network.open(group, group)
    said, result = notes({"control": {}})
    assert said["not expressed", "security group web/db"].startswith("Its ingress is not adopted, and stays: ")
    assert "ingress" not in result.pillar["control"]["aws"]["ec2"]["security_groups"]["web/db"]


def test_groups_of_two_vpcs_that_name_each_other_by_their_ids(network, notes):
    network.group("web")
    first, second = (network.group("web", VpcId=network.vpc(block)) for block in ("10.0.0.0/16", "10.1.0.0/16"))
    network.open(first, second)
    network.open(second, first)
    said, result = notes({"control": {}})
    assert said["not expressed", f"security group {max(first, second)}"] == (
        "Its rules, and those of another group, refer to each other, which pillar cannot express for groups that it names by ID: its own "
        "rules are not adopted, and stay."
    )
    groups = result.pillar["control"]["aws"]["ec2"]["security_groups"]
    assert "ingress" in groups[min(first, second)]
    assert "ingress" not in groups[max(first, second)]


def test_a_mail_from_domain_that_is_an_identity_too(sandbox, notes):
    sesv2 = sandbox.client("sesv2")
    for name in ("example.org", "bounce.example.org"):
        sesv2.create_email_identity(EmailIdentity=name)
    sesv2.put_email_identity_mail_from_attributes(EmailIdentity="example.org", MailFromDomain="bounce.example.org")
    said, result = notes({"control": {}})
    assert said["not expressed", "identity example.org"] == (
        "Its mail_from is bounce.example.org, with which another identity sends; a MAIL FROM domain must not send or receive other mail."
    )
    assert "mail_from" not in result.pillar["control"]["aws"]["ses"]["identities"]["example.org"]


@pytest.mark.parametrize(
    ("subscription", "why"),
    [
        (
            {
                "Protocol": "firehose",
                "Endpoint": "arn:aws:firehose:us-east-1:123456789012:deliverystream/mail",
                "Attributes": {"SubscriptionRoleArn": "arn:aws:iam::123456789012:role/mail"},
            },
            "needs its role_arn, which the listing does not have",
        ),
    ],
)
def test_a_subscription_that_pillar_cannot_express(sandbox, notes, subscription, why):
    sns = sandbox.client("sns")
    sns.subscribe(TopicArn=sns.create_topic(Name="alarms")["TopicArn"], **subscription)
    said, result = notes({"control": {}})
    assert said["not expressed", "topic alarms"].endswith(f" is not adopted: it {why}.")
    assert result.pillar["control"]["aws"]["sns"] == {"topics": {"alarms": {}}}


def test_a_subscription_of_another_account_has_no_endpoint(sandbox, notes, monkeypatch):
    sns, read = sandbox.client("sns"), Session.read
    sns.subscribe(TopicArn=sns.create_topic(Name="alarms")["TopicArn"], Protocol="email", Endpoint="ops@example.org")

    def hidden(self, service, method, *args, **named):
        answer = read(self, service, method, *args, **named)
        if method != "list_subscriptions":
            return answer
        return {"Subscriptions": [{**entry, "Endpoint": ""} for entry in answer["Subscriptions"]]}

    monkeypatch.setattr(Session, "read", hidden)
    said, result = notes({"control": {}})
    assert said["not expressed", "topic alarms"].endswith(
        " is not adopted: it belongs to another account, and SNS does not return its endpoint."
    )
    assert result.pillar["control"]["aws"]["sns"] == {"topics": {"alarms": {}}}


def test_rules_that_let_everything_out_are_the_usual_ones(sandbox, network, notes):
    group = network.group("web")
    rule = {"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
    sandbox.client("ec2").authorize_security_group_egress(GroupId=group, IpPermissions=[rule])
    said, result = notes({"control": {}})
    assert said == {}
    assert result.pillar["control"]["aws"]["ec2"]["security_groups"] == {"web": {"description": "x"}}


def sender(console, document):
    """An SMTP user with this policy, and its key."""
    console.user("mailer")
    console.iam.put_user_policy(UserName="mailer", PolicyName=smtp.POLICY, PolicyDocument=json.dumps(document))
    return console.key("mailer")


def test_an_smtp_users_policy_that_means_the_same_gets_its_usual_form(console, notes):
    document = smtp.document()
    statement = document["Statement"][0]
    again = {**statement, "Condition": {"StringEquals": {"ses:FromAddress": "ops@example.org"}}}
    sender(console, {**document, "Statement": [statement, again]})
    said, _ = notes({"control": {}})
    assert said["change", "SMTP user mailer"] == (
        f"Its inline policy {smtp.POLICY} changes: it has the same meaning in another form."
    )


def test_a_file_with_the_key_of_an_smtp_user_and_no_password_is_no_store(console, notes, tmp_path):
    key = sender(console, smtp.document())
    (tmp_path / "mail.sls").write_text(yaml.safe_dump({"smtp": {"username": key["AccessKeyId"]}}))
    said, result = notes({"control": {}}, [tmp_path])
    assert said["not expressed", "SMTP user mailer"] == (
        "Its key is in the pillar file mail.sls at smtp:username, without the password that belongs to it."
    )
    assert "store" not in result.pillar["control"]["aws"]["ses"]["smtp_users"]["mailer"]
