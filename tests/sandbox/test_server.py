"""The process: how it starts, what it prints, how it ends."""

import contextlib
import resource
import signal
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import boto3
import psutil
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_prints_what_to_export_once_it_is_ready_and_stops_cleanly(number):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen([sys.executable, "-m", "sandbox"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with process:
        lines = [process.stdout.readline() for _ in range(4)]
        exports = dict(line.removeprefix("export ").strip().split("=", 1) for line in lines)
        client = boto3.client(
            "sts",
            endpoint_url=exports["AWS_ENDPOINT_URL"],
            aws_access_key_id=exports["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=exports["AWS_SECRET_ACCESS_KEY"],
            region_name=exports["AWS_DEFAULT_REGION"],
        )
        assert client.get_caller_identity()["Account"] == "123456789012"
        process.send_signal(number)
        assert process.wait(timeout=10) == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Processor time, the first request included: what a start takes on a machine that does nothing else.
    assert after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime < 3


def test_tls_is_served_with_a_certificate_that_its_authority_vouches_for(tmp_path):
    with Sandbox("--tls", "--directory", str(tmp_path)) as sandbox:
        assert sandbox.url.startswith("https://")
        assert sandbox.environment["AWS_CA_BUNDLE"] == str(tmp_path / "ca.pem")
        s3 = sandbox.client("s3")
        s3.create_bucket(Bucket="backups")
        s3.put_object(Bucket="backups", Key="k", Body=b"v" * 100_000)
        assert len(s3.get_object(Bucket="backups", Key="k")["Body"].read()) == 100_000
        assert len(sandbox.calls()) == 3
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o600


def test_tls_is_closed_with_a_farewell(tmp_path):
    with Sandbox("--tls", "--directory", str(tmp_path)) as sandbox:
        host, port = sandbox.url.removeprefix("https://").split(":")
        context = ssl.create_default_context(cafile=tmp_path / "ca.pem")
        with (
            socket.create_connection((host, int(port))) as plain,
            context.wrap_socket(plain, server_hostname=host, suppress_ragged_eofs=False) as connection,
        ):
            connection.sendall(b"GET /_sandbox/health HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\n\r\n")
            # Without close_notify the last of these would raise instead of being empty.
            chunks = list(iter(lambda: connection.recv(4096), b""))
        assert b'"status": "ok"' in b"".join(chunks)


@pytest.mark.parametrize("arguments", [(), ("--tls",)])
def test_clients_that_say_nothing_hold_up_nobody(arguments):
    """Neither who is served meanwhile, nor the end: there are more of them than threads."""
    with contextlib.ExitStack() as silent, Sandbox(*arguments) as sandbox:
        process = psutil.Process(sandbox.pid)
        host, port = sandbox.url.partition("://")[2].split(":")
        for _ in range(40):
            silent.enter_context(socket.create_connection((host, int(port))))
        assert sandbox.client("sts").get_caller_identity()["Account"] == "123456789012"
        process.terminate()
        # Far less than a connection may be silent.
        process.wait(timeout=8)


def test_who_does_not_speak_tls_is_turned_away():
    with Sandbox("--tls") as sandbox:
        host, port = sandbox.url.removeprefix("https://").split(":")
        with socket.create_connection((host, int(port))) as plain:
            plain.sendall(b"GET /_sandbox/health HTTP/1.1\r\nHost: sandbox\r\n\r\n")
            assert b"200 OK" not in b"".join(iter(lambda: plain.recv(4096), b""))
        assert sandbox.client("sts").get_caller_identity()["Account"] == "123456789012"


def test_chance_is_drawn_from_the_seed_of_the_start():
    outcomes = {}
    for seed in ("1", "2"):
        with Sandbox("--seed", seed) as sandbox:
            outcomes[seed] = [_outcomes(sandbox) for _ in range(2)]
    assert outcomes["1"][0] == outcomes["1"][1] != outcomes["2"][0]


def _outcomes(sandbox):
    sandbox.reset()
    sandbox.throttle(0.5)
    iam = sandbox.client("iam", config=Config(retries={"total_max_attempts": 1}))
    return [_succeeds(iam.list_users) for _ in range(20)]


def _succeeds(function):
    try:
        function()
    except ClientError:
        return False
    return True


def test_a_request_takes_less_than_ten_milliseconds_of_processor_time(sandbox):
    """So that 100 of them fit into a second, whatever else the machine does meanwhile."""
    process = psutil.Process(sandbox.pid)
    s3, iam = sandbox.client("s3"), sandbox.client("iam")
    s3.create_bucket(Bucket="backups")
    iam.list_users()
    before = sum(process.cpu_times()[:2])
    for number in range(50):
        s3.put_object(Bucket="backups", Key=str(number), Body=b"x")
        s3.list_objects_v2(Bucket="backups", Prefix=str(number))
        iam.create_user(UserName=f"u{number}")
        iam.get_user(UserName=f"u{number}")
    assert sum(process.cpu_times()[:2]) - before < 2
