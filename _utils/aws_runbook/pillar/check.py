"""
Validate a server's pillar: every problem is reported before any call to AWS.

jsonschema checks it against :data:`aws_runbook.pillar.schema.SCHEMA`. The messages are made here, because an operator knows pillar keys
and not schemas, and because a message must not contain a secret.
"""

import difflib
import re
from collections.abc import Mapping
from functools import cache

try:
    import jsonschema
    from jsonschema.validators import extend
except ImportError as error:
    raise ImportError(
        f"saltext.aws-runbook needs jsonschema ({error}): install it with 'salt-pip install jsonschema'"
    ) from error

from aws_runbook import urls
from aws_runbook.aws import tags
from aws_runbook.dns import names as email_names
from aws_runbook.errors import PillarError
from aws_runbook.kinds.arguments import in_quotes, is_text
from aws_runbook.network import cidr
from aws_runbook.pillar import invisible
from aws_runbook.pillar.schema import SCHEMA

_SECRET = re.compile(r"secret|key|password|token|credential", re.IGNORECASE)
_SHOWN = 80  # characters of a value in a sentence

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-names
_IAM_NAME = re.compile(r"[\w+=,.@-]+", re.ASCII)
IAM_USER_LENGTH = 64
IAM_GROUP_LENGTH = 128
IAM_POLICY_LENGTH = 128

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_IP_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
_RESERVED_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")

# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_CreateConfigurationSet.html
_CONFIGURATION_SET = re.compile(r"[A-Za-z0-9_-]{1,64}")

_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d{1,2}")
_AWS_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu")

# `*` and `?` are wildcards in an IAM policy's resources and conditions, and `$` begins its variables.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
_WILDCARDS = re.compile(r"[*?$]")
# S3 allows keys of 1,024 bytes; the scripts and pgBackRest append theirs to the prefix.
_PREFIX_BYTES = 512

_formats = jsonschema.FormatChecker(formats=())


def _format(name):
    """Register a format: a function that raises ``ValueError`` with the rest of the sentence."""

    def register(function):
        def check_text(value):
            if is_text(value):
                function(value)
            return True

        _formats.checks(name, raises=ValueError)(check_text)
        return function

    return register


@_format("s3-bucket")
def check_bucket(name):
    """Raise ``ValueError`` with the rest of a sentence if S3 does not take ``name`` for a new bucket."""
    rules = (
        "a bucket's name has 3 to 63 characters of a-z, 0-9, '.' and '-', and begins and ends with a letter or digit"
    )
    if not name:
        raise ValueError("it is empty; give the name of a bucket")
    if name.lower() != name:
        raise ValueError("a bucket's name has no capital letters")
    if not _BUCKET.fullmatch(name):
        raise ValueError(rules)
    if ".." in name:
        raise ValueError("a bucket's name has no two adjacent periods")
    if _IP_ADDRESS.fullmatch(name):
        raise ValueError("a bucket's name is not formed like an IP address")
    if name.startswith(_RESERVED_PREFIXES) or name.endswith(_RESERVED_SUFFIXES):
        reserved = ", ".join((*_RESERVED_PREFIXES, *_RESERVED_SUFFIXES))
        raise ValueError(f"AWS reserves some beginnings and ends of bucket names ({reserved}); choose another name")


@_format("backup-location")
def _check_location(location):
    invisible.check(location)
    form = "give BUCKET or BUCKET/PREFIX"
    if not location:
        raise ValueError(f"it is empty; {form}")
    if "://" in location:
        raise ValueError(f"leave out the scheme ('s3://'); {form}")
    if location.startswith("/"):
        raise ValueError(f"leave out the leading slash; {form}")
    if location.endswith("/"):
        raise ValueError(f"leave out the trailing slash; {form}")
    if "//" in location:
        raise ValueError(f"it has a double slash; {form}")
    bucket, _, prefix = location.partition("/")
    check_bucket(bucket)
    check_prefix(prefix)


