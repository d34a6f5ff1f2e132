"""
Refusing every write: how a test proves that a dry run is one.
"""

from sandbox import principals


def refuse(call, proceed):
    """Step of the application: answer a write with AccessDenied while writes are refused."""
    if call.state.refuse_writes and call.writes:
        raise principals.denied(call)
    return proceed(call)
