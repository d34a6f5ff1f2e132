"""The commands of docs/salt-ssh.md, one after the other, in a tree of the shape that it is for."""

import os
import re
import subprocess
import sys
from getpass import getuser

import pytest
import yaml

from tests.fixtures import old_tree
from tests.install.conftest import TREE

pytestmark = [pytest.mark.sshd, pytest.mark.git]

PAGE = (TREE / "docs" / "salt-ssh.md").read_text()
BLOCKS = [(block, block.splitlines()) for block in re.findall(r"^```sh\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)]
PILLAR = dict(re.findall(r"^   ```yaml\n   # (pillar/[\w./]+)[^\n]*\n(.*?)^   ```", PAGE, re.DOTALL | re.MULTILINE))
MARK = "##### the next command of the page"
# What the servers' own states read of a key that is not there yet.
NOTHING = {"smtp_id": "", "smtp_password": ""} | {
    f"{name}_{half}": "" for name in old_tree.KEYS for half in ("id", "secret")
}


def block(first):
    """The commands of the page that begin with ``first``, as one text."""
    (found,) = [text for text, lines in BLOCKS if lines[0].startswith(first)]
    return found


class Clone:
    """An operator's clone of the tree, on a laptop that has Salt, and a checkout of this project at home."""

    def __init__(self, root, environment, tree, servers):
        self.environment = environment
        self.folder = old_tree.copy(root / "deploy", NOTHING)
        home = root / "home"
        home.mkdir()
        (home / "aws-runbook").symlink_to(tree)
        self._pip()
        self._configure(servers)
        self._commit(root)
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "GIT_"))}
        kept = {name: os.environ[name] for name in ("AWS_ENDPOINT_URL", "AWS_EC2_METADATA_DISABLED")}
        who = {
            f"GIT_{role}_{what}": "ops@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
        }
        self.variables = {
            **ours,
            **kept,
            **who,
            "HOME": str(home),
            "PATH": f"{environment.bin}:{os.environ['PATH']}",
            "PYTHON": str(environment.python),
            "PYTHONWARNINGS": "ignore",
            "AWS_CONFIG_FILE": str(home / "aws-config"),
        }

    def _pip(self):
        """salt-pip, which installs where Salt is; here without a network."""
        path = self.environment.bin / "salt-pip"
        options = "--no-index --no-build-isolation --quiet --disable-pip-version-check"
        path.write_text(f'#!/bin/sh\nexec {sys.executable} -m pip --python={self.environment.python} "$@" {options}\n')
        path.chmod(0o755)

    def _configure(self, servers):
        """What such a tree has of configuration: each laptop's own, by a script of the tree."""
        self.path("Saltfile").write_text(
            f"salt-ssh:\n  config_dir: {self.folder}/salt-config\n  ignore_host_keys: True\n  log_level: quiet\n"
        )
        self.path("salt-config/master.d").mkdir()
        mine = {
            "cachedir": str(self.path("cache")),
            "pki_dir": str(self.path("salt-config/pki")),
            "ssh_log_file": str(self.path("ssh_log")),
            "log_file": str(self.path("log")),
            "sock_dir": str(self.path("cache/run")),
            "file_roots": {"base": [str(self.path("salt"))]},
            "pillar_roots": {"base": [str(self.path("pillar"))]},
            "user": getuser(),
        }
        self.write("salt-config/master.d/localuser.conf", mine)
        self.write("salt-config/roster", servers)

    def _commit(self, root):
        """Private pillar in a repository of its own, as a submodule of the tree's."""
        private, origin = self.path("pillar/private"), root / "private"
        private.rename(origin)
        git = ["git", "-c", "user.name=o", "-c", "user.email=o@example.org", "-c", "protocol.file.allow=always"]
        for folder in (origin, self.folder):
            subprocess.run([*git, "init", "--quiet"], cwd=folder, check=True)
            if folder == self.folder:
                subprocess.run([*git, "submodule", "--quiet", "add", origin, "pillar/private"], cwd=folder, check=True)
            subprocess.run([*git, "add", "."], cwd=folder, check=True)
            subprocess.run([*git, "commit", "--quiet", "-m", "So far"], cwd=folder, check=True)

    def path(self, name):
        return self.folder / name

    def write(self, name, content):
        self.path(name).write_text(yaml.safe_dump(content))

    def run(self, commands, check=True):
        """What the commands print, each by itself, as a person would paste them."""
        script = (
            f"\necho '{MARK}'\n".join(re.split(r"\n(?=\S)", commands.strip())) if "<<" not in commands else commands
        )
        done = subprocess.run(
            ["sh", "-eu", "-c", script],
            cwd=self.folder,
            env=self.variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=500,
        )
        assert done.returncode == 0 or not check, done.stdout + done.stderr
        return [text.strip() for text in done.stdout.split(MARK)]

    def adopt(self, account):
        """What the page says of pillar, step by step."""
        own = yaml.safe_load(PILLAR["pillar/aws_control.sls"])
        own["aws"]["account"] = account
        self.write("pillar/aws_control.sls", own)
        for name, text in PILLAR.items():
            if name != "pillar/aws_control.sls":
                path = self.path(name)
                path.write_text(f"{path.read_text()}\n{re.sub('^   ', '', text, flags=re.MULTILINE)}")
        self.path("salt-config/minion").parent.mkdir(exist_ok=True)
        return self


