"""Names and ids are texts: what Salt reads as something else on a command line is refused, in every function, before any call."""

import ast
import datetime as dt
import inspect

import pytest
from salt.exceptions import CommandExecutionError

from aws_runbook.audit import render
from aws_runbook.kinds.connected import CONNECTION, texts
from tests.fixtures import commands

CANARY = "CANARY"

# Arguments that are other things than texts, or that are checked for what they can be.
OTHERS = {
    "action",
    "allow",
    "allow_upgrade",
    "apply",
    "as_of",
    "attributes",
    "behavior_on_mx_failure",
    "bounce_topic",
    "by",
    "changes",
    "complaint_topic",
    "content_based_deduplication",
    "current",
    "custom_redirect_domain",
    "declared",
    "delete_active",
    "delete_automated_backups",
    "delete_objects",
    "delete_access_keys",
    "delete_verified",
    "delivery_topic",
    "detach",
    "dns",
    "egress",
    "email_forwarding",
    "enable_dns_hostnames",
    "enable_dns_support",
    "event_destinations",
    "fifo",
    "format",
    "from_addresses",
    "grace_days",
    "groups",
    "https_policy",
    "include_headers",
    "ingress",
    "internet_gateway",
    "mail_from",
    "map_public_ip_on_launch",
    "max_age_hours",
    "message",
    "names",
    "object_lock_days",
    "object_lock_mode",
    "object_ownership",
    "policies",
    "policy_document",
    "prefixes",
    "production_access",
    "profile",
    "protected",
    "public_access_block",
    "public_route",
    "publishers",
    "purge",
    "reason",
    "receives",
    "remove_members",
    "remove_subscriptions",
    "reputation_metrics_enabled",
    "reveal",
    "rotate_days",
    "rule_id",
    "rules",
    "sending_enabled",
    "server_side_encryption",
    "signing_key_length",
    "skip",
    "skip_final_snapshot",
    "store",
    "subnets",
    "subscriptions",
    "suppressed_reasons",
    "suppression",
    "tags",
    "targets",
    "timeout",
    "tls_policy",
    "versioning",
    "wait",
    "recovery",
    "test",
}


def functions(modules):
    """Every function that reaches AWS, with what it needs."""
    own = {path.stem for path in (commands.TREE / "_modules").glob("*.py")}
    for name in sorted(modules):
        if name.partition(".")[0] in own and hasattr(modules[name], "on"):
            yield name, inspect.signature(modules[name]).parameters


def texts_of(modules, function):
    """The arguments of a function's module that take texts."""
    return texts(modules[function].on.__globals__)


def test_every_argument_is_known_for_a_text_or_for_something_else(modules):
    found, named = set(), {}
    for function, parameters in functions(modules):
        module = function.partition(".")[0]
        named.setdefault(module, texts_of(modules, function) - set(CONNECTION) - {"name"}).difference_update(parameters)
        assert parameters.keys() - texts_of(modules, function) - OTHERS == set(), function
        found |= parameters.keys()
    assert {module: left for module, left in named.items() if left} == {}
    assert OTHERS - found == set()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (123, "a number, so write it in quotes. On a command line: `'\"123\"'`."),
        (1.5, "a number, so write it in quotes. On a command line: `'\"1.5\"'`."),
        (True, "true or false, so write it in quotes. On a command line: `'\"true\"'`."),
        ([1], "give a text. On a command line: `'\"[1]\"'`."),
        ({"a": 1}, "give a text. On a command line: "),
        ({dt.date(2020, 1, 1): 1}, "give a text. On a command line: "),
    ],
)
def test_what_is_no_text_is_refused_in_a_sentence(modules, sandbox, given, words):
    for function, parameters in functions(modules):
        for argument in texts_of(modules, function) & parameters.keys() - {"keyid", "key", "token"}:
            needed = {name: "x" for name, entry in parameters.items() if entry.default is inspect.Parameter.empty}
            with pytest.raises(CommandExecutionError) as refused:
                modules[function](**{**needed, argument: given})
            assert str(refused.value).startswith(f"{function}: {argument} is {given!r}; give a text")
            assert words in str(refused.value)
    assert sandbox.calls() == []


def test_a_name_that_must_be_given_is_not_nothing(modules):
    with pytest.raises(
        CommandExecutionError, match=r"s3_bucket\.describe: name is None; give a text; YAML reads it as nothing"
    ):
        modules["s3_bucket.describe"](None)


