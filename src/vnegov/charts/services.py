"""Online services of a province over time, by level until mid 2022 and full or partial since: two regimes."""

from __future__ import annotations

import textwrap
from itertools import cycle

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

from vnegov.charts import canvas, facts, labels, style
from vnegov.charts.labels import text
from vnegov.data.case import Case

NAME = "services"
DECREE = 2022 + 174 / 366  # 24 June 2022: Decree 42/2022/NĐ-CP, which ended levels 1–4
COLOURS = {
    "levels": ("#0072B2", "#332288", "#2F8F83", "#882255"),
    "decree42": ("#009E73", "#B36B00", "#5B3A8C", "#666600"),
}


def compute(case: Case) -> pd.DataFrame:
    """One row a printed count of services or procedures with a level or a regime, of the whole province.

    Columns: indicator, regime, period_end, value, unit, qualifier, source_id; all years, oldest first. Counts
    that disagree are all there.
    """
    rows = facts.observed(case)
    rows = rows[(rows["scope"] == "province") & rows["regime"].notna() & rows["unit"].isin(["services", "procedures"])]
    rows = rows[rows["qualifier"] != "target"]
    rows = rows.sort_values(["regime", "indicator", "period_end"], ascending=[False, True, True], ignore_index=True)
    return rows[["indicator", "regime", "period_end", "value", "unit", "qualifier", "source_id"]]


def draw(data: pd.DataFrame, case: Case) -> Axes:
    """Counts over time, each as printed; the line between the regimes is drawn, and no series crosses it."""
    lang, day = case.lang, pd.to_datetime(data["period_end"]).dt
    data = data.assign(when=day.year + (day.day_of_year - 1) / 366)
    ax, box = canvas.bare(3.4, labels.words(NAME, data, case)), Bbox.from_extents(0.45, 3.1, 5.42, 0.1)
    top, since, until = data["value"].max() * 1.18, data["when"].min(), data["when"].max()
    years, breaks = range(int(since), int(until) + 2), [DECREE] if since < DECREE < until else []
    seen, shown = Bbox([[years[0], 0], [years[-1] + 0.15, top]]), years[:: -(-len(years) // 9)]
    place = canvas.panel(ax, box, seen, shown, lang, breaks=breaks, band=(case.year, case.year + 1))
    write, points, colours, ends = canvas.writer(ax), place.transform(data[["when", "value"]]), {}, []
    for year in breaks:
        x, _ = place.transform((year, 0))
        write(x + 0.05, box.y1 + 0.06, text(lang, "services.decree"), size=7.5, color=style.MUTED)
    unused = {regime: cycle(shades) for regime, shades in COLOURS.items()}
    for (regime, indicator), rows in data.groupby(["regime", "indicator"], sort=False):
        colour = colours[indicator] = next(unused[regime])
        own, exact = points[rows.index], rows["qualifier"].eq("exact").to_numpy()
        ax.plot(*own.T, color=colour, lw=1.1, alpha=0.55, clip_on=False)
        for chosen, face in ((exact, colour), (~exact, "white")):
            ax.plot(*own[chosen].T, "o", mfc=face, mec=colour, ms=6, mew=1.4, clip_on=False)
        ends.append((own[-1, 1], textwrap.fill(labels.indicator_name(indicator, lang), 28), colour, "normal"))
    canvas.ends(ax, box, ends)
    told: list[tuple[float, float, float]] = []  # where counts stand already, and how wide they are
    for (x, y), down, row in zip(points, _crowded(data, top), data.itertuples(), strict=True):
        count = labels.qualified(row.value, row.qualifier, lang)
        step, wide = 0.13 if down else -0.13, 0.06 * len(count)
        at = y + step
        while any(abs(x - a) < (wide + b) / 2 and abs(at - height) < 0.12 for a, height, b in told):
            at += step
        told.append((x, at, wide))
        where = (x, at, "center") if at < box.y0 else (x + 0.09, y, "left")
        write(*where[:2], count, ha=where[2], size=7.2, color=colours[row.indicator])
    return ax


def _crowded(data: pd.DataFrame, top: float) -> np.ndarray:
    """Whether each count goes below its point: another stands close above, or the same was there before, or the line
    comes down to it and goes up again."""
    when, value = data["when"].to_numpy(), data["value"].to_numpy()
    apart, above = np.abs(when - when[:, None]), value - value[:, None]
    close = (apart < 0.45) & (above > 0) & (above < 0.14 * top)
    series = data.groupby(["regime", "indicator"])["value"]
    valley = (value < series.shift()) & (value < series.shift(-1))
    return (close | np.tril((apart < 0.02) & (above == 0), -1)).any(axis=1) | valley.to_numpy()


def describe(data: pd.DataFrame, case: Case) -> str:
    """The first and the last count of each regime's best-known series; growth only within a regime."""
    lang, sentences = case.lang, []
    if data.empty:
        return text(lang, "services.none", province=case.province)
    for _, rows in data.groupby("regime", sort=False):
        longest = rows["indicator"].value_counts().index[0]
        series = rows[rows["indicator"] == longest].iloc[[0, -1]]
        first, last = (labels.qualified(row.value, row.qualifier, lang) for row in series.itertuples())
        since, until = (labels.day(end, lang) for end in series["period_end"])
        told = {"name": labels.indicator_name(longest, lang), "first": first, "since": since}
        key = "services.one" if (rows["indicator"] == longest).sum() == 1 else "services.some"
        sentences.append(text(lang, key, last=last, until=until, **told))
    return " ".join(sentences)
