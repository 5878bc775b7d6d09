"""Figures on rulers of their own, in blocks with headings: what most charts are drawn with."""

from __future__ import annotations

import textwrap
from collections import defaultdict
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.transforms import Affine2D, Transform

from vnegov.charts import canvas, style


class Ruler(NamedTuple):
    """One figure: its label, what is told at the right (bold, and small below), and where its dot stands, 0 to 1.

    A hollow dot is no exact figure; the bar leads to it from `start`; the thin line is the interval. `track` is
    the grey ruler; `marks` are (at, marker, colour), circles hollow. Without `at` there is none of these; what
    is NaN is not drawn.
    """

    label: str
    told: str = ""
    detail: str = ""
    at: float | None = None
    interval: tuple[float, float] | None = None
    exact: bool = True
    bar: bool = True
    colour: str = style.PROVINCE
    start: float = 0
    track: tuple[float, float] = (0, 1)
    marks: tuple[tuple[float, str, str], ...] = ()


Block = tuple[str, str, list[Ruler]]  # heading, a note on what its rulers measure, figures


def draw(
    blocks: list[Block], words: tuple[str, str, str], ax: Axes | None = None, left=2.75, right=2.3, key=()
) -> Axes:
    """The blocks below each other; `words` are title, subtitle and source line, `left` and `right` in inches.

    `key`: words and their colours, at the left, the middle and the right above the first ruler.
    """
    letters, y, heads, placed = int(left * 14), 0.0, [], []
    for heading, note, lines in blocks:
        step = 0.34 if any(line.detail or len(line.label) > letters for line in lines) else 0.25
        heads.append((y, heading, textwrap.shorten(note, 122, placeholder="…")))
        y += (0.38 if heading or key else 0.06) + 0.16 * bool(note)
        placed += [(y + (i + 0.5) * step, line) for i, line in enumerate(lines)]
        y += step * len(lines)
    ax = canvas.bare(y + 0.08, words, ax)
    write, end = canvas.writer(ax), style.INNER - right
    for side, x, (word, colour) in zip(("left", "center", "right"), (left, (left + end) / 2, end), key, strict=False):
        write(x, 0.23, word, ha=side, size=8, color=colour)
    for y, heading, note in heads:
        write(0, y + 0.23, heading, weight="bold", size=9.2)
        write(0, y + 0.41, note, size=7.3, color=style.MUTED)
    for y, line in placed:
        label = "\n".join(textwrap.wrap(line.label, letters, max_lines=2, placeholder="…"))
        ink = style.INK if line.told or line.detail else style.MUTED
        above, below = ("bottom", "top") if line.told and line.detail else ("center", "center")
        write(left - 0.11, y, label, ha="right", size=8.2, color=ink)
        write(end + 0.13, y, line.told, va=above, size=8.6, weight="bold", color=line.colour)
        write(end + 0.13, y + 0.02, line.detail, va=below, size=7.2, color=style.MUTED)
    shares = Affine2D().scale(end - left, 1).translate(left, 0)
    _strokes(ax, [(y, line) for y, line in placed if line.at is not None], shares + ax.transData)
    return ax


def _strokes(ax: Axes, placed: list[tuple[float, Ruler]], shares: Transform) -> None:
    """Tracks, bars, intervals and dots, a kind at a time: an artist for each line would take far longer."""
    place: dict[str, Any] = {"transform": shares, "clip_on": False}
    tracks = [(y, *line.track, style.RULE) for y, line in placed]
    bars = [(y, line.start, line.at, line.colour) for y, line in placed if line.bar]
    intervals = [(y, *line.interval, style.INK) for y, line in placed if line.interval]
    for strokes, width, zorder in ((tracks, 5, 1), (bars, 5, 2), (intervals, 1.4, 5)):
        heights, low, high, colours = zip(*strokes, strict=True) if strokes else [()] * 4
        ax.hlines(heights, low, high, colours, lw=width, zorder=zorder, **place)
    dots: dict[tuple, list] = defaultdict(list)  # by how they look
    for y, line in placed:
        for at, marker, colour in line.marks:
            dots[3, marker, colour, marker != "o"].append((at, y))
        dots[4, "o", line.colour, line.exact].append((line.at, y))
    for (zorder, marker, colour, filled), points in dots.items():
        size, edge = {"o": (7, 1.5), "|": (12, 2), "D": (5, 1)}[marker]
        face = colour if filled else "white"
        ax.plot(*zip(*points, strict=True), marker, mfc=face, mec=colour, ms=size, mew=edge, zorder=zorder, **place)
