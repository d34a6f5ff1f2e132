"""What the tests of adopting have in common: an account made by plain calls, and what the states would change in it."""

import json
import os
import uuid

import salt.state
from hypothesis import HealthCheck, Phase, settings

from aws_runbook.adopt import subjects
from aws_runbook.adopt.account import Account
from aws_runbook.adopt.result import merged
from aws_runbook.aws.session import connect
from aws_runbook.backups.key_settings import place_of
from aws_runbook.backups.targets import Target
from aws_runbook.iam import backup_policy
from aws_runbook.run import cache as run_cache

# How many accounts a property is tried on: ADOPT_EXAMPLES=1000 for a long run.
EXAMPLES = int(os.environ.get("ADOPT_EXAMPLES", "8"))
PLAIN = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="ADOPT_EXAMPLES" not in os.environ,
    database=None,
    phases=(Phase.explicit, Phase.generate),  # to find a smaller example takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def adopt(modules, opts, pillars, minion, roots=(), gpg_homedir=None):
    """The :class:`aws_runbook.adopt.result.Result` for these pillars, as ``aws_account.adopt`` of the minion has it."""

    def describe(kind, *given, region=None):
        return modules[f"{kind}.describe"](*given, region=region)

    with run_cache.joined():
        session = connect(opts, pillars[minion])
        return subjects.look(Account(session, minion, pillars, describe, list(roots), gpg_homedir))


def pasted(pillars, result):
    """The pillars with what was adopted in its place."""
    return {server: merged(pillar, result.pillar.get(server, {})) for server, pillar in pillars.items()}


def put(pillar, path, value):
    """``pillar`` with ``value`` at a colon-separated key."""
    name, _, rest = path.partition(":")
    return {**pillar, name: put(pillar.get(name) or {}, rest, value) if rest else value}


def with_key(pillar, kind, key):
    """A server's pillar with the id and the secret of the key of a kind of backup, as an operator wrote them down."""
    pillar = put(pillar, place_of(kind), key["AccessKeyId"])
    return put(pillar, place_of(kind, "secret_key"), key["SecretAccessKey"])


class Console:
    """The account, as a person makes things in it."""

    def __init__(self, sandbox):
        self.sandbox, self.iam = sandbox, sandbox.client("iam")

    def bucket(self, name, region, *, tags=None, rules=(), past=()):
        """A bucket as the console makes it today; ``past`` is what there was before, or what somebody has changed since."""
        s3 = self.sandbox.client("s3", region=region)
        elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": region}} if region != "us-east-1" else {}
        s3.create_bucket(Bucket=name, **elsewhere)
        if {"open", "public"} & {*past}:
            s3.delete_public_access_block(Bucket=name)
        if "public" in past:
            everybody = {
                "Effect": "Allow",
                "Principal": "*",
                "Action": "s3:GetObject",
                "Resource": f"arn:aws:s3:::{name}/*",
            }
            s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": everybody}))
        if "half open" in past:
            s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration={"BlockPublicAcls": True})
        if "ACLs" in past:
            owned = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
            s3.put_bucket_ownership_controls(Bucket=name, OwnershipControls=owned)
        if "KMS" in past:
            kms = {
                "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, "BucketKeyEnabled": True}]
            }
            s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration=kms)
        if "versions" in past:
            s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        if tags:
            pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
            s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": pairs})
        if rules:
            s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": list(rules)})

    def policy(self, name, document, path="/"):
        made = self.iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(document), Path=path)
        return made["Policy"]["Arn"]

    def user(self, name, arns=(), groups=()):
        self.iam.create_user(UserName=name)
        for arn in arns:
            self.iam.attach_user_policy(UserName=name, PolicyArn=arn)
        for group in groups:
            self.iam.add_user_to_group(GroupName=group, UserName=name)

    def key(self, user):
        return self.iam.create_access_key(UserName=user)["AccessKey"]

    def planned(self, plan):
        """Make what a plan of backups says; the keys by user."""
        for name, bucket in plan["buckets"].items():
            rules = plan["lifecycle"][name]["rules"]
            self.bucket(name, bucket["region"], tags=bucket["tags"], rules=rules)
        arns = {name: self.policy(name, document(wanted["targets"])) for name, wanted in plan["policies"].items()}
        for name, wanted in plan["groups"].items():
            self.iam.create_group(GroupName=name)
            for policy in wanted["policies"]:
                self.iam.attach_group_policy(GroupName=name, PolicyArn=arns[policy])
        for name, wanted in plan["users"].items():
            self.user(name, [arns[policy] for policy in wanted["policies"]], wanted["groups"])
        return {name: self.key(name) for name in plan["users"]}


