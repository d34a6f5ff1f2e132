"""
Tables for a person to read on a terminal.
"""

_GAP = "  "


def table(rows, columns):
    """``rows`` (mappings) as aligned text under a header; ``columns`` are the keys to show, in order."""
    header = [column.replace("_", " ") for column in columns]
    body = [[_cell(row.get(column)) for column in columns] for row in rows]
    widths = [max(map(len, cells)) for cells in zip(header, *body, strict=True)]
    lines = [header, ["-" * width for width in widths], *body]
    return "\n".join(_GAP.join(map(str.ljust, cells, widths)).rstrip() for cells in lines)


def _cell(value):
    """A value as one line; an empty one is shown as a dash, so that columns can still be counted."""
    if isinstance(value, list | tuple | set | frozenset):
        value = ", ".join(map(str, value))
    text = "" if value is None else " ".join(str(value).split())
    return text or "-"
