"""
What the property tests draw from: few names, so that prefixes touch, nest and nearly touch.
"""

import datetime as dt

from hypothesis import settings
from hypothesis import strategies as st

from aws_runbook.backups.lifecycle_dangers import Protected

# How long one example takes says nothing on a machine that does other things too.
settings.register_profile("no-deadline", deadline=None)
settings.load_profile("no-deadline")

NAMES = ("king", "kingfisher", "backup", "archive", "a")
ELSEWHERE = ("incremental/", "logs/", "king-of-all", "tmp/a/")
TAGS = ({"Key": "team", "Value": "data"}, {"Key": "keep", "Value": ""})
SIZES = (0, 1, 131072, 5 * 1024**4)
DATES = tuple(dt.datetime(year, 1, 1, tzinfo=dt.timezone.utc) for year in (2020, 2040))

BUCKETS = ("ocp-db-backup", "ocp-site-backup")
SERVERS = ("cms", "kingfisher-main", "registry")
REGIONS = ("eu-west-2", "us-east-1")

directories = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map("/".join)
days = st.integers(min_value=1, max_value=90)


def _cut(prefix):
    return st.integers(0, len(prefix)).map(lambda length: prefix[:length])


# A directory, with or without its slash, or cut anywhere, down to nothing.
near = st.one_of(directories, directories.map("{}/".format), directories.flatmap(_cut))
far = st.sampled_from(ELSEWHERE)
rule_prefixes = st.one_of(near, far)


@st.composite
def selections(draw, prefix):
    """The ways in which a rule can say which objects it is about."""
    tags = draw(st.lists(st.sampled_from(TAGS), max_size=2, unique_by=lambda tag: tag["Key"]))
    sizes = draw(
        st.dictionaries(
            st.sampled_from(("ObjectSizeGreaterThan", "ObjectSizeLessThan")), st.sampled_from(SIZES), max_size=2
        )
    )
    if not tags and not sizes:
        forms = [{"Prefix": prefix}, {"Filter": {"Prefix": prefix}}]
        return draw(st.sampled_from(forms if prefix else [*forms, {"Filter": {}}]))
    if not prefix and len(tags) + len(sizes) == 1:
        return {"Filter": {"Tag": tags[0]} if tags else sizes}
    both = {**({"Prefix": prefix} if prefix else {}), **({"Tags": tags} if tags else {}), **sizes}
    return {"Filter": {"And": both}}


expirations = st.one_of(
    days.map(lambda count: {"Days": count}),
    st.sampled_from(DATES).map(lambda date: {"Date": date}),
    st.just({"ExpiredObjectDeleteMarker": True}),
)


_actions = {
    "Expiration": expirations,
    "NoncurrentVersionExpiration": days.map(lambda count: {"NoncurrentDays": count}),
    "AbortIncompleteMultipartUpload": days.map(lambda count: {"DaysAfterInitiation": count}),
    "Transitions": days.map(lambda count: [{"Days": count, "StorageClass": "GLACIER"}]),
}
_ids = st.one_of(
    st.sampled_from(["theirs", "other", "delete-after-30-days", "delete-after-60-days-a"]),
    days.map("delete-after-{}-days-king".format),
)


@st.composite
def rules(draw, prefixes=rule_prefixes):
    """A lifecycle rule as AWS returns it; three in four have an Expiration."""
    chosen = {draw(st.sampled_from(["Expiration", "Expiration", *_actions])), draw(st.sampled_from(sorted(_actions)))}
    return {
        "ID": draw(_ids),
        **draw(selections(draw(prefixes))),
        "Status": draw(st.sampled_from(["Enabled", "Enabled", "Enabled", "Disabled"])),
        **{name: draw(_actions[name]) for name in sorted(chosen)},
    }


def rule_lists(max_size=3, prefixes=rule_prefixes):
    return st.lists(rules(prefixes), max_size=max_size, unique_by=lambda rule: rule["ID"])


protected_places = st.builds(
    Protected,
    st.one_of(directories, directories, st.just("")),
    st.sampled_from(["repository", "sync"]),
    st.just("a test"),
)


@st.composite
def situations(draw):
    """Rules found, rules wanted, and what is protected; near each other, or apart for the most part."""
    prefixes = draw(st.sampled_from([near, far, rule_prefixes]))
    protected = draw(st.lists(protected_places, min_size=1, max_size=2))
    return draw(rule_lists(3, prefixes)), draw(rule_lists(2, prefixes)), protected


locations = st.builds(
    lambda bucket, prefix: f"{bucket}/{prefix}" if prefix else bucket,
    st.sampled_from(BUCKETS),
    st.one_of(st.just(""), directories, st.sampled_from(["site", "database", "king-of-all"])),
)

# Most of a fleet is in one region: two for one bucket are an error, which would hide the others.
_regions = st.sampled_from([REGIONS[0]] * 7 + [REGIONS[1]])


@st.composite
def aws_settings(draw):
    backup = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "expire_days": st.sampled_from([30, 60]),
                "abort_multipart_days": st.sampled_from([3, 7]),
                "scope": st.sampled_from(["prefix", "bucket"]),
                "user": st.sampled_from(["writer", "registry-backup"]),
                "group": st.sampled_from(["backup", "writer"]),
                "store": st.sampled_from(["sdb://vault/key", {"pillar_file": "/srv/pillar/private/x.sls"}]),
                "pgbackrest": st.fixed_dictionaries({}, optional={"tags": st.booleans(), "target_time": st.booleans()}),
                "buckets": st.dictionaries(
                    st.sampled_from(BUCKETS),
                    st.fixed_dictionaries({}, optional={"region": _regions}),
                    max_size=1,
                ),
            },
        )
    )
    return {"region": draw(_regions), **({"backup": backup} if draw(st.booleans()) else {})}


pgbackrest = st.builds(
    lambda path, bucket, region: {"type": "pgbackrest", "repo_path": f"/{path}", "s3_bucket": bucket, **region},
    directories,
    st.sampled_from(BUCKETS),
    st.one_of(st.just({}), _regions.map(lambda region: {"s3_region": region})),
)
located = locations.map(lambda location: {"location": location})
mirrored = st.fixed_dictionaries(
    {"location": locations},
    optional={"directories": st.dictionaries(directories.map("/{}".format), st.none(), max_size=2)},
)

pillars = st.fixed_dictionaries(
    {},
    optional={
        "postgres": st.one_of(pgbackrest, located.map(lambda entry: {"type": "script", **entry})).map(
            lambda entry: {"backup": entry}
        ),
        "mysql": located.map(lambda entry: {"backup": entry}),
        "backup": located,
        "sync": mirrored,
        "aws": aws_settings(),
    },
)
fleets = st.dictionaries(st.sampled_from(SERVERS), pillars, min_size=1, max_size=3)
