"""The example in each state module's help is rendered and applied as it stands; again, nothing changes."""

import ast
import textwrap

import pytest
import yaml

from tests.fixtures.dns_hosts import Cloudflare, standing_in
from tests.fixtures.modules import STATES, TREE
from tests.functional.cases import CLOUDFLARE
from tests.functional.conftest import Fleet

# What has to be there first comes first.
ORDER = (
    "aws_account",
    *("ec2_vpc", "ec2_subnet", "ec2_security_group", "rds_subnet_group", "rds_instance", "rds_cluster"),
    *("s3_bucket", "s3_lifecycle", "iam_backup_policy", "iam_group", "iam_user", "iam_access_key"),
    *("sns_topic", "ses_account", "ses_configuration_set", "ses_identity", "ses_dns", "ses_receiving", "ses_smtp_user"),
)
# What examples name and other states make.
BEFORE = {
    "ec2_security_group": {
        "lab-b": {"ec2_subnet.present": [{"name": "lab-b"}, {"vpc": "lab"}, {"cidr_block": "10.0.2.0/24"}]}
    },
    "iam_group": {
        "backup": {
            "iam_backup_policy.present": [{"name": "backup"}, {"targets": [{"kind": "files", "bucket": "ocp-x"}]}]
        }
    },
}


def example(module):
    """The states in the code block at the head of a state module."""
    head = ast.get_docstring(ast.parse((TREE / "_states" / f"{module}.py").read_text()))
    return textwrap.dedent(head.split(".. code-block:: yaml\n")[1])


@pytest.fixture
def minion(sandbox, tmp_path, nameserver, monkeypatch):
    """A minion with an SLS file for each example, stores in a folder of the test's, and a DNS host that takes records."""
    tree, pillar = tmp_path / "salt", tmp_path / "pillar"
    for folder in (tree, pillar):
        folder.mkdir()
    (pillar / "top.sls").write_text(yaml.safe_dump({"base": {"registry": ["own"]}}))
    (pillar / "own.sls").write_text(yaml.safe_dump({"aws": {"ses": {"dns": {**CLOUDFLARE, "nameserver": nameserver}}}}))
    for module, states in BEFORE.items():
        (tree / f"before_{module}.sls").write_text(yaml.safe_dump(states))
    for module in ORDER:
        text = example(module).replace("/srv/pillar/private", str(tmp_path))
        # The sandbox's databases take their minutes by its own clock.
        (tree / f"{module}.sls").write_text("\n".join(line for line in text.splitlines() if "wait: 20m" not in line))
    with standing_in(Cloudflare("example.org"), "cloudflare", monkeypatch):
        yield Fleet(tmp_path, "registry", file_roots=(tree,), pillar=pillar)


def test_each_state_has_an_example_that_is_applied_and_then_changes_nothing(minion, sandbox):
    assert sorted(ORDER) == sorted(STATES)
    files = [name for module in ORDER for name in ([f"before_{module}"] if module in BEFORE else []) + [module]]
    first = minion.apply(files)
    assert {name: state["comment"] for name, state in first.items() if state["result"] is not True} == {}
    changed = {name for name, state in first.items() if state["changes"]}
    assert len(changed) == len(first) - 2, "all but the check, and an address whose mail does not come yet"
    sandbox.clear_calls()
    again = minion.apply(files)
    assert {name: state["comment"] for name, state in again.items() if state["result"] is not True} == {}
    assert {name: state["changes"] for name, state in again.items() if state["changes"]} == {}
    assert sandbox.calls(write=True) == []
