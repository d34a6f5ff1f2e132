"""The sample fleet as an operator runs it: ``salt-call`` in a process of its own."""

import re


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
    assert list(control.root.rglob("return.p")), "the job cache is empty: it was not looked into"
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
