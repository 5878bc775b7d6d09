"""The components of each index in one year: a province against the median, the best and the whole spread."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from vnegov.charts import labels, style
from vnegov.charts.labels import text
from vnegov.data.case import Case
from vnegov.data.schema import INDICES
from vnegov.data.tables import table

NAME = "components"


def compute(case: Case) -> pd.DataFrame:
    """One row a component directly below `overall` that at least nine in ten provinces have a score for.

    Columns: index, component, edition, score, rank, n_units, low, median, best (over all provinces with a
    score), best_code, known (how many), source_ids.
    """
    scores = table("scores")
    rows = scores[(scores["edition"] == case.year) & (scores["geography"] == case.geography) & scores["score"].notna()]
    tree = table("components")
    tree = tree[(tree["parent"] == "overall") & tree["first_edition"].fillna(0).le(case.year)]
    tree = tree[tree["last_edition"].fillna(9999).ge(case.year)][["index", "component"]].drop_duplicates()
    rows = rows.merge(tree.assign(place=range(len(tree))), on=["index", "component"])
    spread = rows.groupby(["index", "component"])["score"].agg(low="min", median="median", best="max", known="count")
    best = rows.loc[rows.groupby(["index", "component"])["score"].idxmax()]
    spread["best_code"] = best.set_index(["index", "component"])["province_code"]
    own = rows[rows["province_code"] == case.province_code].join(spread, on=["index", "component"])
    own = own[own["known"] >= 0.9 * own["n_units"]]
    order = own["index"].map({name: i for i, name in enumerate(INDICES)})
    own = own.assign(order=order).sort_values(["order", "place"], ignore_index=True)
    keep = ["index", "component", "edition", "score", "rank", "n_units", "low", "median", "best", "best_code"]
    return own[[*keep, "known", "source_ids"]]


def draw(data: pd.DataFrame, case: Case, axes: list[Axes] | None = None) -> Axes:
    """A block an index, a line a component: the spread of all provinces, the median, the best, the province."""
    lang = case.lang
    blocks = [rows for _, rows in data.groupby("index", sort=False)]
    if axes is None:
        title = text(lang, "components.title", province=case.province, year=case.year)
        known = dict.fromkeys([data["known"].min(), data["known"].max()])
        subtitle = text(lang, "components.subtitle", n="–".join(map(str, known)))
        body = 0.31 * len(data) + 0.72 * len(blocks)
        made, area = style.figure(body, title, subtitle, labels.source_line(data, lang))
        axes = _blocks(made, area, blocks)
    for i, (ax, rows) in enumerate(zip(axes, blocks, strict=True)):
        _block(ax, rows, lang, legend=i == 0)
    return axes[0]


def _blocks(made, area, blocks) -> list[Axes]:
    width, height = made.get_size_inches()
    top, axes = (area[1] + area[3]) * height, []
    for rows in blocks:
        tall = 0.31 * len(rows)
        top -= 0.42
        axes.append(made.add_axes((3.15 / width, (top - tall) / height, (width - 4.35) / width, tall / height)))
        top -= tall + 0.30
    return axes


def _block(ax: Axes, rows: pd.DataFrame, lang: str, legend: bool) -> None:
    for y, row in enumerate(rows.itertuples()):
        ax.plot([row.low, row.best], [y, y], color=style.RULE, lw=5, solid_capstyle="round", zorder=1)
        ax.plot([row.median] * 2, [y - 0.3, y + 0.3], color=style.MEDIAN, lw=2, zorder=2)
        ax.plot([row.best], [y], "D", color=style.LEADER, ms=5, zorder=3)
        ax.plot([row.score], [y], "o", color=style.PROVINCE, ms=8, zorder=4)
        beside: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "va": "center"}
        value = labels.score(row.score, lang)
        ax.annotate(value, (1, y), (10, 0), size=8, weight="bold", color=style.PROVINCE, **beside)
        if pd.notna(row.rank):
            rank = text(lang, "components.rank", rank=row.rank)
            ax.annotate(rank, (1, y), (52, 0), size=7.5, color=style.MUTED, **beside)
    index, edition = rows["index"].iloc[0], rows["edition"].iloc[0]
    names = [labels.component_name(index, component, edition, lang) for component in rows["component"]]
    short = [name if len(name) <= 44 else name[:42].rsplit(" ", 1)[0] + "…" for name in names]
    ax.set_yticks(range(len(rows)), short, size=8.5)
    ax.set_ylim(len(rows) - 0.5, -0.6)
    ax.tick_params(axis="x", labelsize=7.5)
    ax.xaxis.grid(True)
    labels.ticks(ax.xaxis, lang)
    ax.spines["left"].set_visible(False)
    heading = f"{labels.index_name(index, lang)} {edition}"
    ax.annotate(heading, (0, 1), (-211, 10), xycoords="axes fraction", textcoords="offset points", weight="bold")
    if legend:
        words = [("o", style.PROVINCE, "province"), ("|", style.MEDIAN, "median"), ("D", style.LEADER, "best")]
        for x, (mark, colour, key) in zip((0.0, 0.3, 0.55), words, strict=True):
            word = text(lang, f"components.{key}")
            ax.plot([x], [1.0 + 0.17 / (0.31 * len(rows))], mark, color=colour, ms=6, mew=2 if mark == "|" else 1,
                    transform=ax.transAxes, clip_on=False)  # fmt: skip
            ax.annotate(
                word, (x, 1), (8, 10), xycoords="axes fraction", textcoords="offset points", size=8, color=colour
            )


def describe(data: pd.DataFrame, case: Case) -> str:
    """A sentence an index: the component furthest above the median, and the one furthest below it."""
    lang, sentences = case.lang, []
    if data.empty:
        return text(lang, "components.none", year=case.year)
    for index, rows in data.groupby("index", sort=False):
        # in units of the spread, so that components on different scales compare
        gap = (rows["score"] - rows["median"]) / (rows["best"] - rows["low"]).where(lambda width: width > 0)
        names = {i: labels.component_name(index, part, case.year, lang) for i, part in rows["component"].items()}
        told = {"index": labels.index_name(index, lang), "above": int((gap > 0).sum()), "n": len(rows)}
        sentence = text(lang, "components.above", **told)
        if gap.max() > 0:
            sentence += text(lang, "components.most", name=names[gap.idxmax()])
        if gap.min() < 0:
            sentence += text(lang, "components.least", name=names[gap.idxmin()])
        sentences.append(sentence + ".")
    return " ".join(sentences)