def document(targets):
    return backup_policy.document([Target.from_data(target) for target in targets])


def states_of(plan):
    """The states that the SLS files make of a plan of backups: (function, arguments)."""
    for name, bucket in plan["buckets"].items():
        yield (
            "s3_bucket.present",
            {
                "name": name,
                "region": bucket["region"],
                "public_access_block": True,
                "server_side_encryption": "AES256",
                "object_ownership": "BucketOwnerEnforced",
                "tags": bucket["tags"] or None,
            },
        )
    for name, rules in plan["lifecycle"].items():
        yield "s3_lifecycle.managed", {"name": name, "region": plan["buckets"][name]["region"], **rules}
    for kind, module in (
        ("policies", "iam_backup_policy"),
        ("groups", "iam_group"),
        ("users", "iam_user"),
        ("keys", "iam_access_key"),
    ):
        for name, arguments in plan[kind].items():
            yield f"{module}.present", {"name": name, **arguments}


class Runner:
    """Runs of states by Salt itself, whose loaders are made once: ``state.single`` makes them anew for each state."""

    def __init__(self, loaders):
        self._state = salt.state.State(dict(loaders.opts), initial_pillar=dict(loaders.opts["pillar"]))

    def run(self, planned, *, test=False):
        """The return of each state by (function, name), of one run of ``planned``: (function, arguments)."""
        self._state.instance_id = uuid.uuid4().hex
        self._state.opts["test"] = self._state.states.opts["test"] = test
        chunks = [low(place, *entry) for place, entry in enumerate(planned)]
        running = {}
        for chunk in chunks:
            tag = "_|-".join((chunk["state"], chunk["__id__"], chunk["name"], chunk["fun"]))
            running[tag] = self._state.call(chunk, chunks, running)
        return {
            (f"{chunk['state']}.{chunk['fun']}", chunk["name"]): ret
            for chunk, ret in zip(chunks, running.values(), strict=True)
        }


def low(place, function, arguments):
    """A state as Salt's low chunk."""
    state, fun = function.split(".")
    identity = f"{function}-{place}"
    return {
        "state": state,
        "fun": fun,
        "__id__": identity,
        "__sls__": "aws",
        "__env__": "base",
        "order": place + 1,
        **arguments,
    }


def changing(runner, planned):
    """The names of what these states would change, or fail at, with what they say."""
    returned = runner.run(planned, test=True)
    return {
        slot: ret["changes"] or ret["comment"]
        for slot, ret in returned.items()
        if ret["changes"] or ret["result"] is False
    }


def unnoted(found, notes):
    """Of these, what no note is about."""
    words = {word.strip(",") for note in notes for word in note.about.split()}
    return {slot: what for slot, what in found.items() if slot[1] not in words}


def flat(value, path=()):
    """Every leaf of a pillar by its path, so that a difference can be read."""
    if not isinstance(value, dict) or not value:
        yield path, value
        return
    for name, entry in value.items():
        yield from flat(entry, (*path, name))


def assert_describes(result, minion, pillar):
    """That what was adopted for a minion is its pillar, with no note."""
    found, wanted = dict(flat(result.pillar.get(minion, {"aws": {}}))), dict(flat(pillar))
    assert {path: (found.get(path), wanted.get(path)) for path in found.keys() ^ wanted.keys()} == {}
    assert found == wanted
    assert result.notes == []
