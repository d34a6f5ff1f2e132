"""
What each subject is given: the account as it can be read, and the pillar that there is.
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
    ``pillars`` are those of this minion and of its ``aws:servers``, by minion ID; ``roots`` the pillar roots of this machine,
    ``gpg_homedir`` the folder of the keys of Salt's GPG renderer.

    ``describe(kind, name, attributes=None, region=None)`` is what the module of a kind of resource says of one.
    """

    session: Any
    minion: str
    pillars: dict
    describe: Any
    roots: list = field(default_factory=list)
    gpg_homedir: str | None = None

    @property
    def pillar(self):
        """This minion's own."""
        return self.pillars[self.minion]

    def said(self, path, default=None):
        """What this minion's pillar says at a colon-separated key."""
        return get(self.pillar, path, default)

    @property
    def region(self):
        """The region of what pillar gives none: as the plans have it."""
        return self.said("aws:region") or DEFAULT_REGION

    @cached_property
    def details(self):
        """The users, groups, roles and policies of the account."""
        return iam_account.details(self.session)

    def regions(self, default, *sections):
        """The regions to look in: that of the call; else ``default``, and those that entries of these sections of pillar name."""
        if self.session.given.get("region"):
            return [self.session.region]
        named = {(entry or {}).get("region") for section in sections for entry in self.said(section, {}).values()}
        return [default, *sorted({*filter(None, named)} - {default})]

    def tell_missing(self, result, what, section, found):
        """Note what a section of pillar names that the account has not: it is no part of what is adopted."""
        if self.session.given.get("region"):
            return  # the others were not looked at
        for name in sorted(set(self.said(section, {})) - set(found)):
            result.note(
                CHANGE,
                f"{what} {name}",
                f"{section} names it, and the account has none: it is made, if its entry is kept. It is not among what is adopted.",
            )
