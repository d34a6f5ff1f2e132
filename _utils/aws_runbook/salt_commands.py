"""
Salt commands in messages, in the form of the running command, so that they can be pasted.

A name can hold anything that its owner thought of. Each argument is quoted for the shell, and before that for Salt, which
reads arguments as YAML: without quotes ``123`` would be a number.
https://docs.saltproject.io/en/latest/topics/execution/index.html
"""

import argparse
import json
import re
import shlex
import sys
from pathlib import Path

from salt.utils.args import yamlify_arg

_DEFAULT_CONFIG_DIR = "/etc/salt"
# The first arguments of functions, which are known without their names.
LEADING = ("access_key_id", "address", "changes", "endpoint", "mods", "name", "rule_id", "server")
_KEYWORD = re.compile(r"[^\d\W][\w.-]*=", re.UNICODE)
# Options of salt-call with one value that select the minion and its files.
_VALUES = ("--id", "--file-root", "--pillar-root", "--states-dir", "--master", "--cachedir", "--saltfile")
_prefix = ["salt-call"]
# What it follows from.
_remembered = []


def remember(opts, argv=None):
    """Take the form of the commands from a minion's configuration and, under salt-call, from its own command line."""
    words = tuple(sys.argv if argv is None else argv)
    settings = tuple(str(opts.get(name)) for name in ("id", "root_dir", "__cli", "file_client", "conf_file"))
    if _remembered != [settings, words]:
        _prefix[:] = _form(opts, words)
        _remembered[:] = [settings, words]


def command(function, **arguments):
    """
    The command that calls an execution module's function: salt-call s3_lifecycle.delete_rule BUCKET RULE.

    What reaches a region or an account is made by :meth:`aws_runbook.aws.session.Session.command`. The backticks say where it
    ends: a full stop that is copied along would be a part of the last argument.
    """
    words, leads = [], True
    for name, value in arguments.items():
        # To Salt a text of the form NAME=VALUE is a keyword argument, in whatever quotes it is.
        leads = leads and name in LEADING and value is not None and not _KEYWORD.match(str(value))
        if value is not None:
            words.append(_word(value) if leads else f"{name}={_word(value, named=True)}")
    return f"`{shlex.join([*_prefix, function, *words])}`"


def apply():
    """The command that applies the account's pillar, also in a tree that has its own ``aws``."""
    return command("state.apply", mods="aws.account")


def argument(text):
    """Quote a text for a command line, so that Salt reads exactly it."""
    return shlex.quote(_word(text))


def names(text, given):
    """Whether ``given`` on a command line is ``text``, or what Salt reads in its place where it was written without quotes."""
    return text == given or (not isinstance(given, str) and repr(yamlify_arg(text)) == repr(given))


def _form(opts, argv):
    identity = opts.get("id")
    if identity is None:
        return ["salt-call"]
    # What salt-ssh starts on a server keeps its files there.
    if str(opts.get("root_dir") or "").rstrip("/").endswith("running_data"):
        return ["salt-ssh", identity]
    if opts.get("__cli") != "salt-call" and opts.get("file_client") != "local":
        return ["salt", identity]
    if Path(argv[0]).name == "salt-call":
        return ["salt-call", *_options(argv[1:])]
    folder = str(Path(opts.get("conf_file") or _DEFAULT_CONFIG_DIR).parent)
    where = [] if folder in (_DEFAULT_CONFIG_DIR, "/etc", ".") else ["-c", folder]
    return ["salt-call", *(["--local"] if opts.get("file_client") == "local" else []), *where]


def _options(argv):
    """The options of salt-call that select the minion and its configuration."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, prefix_chars="-")
    parser.add_argument("--local", action="store_true")
    parser.add_argument("-c", "--config-dir")
    parser.add_argument("-m", "--module-dirs", action="append", default=[])
    for name in _VALUES:
        parser.add_argument(name)
    known, _ = parser.parse_known_args(argv)
    options = ["--local"] if known.local else []
    if known.config_dir:
        options += ["-c", known.config_dir]
    given = [("--module-dirs", folder) for folder in known.module_dirs]
    given += [(name, getattr(known, name.removeprefix("--").replace("-", "_"))) for name in _VALUES]
    return [*options, *(f"{name}={value}" for name, value in given if value)]


def _word(value, *, named=False):
    """A value as Salt reads it again, in one line: a text stays a text."""
    quoted = _in_one_line(json.dumps(value, ensure_ascii=False))
    if not isinstance(value, str):
        return quoted
    # The last: Salt does not parse a text with a # as YAML, and would keep its quotes.
    for written in (value, quoted, quoted.replace("#", r"\x23")):
        taken_for_another = written.startswith("=" if named else "-")
        if written.isprintable() and yamlify_arg(written) == value and not taken_for_another:
            return written
    return quoted


def _in_one_line(text):
    """JSON with line breaks and invisible characters escaped as in YAML."""
    return "".join(letter if letter.isprintable() else f"\\U{ord(letter):08X}" for letter in text)
