"""
The log of calls: what a test asks to know how a state got its answer, and whether it wrote.
"""

import threading
from collections import deque

# Whoever runs the sandbox for days must not run out of memory; a test makes some hundreds of calls.
_KEPT = 100_000
_NEVER_SHOWN = ("password", "secret", "document", "token", "policy")
# What decides, beside the resource, whether S3 lets a call through.
_S3_PARAMETERS = ("Prefix", "Delimiter", "VersionId", "Tagging", "CopySource")


class Log:
    """Entries as dicts, oldest first."""

    def __init__(self):
        self._entries = deque(maxlen=_KEPT)
        self._lock = threading.Lock()

    def add(self, entry):
        """Keep ``entry``."""
        with self._lock:
            self._entries.append(entry)

    def entries(self, service=None, operation=None, write=None):
        """The entries that fit every argument that is not ``None``."""
        wanted = {"service": service, "operation": operation, "write": write}
        wanted = {name: value for name, value in wanted.items() if value is not None}
        with self._lock:
            return [entry for entry in self._entries if all(entry[name] == value for name, value in wanted.items())]

    def clear(self):
        """Forget every entry."""
        with self._lock:
            self._entries.clear()


def record(call, proceed):
    """Step of the application: log the call and what became of it."""
    started = call.now
    reply = proceed(call)
    call.state.log.add(
        {
            "time": started.isoformat(),
            "service": call.service,
            "operation": call.name,
            "resource": resource(call),
            "parameters": parameters(call),
            "write": call.writes,
            "access_key_id": call.access_key_id,
            "region": call.region,
            "status": reply.status,
            "error": reply.error_code,
        }
    )
    return reply


def parameters(call):
    """What a policy can look at in a call to S3, beside its resource: listings by prefix, the keys of a bulk deletion."""
    if call.service != "s3":
        return {}
    shown = {name: call.parameters[name] for name in _S3_PARAMETERS if call.parameters.get(name) is not None}
    if call.name == "DeleteObjects":
        shown["Keys"] = [entry.get("Key") for entry in call.parameters.get("Delete", {}).get("Objects", [])]
    return shown


def resource(call):
    """What a call is about: ``bucket/key`` for S3, else the first of its parameters that names something."""
    parameters = call.parameters
    if call.service == "s3":
        return "/".join(str(parameters[name]) for name in ("Bucket", "Key") if parameters.get(name)) or None
    if call.operation is None or call.operation.input_shape is None:
        return None
    shape = call.operation.input_shape
    names = [*shape.required_members, *(name for name in shape.members if name not in shape.required_members)]
    for name in names:
        hidden = any(word in name.lower() for word in _NEVER_SHOWN) and not name.endswith(("Arn", "Name"))
        if isinstance(parameters.get(name), str) and not hidden and not shape.members[name].metadata.get("sensitive"):
            return parameters[name]
    return None
