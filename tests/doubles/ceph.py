"""
Ceph's S3 gateway on this machine: a monitor, a store in memory and the gateway, on free ports of 127.0.0.1 and in a temporary folder.

A day of its lifecycle rules is one second. Debian's packages ceph-mon, ceph-osd, ceph-common and radosgw, without what they recommend,
are all that it needs. ``python -m tests.doubles.ceph`` starts one and prints what to export; it stops with the program.

https://docs.ceph.com/en/pacific/install/manual-deployment/
https://docs.ceph.com/en/pacific/radosgw/config-ref/
"""

import contextlib
import json
import secrets
import shutil
import socket
import subprocess
import tempfile
import uuid
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from aws_runbook import polling
from tests.doubles import starting

PROGRAMS = ("setpriv", "ceph-mon", "ceph-osd", "ceph", "ceph-authtool", "monmaptool", "radosgw", "radosgw-admin")
# A lifecycle day, in seconds.
DAY = 1
_ANSWERS_WITHIN = 120

_CONFIGURATION = """\
[global]
fsid = {fsid}
mon_host = {monitors}
# The gateway refuses to start without these.
auth_cluster_required = cephx
auth_service_required = cephx
auth_client_required = cephx
public_network = 127.0.0.0/8
run_dir = {folder}
admin_socket = {folder}/$name.asok
log_file = {folder}/$name.log
pid_file =
# One copy, on one disk that is none.
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 8
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 2000
# However full the disk is that the monitor's few files are on.
mon_data_avail_warn = 1
mon_data_avail_crit = 1
mon_osd_full_ratio = .99

[mon.a]
mon_data = {folder}/mon
# What has just started answers at once.
paxos_propose_interval = 0.1

[osd.0]
osd_data = {folder}/osd
osd_objectstore = memstore
memstore_device_bytes = {memory}
ms_bind_port_min = {first}
ms_bind_port_max = {last}
keyring = {folder}/osd/keyring

[client.admin]
keyring = {folder}/admin.keyring

[client.rgw.a]
keyring = {folder}/rgw.keyring
rgw_frontends = beast endpoint=127.0.0.1:{port}
rgw_lc_debug_interval = {day}
rgw_lifecycle_work_time = 00:00-23:59
# Rules are carried out when a test says so, as in the sandbox, or by the gateway itself.
rgw_enable_lc_threads = {by_itself}
# It goes through one list of buckets in place of 32.
rgw_lc_max_objs = 1
rgw_gc_obj_min_wait = 1
"""


class CephError(starting.DoubleError):
    """Ceph did not start, or refused a command."""


