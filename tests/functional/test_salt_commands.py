"""Commands in messages: what each calls is there, takes what it is given, and gets it as it is; and each is tried by a test."""

import ast
import re
from fnmatch import fnmatchcase
from itertools import takewhile

import pytest
from salt.exceptions import CommandExecutionError

from aws_runbook import salt_commands
from tests.fixtures import commands

# Names of things, as their owners may have chosen them.
NAMES = (
    *(
        "it's $(touch x)",
        "`touch x`",
        "; touch x",
        "a b",
        '"',
        "\\",
        "&& touch x",
        "> x",
        "*",
        "~",
        "!!",
        "#a",
        "a # b",
    ),
    *(
        "123",
        "true",
        "[1]",
        "{a: b}",
        "null",
        "None",
        "1_000",
        "0777",
        "1.50",
        "2026-01-01",
        "yes",
        "x=y",
        "x=y#z",
        "=",
        "@x",
    ),
    *(
        "--help",
        "-x",
        "",
        " ",
        "one line\nand another",
        "a\tb",
        "\u2028",
        "\x85",
        "\x7f",
        "ä",
        "日本",
        "\U0001f600",
        "\u202e",
    ),
)
# Where no command can be made: what salt-ssh cannot do, and a person does elsewhere; and where this package is not there.
ALLOWED = {("over_ssh.py", "salt-call --local"), ("ready.jinja", "salt-call")}


def kinds():
    """Each command of another shape once."""
    return sorted({(entry.function, entry.arguments) for entry in commands.made()})


def known(modules, pattern):
    """The functions of this project, and of Salt's own states, that a pattern means."""
    own = {path.stem for path in (commands.TREE / "_modules").glob("*.py")} | {"state"}
    found = [name for name in modules if fnmatchcase(name, pattern) and name.partition(".")[0] in own]
    return [name for name in found if name == pattern or not name.startswith("state.")]


@pytest.mark.parametrize(("pattern", "arguments"), kinds())
def test_what_a_command_calls_is_there_and_takes_what_it_is_given(modules, pattern, arguments):
    assert known(modules, pattern)
    for function in known(modules, pattern):
        taken = modules["sys.argspec"](function)[function]
        needed = taken["args"][: len(taken["args"]) - len(taken["defaults"] or ())]
        if not set(arguments) <= set(taken["args"]):
            assert "*" in pattern, f"{function} has no such argument"
            continue
        assert set(needed) <= set(arguments), f"{function} is given too little"
        # What stands there without its name.
        leading = list(takewhile(salt_commands.LEADING.__contains__, arguments))
        assert taken["args"][: len(leading)] == leading, f"{function} takes something else first"


@pytest.mark.parametrize(("pattern", "arguments"), kinds())
def test_a_command_that_is_pasted_gives_salt_what_was_meant(modules, tmp_path, pattern, arguments):
    function = next(
        name for name in known(modules, pattern) if set(arguments) <= set(modules["sys.argspec"](name)[name]["args"])
    )
    order = modules["sys.argspec"](function)[function]["args"]
    meant = [dict.fromkeys(arguments, name) for name in NAMES]
    typed = [salt_commands.command(function, **given) for given in meant]
    assert all(text.isprintable() for text in typed)
    called = commands.pasted(typed, tmp_path, modules)
    assert [(name, {**dict(zip(order, given, strict=False)), **named}) for name, given, named in called] == [
        (function, given) for given in meant
    ]


DOMAIN = "noreply.example.org"
EMAIL = {"aws": {"ses": {"region": "eu-west-1", "identities": {DOMAIN: {}}}}}


def said(minion, function, *arguments, **named):
    """The error of a function."""
    with pytest.raises(CommandExecutionError) as raised:
        minion.call(function, *arguments, **named)
    return str(raised.value)


@pytest.mark.runs_command("ses_delivery._of_domain", "state.apply")
@pytest.mark.runs_command("ses_identity._records", "state.apply")
@pytest.mark.runs_command("ses_identity.retry", "state.apply")
@pytest.mark.runs_command("ses_identity.verified", "state.apply")
@pytest.mark.runs_command("ses_identity._pending_of", "state.apply")
def test_what_is_not_there_yet_is_made_by_the_command_in_the_message(account, obey, sandbox):
    minion = account(EMAIL)
    where = {"region": "eu-west-1"}
    messages = [
        said(minion, "ses_delivery.check_dmarc", DOMAIN, **where),
        said(minion, "ses_identity.dns_records", DOMAIN, **where),
        said(minion, "ses_identity.retry", DOMAIN, **where),
        *minion.call("ses_identity.verified", DOMAIN, **where)["missing"],
        *[entry["do"] for entry in minion.call("ses_identity.pending")],
    ]
    assert len(messages) == 5
    for message in messages:
        done = obey(message, "state.apply", call=minion.call).raw
        assert {state["result"] for state in done.values()} == {True}, done
        sesv2 = sandbox.client("sesv2", "eu-west-1")
        assert [entry["IdentityName"] for entry in sesv2.list_email_identities()["EmailIdentities"]] == [DOMAIN]
        sesv2.delete_email_identity(EmailIdentity=DOMAIN)


