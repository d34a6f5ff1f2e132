import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_runbook.errors import PillarError
from aws_runbook.pillar import check as pillar
from aws_runbook.pillar.schema import SCHEMA
from aws_runbook.pillar.shapes import TAGS
from tests.unit.strategies import pillars

CANARY = "wJalrXUtnFEMIcanary"


def pgbackrest(**changes):
    backup = {"type": "pgbackrest", "repo_path": "/kingfisher", "s3_bucket": "ocp-db-backup", "s3_region": "eu-west-2"}
    return {"postgres": {"backup": {**backup, "stanza": "main", "configuration": "kingfisher-main1", **changes}}}


def aws(**settings):
    return {"aws": settings}


def backup(**settings):
    return aws(backup=settings)


GOOD = [
    {},
    {"aws": None, "backup": None, "mysql": {}, "postgres": {"version": 15}, "sync": None, "users": ["a"]},
    {"mysql": {"backup": None, "databases": {"a": 1}}},
    {"backup": {"location": "ocp-coalition-backup/site", "directories": {"/srv/www": None}}},
    {"backup": {"location": "ocp-coalition-backup/a/b c/é"}},
    {"mysql": {"backup": {"location": "ocp-coalition-backup"}}},
    {"postgres": {"backup": {"type": "script", "location": "ocp-registry-backup/database", "databases": ["a"]}}},
    pgbackrest(),
    pgbackrest(repo_path="kingfisher/"),
    pgbackrest(s3_endpoint="s3.eu-west-2.amazonaws.com", s3_key="AKIA", s3_key_secret="x", retention_full=4),
    pgbackrest(s3_endpoint="storage.example.org", s3_bucket="Not_S3", repo_path="/", s3_region="here"),
    aws(region="us-gov-west-1", access_key="AKIA", secret_key="x", servers=["cms"], admin="ocp-admin"),
    aws(admin={"role_arn": "arn:aws:iam::123456789012:role/ops", "external_id": "x"}),
    backup(user="a.b+c=d,e@f-g_h", group="backup", expire_days=1, abort_multipart_days=1, scope="bucket"),
    backup(
        buckets={"ocp-registry-backup": {"region": "eu-west-2", "tags": {"team": "data", "year": "2024"}}, "abc": None}
    ),
    backup(pgbackrest={"tags": True, "target_time": False, "abort_multipart_days": 7}, rotate_days=90, grace_days=1),
    backup(store="sdb://vault/registry"),
    backup(store={"sdb": "sdb://vault/registry"}),
    backup(store={"sdb": "sdb://v/a", "keys": {"access_key": "sdb://v/b", "secret_key": "sdb://v/c"}}),
    backup(store={"pillar_file": "/srv/pillar/private/registry.sls"}),
    backup(store={"pillar_file": "private/registry.sls"}),
    backup(store={"keys": {"access_key": "sdb://v/b", "secret_key": "sdb://v/c"}}),
    backup(store=[{"pillar_file": "/srv/pillar/private/registry.sls"}, "sdb://vault/registry"]),
    backup(store={"files": ["sdb://vault/registry"]}),
    backup(user={"files": None}, group={"files": None, "sync": "a"}, policy={"sync": None}, store={"files": None}),
    backup(user=None, group=None, policy=None, store=None),
    aws(ses={"smtp_users": {"a": {"store": ["sdb://vault/smtp"]}}}),
    backup(
        store={
            "pillar_file": "/srv/pillar/private/registry.sls",
            "keys": {"access_key": "aws:access_key", "secret_key": ["aws:secret_key", "postgres:backup:s3_key_secret"]},
            "gpg": {"recipients": ["ops@example.org"], "homedir": "/etc/salt/gpgkeys"},
        }
    ),
]


@pytest.mark.parametrize("good", GOOD)
def test_good_pillar(good):
    pillar.check(good)


@given(pillars)
def test_pillar_of_the_right_shape_is_good(drawn):
    assert pillar.problems(drawn) == []


