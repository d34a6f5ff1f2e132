"""
SES, version 2 of its API: identities, configuration sets, the account, the suppression list, tags.
"""

from sandbox.handlers.sesv2 import account, configuration_sets, identities, suppression, tags

__all__ = ["account", "configuration_sets", "identities", "suppression", "tags"]
