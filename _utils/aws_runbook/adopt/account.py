"""
The input of each subject: the account and the existing pillar.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from aws_runbook.adopt.result import CHANGE
from aws_runbook.aws.connection import DEFAULT_REGION
from aws_runbook.backups.targets import get
from aws_runbook.iam import account as iam_account


@dataclass
class Account:
    """
    ``pillars`` are those of this minion and of its ``aws:servers``, by minion ID. ``roots`` are the pillar roots of this machine.
    ``gpg_homedir`` is the key directory of Salt's GPG renderer.

    ``describe(kind, name, attributes=None, region=None)`` calls ``describe`` of the module of that kind of resource.
    """

    session: Any
    minion: str
    pillars: dict
    describe: Any
    roots: list = field(default_factory=list)
    gpg_homedir: str | None = None

    @property
    def pillar(self):
        """Return this minion's pillar."""
        return self.pillars[self.minion]

    def declared(self, path, default: Any = None) -> Any:
        """Return the value of a colon-separated key in this minion's pillar."""
        return get(self.pillar, path, default)

    @property
    def region(self):
        """Return the region of resources without one in pillar, as in the plans."""
        return self.declared("aws:region") or DEFAULT_REGION

    @cached_property
    def details(self):
        """Return the users, groups, roles and policies of the account."""
        return iam_account.details(self.session)

    def regions(self, default, *sections):
        """Return the regions to read: that of the call, or else ``default`` and those named in these sections of pillar."""
        if self.session.given.get("region"):
            return [self.session.region]
        named = {(entry or {}).get("region") for section in sections for entry in self.declared(section, {}).values()}
        return [default, *sorted({*filter(None, named)} - {default})]

    def tell_missing(self, result, what, section, found):
        """Note entries of a pillar section that do not exist in the account: they are not adopted."""
        if self.session.given.get("region"):
            return  # the others were not read
        for name in sorted(set(self.declared(section, {})) - set(found)):
            result.note(
                CHANGE,
                f"{what} {name}",
                f"{section} names it, and the account has none of that name. It is not adopted; if its entry stays in pillar, the next run "
                "creates it.",
            )
