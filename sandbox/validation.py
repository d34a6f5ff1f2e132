"""
Requests checked against the service models that botocore ships: required members, types, enums, lengths, patterns.

botocore checks some of this before it sends; other clients, and botocore with `parameter_validation = false`, do not.
AWS's form of such a refusal: https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
"""

import re
import sys
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from functools import cache

from sandbox.errors import AwsError

# What each service calls a request that its model refuses.
_CODES = {
    "s3": "InvalidArgument",
    "sns": "InvalidParameter",
    "sesv2": "BadRequestException",
    "rds": "InvalidParameterValue",
    "ec2": "InvalidParameterValue",
}
_MISSING_CODES = {"rds": "MissingParameter", "ec2": "MissingParameter"}
_TYPES = {
    "string": str,
    "integer": int,
    "long": int,
    "boolean": bool,
    "float": (int, float),
    "double": (int, float),
    "list": list,
    "map": Mapping,
    "structure": Mapping,
    "timestamp": (datetime, str, int, float),
    "blob": (bytes, bytearray, str),
}


def check(call, proceed):
    """Step of the application: refuse what the model does not allow."""
    if call.operation is not None and call.operation.input_shape is not None:
        found = list(problems(call.operation.input_shape, call.parameters))
        if found:
            raise _refusal(call, found)
    return proceed(call)


def problems(shape, value):
    """``(path, value, constraint)`` of everything in ``value`` that the model of ``shape`` does not allow."""
    return _problems(shape, value, "")


def _refusal(call, found):
    missing = [path for path, value, _ in found if value is None]
    if missing and call.service in _MISSING_CODES:
        return AwsError(_MISSING_CODES[call.service], f"The request must contain the parameter {missing[0]}.", 400)
    if call.service == "s3":
        return _s3_refusal(call, found)
    count = f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected"
    sentences = "; ".join(
        f"Value {'null' if value is None else repr(value)} at '{_wire_path(path)}' failed to satisfy constraint: "
        f"Member must {constraint}"
        for path, value, constraint in found
    )
    if call.service == "sns":
        return AwsError("InvalidParameter", f"Invalid parameter: {found[0][0]}", 400)
    return AwsError(_CODES.get(call.service, "ValidationError"), f"{count}: {sentences}", 400)


def _s3_refusal(call, found):
    path, value, _ = found[0]
    if value is None and path == call.operation.input_shape.serialization.get("payload"):
        return AwsError("MissingRequestBodyError", "Request Body is empty", 400)
    if path == "Bucket":
        return AwsError(
            "InvalidBucketName", "The specified bucket is not valid.", 400, details={"BucketName": str(value)}
        )
    if path == "CreateBucketConfiguration.LocationConstraint":
        return AwsError("InvalidLocationConstraint", "The specified location-constraint is not valid", 400)
    if "." in path:  # inside the XML body
        return AwsError(
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published schema",
            400,
        )
    return AwsError("InvalidArgument", f"Invalid argument: {path}", 400, details={"ArgumentName": path})


def _wire_path(path):
    """``UserName`` → ``userName``, as AWS's messages write members."""
    return ".".join(part[:1].lower() + part[1:] for part in path.split("."))


def _problems(shape, value, path):
    if shape.metadata.get("document"):
        return
    wanted = _TYPES.get(shape.type_name)
    if wanted and (not isinstance(value, wanted) or (isinstance(value, bool) and shape.type_name != "boolean")):
        yield path, value, f"be of type {shape.type_name}"
    elif shape.type_name == "structure":
        yield from _structure(shape, value, path)
    elif shape.type_name == "list":
        yield from _length(shape, len(value), value, path)
        for index, entry in enumerate(value, start=1):
            yield from _problems(shape.member, entry, f"{path}.{index}.member")
    elif shape.type_name == "map":
        yield from _length(shape, len(value), value, path)
        for key, entry in value.items():
            yield from _problems(shape.key, key, f"{path}.{key}")
            yield from _problems(shape.value, entry, f"{path}.{key}.member")
    elif shape.type_name == "string":
        yield from _string(shape, value, path)
    elif shape.type_name in ("integer", "long"):
        yield from _range(shape, value, path)


def _structure(shape, value, path):
    for name in shape.required_members:
        if value.get(name) is None:
            yield _join(path, name), None, "not be null"
    for name, entry in value.items():
        if entry is not None and name in shape.members:
            yield from _problems(shape.members[name], entry, _join(path, name))


def _string(shape, value, path):
    shown = "****" if shape.metadata.get("sensitive") else value
    if shape.metadata.get("enum"):
        if value not in shape.metadata["enum"]:
            yield path, shown, f"satisfy enum value set: [{', '.join(shape.metadata['enum'])}]"
        return
    yield from _length(shape, len(value), shown, path)
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(value):
        yield path, shown, f"satisfy regular expression pattern: {pattern}"


def _length(shape, length, value, path):
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and length < least:
        yield path, value, f"have length greater than or equal to {least}"
    if most is not None and length > most:
        yield path, value, f"have length less than or equal to {most}"


def _range(shape, value, path):
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and value < least:
        yield path, value, f"have value greater than or equal to {least}"
    if most is not None and value > most:
        yield path, value, f"have value less than or equal to {most}"


def _join(path, name):
    return f"{path}.{name}" if path else name


@cache
def _compiled(pattern):
    return re.compile(re.sub(r"\\p\{(\w)\}", lambda found: _category(found[1]), pattern), re.DOTALL)


@cache
def _category(letter):
    r"""Java's ``\p{L}``, which Python's patterns lack, as ranges for the inside of a character class."""
    ranges, start = [], None
    for code in range(sys.maxunicode + 2):
        member = code <= sys.maxunicode and unicodedata.category(chr(code)).startswith(letter)
        if member and start is None:
            start = code
        elif not member and start is not None:
            ranges.append(f"\\U{start:08x}-\\U{code - 1:08x}")
            start = None
    return "".join(ranges)
