"""
The shape of a store in pillar, as data: a part of :data:`aws_runbook.pillar.schema.SCHEMA`.
"""

from aws_runbook.pillar.shapes import TEXT, either, formed, key, list_of, mapping, patterned

SDB_URI = patterned("^sdb://[^/]+/.+", "give a URI such as sdb://vault/registry")
_PILLAR_KEY = formed("pillar-key", "give a pillar key such as aws:secret_key")
_FILE = patterned(
    r"^(?:/|(?!~)(?!(?:.*/)?\.\.(?:/|$))).*[^/]$",
    "give the path of a private pillar file, absolute or relative to the pillar roots",
)
_FILES = {"page": "stores.md#a-file-of-private-pillar"}
_FORMS = "give an sdb:// URI, a mapping with sdb, or a mapping with pillar_file"

_AT_SDB = {
    "anyOf": [
        {"required": ["sdb"]},
        {"required": ["keys"], "properties": {"keys": {"additionalProperties": SDB_URI}, "pillar_file": False}},
    ]
}

_GPG = mapping(
    {
        "recipients": key(
            list_of(TEXT, "give a list of one or more GPG keys", minItems=1),
            "The keys that secrets are encrypted to, preferably by their full fingerprints.",
        ),
        "homedir": key(TEXT, "The folder with the public keys.", left_out="that of Salt's GPG renderer, or gpg's own"),
    },
    "give a mapping with recipients, or leave it out to store secrets in clear",
    required=["recipients"],
    page="stores.md#the-same-file-encrypted",
)

VALUES = {
    "access_key": "The id of the access key.",
    "secret_key": "The secret of the access key.",
    "smtp_username": "The user name for SMTP.",
    "smtp_password": "The password for SMTP.",
    "smtp_host": "The host to send by.",
    "smtp_port": "Its port.",
    "password": "The password of the master user.",
}


def store(values, needed, left_out=None):
    """
    A store that takes ``values``, of which the ``needed`` must have a place; or a list of stores.

    ``left_out`` says where they go in a pillar file that names no ``keys``; without it, a file must name them.
    """
    # An item of a list can be anything, also a secret, so it is not quoted.
    members = list_of(_one(values, needed, left_out, {**SDB_URI, "writeOnly": True}), _FORMS, minItems=1)
    return either("array", members, _one(values, needed, left_out, SDB_URI), _FORMS)


def _one(values, needed, left_out, uri):
    without = f"{left_out}; with `sdb`, below that" if left_out else "needed with `pillar_file`; with `sdb`, below that"
    keys = "Where each value is stored: pillar keys of the file, or a list of them; or addresses of sdb."
    file = mapping(
        {
            "pillar_file": key(
                _FILE,
                "A file of private pillar that values are written to.",
                left_out="needed, unless `sdb` or its addresses are given",
                **_FILES,
            ),
            "keys": key(_keys(_place(), values, needed), keys, left_out=without, **_FILES),
            "gpg": key(_GPG, "Encrypts secrets for Salt's GPG renderer.", left_out="not encrypted", needs_value=True),
        },
        _FORMS,
        required=["pillar_file", *([] if left_out else ["keys"])],
    )
    sdb = mapping(
        {
            "sdb": key(SDB_URI, "An address of Salt's sdb, below which each value has its name.", page="stores.md#sdb"),
            "keys": key(_keys(SDB_URI, values, needed), keys, left_out=without, **_FILES),
        },
        _FORMS,
    )
    return either("string", uri, {"if": _AT_SDB, "then": sdb, "else": file, "allowed": _FORMS}, _FORMS)


def _place():
    """A value's place in a pillar file, or a list of places."""
    several = list_of(_PILLAR_KEY, _PILLAR_KEY["allowed"], minItems=1)
    return either("array", several, _PILLAR_KEY, _PILLAR_KEY["allowed"])


def _keys(place, values, needed):
    names = f"{', '.join(needed[:-1])} and {needed[-1]}" if needed[1:] else needed[0]
    return mapping(
        {name: key(place, VALUES[name]) for name in values},
        f"give a mapping of {names} to where each is stored",
        required=needed,
    )
