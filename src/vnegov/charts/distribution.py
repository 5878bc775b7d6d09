"""Where all provinces stand in one edition of an index: the whole table, its spread, and that of each region."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from seaborn import swarmplot

from vnegov.charts import editions, labels, style
from vnegov.charts.editions import figures, ladder, region
from vnegov.charts.labels import text
from vnegov.data.case import EditionCase
from vnegov.data.tables import table

NAME = "distribution"
REGIONS = ("VN", "NMM", "RRD", "NCC", "CH", "SE", "MRD")  # from north to south, after the country
CLEAR = {"fc": "white", "ec": "none", "pad": 0.8}  # what lies behind a name
compute = editions.standings


def markdown(data: pd.DataFrame, case: EditionCase) -> str:
    """The whole table, best first, with the changes on the edition before where the two compare."""
    if data.empty:
        return ""
    lang = case.lang
    basis = {name: text(lang, f"basis.{name}") for name in ("inferred", "derived", "computed")}
    cells = {
        "province": data["province"].tolist(),
        "rank": figures(data["rank"], lang),
        "score": figures(data["score"], lang),
        "gained": figures(data["rank_change"], lang, signed=True),
        "change": figures(data["score_change"], lang, signed=True),
        "basis": data["rank_basis"].map(basis).fillna("–").tolist(),
    }
    return editions.columns(cells, lang, 1, before=data["edition_before"].max())


def _lines(data: pd.DataFrame, case: EditionCase) -> pd.DataFrame:
    """The country ("VN") and its regions from the north, of an index known whole with their middle: the country's
    median, the mean of a region of which every province is known; n (known), of (its provinces), y (in the chart)."""
    rows, places = ladder(data), table("provinces").query("geography == @case.geography")
    lines = rows.groupby("region")["value"].agg(middle="mean", n="count")
    lines["of"] = places["region"].value_counts()
    lines["middle"] = lines["middle"].where(lines["n"].eq(lines["of"]) & lines["n"].gt(1))
    lines.loc["VN"] = [rows["value"].median(), len(rows), len(places)]
    if not editions.whole(data):
        lines["middle"] = np.nan
    lines = lines.loc[sorted(lines.index, key=lambda part: (REGIONS.index(part.split("+")[0]), len(part)))]
    return lines.assign(y=[0.45, *(1.1 + 0.35 * np.arange(len(lines) - 1))])


def draw(data: pd.DataFrame, case: EditionCase) -> Axes:
    """A dot a province: all on one line, then region by region, with the mean of a region known whole."""
    lang, lines, rows, shades = case.lang, _lines(data, case), ladder(data), editions.colours(data)
    words = {"unit": editions.unit(data, case).capitalize(), "known": editions.coverage(data, lang)}
    section, tall = NAME if editions.whole(data) else "distribution_few", lines["y"].max() + 0.25
    pad = (1.85, 0.25, 1.6, 0)
    ax = editions.frame(section, data, lang, 1.25 * tall + 0.25, pad, name=editions.title(case), **words)
    for dots in (rows.assign(y=lines.loc["VN", "y"]), rows.assign(y=rows["region"].map(lines["y"]))):
        swarmplot(
            dots, x="value", y="y", orient="h", native_scale=True, size=5.8, warn_thresh=1, legend=False, ax=ax,
            hue="value", hue_norm=shades.norm, palette=shades.cmap,
        )  # fmt: skip
        for y, line in dots.groupby("y"):
            for end, shift, side in ((0, 7, "left"), (-1, -7, "right"))[: len(line)]:
                place, at = line["province"].iloc[end], (line["value"].iloc[end], y)
                look: dict[str, Any] = {"ha": side, "va": "center", "size": 7.5, "bbox": CLEAR, "zorder": 2.5}
                ax.annotate(place, at, (shift, 0), textcoords="offset points", **look)
    editions.beside(ax, lines["y"], [region(part, lang).replace(" + ", " +\n") for part in lines.index])
    editions.beside(ax, lines["y"], [_known(line, lang) for line in lines.itertuples()], "right", style.MUTED)
    ax.plot(lines["middle"].iloc[1:], lines["y"].iloc[1:], "|", color=style.INK, ms=20, mew=1.6)
    ax.axvline(lines.loc["VN", "middle"], color=style.MEDIAN, lw=1, ls=(0, (3, 3)), zorder=1)
    low, high = shades.get_clim()
    room = 0.45 * (high - low or 1)  # for a name on either side of the furthest dots
    ax.set(xlim=(low - room, high + room), ylim=(tall, 0), xlabel="", ylabel="")
    if editions.measure(data) == "rank":
        ax.set_xticks([1, *range(10, int(high) + 1, 10)])
        ax.invert_xaxis()
    labels.ticks(ax.xaxis, lang)
    ax.tick_params(axis="x", labelsize=7.5)
    ax.xaxis.grid(True)
    return ax


def _known(line: Any, lang: str) -> str:
    key = "edition.whole" if line.n == line.of else "distribution.n_of"
    n = text(lang, key, n=int(line.n), of=int(line.of))
    if pd.isna(line.middle):
        return n
    middle = labels.number(line.middle, lang, 3 if abs(line.middle) < 1 else 2)
    return text(lang, f"distribution.{'median' if line.Index == 'VN' else 'mean'}", middle=middle, n=n)


def describe(data: pd.DataFrame, case: EditionCase) -> str:
    """The range, the median and the regions' means where all is known; else how much is, and what of it is first."""
    lang, name = case.lang, editions.title(case)
    if data.empty:
        return text(lang, "distribution.none", name=name)
    rows, ranked = ladder(data), editions.measure(data) == "rank"
    told = {"name": name, "known": editions.coverage(data, lang)}
    for key, place, row in (("top", "first", rows.iloc[0]), ("low", "last", rows.iloc[-1])):
        value = labels.score(row["value"], lang)
        told |= {place: row["province"], key: text(lang, "edition.place", rank=value) if ranked else value}
    if not editions.whole(data):
        return text(lang, f"distribution.{'one' if len(rows) == 1 else 'few'}", **told)
    middle = _lines(data, case)["middle"]
    means = middle.drop("VN")
    for key, part in (("best", means.idxmax()), ("worst", means.idxmin())):
        told[key] = f"{region(part, lang)} ({labels.score(means[part], lang)})"
    return text(lang, "distribution.some", median=labels.score(middle["VN"], lang), **told)
