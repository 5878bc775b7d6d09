"""Whether ranks follow adoption: places in each index against each published measure of use, one year."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke

from vnegov.charts import adoption, funnel, labels, style
from vnegov.charts.labels import text
from vnegov.data import provinces
from vnegov.data.case import YearCase
from vnegov.data.schema import INDICES
from vnegov.data.tables import table
from vnegov.metrics import adoption as use
from vnegov.metrics import agreement, geography

NAME = "scatter"
FEWEST = 10  # provinces under which no correlation is given
COUNTED = {
    "share_full_of_all": ("services_full", "procedures_total"),
    "share_full_of_eligible": ("services_full", "services_eligible"),
}
POINTS = ("svc766:online_payment", "svc766:digitisation", "svc766:timeliness")  # parts measured in dossiers
UNIT = ["geography", "province_code"]
PAIR = ["measure", "geography", "index"]


@cache
def measures(year: int) -> pd.DataFrame:
    """What is published of use in a year, a row a measure and province: shares as printed, shares of two counts of
    one day, and parts of the service index 766 (in points)."""
    rows = table("observations")
    rows = rows[(rows["scope"] == "province") & (rows["qualifier"] != "target")]
    rows = rows[rows["period_end"].str[:4] == str(year)].rename(columns={"source_id": "sources"})
    found = [rows[rows["indicator"].isin(adoption.MEASURES) & (rows["unit"] == "percent")]]
    for name, counts in COUNTED.items():
        shares = use.shares(rows.rename(columns={"sources": "source_id"}), *counts).assign(indicator=name)
        found.append(shares.rename(columns={"share": "value", "source_ids": "sources"}))
    parts = table("scores")
    parts = parts[parts["edition"] == year].assign(indicator=parts["index"] + ":" + parts["component"])
    parts = parts.rename(columns={"score": "value", "source_ids": "sources"})
    start = f"{year}-08-01" if year == 2022 else f"{year}-01-01"  # when the index opened
    parts = parts.assign(period_start=start, period_end=f"{year}-12-31", qualifier="exact")
    found.append(parts[parts["indicator"].isin(POINTS)])
    both = pd.concat(found).rename(columns={"indicator": "measure"}).sort_values("period_end", kind="stable")
    both = both.drop_duplicates(["measure", *UNIT], keep="last")
    return both[["measure", *UNIT, *funnel.PERIOD, "value", "qualifier", "sources"]]


@cache
def standings(year: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores of the indices that are known whole (the year's edition, else the last before it), and the others.

    PAPI, missing two or three provinces at source, counts as whole over those that it published. For the 34, an index
    that was not published for them is carried over the merger by simple mean. The others are a row an index: index,
    edition, geography, known, n_units.
    """
    scores = table("scores")
    scores = scores[(scores["component"] == "overall") & scores["score"].notna()]
    scores = scores[scores["edition"] == min(year, scores["edition"].max())]
    key = ["index", "edition", "geography"]
    known = scores.groupby(key, as_index=False).agg(known=("score", "count"), n_units=("n_units", "max"))
    whole = (known["known"] >= known["n_units"]) | (known["index"] == "papi")
    rows = scores.merge(known.loc[whole, key], on=key).assign(carried=False)
    new = set(rows.loc[rows["geography"] == "34", "index"])
    carried = geography.to_34(rows[~rows["index"].isin(new)]).dropna(subset=["score"]).assign(carried=True)
    rows = pd.concat([rows, carried])
    return rows[["index", "edition", *UNIT, "score", "n_units", "carried", "source_ids"]], known[~whole]


@cache
def pairs(year: int) -> pd.DataFrame:
    """Each index with each measure of the year: PAIR, edition, carried, n (provinces with both), statistic (Spearman),
    low, high (bootstrap, 95%; missing under `FEWEST` provinces). An index is not paired with its own parts."""
    both = measures(year).merge(standings(year)[0], on=UNIT)
    both = both[both["measure"].str.split(":").str[0] != both["index"]]
    found = []
    for key, rows in both.groupby([*PAIR, "edition", "carried"]):
        a, b = (rows.set_index("province_code")[column] for column in ("score", "value"))
        told = agreement.correlate(a, b)[:3] if len(rows) >= FEWEST else (np.nan,) * 3
        found.append((*key, len(rows), *told))
    return pd.DataFrame(found, columns=[*PAIR, "edition", "carried", "n", "statistic", "low", "high"])


