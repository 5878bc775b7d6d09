"""The provinces as tiles of one size, placed as on the map and coloured by score; unknown ones are hatched."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle

from vnegov.charts import distribution, labels, style
from vnegov.charts.distribution import SCALE, coverage, figures, region, title, unit
from vnegov.charts.labels import text
from vnegov.data.case import EditionCase, province_name
from vnegov.data.tables import table
from vnegov.metrics import ranking

NAME = "tilemap"
ISLANDS = {"48": ("Hoàng Sa", 0.0), "56": ("Trường Sa", 0.3)}  # by the province that each belongs to
_LEGEND, _TALL = {"63": 10.7, "34": 8.4}, {"63": 0.46, "34": 0.52}  # a row; a tile's height in inches
_GROUP = np.array([[-0.16, -0.2], [0.02, -0.32], [0.17, -0.16], [-0.03, -0.06], [0.12, 0.06]])
_BLANK: dict[str, Any] = {"fc": "white", "ec": style.OTHERS, "hatch": "////", "lw": 0.6}


def compute(case: EditionCase) -> pd.DataFrame:
    """One row a province, known or not: tile_row, tile_col, and the columns of `distribution.compute`.

    Empty where nothing is known of any.
    """
    known = distribution.compute(case)
    places = table("provinces").rename(columns={"code": "province_code"})
    places = places[places["geography"] == case.geography]
    tiles = places[["province_code", "region", "tile_row", "tile_col"]].merge(known, how="left")
    tiles["province"] = [province_name(code, case.geography) for code in tiles["province_code"]]
    return tiles if len(known) else tiles.iloc[:0]


def draw(data: pd.DataFrame, case: EditionCase, ax: Axes | None = None) -> Axes:
    """A tile a province with its rank (its score where none has a rank); Hoàng Sa and Trường Sa in the east."""
    lang, known = case.lang, data[data["source_ids"].notna()]
    field, shown = distribution.measure(known), "rank" if known["rank"].notna().any() else "score"
    values = data[field].astype("float64")
    low, high = (values.min(), values.max()) if field == "score" else (1, known["n_units"].max())
    shares = pd.Series(Normalize(low, high if high > low else low + 1)(values), index=data.index)
    shares = shares.where(values.notna()) if field == "score" else 1 - shares.where(values.notna())
    rows, columns = data["tile_row"].max(), data["tile_col"].max() + 1
    if ax is None:
        key = "tilemap.ranked" if shown == "rank" else "tilemap.scored"
        subtitle = text(lang, key, unit=unit(known, case), known=coverage(known, lang))
        heading, source = text(lang, "tilemap.title", name=title(case)), labels.source_line(known, lang)
        made, area = style.figure(_TALL[case.geography] * rows + 0.1, heading, subtitle, source)
        ax = style.panels(made, area, 1, 1, (0, 0), (0, 0.1, 0, 0))[0]
    told = figures(data[shown], lang)
    for row, share, figure in zip(data.itertuples(), shares, told, strict=True):
        x, y, blank, name = row.tile_col, row.tile_row, pd.isna(share), row.province.replace(" – ", " –\n")
        look: dict[str, Any] = _BLANK if blank else {"fc": SCALE(share), "lw": 0}
        ink = style.MUTED if blank else style.INK if share < 0.5 else "white"
        words: dict[str, Any] = {"ha": "center", "va": "center", "color": ink}
        ax.add_patch(Rectangle((x - 0.475, y - 0.465), 0.95, 0.93, **look))
        bare = figure == "–"
        clear = distribution.CLEAR if blank else None
        ax.text(x, y - (0 if bare else 0.2), name, size=6.8, linespacing=0.95, bbox=clear, **words)
        if not bare:
            ax.text(x, y + (0.28 if "\n" in name else 0.2), figure, size=9, weight="bold", **words)
        if row.province_code in ISLANDS:
            islands, shift = ISLANDS[row.province_code]
            spots, edge = np.add(_GROUP, [x + 0.95, y + shift]), style.OTHERS if blank else look["fc"]
            ax.scatter(spots[:, 0], spots[:, 1], s=15, fc=look["fc"], ec=edge, lw=0.6)
            ax.text(x + 0.95, y + shift + 0.2, f"{islands}\n({row.province})", size=6.8, ha="center", va="top")
    _legend(ax, known, case, field)
    ax.set(xlim=(0.5, columns + 0.5), ylim=(rows + 0.5, 0.5))
    ax.set_axis_off()
    return ax


def _legend(ax: Axes, known: pd.DataFrame, case: EditionCase, field: str) -> None:
    y, step = _LEGEND[case.geography], 2.8 / SCALE.N
    for i in range(SCALE.N):
        ax.add_patch(Rectangle((0.6 + i * step, y), step + 0.005, 0.4, fc=SCALE(i), lw=0))
    ends = known.dropna(subset=[field]).sort_values(field, kind="stable").iloc[[0, -1]]
    told = [f"{value}\n{name}" for value, name in zip(figures(ends[field], case.lang), ends["province"], strict=True)]
    told = told if field == "score" else [f"{known['n_units'].max():.0f}", "1"]
    ax.text(0.6, y + 0.55, told[0], size=7.5, va="top")
    ax.text(3.4, y + 0.55, told[1], size=7.5, va="top", ha="right")
    ax.text(0.6, y - 0.15, unit(known, case).capitalize(), size=8, weight="bold", va="bottom")
    if known[field].count() < known["n_units"].max():
        ax.add_patch(Rectangle((0.6, y + 1.9), 0.5, 0.45, **_BLANK))
        ax.text(1.2, y + 2.12, text(case.lang, "tilemap.unknown"), size=7.5, va="center")


def describe(data: pd.DataFrame, case: EditionCase) -> str:
    """Which regions hold the first and the last quarter of the table, where all is known; else how much is."""
    lang, known = case.lang, data[data["source_ids"].notna()]
    if known.empty or not distribution.whole(known):
        return distribution.describe(known, case)
    quarters, told = ranking.quartile(ranking.ranks(known["score"]), len(known)), {}
    for key, quarter in (("first", 1), ("last", 4)):
        counts = known.loc[quarters == quarter, "region"].value_counts(sort=False)
        most = ", ".join(region(part, lang) for part in counts.index[counts == counts.max()])
        told[key] = text(lang, "tilemap.part", regions=most, most=counts.max(), n=counts.sum())
    return text(lang, "tilemap.some", name=title(case), known=coverage(known, lang), **told)
