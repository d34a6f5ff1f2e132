"""Size, type, IOPS and throughput of an instance's storage: what is sent, what RDS sets by itself, and what it does not take."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_runbook.databases import storage
from aws_runbook.databases.attributes import INSTANCE
from aws_runbook.errors import RunbookError

GP2 = {"storage_type": "gp2", "allocated_storage": 20}
SMALL = {"storage_type": "gp3", "allocated_storage": 100, "iops": 3000, "storage_throughput": 125}
LARGE = {"storage_type": "gp3", "allocated_storage": 400, "iops": 12000, "storage_throughput": 500}
IO1 = {"storage_type": "io1", "allocated_storage": 100, "iops": 1000}
NAMES = {
    "allocated_storage": "AllocatedStorage",
    "storage_type": "StorageType",
    "iops": "Iops",
    "storage_throughput": "StorageThroughput",
}


def aws(engine, described):
    return {"Engine": engine, **{NAMES[name]: value for name, value in described.items()}}


@pytest.mark.parametrize(
    ("engine", "current", "wanted", "changes", "sent"),
    [
        ("postgres", GP2, {"allocated_storage": 40}, {"allocated_storage": 40}, {"AllocatedStorage": 40}),
        ("postgres", SMALL, {"allocated_storage": 200}, {"allocated_storage": 200}, {"AllocatedStorage": 200}),
        (
            "postgres",
            SMALL,
            {"allocated_storage": 400},
            {"allocated_storage": 400, "iops": 12000, "storage_throughput": 500},
            {"AllocatedStorage": 400, "Iops": 12000, "StorageThroughput": 500},
        ),
        (
            "postgres",
            SMALL,
            {"allocated_storage": 400, "iops": 20000},
            {"allocated_storage": 400, "iops": 20000, "storage_throughput": 500},
            {"AllocatedStorage": 400, "Iops": 20000, "StorageThroughput": 500},
        ),
        (
            "db2-se",
            LARGE,
            {"allocated_storage": 500},
            {"allocated_storage": 500},
            {"AllocatedStorage": 500, "Iops": 12000},
        ),
        ("mysql", LARGE, {"iops": 14000}, {"iops": 14000}, {"AllocatedStorage": 400, "Iops": 14000}),
        (
            "mysql",
            LARGE,
            {"storage_throughput": 600},
            {"storage_throughput": 600},
            {"AllocatedStorage": 400, "Iops": 12000, "StorageThroughput": 600},
        ),
        (
            "oracle-se2",
            SMALL,
            {"allocated_storage": 200},
            {"allocated_storage": 200, "iops": 12000, "storage_throughput": 500},
            {"AllocatedStorage": 200, "Iops": 12000, "StorageThroughput": 500},
        ),
        (
            "sqlserver-ex",
            {**SMALL, "allocated_storage": 20},
            {"allocated_storage": 21},
            {"allocated_storage": 21},
            {"AllocatedStorage": 21, "Iops": 3000},
        ),
        (
            "postgres",
            GP2,
            {"storage_type": "gp3"},
            {"storage_type": "gp3", "iops": 3000, "storage_throughput": 125},
            {"StorageType": "gp3"},
        ),
        (
            "postgres",
            {**GP2, "allocated_storage": 400},
            {"storage_type": "gp3"},
            {"storage_type": "gp3", "iops": 12000, "storage_throughput": 500},
            {"StorageType": "gp3", "AllocatedStorage": 400, "Iops": 12000, "StorageThroughput": 500},
        ),
        (
            "postgres",
            IO1,
            {"storage_type": "gp3"},
            {"storage_type": "gp3", "iops": 3000, "storage_throughput": 125},
            {"StorageType": "gp3"},
        ),
        (
            "postgres",
            {**IO1, "iops": 5000},
            {"storage_type": "gp3", "allocated_storage": 200},
            {"storage_type": "gp3", "allocated_storage": 200, "iops": 3000, "storage_throughput": 125},
            {"StorageType": "gp3", "AllocatedStorage": 200},
        ),
        (
            "postgres",
            {**IO1, "allocated_storage": 400, "iops": 20000},
            {"storage_type": "gp3"},
            {"storage_type": "gp3", "storage_throughput": 500},
            {"StorageType": "gp3", "AllocatedStorage": 400, "Iops": 20000, "StorageThroughput": 500},
        ),
        (
            "postgres",
            SMALL,
            {"storage_type": "io2"},
            {"storage_type": "io2"},
            {"StorageType": "io2", "AllocatedStorage": 100, "Iops": 3000},
        ),
        (
            "postgres",
            GP2,
            {"storage_type": "io1", "iops": 1000},
            {"storage_type": "io1", "iops": 1000},
            {"StorageType": "io1", "AllocatedStorage": 20, "Iops": 1000},
        ),
        (
            "postgres",
            IO1,
            {"allocated_storage": 200},
            {"allocated_storage": 200},
            {"AllocatedStorage": 200, "Iops": 1000},
        ),
        ("postgres", LARGE, {"storage_type": "gp3", "allocated_storage": 400}, {}, {}),
        ("postgres", LARGE, {"allocated_storage": 100}, {"allocated_storage": 100}, {}),
    ],
)
def test_what_changes_and_what_is_sent(engine, current, wanted, changes, sent):
    storage.check("DB x", engine, current, wanted)
    target = {**storage.follows(engine, current, wanted), **wanted}
    changed = {name: value for name, value in target.items() if value != current.get(name)}
    assert changed == changes
    if sent:
        assert INSTANCE.modify_parameters(changed, aws(engine, current)) == sent


@pytest.mark.parametrize(
    ("engine", "current", "wanted", "sentence"),
    [
        ("postgres", {}, {"storage_type": "gp3", "allocated_storage": 100, "iops": 3000}, None),
        (
            "postgres",
            {},
            {"storage_type": "gp3", "allocated_storage": 100, "iops": 4000},
            "iops is 4000, and gp3 always has 3000 below 400 GiB; leave it out.",
        ),
        ("oracle-ee", {}, {"storage_type": "gp3", "allocated_storage": 100, "iops": 4000}, "below 200 GiB"),
        ("postgres", SMALL, {"storage_throughput": 200}, "gp3 always has 125 below 400 GiB"),
        ("postgres", SMALL, {"allocated_storage": 400, "iops": 3000}, "gp3 of 400 GiB has at least 12000"),
        ("postgres", SMALL, {"allocated_storage": 400, "iops": 5000}, "gp3 of 400 GiB has at least 12000"),
        ("postgres", LARGE, {"iops": 3000}, "gp3 of 400 GiB has at least 12000"),
        ("postgres", LARGE, {"storage_throughput": 125}, "gp3 of 400 GiB has at least 500; give that or more"),
        ("sqlserver-ex", SMALL, {"iops": 2000}, "gp3 of 100 GiB has at least 3000"),
        ("postgres", GP2, {"storage_type": "io1"}, "storage_type is 'io1', and iops is missing"),
        (
            "postgres",
            {},
            {"storage_type": "io2", "allocated_storage": 100},
            "storage_type is 'io2', and iops is missing",
        ),
        (
            "postgres",
            GP2,
            {"allocated_storage": 21},
            "raises it from 20 by at least a tenth; give 22 or more, or 20.",
        ),
        ("postgres", IO1, {"iops": 1001}, "raises it from 1000 by at least a tenth; give 1100 or more, or 1000."),
        ("sqlserver-ex", {**SMALL, "allocated_storage": 20}, {"allocated_storage": 21}, None),
        ("db2-se", IO1, {"iops": 1001}, None),
        ("postgres", IO1, {"iops": 900}, None),
        ("postgres", SMALL, {"iops": 3000}, None),
        ("postgres", SMALL, {"multi_az": True}, None),
    ],
)
def test_what_rds_does_not_take_or_rounds(engine, current, wanted, sentence):
    if sentence is None:
        storage.check("DB x", engine, current, wanted)
        return
    with pytest.raises(RunbookError) as excinfo:
        storage.check("DB x", engine, current, wanted)
    assert str(excinfo.value).startswith("DB x: ")
    assert sentence in str(excinfo.value)


def test_what_a_small_gp3_always_has_is_not_sent():
    wanted = {"engine": "postgres", **SMALL}
    assert INSTANCE.create_parameters(wanted) == {"Engine": "postgres", "StorageType": "gp3", "AllocatedStorage": 100}
    wanted = {"engine": "postgres", **LARGE}
    assert INSTANCE.create_parameters(wanted)["Iops"] == 12000


@given(
    st.sampled_from(["postgres", "mysql", "oracle-se2", "sqlserver-ex", "db2-se"]),
    st.sampled_from([GP2, SMALL, LARGE, IO1]),
    st.integers(20, 1000),
    st.sampled_from(["gp2", "gp3"]),
)
def test_once_it_is_so_nothing_follows(engine, current, size, kind):
    wanted = {"allocated_storage": max(size, current["allocated_storage"]), "storage_type": kind}
    now = {**current, **storage.follows(engine, current, wanted), **wanted}
    assert storage.follows(engine, now, wanted) == {}
