"""A province's path in each index over the editions, against the median province and the leader."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from vnegov.charts import labels, style
from vnegov.charts.labels import text
from vnegov.data.case import Case
from vnegov.data.schema import INDICES
from vnegov.data.tables import table

NAME = "trajectories"
COLUMNS = 2


def compute(case: Case) -> pd.DataFrame:
    """One row an index and edition in which the province is known, for indices with two editions or more.

    Columns: index, edition, measure ("score" where every edition has scores of all provinces, else "rank"),
    value, median and leader (of the scores of all provinces; absent where some are not known), leader_code,
    n_units, segment (counts up at every break of the series), rank_basis, source_ids.
    """
    scores = table("scores")
    whole = scores[(scores["component"] == "overall") & (scores["geography"] == case.geography)]
    own = whole[whole["province_code"] == case.province_code].copy()
    edition = whole.groupby(["index", "edition"])
    scored = whole[whole["score"].notna()]
    best = scored.loc[scored.groupby(["index", "edition"])["score"].idxmax()]
    best = best.set_index(["index", "edition"])["province_code"]
    known = edition["score"].agg(known="count", median="median", leader="max").join(best.rename("leader_code"))
    own = own.join(known, on=["index", "edition"])
    # Two or three provinces missing at source still leave a median; a sample of leaders and laggards does not.
    partial = own["known"] < 0.9 * own["n_units"]
    own.loc[partial, ["median", "leader", "leader_code"]] = None
    ranked_only = (own["score"].isna() | partial).groupby(own["index"]).transform("mean") > 0.5
    own["measure"] = np.where(ranked_only, "rank", "score")
    own["value"] = own["score"].where(own["measure"] == "score", own["rank"].astype("float64"))
    own = own[own["value"].notna()]
    breaks = table("breaks")
    breaks = breaks[breaks["component"] == "overall"]
    own["segment"] = [
        int(((breaks["index"] == index) & (breaks["edition"] <= year)).sum())
        for index, year in zip(own["index"], own["edition"], strict=True)
    ]
    own = own[own.groupby("index")["edition"].transform("count") >= 2]
    own["order"] = own["index"].map({name: i for i, name in enumerate(INDICES)})
    keep = ["index", "edition", "measure", "value", "median", "leader", "leader_code", "n_units", "segment"]
    own = own.sort_values(["measure", "order", "edition"], ascending=[False, True, True], ignore_index=True)
    return own[[*keep, "rank_basis", "source_ids"]]


def draw(data: pd.DataFrame, case: Case, axes: list[Axes] | None = None) -> Axes:
    """A panel an index: scores with median and leader, or ranks (first place at the top) where scores are few."""
    lang, indices = case.lang, list(dict.fromkeys(data["index"]))
    if axes is None:
        title = text(lang, "trajectories.title", province=case.province)
        rows = -(-len(indices) // COLUMNS)
        source = labels.source_line(data, lang)
        made, area = style.figure(2.0 * rows, title, text(lang, "trajectories.subtitle"), source)
        axes = style.panels(made, area, rows, COLUMNS, (1.35, 0.62), (0.32, 0.3, 0.95, 0.32))
        for ax in axes[len(indices) :]:
            ax.remove()
    for ax, index in zip(axes, indices, strict=False):
        _panel(ax, data[data["index"] == index], case)
    return axes[0]


def _panel(ax: Axes, rows: pd.DataFrame, case: Case) -> None:
    lang, ranked = case.lang, rows["measure"].iloc[0] == "rank"
    ax.set_title(labels.index_name(rows["index"].iloc[0], lang), pad=14)
    unit = text(lang, "trajectories.by_rank" if ranked else "trajectories.by_score", n=rows["n_units"].max())
    ax.text(0, 1.03, unit, transform=ax.transAxes, size=7.5, color=style.MUTED)
    series = [("leader", style.LEADER, 1.2), ("median", style.MEDIAN, 1.2), ("value", style.PROVINCE, 2.2)]
    if ranked:
        series = series[-1:]
    for field, colour, width in series:
        for _, part in rows.groupby("segment"):
            for run in _unbroken(part):
                ax.plot(run["edition"], run[field], "o-", color=colour, lw=width, ms=2 + width, clip_on=False)
    if ranked:
        ax.set_ylim(rows["n_units"].max() + 1, -1.5)
        ax.set_yticks([1, 20, 40, 60] if rows["n_units"].max() > 40 else [1, 10, 20, 30])
    years = rows["edition"]
    ax.set_xlim(years.min() - 0.3, years.max() + 0.3)
    step = max(1, -(-(years.max() - years.min()) // 5))
    shown = range(years.max(), years.min() - 1, -step)
    ax.set_xticks(shown, [str(year) for year in shown], size=7.5)
    ax.tick_params(axis="y", labelsize=7.5)
    ax.yaxis.grid(True)
    labels.ticks(ax.yaxis, lang)
    ax.spines["left"].set_visible(False)
    for _, first in rows.groupby("segment")["edition"].min().iloc[1:].items():
        ax.axvline(first - 0.5, color=style.MUTED, lw=0.8, ls=(0, (2, 2)), zorder=0)
    if case.year in set(years):
        ax.axvspan(case.year - 0.3, case.year + 0.3, color=style.PROVINCE, alpha=0.08, lw=0, zorder=0)
    _end_labels(ax, rows, series, lang)


def _unbroken(part: pd.DataFrame) -> list[pd.DataFrame]:
    """Runs of consecutive editions: a year that is not known is not bridged by a line."""
    return [run for _, run in part.groupby((part["edition"].diff() > 1).cumsum())]


def _end_labels(ax: Axes, rows: pd.DataFrame, series: list, lang: str) -> None:
    last = rows.iloc[-1]
    shown = [(field, colour) for field, colour, _ in series if pd.notna(last[field])]
    low, high = sorted(ax.get_ylim())
    at = style.spread([last[field] for field, _ in shown], (high - low) * 0.13, low, high)
    for (field, colour), y in zip(shown, at, strict=True):
        value = labels.number(last[field], lang, 0) if last["measure"] == "rank" else labels.score(last[field], lang)
        ax.annotate(
            text(lang, f"trajectories.{field}", value=value), (1.02, y), xycoords=("axes fraction", "data"),
            va="center", size=7.5, color=colour, weight="bold" if field == "value" else "normal",
        )  # fmt: skip


def describe(data: pd.DataFrame, case: Case) -> str:
    """A clause an index: the latest gap to median and leader, or the first and last rank."""
    lang, clauses = case.lang, []
    if data.empty:
        return text(lang, "trajectories.none", province=case.province)
    for index, rows in data.groupby("index", sort=False):
        first, last, name = rows.iloc[0], rows.iloc[-1], labels.index_name(index, lang)
        if last["measure"] == "rank":
            ranks = {"first": f"{first['value']:.0f}", "last": f"{last['value']:.0f}"}
            years = {"from": first["edition"], "to": last["edition"]}
            clause = text(lang, "trajectories.ranks", index=name, **ranks, **years)
            if first["segment"] != last["segment"]:
                clause += text(lang, "trajectories.changed")
        elif pd.isna(last["median"]):
            continue
        else:
            above = last["value"] - last["median"]
            gap, lead = labels.score(abs(above), lang), labels.score(last["leader"] - last["value"], lang)
            side = "trajectories.above" if above >= 0 else "trajectories.below"
            clause = text(lang, side, index=name, year=last["edition"], gap=gap)
            leads = last["leader_code"] == case.province_code
            clause += text(lang, "trajectories.leads" if leads else "trajectories.behind", lead=lead)
        clauses.append(clause)
    return "; ".join(clauses) + "."
