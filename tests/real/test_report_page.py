"""The report's page in a real browser, where axe-core looks at it as a screen reader must."""

import html
import json
import re
import shutil
from pathlib import Path

import pytest

from aws_runbook.report import contents, render
from tests.node import simulator
from tests.real.programs import run
from tests.unit.report import audits
from tests.unit.report.audits import NOW

AXE = Path(simulator.__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
# https://www.deque.com/axe/core-documentation/api-documentation/
LOOK = """
axe.run().then(seen => {
  const found = {violations: seen.violations.map(one => [one.id, one.nodes.map(node => node.html)]), passes: seen.passes.length};
  document.body.innerHTML = '<pre id="axe"></pre>';
  document.getElementById("axe").textContent = JSON.stringify(found);
});
"""
QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LOOKS = {"light": "--blink-settings=preferredColorScheme=1", "dark": "--blink-settings=preferredColorScheme=0"}

pytestmark = [pytest.mark.chromium, pytest.mark.simulator]


@pytest.fixture
def browser(tmp_path):
    program = shutil.which("chromium")

    def load(path, *options):
        return run(program, *QUIET, f"--user-data-dir={tmp_path / 'profile'}", *options, path.as_uri())

    return load


@pytest.fixture
def page(tmp_path):
    """A page on which something of every kind stands."""
    findings = [
        {"level": level, "about": "registry script", "check": "age", "message": "there is no backup."}
        for level in audits.LEVELS
    ]
    gone = [audits.backup(hours) for hours in (240, 216, 96, 72, 48, 24)]
    targets = [
        audits.daily(30),
        audits.target("cms", gone, kind="pgbackrest", worst="warning"),
        audits.target("docs", worst="critical"),
        audits.unread(server="credere", kind="sync"),
    ]
    parts = {
        "pending": [{"what": "identity example.org", "on": "DNS", "since": "2030-02-27", "do": "Publish the records."}],
        "changes": ["s3_bucket  ocp-docs-backup  tags"],
        "databases": [
            {"name": "analysis", "region": "us-east-1", "kind": "rds_instance", "found": {"status": "available"}}
        ],
        "identities": [{"name": "example.org", "region": "us-east-1", "kind": "ses_identity", "found": None}],
    }
    path = tmp_path / "backups.html"
    path.write_text(render.page(contents.contents(audits.read(audits.audit(targets, findings), **parts), NOW)))
    return path


def looked_at(page, browser, *options):
    """What axe-core finds on the page."""
    probed = page.with_name("probed.html")
    script = f"<script>{AXE.read_text()}</script><script>{LOOK}</script></body>"
    probed.write_text(page.read_text().replace("</body>", script))
    shown = browser(probed, "--dump-dom", "--virtual-time-budget=20000", *options)
    return json.loads(html.unescape(re.search(r'<pre id="axe">(.*?)</pre>', shown, re.DOTALL)[1]))


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("size", ["1200,900", "390,800"], ids=["screen", "phone"])
def test_axe_finds_nothing(page, browser, look, size):
    seen = looked_at(page, browser, LOOKS[look], f"--window-size={size}")
    assert seen["violations"] == []
    assert seen["passes"] > 15


def test_axe_would_find_something(page, browser):
    page.write_text(page.read_text().replace(' lang="en"', "").replace("--ink: #1a1d21", "--ink: #ccc"))
    seen = looked_at(page, browser, LOOKS["light"])
    assert {name for name, _ in seen["violations"]} >= {"html-has-lang", "color-contrast"}


def test_a_phone_shows_it_without_scrolling_sideways(page, browser):
    probed = page.with_name("wide.html")
    measure = "<script>document.title = document.documentElement.scrollWidth + ' ' + innerWidth</script></body>"
    probed.write_text(page.read_text().replace("</body>", measure))
    shown = browser(probed, "--dump-dom", "--window-size=500,800")
    wide, window = map(int, re.search(r"<title>(\d+) (\d+)</title>", shown).groups())
    assert wide <= window


def test_it_prints(page, browser, tmp_path):
    printed = tmp_path / "backups.pdf"
    browser(page, f"--print-to-pdf={printed}")
    assert printed.read_bytes().startswith(b"%PDF")
