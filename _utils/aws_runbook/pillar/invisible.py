"""
Invisible characters, and characters that change how others are shown: a name with one looks like another name.

https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing
"""

import unicodedata

# Controls, marks of direction and joiners, surrogates, characters without an assigned shape, separators of lines.
_CATEGORIES = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
# Letters and marks that are drawn as nothing, first and last of each range; and Braille's empty cell.
# https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt (Default_Ignorable_Code_Point)
_RANGES = (
    (0x034F, 0x034F),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x2800, 0x2800),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFFA0, 0xFFA0),
    (0xE0000, 0xE0FFF),
)


def is_unseen(character):
    """Whether a character is invisible."""
    point = ord(character)
    return unicodedata.category(character) in _CATEGORIES or any(first <= point <= last for first, last in _RANGES)


def check(text):
    """Raise ``ValueError`` with the rest of a sentence if ``text`` contains an invisible character."""
    found = next(filter(is_unseen, text), None)
    if found:
        raise ValueError(f"it holds U+{ord(found):04X}, an invisible character; write it without that")
