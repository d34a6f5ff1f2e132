"""
The writer of each backup: the user whose key is in the server's pillar, and the policy and group that allow it.

A policy is named only if the plan removes nothing from it: other grants may be needed by somebody.
"""

from collections import defaultdict
from dataclasses import replace
from functools import partial
from typing import Any

from aws_runbook.access_keys import owners
from aws_runbook.adopt.result import CHANGE, DANGER, NOT_EXPRESSED
from aws_runbook.backups.key_settings import place_of
from aws_runbook.backups.targets import get
from aws_runbook.iam import backup_policy, coverage
from aws_runbook.pillar.backup_kinds import of_kind

# From the widest settings to the narrowest: a policy is matched by what it allows.
_SETTINGS = tuple((append_only, scope) for append_only in (False, True) for scope in ("bucket", "prefix"))
_OPTIONS = (("tags", "target_time"), ("tags",), ("target_time",), ())
_SHOWN = 4


def assign(account, result, people, targets):
    """Return ``targets`` with the user, group, policy and settings that they have in the account."""
    return _Writers(account, result, people, targets).assigned()


def key_id(pillar, kind):
    """Return the access key ID in a server's pillar for a kind of backup; ``None`` if there is none."""
    found = get(pillar, place_of(kind))
    return found if owners.is_key_id(found) else None


