"""The audit as a monitor runs it."""


def test_the_exit_status_tells_the_monitor(control):
    done = control("aws_backup.audit")
    assert done.status == 2
    assert "CRITICAL: registry script: there is no bucket ocp-registry-backup." in done.out
