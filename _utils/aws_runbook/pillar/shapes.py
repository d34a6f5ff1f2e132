"""
What the schema of pillar is made of: JSON Schema, with six keywords of this project's own beside JSON Schema's.

``description`` and ``default`` are JSON Schema's: what a key is for, and the value that it has when it is left out.
``left_out`` says the latter in words, where it is no fixed value. ``allowed`` completes the sentence that says what is wrong
with a value. ``page`` is the page of the documentation that explains a key and all below it, and ``title`` begins a section
of the page that lists all keys. A key that is ``needs_value`` must have a value. ``names`` is what that page writes for the names that a mapping is free to have.
https://json-schema.org/draft/2020-12/json-schema-validation#name-a-vocabulary-for-basic-meta
"""


def key(shape, description, **more):
    """A key: its schema and its purpose."""
    return {**shape, "description": description, **more}


def text(allowed="give a text", **more):
    """A text that is not empty."""
    return {"type": "string", "minLength": 1, "allowed": allowed, **more}


def formed(name, allowed):
    """A text of one of the formats of :mod:`aws_runbook.pillar.check`."""
    return {"type": "string", "format": name, "allowed": allowed}


def patterned(pattern, allowed):
    """A text that matches a regular expression."""
    return {"type": "string", "pattern": pattern, "allowed": allowed}


def whole(unit, least=1, most=None):
    """A whole number of something."""
    bounds = f"{least} or more" if most is None else f"from {least} to {most}"
    limit = {} if most is None else {"maximum": most}
    return {"type": "integer", "minimum": least, **limit, "allowed": f"give a whole number{unit}, {bounds}"}


def choice(*values):
    """One of several texts."""
    return {"enum": list(values), "allowed": f"allowed are {', '.join(values)}"}


def list_of(item, allowed, **more):
    """A list."""
    return {"type": "array", "items": item, "allowed": allowed, **more}


def mapping(properties, allowed="give a mapping", **more):
    """A mapping with certain keys and no others."""
    return {"type": "object", "allowed": allowed, "additionalProperties": False, "properties": properties, **more}


def named(entry, allowed, names, shape=None):
    """A mapping of names, each of the form ``shape``, to entries; an entry may be empty."""
    return {
        "type": "object",
        "allowed": allowed,
        "propertyNames": shape or TEXT,
        "additionalProperties": {**entry, "type": ["object", "null"]},
        "names": names,
    }


def either(kind, then, otherwise, allowed):
    """A value of the type ``kind`` and the form ``then``, or anything of the form ``otherwise``."""
    return {"if": {"type": kind}, "then": then, "else": otherwise, "allowed": allowed}


FLAG = {"type": "boolean", "allowed": "give True or False"}
TEXT = text()
REGION = formed("aws-region", "give a region such as eu-west-2")
BUCKET = formed("s3-bucket", "give the name of an S3 bucket")
USER = formed("iam-user", "give the name of an IAM user")
ACCESS_KEY = {"type": "string", "allowed": "give an access key ID"}
SECRET_KEY = {"type": "string", "allowed": "give a secret access key", "writeOnly": True}
DAYS = whole(" of days")
TAGS = {
    "type": "object",
    "propertyNames": {
        "type": "string",
        "minLength": 1,
        "maxLength": 128,
        "format": "tag-key",
        "allowed": "give the names of tags as texts",
    },
    "additionalProperties": {"type": "string", "allowed": "give a text"},
    "allowed": "give a mapping of tags to texts",
    "names": "TAG",
}