class Ceph:
    """
    A running gateway: ``with Ceph() as ceph: ceph.client()``.

    It has one user, its administrator, whose access key id and secret are ``key``; :meth:`user` makes others. With ``by_itself`` it
    carries out lifecycle rules by itself, every few seconds; without, when :meth:`carry_out_rules` is called.
    """

    NAME, TITLE = "ceph", "Ceph 16"
    INSTALL = "Debian: apt install --no-install-recommends ceph-mon ceph-osd ceph-common radosgw"
    SERVICES = frozenset(("s3",))
    MARKS = (pytest.mark.ceph,)

    @staticmethod
    def is_installed():
        """Whether all its programs are here."""
        return all(shutil.which(program) for program in PROGRAMS)

    def __init__(self, key=None, *, by_itself=False, memory=2**30):
        self.key = key or _new_key()
        self._by_itself, self._memory = by_itself, memory
        self._processes = []
        self._folder = self.url = None

    def __enter__(self):
        # Names of sockets must be short.
        self._folder = Path(tempfile.mkdtemp(prefix="ceph-"))
        try:
            self._begin()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(self._processes):
            process.kill()  # nothing is to be kept, and to stop in order takes them seconds
            process.wait()
        self._processes = []
        shutil.rmtree(self._folder)

    def _begin(self):
        folder, ports = self._folder, starting.free_ports(8)
        monitors = f"[v2:127.0.0.1:{ports[0]},v1:127.0.0.1:{ports[1]}]"
        fsid, disk = str(uuid.uuid4()), str(uuid.uuid4())
        self.url = f"http://127.0.0.1:{ports[2]}"
        first = ports[3]
        configuration = _CONFIGURATION.format(
            fsid=fsid, monitors=monitors, folder=folder, memory=self._memory, port=ports[2], day=DAY, first=first, last=first + 200,
            by_itself=str(self._by_itself).lower(),
        )  # fmt: skip
        (folder / "ceph.conf").write_text(configuration)
        self._make_keyrings()
        self._run("monmaptool", "--create", "--fsid", fsid, "--addv", "a", monitors, folder / "monmap")
        self._run("ceph-mon", "--mkfs", "-i", "a", "--monmap", folder / "monmap", "--keyring", folder / "keyrings")
        self._start("ceph-mon", "-f", "-i", "a")
        (folder / "osd").mkdir()
        self._run("ceph", "osd", "new", disk)
        self._make_keyring("osd/keyring", "osd.0", "mon", "allow profile osd", "osd", "allow *")
        self._run("ceph", "auth", "add", "osd.0", "-i", folder / "osd/keyring")
        self._run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", disk)
        self._start("ceph-osd", "-f", "-i", "0")
        self._start("radosgw", "-f", "-n", "client.rgw.a")
        self._until_it_answers(ports[2])
        self._make_user("admin", self.key, "--caps=users=*;user-policy=*", "--admin")

    def _make_keyrings(self):
        everything = ("mon", "allow *", "osd", "allow *", "mgr", "allow *")
        self._make_keyring("keyrings", "mon.", "mon", "allow *")
        self._make_keyring("admin.keyring", "client.admin", *everything)
        self._make_keyring("rgw.keyring", "client.rgw.a", "mon", "allow rw", "osd", "allow rwx")
        for name in ("admin", "rgw"):
            self._run("ceph-authtool", self._folder / "keyrings", "--import-keyring", self._folder / f"{name}.keyring")

    def _make_keyring(self, name, entity, *capabilities):
        pairs = zip(capabilities[::2], capabilities[1::2], strict=True)
        allowed = [part for pair in pairs for part in ("--cap", *pair)]
        self._run("ceph-authtool", self._folder / name, "--create-keyring", "--gen-key", "-n", entity, *allowed)

    def _command(self, program, *arguments):
        made = [shutil.which(program), *map(str, arguments)]
        with_configuration = program not in ("ceph-authtool", "monmaptool")
        return [*made, "-c", str(self._folder / "ceph.conf")] if with_configuration else made

    def _run(self, program, *arguments):
        done = subprocess.run(
            self._command(program, *arguments), cwd=self._folder, capture_output=True, text=True, timeout=60, check=False
        )  # fmt: skip
        if done.returncode:
            raise CephError(f"{program} {' '.join(map(str, arguments))}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout

    def _start(self, program, *arguments):
        output = self._folder / f"{program}.out"
        # It ends with this process, also where that is killed.
        command = ["setpriv", "--pdeathsig", "KILL", "--", *self._command(program, *arguments)]
        with output.open("wb") as stream:
            process = subprocess.Popen(
                command, cwd=self._folder, stdout=stream, stderr=stream, stdin=subprocess.DEVNULL
            )  # fmt: skip
        self._processes.append(process)

    def _until_it_answers(self, port):
        def answers():
            for process in self._processes:
                if process.poll() is not None:
                    raise CephError(f"{Path(process.args[4]).name} ended:\n{self._outputs()}")
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                return True
            return False

        if not polling.until(answers, what="Ceph to answer", timeout=_ANSWERS_WITHIN, most=0.2):
            raise CephError(f"There was no answer after {_ANSWERS_WITHIN} seconds:\n{self._outputs()}")

    def _outputs(self):
        files = [*self._folder.glob("*.out"), *self._folder.glob("*.log")]
        return "\n".join(f"{path.name}: {path.read_text(errors='replace')[-1500:]}" for path in sorted(files))

    def _make_user(self, name, key, *options):
        self._run(
            "radosgw-admin", "-n", "client.rgw.a", "user", "create", f"--uid={name}", f"--display-name={name}",
            f"--access-key={key[0]}", f"--secret-key={key[1]}", *options,
        )  # fmt: skip

    @property
    def environment(self):
        """What a program must have in its environment to use this for S3, and for nothing else."""
        return {"AWS_ENDPOINT_URL_S3": self.url, "AWS_ACCESS_KEY_ID": self.key[0], "AWS_SECRET_ACCESS_KEY": self.key[1]}

    def client(self, service="s3", key=None, config=None):
        """A boto3 client, of the administrator or of who has ``key``; IAM's few calls that the gateway has are at the same address."""
        key_id, secret = key or self.key
        return boto3.client(
            service,
            region_name="us-east-1",
            endpoint_url=self.url,
            aws_access_key_id=key_id,
            aws_secret_access_key=secret,
            config=config or Config(s3={"addressing_style": "path"}),
        )

    def user(self, name, policy):
        """Another user, to whom ``policy`` (a document) gives all that it may do in the administrator's buckets; its key."""
        key = _new_key()
        self._make_user(name, key)
        self.client("iam").put_user_policy(UserName=name, PolicyName="own", PolicyDocument=json.dumps(policy))
        return key

    def reset(self):
        """Forget the administrator's buckets."""
        s3 = self.client()
        for bucket in s3.list_buckets()["Buckets"]:
            s3.delete_bucket(Bucket=bucket["Name"])

    def carry_out_rules(self):
        """Carry out the lifecycle rules of all buckets, by the time as it is now."""
        self._run("radosgw-admin", "-n", "client.rgw.a", "lc", "process")

    def version(self):
        """Which release it is: ``16.2.15``."""
        return self._run("radosgw", "--version").split()[2]


def _new_key():
    return secrets.token_hex(10).upper(), secrets.token_hex(20)


DOUBLE = Ceph

if __name__ == "__main__":
    starting.main(Ceph, by_itself=True)
