"""
What AWS answered, without what it said: the shape of each answer, by operation.

A shape has the names of members and the kinds of their values. Of texts it keeps only those that AWS's model lists as
choices, so that no name, number or secret of an account can be in a recording.
"""

import json
from collections import defaultdict
from contextlib import contextmanager

import botocore.client

READING = ("Describe", "Get", "Head", "List")


class WriteError(AssertionError):
    """A call that writes, where none may."""


class Recording:
    """Calls and the shapes of their answers, as long as :meth:`running`."""

    def __init__(self):
        self.calls = []
        self.shapes = defaultdict(dict)
        self._read_only = False

    def writes(self):
        """Return the operations that wrote, in their order."""
        return [operation for operation in self.calls if not is_read(operation)]

    @contextmanager
    def running(self):
        """Record what every client of botocore asks in this process."""
        real = botocore.client.BaseClient._make_api_call

        def recorded(client, operation, parameters):
            model = client.meta.service_model
            name = f"{model.service_name}.{operation}"
            if self._read_only and not is_read(name):
                raise WriteError(f"{name} would write")
            self.calls.append(name)
            answer = real(client, operation, parameters)
            output = model.operation_model(operation).output_shape
            if output is not None:
                self.shapes[name] = merged(self.shapes[name], shape_of(output, answer))
            return answer

        botocore.client.BaseClient._make_api_call = recorded
        try:
            yield self
        finally:
            botocore.client.BaseClient._make_api_call = real

    @contextmanager
    def read_only(self):
        """Refuse calls that write, before they are sent."""
        self._read_only = True
        try:
            yield
        finally:
            self._read_only = False

    def save(self, folder):
        """Write each shape to a file of its operation, together with what an earlier run has seen."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, shape in self.shapes.items():
            path = folder / f"{name}.json"
            known = json.loads(path.read_text()) if path.exists() else {}
            path.write_text(json.dumps(merged(known, shape), indent=1, sort_keys=True) + "\n")


def is_read(name):
    """Whether a call, as ``s3.GetObject``, only reads. A token of STS is no secret of the account and changes nothing."""
    return name.rpartition(".")[2].startswith(READING)


def shape_of(model, value):
    """Return what an answer is made of, by its model."""
    if model.type_name == "structure":
        members = {name: shape_of(model.members[name], value[name]) for name in model.members if name in value}
        return {"structure": members}
    if model.type_name == "list":
        entries = {}
        for entry in value:
            entries = merged(entries, shape_of(model.member, entry))
        return {"list": entries}
    if model.type_name == "map":
        return {"map": {}}
    if getattr(model, "enum", None) and value in model.enum:
        return {"choice": [value]}
    return {type(value).__name__: {}}


def merged(one, other):
    """Return what either of two shapes has."""
    both = {}
    for kind in sorted({*one, *other}):
        left, right = one.get(kind), other.get(kind)
        if left is None or right is None:
            both[kind] = right if left is None else left
        elif kind == "choice":
            both[kind] = sorted({*left, *right})
        elif kind == "structure":
            both[kind] = {name: merged(left.get(name, {}), right.get(name, {})) for name in sorted({*left, *right})}
        else:
            both[kind] = merged(left, right)
    return both


def lacking(wanted, found, place=""):
    """Return the members of one shape that another does not have, as ``.Users[].Arn``."""
    if not found:
        return []
    missing = []
    for name, shape in wanted.get("structure", {}).items():
        if name == "ResponseMetadata":
            continue
        if name not in found.get("structure", {}):
            missing.append(f"{place}.{name}")
        else:
            missing += lacking(shape, found["structure"][name], f"{place}.{name}")
    if wanted.get("list") and found.get("list"):
        missing += lacking(wanted["list"], found["list"], f"{place}[]")
    return missing
