"""
What time it is: asked in one place, so that what takes days can be tried in a moment.
"""

from datetime import datetime, timezone


def now():
    """This moment, in UTC."""
    return datetime.now(timezone.utc)
