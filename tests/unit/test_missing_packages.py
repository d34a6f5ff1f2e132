"""What is said where a package that is needed is not installed."""

import importlib.util
import sys
from pathlib import Path

import pytest

import aws_runbook

ROOM = Path(aws_runbook.__file__).parent


@pytest.mark.parametrize(
    ("module", "imported", "package"),
    [
        ("aws/sdk.py", "boto3", "boto3"),
        ("dns/check.py", "dns", "dnspython"),
        ("dns/dmarc.py", "publicsuffixlist", "publicsuffixlist"),
        ("pillar/check.py", "jsonschema", "jsonschema"),
    ],
)
def test_a_module_that_lacks_a_package_says_how_to_install_it(module, imported, package, monkeypatch):

    for name in [imported, *(name for name in sys.modules if name.startswith(f"{imported}."))]:
        monkeypatch.setitem(sys.modules, name, None)
    spec = importlib.util.spec_from_file_location("without", ROOM / module)
    with pytest.raises(ImportError) as raised:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    said = str(raised.value)
    assert said.startswith(f"saltext.aws-runbook needs {package} (")
    assert said.endswith(f": install it with 'salt-pip install {package}'")
