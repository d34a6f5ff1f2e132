"""
Buckets of the account that were for backups and are no longer in any pillar.

They are recognised by a policy for backups that names them, in its current or an earlier version; by a lifecycle rule with an ID like
the runbook's; or by a pgBackRest repository that a short search finds.
"""

from functools import partial

from aws_runbook.backups import orphans, search
from aws_runbook.backups.expiry import rule_id
from aws_runbook.buckets import lookup
from aws_runbook.errors import RunbookError, UnreachableError

# A bucket may hold anything, so the number of listings per bucket, of a thousand names each, is limited.
_LISTINGS = 20


def find(session, details, known):
    """
    Return these buckets as rows; ``details`` is IAM's answer to ``GetAccountAuthorizationDetails``, ``known`` the buckets that pillar names.

    The buckets that could not be examined are one row.
    """
    named = orphans.named(details)
    found, unread = [], {}
    for name, region in _listed(session):
        if name in known:
            continue
        try:
            certain = sorted(policy for policy, sure in named.get(name, {}).items() if sure)
            evidence = _of_policies(certain) or _of_rule(session, name, region) or _of_repository(session, name, region)
        except UnreachableError:
            raise
        except RunbookError as error:
            unread[name] = error
            continue
        if evidence or name in named:
            found.append(_row(name, region, evidence, sorted(named.get(name, ()))))
    return [*found, *([_unread(unread)] if unread else [])]


def _listed(session):
    return sorted((bucket["Name"], bucket.get("BucketRegion", session.region)) for bucket in lookup.listed(session))


def _of_policies(names):
    return names and f"the policy {', '.join(names)} names it, or did"


def _of_rule(session, name, region):
    answer = session.read(
        "s3",
        "get_bucket_lifecycle_configuration",
        f"read the lifecycle rules of the bucket {name}",
        absent=("NoSuchLifecycleConfiguration", "NoSuchBucket"),
        region=region,
        Bucket=name,
    )
    called = [rule["ID"] for rule in (answer or {}).get("Rules", []) if is_the_runbooks(rule)]
    return called and f"it has the lifecycle rule {', '.join(called)}"


def _of_repository(session, name, region):
    found = search.first_repository(partial(_listing, session, name, region), _LISTINGS)
    return found and f"it holds {found}"


def _listing(session, name, region, prefix):
    """Return the first keys and directories directly below ``prefix``."""
    pages = session.pages(
        "s3",
        "list_objects_v2",
        f"look for a pgBackRest repository in the bucket {name}",
        region=region,
        Bucket=name,
        Prefix=prefix,
        Delimiter="/",
    )
    page = next(pages, {})
    keys = [entry["Key"] for entry in page.get("Contents", [])]
    return keys, [entry["Prefix"] for entry in page.get("CommonPrefixes", [])]


def is_the_runbooks(rule):
    """Whether a lifecycle rule has an ID like the runbook's rules for backups."""
    days = (rule.get("Expiration") or {}).get("Days")
    prefix = (rule.get("Filter") or {}).get("Prefix", rule.get("Prefix")) or ""
    return bool(days) and rule.get("ID") == rule_id(f"delete-after-{days}-days", prefix.removesuffix("/"))


def _row(name, region, evidence, names):
    verdict = f"is for backups ({evidence})" if evidence else f"may be for backups ({_of_policies(names)})"
    why = (
        f"The bucket {name} in {region} {verdict}, and no known pillar names it; check its contents: s3_bucket.absent removes it only when it is "
        "empty."
    )
    return orphans.row("bucket", why, policies=names, buckets=[name])


def _unread(errors):
    names, error = sorted(errors), errors[min(errors)]
    return orphans.row("unread", f"It is not known whether {', '.join(names)} is for backups. {error}", buckets=names)
