"""
What is the same for DB instances and clusters: how they are found, planned, made, changed and deleted.

The module of each kind has a subclass of :class:`Database`, which holds what is particular to it.
"""

from contextlib import nullcontext
from dataclasses import dataclass

from aws_runbook import (
    arguments,
    database_changes,
    database_checks,
    database_connection,
    durations,
    ec2,
    passwords,
    rds,
)
from aws_runbook.database_attributes import Attributes
from aws_runbook.errors import RunbookError


@dataclass(frozen=True)
class Api:
    """What AWS calls a kind of database: operations, members of answers, parameters, and codes of errors."""

    describe: str
    create: str
    modify: str
    delete: str
    entries: str
    identifier: str
    arn: str
    absent: tuple
    taken: str
    describe_snapshots: str
    snapshot: str
    no_snapshot: tuple


class Database:
    """A database by its name, there or not."""

    # What people call the kind, its module, its key under aws:rds in pillar, what AWS calls it, its attributes, and those
    # that a new one cannot do without.
    kind = module = key = ""
    api: Api
    attributes: Attributes
    needed = ()

    def __init__(self, name, session=None):
        self.name = name
        self.session = session
        self.where = f"{self.kind} {name}"
        self.subject = f"The {self.where}"

    # What each kind says.

    def check(self, attributes):
        """The attributes in canonical form; a value that RDS does not take is an error."""

    def status(self, entry):
        """What AWS is at with the database that it describes by ``entry``."""

    def vpc_id(self, entry):
        """The VPC that it is in; ``None`` where AWS does not say."""

    def endpoint(self, entry):
        """``host``, ``port``, ``database`` and ``public``, as :func:`database_connection.details` takes them."""

    # What a kind may add to.

    def readers(self):
        """Functions of a description, by attribute."""
        return {
            **self.attributes.readers,
            "vpc_security_groups": lambda entry: rds.group_names(self.session, entry),
            "tags": self._tags,
        }

    def completed(self, wanted, current):  # noqa: ARG002 - it is for kinds whose attributes depend on what is there
        """The attributes ``wanted`` with what follows from them; ``current`` is ``None`` for a new database."""
        return wanted

    def owner(self, entry):
        """The database that this one is a part of, if it is."""

    def switch(self, wanted, entry):
        """Write those of the attributes ``wanted`` that have calls of their own."""

    def add_parts(self, wanted, engine):
        """Make what belongs to the database and is among the attributes ``wanted``."""

    def delete_parts(self):
        """Delete what belongs to the database."""

    # Reading.

    def entry(self):
        """AWS's description; ``None`` when there is none."""
        answer = self.session.read(
            "rds",
            self.api.describe,
            f"find the {self.where}",
            absent=self.api.absent,
            **{self.api.identifier: self.name},
        )
        return answer and answer[self.api.entries][0]

    def required(self):
        """AWS's description; an error when there is none."""
        entry = self.entry()
        if entry is None:
            raise RunbookError(f"There is no {self.where}.")
        return entry

    def describe(self, attributes=None):
        """What the module's ``describe`` shows."""
        entry = self.entry()
        return entry and self._described(entry, attributes)

    def _described(self, entry, attributes=None):
        readers = self.readers()
        pending = self.attributes.pending(entry)
        return {
            "arn": entry[self.api.arn],
            "vpc_id": self.vpc_id(entry),
            "status": self.status(entry),
            "pending": pending,
            "window": entry.get("PreferredMaintenanceWindow"),
            **{
                attribute: pending.get(attribute, readers[attribute](entry))
                for attribute in (readers if attributes is None else attributes)
            },
        }

    def _tags(self, entry):
        return rds.tags(self.session, f"the {self.where}", entry[self.api.arn], entry)

    def connection_details(self):
        """How to connect to it: what the module's function shows."""
        entry = self.required()
        return database_connection.details(
            **self.endpoint(entry),
            user=entry["MasterUsername"],
            engine=entry["Engine"],
            secret=entry.get("MasterUserSecret", {}).get("SecretArn"),
        )

    def unreachable(self, entry):
        """The error about a database that has no endpoint yet."""
        return RunbookError(f"{self.subject} is {self.status(entry)}, and cannot be reached yet.")

    @classmethod
    def pending(cls, planned, session_of):
        """What AWS must still do about databases that are ``planned``; ``session_of(arguments)`` is where one of them is."""
        found = []
        for name, wanted in planned.items():
            database = cls(name)
            try:
                database.session = session_of(wanted)
                current = database.describe(attributes=[])
                if current and current["status"] != database_changes.DELETING:
                    found += database_changes.decide(name, database.subject, current, {}).pending
            except RunbookError as error:
                found.append({"what": database.where, "on": "you", "since": None, "do": str(error)})
        return found

    # Deciding.

    def normalise(self, attributes):
        """The attributes as they are described; a value that RDS does not take is an error."""
        database_checks.identifier(self.kind, self.name)
        database_checks.options(
            self.where, preset=attributes.get("preset"), master_password=attributes.get("master_password")
        )
        return self.check(attributes)

    def plan(self, attributes, place, *, apply, allow_upgrade, wait, purge):
        """``changes``, ``warnings`` and ``pending``; ``place`` is the password's store or ``None``."""
        database_checks.options(self.where, apply=apply, allow_upgrade=allow_upgrade)
        timeout = durations.seconds(self.where, "wait", wait)
        wanted = self.normalise(attributes)
        if place is not None:
            wanted.setdefault("master_password", passwords.STORED)
        entry = self.entry()
        if entry and timeout and database_changes.is_at_work(self.status(entry)):
            rds.wait(self.subject, self._status_now, timeout)
            entry = self.entry()
        passwords.check(self.where, wanted, entry, place, reset=self._reset)
        current = entry and self._described(entry)
        if current is None:
            database_checks.complete(self.where, wanted, self.needed)
        wanted = self.completed(wanted, current)
        resolved, warnings = rds.resolved(self.session, self.subject, current, wanted, allow_upgrade)
        decision = database_changes.decide(
            self.name, self.subject, current, resolved, purge=purge, now=apply == "now", warnings=warnings
        )
        if decision.changes.get("publicly_accessible", {}).get("new"):
            rds.check_public(self.session, self.where, {**(current or {}), **resolved}.get("db_subnet_group_name"))
        return {
            "changes": decision.changes,
            "warnings": list(decision.warnings),
            "pending": list(decision.pending),
        }

    def _status_now(self):
        entry = self.entry()
        return self.status(entry) if entry else "not shown by AWS"

    @property
    def _reset(self):
        return f"{self.module}.reset_password {self.name}"

    def obstacles(self, skip, snapshot):
        """Why it must not be deleted: a list of sentences, empty when nothing is in the way."""
        entry = self.entry()
        if entry is None:
            return []
        return database_changes.obstacles(
            self.subject,
            self.status(entry),
            protected=entry.get("DeletionProtection", False),
            skip=skip,
            snapshot=snapshot,
            taken=snapshot is not None and self._has_snapshot(snapshot),
            member_of=self.owner(entry),
            unprotect=f"{self.module}.apply {self.name} '{{deletion_protection: False}}' apply=now",
        )

    def _has_snapshot(self, snapshot):
        database_checks.identifier("DB snapshot", snapshot)
        answer = self.session.read(
            "rds",
            self.api.describe_snapshots,
            f"find the snapshot {snapshot}",
            absent=self.api.no_snapshot,
            **{self.api.snapshot: snapshot},
        )
        return bool(answer)

    # Writing.

    def apply(self, changes, place, *, now):
        """Make it (with ``name`` among ``changes``), or give it the attributes in ``changes``."""
        wanted = dict(changes)
        if wanted.pop("name", None):
            self._create(wanted, place)
        else:
            self._modify(wanted, place, now=now)

    def _create(self, wanted, place):
        parameters = self.attributes.create_parameters(wanted)
        if wanted.get("vpc_security_groups"):
            vpc_id = rds.vpc_id(self.session, wanted.get("db_subnet_group_name"))
            parameters["VpcSecurityGroupIds"] = ec2.group_ids(self.session, wanted["vpc_security_groups"], vpc_id)
        if wanted.get("tags"):
            parameters["Tags"] = ec2.tag_list(wanted["tags"])
        stored = wanted["master_password"] == passwords.STORED
        # Not between another run's storing of a password and its giving it to AWS.
        with place.alone() if stored else nullcontext():
            password, made = passwords.for_new(self.where, place, wanted["engine"]) if stored else (None, False)
            keeper = {"MasterUserPassword": password.reveal()} if stored else {"ManageMasterUserPassword": True}
            answer = self.session.write(
                "rds",
                self.api.create,
                f"create the {self.where}",
                absent=(self.api.taken,),
                once=True,  # so that one which is there already is somebody else's
                **{self.api.identifier: self.name},
                **keeper,
                **parameters,
            )
        if answer is None and made:
            raise passwords.overtaken(self.where, place, reset=self._reset)
        self.add_parts(wanted, wanted["engine"])

    def _modify(self, wanted, place, *, now):
        entry = self.required()
        if "tags" in wanted:
            rds.write_tags(self.session, f"the {self.where}", entry[self.api.arn], self._tags(entry), wanted["tags"])
        self.switch(wanted, entry)
        parameters = self.attributes.modify_parameters(wanted, entry)
        if "vpc_security_groups" in wanted:
            vpc_id = self.vpc_id(entry) or rds.vpc_id(self.session, self._subnet_group(entry))
            parameters["VpcSecurityGroupIds"] = ec2.group_ids(self.session, wanted["vpc_security_groups"], vpc_id)
        if wanted.get("master_password") == passwords.STORED:
            self._replace_password(place, ManageMasterUserPassword=False, **parameters)
        elif parameters:
            self._write_change(ApplyImmediately=now or "master_password" in wanted, **parameters)
        self.add_parts(wanted, entry["Engine"])

    def _subnet_group(self, entry):
        return self.attributes.readers["db_subnet_group_name"](entry)

    def _write_change(self, **parameters):
        self.session.write(
            "rds", self.api.modify, f"change the {self.where}", **{self.api.identifier: self.name}, **parameters
        )

    def _replace_password(self, place, **parameters):
        passwords.replace(
            place,
            lambda password: self._write_change(
                once=True, MasterUserPassword=password.reveal(), ApplyImmediately=True, **parameters
            ),
            again=self._reset,
        )

    def reset_password(self, place):
        """Give it a new password, put into the store ``place``; returns a sentence that says so."""
        if place is None:
            raise RunbookError(
                f"No store is named for the password of {self.name}: name it as aws:rds:{self.key}:{self.name}:store in "
                "pillar."
            )
        secret = self.required().get("MasterUserSecret")
        if secret:
            raise RunbookError(
                f"{self.subject} has its password in Secrets Manager ({secret['SecretArn']}): rotate it there."
            )
        self._replace_password(place)
        return f"{self.subject} has a new password, in {place.describe()}."

    def delete(self, skip, snapshot, *, delete_automated_backups):
        """Delete it, after a last ``snapshot`` or, if ``skip``, without one."""
        arguments.one_of(self.where, "skip_final_snapshot", skip, (True, False))
        found = self.obstacles(skip, snapshot)
        if found:  # what AWS would refuse is refused before any part goes
            raise RunbookError("\n".join(found))
        self.delete_parts()
        self.session.write(
            "rds",
            self.api.delete,
            f"delete the {self.where}",
            DeleteAutomatedBackups=delete_automated_backups is True,
            **{self.api.identifier: self.name},
            **({"FinalDBSnapshotIdentifier": snapshot} if snapshot else {"SkipFinalSnapshot": True}),
        )
