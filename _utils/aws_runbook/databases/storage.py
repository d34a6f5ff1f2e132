"""
Storage of instances: which values RDS accepts together, which it refuses, and which it sets by itself.

Values that it sets by itself, such as IOPS that rise with the size, are reported beforehand like any other change.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html#gp3-storage
https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html
"""

from aws_runbook.errors import RunbookError

ATTRIBUTES = ("allocated_storage", "storage_type", "iops", "storage_throughput")
_PROVISIONED = ("io1", "io2")
_PARAMETERS = ("AllocatedStorage", "StorageType", "Iops", "StorageThroughput")
# Of gp3: below the size from which they can be given, and from there on at the least. Operations and MiB in a second.
_SMALL = {"iops": 3000, "storage_throughput": 125}
_LARGE = {"iops": 12000, "storage_throughput": 500}


def _from_which(engine):
    """
    The size in GiB from which RDS takes IOPS and throughput of ``gp3``.

    RDS stripes from that size on; SQL Server's storage is not striped, and takes them at any size.
    """
    if engine.startswith("sqlserver"):
        return 0
    return 200 if engine.startswith("oracle") else 400


def baseline(engine, size):
    """IOPS and throughput that ``gp3`` of a size has at least."""
    return _SMALL if engine.startswith("sqlserver") or size < _from_which(engine) else _LARGE


def follows(engine, current, wanted):
    """
    The values that RDS sets by itself when an instance of ``engine`` with the storage ``current`` gets the storage ``wanted``.

    IOPS and throughput of ``gp3`` are never less than its size brings, and those of ``io1`` are kept where ``gp3`` takes as many.
    """
    kind, size = _target(current, wanted)
    if kind != "gp3" or (kind, size) == (current.get("storage_type"), current["allocated_storage"]):
        return {}
    keeps = size >= _from_which(engine)
    return {
        name: max(current.get(name) or 0, least) if keeps else least
        for name, least in baseline(engine, size).items()
        if name not in wanted
    }


def _target(current, wanted):
    kind = wanted.get("storage_type", current.get("storage_type"))
    return kind, max(wanted.get("allocated_storage", 0), current.get("allocated_storage") or 0)


def check(where, engine, current, wanted):
    """Raise for storage that RDS refuses or rounds; ``current`` is empty for a new instance."""
    kind, size = _target(current, wanted)
    changed = {name: wanted[name] for name in ATTRIBUTES if name in wanted and wanted[name] != current.get(name)}
    if kind == "gp3":
        _check_gp3(where, engine, size, wanted)
    if kind in _PROVISIONED and changed and not (wanted.get("iops") or current.get("iops")):
        raise RunbookError(f"{where}: storage_type is {kind!r}, and iops is missing; give operations per second.")
    if not engine.startswith("sqlserver"):
        _check_rise(where, "allocated_storage", changed, current)
        if not engine.startswith("db2"):
            _check_rise(where, "iops", changed, current)


def _check_gp3(where, engine, size, wanted):
    fixed = size < _from_which(engine)
    for name, lowest in baseline(engine, size).items():
        value = wanted.get(name, lowest)
        if fixed and value != lowest:
            raise RunbookError(
                f"{where}: {name} is {value}, and gp3 always has {lowest} below {_from_which(engine)} GiB; leave it out."
            )
        if value < lowest:
            raise RunbookError(
                f"{where}: {name} is {value}, and gp3 of {size} GiB has at least {lowest}; give that or more."
            )


def _check_rise(where, name, changed, current):
    """RDS raises by at least a tenth, and rounds up smaller steps."""
    value, known = changed.get(name), current.get(name) or 0
    lowest = -(-known * 11 // 10)
    if value and known < value < lowest:
        raise RunbookError(
            f"{where}: {name} is {value}, and RDS raises it from {known} by at least a tenth; give {lowest} or more, or {known}."
        )


def trim(parameters, engine, kind, size):
    """Take out of the ``parameters`` what RDS does not take of a ``gp3`` of this size, where it is always the same."""
    if kind == "gp3" and size < _from_which(engine):
        for name in ("Iops", "StorageThroughput"):
            parameters.pop(name, None)


def complete(parameters, entry):
    """
    Add the parameters that RDS requires with those of a change, and remove those that it refuses.

    If IOPS can be given, size and IOPS are sent with any change of the storage.
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.ModifyingExisting.html
    """
    if not any(name in parameters for name in _PARAMETERS):
        return
    engine, kind = entry.get("Engine", ""), parameters.get("StorageType", entry.get("StorageType"))
    size = parameters.get("AllocatedStorage", entry["AllocatedStorage"])
    trim(parameters, engine, kind, size)
    if kind in _PROVISIONED or (kind == "gp3" and size >= _from_which(engine)):
        least = baseline(engine, size)["iops"] if kind == "gp3" else 0
        parameters.setdefault("AllocatedStorage", size)
        parameters.setdefault("Iops", max(entry.get("Iops") or 0, least))
