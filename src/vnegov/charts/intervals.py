"""How far a rank moves when weights, normalisation and aggregation move: an index rebuilt in many ways."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from vnegov.charts import labels, style
from vnegov.charts.distribution import columns, figures, title
from vnegov.charts.labels import text
from vnegov.data.case import EditionCase, province_name
from vnegov.data.tables import table
from vnegov.metrics import composite

NAME = "intervals"
DRAWS = 500


def components(case: EditionCase) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """The scores provinces × main components, of those components that nine in ten provinces have; and their tree.

    Weights are the most points that a component can give. The last is how many main components there are.
    """
    scores, tree = table("scores"), table("components")
    tree = tree[(tree["index"] == case.index) & (tree["parent"] == "overall")]
    tree = tree[tree["first_edition"].fillna(0).le(case.edition) & tree["last_edition"].fillna(9999).ge(case.edition)]
    tree = tree[~tree["component"].str.endswith("_pillar")]  # the pillars of DTI are sums of its other components
    rows = scores[(scores["index"] == case.index) & (scores["geography"] == case.geography)]
    rows = rows[(rows["edition"] == case.edition) & rows["component"].isin(tree["component"])]
    values = rows.pivot(index="province_code", columns="component", values="score")
    least = 0.9 * rows["n_units"].max() if len(rows) else 1
    values = values.loc[:, values.count() >= least].dropna()
    nodes = tree[tree["component"].isin(values.columns)]
    weight = nodes["scale_max"].fillna(1.0)
    nodes = pd.DataFrame({"node": nodes["component"], "parent": "index", "weight": weight, "direction": 1})
    return values, nodes.reset_index(drop=True), len(tree)


def compute(case: EditionCase) -> pd.DataFrame:
    """One row a province that has all components of `components`, in the order of their ranks.

    Columns: province_code, province, rank (in the index itself; missing where it has none), median, low, high
    (the median rank over DRAWS ways of building the index, and the interval that holds 90% of them), used and
    of (main components), source_ids. Empty where fewer than two components are known for all.
    """
    values, tree, of = components(case)
    if len(tree) < 2:
        return pd.DataFrame(columns=["province_code", "source_ids"])
    data = composite.rank_intervals(composite.rank_draws(values, tree, n=DRAWS)).reset_index()
    scores = table("scores")
    rows = scores[(scores["index"] == case.index) & (scores["geography"] == case.geography)]
    rows = rows[rows["edition"] == case.edition]
    overall = rows.loc[rows["component"] == "overall", ["province_code", "rank"]]
    sources = rows[rows["component"].isin(tree["node"])].groupby("province_code")["source_ids"]
    data = data.merge(overall, how="left").assign(used=len(tree), of=of)
    data["source_ids"] = data["province_code"].map(sources.agg(";".join))
    data["province"] = [province_name(code, case.geography) for code in data["province_code"]]
    order = ["province_code", "province", "rank", "median", "low", "high", "used", "of", "source_ids"]
    return data.sort_values(["rank", "median", "province_code"], ignore_index=True)[order]


def draw(data: pd.DataFrame, case: EditionCase, ax: Axes | None = None) -> Axes:
    """A line a province: the interval as a bar, the median as a dot, the rank in the index itself as a ring."""
    lang, n = case.lang, len(data)
    if ax is None:
        heading, subtitle = (text(lang, f"intervals.{key}", **_told(data, case)) for key in ("title", "subtitle"))
        subtitle += text(lang, "intervals.ring") if data["rank"].notna().any() else ""
        made, area = style.figure(0.168 * n + 0.55, heading, subtitle, labels.source_line(data, lang))
        ax = style.panels(made, area, 1, 1, (0, 0), (1.4, 0.25, 0.75, 0.25))[0]
    edge: dict[str, Any] = {
        "xycoords": ("axes fraction", "data"),
        "textcoords": "offset points",
        "va": "center",
        "size": 7.5,
    }
    for y, row in enumerate(data.itertuples()):
        ax.plot([1, n], [y, y], color=style.RULE, lw=0.6, zorder=0)
        ax.plot([row.low, row.high], [y, y], color=style.OTHERS, lw=5, solid_capstyle="round", zorder=1)
        if pd.notna(row.rank):
            ax.plot([row.rank], [y], "o", mfc="none", mec=style.INK, ms=7.5, mew=1.1, zorder=4)
        ax.plot([row.median], [y], "o", color=style.PROVINCE, ms=4.5, zorder=3)
        name = row.province if pd.isna(row.rank) else f"{row.province}  {row.rank}"
        ax.annotate(name, (0, y), (-6, 0), ha="right", **edge)
        ax.annotate(f"{row.low:.0f}–{row.high:.0f}", (1, y), (8, 0), color=style.MUTED, **edge)
    ax.set(xlim=(0, n + 1), ylim=(n - 0.3, -0.7), yticks=[], xticks=[1, *range(10, n - 2, 10), n])
    ax.tick_params(axis="x", labelsize=7.5, top=True, labeltop=True)
    ax.spines["left"].set_visible(False)
    return ax


def markdown(case: EditionCase) -> str:
    """What moves the ranks: each component left out, and each choice's part in the shifts (Sobol total index)."""
    values, tree, _ = components(case)
    if len(tree) < 2:
        return ""
    lang = case.lang
    shifts = composite.leave_one_out(values, tree).astype("float64")
    parts = composite.sensitivity(values, tree)["total"]
    who = shifts.abs().idxmax()
    most = [shifts.loc[code, name] for name, code in who.items()]
    places = figures(pd.Series([-shift for shift in most]), lang, signed=True)
    names = [province_name(code, case.geography) for code in who]
    choices = ["normalise", "aggregate", "weights"]
    cells = {
        "choice": [
            *(text(lang, f"intervals.{choice}") for choice in choices),
            *(labels.component_name(case.index, name, case.edition, lang) for name in tree["node"]),
        ],
        "shift": ["–"] * 3 + [labels.number(shift, lang, 1) for shift in shifts.abs().mean()],
        "most": ["–"] * 3 + [f"{name} ({shift})" for name, shift in zip(names, places, strict=True)],
        "share": figures((100 * parts).round(), lang),
    }
    return columns(cells, lang, 1)


def _told(data: pd.DataFrame, case: EditionCase) -> dict:
    used, of = data["used"].iloc[0], data["of"].iloc[0]
    parts = text(case.lang, f"intervals.{'all' if used == of else 'some'}_parts", used=used, of=of)
    return {"name": title(case), "draws": DRAWS, "n": len(data), "parts": parts}


def describe(data: pd.DataFrame, case: EditionCase) -> str:
    """How wide the intervals are, which is widest, and how far the medians lie from the ranks."""
    lang = case.lang
    if data.empty:
        return text(lang, "intervals.none", name=title(case))
    wide, told = data["high"] - data["low"], _told(data, case)
    for key, row in (("narrow", data.loc[wide.idxmin()]), ("wide", data.loc[wide.idxmax()])):
        ends = {"low": f"{row['low']:.0f}", "high": f"{row['high']:.0f}"}
        told[key] = text(lang, "intervals.span", province=row["province"], **ends)
    told["width"] = labels.number(wide.median(), lang, 0)
    said = text(lang, "intervals.some", **told)
    if data["rank"].notna().all():
        gap = (data["median"] - data["rank"].astype("float64")).abs().mean()
        said += text(lang, "intervals.gap", gap=labels.number(gap, lang, 1))
    return said + (text(lang, "intervals.partly") if data["used"].iloc[0] < data["of"].iloc[0] else "")