def compute(case: YearCase) -> pd.DataFrame:
    """One row a province in each pair of `pairs` that has a correlation, with both its places (1 is best)."""
    rows = pairs(case.year).dropna(subset=["statistic"]).merge(measures(case.year), on=["measure", "geography"])
    rows = rows.merge(standings(case.year)[0][["index", *UNIT, "score", "source_ids"]], on=["index", *UNIT])
    rows["place"] = rows.groupby(PAIR)["score"].rank(ascending=False)
    rows["place_in_use"] = rows.groupby(PAIR)["value"].rank(ascending=False)
    rows["source_ids"] = rows.pop("sources") + ";" + rows["source_ids"]
    order = {"index": list(INDICES), "measure": [*adoption.MEASURES, *POINTS]}
    return rows.sort_values(
        ["measure", "index", "place"],
        key=lambda column: column.map(order[column.name].index) if column.name in order else column,
        ignore_index=True,
    )


def draw(data: pd.DataFrame, case: YearCase, axes: list[Axes] | None = None) -> Axes:
    """A row of panels a measure, a panel an index; above each its correlation as a dot with the interval."""
    lang = case.lang
    blocks = [rows for _, rows in data.groupby(["measure", "geography"], sort=False)]
    columns = max(2, *(rows["index"].nunique() for rows in blocks))
    if axes is None:
        title, subtitle = (text(lang, f"scatter.{word}", year=case.year) for word in ("title", "subtitle"))
        made, area = style.figure(2.5 * len(blocks) + 0.05, title, subtitle, labels.source_line(data, lang))
        axes = style.panels(made, area, len(blocks), columns, (0.5, 1.18), (0.45, 0.42, 0.1, 0.8))
    for i, rows in enumerate(blocks):
        across = axes[i * columns : (i + 1) * columns]
        ends = rows.assign(period_start=rows["period_start"].min(), period_end=rows["period_end"].max())
        period = funnel.period(next(ends.itertuples()), lang)
        heading = f"{_measure(rows['measure'].iloc[0], case)} · {period}"
        above: Any = {"xycoords": "axes fraction", "textcoords": "offset points"}
        across[0].annotate(heading, (0, 1), (-32, 46), weight="bold", size=9.2, **above)
        panels = [panel for _, panel in rows.groupby("index", sort=False)]
        for ax, panel in zip(across, panels, strict=False):
            _ruler(ax, panel.iloc[0], lang)
            _panel(ax, panel, lang)
        for ax in across[len(panels) :]:
            ax.remove()
    return axes[0]


def _measure(measure: str, case: YearCase) -> str:
    index, _, part = measure.partition(":")
    if not part:
        return f"{labels.indicator_name(measure, case.lang)}, %"
    name = f"{labels.index_name(index, case.lang)}: {labels.component_name(index, part, case.year, case.lang)}"
    return text(case.lang, "scatter.points", name=name)


def _ruler(ax: Axes, pair: pd.Series, lang: str) -> None:
    name = f"{labels.index_name(pair['index'], lang)} {pair['edition']}{' → 34' if pair['carried'] else ''}"
    above: Any = {"xycoords": "axes fraction", "textcoords": "offset points"}
    ax.annotate(name, (0, 1), (0, 28), size=8.6, weight="bold", **above)
    told = text(lang, "scatter.statistic", n=pair["n"], **labels.correlation(pair, lang))
    ax.annotate(told, (0, 1), (0, 17), size=7.3, color=style.MUTED, **above)
    colour = style.PROVINCE if pair["low"] > 0 or pair["high"] < 0 else style.MUTED
    low, rho, high = ((1 + pair[field]) / 2 for field in ("low", "statistic", "high"))
    over: Any = {"transform": ax.transAxes, "clip_on": False, "solid_capstyle": "butt"}
    ax.plot([0, 1], [1.08, 1.08], color=style.RULE, lw=3, **over)
    ax.plot([0.5, 0.5], [1.045, 1.115], color=style.MEDIAN, lw=1, **over)
    ax.plot([low, high], [1.08, 1.08], color=colour, lw=3, **over)
    ax.plot([rho], [1.08], "o", color=colour, ms=6, **over)


