"""The page as HTML."""

import re
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from aws_runbook.report import contents, render
from tests.unit.report import audits
from tests.unit.report.audits import NOW

MOST = 300_000
EMPTY = {"meta", "path", "rect"}


class Page(HTMLParser):
    """What a browser would see: its text, and every element closed in order."""

    def __init__(self, html):
        super().__init__()
        self.text, self.open, self.attributes, self.tags = [], [], [], set()
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def html(audited, **parts):
    return render.page(contents.contents(audits.read(audited, **parts), NOW))


def test_it_needs_no_script_and_asks_nobody():
    page = Page(html(audits.audit([audits.daily(30)])))
    assert not page.tags & {"script", "link", "img", "iframe", "object", "embed", "base", "form"}
    assert not {name for name, _ in page.attributes} & {"src", "href", "srcset", "action", "style"}
    assert "url(" not in html(audits.audit())
    assert "@import" not in html(audits.audit())


def test_fifty_servers_with_a_thousand_backups_each_stay_small():
    hourly = [audits.backup(hours, 10**9 + hours, full=hours % 7 == 0) for hours in reversed(range(1000))]
    targets = [
        audits.target(f"server-{number}", hourly, kind=kind, prefix=kind)
        for number in range(50)
        for kind in ("pgbackrest", "files")
    ]
    assert len(html(audits.audit(targets)).encode()) <= MOST


@given(st.text(), st.text())
def test_any_text_is_shown_as_it_is_and_is_no_markup(name, message):
    finding = {"level": "critical", "about": name, "check": "age", "message": message}
    pending = [{"what": name, "on": message, "since": None, "do": message}]
    text = html(audits.audit([audits.daily(2, server=name or "x")], [finding]), pending=pending)
    page = Page(text)
    assert not page.tags & {"script", "a", "b"}
    shown = re.sub(r"\s+", " ", " ".join(page.text))
    assert all(word in shown for word in f"{name} {message}".split() if word.isascii() and word.isprintable())


@given(audits.targets())
def test_any_audit_is_a_page(targets):
    page = Page(html(audits.audit(targets)))
    assert page.tags >= {"html", "head", "title", "main", "h1", "h2"}
