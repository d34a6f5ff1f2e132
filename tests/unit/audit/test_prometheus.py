"""The audit's metrics, the alerts on them and the dashboard, by Prometheus' own linter."""

import json
import re
import subprocess
from datetime import datetime, timedelta, timezone

import pytest
import yaml
from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from aws_runbook.audit import prometheus
from tests.fixtures.modules import TREE

NOW = datetime(2030, 3, 1, 12, tzinfo=timezone.utc)
DAY = timedelta(days=1)
RULES = TREE / "docs" / "prometheus-rules.yml"
DASHBOARD = json.loads((TREE / "docs" / "grafana-dashboard.json").read_text())
PLACE = {"server": "registry", "kind": "script", "bucket": "ocp-b", "prefix": "database"}
ROW = {
    **PLACE,
    "newest": NOW - DAY,
    "oldest": NOW - 30 * DAY,
    "max_age_hours": 26,
    "count": 30,
    "size": 1000,
    "newest_wal": NOW,
    "unfinished_uploads": 0,
}
KEY = {
    "user": "registry-backup",
    "access_key_id": "AKIAIOSFODNN7EXAMPLE",
    "status": "Active",
    "create_date": (NOW - 90 * DAY).isoformat(),
    "last_used_date": None,
}
REPORT = {
    "targets": [ROW, {**ROW, **dict.fromkeys(["newest", "oldest", "count", "size"]), "kind": "sync"}],
    "keys": [KEY],
    "findings": [
        {"about": 'a"b\\c\nd', "check": "age", "level": "warning", "message": "x"},
        {"about": 'a"b\\c\nd', "check": "age", "level": "critical", "message": "y"},
    ],
    "status": 2,
}
NAMES = {metric.name for metric in prometheus.METRICS}


