"""
An AWS in a process of its own, for tests, the demo and people: moto where moto is right, handlers in front of it where
it is not. See docs/sandbox.md.
"""

from sandbox.client import Sandbox, SandboxError

__all__ = ["Sandbox", "SandboxError"]
