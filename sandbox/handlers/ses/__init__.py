"""
SES, version 1 of its API: what only it can tell and set of identities, and receipt rules.
"""

from sandbox.handlers.ses import identities, receiving

__all__ = ["identities", "receiving"]
