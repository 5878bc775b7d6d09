"""Figures on rulers of their own, in blocks with headings: what several charts are drawn with."""

from __future__ import annotations

import textwrap
from typing import Any, NamedTuple

from matplotlib.axes import Axes

from vnegov.charts import style


class Ruler(NamedTuple):
    """One figure: its label, what is told at the right (bold, and small below), and where its dot stands, 0 to 1.

    A hollow dot is no exact figure; the thin line is the interval; without `at` there is no ruler.
    """

    label: str
    told: str = ""
    detail: str = ""
    at: float | None = None
    interval: tuple[float, float] | None = None
    exact: bool = True
    bar: bool = True
    colour: str = style.PROVINCE


Block = tuple[str, str, list[Ruler]]  # heading, a note on what its rulers measure, figures


def draw(blocks: list[Block], words: tuple[str, str, str], ax: Axes | None = None, left=2.75, right=2.3) -> Axes:
    """The blocks below each other; `words` are title, subtitle and source line, `left` and `right` in inches."""
    letters = int(left * 14)
    steps = [0.34 if any(b.detail or len(b.label) > letters for b in lines) else 0.25 for _, _, lines in blocks]
    heads = [0.54 if note else 0.38 for _, note, _ in blocks]
    if ax is None:
        tall = sum(head + step * len(block[2]) for head, step, block in zip(heads, steps, blocks, strict=True))
        made, area = style.figure(tall + 0.08, *words)
        ax = style.panels(made, area, 1, 1, (0, 0), (left, 0, right, 0))[0]
        ax.set(xlim=(-0.01, 1.01), ylim=(tall + 0.08, 0))
    ax.set_axis_off()
    y = 0.0
    for head, step, (heading, note, lines) in zip(heads, steps, blocks, strict=True):
        from_left: Any = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "va": "center"}
        ax.annotate(heading, (0, y + 0.23), (-72 * left, 0), weight="bold", size=9.2, **from_left)
        note = textwrap.shorten(note, 122, placeholder="…")
        ax.annotate(note, (0, y + 0.41), (-72 * left, 0), size=7.3, color=style.MUTED, **from_left)
        for i, line in enumerate(lines):
            _ruler(ax, y + head + (i + 0.5) * step, line, letters)
        y += head + step * len(lines)
    return ax


def _ruler(ax: Axes, y: float, line: Ruler, letters: int) -> None:
    beside: Any = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
    label = "\n".join(textwrap.wrap(line.label, letters, max_lines=2, placeholder="…"))
    ink = style.INK if line.told or line.detail else style.MUTED
    ax.annotate(label, (0, y), (-8, 0), ha="right", va="center", size=8.2, color=ink, **beside)
    va = "bottom" if line.detail else "center"
    ax.annotate(line.told, (1, y), (9, 0), va=va, size=8.6, weight="bold", color=line.colour, **beside)
    va = "top" if line.told else "center"
    ax.annotate(line.detail, (1, y + 0.02), (9, 0), va=va, size=7.2, color=style.MUTED, **beside)
    if line.at is None:
        return
    ax.plot([0, 1], [y, y], color=style.RULE, lw=5, solid_capstyle="butt", zorder=1)
    ax.plot([0, line.at if line.bar else 0], [y, y], color=line.colour, lw=5, solid_capstyle="butt", zorder=2)
    if line.interval:
        ax.plot(line.interval, [y, y], color=style.INK, lw=1.4, zorder=5)
    face = line.colour if line.exact else "white"
    ax.plot([line.at], [y], "o", mfc=face, mec=line.colour, ms=7, mew=1.5, zorder=4, clip_on=False)
