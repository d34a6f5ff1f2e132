"""
Render the page as HTML.
"""

from functools import cache

from jinja2 import Environment, StrictUndefined

from aws_runbook.report import template


def page(contents):
    """Return the HTML of the result of ``report.contents``. All text from AWS and pillar is escaped."""
    return _template().render(contents, style=template.STYLE.strip()) + "\n"


@cache
def _template():
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    return environment.from_string(template.PAGE)