@pytest.fixture
def servers(server, sshd, tmp_path):
    one = {
        "host": sshd.listen_address,
        "port": sshd.listen_port,
        "user": getuser(),
        "priv": str(sshd.client_key),
        "set_path": f"{server.bin}:$PATH",
    }
    return {name: {**one, "thin_dir": str(tmp_path / f"thin-{name}")} for name in ("registry", "docs")}


@pytest.fixture
def clone(tmp_path, environment, tree, servers, sandbox):
    made = Clone(tmp_path, environment, tree, servers)
    halves = (sandbox.environment["AWS_ACCESS_KEY_ID"], sandbox.environment["AWS_SECRET_ACCESS_KEY"])
    profile = "[profile ocp-admin]\naws_access_key_id = {}\naws_secret_access_key = {}\n".format(*halves)
    (tmp_path / "home" / "aws-config").write_text(profile)
    account = sandbox.client("sts").get_caller_identity()["Account"]
    sandbox.clear_calls()
    return made.adopt(account)


def summary(output):
    """How many states there were, how many changed and how many failed."""
    counts = {word: int(number) for word, number in re.findall(r"(Succeeded|Failed): +(\d+)", output)}
    changed = re.search(r"changed=(\d+)", output)
    return counts["Succeeded"], int(changed[1]) if changed else 0, counts["Failed"]


@pytest.mark.parametrize("without", [("boto",)], indirect=True)
def test_the_laptop_manages_the_account_and_salt_ssh_the_servers(clone, sandbox):
    """On servers without boto3 too, as they make no call to AWS."""
    clone.run(block("salt-pip"))
    plan, planned, applied = clone.run(block("export AWS_PROFILE"))[1:]
    assert "ocp-registry-backup" in plan
    assert summary(planned)[1:] == (summary(applied)[1], 0)
    assert summary(applied)[1] > 0
    private = yaml.safe_load(clone.path("pillar/private/registry.sls").read_text())
    (key,) = sandbox.client("iam").list_access_keys(UserName="registry-backup")["AccessKeyMetadata"]
    assert private["aws"]["access_key"] == key["AccessKeyId"]
    again = clone.run("export AWS_PROFILE=ocp-admin\nsalt-call -c salt-config state.apply aws.account")[-1]
    assert summary(again)[1:] == (0, 0)
    clone.run(block("git -C pillar/private"))
    assert clone.run("git -C pillar/private status --porcelain") == [""]
    assert "pillar/private" not in clone.run("git status --porcelain")[0]
    (highstate,) = clone.run(block("salt-ssh registry"))
    assert summary(highstate)[2] == 0
    assert key["AccessKeyId"] in highstate
    assert private["aws"]["secret_key"] not in highstate
    looked = f"export AWS_PROFILE=ocp-admin\n{block('salt-call -c salt-config aws_account.pending')}"
    pending, orphans, audit = clone.run(looked, check=False)[1:]  # the audit's exit status is what it finds
    assert "access key of cms-backup" in pending
    assert orphans == "local:"
    assert "CRITICAL: registry script: there is no backup." in audit


def test_the_trees_top_file_does_not_reach_the_laptop(clone, sandbox):
    clone.run(block("salt-pip"))
    (refused,) = clone.run("salt-call -c salt-config state.apply", check=False)
    assert "No Top file or master_tops data matches found" in refused
    assert sandbox.calls() == []
    settings = yaml.safe_load(clone.path("salt-config/minion").read_text())
    assert len(settings["file_roots"]["base"]) == 1
    settings["file_roots"]["base"].append(str(clone.path("salt")))
    clone.write("salt-config/minion", settings)
    (warned,) = clone.run("salt-call -c salt-config state.apply test=True")
    assert "ID: firewall" in warned
    assert "ID: sshd" in warned
    (stars,) = clone.run("salt-call -c salt-config --out=json pillar.get smtp")
    assert '"relay"' in stars


def test_a_server_manages_the_account_with_a_thin_created_again(clone, sandbox):
    """The thin that the laptop and the server have is of the time before the package."""
    admin = {
        "keyid": sandbox.environment["AWS_ACCESS_KEY_ID"],
        "key": sandbox.environment["AWS_SECRET_ACCESS_KEY"],
        "endpoint_url": sandbox.url,
    }
    clone.write("pillar/docs.sls", {"aws": {"servers": ["cms"], "admin": admin}})
    assert clone.run("salt-ssh docs test.ping") == ["docs:\n    True"]
    clone.run(block("salt-pip"))
    configuration, ping, apply = re.split(r"\n(?=salt-ssh)", block("cat > salt-config/master.d"))
    clone.run(configuration)
    (before,) = clone.run(apply, check=False)
    assert "State 'aws_account.pillar_valid' was not found in SLS 'aws.pillar'" in PAGE
    assert "State 'aws_account.pillar_valid' was not found in SLS 'aws.pillar'" in before
    assert summary(before)[2] > 0
    assert clone.run(ping) == ["docs:\n    True"]
    (planned,) = clone.run(apply)
    assert summary(planned)[2] == 0
    assert "ocp-coalition-backup" in planned
    assert sandbox.calls(write=True) == []


def test_the_page_has_no_command_that_is_not_run():
    assert len(BLOCKS) == 6
