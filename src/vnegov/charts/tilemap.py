"""The provinces as tiles of one size, placed as on the map and coloured by score; unknown ones are hatched."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle

from vnegov.charts import distribution, editions, style
from vnegov.charts.labels import text
from vnegov.data.case import EditionCase, province_name
from vnegov.data.tables import table
from vnegov.metrics import ranking

NAME = "tilemap"
ISLANDS = {"48": ("Hoàng Sa", 0.0), "56": ("Trường Sa", 0.3)}  # by the province that each belongs to
SPOTS = np.array([[-0.16, 0.02, 0.17, -0.03, 0.12], [-0.2, -0.32, -0.16, -0.06, 0.06]])  # an archipelago, in tiles
UNKNOWN: dict[str, Any] = {"fc": "white", "ec": style.OTHERS, "hatch": "////", "lw": 0.6}


def compute(case: EditionCase) -> pd.DataFrame:
    """`editions.standings` of all provinces, known or not, with tile_row and tile_col; empty where none is known."""
    known = editions.standings(case)
    places = table("provinces").query("geography == @case.geography").rename(columns={"code": "province_code"})
    tiles = places[["province_code", "region", "tile_row", "tile_col"]].merge(known, how="left")
    tiles["province"] = [province_name(code, case.geography) for code in tiles["province_code"]]
    return tiles if len(known) else tiles.iloc[:0]


def draw(data: pd.DataFrame, case: EditionCase) -> Axes:
    """A tile a province with its rank (its score where none has a rank); Hoàng Sa and Trường Sa in the east."""
    lang, known = case.lang, data[data["source_ids"].notna()]
    shown = "rank" if known["rank"].notna().any() else "score"
    rows, unit, told = data["tile_row"].max(), editions.unit(known, case), text(lang, f"table.{shown}").lower()
    words = {"name": editions.title(case), "unit": unit, "shown": told, "known": editions.coverage(known, lang)}
    ax = editions.frame(NAME, data, lang, 0.48 * rows + 0.1, (0, 0.1, 0, 0), **words)
    colours = editions.colours(known)
    shades = colours.to_rgba(data[editions.measure(known)].astype("float64"))
    for row, shade, figure in zip(data.itertuples(), shades, editions.figures(data[shown], lang), strict=True):
        _tile(ax, row, shade if shade[3] else None, figure)  # what is not known has no colour
    ax.set(xlim=(0.5, data["tile_col"].max() + 1.5), ylim=(rows + 0.5, 0.5))
    ax.set_axis_off()
    scale = ax.inset_axes((0.7, 0.58 * rows, 2.8, 0.4), transform=ax.transData)
    bar = ax.figure.colorbar(colours, cax=scale, orientation="horizontal", ticks=colours.get_clim())
    bar.set_ticklabels(editions.figures(pd.Series(colours.get_clim()), lang), size=7.5)
    bar.outline.set_visible(False)
    scale.set_title(unit.capitalize(), size=8)
    if known[editions.measure(known)].count() < known["n_units"].max():
        handle = Patch(label=text(lang, "tilemap.unknown"), **UNKNOWN)
        ax.legend(handles=[handle], loc="upper left", frameon=False, fontsize=7.5, bbox_to_anchor=(0, 0.36))
    return ax


def _tile(ax: Axes, row: Any, shade: np.ndarray | None, figure: str) -> None:
    x, y, bare = row.tile_col, row.tile_row, figure == "–"
    look: dict[str, Any] = UNKNOWN if shade is None else {"fc": shade, "lw": 0}
    ink = style.MUTED if shade is None else style.INK if shade[:3].mean() > 0.5 else "white"
    middle: dict[str, Any] = {"ha": "center", "va": "center", "color": ink, "linespacing": 0.95}
    clear = {"fc": "white", "ec": "none", "pad": 0.8} if shade is None else None
    ax.add_patch(Rectangle((x - 0.475, y - 0.465), 0.95, 0.93, **look))
    ax.text(x, y - (0 if bare else 0.2), row.province.replace(" – ", " –\n"), size=6.8, bbox=clear, **middle)
    ax.text(x, y + 0.26, "" if bare else figure, size=9, weight="bold", **middle)
    if row.province_code in ISLANDS:
        islands, shift = ISLANDS[row.province_code]
        ax.scatter(SPOTS[0] + x + 0.95, SPOTS[1] + y + shift, s=15, fc=look["fc"], ec=style.OTHERS, lw=0.6)
        ax.text(x + 0.95, y + shift + 0.2, f"{islands}\n({row.province})", size=6.8, ha="center", va="top")


def describe(data: pd.DataFrame, case: EditionCase) -> str:
    """Which regions hold the first and the last quarter of the table, where all is known; else how much is."""
    lang, known = case.lang, data[data["source_ids"].notna()]
    if known.empty or not editions.whole(known):
        return distribution.describe(known, case)
    quarters, told = ranking.quartile(ranking.ranks(known["score"]), len(known)), {}
    for key, quarter in (("first", 1), ("last", 4)):
        counts = known.loc[quarters == quarter, "region"].value_counts(sort=False)
        most = ", ".join(editions.region(part, lang) for part in counts.index[counts == counts.max()])
        told[key] = text(lang, "tilemap.part", regions=most, most=counts.max(), n=counts.sum())
    return text(lang, "tilemap.some", name=editions.title(case), known=editions.coverage(known, lang), **told)
