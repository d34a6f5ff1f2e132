"""The sample fleet's databases, as an operator makes them: their passwords are in the store, and seen nowhere else."""

import yaml


def passwords(control):
    """Those that the store has, by the name of the database."""
    stored = yaml.safe_load((control.pillar / "private" / "databases.sls").read_text()) or {}
    return {name: entry["password"] for name, entry in (stored.get("databases") or {}).items()}


def test_no_password_is_seen(control, sandbox):
    canaries, printed, running = set(), "", set()
    for command in (
        # The second run has the passwords in pillar from the beginning; the first one makes them.
        ("state.apply", "aws.databases"),
        ("state.apply", "aws.databases"),
        ("rds_instance.reset_password", "analysis"),
        ("rds_cluster.reset_password", "common"),
        ("rds_instance.connection_details", "analysis"),
        ("rds_cluster.connection_details", "common"),
    ):
        done = control(*command, "-l", "trace")
        assert done.status == 0, done.out[-3000:]
        printed += done.out + done.err
        running |= done.commands
        canaries |= set(passwords(control).values())
        sandbox.advance_clock(300)
    assert len(canaries) == 4
    log = (control.root / "log").read_text()
    assert "[TRACE" in log
    assert list(control.root.rglob("return.p")), "the job cache is empty: were not read into"
    files = [path for path in control.root.rglob("*") if path.is_file()]
    for canary in canaries:
        assert canary not in printed
        assert canary not in log
        assert not [command for command in running if canary in command]
        holders = [path for path in files if canary.encode() in path.read_bytes()]
        current = canary in passwords(control).values()
        assert holders == ([control.pillar / "private" / "databases.sls"] if current else [])


def test_a_wrong_version_is_a_sentence_on_the_command_line(control, sandbox):
    path = control.pillar / "public" / "databases.sls"
    path.write_text(path.read_text().replace("engine_version: latest", "engine_version: 10.7"))
    done = control("aws_database.plan")
    assert done.status != 0
    assert "Traceback" not in done.out + done.err
    assert "aws:rds:clusters:common: engine_version is '10.7', which AWS no longer offers" in done.out + done.err
    assert sandbox.calls() == []
