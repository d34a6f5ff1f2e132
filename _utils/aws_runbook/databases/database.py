"""
What DB instances and clusters have in common: how they are found, planned, created, changed and deleted.

The module of each kind has a subclass of :class:`Database`, which holds what is particular to it.
"""

from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

from aws_runbook.aws import tags as tagging
from aws_runbook.databases import changes as database_changes
from aws_runbook.databases import checks as database_checks
from aws_runbook.databases import connection as database_connection
from aws_runbook.databases import lookup, passwords, presets
from aws_runbook.databases.attributes import Attributes
from aws_runbook.errors import RunbookError
from aws_runbook.kinds import arguments, durations, pending_entries
from aws_runbook.network import lookup as ec2


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

    # The kind's name in messages, its module, its key under aws:rds in pillar, its API, its attributes, and those
    # that a new one needs.
    kind = module = key = ""
    api: Api
    attributes: Attributes
    needed = ()
    # Whether AWS deletes none that is stopped.
    deleted_only_started = False

    def __init__(self, name, session: Any = None):
        self.name = name
        self.session = session
        self.where = f"{self.kind} {name}"
        self.subject = f"The {self.where}"

    # What each kind says.

    def check(self, attributes) -> Any:
        """The attributes in canonical form; a value that RDS does not take is an error."""

    def status(self, entry) -> Any:
        """The database's status, from AWS's description ``entry``."""

    def whole(self, entry):
        """The status of the database itself, without its instances."""
        return self.status(entry)

    def vpc_id(self, entry):
        """The id of its VPC; ``None`` if AWS does not return it."""

    def endpoint(self, entry) -> Any:
        """``host``, ``port``, ``database`` and ``public``, as :func:`database_connection.details` takes them."""

    def planned(self) -> Any:
        """The databases of its kind in pillar: mappings of arguments, by name."""

    # What a kind may add to.

    def readers(self):
        """The functions that read each attribute from AWS's description."""
        return {
            **self.attributes.readers,
            "vpc_security_groups": lambda entry: lookup.group_names(self.session, entry),
            "tags": self._tags,
        }

    def completed(self, wanted, current):  # noqa: ARG002 - it is for kinds whose attributes depend on what is there
        """The attributes ``wanted`` and those that follow from them; ``current`` is ``None`` for a new database."""
        return wanted

    def owner(self, entry):
        """The cluster that it belongs to, or ``None``."""

    def switch(self, wanted, entry):
        """Write the wanted attributes that need calls of their own."""

    def add_parts(self, wanted, engine):
        """Create what belongs to the database and is among the attributes ``wanted``."""

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
        members = (self.api.identifier, self.api.arn)
        return answer and lookup.described(self.where, self.name, answer[self.api.entries], *members)

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
            "in_effect": {attribute: readers[attribute](entry) for attribute in pending},
            "held": self.attributes.held(entry),
            "unnamed": self.attributes.unnamed(entry),
            "window": entry.get("PreferredMaintenanceWindow"),
            **{
                attribute: pending.get(attribute, readers[attribute](entry))
                for attribute in (readers if attributes is None else attributes)
            },
        }

    def _tags(self, entry):
        return lookup.tags(self.session, f"the {self.where}", entry[self.api.arn], entry)

    def connection_details(self):
        """How to connect to it: what the module's function shows."""
        self.session = self.session.within(self.declared().get("region"))
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
    def pending(cls, session):
        """What AWS must still do for the databases in pillar."""
        found = []
        for name, declared in cls("", session).planned().items():
            found += pending_entries.entries(cls(name).where, cls(name, session).pending_changes, declared)
        return found

    def pending_changes(self, declared):
        """What AWS must still do for this database, whose arguments in pillar are ``declared``."""
        self.session = self.session.within(declared.get("region"))
        entry = self.entry()
        current = entry and self._described(entry, list(self.attributes.pending(entry)))
        if not current or current["status"] in database_changes.DELETING:
            return []
        kept = database_changes.kept(current, presets.expand(declared))
        now = declared.get("apply") == "now"
        return database_changes.decide(self.name, self.subject, current, kept, now=now).pending

    def declared(self):
        """Its arguments in pillar; an empty mapping when pillar does not name it."""
        return self.planned().get(self.name) or {}

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
            database_changes.wait(self.subject, self._status_now, timeout)
            entry = self.entry()
        passwords.check(self.where, wanted, entry, place, reset=partial(self._reset, place))
        current = entry and self._described(entry)
        if current is None:
            database_checks.complete(self.where, wanted, self.needed)
        wanted = self.completed(wanted, current)
        resolved, warnings = lookup.resolved(self.session, self.subject, current, wanted, allow_upgrade)
        decision = database_changes.decide(
            self.name, self.subject, current, resolved, purge=purge, now=apply == "now", warnings=warnings
        )
        if decision.changes.get("publicly_accessible", {}).get("new"):
            lookup.check_public(self.session, self.where, {**(current or {}), **resolved}.get("db_subnet_group_name"))
        return {
            "changes": decision.changes,
            "warnings": list(decision.warnings),
            "pending": list(decision.pending),
            "later": decision.later,
        }

    def _status_now(self):
        entry = self.entry()
        return self.status(entry) if entry else "not shown by AWS"

    def _reset(self, place):
        """The command that sets a new password and writes it to ``place``; the store is an argument where pillar does not name it."""
        try:
            declared = self.declared().get("store")
        except RunbookError:  # errors in pillar are reported elsewhere
            declared = None
        store = place.description if place and place.description != declared else None
        return self.session.command(f"{self.module}.reset_password", name=self.name, store=store)

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
            whole=self.whole(entry),
            only_started=self.deleted_only_started,
            unprotect=self.session.command(
                f"{self.module}.apply", name=self.name, changes={"deletion_protection": False}
            ),
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
        """Create it when ``changes`` has a ``name``; otherwise write the attributes in ``changes``."""
        wanted = dict(changes)
        if wanted.pop("name", None):
            self._create(wanted, place)
        else:
            self._modify(wanted, place, now=now)

    def _create(self, wanted, place):
        parameters = self.attributes.create_parameters(wanted)
        if wanted.get("vpc_security_groups"):
            vpc_id = lookup.vpc_id(self.session, wanted.get("db_subnet_group_name"))
            parameters["VpcSecurityGroupIds"] = ec2.group_ids(self.session, wanted["vpc_security_groups"], vpc_id)
        if wanted.get("tags"):
            parameters["Tags"] = tagging.listing(wanted["tags"])
        stored = wanted["master_password"] == passwords.STORED
        # Another run must not be between storing its password and giving it to AWS.
        with place.alone() if stored else nullcontext():
            password, made = passwords.for_new(self.where, place, wanted["engine"]) if stored else (None, False)
            keeper = (
                {"MasterUserPassword": password.reveal()}
                if password is not None
                else {"ManageMasterUserPassword": True}
            )
            answer = self.session.write(
                "rds",
                self.api.create,
                f"create the {self.where}",
                absent=(self.api.taken,),
                once=True,  # so that "already exists" means that another run created it
                **{self.api.identifier: self.name},
                **keeper,
                **parameters,
            )
        if answer is None and made:
            raise passwords.overtaken(self.where, place, reset=partial(self._reset, place))
        self.add_parts(wanted, wanted["engine"])

    def _modify(self, wanted, place, *, now):
        entry = self.required()
        if not now:
            database_changes.check_at_once(self.subject, wanted, self.attributes.held(entry))
        if "tags" in wanted:
            resource = {"ResourceName": entry[self.api.arn]}
            tagging.RDS.write(self.session, f"the {self.where}", wanted["tags"], self._tags(entry), **resource)
        self.switch(wanted, entry)
        parameters = self.attributes.modify_parameters(wanted, entry)
        if "vpc_security_groups" in wanted:
            vpc_id = self.vpc_id(entry) or lookup.vpc_id(self.session, self._subnet_group(entry))
            parameters["VpcSecurityGroupIds"] = ec2.group_ids(self.session, wanted["vpc_security_groups"], vpc_id)
        if wanted.get("master_password") == passwords.STORED:
            # ApplyImmediately also applies all pending changes: it is set only here, after the check that they may be applied, or where there are none.
            parameters |= {"ManageMasterUserPassword": False, "ApplyImmediately": True}
            self._store_password(place, entry["Engine"], **parameters)
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
        passwords.replace(self.where, place, self._giving(parameters), again=partial(self._reset, place))

    def _store_password(self, place, engine, **parameters):
        """For a password that AWS has managed so far: a value already in the store becomes the password."""
        passwords.give_stored(self.where, place, engine, self._giving(parameters), again=partial(self._reset, place))

    def _giving(self, parameters):
        return lambda password: self._write_change(once=True, MasterUserPassword=password.reveal(), **parameters)

    def reset_password(self, store, opts):
        """Set a new password and write it to ``store``, by default the one in pillar; returns a sentence that says so."""
        declared = self.declared()
        self.session = self.session.within(declared.get("region"))
        return self.set_password(passwords.place(declared.get("store") if store is None else store, opts))

    def set_password(self, place):
        """Set a new password and write it to the store ``place``; returns a sentence that says so."""
        if place is None:
            raise RunbookError(
                f"The password of {self.name} has no store: set aws:rds:{self.key}:{self.name}:store in pillar."
            )
        entry = self.required()
        secret = entry.get("MasterUserSecret")
        if secret:
            raise RunbookError(
                f"{self.subject} has its password in Secrets Manager ({secret['SecretArn']}): rotate it there."
            )
        waits = "MasterUserPassword" not in self.attributes.at_once
        if waits:
            database_changes.check_reset(self.subject, self.attributes.held(entry))
        self._replace_password(place, **({"ApplyImmediately": True} if waits else {}))
        return f"{self.subject} has a new password, in {place.describe()}."

    def delete(self, skip, snapshot, delete_automated_backups):
        """Delete it, with the final snapshot ``snapshot``, or without one if ``skip``."""
        arguments.one_of(self.where, "skip_final_snapshot", skip, (True, False))
        found = self.obstacles(skip, snapshot)
        if found:  # check everything that AWS would refuse before any part is deleted
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