BUCKET = "a bucket's name has 3 to 63 characters of a-z, 0-9, '.' and '-', and begins and ends with a letter or digit"
LOCATION = "give BUCKET or BUCKET/PREFIX"
WILDCARD = "'*', '?' and '$' have a meaning of their own in IAM policies; choose a prefix without them"
DOTS = "'.' and '..' are not directories in S3; give the full path"

LOCATIONS = [
    ("", f"is '': it is empty; {LOCATION}."),
    (
        "s3://ocp-backup/site",
        f"is 's3://ocp-backup/site': leave out the scheme ('s3://'); {LOCATION}.",
    ),
    ("ocp-backup/site/", f"is 'ocp-backup/site/': leave out the trailing slash; {LOCATION}."),
    ("ocp-backup/", f"is 'ocp-backup/': leave out the trailing slash; {LOCATION}."),
    ("ocp-backup//site", f"is 'ocp-backup//site': it has a double slash; {LOCATION}."),
    ("/ocp-backup", f"is '/ocp-backup': leave out the leading slash; {LOCATION}."),
    ("Ocp-backup/site", "is 'Ocp-backup/site': a bucket's name has no capital letters."),
    ("192.168.5.4/site", "is '192.168.5.4/site': a bucket's name is not formed like an IP address."),
    ("ocp..backup", "is 'ocp..backup': a bucket's name has no two adjacent periods."),
    ("ab", f"is 'ab': {BUCKET}."),
    ("a" * 64, f"is '{'a' * 64}': {BUCKET}."),
    ("ocp_backup", f"is 'ocp_backup': {BUCKET}."),
    ("-ocp", f"is '-ocp': {BUCKET}."),
    ("ocp-backup\n", "is 'ocp-backup\\n': it holds U+000A, an invisible character; write it without that."),
    ("ocp-backup/a*", f"is 'ocp-backup/a*': {WILDCARD}."),
    ("ocp-backup/${aws:username}", f"is 'ocp-backup/${{aws:username}}': {WILDCARD}."),
    ("ocp-backup/../x", f"is 'ocp-backup/../x': {DOTS}."),
    ("ocp-backup/a\\b", "a prefix has no backslash, and no space at either end."),
    ("ocp-backup/ a", "a prefix has no backslash, and no space at either end."),
    (f"ocp-backup/{'é' * 257}", "a prefix has at most 512 bytes."),
    ("xn--ocp", "AWS reserves some beginnings and ends of bucket names"),
    ("ocp-s3alias/x", "AWS reserves some beginnings and ends of bucket names"),
    (5, f"is 5: {LOCATION}, such as ocp-registry-backup/database; YAML reads it as a number, so write it in quotes."),
    (["ocp-backup"], f"is a list: {LOCATION}, such as ocp-registry-backup/database."),
]


@pytest.mark.parametrize(("location", "sentence"), LOCATIONS)
@pytest.mark.parametrize("key", ["backup", "mysql:backup", "postgres:backup", "sync"])
def test_bad_locations(key, location, sentence):
    found = pillar.problems(located(key, {"location": location}))
    assert len(found) == 1
    assert found[0].startswith(f"{key}:location is ")
    assert found[0].endswith(sentence) or sentence in found[0]


# A bell, half a pair, a mark of direction, a byte order mark, a joiner, a tag, and letters that are drawn as nothing.
UNSEEN = "\x07\x85\ud800\u202e\ufeff\u200b\u2060\U000e0041\u3164\u115f\u1160\uffa0\ufe0f\u034f\u180e\u2800"


