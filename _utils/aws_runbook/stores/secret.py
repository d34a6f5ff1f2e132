"""
A secret on its way from AWS to a store.

Printing, logging, formatting or serialising a :class:`Secret` by accident shows :data:`HIDDEN`, or fails.
"""

import hmac
from dataclasses import dataclass

HIDDEN = "********"

# The names of the values that a store can contain.
NAMES = ("access_key", "secret_key", "smtp_username", "smtp_password", "smtp_host", "smtp_port", "password")
# The values that are encrypted in an encrypted store, whatever their type.
SECRETS = frozenset({"secret_key", "smtp_password", "password"})
# The value that a store returns unwrapped: AWS lists access keys by it, so it shows whether the store has the right one.
CLEAR = frozenset({"access_key"})


@dataclass(frozen=True)
class Place:
    """
    One place of a store: its name for operators, its value, and whether it contains anything.

    ``value`` has the form of a store's ``read``; it is also ``None`` for a value that cannot be read from here.
    """

    where: str
    value: object
    occupied: bool


class Secret:
    """A text that only :meth:`reveal` shows."""

    __slots__ = ("_text",)

    def __init__(self, text):
        self._text = text.reveal() if isinstance(text, Secret) else str(text)

    def reveal(self):
        """The text itself, only for the call that stores it."""
        return self._text

    def __repr__(self):
        return f"Secret({HIDDEN})"

    def __str__(self):
        return HIDDEN

    def __format__(self, spec):
        return format(HIDDEN, spec)

    def __bool__(self):
        return bool(self._text)

    def __eq__(self, other):
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    # A hash would let a secret be found by guessing, and would let it become a key of something that is printed.
    __hash__ = None  # pyright: ignore[reportAssignmentType] - Python's own way to say that there is none

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self  # without pickle, which is refused

    def __reduce_ex__(self, protocol):
        raise TypeError("a Secret is not serialised")
