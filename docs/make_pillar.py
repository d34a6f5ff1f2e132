"""
``docs/pillar.md`` from the schema of pillar. A test says when the two differ; ``python docs/make_pillar.py`` writes the page.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent / "_utils"))

from aws_runbook.pillar.schema import SCHEMA  # noqa: E402 - from the tree

INTRODUCTION = """\
<!-- Made from the schema of pillar by docs/make_pillar.py: change the schema, and run that. -->

# Every key of pillar

Each key links to the page that explains it. Replace a word in capitals by your own name: for a bucket called `ocp-registry-backup`,
`aws:backup:buckets:BUCKET:region` is `aws:backup:buckets:ocp-registry-backup:region`. `N` is the position in a list. A key without a
value counts as left out. A dash as the default means that the setting is not managed if the key is left out: it is not changed in AWS,
and a new resource has AWS's default.
"""
KINDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "True or False",
    "object": "mapping",
    "array": "list",
}
# Of these, what is allowed is said by their type.
PLAIN = {"give a text", "give a mapping", "give True or False", "give a name"}


@dataclass(frozen=True)
class Key:
    """One key: its path, its schema, and what it has from those above it."""

    path: str
    schema: dict
    title: str
    page: str
    required: bool


def all_keys():
    """Every key that the schema knows, in its order, each once."""
    return list({key.path: key for key in _below(SCHEMA, "", "", "")}.values())


def _below(schema, path, title, page):
    """The keys below ``path``."""
    for part in _parts(schema):
        for name, entry in part.get("properties", {}).items():
            key = Key(
                f"{path}:{name}".lstrip(":"),
                entry,
                entry.get("title", title),
                entry.get("page", page),
                name in part.get("required", ()),
            )
            yield key
            yield from _below(entry, key.path, key.title, key.page)
        if isinstance(part.get("additionalProperties"), dict):
            yield from _below(part["additionalProperties"], f"{path}:{part['names']}", title, page)
        if isinstance(part.get("items"), dict):
            yield from _below(part["items"], f"{path}:N", title, page)


def _parts(schema):
    """A schema, and those in it that apply to the same value. What may stand in a list or alone, stands alone here."""
    schema = schema.get("form", schema)
    yield schema
    branches = [] if schema.get("by_kind") or _is_for(schema, "array") else [schema.get("then", {})]
    for part in [*branches, schema.get("else", {}), *schema.get("allOf", [])]:
        if part:
            yield from _parts(part)


def _is_for(schema, kind):
    return schema.get("if", {}).get("type") == kind


def type_of(schema):
    """What kind of value a key has, in words."""
    schema = schema.get("form", schema)
    if schema.get("by_kind"):
        return f"{type_of(schema['else'])}; or a mapping of these by kind of backup"
    if _is_for(schema, "array"):
        return f"{type_of(schema['else'])}; or a list of these"
    if _is_for(schema, "string"):
        return f"{type_of(schema['then'])} or {type_of(schema['else'])}"
    kinds = schema.get("type") or ("string" if "enum" in schema else "object" if "then" in schema else [])
    words = " or ".join(KINDS[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds)) or "anything"
    if "names" in schema:
        return f"{words} by {schema['names']}"
    return f"{words}: each a {type_of(schema['items'])}" if "items" in schema and kinds == "array" else words


def allowed(schema):
    """What a key's value can be, in words; empty where its type says it."""
    schema = schema.get("form", schema)
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if isinstance(schema.get("items"), dict) and schema.get("type") == "array":
        return allowed(schema["items"])
    text = schema.get("allowed", "")
    return "" if text in PLAIN or {"properties", "names"} & set(schema) else text.removeprefix("give ")


def default(key):
    """What a key is when it is left out."""
    if "default" in key.schema:
        return f"`{key.schema['default']}`"
    return key.schema.get("left_out", "required" if key.required else "-")


def page():
    """The whole page."""
    sections = {}
    for key in all_keys():
        sections.setdefault(key.title, []).append(key)
    return "\n".join([INTRODUCTION, *(_section(title, entries) for title, entries in sections.items())])


def _section(title, entries):
    rows = [
        ("Key", "Type", "Allowed", "Default", "Meaning"),
        ("---",) * 5,
        *(
            (
                f"[`{key.path}`]({key.page})",
                type_of(key.schema),
                allowed(key.schema),
                default(key),
                key.schema["description"],
            )
            for key in entries
        ),
    ]
    lines = [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n".join([f"## {title}", "", *lines, ""])


if __name__ == "__main__":
    (DOCS / "pillar.md").write_text(page())