@given(st.sampled_from(UNSEEN), st.integers(0, 9))
def test_a_path_with_a_character_that_nobody_sees_is_refused(character, place):
    def hidden(path):
        return f"{path[:place]}{character}{path[place:]}"

    cases = {
        "postgres:backup:repo_path is": pgbackrest(repo_path=hidden("/kingfisher")),
        "backup:location is": {"backup": {"location": hidden("ocp-backup/site")}},
        "backup:directories has a key": {
            "backup": {"location": "ocp-backup", "directories": {hidden("/srv/www/a"): None}}
        },
        "backup:directories:0 is": {"backup": {"location": "ocp-backup", "directories": [hidden("/srv/www/a")]}},
        "sync:directories has a key": {"sync": {"location": "ocp-backup", "directories": {hidden("/data/www"): None}}},
        "sync:directories:1 is": {"sync": {"location": "ocp-backup", "directories": ["/data", hidden("/data/www")]}},
    }
    for beginning, bad in cases.items():
        unseen = "half of a surrogate pair" if character == "\ud800" else "an invisible character"
        found = [problem for problem in pillar.problems(bad) if "it holds" in problem]
        assert len(found) == 1, found
        assert found[0].startswith(beginning)
        assert f"it holds U+{ord(character):04X}, {unseen}" in found[0]


@pytest.mark.parametrize("missing", [{}, {"location": None}])
@pytest.mark.parametrize("key", ["backup", "mysql:backup", "postgres:backup", "sync"])
def test_missing_locations(key, missing):
    assert pillar.problems(located(key, missing)) == [
        f"{key}:location is missing; {LOCATION}, such as ocp-registry-backup/database."
    ]


def located(key, value):
    outer, _, inner = key.partition(":")
    if outer == "postgres":
        value = {"type": "script", **value}
    return {outer: {inner: value}} if inner else {outer: value}


