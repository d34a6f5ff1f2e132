"""
Compute the coordinates of a drawing of a target's backups over time.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from math import ceil, sqrt

from aws_runbook.audit.judge import duration, several, size

WIDTH, HEIGHT = 720, 40
_BASE, _LOW, _HIGH = 34, 4, 28
# The minimum span of a strip, so that two backups of one morning are not drawn at opposite ends.
_SHORTEST = timedelta(days=2)


@dataclass(frozen=True)
class Strip:
    """
    A drawing of the size ``WIDTH`` by ``HEIGHT``.

    ``full`` and ``partial`` are the data of SVG paths, with a stroke for each backup whose height shows its size. ``gaps`` are pairs of a
    position and a width. ``label`` describes the drawing in words.
    """

    full: str
    partial: str
    gaps: tuple
    label: str
    begin: str
    end: str


def draw(backups, allowed, now, most):
    """
    Return the strip of ``backups``, oldest first, or ``None`` if there are none.

    Each backup is a mapping of ``series``, ``made``, ``size`` and ``full``. ``allowed`` is the longest interval between two backups of a
    series. If there are more than ``most`` backups, those that would overlap are drawn as one stroke.
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
    """Return the spans longer than allowed in which one series has no backup, including the span until now."""
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