def promtool(*arguments, given=None):
    done = subprocess.run(["promtool", *map(str, arguments)], input=given, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return done.stdout


def named(expression):
    """The metrics that an expression is about."""
    return set(re.findall(r"aws_backup_\w+", expression))


def expressions():
    """Those of the dashboard, as they are when all servers are chosen."""
    targets = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    return [expression.replace("$server", ".*") for expression in targets]


def test_every_metric_has_a_sample_with_its_help():
    used = {**REPORT, "keys": [{**KEY, "last_used_date": NOW.isoformat()}]}
    for metric in prometheus.METRICS:
        assert f"# HELP {metric.name} {metric.text}" in prometheus.text(used, NOW).splitlines()
    lines = prometheus.text(REPORT, NOW).splitlines()
    assert not [line for line in lines if "last_used_timestamp_seconds" in line]
    where = '{server="registry",kind="script",bucket="ocp-b",prefix="database"}'
    assert f"aws_backup_newest_timestamp_seconds{where} {(NOW - DAY).timestamp():.0f}" in lines
    assert f"aws_backup_max_age_seconds{where} {26 * 3600}" in lines
    assert f"aws_backup_backups{where} 30" in lines
    key = '{user="registry-backup",access_key_id="AKIAIOSFODNN7EXAMPLE",status="Active"}'
    assert f"aws_backup_access_key_created_timestamp_seconds{key} {(NOW - 90 * DAY).timestamp():.0f}" in lines
    assert 'aws_backup_problem{about="a\\"b\\\\c\\nd",check="age"} 2' in lines
    assert [line for line in lines if re.match(r'aws_backup_findings{level="(critical|note)', line)] == [
        'aws_backup_findings{level="critical"} 1',
        'aws_backup_findings{level="note"} 0',
    ]
    assert "aws_backup_audit_status 2" in lines


def test_what_is_not_known_has_no_sample():
    text = prometheus.text(REPORT, NOW)
    assert not re.search(r'_(newest_timestamp_seconds|backups|max_age_seconds){[^}]*kind="sync"', text)
    assert "None" not in text
    assert "last_used" not in text


@pytest.mark.promtool
def test_the_linter_has_nothing_to_say_of_the_metrics():
    used = {**KEY, "last_used_date": NOW.isoformat()}
    assert promtool("check", "metrics", given=prometheus.text({**REPORT, "keys": [used]}, NOW)) == ""


def fires(alert, after, count):
    """A case of promtool's: so many alerts fire so long after the beginning."""
    expression = f'count(ALERTS{{alertname="{alert}",alertstate="firing"}})'
    return {"expr": expression, "eval_time": after, "exp_samples": [{"labels": "{}", "value": count}] if count else []}


@pytest.mark.promtool
def test_the_linter_takes_the_alerts_and_they_fire(tmp_path):
    assert "SUCCESS: 4 rules found" in promtool("check", "rules", RULES)
    place = '{server="s",kind="script",bucket="b",prefix="p"}'
    values = {
        'aws_backup_problem{about="s script",check="size"}': 2,
        'aws_backup_problem{about="s",check="key"}': 1,
        'aws_backup_problem{about="s",check="pillar"}': 0,
        f"aws_backup_newest_timestamp_seconds{place}": 0,
        f"aws_backup_max_age_seconds{place}": 3600,
        "aws_backup_audit_timestamp_seconds": 0,
    }
    expected = [
        fires("BackupProblem", "0m", 1),
        fires("BackupWarning", "23h", 0),
        fires("BackupWarning", "25h", 1),
        fires("BackupTooOld", "179m", 0),
        fires("BackupTooOld", "181m", 1),
        fires("BackupAuditStopped", "179m", 0),
        fires("BackupAuditStopped", "181m", 1),
    ]
    series = [{"series": name, "values": f"{value}x2000"} for name, value in values.items()]
    cases = [
        {"interval": "1m", "input_series": series, "promql_expr_test": expected},
        {"interval": "1m", "input_series": [], "promql_expr_test": [fires("BackupAuditStopped", "1m", 1)]},
    ]
    tests = tmp_path / "tests.yml"
    tests.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": cases}))
    promtool("test", "rules", tests)


@pytest.mark.promtool
def test_the_linter_takes_every_expression_of_the_dashboard(tmp_path):
    rules = [{"record": f"panel:{number}", "expr": expression} for number, expression in enumerate(expressions())]
    path = tmp_path / "rules.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    assert f"SUCCESS: {len(rules)} rules found" in promtool("check", "rules", path)


def lost(before, after, place=""):
    """The places of one document that another lacks, or has otherwise."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [found for key in before for found in lost(before[key], after.get(key), f"{place}/{key}")]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = enumerate(zip(before, after, strict=True))
        return [found for number, (one, other) in pairs for found in lost(one, other, f"{place}/{number}")]
    return [] if before == after else [place]


def read_by_grafana(dashboard):
    """The dashboard as Grafana's own models know it: what they do not know is gone, what has a default is added."""
    plugins.register_default_plugins()  # those of each kind of panel and of Prometheus' queries
    return json.loads(JSONEncoder().encode(Dashboard.from_json(dashboard)))


def test_grafana_knows_every_field_of_the_dashboard():
    assert lost(DASHBOARD, read_by_grafana(DASHBOARD)) == []


@pytest.mark.parametrize("place", ["", "/panels/0", "/panels/0/targets/0", "/panels/0/gridPos", "/templating/list/0"])
def test_a_misspelt_field_of_the_dashboard_is_found(place):
    changed = json.loads(json.dumps(DASHBOARD))
    part = changed
    for step in place.split("/")[1:]:
        part = part[int(step) if step.isdigit() else step]
    part["misspelt"] = 1
    assert lost(changed, read_by_grafana(changed)) == [f"{place}/misspelt"]


def test_alerts_and_dashboard_are_about_metrics_that_there_are():
    alerts = [rule["expr"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    used = set.union(*map(named, [*alerts, *expressions()]))
    assert used <= NAMES
    assert NAMES - used == {"aws_backup_audit_info", "aws_backup_access_key_last_used_timestamp_seconds"}
    assert named(json.dumps(DASHBOARD["templating"])) <= NAMES


def test_the_panels_of_the_dashboard_do_not_overlap():
    taken = [
        (x, y)
        for panel in DASHBOARD["panels"]
        for place in [panel["gridPos"]]
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) == 23  # Grafana's grid
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    assert all(panel["description"] and panel["title"] for panel in DASHBOARD["panels"])
