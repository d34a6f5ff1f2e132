"""The sample fleet as an operator runs it: ``salt-call`` in a process of its own."""

import re

import yaml

from chaos import answers


def test_no_secret_is_seen(control):
    printed, commands = "", set()
    # The second run has the secrets in pillar from the beginning; the first one makes them.
    for summary in (r"Succeeded: \d+ \(changed=\d+\)", r"Succeeded: \d+\n"):
        done = control("state.apply", "aws", "-l", "trace")
        assert done.status == 0, done.out[-3000:]
        assert re.search(summary, done.out)
        printed += done.out + done.err
        commands |= done.commands
    stores = control.secrets()
    assert len(stores) == 5
    canaries = set.union(*stores.values())
    assert len(canaries) == 6
    assert any("salt-call" in command for command in commands)
    assert list(control.root.rglob("return.p")), "the job cache is empty: were not read into"
    log = (control.root / "log").read_text()
    assert "[TRACE" in log
    for canary in canaries:
        assert canary not in printed
        assert canary not in log
        assert not [command for command in commands if canary in command]
        holders = [path for path in control.root.rglob("*") if path.is_file() and canary.encode() in path.read_bytes()]
        assert len(holders) == 1
        assert holders[0] in stores


def test_the_plan_for_a_person(control):
    done = control("aws_backup.plan")
    assert done.status == 0
    heading = next(line for line in done.out.splitlines() if "server" in line)
    assert heading.split() == ["server", "kind", "bucket", "prefix", "region", "expires", "policy", "user"]
    repository = r"kingfisher-main +pgbackrest +ocp-db-backup +kingfisher +eu-central-1 +never \(pgBackRest expires\)"
    assert re.search(repository, done.out)
    assert re.search(r"registry +sync +ocp-registry-backup +file-sync +eu-west-2 +never \(synced\)", done.out)


def test_a_wrong_pillar_is_a_sentence_on_the_command_line(control, sandbox):
    path = control.pillar / "public" / "registry.sls"
    path.write_text(path.read_text().replace("ocp-registry-backup/database", "s3://ocp-registry-backup/database"))
    done = control("aws_backup.plan")
    assert done.status != 0
    assert "Traceback" not in done.out + done.err
    assert "registry: postgres:backup:location is 's3://ocp-registry-backup/database'" in done.out + done.err
    assert sandbox.calls() == []


def test_no_secret_is_seen_after_broken_answers(control, sandbox, proxy):
    """The runs of an operator behind a bad proxy: what AWS told and was told is in the stores, or nowhere."""
    secrets = set()

    def cut(answer):
        secrets.update(re.findall(rb"<SecretAccessKey>(.*?)</SecretAccessKey>", answer.body))
        return answers.cut(-60, honest=True)(answer)

    proxy.fault("CreateAccessKey", cut, calls=2)
    proxy.fault("CreateDBInstance", answers.echo())
    proxy.fault("CreateDBCluster", answers.echo(200))
    broken = control("state.apply", "aws", "-l", "trace")
    assert broken.status != 0
    assert len(secrets) == 2
    mended = control("state.apply", "aws", "-l", "trace")
    assert mended.status == 0, mended.out[-3000:]
    private = control.pillar / "private" / "databases.sls"
    passwords = {entry["password"] for entry in yaml.safe_load(private.read_text())["databases"].values()}
    printed = broken.out + broken.err + mended.out + mended.err
    assert list(control.root.rglob("return.p")), "the job cache is empty: were not read into"
    files = [path for path in control.root.rglob("*") if path.is_file()]
    for secret in (*secrets, *map(str.encode, passwords), answers.CANARY.encode()):
        assert secret.decode() not in printed
        holders = [path for path in files if secret in path.read_bytes()]
        assert holders == ([private] if secret.decode() in passwords else [])
