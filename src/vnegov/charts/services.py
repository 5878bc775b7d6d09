"""Online services of a province over time, by level until mid 2022 and full or partial since: two regimes."""

from __future__ import annotations

import textwrap
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from vnegov.charts import labels, style
from vnegov.charts.labels import text
from vnegov.data.case import Case
from vnegov.data.tables import table

NAME = "services"
DECREE = "2022-06-24"  # Decree 42/2022/NĐ-CP, which ended levels 1–4
_COLOURS = {
    "levels": ("#0072B2", "#332288", "#2F8F83", "#882255"),
    "decree42": ("#009E73", "#B36B00", "#5B3A8C", "#666600"),
}


def compute(case: Case) -> pd.DataFrame:
    """One row a printed count of services or procedures with a level or a regime, of the whole province.

    Columns: indicator, regime, period_end, value, unit, qualifier, source_id; all years, oldest first. Counts
    that disagree are all there.
    """
    rows = table("observations")
    rows = rows[(rows["province_code"] == case.province_code) & (rows["geography"] == case.geography)]
    rows = rows[(rows["scope"] == "province") & rows["regime"].notna() & rows["unit"].isin(["services", "procedures"])]
    rows = rows[rows["qualifier"] != "target"].sort_values(
        ["regime", "indicator", "period_end"], ascending=[False, True, True]
    )
    return rows[["indicator", "regime", "period_end", "value", "unit", "qualifier", "source_id"]].reset_index(drop=True)


def draw(data: pd.DataFrame, case: Case, ax: Axes | None = None) -> Axes:
    """Counts over time, each as printed; the line between the regimes is drawn, and no series crosses it."""
    lang = case.lang
    if ax is None:
        title = text(lang, "services.title", province=case.province)
        subtitle = text(lang, "services.subtitle")
        made, area = style.figure(3.4, title, subtitle, labels.source_line(data, lang))
        ax = style.panels(made, area, 1, 1, (0, 0), (0.45, 0.28, 2.15, 0.12))[0]
    ends, colours = [], {}
    for regime, rows in data.groupby("regime", sort=False):
        for colour, (indicator, series) in zip(
            _COLOURS[str(regime)] * 3, rows.groupby("indicator", sort=False), strict=False
        ):
            _series(ax, series, colour)
            ends.append((float(series["value"].iloc[-1]), labels.indicator_name(str(indicator), lang), colour))
            colours[str(indicator)] = colour
    top = data["value"].max() * 1.18
    _values(ax, data, colours, top, lang)
    days = data["period_end"].map(_years)
    if days.min() < _years(DECREE) < days.max():
        ax.axvline(_years(DECREE), color=style.MUTED, lw=0.9, ls=(0, (3, 3)), zorder=0)
        decree = text(lang, "services.decree")
        ax.text(_years(DECREE), top, decree, size=7.5, color=style.MUTED, va="top")
    low, high = int(days.min()), int(days.max() - 1e-9) + 1
    ax.set(xlim=(min(low, days.min() - 0.2), max(high, days.max()) + 0.15), ylim=(0, top))
    step = max(1, -(-(high - low) // 8))
    ax.set_xticks(range(low, high + 1, step), [str(year) for year in range(low, high + 1, step)])
    labels.ticks(ax.yaxis, lang)
    ax.yaxis.grid(True)
    ax.spines["left"].set_visible(False)
    ax.axvspan(case.year, case.year + 1, color=style.PROVINCE, alpha=0.07, lw=0, zorder=0)
    wrapped = [textwrap.fill(name, 26) for _, name, _ in ends]
    tall = [0.06 * top * (1 + name.count("\n")) for name in wrapped]
    at = style.spread([end for end, _, _ in ends], max(tall), 0.04 * top, top * 0.97)
    for y, name, (_, _, colour) in zip(at, wrapped, ends, strict=True):
        beside: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "va": "center", "color": colour, "size": 7.8}
        ax.annotate("●", (1.015, y), **beside)
        ax.annotate(name, (1.04, y), **beside)
    return ax


def _years(iso: str) -> float:
    day = pd.Timestamp(iso)
    return day.year + day.day_of_year / 365.25


def _series(ax: Axes, series: pd.DataFrame, colour: str) -> None:
    x = series["period_end"].map(_years)
    ax.plot(x, series["value"], color=colour, lw=1.1, alpha=0.55, zorder=2)
    exact = series["qualifier"] == "exact"
    ax.plot(x[exact], series["value"][exact], "o", color=colour, ms=6, zorder=3)
    ax.plot(x[~exact], series["value"][~exact], "o", mfc="white", mec=colour, ms=6, mew=1.4, zorder=3)


def _values(ax: Axes, data: pd.DataFrame, colours: dict[str, str], top: float, lang: str) -> None:
    """Each count as printed, above its point, or below it where another point stands close above."""
    at = data["period_end"].map(_years)
    for where, row in zip(at, data.itertuples(), strict=True):
        above = data["value"] - row.value
        crowded = ((at - where).abs() < 0.45) & (above > 0) & (above < 0.14 * top)
        same = ((at - where).abs() < 0.02) & (above == 0) & (data.index < row.Index)
        count = labels.qualified(row.value, row.qualifier, lang)
        below = crowded.any() or same.any()
        ax.annotate(
            count, (where, row.value), (0, -12 if below else 6), textcoords="offset points", ha="center", size=7.2,
            color=colours[row.indicator],  zorder=5,
        )  # fmt: skip


def describe(data: pd.DataFrame, case: Case) -> str:
    """The first and the last count of each regime's best-known series; growth only within a regime."""
    lang, sentences = case.lang, []
    if data.empty:
        return text(lang, "services.none", province=case.province)
    for _, rows in data.groupby("regime", sort=False):
        longest = rows["indicator"].value_counts(sort=True).index[0]
        series = rows[rows["indicator"] == longest]
        (first, since), (last, until) = (
            (labels.qualified(row["value"], row["qualifier"], lang), labels.day(row["period_end"], lang))
            for row in (series.iloc[0], series.iloc[-1])
        )
        told = {"first": first, "since": since, "last": last, "until": until}
        key = "services.one" if len(series) == 1 else "services.some"
        sentences.append(text(lang, key, name=labels.indicator_name(longest, lang), **told))
    return " ".join(sentences)