PATH = "give a path such as /kingfisher"
BAD = [
    (pgbackrest(repo_path=None), "postgres:backup:repo_path is missing; give the repository's path in the bucket"),
    (pgbackrest(repo_path=""), "postgres:backup:repo_path is '': it is empty; give the repository's path"),
    (
        pgbackrest(repo_path="/"),
        "postgres:backup:repo_path is '/': a repository at the bucket's root would leave no room",
    ),
    (pgbackrest(repo_path="/a/../b"), f"postgres:backup:repo_path is '/a/../b': {DOTS}."),
    (pgbackrest(repo_path="/a//b"), f"'/a//b': it has a double slash, which pgBackRest refuses; {PATH}."),
    (pgbackrest(repo_path="/king*"), f"postgres:backup:repo_path is '/king*': {WILDCARD}."),
    (
        pgbackrest(s3_bucket=None),
        "postgres:backup:s3_bucket is missing; give the repository's bucket; it belongs in the server's private pillar.",
    ),
    (pgbackrest(s3_bucket=""), "postgres:backup:s3_bucket is '': it is empty; give the name of a bucket."),
    (pgbackrest(s3_bucket="Ocp"), "postgres:backup:s3_bucket is 'Ocp': a bucket's name has no capital letters."),
    (pgbackrest(s3_region="London"), "postgres:backup:s3_region is 'London': give a region such as eu-west-2."),
    (pgbackrest(type="wal-g"), "postgres:backup:type is 'wal-g': allowed are pgbackrest, script."),
    (pgbackrest(type=None), "postgres:backup:type is missing; allowed are pgbackrest, script."),
    ({"postgres": {"backup": {}}}, "postgres:backup:type is missing; allowed are pgbackrest, script."),
    ({"backup": "ocp-backup"}, "backup is a text: give a mapping."),
    ({"mysql": ["x"]}, "mysql is a list: give a mapping."),
    ("junk", "the pillar is a text: give a mapping."),
    (
        aws(regoin="x"),
        "aws:regoin is not a known key; did you mean region? Allowed are region, account, access_key",
    ),
    (aws(**{"lambda": {}}), "aws:lambda is not a known key; allowed are region, account, access_key"),
    (backup(scop="x"), "aws:backup:scop is not a known key; did you mean scope?"),
    (aws(region="eu_west_2"), "aws:region is 'eu_west_2': give a region such as eu-west-2."),
    (aws(servers="cms"), "aws:servers is a text: give a list of minion IDs."),
    (aws(servers=[5]), "aws:servers:0 is 5: give a text; YAML reads it as a number, so write it in quotes."),
    (backup(expire_days=0), "aws:backup:expire_days is 0: give a whole number of days, 1 or more."),
    (backup(expire_days="30"), "aws:backup:expire_days is '30': give a whole number of days, 1 or more."),
    (backup(expire_days=30.0), "aws:backup:expire_days is 30.0: give a whole number of days, 1 or more."),
    (backup(expire_days=True), "aws:backup:expire_days is True: give a whole number of days, 1 or more."),
    (backup(grace_days=0), "aws:backup:grace_days is 0: give a whole number of days, 1 or more."),
    (backup(scope="all"), "aws:backup:scope is 'all': allowed are prefix, bucket."),
    (backup(user="a b"), "aws:backup:user is 'a b': the name of an IAM user has 1 to 64 characters"),
    (backup(user="é"), "aws:backup:user is 'é': the name of an IAM user has 1 to 64 characters"),
    (backup(user="x" * 65), "aws:backup:user is 'xxxxxxxx…': the name of an IAM user has 1 to 64 characters"),
    (backup(group="x" * 129), "aws:backup:group is 'xxxxxxxx…: the name of an IAM group has 1 to 128 characters"),
    (backup(buckets={"Ocp": {}}), "aws:backup:buckets has a key 'Ocp': a bucket's name has no capital letters."),
    (
        backup(buckets={5: {}}),
        "aws:backup:buckets has a key 5: give the name of an S3 bucket; YAML reads it as a number, so write it in quotes.",
    ),
    (
        backup(buckets={"ocp": {"acl": 1}}),
        "aws:backup:buckets:ocp:acl is not a known key; allowed are region",
    ),
    (backup(buckets={"ocp": {"tags": {"a": []}}}), "aws:backup:buckets:ocp:tags:a is an empty list: give a text."),
    (
        backup(buckets={"ocp": {"tags": {"year": 2024}}}),
        "aws:backup:buckets:ocp:tags:year is 2024: give a text; YAML reads it as a number, so write it in quotes.",
    ),
    (
        backup(buckets={"ocp": {"tags": {"live": True}}}),
        "aws:backup:buckets:ocp:tags:live is True: give a text; YAML reads it as true or false, so write it in quotes.",
    ),
    (
        backup(buckets={"ocp": {"tags": {1: "a"}}}),
        "aws:backup:buckets:ocp:tags has a key 1: give the names of tags as texts; YAML reads it as a number",
    ),
    (
        backup(buckets={"ocp": {"tags": {"a": "\ud800"}}}),
        "aws:backup:buckets:ocp:tags:a is '\\ud800': give a text; it holds U+D800, half of a surrogate pair, which is not a character.",
    ),
    (
        backup(buckets={"ocp": {"tags": {"AWS:team": "data"}}}),
        "aws:backup:buckets:ocp:tags has a key 'AWS:team': AWS reserves keys that begin with aws:; leave it out.",
    ),
    (backup(pgbackrest={"tags": "yes"}), "aws:backup:pgbackrest:tags is 'yes': give True or False."),
    (
        backup(store=5),
        "aws:backup:store is a value of the type int: give an sdb:// URI, a mapping with sdb, or a mapping with pillar_file.",
    ),
    (backup(store="vault"), "aws:backup:store is 'vault': give a URI such as sdb://vault/registry."),
    (backup(store={}), "aws:backup:store:pillar_file is missing; give the path of a private pillar file"),
    (
        backup(store={"pillar_file": "../x.sls"}),
        "aws:backup:store:pillar_file is '../x.sls': give the path of a private",
    ),
    (backup(store={"pillar_file": "a/.."}), "aws:backup:store:pillar_file is 'a/..': give the path of a private"),
    (
        backup(store={"pillar_file": "/x.sls", "keys": {"access_key": "aws:access_key"}}),
        "aws:backup:store:keys:secret_key is missing; give a pillar key such as aws:secret_key.",
    ),
    (
        backup(store={"pillar_file": "/x.sls", "keys": {"access_key": ["a", "b::c"], "secret_key": "s"}}),
        "aws:backup:store:keys:access_key:1 is a text: give a pillar key with its parts separated by single colons",
    ),
    (
        backup(store={"keys": {"access_key": "aws:access_key", "secret_key": "aws:secret_key"}}),
        "aws:backup:store:pillar_file is missing; give the path of a private pillar file",
    ),
    (backup(store=[]), "aws:backup:store is an empty list: give an sdb:// URI, a mapping with sdb"),
    (
        aws(ses={"smtp_users": {"a": {"store": {"pillar_file": "/x.sls"}}}}),
        "aws:ses:smtp_users:a:store:keys is missing; give a mapping of smtp_username and smtp_password to where",
    ),
    (
        aws(rds={"instances": {"a": {"store": {"pillar_file": "/x.sls"}}}}),
        "aws:rds:instances:a:store:keys is missing; give a mapping of password to where each is stored.",
    ),
    (
        aws(ses={"smtp_users": {"a": {"grace_days": 0}}}),
        "aws:ses:smtp_users:a:grace_days is 0: give a whole number of days, 1 or more.",
    ),
    (
        backup(store={"pillar_file": "/x.sls", "gpg": None}),
        "aws:backup:store:gpg is empty: give a mapping with recipients, or leave it out to store secrets in clear.",
    ),
    (
        backup(store={"pillar_file": "/x.sls", "gpg": {"recipients": []}}),
        "aws:backup:store:gpg:recipients is an empty list: give a list of one or more GPG keys.",
    ),
]