def _panel(ax: Axes, rows: pd.DataFrame, lang: str) -> None:
    n, values, exact = len(rows), rows["value"], rows["qualifier"] == "exact"
    ax.plot(rows["place"][exact], values[exact], "o", color=style.MUTED, ms=4.5, mew=0, alpha=0.8)
    ax.plot(rows["place"][~exact], values[~exact], "o", mfc="white", mec=style.MUTED, ms=4.5)
    room = 0.12 * (values.max() - values.min())
    ax.set(xlim=(n + 1, 0), ylim=(values.min() - room, values.max() + room))
    ax.set_xticks((n, 1), [text(lang, "scatter.place", n=place) for place in (n, 1)], size=7.2)
    for label, right in zip(ax.get_xticklabels(), (False, True), strict=True):
        label.set_horizontalalignment("right" if right else "left")
    ax.tick_params(axis="y", labelsize=7.2)
    labels.ticks(ax.yaxis, lang)
    ax.yaxis.grid(True)
    ax.spines["left"].set_visible(False)
    apart = rows["place_in_use"] - rows["place"]
    printed = 72 / ax.figure.dpi  # from pixels to points
    points = ax.transData.transform(rows[["place", "value"]]) * printed
    edges = ax.get_window_extent().get_points()[:, 0] * printed
    for i in (apart.argmax(), apart.argmin()):
        code = rows["province_code"].iloc[i]
        name = provinces.names(rows["geography"].iloc[i])[code]["name_vi"].replace("Thành phố ", "TP. ")
        xy = rows["place"].iloc[i], values.iloc[i]
        ax.plot(*xy, "o", color=style.INK, ms=4.5)
        x, y, side = _free(points - points[i], edges - points[i, 0], 3.9 * len(name))
        halo = [withStroke(linewidth=2, foreground="white")]
        ax.annotate(name, xy, (x, y), textcoords="offset points", size=6.8, ha=side, va="center", path_effects=halo)


def _free(points: np.ndarray, edges: np.ndarray, width: float) -> tuple[float, float, str]:
    """Where a label hides fewest points; `points` and the panel's `edges` are as seen from the label's own."""
    right = [(5, y, "left") for y in (0, 8, -8, 12, -12) if 5 + width <= edges[1]]
    left = [(-5, y, "right") for y in (0, 8, -8, 12, -12) if -5 - width >= edges[0]]

    def hidden(place: tuple[float, float, str]) -> int:
        middle = place[0] * (1 + width / 10)
        return int(((abs(points[:, 0] - middle) < width / 2 + 2) & (abs(points[:, 1] - place[1]) < 6)).sum())

    return min([*right, *left], key=hidden)


def describe(data: pd.DataFrame, case: YearCase) -> str:
    """In how many pairs ranks follow use beyond chance, and the strongest; or why the year cannot be answered."""
    lang = case.lang
    if data.empty:
        most = measures(case.year).groupby(["measure", "geography"]).size().max()
        return text(lang, "scatter.none", year=case.year, n=0 if pd.isna(most) else most, fewest=FEWEST)
    told = data.drop_duplicates(PAIR)
    clear, against = (told["low"] > 0).sum(), (told["high"] < 0).sum()
    best = told.loc[told["statistic"].idxmax()]
    name = f"{labels.index_name(best['index'], lang)} {best['edition']}"
    words = {"measure": _measure(best["measure"], case), "index": name, **labels.correlation(best, lang)}
    counts = {"year": case.year, "pairs": len(told), "clear": clear, "against": against, "n": best["n"]}
    return text(lang, "scatter.some", **counts, **words)


def refused(case: YearCase) -> str:
    """What the year has but no correlation is given for, with the reason: measures and indices; "" for none."""
    lang, said = case.lang, []
    few = pairs(case.year).groupby("measure")[["n", "statistic"]].max()
    few = few[few["statistic"].isna()].sort_values("n", ascending=False, kind="stable")
    measured = "; ".join(f"{_measure(str(name), case)} (n = {n})" for name, n in few["n"].items())
    if measured:
        said.append(text(lang, "scatter.few", fewest=FEWEST, measures=measured))
    return " ".join([*said, left_out(case)]).strip()


def left_out(case: YearCase) -> str:
    """The indices of the year that are known for a part of the provinces only, in a sentence; "" for none."""
    told = [
        text(
            case.lang, "scatter.partial", index=labels.index_name(row.index_, case.lang), known=row.known, n=row.n_units
        )
        for row in standings(case.year)[1].rename(columns={"index": "index_"}).itertuples()
    ]
    return text(case.lang, "scatter.left_out", indices="; ".join(told)) if told else ""
