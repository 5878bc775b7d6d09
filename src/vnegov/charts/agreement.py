"""Whether the indices agree: rank correlations between all that are known whole for a year, as a heatmap."""

from __future__ import annotations

import textwrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from seaborn import heatmap

from vnegov.charts import labels, scatter, style
from vnegov.charts.labels import text
from vnegov.data.case import YearCase
from vnegov.data.schema import INDICES
from vnegov.metrics import agreement

NAME = "agreement"
COLOURS = LinearSegmentedColormap.from_list("agreement", [style.LEADER, "white", style.PROVINCE])


def compute(case: YearCase) -> pd.DataFrame:
    """One row a pair of indices that are known whole; none where there are fewer than two.

    Columns: index_a, index_b, statistic (Spearman), low, high (bootstrap, 95%), n, reason (why refused, else ""),
    edition, geography ("34" where one is published for the 34 only, and the other is carried over), source_ids.
    """
    rows, _ = scatter.standings(case.year)
    found = []
    for geography, group in rows.groupby("geography", sort=False):
        group = group.assign(n_units=group.groupby("index")["score"].transform("count"))  # all that were published
        found.append(agreement.pairwise(group).assign(geography=geography))
    pairs = pd.concat(found).sort_values("geography", ascending=False)
    pairs = pairs.drop_duplicates(["index_a", "index_b"], ignore_index=True)
    ids = rows.groupby("index")["source_ids"].agg(lambda cells: ";".join(dict.fromkeys(";".join(cells).split(";"))))
    sources = pairs["index_a"].map(ids) + ";" + pairs["index_b"].map(ids)
    return pairs.assign(edition=rows["edition"].max(), source_ids=sources)


def draw(data: pd.DataFrame, case: YearCase, ax: Axes | None = None) -> Axes:
    """A square a pair, blue where the indices agree and orange where they do not, with interval and n."""
    lang = case.lang
    names = sorted({*data["index_a"], *data["index_b"]}, key=list(INDICES).index)
    foot = textwrap.wrap(scatter.left_out(case), 125)
    if ax is None:
        title, subtitle = (text(lang, f"agreement.{w}", year=data["edition"].max()) for w in ("title", "subtitle"))
        below = 0.42 + 0.15 * len(foot)
        made, area = style.figure(0.62 * (len(names) - 1) + below, title, subtitle, labels.source_line(data, lang))
        ax = style.panels(made, area, 1, 1, (0, 0), (1.5, below, 0.1, 0))[0]
    named = [labels.index_name(name, lang) for name in names]
    cells = pd.DataFrame(np.nan, index=named[1:], columns=named[:-1])
    for pair in data.to_dict("records"):
        x, y = sorted((names.index(pair["index_a"]), names.index(pair["index_b"])))
        cells.iloc[y - 1, x] = pair["statistic"]
        ink = "white" if abs(pair["statistic"]) > 0.65 else style.INK
        told = labels.correlation(pair, lang)
        ax.text(x + 0.5, y - 0.53, told["rho"], ha="center", va="bottom", size=11, weight="bold", color=ink)
        interval = text(lang, "agreement.interval", n=pair["n"], **told)
        ax.text(x + 0.5, y - 0.43, interval, ha="center", va="top", size=7.2, color=ink)
    heatmap(cells, vmin=-1, vmax=1, cmap=COLOURS, mask=cells.isna(), cbar=False, linewidths=3, ax=ax)
    ax.set_xlim(0, max(len(names) - 1, 2))
    ax.tick_params(length=0, rotation=0, labelcolor=style.INK)
    ax.annotate("\n".join(foot), (0, 0), (-108, -28), xycoords="axes fraction", textcoords="offset points",
                size=7.4, color=style.MUTED, va="top", linespacing=1.35)  # fmt: skip
    return ax


def describe(data: pd.DataFrame, case: YearCase) -> str:
    """How many pairs agree beyond chance, and which agree most and least; what was refused if none is left."""
    lang, told = case.lang, []
    if data.empty:
        return f"{text(lang, 'agreement.none', year=case.year)} {scatter.left_out(case)}".strip()
    for pair in (data.loc[data["statistic"].idxmax()], data.loc[data["statistic"].idxmin()]):
        names = {side: labels.index_name(pair[f"index_{side}"], lang) for side in ("a", "b")}
        told.append(text(lang, "agreement.pair", n=pair["n"], **names, **labels.correlation(pair, lang)))
    words = {"year": data["edition"].max(), "n": len(data), "clear": (data["low"] > 0).sum()}
    key = "agreement.some" if len(data) > 1 else "agreement.one"
    return text(lang, key, **words, most=told[0], least=told[1])