@pytest.mark.parametrize(("bad", "sentence"), BAD)
def test_bad_pillar(bad, sentence):
    with pytest.raises(PillarError) as raised:
        pillar.check(bad)
    problem = str(raised.value)
    assert all(part in problem for part in sentence.split("…"))
    assert len(raised.value.problems) == 1


def places(schema, put=lambda value: value):
    """Each place of pillar where the schema says what is allowed: its own schema, and how to make pillar with a value there."""
    if "allowed" in schema and {"type", "enum"} & set(schema):
        yield schema, put
    for name, entry in schema.get("properties", {}).items():
        yield from places(entry, lambda value, name=name: put({name: value}))
    if isinstance(schema.get("additionalProperties"), dict):
        names = schema.get("propertyNames", {})
        if "allowed" in names:
            yield names, lambda value: put({value: {}})
        name = "example.org" if names.get("format") in ("mail-domain", "email-identity") else "example"
        yield from places(schema["additionalProperties"], lambda value: put({name: value}))
    if "items" in schema:
        yield from places(schema["items"], lambda value: put([value]))
    for branch in [name for name in ("then", "else") if name in schema]:
        yield from places(schema[branch], put)
    for part in schema.get("allOf", []):
        # The type of backup decides which of them holds.
        kind = part["if"]["properties"]["type"]
        yield from places(
            part, lambda value, kind=kind: put({"type": kind["const"], **value} if isinstance(value, dict) else value)
        )


def of_another_type(schema):
    """What has none of the types that a schema allows."""
    return "many" if schema.get("type") in ("integer", "number") else 12.5


ALLOWED = {}
for _schema, _put in places(SCHEMA):
    ALLOWED.setdefault(_schema["allowed"], []).append(_put(of_another_type(_schema)))


@pytest.mark.parametrize(("sentence", "bad"), ALLOWED.items())
def test_what_is_allowed_is_reported_where_there_is_a_value_of_another_type(sentence, bad):
    assert any(f": {sentence}" in problem for each in bad for problem in pillar.problems(each))