@pytest.mark.runs_command("iam_access_key.rotate", "state.apply")
def test_a_user_that_is_not_there_yet_is_made_by_the_command_in_the_message(account, obey, sandbox):
    minion = account(
        {"backup": {"location": "ocp-backup"}, "aws": {"backup": {"user": "backup", "store": "sdb://vault/b"}}}
    )
    done = obey(said(minion, "iam_access_key.rotate", "backup"), "state.apply", call=minion.call).raw
    assert {state["result"] for state in done.values()} == {True}, done
    assert len(sandbox.client("iam").list_access_keys(UserName="backup")["AccessKeyMetadata"]) == 1


@pytest.mark.runs_command("read.expiry", "state.apply")
def test_a_rule_that_is_not_in_force_is_written_by_the_command_in_the_message(account, obey, sandbox):
    minion = account({"backup": {"location": "ocp-backup"}})
    sandbox.client("s3").create_bucket(Bucket="ocp-backup")
    assert "is not in force" in minion.call("aws_backup.audit")
    obey(minion.call("aws_backup.audit"), "state.apply", call=minion.call)
    assert "is not in force" not in minion.call("aws_backup.audit")


@pytest.mark.runs_command("identity_pending._records", "ses_identity.dns_records")
@pytest.mark.runs_command("identity_pending._retry", "ses_identity.retry")
def test_a_command_reaches_the_region_that_the_message_is_about(account, obey, sandbox):
    minion = account(EMAIL)
    done = minion.apply("aws.email")
    sandbox.stop_clock()
    (warning,) = done[f"aws-identity-{DOMAIN}"]["warnings"]
    assert f"{DOMAIN} region=eu-west-1`" in warning
    assert "_domainkey" in obey(warning, "ses_identity.dns_records", call=minion.call)
    sandbox.advance_clock(73 * 3600)
    (warning,) = minion.apply("aws.email")[f"aws-identity-{DOMAIN}"]["warnings"]
    sandbox.clear_calls()
    obey(warning, "ses_identity.retry", call=minion.call)
    (call,) = sandbox.calls(operation="VerifyDomainDkim")
    assert call["region"] == "eu-west-1"


def test_each_command_is_tried_by_a_test():
    marked = {
        tuple(argument.value for argument in node.args)
        for path in (commands.TREE / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "runs_command"
    }
    keys = {entry.key for entry in commands.made()}
    assert len(keys) > 20
    assert [key for key in sorted(keys) if not any(_is_of(key, mark) for mark in marked)] == []
    assert [mark for mark in sorted(marked) if not any(_is_of(key, mark) for key in keys)] == []


def _is_of(key, mark):
    return key[0] == mark[0] and fnmatchcase(mark[1], key[1])


def _texts(tree):
    """The texts of a file that are no documentation."""
    said = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said
    ]


@pytest.fixture(scope="module")
def advice():
    """What in a text is a command, or the name of a function to call. A state's name is for SLS files."""
    names = [
        re.escape(f"{path.stem}.{node.name}")
        for path in (commands.TREE / "_modules").glob("*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    ]
    named = rf"(?<![\w.])(?:{'|'.join(names)})(?![\w.=(])"
    return re.compile(rf"salt-(?:call|run)\b(?: --local)?|\bsalt '|\bstate\.(?:apply|sls|single)\b|{named}")


@pytest.mark.parametrize("path", commands.sources(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_command_is_written_as_text(path, advice):
    for text in _texts(ast.parse(path.read_text())):
        # The name of a function alone is for calling it.
        found = [] if re.fullmatch(r"[a-z0-9_]+\.[a-z_]+|salt(-call|-ssh)?", text) else advice.findall(text)
        assert [word for word in found if (path.name, word) not in ALLOWED] == [], text


@pytest.mark.parametrize("path", sorted((commands.TREE / "salt").rglob("*.*")), ids=lambda path: path.name)
def test_no_command_is_written_in_an_sls_file(path, advice):
    text = re.sub(r"\{#.*?#\}|^\s*#.*?$", "", path.read_text(), flags=re.DOTALL | re.MULTILINE)
    # The name of a function alone is for calling it.
    words = advice.findall(re.sub(r"\"[a-z0-9_]+\.[a-z_]+\"", "", text))
    assert {word for word in words if (path.name, word) not in ALLOWED} == set()
