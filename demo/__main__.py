"""
``make demo``: plan what the sample fleet needs, apply it, and apply it again, on an AWS inside this machine; then look at
what still waits for somebody, and let it happen. A second scene adopts an account that was clicked together in the console;
a third brings back what a thief with a server's key has deleted.

Everything happens in a temporary folder, which is gone afterwards: a minion without a master, the pillar, and the access
keys that are made. The commands shown are what one would type with that minion's configuration in place.
"""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from demo import clicked, theft
from demo.dns_host import dns_host
from sandbox import Sandbox

TREE = Path(__file__).resolve().parents[1]
APPLY = "salt-call state.apply aws.account"
EMAIL = "salt-call state.apply aws.email"
PENDING = "salt-call aws_account.pending"
STEPS = (
    ("What follows from the pillar of five servers.", "salt-call aws_backup.plan"),
    ("What would be done in AWS. Nothing is written.", f"{APPLY} test=True"),
    ("Do it. The access keys go to the servers' private pillar.", APPLY),
    ("Again: nothing is left to do.", APPLY),
)


class BrokenPromiseError(Exception):
    """What the demo should have shown, and did not."""


def main():
    """Run the steps; the exit status says whether they did what they promise."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # ends what is started here, too
    with (
        tempfile.TemporaryDirectory(prefix="aws-runbook-") as folder,
        Sandbox() as sandbox,
        dns_host(Path(folder)) as host,
    ):
        try:
            _demonstrate(_Demo(_minion(Path(folder)), sandbox), host)
            _adopt(Path(folder) / "adopting", sandbox)
            _rob(Path(folder) / "robbed", sandbox)
        except BrokenPromiseError as broken:
            return str(broken)
    return 0


def _demonstrate(demo, host):
    demo.sandbox.dns(host.nameserver)
    host.look(demo.pillar)
    for what, command in STEPS:
        demo.sandbox.clear_calls()
        output = demo.show(what, command)
    _check_second(_counts(output), len(demo.sandbox.calls()), len(demo.sandbox.calls(write=True)))
    demo.show("What still waits for AWS, for DNS or for a person.", PENDING)
    if host.takes_records:
        _publish(demo, host)
    else:
        _say(
            "\nPowerDNS is not installed here (Debian: apt install pdns-server pdns-backend-sqlite3): the sandbox is told that "
            "the records are published.\n"
        )
    _catch_up(demo.sandbox, records=not host.takes_records)
    _say("\n… links are followed, AWS has decided, an hour has gone by …\n")
    if demo.show("All of that has happened: nothing waits.", PENDING).strip() != "Nothing is pending.":
        raise BrokenPromiseError("Nothing should be left to wait for.")


def _adopt(folder, sandbox):
    """An account that nobody described, until now."""
    _say(
        "\nAnother account, clicked together in the console: a bucket, users, mail, a database. Its server's pillar names its location.\n"
    )
    sandbox.reset()
    clicked.write(folder / "pillar", clicked.click(sandbox))
    demo = _Demo(_configured(folder, "library"), sandbox)
    sandbox.clear_calls()
    output = demo.show("Which pillar describes it? Nothing is written.", "salt-call aws_account.adopt")
    _say("\n… it is put into pillar, as it is …\n")
    (demo.pillar / "adopted.sls").write_text(output)
    counts = _counts(demo.show("With that, nothing is left to change.", f"{APPLY} test=True"))
    if counts["failed"] or counts["changed"] or sandbox.calls(write=True):
        raise BrokenPromiseError("What was adopted should be left as it is.")


def _rob(folder, sandbox):
    """A server whose bucket keeps versions, and a thief who has its key."""
    _say("\nA server with `aws:backup:recovery: {days: 30}` in its pillar: its bucket keeps versions.\n")
    sandbox.reset()
    folder.mkdir()
    demo = _Demo(_minion(folder, theft.SERVER), sandbox)
    theft.keep_versions(demo.pillar)
    demo.show("Its bucket, its user and its key.", APPLY)
    sandbox.enforce_iam()
    server = theft.Server(sandbox, demo.pillar)
    server.note_versions()
    server.back_up()
    contents = server.contents()
    server.rob()
    _say(
        "\n… five days of backups; then somebody takes the server's key, and encrypts or deletes all of them with it …\n"
    )
    recover = f"salt-call aws_backup.recover {theft.SERVER} as_of='{server.before}'"
    demo.show("When was that?", f"salt-call aws_backup.history {theft.SERVER}")
    demo.show("What would bring back the minute before? Nothing is written.", f"{recover} test=True")
    if server.contents().keys() & contents.keys() != {next(iter(contents))}:
        raise BrokenPromiseError("The thief should have left nothing but what he encrypted.")
    demo.show("Bring it back.", recover)
    if server.contents() != contents:
        raise BrokenPromiseError("Everything should be there again, byte for byte.")
    _say(f"\nAll {len(contents)} objects are there again, byte for byte.\n")


def _check_second(counts, calls, writes):
    _say(
        "\nThe second time: Succeeded: {succeeded} (changed={changed}), Failed: {failed}, ".format(**counts)
        + f"with {calls} calls to AWS, {writes} of them writing.\n"
    )
    if counts["failed"] or counts["changed"] or writes:
        raise BrokenPromiseError("The second time should have changed nothing.")


def _publish(demo, host):
    """The records get to DNS in the way that an operator's do."""
    _say("\nPowerDNS is installed here: one of the demo's own is named as the DNS host in private pillar.\n")
    host.publish(demo.pillar)
    demo.show("The records are published.", EMAIL)
    demo.sandbox.advance_clock(3600)  # SES looks for them in its own time
    demo.show("SES has seen them: an address of the domain is verified by receiving its mail.", EMAIL)
    demo.show("What the servers of the zone say.", "salt-call ses_identity.check_dns noreply.example.org")


