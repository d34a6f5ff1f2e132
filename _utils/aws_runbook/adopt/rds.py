"""
Database instances and Aurora Serverless v2 clusters: the closest preset, and the attributes that differ from it.

No password is read. The store is the place in private pillar that has the database's name, or a placeholder.
"""

from aws_runbook.adopt import network
from aws_runbook.adopt.key_files import Files
from aws_runbook.adopt.result import CHANGE, NOT_EXPRESSED, NOT_MANAGED
from aws_runbook.databases import passwords, serverless, storage
from aws_runbook.databases import plan as plans
from aws_runbook.databases.changes import DELETING
from aws_runbook.databases.presets import PRESETS
from aws_runbook.errors import PillarError

_SECTIONS = {"instances": "aws:rds:instances", "clusters": "aws:rds:clusters"}
# Settings that AWS does not show but pillar has.
_KEPT = ("store", "apply", "wait", "purge", "allow_upgrade")
# Attributes that are always described. The version changes by itself.
_TOLD = tuple(name for name in PRESETS["data-analysis"] if name != "engine_version")
# With more differences than this, a preset would not help the reader.
_MOST_DIFFERENCES = 5
_USUAL = {
    "enable_iam_database_authentication": False,
    "copy_tags_to_snapshot": False,
    "auto_minor_version_upgrade": True,
    "tags": {},
}
_USUAL_OF_CLUSTER = {
    "enable_iam_database_authentication": False,
    "copy_tags_to_snapshot": False,
    "enable_performance_insights": False,
    "deletion_protection": False,
    "storage_encrypted": False,
    "backup_retention_period": 1,
    "data_api": False,
    "master_username": "postgres",
    "tags": {},
}
_PORTS = {"postgres": 5432, "aurora-postgresql": 5432}
_MYSQL_PORT = 3306
_USUAL_GROUP = "default"
_WAYS_IN = ("enable_dns_hostnames", "internet_gateway", "public_route")


def look(account, result):
    """Describe the databases of each region that pillar names."""
    files, found = Files(account, result), {"instances": {}, "clusters": {}}
    sections = (*_SECTIONS.values(), "aws:ec2:vpcs", "aws:ec2:security_groups")
    for region in account.regions(account.region, *sections):
        where = _Region(account, result, files, region)
        for entry in where.listed("describe_db_clusters", "DBClusters"):
            where.cluster(entry, found["clusters"])
        for entry in where.listed("describe_db_instances", "DBInstances"):
            where.instance(entry, found["instances"])
    account.tell_missing(result, "DB instance", _SECTIONS["instances"], found["instances"])
    account.tell_missing(result, "DB cluster", _SECTIONS["clusters"], found["clusters"])
    _check(account, result)