@_format("repository-path")
def _check_repository_path(path):
    invisible.check(path)
    if not path:
        raise ValueError("it is empty; give the repository's path in the bucket, such as /kingfisher")
    if not path.strip("/"):
        raise ValueError(
            "a repository at the bucket's root would leave no room for other backups; give a path such as /kingfisher"
        )
    if "//" in path:
        raise ValueError("it has a double slash, which pgBackRest refuses; give a path such as /kingfisher")
    check_prefix(path.strip("/"))


def check_prefix(prefix):
    """Raise ``ValueError`` with the rest of a sentence if ``prefix`` cannot be a place of backups in a bucket."""
    if {".", ".."} & set(prefix.split("/")):
        raise ValueError("'.' and '..' are not directories in S3; give the full path")
    if _WILDCARDS.search(prefix):
        raise ValueError("'*', '?' and '$' have a meaning of their own in IAM policies; choose a prefix without them")
    if "\\" in prefix or prefix != prefix.strip():
        raise ValueError("a prefix has no backslash, and no space at either end")
    if len(prefix.encode()) > _PREFIX_BYTES:
        raise ValueError(f"a prefix has at most {_PREFIX_BYTES} bytes")


@_format("aws-region")
def _check_region(region):
    if not _REGION.fullmatch(region):
        raise ValueError("give a region such as eu-west-2")


@_format("aws-endpoint")
def _check_endpoint(endpoint):
    if not is_aws_endpoint(endpoint):
        raise ValueError("it is not at AWS")


def is_aws_endpoint(endpoint):
    """Whether a pgBackRest ``repo1-s3-endpoint`` (a host, perhaps with a scheme, port or path) is Amazon S3."""
    host = endpoint.partition("://")[2] or endpoint
    host = host.partition("/")[0].partition(":")[0].rstrip(".").lower()
    return f".{host}".endswith(_AWS_DOMAINS)


@_format("iam-user")
def check_user(name):
    """Raise ``ValueError`` with the rest of a sentence if IAM does not take ``name`` for a user."""
    _check_iam_name("user", name, IAM_USER_LENGTH)


@_format("iam-group")
def check_group(name):
    """Raise ``ValueError`` with the rest of a sentence if IAM does not take ``name`` for a group."""
    _check_iam_name("group", name, IAM_GROUP_LENGTH)


@_format("iam-policy")
def check_policy(name):
    """Raise ``ValueError`` with the rest of a sentence if IAM does not take ``name`` for a policy."""
    _check_iam_name("policy", name, IAM_POLICY_LENGTH)


@_format("configuration-set")
def check_configuration_set(name):
    """Raise ``ValueError`` with the rest of a sentence if SES does not take ``name`` for a configuration set."""
    if not _CONFIGURATION_SET.fullmatch(name):
        raise ValueError(
            "the name of a configuration set has 1 to 64 characters: letters without accents, digits, - and _"
        )


def _check_iam_name(kind, name, length):
    if not 1 <= len(name) <= length or not _IAM_NAME.fullmatch(name):
        raise ValueError(
            f"the name of an IAM {kind} has 1 to {length} characters: letters without accents, digits, and any of _+=,.@-"
        )


_format("visible")(invisible.check)
_format("cidr-block")(cidr.check)
_format("tag-key")(tags.check_key)
_format("mail-domain")(email_names.domain)
_format("email-address")(email_names.address)
_format("email-identity")(email_names.identity)


@_format("pillar-key")
def _check_pillar_key(path):
    if not all(part and part == part.strip() for part in path.split(":")):
        raise ValueError("give a pillar key with its parts separated by single colons, such as aws:secret_key")


def _properties(validator, properties, instance, schema):
    """
    Like JSON Schema's, but a key without a value (``aws:``) counts as absent, unless it is ``needs_value``: then it is an error, since a
    reader of pillar would expect an effect.
    """
    del schema
    if isinstance(instance, Mapping):
        for name, subschema in properties.items():
            if name in instance and instance[name] is None and subschema.get("needs_value"):
                yield jsonschema.ValidationError(
                    "empty", validator="needs_value", path=[name], instance=None, schema=subschema
                )
            if instance.get(name) is not None:
                yield from validator.descend(instance[name], subschema, path=name, schema_path=name)


