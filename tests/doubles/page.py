"""The table of docs/doubles.md, made of :mod:`tests.doubles.differences`."""

from pathlib import Path

from tests import doubles
from tests.doubles import differences

PAGE = Path(__file__).resolve().parents[2] / "docs" / "doubles.md"
_BEGIN, _END = "<!-- tests/doubles/differences.py -->\n", "<!-- end -->"


def written(text):
    """The text of the page with the table as it is now."""
    head, _, rest = text.partition(_BEGIN)
    _, _, tail = rest.partition(_END)
    return f"{head}{_BEGIN}{differences.table(doubles.found())}\n{_END}{tail}"


def write():
    """Write it."""
    PAGE.write_text(written(PAGE.read_text()))
