"""
What must hold after each case, whatever went wrong: each function gives a sentence for each thing that does not.
"""

import json
import re
from http import HTTPStatus
from urllib.parse import parse_qsl

import yaml

from aws_runbook.mail import smtp
from chaos.answers import CANARY

# What is another one each time: ids that AWS makes up, and moments.
_MADE_UP = re.compile(
    r"\bA[KS]IA[A-Z0-9]{12,}|\bA(?:ID|NP|GP|RO)A[A-Z0-9]{8,}"
    r"|\b[a-z-]+-[0-9a-f]{8,}\b|\b(?:cluster|db)-[0-9A-Z]{8,}\b"
    r"|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|\b[0-9a-f]{32}\b|\b[0-9A-Z]{26}\b"
    r"|\b20\d\d-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?|\b\d{12,}\b"
)
# What tells a person what to do, or where to look.
_ADVICE = re.compile(
    r"[Rr]un this again|[Rr]un it again|[Rr]enew|use another|use others|[Ll]ook at|need [a-z0-9-]+:\w+|`salt|[Nn]ame another|[Cc]hoose another|[Cc]heck|[Ss]et the clock|[Mm]end"
)
_UNFIT = re.compile(
    r"Traceback|^\s*File \"|this program failed|object at 0x|<[a-z]+[ >/]|botocore|urllib3|Errno", re.MULTILINE
)
_LONGEST = 1500
# A run that was killed once its key was stored leaves its note, which nobody reads while the key is good.
_NOTE = re.compile(r'("aws-runbook:making": ")[^"]*')
# Which of two subnets is made first decides which gets which zone, where pillar names none: the second takes one that the first has not.
_ZONE = re.compile(r'("AvailabilityZone(?:Id)?": ")[^"]*')


def masked(thing):
    """``thing`` as text, without what is another one each time."""
    return _MADE_UP.sub("…", _NOTE.sub(r"\1…", json.dumps(thing, default=str, sort_keys=True)))


def account(snapshot):
    """A snapshot as lines that can be compared with those of another account."""
    return sorted(_ZONE.sub(r"\1…", masked([path, value])) for path, value in snapshot.items())


def difference(wanted, found):
    """What an account lacks, and what it has beyond what it should."""
    lacking, left = [], list(found)
    for line in wanted:
        if line in left:
            left.remove(line)
        else:
            lacking.append(line)
    return [*(f"lacks {line}" for line in lacking), *(f"has {line}" for line in left)]


def told(returned):
    """Each failure is told in a sentence that says what, and what to do."""
    for name, comment in returned.failed.items():
        if found := _UNFIT.search(comment):
            yield f"{name} says {found[0]!r}: {comment}"
        if CANARY in comment:
            yield f"{name} quotes an answer: {comment}"
        if not comment.strip().endswith((".", "`", ")")) or len(comment) > _LONGEST:
            yield f"{name} ends in no sentence: {comment}"
        if not _ADVICE.search(comment):
            yield f"{name} does not say what to do: {comment}"


class Secrets:
    """All secrets of an account, by what went to AWS and came from it."""

    def __init__(self, world):
        self._world = world
        # The secret of each access key that was ever made, and the passwords that each database was given.
        self.keys, self.passwords = {}, {}

    def note(self, request, answer):
        """Note what is secret in a request and its answer."""
        if b"MasterUserPassword=" in request.body:
            asked = dict(parse_qsl(request.body.decode()))
            name = asked.get("DBInstanceIdentifier") or asked["DBClusterIdentifier"]
            if answer.status == HTTPStatus.OK:
                self.passwords.setdefault(name, []).append(asked["MasterUserPassword"])
        if b"Action=CreateAccessKey&" in request.body and (found := _MADE_KEY.search(answer.body.decode())):
            self.keys[found[1]] = found[2]

    @property
    def all(self):
        """Every text that may stand in its store only."""
        keys = set(self.keys.values())
        mail = {smtp.password(key, "us-east-1").reveal() for key in keys}
        return keys | mail | {password for given in self.passwords.values() for password in given}

    def leaked(self, texts):
        """A sentence for each secret that stands where it must not; ``texts`` by what they are called."""
        for where, text in texts.items():
            if any(secret in text for secret in self.all):
                yield f"a secret stands in {where}"
            if CANARY in text:
                yield f"{where} quotes an answer"

    def stored(self, folder):
        """What stands in the stores works: a key's secret is its own, and a password the one that AWS was given last."""
        for path in sorted((folder / "pillar" / "private").glob("*.sls")):
            data = yaml.safe_load(path.read_text()) or {}
            for key, secret, is_smtp in _PLACES:
                name, found = _at(data, key), _at(data, secret)
                wanted = self.keys.get(name)
                if wanted and is_smtp:
                    wanted = smtp.password(wanted, "us-east-1").reveal()
                if (name or found) and found != wanted:
                    yield f"{path.name}, {':'.join(key)}: the key {name} has another secret than its own"
            for name, entry in (data.get("databases") or {}).items():
                if (given := self.passwords.get(name)) and entry["password"] != given[-1]:
                    yield f"{path.name}: RDS was given another password of {name} than stands there"


_MADE_KEY = re.compile(r"<AccessKeyId>(\w+)</AccessKeyId>.*?<SecretAccessKey>([^<]+)</SecretAccessKey>", re.DOTALL)
_PLACES = (
    (("aws", "access_key"), ("aws", "secret_key"), False),
    (("postgres", "backup", "s3_key"), ("postgres", "backup", "s3_key_secret"), False),
    (("smtp", "username"), ("smtp", "password"), True),
)


def _at(data, path):
    for part in path:
        data = data.get(part) if isinstance(data, dict) else None
    return data
