"""
Storage of instances: what goes together, what is not taken, and what RDS sets by itself.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html#gp3-storage
https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html
"""

from sandbox.handlers.rds.checks import combination

_LEAST = 20
_PROVISIONED = ("io1", "io2")
# Of gp3, below the size from which both can be given, and from there on.
_SMALL, _LARGE = {"Iops": 3000, "StorageThroughput": 125}, {"Iops": 12000, "StorageThroughput": 500}
_MEMBERS = ("AllocatedStorage", "Iops", "StorageThroughput")
_ATTRIBUTES = {"Iops": "iops", "StorageThroughput": "storage_throughput"}


def _from_which(engine):
    """The size in GiB from which IOPS and throughput of ``gp3`` can be given."""
    if engine.startswith("sqlserver"):
        return 0
    return 200 if engine.startswith("oracle") else 400


def _baseline(engine, size):
    """What ``gp3`` of a size has at the least."""
    large = size >= _from_which(engine) and not engine.startswith("sqlserver")
    return _LARGE if large else _SMALL


def check_new(parameters):
    """Refuse what a new instance cannot have."""
    size, most = parameters.get("AllocatedStorage"), parameters.get("MaxAllocatedStorage")
    kind = parameters.get("StorageType", "gp2")
    if size is None:
        raise combination("The parameter AllocatedStorage must be provided and must not be blank.")
    if size < _LEAST:
        raise combination(
            f"Invalid storage size for engine name {parameters['Engine']} and storage type {kind}: {size}"
        )
    if most is not None and most <= size:
        raise combination("Max storage size must be greater than storage size")
    if kind in _PROVISIONED and not parameters.get("Iops"):
        raise combination(f"The storage type {kind} requires iops to be specified.")
    if kind == "gp3":
        _check_gp3(parameters["Engine"], size, parameters)


def _check_gp3(engine, size, parameters):
    if size < _from_which(engine):
        if parameters.get("Iops") or parameters.get("StorageThroughput"):
            raise combination(
                f"You can't specify IOPS or storage throughput for engine {engine} and a storage size less than "
                f"{_from_which(engine)}."
            )
        return
    for name, word in (("Iops", "iops"), ("StorageThroughput", "storage throughput")):
        if parameters.get(name) and parameters[name] < _baseline(engine, size)[name]:
            raise combination(f"Invalid {word} value for engine name {engine} and storage type gp3: {parameters[name]}")


def check_change(instance, parameters):
    """
    Refuse what does not go together: size and IOPS, where IOPS can be given, whatever of the storage changes.

    Neither IOPS nor throughput of a small ``gp3`` can be given.
    """
    engine = instance.engine
    kind = parameters.get("StorageType", instance.storage_type)
    size = parameters.get("AllocatedStorage", instance.allocated_storage)
    if kind == "gp3":
        _check_gp3(engine, size, parameters)
    turns = kind != instance.storage_type
    takes = kind in _PROVISIONED or (kind == "gp3" and size >= _from_which(engine))
    touched = turns or any(name in parameters for name in _MEMBERS)
    if takes and touched and not all(parameters.get(name) for name in ("AllocatedStorage", "Iops")):
        raise combination(
            "You must specify both the storage size and iops when modifying the storage size or iops on a DB instance "
            "that has iops"
        )


def grown(instance, size):
    """The size that an instance gets for what was asked: a tenth more at the least."""
    if size <= instance.allocated_storage or instance.engine.startswith("sqlserver"):
        return size
    return max(size, -(-instance.allocated_storage * 11 // 10))


def set_baseline(instance):
    """Let an instance with ``gp3`` have what its size brings at the least; one that has turned from it has no throughput."""
    if instance.storage_type == "gp3" and instance.allocated_storage is not None:
        for name, least in _baseline(instance.engine, instance.allocated_storage).items():
            known = getattr(instance, _ATTRIBUTES[name])
            setattr(instance, _ATTRIBUTES[name], max(int(known or 0), least))
    elif instance.storage_type not in _PROVISIONED:
        instance.iops = None


def shown(instance):
    """IOPS and throughput by AWS's names."""
    return {name: getattr(instance, attribute) for name, attribute in _ATTRIBUTES.items()}


def settle(instance, before):
    """Let an instance whose storage was of the type ``before`` have what is RDS's to set of what it is now."""
    small = instance.storage_type == "gp3" and instance.allocated_storage < _from_which(instance.engine)
    if before in _PROVISIONED and small:
        instance.iops = None  # what was paid for ends where none can be given
    set_baseline(instance)