def _required(validator, required, instance, schema):
    """Like JSON Schema's, one error for each missing key, whose message is the key."""
    del validator, schema
    if isinstance(instance, Mapping):
        for name in required:
            if instance.get(name) is None:
                yield jsonschema.ValidationError(name)


def _is_integer(_checker, value):
    return isinstance(value, int) and not isinstance(value, bool)


@cache
def _validator():
    base = jsonschema.Draft202012Validator
    types = base.TYPE_CHECKER.redefine("integer", _is_integer)
    types = types.redefine("string", lambda _checker, value: is_text(value))
    types = types.redefine("object", lambda _checker, value: isinstance(value, Mapping))
    kind = extend(base, {"properties": _properties, "required": _required}, type_checker=types)
    return kind(SCHEMA, format_checker=_formats)


def check(pillar, where=""):
    """Raise :class:`PillarError` with all problems; ``where`` names the server of the pillar."""
    found = problems(pillar, where)
    if found:
        raise PillarError(found)


def problems(pillar, where=""):
    """The problems of a server's pillar: sentences, each with the key path, its value and what is allowed."""
    sentences = [sentence for error in _validator().iter_errors(pillar) for sentence in _sentences(error)]
    lead = f"{where}: " if where else ""
    return [f"{lead}{sentence}" for sentence in dict.fromkeys(sentences)]


def _sentences(error):
    path = [str(part) for part in error.absolute_path]
    if error.validator == "required":
        name = error.message
        return [f"{':'.join([*path, name])} is missing; {error.schema['properties'][name]['allowed']}."]
    if error.validator == "additionalProperties":
        return [_unknown(path, name, error.schema["properties"]) for name in _unknown_keys(error)]
    key = ":".join(path) or "the pillar"
    quotes = _in_quotes(error)
    if "propertyNames" in error.absolute_schema_path:
        return [f"{key} has a key {_shown(error.instance, [], error)}: {_allowed(error)}{quotes}."]
    return [f"{key} is {_shown(error.instance, path, error)}: {_allowed(error)}{quotes}."]


def _in_quotes(error):
    """What to do about a name that YAML reads as a number, a flag, a date or nothing."""
    return (
        in_quotes(error.instance) if error.validator == "type" and "string" in _as_list(error.validator_value) else ""
    )


def _unknown_keys(error):
    return sorted((name for name in error.instance if name not in error.schema["properties"]), key=str)


def _unknown(path, name, known):
    key = ":".join([*path, str(name)])
    close = difflib.get_close_matches(str(name), known, n=1, cutoff=0.7)
    hint = f"did you mean {close[0]}? A" if close else "a"
    return f"{key} is not a known key; {hint}llowed are {', '.join(known)}."


def _allowed(error):
    if error.validator == "format" and error.cause is not None:
        return str(error.cause)
    return error.schema.get("allowed", "something else is expected")


def _shown(value, path, error):
    """What a key holds, in words: never a secret, and of a mapping or a list only that it is one."""
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple | set):
        return "a list" if value else "an empty list"
    if value is None:
        return "empty"
    hidden = error.schema.get("writeOnly") or any(_SECRET.search(part) for part in path)
    if hidden or not _is_scalar(error):
        return "a text" if isinstance(value, str) else f"a value of the type {type(value).__name__}"
    if isinstance(value, str) and "//" in value and urls.has_userinfo(value):
        value = urls.shown(value)
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _is_scalar(error):
    """Whether a plain value belongs there: a value in place of a mapping or a list might be anything, and is not shown."""
    return not (error.validator == "type" and {"object", "array"} & {*_as_list(error.validator_value)})


def _as_list(value):
    return value if isinstance(value, list) else [value]
