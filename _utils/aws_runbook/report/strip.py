"""
A target's backups over time, as the numbers that a drawing of them needs.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from math import ceil, sqrt

from aws_runbook.audit.judge import duration, several, size

WIDTH, HEIGHT = 720, 40
_BASE, _LOW, _HIGH = 34, 4, 28
# A strip is never shorter than this, so that two backups of one morning are not drawn at its ends.
_SHORTEST = timedelta(days=2)


@dataclass(frozen=True)
class Strip:
    """
    A drawing of ``WIDTH`` by ``HEIGHT``.

    ``full`` and ``partial`` are the data of SVG paths, with a stroke for each backup as high as it is large; ``gaps`` are pairs of a place
    and a width; ``label`` says the same in words.
    """

    full: str
    partial: str
    gaps: tuple
    label: str
    begin: str
    end: str


def draw(backups, allowed, now, most):
    """
    The strip of ``backups``, oldest first, or ``None`` when there are none.

    Each is a mapping of ``series``, ``made``, ``size`` and ``full``. Between two of a series at most ``allowed`` should pass. Of
    more than ``most`` backups, those that would be drawn on one another are one stroke.
    """
    if not backups:
        return None
    begin = min(backups[0]["made"], now - _SHORTEST)
    scale = WIDTH / ((now - begin) / timedelta(seconds=1))
    gaps = _gaps(backups, allowed, now)
    largest = max(backup["size"] for backup in backups)

    def place(moment):
        return round(min(max((moment - begin) / timedelta(seconds=1) * scale, 0), WIDTH))

    kinds = len({backup["full"] for backup in backups})
    step = max(1, ceil(WIDTH * kinds / most)) if len(backups) > most else 1

    def strokes(kind):
        heights = {}
        for backup in backups:
            if backup["full"] is kind:
                at = place(backup["made"])
                at -= at % step
                heights[at] = max(heights.get(at, 0), _height(backup["size"], largest))
        return "".join(f"M{at} {_BASE}v-{height}" for at, height in sorted(heights.items()))

    return Strip(
        strokes(True),
        strokes(False),
        tuple((place(before), place(after) - place(before)) for before, after in gaps),
        _label(backups, gaps, now),
        f"{begin:%Y-%m-%d}",
        f"{now:%Y-%m-%d}",
    )


def _height(count, largest):
    return round(_LOW + (_HIGH - _LOW) * sqrt(count / largest)) if largest else _LOW


def _gaps(backups, allowed, now):
    """Spans in which one of the series has no backup, for longer than is allowed; the one until now among them."""
    series = defaultdict(list)
    for backup in backups:
        series[backup["series"]].append(backup["made"])
    spans = {span for made in series.values() for span in pairwise([*made, now]) if span[1] - span[0] > allowed}
    return sorted(spans)


def _label(backups, gaps, now):
    oldest, newest = backups[0], backups[-1]
    sentence = (
        f"{several(len(backups), 'backup')} from {oldest['made']:%Y-%m-%d} to {newest['made']:%Y-%m-%d %H:%M} UTC, the newest of "
        f"{size(newest['size'])}"
    )
    if not gaps:
        return f"{sentence}, without a gap."
    begin, end = gaps[-1]
    last = f"{duration(end - begin)} {'until now' if end == now else f'before {end:%Y-%m-%d}'}"
    return f"{sentence}, with {several(len(gaps), 'gap')}; the last one is of {last}."