SHAPES = {
    "changes": ("give a mapping whose keys are texts", [5, "x", [CANARY], {5: CANARY}, [None], dt.date(2020, 1, 1)]),
    "current": ("give a mapping whose keys are texts", [5, "x", [CANARY], {5: CANARY}, [None]]),
    "names": ("give a list of texts", [5, CANARY, {CANARY: 1}, [CANARY, 5], None]),
    "prefixes": ("give a list of texts", [5, CANARY, {CANARY: 1}, [{"x": CANARY}], b"x"]),
    "skip": ("give a list of texts", [5, CANARY, [1]]),
    "timeout": ("give a number of seconds, 0 or more", [-1, "soon", [], True, float("nan"), float("inf"), None]),
    "attributes of describe": ("give a list of texts", [5, CANARY, {CANARY: 1}, [{"x": CANARY}]]),
    "attributes": ("give a mapping whose keys are texts", [5, "x", [CANARY], {5: CANARY}, None, dt.date(2020, 1, 1)]),
}


@pytest.mark.parametrize("case", SHAPES)
def test_what_has_another_shape_is_refused_in_a_sentence(modules, sandbox, case):
    argument, (allowed, wrong) = case.partition(" ")[0], SHAPES[case]
    tried = 0
    for function, parameters in functions(modules):
        if argument not in parameters or function.endswith(".describe") != case.endswith("of describe"):
            continue
        needed = {name: "x" for name, entry in parameters.items() if entry.default is inspect.Parameter.empty}
        needed |= {name: {} for name in {"attributes", "changes", "current"} & needed.keys()}
        for value in wrong:
            tried += 1
            with pytest.raises(CommandExecutionError) as refused:
                modules[function](**{**needed, argument: value})
            assert str(refused.value).startswith(f"{function}: {argument} is ")
            assert str(refused.value).endswith(f"; {allowed}.")
            assert CANARY not in str(refused.value)
    assert tried
    assert sandbox.calls() == []


@pytest.mark.parametrize("value", ["False", "no", "", 0, 1, []])
def test_a_flag_is_true_or_false_and_nothing_that_python_takes_for_either(modules, sandbox, value):
    """A text in quotes is true for Python; some of these destroy data."""
    tried = []
    for function, parameters in functions(modules):
        needed = {name: "x" for name, entry in parameters.items() if entry.default is inspect.Parameter.empty}
        needed |= {name: {} for name in {"attributes", "changes", "current"} & needed.keys()}
        for argument in [name for name, entry in parameters.items() if isinstance(entry.default, bool)]:
            with pytest.raises(CommandExecutionError) as refused:
                modules[function](**{**needed, argument: value})
            assert str(refused.value) == f"{function}: {argument} is {value!r}; allowed are True, False."
            tried.append(argument)
    assert {"delete_objects", "purge", "skip_final_snapshot", "reveal"} <= set(tried)
    assert sandbox.calls() == []


@pytest.mark.parametrize("there", [True, False])
def test_a_flag_of_a_state_too(states, sandbox, there):
    if there:
        sandbox.client("s3").create_bucket(Bucket="example-name")
        sandbox.client("iam").create_user(UserName="example-name")
    sandbox.clear_calls()
    tried = []
    for path in sorted((commands.TREE / "_states").glob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
                continue
            names = [argument.arg for argument in node.args.args]
            needed = dict.fromkeys(names[: len(names) - len(node.args.defaults)], "example-name")
            for name, default in zip(reversed(names), reversed(node.args.defaults), strict=False):
                if isinstance(getattr(default, "value", None), bool):
                    ret = states[f"{path.stem}.{node.name}"](**needed, **{name: "False"})
                    assert ret.result is False
                    assert ret.comment.endswith(f"{name} is 'False'; allowed are True, False."), ret.comment
                    tried.append(name)
    assert {"delete_objects", "purge", "skip_final_snapshot", "detach_backups_only"} <= set(tried)
    assert sandbox.calls(write=True) == []


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("ses_identity.verified x timeout=soon", "ses_identity.verified: timeout is 'soon'; give a number of seconds"),
        ("ses_smtp_user.document 5", "ses_smtp_user.document: from_addresses is a value of the type int; give a list"),
        (
            "s3_lifecycle.repositories b prefixes=5",
            "s3_lifecycle.repositories: prefixes is a value of the type int; give",
        ),
        ("aws_backup.audit prometheus_file=5", "aws_backup.audit: prometheus_file is 5; give a text"),
        ("ses_delivery.check_dmarc message=5", "check_dmarc: message is not a text"),
        ("ses_identity.describe example.org '[nothing]'", "An identity has no attribute 'nothing'; it has "),
        ("iam_backup_policy.document 5", "targets is a value of the type int; give a list of mappings."),
        ("iam_backup_policy.document '{kind: files}'", "targets is a value of the type "),
        ("s3_bucket.describe '{2020-01-01: x}'", "s3_bucket.describe: name is {"),
    ],
)
def test_what_a_command_line_can_give_is_one_sentence(modules, sandbox, tmp_path, command, sentence):
    ((function, arguments, keywords),) = commands.pasted([f"salt-call {command}"], tmp_path, modules)
    with pytest.raises(CommandExecutionError) as refused:
        modules[function](*arguments, **keywords)
    assert str(refused.value).startswith(sentence)