def properties(schema, path=()):
    """Every property of the schema, with the path to it."""
    for key, value in schema.items() if isinstance(schema, dict) else enumerate(schema):
        if key == "properties":
            yield from (((*path, name), entry) for name, entry in value.items())
        if isinstance(value, dict | list):
            yield from properties(value, (*path, key))


def test_tags_are_texts_wherever_they_are():
    found = [(path, schema) for path, schema in properties(SCHEMA) if path[-1] == "tags"]
    kinds = {
        "backup",
        "identities",
        "configuration_sets",
        "topics",
        "vpcs",
        "subnets",
        "security_groups",
        "instances",
        "clusters",
    }
    assert kinds <= {part for path, _ in found for part in path}
    for path, schema in found:
        assert TAGS.items() <= schema.items() or "pgbackrest" in path, path


def test_the_server_comes_first_and_all_problems_are_reported():
    bad = {"backup": {"location": ""}, "sync": {}, **aws(a=1, b=2, region="x")}
    found = pillar.problems(bad, "registry")
    assert [sentence.split(" is ")[0] for sentence in found] == [
        "registry: aws:a",
        "registry: aws:b",
        "registry: aws:region",
        "registry: backup:location",
        "registry: sync:location",
    ]


@pytest.mark.parametrize(
    "bad",
    [
        pgbackrest(s3_key=[CANARY], s3_key_secret={"a": CANARY}),
        pgbackrest(s3_key_secret=CANARY, repo_path=None),
        aws(access_key=[CANARY], secret_key={CANARY: CANARY}),
        aws(secret_keys=CANARY, acess_key=CANARY),
        aws(admin={"key": [CANARY], "session_token": {"x": CANARY}, "keyed": CANARY}),
        aws(admin=[CANARY]),
        {"aws": CANARY, "backup": CANARY, "postgres": {"backup": CANARY}, "mysql": [CANARY]},
        backup(store=[CANARY]),
        backup(store={"pillar_file": "/x.sls", "keys": {"access_key": f"{CANARY}::", "secret_key": f"{CANARY}::"}}),
        {"backup": {"location": f"https://user:{CANARY}@s3.example.org/x"}},
    ],
)
def test_no_sentence_holds_a_secret(bad):
    sentences = pillar.problems(bad)
    assert sentences
    assert CANARY not in str(sentences)


junk = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.dates(), st.binary()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.one_of(st.text(max_size=3), st.integers()), inner, max_size=2)
    ),
    max_leaves=4,
)


@given(st.text(), st.sampled_from(["s3_key", "s3_key_secret"]), junk)
def test_a_secret_is_never_quoted_whatever_it_is(secret, key, other):
    told = pillar.problems(pgbackrest(**{key: [f"{CANARY}{secret}", other]}))
    assert len(told) == 1
    assert CANARY not in told[0]


@pytest.mark.parametrize(
    ("endpoint", "at_aws"),
    [
        ("s3.eu-west-2.amazonaws.com", True),
        ("https://s3.eu-west-2.amazonaws.com:443/", True),
        ("S3.amazonaws.com", True),
        ("s3.cn-north-1.amazonaws.com.cn", True),
        ("amazonaws.com.example.org", False),
        ("notamazonaws.com", False),
        ("storage.googleapis.com", False),
        ("localhost:9000", False),
        ("", False),
    ],
)
def test_which_endpoints_are_at_aws(endpoint, at_aws):
    assert pillar.is_aws_endpoint(endpoint) is at_aws


@pytest.mark.parametrize(
    "url", ["ftp://u:se@CANARY@h.example", "ftp://u:CAN/ARY@h.example", "ftp://u:CAN?ARY@h.example"]
)
def test_no_password_of_a_url_is_shown(url):
    request = {"website_url": url, "mail_type": "TRANSACTIONAL", "use_case": "x"}
    (problem,) = pillar.problems(aws(ses={"account": {"production_access": request}}))
    assert problem.startswith("aws:ses:account:production_access:website_url is 'ftp://…")
    assert problem.endswith(": give the address of a website.")
    assert "ARY" not in problem
