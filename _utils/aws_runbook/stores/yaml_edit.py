"""
Set single values in the text of a YAML file; comments, order and style of everything else are kept.

PyYAML tells where each value is in the text. The edited text is read again as Salt reads it, and must differ from the original in the
wanted values only; a file in which this is not possible is refused.

No error here quotes the file, or PyYAML's messages, as these can contain a secret.
"""

import re
from collections.abc import Mapping

import salt.utils.yaml
import yaml

from aws_runbook.errors import StoreError

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_RESERVED = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
_NULL = "tag:yaml.org,2002:null"
_STEP = 2


def load(text):
    """The mapping that Salt reads from ``text``; an empty file is an empty mapping."""
    try:
        data = salt.utils.yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise StoreError(f"it is not YAML that Salt can read{_line(error)}") from None
    if data is None:
        return {}
    if not isinstance(data, Mapping):
        raise StoreError(f"it holds a {type(data).__name__} where pillar needs a mapping")
    return data


def get(data, path):
    """The value at ``path`` (a sequence of keys), or ``None``."""
    for name in path:
        if not isinstance(data, Mapping) or name not in data:
            return None
        data = data[name]
    return data


def put(text, path, value):
    """``text`` with ``value`` (a text) at ``path``; missing mappings on the path are created."""
    where = ":".join(path)
    wanted = _with(load(text), path, value, where)
    # A new key goes after the others, unless it would cut off the end of a block that keeps its last empty lines.
    for at_end in (True, False):
        edited = _edit(text, path, value, at_end=at_end)
        if _reads(edited, wanted):
            return edited
    raise StoreError(
        f"{where} cannot be set without changing more than that (an alias, or an unusual way to write it): write "
        f"{where} there once, as a plain key with an empty value"
    )


def _reads(text, wanted):
    try:
        return load(text) == wanted
    except (StoreError, RecursionError):  # the latter if an alias is within its own anchor
        return False


def _line(error):
    mark = getattr(error, "problem_mark", None)
    return f" (line {mark.line + 1})" if mark else ""


def _with(data, path, value, where):
    """
    ``data`` with ``value`` at ``path``. Each mapping on the way is copied: an alias in the file is one object here, and
    a change of it would show in both places and look right.
    """
    name, *rest = path
    copied = dict(data or {})
    below = copied.get(name)
    if rest:
        if below is not None and not isinstance(below, Mapping):
            raise StoreError(f"{where} cannot be set: above it is a {type(below).__name__}, not a mapping")
        copied[name] = _with(below, rest, value, where)
    else:
        if isinstance(below, Mapping | list):
            raise StoreError(f"{where} cannot be set: it is a {'list' if isinstance(below, list) else 'mapping'}")
        copied[name] = value
    return copied


def _edit(text, path, value, *, at_end):
    newline = "\r\n" if "\r\n" in text else "\n"
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if root is None:
        return _after_line(text, len(text), _block(path, value, 0), newline)
    if isinstance(root, yaml.ScalarNode):  # `null`, or a document with nothing in it
        emptied = _replaced(text, root, "")
        return _after_line(emptied, len(emptied), _block(path, value, 0), newline)
    node, parent, column = root, root, 0
    for depth, name in enumerate(path):
        if isinstance(node, yaml.ScalarNode):  # nothing there yet: `aws:`, or `aws: null`
            rest = path[depth:]
            if parent.flow_style:
                return _replaced(text, node, _flow(rest, value))
            emptied = _replaced(text, node, "")
            return _after_line(emptied, node.start_mark.index, _block(rest, value, column + _STEP), newline)
        key, found = _child(node, name)
        if key is None or found is None:
            return _added(text, node, path[depth:], value, newline, at_end=at_end)
        column = key.start_mark.column
        node, parent = found, node
    return _set(text, node, value, column, newline, in_flow=parent.flow_style)


def _child(mapping, name):
    for key, value in mapping.value:
        if isinstance(key, yaml.ScalarNode) and key.value == name:
            return key, value
    return None, None


