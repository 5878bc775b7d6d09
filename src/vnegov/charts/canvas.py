"""Drawing in inches on one bare canvas: panels and words laid out by hand, far faster than axes for each.

A chart of five panels takes a fifth of the time that it takes with matplotlib's own axes, ticks and layout.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import Bbox, BboxTransform, Transform

from vnegov.charts import labels, style

LEVELS = MaxNLocator(4, steps=[1, 2, 2.5, 5, 10])


def bare(body: float, words: tuple[str, str, str], ax: Axes | None = None) -> Axes:
    """Axes in inches from the top left corner: `body` below the words of a figure (`style.figure`), or `ax`."""
    if ax is None:
        made, area = style.figure(body, *words)
        ax = made.add_axes(area)
    ax.set(xlim=(0, style.INNER), ylim=(body, 0))
    ax.set_axis_off()
    return ax


def writer(ax: Axes) -> Callable[..., Text]:
    """As `ax.text`, centred on its line; of the figure, since the axes would make a clip path for each text."""
    return partial(ax.figure.text, transform=ax.transData, va="center")


def panel(ax: Axes, box: Bbox, seen: Bbox, years: range, lang: str, levels=(), breaks=(), band=()) -> Transform:
    """A panel's grid with its years and levels in words; gives what carries (year, value) to inches.

    `box` is in inches, `seen` in years and values. Without `levels`, there are some round ones. Lines stand at
    `breaks`; the time between two of `band` is tinted.
    """
    place, write = BboxTransform(seen, box), writer(ax)
    look: dict[str, Any] = {"transform": place + ax.transData, "clip_on": False, "zorder": 0}
    levels = levels or [value for value in LEVELS.tick_values(*seen.intervaly) if seen.ymin <= value <= seen.ymax]
    ax.hlines(levels, *seen.intervalx, color=style.GRID, lw=0.8, **look)
    ax.hlines(seen.y0, *seen.intervalx, color=style.RULE, lw=0.8, **look)
    ax.vlines(breaks, *seen.intervaly, color=style.MUTED, ls=(0, (2, 2)), lw=0.8, **look)
    ax.fill_between(np.clip(band, *seen.intervalx), *seen.intervaly, color=style.PROVINCE, alpha=0.08, lw=0, **look)
    for year in years:
        x, _ = place.transform((year, 0))
        write(x, box.y0 + 0.13, str(year), ha="center", size=7.5, color=style.MUTED)
    for level in levels:
        _, y = place.transform((0, level))
        write(box.x0 - 0.07, y, labels.number(round(level, 6), lang), ha="right", size=7.5)
    return place


def ends(ax: Axes, box: Bbox, told: list[tuple[float, str, str, str]]) -> None:
    """Words (height in inches, word, colour, weight) at the right of a panel, moved as far as leaves room for all."""
    gap = 0.15 * max(1 + word.count("\n") for _, word, _, _ in told)
    heights = spread([height for height, *_ in told], gap, box.y1, box.y0 - gap / 2 + 0.07)
    for y, (_, word, colour, weight) in zip(heights, told, strict=True):
        writer(ax)(box.x1 + 0.07, y, word, size=7.5, color=colour, weight=weight)


def spread(wanted: list[float], gap: float, low: float, high: float) -> list[float]:
    """Positions as near to those wanted as leaves `gap` between neighbours, within low..high; order is kept."""
    order = np.argsort(wanted, kind="stable")
    steps = gap * np.arange(len(order))
    pushed_up = np.maximum.accumulate(np.maximum(np.array(wanted)[order], low) - steps)
    placed = np.empty(len(order))
    placed[order] = np.minimum(pushed_up, high - steps[-1]) + steps
    return placed.tolist()
