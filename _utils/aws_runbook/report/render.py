"""
The page as HTML.
"""

from functools import cache

from jinja2 import Environment, StrictUndefined

from aws_runbook.report import template


def page(contents):
    """The HTML of ``contents``, which are those of ``report.contents``. Whatever text AWS or pillar gives is escaped."""
    return _template().render(contents, style=template.STYLE.strip()) + "\n"


@cache
def _template():
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    return environment.from_string(template.PAGE)