def test_a_topic_that_is_no_text_is_one_sentence(modules, sandbox):
    sandbox.client("ses").verify_domain_identity(Domain="example.org")
    with pytest.raises(CommandExecutionError, match=r"delivery_topic is .*; give the name of an SNS topic"):
        modules["ses_identity.update"]("example.org", delivery_topic="\ud800")


@pytest.mark.parametrize("path", ["x\0y", "/nowhere/x.prom"])
def test_a_file_that_cannot_be_written_is_one_sentence(path):
    with pytest.raises(CommandExecutionError, match=r"prometheus_file is .* cannot be written"):
        render.write(path, "x")


@pytest.mark.parametrize("empty", ["", "   "])
def test_an_empty_name_is_refused_in_every_function(modules, sandbox, empty):
    for function, parameters in functions(modules):
        if "name" in parameters:
            needed = {name: "x" for name, entry in parameters.items() if entry.default is inspect.Parameter.empty}
            with pytest.raises(CommandExecutionError) as refused:
                modules[function](**{**needed, "name": empty})
            assert str(refused.value) == f"{function}: name is empty; give the name of one."
    assert sandbox.calls() == []


@pytest.mark.parametrize("argument", sorted({"keyid", "key"} & set(CONNECTION)))
def test_what_may_be_a_secret_is_not_shown(modules, argument):
    with pytest.raises(CommandExecutionError) as refused:
        modules["iam_user.describe"]("x", **{"keyid": "AKIAIOSFODNN7EXAMPLE", "key": "x", argument: 4815162342})
    assert f"iam_user.describe: {argument} is not a text; YAML reads it as a number, so write it in quotes" in str(
        refused.value
    )
    assert "4815162342" not in str(refused.value)


def test_the_text_that_the_sentence_gives_is_taken(modules, sandbox, tmp_path):
    sandbox.client("iam").create_user(UserName="123")
    with pytest.raises(CommandExecutionError) as refused:
        modules["iam_user.describe"](123)
    written = str(refused.value).rpartition("On a command line: ")[2].strip("`.")
    ((function, arguments, _),) = commands.pasted([f"salt-call iam_user.describe {written}"], tmp_path, modules)
    assert modules[function](*arguments)["arn"].endswith("user/123")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            {"nmae": "x"},
            "s3_bucket.describe has no argument nmae; did you mean name? It has name, attributes, region, ",
        ),
        ({"name": "x", "attribute": ["tags"]}, "has no argument attribute; did you mean attributes? It has "),
        (
            {"name": "x", "colour": "red"},
            "has no argument colour; it has name, attributes, region, profile, keyid, key.",
        ),
    ],
)
def test_the_nearest_argument_is_named_where_there_is_none_of_that_name(modules, sandbox, given, told):
    with pytest.raises(CommandExecutionError) as refused:
        modules["s3_bucket.describe"](**given)
    assert told in str(refused.value)
    assert sandbox.calls() == []


def test_every_function_suggests_its_own(modules):
    for function, parameters in functions(modules):
        for argument in parameters:
            with pytest.raises(CommandExecutionError) as refused:
                modules[function](**{f"{argument}_": "x"})
            assert f"{function} has no argument {argument}_; did you mean {argument}? It has " in str(refused.value)