def _set(text, node, value, column, newline, *, in_flow):
    """Replace a scalar by ``value``; a comment beside it is kept."""
    comment = _header_comment(text, node)
    if in_flow or not _fits_block(value):
        return _replaced(text, node, _quoted(value) + comment)
    lines = _indented(value, column + _STEP)
    return _after_line(_replaced(text, node, "|" + comment), node.start_mark.index, lines, newline)


def _replaced(text, node, new):
    start, end = node.start_mark.index, _end(text, node)
    before = text[:start]
    if new and before.endswith(":"):  # an empty value is right behind the colon
        new = " " + new
    return before + new + text[end:]


def _header_comment(text, node):
    if node.style not in ("|", ">"):
        return ""
    header = text[node.start_mark.index : _end(text, node)].splitlines()[0]
    comment = re.search(r"\s+#.*", header)
    return comment.group() if comment else ""


def _added(text, mapping, path, value, newline, *, at_end):
    """Add a key to a mapping, after its last one or before its first."""
    if not mapping.flow_style:
        first = mapping.value[0][0].start_mark
        lines = _block(path, value, first.column)
        if at_end:
            return _after_line(text, _end(text, mapping), lines, newline)
        start = first.index - first.column
        return text[:start] + "".join(line + newline for line in lines) + text[start:]
    if mapping.value:
        at, entry = _end(text, mapping.value[-1][1]), ", " + _pair(path, value)
    else:
        at, entry = mapping.end_mark.index - 1, _pair(path, value)
    return text[:at] + entry + text[at:]


def _end(text, node):
    """Where the text of ``node`` ends. PyYAML counts comments and empty lines after a block as part of it."""
    start, end = node.start_mark.index, node.end_mark.index
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        key, value = last if isinstance(last, tuple) else (node, last)
        alias = value.start_mark.index < key.start_mark.index  # its text is at its anchor
        return key.end_mark.index if alias and key is not node else _end(text, value)
    if getattr(node, "style", None) in ("|", ">"):
        return start + len(text[start:end].rstrip())
    return end


def _after_line(text, at, lines, newline):
    """Insert ``lines`` after the line in which ``at`` is."""
    end = text.find("\n", at)
    if end < 0:
        text += newline if text and not text.endswith("\n") else ""
        end = len(text)
    else:
        end += 1
    return text[:end] + "".join(line + newline for line in lines) + text[end:]


def _block(path, value, column):
    """The lines of ``path: value`` as nested block mappings."""
    name, *rest = path
    start = " " * column + _key(name) + ":"
    if rest:
        return [start, *_block(rest, value, column + _STEP)]
    if _fits_block(value):
        return [start + " |", *_indented(value, column + _STEP)]
    return [start + " " + _quoted(value)]


def _pair(path, value):
    name, *rest = path
    return f"{_key(name)}: {_flow(rest, value) if rest else _quoted(value)}"


def _flow(path, value):
    return "{" + _pair(path, value) + "}"


def _key(name):
    return name if _PLAIN_KEY.fullmatch(name) and name.lower() not in _RESERVED else _quoted(name)


def _fits_block(value):
    """Whether a literal block (``|``) returns the lines of ``value`` unchanged, such as those of an armoured message."""
    return bool(re.fullmatch(r"(?:[!-~][ -~]*\n)(?:[ -~]*\n)*(?:[!-~][ -~]*\n)", value))


def _indented(value, column):
    return [" " * column + line if line else "" for line in value.splitlines()]


def _quoted(value):
    """``value`` as one line of YAML without braces, so that Jinja leaves it unchanged."""
    if re.fullmatch(r"[ -~]*", value) and not re.search(r"['\\{}]", value):
        return f"'{value}'"
    return '"' + "".join(map(_escaped, value)) + '"'


def _escaped(character):
    if " " <= character <= "~" and character not in '"\\{}':
        return character
    if character == "\n":
        return "\\n"
    return f"\\U{ord(character):08x}"