def in_words(grants):
    """Describe a few grants in words."""
    texts = sorted({str(grant) for grant in grants})
    more = len(texts) - _SHOWN
    return ", ".join(texts[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _slot(target):
    return target.server, target.kind


class _Writers:
    def __init__(self, account, result, people, targets):
        self._session, self._result, self._people = account.session, result, people
        self._pillars = account.pillars
        self._targets = {_slot(target): replace(target, group=None, policy_name=None) for target in targets}
        self._ids = {slot: key_id(self._pillars[slot[0]], slot[1]) for slot in self._targets}
        self._users = self._named_users()
        self._held: dict[Any, Any] = {slot: self._policy(slot) for slot in self._targets}

    def assigned(self):
        self._tell_shared()
        self._fit_all()
        wanted = self._wanted()
        found = []
        for slot, target in self._targets.items():
            user, held = self._users[slot], self._held[slot]
            if held and not self._is_named(held, user, wanted[held.name]):
                held = None
            group = held and held.group
            name = held.name if held and held.name != (group or user) else None
            found.append(replace(target, user=user, group=group, policy_name=name))
        self._tell_more(found)
        return found

    def _needed(self, targets):
        return coverage.grants(backup_policy.document(targets, self._session.partition))

    # Users

    def _named_users(self):
        keys = sorted(filter(None, set(self._ids.values())))
        owner = {key: self._owner(key) for key in keys}
        users = {}
        for slot, key in self._ids.items():
            stated = of_kind(get(self._pillars[slot[0]], "aws:backup:user"), slot[1])
            users[slot] = owner.get(key) or stated or self._usual(slot)
        return users

    def _owner(self, key):
        """Return the user of this account that the key belongs to; if there is none, add a note."""
        user = owners.user_of(self._session, key)
        if user in self._people.users:
            return user
        other = None if user else owners.account_of(self._session, key)
        if user:
            wording = f"belongs to {user}, which is not an IAM user of the account"
        elif other not in (None, self._session.account_id):
            wording = f"belongs to the AWS account {other}"
        else:
            wording = "belongs to no user that AWS reports: it was deleted, or iam:GetAccessKeyLastUsed is missing"
        servers = " and ".join(sorted({server for (server, _), known in self._ids.items() if known == key}))
        self._result.note(NOT_EXPRESSED, servers, f"The access key {key} in its pillar {wording}.")
        return None

    def _usual(self, slot):
        """Return the user if no key identifies it: the one with the default name, or the only one that may write only there."""
        usual = f"{slot[0]}-backup"
        if usual in self._people.users:
            return usual
        fitting = [name for name in self._people.users if self._is_only_for(name, self._targets[slot])]
        if len(fitting) != 1:
            return usual
        self._result.note(
            CHANGE,
            slot[0],
            f"Its pillar holds no access key for {slot[1]}; {fitting[0]} is the one user that may write to "
            f"{self._targets[slot].location} and nothing else.",
        )
        return fitting[0]

    def _is_only_for(self, name, target):
        held = self._people.held(name)
        if not held or any(policy.grants is None for policy in held):
            return False
        grants = [grant for policy in held for grant in policy.grants]
        fit = self._fit([target], lambda _: grants)
        return fit is not None and not coverage.beyond(grants, self._needed(fit))

    def _tell_shared(self):
        """Note keys and users that several servers share: each server can delete the backups of the others."""
        of_key, of_user = defaultdict(set), defaultdict(set)
        for slot, key in self._ids.items():
            if key:
                of_key[key].add(slot[0])
                of_user[self._users[slot]].add(slot[0])
        for key, servers in of_key.items():
            if len(servers) > 1:
                wording = (
                    "They share an access key: each has the permissions of the other, including deleting its backups."
                )
                self._result.note(DANGER, f"{' and '.join(sorted(servers))}, access key {key}", wording)
        for user, servers in of_user.items():
            for server in sorted(servers):
                others = " and ".join(sorted(servers - {server}))
                if others:
                    wording = f"Its access key belongs to the user {user}, which also makes the backups of {others}."
                    self._result.note(DANGER, server, wording)

    # Policies

    def _policy(self, slot):
        """Return the user's managed policy that covers this target and grants the least beyond it."""
        user, able = self._users[slot], []
        for held in self._people.held(user) if user in self._people.users else ():
            if not held.inline and held.document is not None:
                fit = self._fit([self._targets[slot]], lambda _, held=held: held.grants)
                if fit is not None:
                    able.append((held, fit))
        if len(able) < 2:  # noqa: PLR2004 - nothing to choose
            return able[0][0] if able else None
        return min(able, key=partial(self._rank, user))[0]

    def _rank(self, user, pair):
        held, fit = pair
        surplus = len(coverage.beyond(held.grants, self._needed(fit)))
        return surplus, held.name != (held.group or user), held.group is not None, held.name

    def _fit(self, targets, grants_of):
        """Return ``targets``, of one server, with the widest settings that their grants cover; ``None`` if there are none."""
        for append_only, scope in _SETTINGS:
            settings = {"append_only": append_only, "scope": scope}
            found = [self._optioned(replace(target, **settings), grants_of(target)) for target in targets]
            tried = [target for target in found if target]
            if len(tried) == len(targets) and not (scope == "bucket" and self._is_same_by_prefix(tried)):
                return tried
        return None

    def _is_same_by_prefix(self, targets):
        return self._needed(targets) == self._needed([replace(target, scope="prefix") for target in targets])

    def _optioned(self, target, grants):
        """Return a target with the pgBackRest options that ``grants`` allow; ``None`` if they do not cover the target."""
        for options in _OPTIONS if target.kind == "pgbackrest" else ((),):
            tried = replace(target, options=frozenset(options))
            if coverage.covers(grants, self._needed([tried])):
                return tried
        return None

    def _fit_all(self):
        """Give each target the settings that fit all policies of its server, or the defaults if none fit."""
        for server in {slot[0] for slot in self._targets}:
            its = [target for slot, target in self._targets.items() if slot[0] == server]
            known = [target for target in its if self._held[_slot(target)]]
            fit = self._fit(known, lambda target: self._held[_slot(target)].grants) if known else None
            of_all = (fit or [replace(target, append_only=False, scope="prefix") for target in its])[0]
            settings = {"append_only": of_all.append_only, "scope": of_all.scope}
            options = {_slot(target): target.options for target in fit or ()}
            for target in its:
                chosen = options.get(_slot(target), target.options)
                self._targets[_slot(target)] = replace(target, **settings, options=chosen)

    def _wanted(self):
        """Return what the plan would grant by each policy if it were named: grants by policy name."""
        of_policy = defaultdict(list)
        for slot, held in self._held.items():
            if held:
                of_policy[held.name].append(self._targets[slot])
        return {name: self._needed(its) for name, its in of_policy.items()}

    def _is_named(self, held, user, wanted):
        """Whether pillar can name a policy. The plan would remove any grant that pillar's servers do not need."""
        surplus = coverage.beyond(held.grants, wanted)
        if not surplus or held.name == user:
            return True
        by = f" of the group {held.group}" if held.group else ""
        self._result.note(
            NOT_EXPRESSED,
            f"policy {held.name}",
            f"The user {user} has it{by} for its backups, and it also allows what no server here needs ({in_words(surplus)}). It is not adopted, "
            "because managing it would remove those permissions; the first run creates another policy. If nobody needs them, remove them from "
            "the policy, then set aws:backup:policy to its name.",
        )
        return False

    def _tell_more(self, found):
        """Note users that may do more than their backups need."""
        of_user = defaultdict(list)
        for target in found:
            if target.user in self._people.users:
                of_user[target.user].append(target)
        for user, its in sorted(of_user.items()):
            needed = self._needed(its)
            for held in self._people.held(user):
                by = f"the policy {held.name}" + (f" of the group {held.group}" if held.group else "")
                if held.grants is None:
                    wording = f"It has {by}, an AWS managed policy, which allows more than its backups need."
                    self._result.note(DANGER, f"user {user}", wording)
                    continue
                surplus = coverage.beyond(held.grants, needed)
                if surplus:
                    wording = f"It may do more than its backups need, by {by}: {in_words(surplus)}."
                    self._result.note(DANGER, f"user {user}", wording)
