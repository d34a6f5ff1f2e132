"""
STS: whose a key id is.
"""

from sandbox.handlers.sts import keys

__all__ = ["keys"]
