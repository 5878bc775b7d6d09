"""Who gained and who lost most places between two editions of an index that compare."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from vnegov.charts import distribution, labels, style
from vnegov.charts.distribution import title
from vnegov.charts.labels import say, text
from vnegov.data.case import EditionCase
from vnegov.data.tables import table
from vnegov.metrics import ranking

NAME = "movers"
MOST = 8


def compute(case: EditionCase) -> pd.DataFrame:
    """One row a province among the MOST that gained or lost most places, ties included; greatest gain first.

    Columns: those of `distribution.compute`, direction ("up", "down"), compared (provinces with both ranks).
    Empty where the edition before is not known, or lies beyond a break of the series.
    """
    changed = distribution.compute(case)
    moved = ranking.movers(changed, MOST)
    return moved.assign(compared=changed["rank_change"].count()).reset_index(drop=True)


def draw(data: pd.DataFrame, case: EditionCase, ax: Axes | None = None) -> Axes:
    """A ruler a province, first place on the left: the ring is its rank in the edition before."""
    lang, told = case.lang, _told(data, case)
    n = told["n"]
    if ax is None:
        heading, subtitle = (text(lang, f"movers.{key}", **told) for key in ("title", "subtitle"))
        body = 0.25 * (len(data) + data["direction"].nunique()) + 0.55
        made, area = style.figure(body, heading, subtitle, labels.source_line(data, lang))
        ax = style.panels(made, area, 1, 1, (0, 0), (1.45, 0.25, 1.2, 0.05))[0]
    edge: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "va": "center"}
    y = -1.0
    for direction, rows in data.groupby("direction", sort=False):
        y += 1.25 if y > 0 else 1
        head = text(lang, f"movers.{direction}")
        ax.annotate(head, (0, y), (-100, 0), weight="bold", size=9, color=style.MUTED, **edge)
        for row, places in zip(
            rows.itertuples(), distribution.figures(rows["rank_change"], lang, signed=True), strict=True
        ):
            y += 1
            ax.plot([1, n], [y, y], color=style.RULE, lw=4, solid_capstyle="round", zorder=1)
            ax.plot([row.rank_before, row.rank], [y, y], color=style.PROVINCE, lw=1.8, zorder=2)
            ax.plot([row.rank_before], [y], "o", mfc="white", mec=style.PROVINCE, ms=6, mew=1.3, zorder=3)
            ax.plot([row.rank], [y], "o", color=style.PROVINCE, ms=8, zorder=4)
            ax.annotate(row.province, (0, y), (-8, 0), ha="right", size=8.5, **edge)
            ax.annotate(places, (1, y), (10, 0), weight="bold", size=8.5, color=style.PROVINCE, **edge)
            ax.annotate(f"{row.rank_before} → {row.rank}", (1, y), (40, 0), size=8, color=style.MUTED, **edge)
    ax.set(xlim=(0, n + 1), ylim=(y + 0.8, -0.6), yticks=[], xticks=[1, *range(10, n - 3, 10), n])
    ax.tick_params(axis="x", labelsize=7.5)
    ax.spines["left"].set_visible(False)
    return ax


def _told(data: pd.DataFrame, case: EditionCase) -> dict:
    known, n = int(data["compared"].max()), int(data["n_units"].max())
    compared = text(case.lang, "edition.whole" if known >= 0.9 * n else "movers.few", known=known, n=n)
    before = int(data["edition_before"].max())
    return {"name": title(case), "edition": case.edition, "before": before, "n": n, "compared": compared}


def describe(data: pd.DataFrame, case: EditionCase) -> str:
    """The greatest gain and loss; or why two editions do not compare."""
    lang, name = case.lang, title(case)
    if len(data):
        ends = {"gain": data[data["direction"] == "up"].head(1), "loss": data[data["direction"] == "down"].tail(1)}
        told = [
            text(lang, f"movers.{key}", **{"province": row.province, "from": row.rank_before, "to": row.rank})
            for key, rows in ends.items()
            for row in rows.itertuples()
        ]
        return text(lang, "movers.some", told=", ".join(told), **_told(data, case))
    breaks = table("breaks").query("index == @case.index and component == 'overall'")
    for why in breaks.loc[breaks["edition"] == case.edition, say(lang, "why", "why_vi")]:
        return text(lang, "movers.broken", name=name, why=why)
    known = distribution.compute(case)
    if known["edition_before"].isna().all():
        return text(lang, "movers.first", name=name)
    return text(lang, "movers.none", name=name, known=distribution.coverage(known, lang))