class _Region:
    """The databases of one region."""

    def __init__(self, account, result, files, region):
        self._account, self._result, self._files, self._region = account, result, files, region

    def listed(self, method, member):
        """Return AWS's descriptions of all databases of a kind."""
        session = self._account.session.within(self._region)
        return session.read("rds", method, f"list the databases in {self._region}")[member]

    def instance(self, entry, found):
        """Describe an instance. The instances of a cluster are described with the cluster."""
        name = entry["DBInstanceIdentifier"]
        if entry.get("DBClusterIdentifier") or entry["DBInstanceStatus"] in DELETING:
            return
        known = self._account.describe("rds_instance", name, region=self._region)
        whole = {attribute: known[attribute] for attribute in _TOLD if known.get(attribute) is not None}
        preset, settings = _with_preset(whole)
        settings |= network.unusual(known, _USUAL)
        settings |= {"db_name": known["db_name"]} if known.get("db_name") else {}
        settings |= _provisioned(known)
        settings |= _common(known)
        group = known.get("db_parameter_group_name") or ""
        settings |= {} if group.startswith("default.") or not group else {"db_parameter_group_name": group}
        usual = PRESETS[preset].get("vpc_security_groups") if preset else None
        if usual == known["vpc_security_groups"]:
            settings.pop("vpc_security_groups", None)
        self._say(
            "instances", "DB instance", name, {**settings, **({"preset": preset} if preset else {})}, known, found
        )

    def cluster(self, entry, found):
        """Describe an Aurora Serverless v2 cluster. Other clusters are not adopted."""
        name, about = entry["DBClusterIdentifier"], f"DB cluster {entry['DBClusterIdentifier']}"
        if entry["Status"] in DELETING:
            return
        if entry["Engine"] not in serverless.ENGINES or not entry.get("ServerlessV2ScalingConfiguration"):
            self._result.note(
                NOT_MANAGED,
                about,
                f"Its engine is {entry['Engine']}, and it is not Aurora Serverless v2: it is not adopted, and stays.",
            )
            return
        known = self._account.describe("rds_cluster", name, region=self._region)
        settings = {attribute: known[attribute] for attribute in ("engine", "min_capacity", "max_capacity")}
        if not known["min_capacity"] and known.get("seconds_until_auto_pause"):
            settings["seconds_until_auto_pause"] = known["seconds_until_auto_pause"]
        settings |= network.unusual(known, _USUAL_OF_CLUSTER)
        settings |= {"database": known["database"]} if known.get("database") else {}
        settings |= _common(known)
        if known["vpc_security_groups"] not in ([], [_USUAL_GROUP]):
            settings["vpc_security_groups"] = known["vpc_security_groups"]
        self._say("clusters", "DB cluster", name, settings, known, found)

    def _say(self, kind, what, name, settings, known, found):
        about = f"{what} {name}"
        if name in found:
            wording = f"There is another in {found[name]}, and pillar can declare only one: that in {self._region} is not adopted."
            self._result.note(NOT_EXPRESSED, about, wording)
            return
        found[name] = self._region
        waiting = sorted([*known.get("pending", ()), *known.get("unnamed", ())])
        if waiting:
            wording = f"AWS changes {', '.join(waiting)} in its maintenance window; the adopted pillar has the values after that."
            self._result.note(NOT_MANAGED, about, wording)
        kept = self._account.declared(_SECTIONS[kind], {}).get(name) or {}
        settings |= {attribute: kept[attribute] for attribute in _KEPT if kept.get(attribute) not in (None, False)}
        settings |= self._place(known)
        if known.get("master_password") == passwords.MANAGED:
            settings["master_password"] = passwords.MANAGED
        elif "store" not in settings:
            settings["store"] = self._store(name, about)
        network.say(self._account, self._result, ("rds", kind, name), settings, self._region, about)

    def _place(self, known):
        """Return the VPC if the DB subnet group has all its subnets; otherwise the group, unless it is AWS's default."""
        group = known.get("db_subnet_group_name")
        if not group or group.startswith("default"):
            return {}
        vpcs = self._result.pillar.get(self._account.minion, {}).get("aws", {}).get("ec2", {}).get("vpcs", {})
        vpc = vpcs.get(group)
        public = known.get("publicly_accessible") and not all(vpc.get(way) for way in _WAYS_IN) if vpc else False
        if vpc is None or public or vpc.get("region", self._account.region) != self._region:
            return {"db_subnet_group_name": group}
        found = self._account.describe(
            "rds_subnet_group", group, ["description", "subnets"], group, region=self._region
        )
        same = found["description"] == f"All subnets of the VPC {group}" and found["subnets"] == sorted(
            vpc.get("subnets", {})
        )
        return {"vpc": group} if same else {"db_subnet_group_name": group}

    def _store(self, name, about):
        """Return the place in private pillar that has the database's name, or a placeholder for a person to fill in."""
        places = list(self._files.named((name, "password")))
        if len(places) == 1:
            file, path, mapping = places[0]
            store = self._files.named_store(about, file, {"password": ":".join(path)}, mapping[path[-1]])
            if store:
                return store
        place = {"pillar_file": "private/databases.sls", "keys": {"password": f"databases:{name}:password"}}
        wording = (
            f"Its password is unknown. Put it into {place['pillar_file']} at {place['keys']['password']}, or name another store: until then, "
            "its state fails."
        )
        self._result.note(CHANGE, about, wording)
        return place


def _with_preset(whole):
    """Return the preset with the fewest differences, and the differences; without a preset, all attributes."""
    rest = {name: {key: value for key, value in whole.items() if PRESETS[name].get(key) != value} for name in PRESETS}
    best = min(sorted(rest), key=lambda name: len(rest[name]))
    missing = PRESETS[best].keys() - whole.keys() - {"engine_version"}
    if len(rest[best]) > _MOST_DIFFERENCES or missing or "engine" in rest[best]:
        return None, dict(whole)
    return best, rest[best]


def _provisioned(known):
    """Return IOPS and throughput if they exceed the baseline of the storage's type and size."""
    kind = known.get("storage_type")
    least = storage.baseline(known["engine"], known["allocated_storage"]) if kind == "gp3" else {}
    names = ("iops", "storage_throughput") if kind in ("gp3", "io1", "io2") else ()
    return {name: known[name] for name in names if known.get(name) not in (None, 0, least.get(name))}


def _common(known):
    """Return the attributes that instances and clusters share."""
    engine, settings = known["engine"], {}
    if known.get("port") not in (None, _PORTS.get(engine, _MYSQL_PORT)):
        settings["port"] = known["port"]
    if known.get("storage_encrypted") and known.get("kms_key_id"):
        settings["kms_key_id"] = known["kms_key_id"]
    return settings


def _check(account, result):
    try:
        plans.plan(result.adopted(account.minion, account.pillar))
    except PillarError as error:
        for problem in error.problems:
            result.note(NOT_EXPRESSED, "databases", problem)
