"""Whether ranks follow adoption: places in each index against each published measure of use, one year."""

from functools import cache

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from vnegov.charts import adoption, funnel, labels, style
from vnegov.charts.labels import text
from vnegov.data.case import YearCase, province_name
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
    rows = table("observations").query("scope == 'province' and qualifier != 'target'")
    rows = rows[rows["period_end"].str[:4] == str(year)]
    printed = rows[rows["indicator"].isin(adoption.MEASURES) & (rows["unit"] == "percent")]
    found = [printed.rename(columns={"indicator": "measure", "source_id": "sources"})]
    for name, counts in COUNTED.items():
        shares = use.shares(rows, *counts).rename(columns={"share": "value", "source_ids": "sources"})
        found.append(shares.assign(measure=name))
    parts = table("scores").query("edition == @year")
    parts = parts.assign(measure=parts["index"] + ":" + parts["component"], qualifier="exact")
    start = f"{year}-08-01" if year == 2022 else f"{year}-01-01"  # when the index opened
    parts = parts[parts["measure"].isin(POINTS)].assign(period_start=start, period_end=f"{year}-12-31")
    found.append(parts.rename(columns={"score": "value", "source_ids": "sources"}))
    both = pd.concat(found).sort_values("period_end", kind="stable").drop_duplicates(["measure", *UNIT], keep="last")
    return both[["measure", *UNIT, *funnel.PERIOD, "value", "qualifier", "sources"]]


