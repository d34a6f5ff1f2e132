"""
Inspect the AWS account as a whole: the identity in use, errors in pillar, and what is still to be done.

Every function that calls AWS takes ``region``, ``profile``, ``keyid`` and ``key`` as its last arguments: how to reach the account.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from aws_runbook import clock
from aws_runbook.adopt import result, subjects
from aws_runbook.adopt.account import Account
from aws_runbook.audit.render import write
from aws_runbook.errors import PillarError, RunbookError, UnreachableError
from aws_runbook.kinds import arguments
from aws_runbook.kinds.connected import connected
from aws_runbook.kinds.pending_entries import entries as entries_of
from aws_runbook.pillar import compiling
from aws_runbook.progress import Progress
from aws_runbook.report import contents, render
from aws_runbook.status import changes, pending_table
from aws_runbook.stores import location, minion
from aws_runbook.stores import store as stores
from aws_runbook.stores.gpg import salt_homedir

# Arguments that take texts.
TEXTS = ("data_file", "file", "prometheus_file")

# The results of these functions are printed without formatting: they are multi-line text or go into a file.
__outputter__ = {"adopt": "aws_text", "pending": "aws_text", "plan": "aws_text"}

_PENDING = re.compile(rb"^@connected\ndef pending\(session\):$", re.MULTILINE)
# Functions that derive something from pillar. Each of them can find errors in it.
_PLANS = ("aws_backup.plan", "aws_email.plan", "aws_database.plan")


@connected
def whoami(session):
    """
    Return the account and the identity of the credentials in use, and the region of the calls.

    No IAM action is needed. https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html

    CLI Example:

    .. code-block:: bash

        salt-call aws_account.whoami
        salt-call aws_account.whoami profile='{aws_profile: ocp-admin}'
    """
    identity = session.identity()
    return {
        "account": identity["Account"],
        "arn": identity["Arn"],
        "user_id": identity["UserId"],
        "region": session.region,
        "partition": session.partition,
    }


def expected():
    """
    Return the account that pillar names.

    This is the account that ``state.apply aws.account`` must work in: ``{"account": …}``, with ``None`` as its value if pillar
    names none. Returns ``None`` if pillar declares nothing in AWS. Makes no call to AWS.

    CLI Example:

    .. code-block:: bash

        salt-call aws_account.expected
    """
    planned = [__salt__[plan](format="data") for plan in _PLANS]
    if not any(value for plan in planned for kind, value in plan.items() if kind != "notes"):
        return None
    return {"account": (__pillar__.get("aws") or {}).get("account")}


@connected
def pending(session, format="table"):
    """
    Show what AWS or a person must still do, the most urgent first.

    ``state.apply aws.account`` shows the same entries as warnings that begin with ``Waiting:``.

    format
        ``table`` for a person (the default): what is pending, who must act, since when, and the deadline; then what to do about each
        entry; then the DNS records to add, each once, as lines of a zone file.
        ``data`` for a program: a list of ``what``, ``on`` (who must act), ``since`` and ``until`` (in ISO 8601, or ``None`` if
        unknown) and ``do``; entries that wait for DNS also have ``records`` and ``console``. Empty when nothing is pending.

    Entries with the earliest deadline come first, then those that wait for you, for others, and for AWS. A kind that cannot be read
    is one entry, on ``you``, whose ``do`` gives the reason; the other entries are still listed. If AWS cannot be reached, or the account
    is not the one that pillar names, there is a single error.

    IAM actions: the read actions of every kind of resource in pillar.

    CLI Example:

    .. code-block:: bash

        salt-call aws_account.pending
        salt-call aws_account.pending format=data --out=json
    """
    arguments.one_of("pending", "format", format, ("table", "data"))
    connection = session.given
    entries, kinds = [], _waiting_kinds()
    progress = Progress("Reading what is pending", "kinds of resource", len(kinds))
    for kind in kinds:
        entries += _pending_of(kind, connection)
        progress.step()
    entries = pending_table.complete(entries)
    return entries if format == "data" else pending_table.table(entries, clock.now())


def plan(mods="aws.account", format="text", diff=False):
    """
    Show only what ``state.apply aws.account`` would change: one line for each change, no line when nothing would change.

    mods
        The SLS files, in the form that ``state.apply`` takes. Default: ``aws.account``.
    format
        ``text`` for a person (the default): kind, name, attribute, and old → new; ``created`` and ``deleted`` stand alone. For a
        policy, words describe the permissions that are removed and added. Values longer than eighty characters are truncated.
        ``data`` for a program: ``changes``, a list of ``kind``, ``name``, ``attribute``, and ``old`` and ``new``, or ``diff``;
        ``failed``, a list of ``kind``, ``name`` and ``why``; and ``warnings`` about what would change.
    diff
        ``True`` to show the diff of each policy and of lifecycle rules below its line. Default: ``False``.

    This function applies the same states with ``test=True`` and reads their results. Nothing is written. A resource that cannot be read
    is a line that begins with ``FAILED``. The function refuses to run while another state run is in progress.

    The exit status, with ``--retcode-passthrough``, is 0 when nothing would change, 2 when something would, and 1 when something would
    fail. IAM actions: the read actions of every kind of resource in pillar.
    https://docs.saltproject.io/en/latest/ref/modules/all/salt.modules.state.html#salt.modules.state.apply_

    CLI Example:

    .. code-block:: bash

        salt-call aws_account.plan
        salt-call aws_account.plan diff=True
        salt-call --retcode-passthrough aws_account.plan format=data --out=json
    """
    arguments.one_of("plan", "format", format, ("text", "data"))
    arguments.one_of("plan", "diff", diff, (True, False))
    done = __salt__["state.apply"](mods, test=True)
    if not isinstance(done, Mapping):
        raise RunbookError("\n".join(map(str, done)))
    planned = changes.read(done)
    __context__["retcode"] = planned.status
    return planned.as_data() if format == "data" else changes.text(planned, diff=diff)


def _waiting_kinds():
    """
    Return the modules of this project that have a function ``pending``, found by its first line in their source.

    Asking Salt for them would load every module that Salt knows.
    """
    modules = {path.stem: path for path in Path(__file__).parent.glob("*.py")}
    return sorted(
        name for name, path in modules.items() if name != "aws_account" and _PENDING.search(path.read_bytes())
    )


def _pending_of(kind, connection):
    return entries_of(f"everything of {kind}", __salt__[f"{kind}.pending"], **connection)


def problems():
    """
    List the errors in pillar, one sentence each; empty when there are none. Makes no call to AWS.

    CLI Example:

    .. code-block:: bash

        salt-call aws_account.problems
    """
    found, planned = [], {}
    for plan in _PLANS:
        try:
            planned[plan] = __salt__[plan](format="data")
        except PillarError as error:
            found += error.problems
    return list(dict.fromkeys(found or [*_shared_users(planned), *_shared_places(planned)]))


def _shared_users(planned):
    """
    Return an error for each user of backups that is an SMTP user too.

    Each of the two would take the other's access key for one that is in no store, and replace it. IAM ignores the case of names.
    """
    keys, email = (planned[plan] for plan in _PLANS[:2])
    users = {name.lower(): name for name in keys["keys"]}
    return [
        f"aws:ses:smtp_users:{name} is the user {users[name.lower()]} of backups too: each needs an access key of its own, so give the SMTP user "
        "another name."
        for name in email["smtp_users"]
        if name.lower() in users
    ]


def _shared_places(planned):
    """Return an error for each place that two parts of pillar would write different secrets to."""
    keys, email, databases = (planned[plan] for plan in _PLANS)
    owned = {
        **{
            f"the access key of {user}": stores.locations(key["store"], stores.ACCESS_KEY)
            for user, key in keys["keys"].items()
        },
        **{
            f"aws:ses:smtp_users:{name}:store": stores.locations(user.get("store"), stores.SMTP)
            for name, user in email["smtp_users"].items()
        },
        **{
            f"aws:rds:{kind}:{name}:store": stores.locations(entry.get("store"), stores.PASSWORD)
            for kind in ("instances", "clusters")
            for name, entry in databases[kind].items()
        },
    }
    return [
        f"{owner} and {other} would both be written to {place}; give each its own place."
        for owner, other, place in location.shared(owned)
    ]


@connected
def report(session, file, max_age_hours=None, prometheus_file=None, data_file=None):
    """
    Write an HTML page about the backups and everything that is pending.

    The page shows the backups, pending entries, differences from pillar, databases and email identities. It needs no other file and
    no network.

    file
        The path of the page, in an existing folder. An existing file is replaced.
    max_age_hours
        The maximum age of the newest backup in hours: see ``aws_backup.audit``.
    prometheus_file
        Also write the audit's textfile for node_exporter there. Default: none is written.
    data_file
        Also write the audit as JSON there. Default: none is written.

    All files come from a single reading of the account. What could not be read is ``unknown`` on the page. Returns one sentence.
    The exit status, with ``--retcode-passthrough``, is that of ``aws_backup.audit``. Nothing in AWS is written. IAM actions: those of
    ``aws_backup.audit``, ``aws_account.pending`` and ``aws_account.plan``.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html

    CLI Example:

    .. code-block:: bash

        salt-call aws_account.report file=backups.html
        salt-call aws_account.report file=/var/www/backups.html prometheus_file=/var/lib/prometheus/node-exporter/aws_backup.prom
    """
    connection = session.given
    audited = __salt__["aws_backup.audit"](
        format="data", max_age_hours=max_age_hours, prometheus_file=prometheus_file, **connection
    )
    status = __context__["retcode"]
    planned = __salt__["aws_database.plan"](format="data")
    mail = __salt__["aws_email.plan"](format="data")
    read = {
        "account": session.account_id,
        "audit": audited,
        "pending": _read("aws_account.pending", format="data", **connection),
        "changes": _lines(_read("aws_account.plan")),
        "databases": [
            *_described("rds_instance", planned["instances"], connection),
            *_described("rds_cluster", planned["clusters"], connection),
        ],
        "identities": _described("ses_identity", mail["identities"], connection),
    }
    write(file, render.page(contents.contents(read, clock.now())), "file")
    if data_file:
        write(data_file, json.dumps(audited, indent=2) + "\n", "data_file")
    __context__["retcode"] = status
    return f"{Path(file).resolve()} is written. {contents.summary(read)}"


def _lines(plan):
    return plan if isinstance(plan, Exception) else plan.splitlines()


def _described(kind, entries, connection):
    """Describe the existing resources among ``entries``, a mapping of names to their arguments in pillar."""
    return [
        {
            "kind": kind,
            "name": name,
            "region": wanted["region"],
            "found": _read(f"{kind}.describe", name, **{**connection, "region": wanted["region"]}),
        }
        for name, wanted in entries.items()
    ]


def _read(function, *given, **named):
    """Return the result of a function, or the error that it raised."""
    try:
        return __salt__[function](*given, **named)
    except UnreachableError:
        raise
    except RunbookError as error:
        return error


@connected
def adopt(session, format="yaml"):
    """
    Generate the pillar that describes what is in the account already, so that the first plan is empty. Review it before use.

    format
        ``yaml`` for a person (the default): the notes are comments at the top, and each minion's part is a YAML document.
        ``data`` for a program: ``pillar``, a mapping of minions to parts of their pillar, and ``notes``, a list of ``kind``,
        ``about`` and ``note``.

    The output covers the backups of this minion and of its ``aws:servers``, and email, databases and networks in the regions that
    pillar names; with ``region``, in that region only. The ``kind`` of a note is ``not expressed`` (pillar cannot say it),
    ``change`` (what the first run still changes), ``danger``, or ``not managed``. Default values are left out. Nothing is
    written, in AWS or in pillar, and no secret is read.

    The exit status, with ``--retcode-passthrough``, is 2 when something could not be expressed. IAM actions: ``Adopting`` on
    the page ``docs/permissions.md``.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html

    CLI Example:

    .. code-block:: bash

        salt-call aws_account.adopt
        salt-call aws_account.adopt format=data --out=json
    """
    arguments.one_of("adopt", "format", format, ("yaml", "data"))
    adopted = subjects.look(_account(session))
    __context__["retcode"] = 0 if adopted.is_whole else 2
    data = adopted.as_data()
    return result.text(data, session.given.get("region")) if format == "yaml" else data


def _account(session):
    connection = session.given

    def describe(kind, *given, region=None):
        where = {**connection, "region": region or connection["region"]}
        return __salt__[f"{kind}.describe"](*given, **where)

    __salt__["aws_backup.targets"]()  # checks pillar, and compiles that of other servers
    pillars = __context__[compiling.PLACE].by_minion
    return Account(session, __opts__["id"], pillars, describe, minion.roots(__opts__), salt_homedir(__opts__))
