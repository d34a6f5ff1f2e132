"""Which characters nobody sees."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_runbook.pillar import invisible

# What Unicode calls "default ignorable", whatever its category.
# https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt
IGNORABLE = (
    *(
        "\u00ad",
        "\u034f",
        "\u061c",
        "\u115f",
        "\u1160",
        "\u17b4",
        "\u17b5",
        "\u180b",
        "\u180c",
        "\u180d",
        "\u180e",
        "\u180f",
    ),
    *(
        "\u200b",
        "\u200d",
        "\u200f",
        "\u202a",
        "\u202e",
        "\u2060",
        "\u2064",
        "\u206f",
        "\u3164",
        "\ufe00",
        "\ufe0f",
        "\ufeff",
    ),
    *(
        "\uffa0",
        "\ufff0",
        "\ufff8",
        "\U0001bca0",
        "\U0001d173",
        "\U000e0001",
        "\U000e0041",
        "\U000e0100",
        "\U000e01ef",
        "\U000e0fff",
    ),
)


@pytest.mark.parametrize("character", IGNORABLE, ids=ascii)
def test_what_is_drawn_as_nothing_is_not_seen(character):
    assert invisible.is_unseen(character)


@given(st.characters(categories=["Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"]))
def test_what_has_no_shape_is_not_seen(character):
    assert invisible.is_unseen(character)


@given(
    st.text(st.characters(categories=["L", "N", "P", "S", "Zs"], exclude_characters="\u115f\u1160\u3164\uffa0\u2800"))
)
def test_what_is_drawn_is_seen(text):
    invisible.check(text)
    invisible.check(unicodedata.normalize("NFD", text))  # as a Mac writes accents


@given(st.text(), st.sampled_from(IGNORABLE), st.text())
def test_the_first_is_named(before, character, after):
    text = before + character + after
    with pytest.raises(ValueError, match=f"it holds U\\+{ord(next(filter(invisible.is_unseen, text))):04X}, "):
        invisible.check(text)
