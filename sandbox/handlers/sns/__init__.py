"""
SNS: subscriptions that wait for whoever is subscribed to confirm them.
"""

from sandbox.handlers.sns import subscriptions

__all__ = ["subscriptions"]
