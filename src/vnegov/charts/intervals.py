"""How far a rank moves when weights, normalisation and aggregation move: an index rebuilt in many ways."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from vnegov.charts import editions, labels, style
from vnegov.charts.labels import text
from vnegov.data.case import EditionCase, province_name
from vnegov.metrics import composite

NAME = "intervals"
DRAWS = 500


def components(case: EditionCase) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """Scores, provinces × those main components that nine in ten provinces have; their tree, weighted by the most
    points that each can give; and how many main components there are."""
    main = editions.components(case).query("parent == 'overall'")
    main = main[~main["component"].str.endswith("_pillar")]  # the pillars of DTI are sums of its other components
    rows = editions.scores(case).query("component in @main.component")
    values = rows.pivot(index="province_code", columns="component", values="score")
    values = values.loc[:, values.count() >= 0.9 * rows["n_units"].max()].dropna()
    nodes = main[main["component"].isin(values.columns)]
    tree = {"node": nodes["component"], "parent": "index", "weight": nodes["scale_max"].fillna(1.0), "direction": 1}
    return values, pd.DataFrame(tree).reset_index(drop=True), len(main)


def compute(case: EditionCase) -> pd.DataFrame:
    """One row a province that has all of `components`, by rank in the index itself (missing where it has none): median,
    low, high (over DRAWS ways of building it, with the 90% interval), used and of (main components). Empty where fewer
    than two components are known."""
    values, tree, of = components(case)
    if len(tree) < 2:
        return pd.DataFrame(columns=["province_code", "source_ids"])
    rows = editions.scores(case)
    data = composite.rank_intervals(composite.rank_draws(values, tree, n=DRAWS)).reset_index()
    data = data.merge(rows.loc[rows["component"] == "overall", ["province_code", "rank"]], how="left")
    sources = rows[rows["component"].isin(tree["node"])].groupby("province_code")["source_ids"].agg(";".join)
    names = [province_name(code, case.geography) for code in data["province_code"]]
    data = data.assign(province=names, used=len(tree), of=of, source_ids=data["province_code"].map(sources))
    columns = ["province_code", "province", "rank", "median", "low", "high", "used", "of", "source_ids"]
    return data.sort_values(["rank", "median", "province_code"], ignore_index=True)[columns]


def draw(data: pd.DataFrame, case: EditionCase) -> Axes:
    """A line a province: the interval as a bar, the median as a dot, the rank in the index itself as a ring."""
    places, ranks = data.index.to_series(), data["rank"].astype("float64")
    ring = text(case.lang, "intervals.ring") if ranks.notna().any() else ""
    tall, pad = 0.168 * len(data) + 0.6, (1.45, 0.25, 0.75, 0.25)
    ax = editions.frame(NAME, data, case.lang, tall, pad, ring=ring, **_told(data, case))
    editions.rank_axis(ax, places, len(data))
    ax.tick_params(axis="x", top=True, labeltop=True)
    ax.hlines(places, data["low"], data["high"], color=style.OTHERS, lw=5, capstyle="round", zorder=1)
    ax.plot(ranks, places, "o", mfc="none", mec=style.INK, ms=7.5, mew=1.1)
    ax.plot(data["median"], places, "o", color=style.PROVINCE, ms=4.5)
    editions.beside(ax, places, data["province"] + ("  " + data["rank"].astype("string")).fillna(""))
    spans = [f"{row.low:.0f}–{row.high:.0f}" for row in data.itertuples()]
    editions.beside(ax, places, spans, "right", style.MUTED)
    return ax


def markdown(case: EditionCase) -> str:
    """What moves the ranks: each component left out, and each choice's part in the shifts (Sobol total index)."""
    values, tree, _ = components(case)
    if len(tree) < 2:
        return ""
    lang = case.lang
    shifts = -composite.leave_one_out(values, tree).astype("float64")  # places gained
    parts = composite.sensitivity(values, tree)["total"]
    who = shifts.abs().idxmax()
    most = editions.figures(pd.Series([shifts.loc[code, name] for name, code in who.items()]), lang, signed=True)
    choices = [text(lang, f"intervals.{choice}") for choice in ("normalise", "aggregate", "weights")]
    names = [labels.component_name(case.index, name, case.edition, lang) for name in tree["node"]]
    cells = {
        "choice": choices + names,
        "shift": ["–"] * 3 + [labels.number(shift, lang, 1) for shift in shifts.abs().mean()],
        "most": ["–"] * 3 + [f"{province_name(c, case.geography)} ({m})" for c, m in zip(who, most, strict=True)],
        "share": editions.figures((100 * parts).round(), lang),
    }
    return editions.columns(cells, lang, 1)


def _told(data: pd.DataFrame, case: EditionCase) -> dict[str, Any]:
    used, of = data["used"].iloc[0], data["of"].iloc[0]
    parts = text(case.lang, f"intervals.{'all' if used == of else 'some'}_parts", used=used, of=of)
    return {"name": editions.title(case), "draws": DRAWS, "n": len(data), "parts": parts}


def describe(data: pd.DataFrame, case: EditionCase) -> str:
    """How wide the intervals are, which is widest, and how far the medians lie from the ranks."""
    lang = case.lang
    if data.empty:
        return text(lang, "intervals.none", name=editions.title(case))
    wide, told = data["high"] - data["low"], _told(data, case)
    for key, row in (("narrow", data.loc[wide.idxmin()]), ("wide", data.loc[wide.idxmax()])):
        told[key] = f"{row['province']} ({row['low']:.0f}–{row['high']:.0f})"
    said = text(lang, "intervals.some", width=labels.number(wide.median(), lang, 0), **told)
    if data["rank"].notna().all():
        gap = (data["median"] - data["rank"].astype("float64")).abs().mean()
        said += text(lang, "intervals.gap", gap=labels.number(gap, lang, 1))
    return said + (text(lang, "intervals.partly") if data["used"].iloc[0] < data["of"].iloc[0] else "")
