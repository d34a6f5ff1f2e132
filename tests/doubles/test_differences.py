"""
Each row of the table in docs/doubles.md, asked of the sandbox and of every double: what is not declared there, or is so no more, fails.
"""

from pathlib import Path

import pytest

from tests import doubles
from tests.doubles import page
from tests.doubles.differences import DIFFERENCES

ASKED = [
    pytest.param(name, difference, id=f"{name}-{difference.asked.__name__}", marks=double.MARKS)
    for name, double in doubles.found().items()
    for difference in DIFFERENCES
    if set(difference.services.split()) <= double.SERVICES
]


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda difference: difference.asked.__name__)
def test_the_sandbox_does_what_the_documentation_says(difference, sandbox):
    assert difference.asked(sandbox) == difference.documented


@pytest.mark.parametrize(("name", "difference"), ASKED)
def test_a_double_does_it_too_or_is_declared(name, difference, double):
    expected = difference.found.get(name, difference.documented)
    assert difference.asked(double) == expected
    assert (name in difference.found) == (expected != difference.documented)


def test_what_is_found_is_said():
    for difference in DIFFERENCES:
        assert difference.found.keys() == difference.words.keys()
        assert difference.stops.keys() <= difference.found.keys()


def test_the_page_has_the_table():
    text = Path(page.PAGE).read_text()
    assert page.written(text) == text, "python -m tests.doubles --page"