@cache
def standings(year: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores of the indices that are known whole (of the year, or of the last before it), and the others: index,
    edition, geography, known, n_units. PAPI counts as whole over the provinces that it published. What is not
    published for the 34 is carried over the merger by simple mean."""
    scores = table("scores").query("component == 'overall'").dropna(subset=["score"])
    scores = scores[scores["edition"] == min(year, scores["edition"].max())]
    key = ["index", "edition", "geography"]
    known = scores.groupby(key, as_index=False).agg(known=("score", "count"), n_units=("n_units", "max"))
    whole = (known["known"] >= known["n_units"]) | (known["index"] == "papi")
    rows = scores.merge(known.loc[whole, key], on=key)
    new = rows.loc[rows["geography"] == "34", "index"]
    carried = geography.to_34(rows[~rows["index"].isin(new)]).dropna(subset=["score"])
    rows = pd.concat([rows.assign(carried=False), carried.assign(carried=True)])
    return rows[["index", "edition", *UNIT, "score", "n_units", "carried", "source_ids"]], known[~whole]


@cache
def pairs(year: int) -> pd.DataFrame:
    """One row a province with both figures, for each index and measure of the year, but for an index's own parts: n,
    statistic (Spearman), low, high (bootstrap, 95%; missing under `FEWEST` provinces)."""
    rows = measures(year).merge(standings(year)[0], on=UNIT)
    rows = rows[rows["measure"].str.split(":").str[0] != rows["index"]]
    found = []
    for key, pair in rows.groupby(PAIR):
        a, b = (pair.set_index("province_code")[column] for column in ("score", "value"))
        told = agreement.correlate(a, b)[:3] if len(pair) >= FEWEST else (np.nan,) * 3
        found.append((*key, len(pair), *told))
    return rows.merge(pd.DataFrame(found, columns=[*PAIR, "n", "statistic", "low", "high"]), on=PAIR)


def compute(case: YearCase) -> pd.DataFrame:
    """The rows of `pairs` that have a correlation, with both places of the province (1 is best)."""
    rows = pairs(case.year).dropna(subset=["statistic"])
    places = rows.groupby(PAIR)[["score", "value"]].rank(ascending=False)
    rows = rows.assign(place=places["score"], place_in_use=places["value"])
    rows["source_ids"] = rows["sources"] + ";" + rows["source_ids"]
    columns = [*PAIR, "edition", "carried", "n", "statistic", "low", "high", "province_code", *funnel.PERIOD]
    rows = rows[[*columns, "value", "qualifier", "score", "source_ids", "place", "place_in_use"]]
    measure = [*adoption.MEASURES, *POINTS]
    return funnel.in_order(rows, ["measure", "index", "place"], index=INDICES, measure=measure)


def draw(data: pd.DataFrame, case: YearCase) -> Axes:
    """A row of panels a measure, a panel an index, with its correlation above."""
    lang, groups = case.lang, data.groupby(["measure", "geography"], sort=False)
    columns = max(2, groups["index"].nunique().max())
    title, subtitle = (text(lang, f"scatter.{word}", year=case.year) for word in ("title", "subtitle"))
    made, area = style.figure(2.4 * len(groups) + 0.05, title, subtitle, labels.source_line(data, lang))
    axes = style.panels(made, area, len(groups), columns, (0.5, 1.18), (0.45, 0.42, 0.1, 0.8))
    for i, ((measure, _), rows) in enumerate(groups):
        across = axes[i * columns : (i + 1) * columns]
        ends = rows.assign(period_start=rows["period_start"].min(), period_end=rows["period_end"].max())
        heading = f"{_measure(str(measure), case)} · {funnel.period(next(ends.itertuples()), lang)}"
        across[0].text(0, 1.54, heading, transform=across[0].transAxes, weight="bold", size=9.2)
        for ax, (_, panel) in zip(across, rows.groupby("index", sort=False), strict=False):
            _panel(ax, panel, lang)
        for ax in across[rows["index"].nunique() :]:
            ax.remove()
    return axes[0]


def _measure(measure: str, case: YearCase) -> str:
    index, _, part = measure.partition(":")
    if not part:
        return f"{labels.indicator_name(measure, case.lang)}, %"
    name = f"{labels.index_name(index, case.lang)}: {labels.component_name(index, part, case.year, case.lang)}"
    return text(case.lang, "scatter.points", name=name)


def _panel(ax: Axes, rows: pd.DataFrame, lang: str) -> None:
    """Place against use, the two provinces that differ most marked; above them index, correlation and their names."""
    pair, n, values = rows.iloc[0], len(rows), rows["value"]
    colour = style.PROVINCE if pair["low"] > 0 or pair["high"] < 0 else style.MUTED
    faces = np.where(rows["qualifier"] == "exact", colour, "white")
    ax.scatter(rows["place"], values, s=20, c=faces, ec=colour, lw=0.8)
    apart = rows["place"] - rows["place_in_use"]
    ends = {"▲": rows.loc[apart.idxmax()], "▼": rows.loc[apart.idxmin()]}
    for mark, row in zip("^v", ends.values(), strict=True):
        ax.plot(row["place"], row["value"], mark, color=style.INK, ms=8.5, mec="white")
    names = [f"{mark} {province_name(row['province_code'], row['geography'])}" for mark, row in ends.items()]
    index = f"{labels.index_name(pair['index'], lang)} {pair['edition']}{' → 34' if pair['carried'] else ''}"
    ax.text(0, 1.33, index, transform=ax.transAxes, size=8.6, weight="bold")
    told = text(lang, "scatter.statistic", n=n, **labels.correlation(pair, lang))
    ax.text(0, 1.2, told, transform=ax.transAxes, size=7.3, color=colour)
    ax.text(0, 1.07, "   ".join(names), transform=ax.transAxes, size=7.3)
    ax.set(xlim=(n + 1, 0), xticks=[])
    ax.set_xlabel(text(lang, "scatter.place", n=n), size=7.2)
    ax.margins(y=0.12)
    ax.tick_params(labelsize=7.2)
    labels.ticks(ax.yaxis, lang)
    ax.yaxis.grid(True)
    ax.spines["left"].set_visible(False)


def describe(data: pd.DataFrame, case: YearCase) -> str:
    """In how many pairs ranks follow use beyond chance, and the strongest; or why the year cannot be answered."""
    lang = case.lang
    if data.empty:
        most = measures(case.year).groupby(["measure", "geography"]).size().max()
        return text(lang, "scatter.none", year=case.year, n=0 if pd.isna(most) else most, fewest=FEWEST)
    told = data.drop_duplicates(PAIR)
    best = told.loc[told["statistic"].idxmax()]
    name = f"{labels.index_name(best['index'], lang)} {best['edition']}"
    words = {"measure": _measure(best["measure"], case), "index": name, **labels.correlation(best, lang)}
    counts = {"pairs": len(told), "clear": (told["low"] > 0).sum(), "against": (told["high"] < 0).sum(), "n": best["n"]}
    return text(lang, "scatter.some", year=case.year, **counts, **words)


def refused(case: YearCase) -> str:
    """What the year has but no correlation is given for, with the reason: measures and indices; "" for none."""
    few = pairs(case.year).groupby("measure")[["n", "statistic"]].max().query("statistic.isna()")
    few = few["n"].sort_values(ascending=False, kind="stable")
    measured = "; ".join(f"{_measure(str(name), case)} (n = {n})" for name, n in few.items())
    said = text(case.lang, "scatter.few", fewest=FEWEST, measures=measured) if measured else ""
    return f"{said} {left_out(case)}".strip()


def left_out(case: YearCase) -> str:
    """The indices of the year that are known for a part of the provinces only, in a sentence; "" for none."""
    told = []
    for row in standings(case.year)[1].itertuples():
        name = labels.index_name(row.index, case.lang)
        told.append(text(case.lang, "scatter.partial", index=name, known=row.known, n=row.n_units))
    return text(case.lang, "scatter.left_out", indices="; ".join(told)) if told else ""