def _catch_up(sandbox, *, records):
    """What other people and AWS do in the hours after a first apply; with ``records`` those are published too."""
    for identity in sandbox.client("sesv2").list_email_identities()["EmailIdentities"]:
        name = identity["IdentityName"]
        if "@" in name:
            sandbox.verify(name)
        elif records:
            sandbox.verify(name, "dkim")
            sandbox.verify(name, "mail_from")
    for subscription in sandbox.client("sns").list_subscriptions()["Subscriptions"]:
        sandbox.confirm_subscription(subscription["TopicArn"], subscription["Endpoint"])
    sandbox.review_account("GRANTED")
    sandbox.advance_clock(3600)  # a database takes some minutes


class _Demo:
    """The minion of the demo, and the AWS that it manages."""

    def __init__(self, folder, sandbox):
        self.sandbox = sandbox
        self.pillar = folder / "pillar"
        self._configuration = folder
        self._environment = _environment(sandbox)

    def show(self, what, command):
        """Run a command in front of the reader; its output."""
        _say(f"\n# {what}\n$ {command}\n")
        output, succeeded = _run(command, self._configuration, self._environment)
        _say(output)
        if not succeeded:
            raise BrokenPromiseError(f"This failed: {command}")
        return output


def _minion(folder, identity="control"):
    """A minion that needs no master, with a pillar of its own: the access keys are written into it."""
    shutil.copytree(TREE / "pillar", folder / "pillar")
    return _configured(folder, identity)


def _configured(folder, identity):
    """A folder with the minion's configuration; what is private in its pillar is its owner's alone."""
    for private in (folder / "pillar" / "private").glob("*.sls"):
        private.chmod(0o600)
    settings = {
        "id": identity,
        "file_client": "local",
        "root_dir": str(folder / "root"),
        "file_roots": {"base": [str(TREE / "salt")]},
        "pillar_roots": {"base": [str(folder / "pillar")]},
        # One line for each state, without the times; all of it for a state that fails.
        "state_output": "mixed",
        "state_output_profile": False,
    }
    (folder / "minion").write_text(yaml.safe_dump(settings))
    return folder


def _environment(sandbox):
    """The sandbox's addresses and keys, and nothing of an AWS account that this machine may be set up for."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    nowhere = dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull)
    # Python's warnings about the interpreter's own modules are Salt's business, not the reader's.
    return {**kept, **nowhere, **sandbox.environment, "PYTHONWARNINGS": "ignore"}


def _run(command, configuration, environment):
    name, *arguments = shlex.split(command)
    program = Path(sys.executable).with_name(name)
    options = [f"--config-dir={configuration}", "--retcode-passthrough"]
    options.append("--force-color" if sys.stdout.isatty() else "--no-color")
    done = subprocess.run(
        [program, *options, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout, done.returncode == 0


def _counts(output):
    """Salt's own summary. It says how many states changed something only when there are any."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", output)
    changed = re.search(r"changed=(\d+)", plain)
    return {
        "succeeded": int(re.search(r"^Succeeded:\s+(\d+)", plain, re.MULTILINE)[1]),
        "failed": int(re.search(r"^Failed:\s+(\d+)", plain, re.MULTILINE)[1]),
        "changed": int(changed[1]) if changed else 0,
    }


def _say(text):
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
