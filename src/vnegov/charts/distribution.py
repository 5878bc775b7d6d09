"""Where all provinces stand in one edition of an index: the whole table, its spread, and that of each region."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize

from vnegov.charts import labels, style
from vnegov.charts.labels import text
from vnegov.data.case import EditionCase, province_name
from vnegov.data.tables import table
from vnegov.metrics import ranking

NAME = "distribution"
REGIONS = ("NMM", "RRD", "NCC", "CH", "SE", "MRD")
BLUES = ["#DCE9F2", "#8FBCDB", "#3D8BC0", "#0A5A94", "#06304F"]
SCALE = LinearSegmentedColormap.from_list("scores", BLUES, N=12)
CLEAR: dict[str, Any] = {"fc": "white", "ec": "none", "pad": 0.8}  # what lies behind a name
_DOT, _PAD, _NAMES = 0.105, (1.85, 1.45), (0.85, 1.2)  # inches: a dot, the margins, the names beside the dots


def compute(case: EditionCase) -> pd.DataFrame:
    """One row a province with a score or a rank, best first; the changes are on the index's edition before.

    Columns: province_code, province, region, score, rank, rank_basis, n_units, edition_before, rank_before,
    rank_change (places gained), score_change (both missing across a break of the series), source_ids.
    """
    scores, places = table("scores"), table("provinces")
    chosen = (scores["index"] == case.index) & (scores["geography"] == case.geography)
    series = scores[chosen & (scores["component"] == "overall")]
    rows = ranking.changes(series, table("breaks")).query("edition == @case.edition").copy()
    moved = ["edition_before", "rank_before", "rank_change", "score_change"]
    latest = series.loc[series["edition"] < case.edition, "edition"].max()
    rows[moved] = rows[moved].mask(rows["edition_before"].ne(latest).fillna(True))
    places = places[places["geography"] == case.geography].set_index("code")
    rows["region"] = rows["province_code"].map(places["region"])
    rows["province"] = [province_name(code, case.geography) for code in rows["province_code"]]
    order = ["rank", "score", "province_code"]
    rows = rows.sort_values(order, ascending=[True, False, True], ignore_index=True)
    kept = ["province_code", "province", "region", "score", "rank", "rank_basis", "n_units", *moved]
    return rows[[*kept, "source_ids"]]


def region(regions: str, lang: str) -> str:
    """A region in words; a merged province may span two: "CH+NCC"."""
    return " + ".join(text(lang, f"region.{part}") for part in regions.split("+"))


def measure(data: pd.DataFrame) -> str:
    """What most provinces are known by: "score", or "rank" where fewer scores than ranks were published."""
    return "score" if data["score"].count() >= data["rank"].count() else "rank"


def whole(data: pd.DataFrame) -> bool:
    """Whether nine in ten scores are known: two or three missing at source still leave a median."""
    return bool(data["score"].count() >= 0.9 * data["n_units"].max())


def coverage(data: pd.DataFrame, lang: str) -> str:
    """How many provinces are known, and, where those are few, that they are no random sample."""
    known, n = int(data[measure(data)].count()), int(data["n_units"].max())
    key = "few" if not whole(data) else "whole" if known == n else "missing"
    return text(lang, f"edition.{key}", known=known, n=n)


def title(case: EditionCase) -> str:
    """The edition's name: "DTI 2024"; of the provinces since the merger, "DTI 2024 (34 provinces)"."""
    index = labels.index_name(case.index, case.lang)
    return text(case.lang, f"edition.of_{case.geography}", index=index, edition=case.edition)


def unit(data: pd.DataFrame, case: EditionCase) -> str:
    """What is measured: "score (0–1)", or "rank (1–63)" where that is what is known."""
    if measure(data) == "rank":
        return text(case.lang, "edition.rank", n=f"{data['n_units'].max():.0f}")
    spans = table("components").query("index == @case.index and component == 'overall'")
    spans = spans[spans["first_edition"].fillna(0).le(case.edition) & spans["last_edition"].ge(case.edition)]
    for low, high in spans[["scale_min", "scale_max"]].dropna().head(1).to_numpy():
        ends = {"low": labels.number(low, case.lang), "high": labels.number(high, case.lang)}
        return text(case.lang, "edition.scale", **ends)
    return text(case.lang, "edition.score")


def figures(values: pd.Series, lang: str, signed: bool = False) -> list[str]:
    """A column of numbers as text, all with the same decimals; – where one is missing."""
    decimals = 0 if values.dropna().mod(1).eq(0).all() else 4 if values.abs().max() <= 1 else 2
    signs = [("+" if v > 0 else "−" if v < 0 else "") if signed else "" for v in values.fillna(0)]
    told = ["–" if pd.isna(v) else labels.number(abs(v) if signed else v, lang, decimals) for v in values]
    return [sign + one for sign, one in zip(signs, told, strict=True)]


def columns(cells: dict[str, list[str]], lang: str, left: int, **told: object) -> str:
    """A Markdown table of columns of text, by key of texts.toml; the first `left` ones are words, set left.

    A column that holds nothing is left out.
    """
    kept = {key: column for key, column in cells.items() if set(column) - {"–"}}
    sides = [":---" if key in [*cells][:left] else "---:" for key in kept]
    heads = [text(lang, f"table.{key}", **told) for key in kept]
    return "\n".join(f"| {' | '.join(line)} |" for line in (heads, sides, *zip(*kept.values(), strict=True)))


def markdown(data: pd.DataFrame, case: EditionCase) -> str:
    """The whole table, best first, with the changes on the edition before where the two compare."""
    if data.empty:
        return ""
    lang, bases = case.lang, data["rank_basis"].where(data["rank_basis"] != "published")
    cells = {
        "province": data["province"].tolist(),
        "rank": figures(data["rank"], lang),
        "score": figures(data["score"], lang),
        "gained": figures(data["rank_change"], lang, signed=True),
        "change": figures(data["score_change"], lang, signed=True),
        "basis": ["–" if pd.isna(basis) else text(lang, f"basis.{basis}") for basis in bases],
    }
    return columns(cells, lang, 1, before=data["edition_before"].max())


def draw(data: pd.DataFrame, case: EditionCase, ax: Axes | None = None) -> Axes:
    """A dot a province: all on one line, then region by region, with the mean of a region known whole."""
    lang, field, full = case.lang, measure(data), whole(data)
    known, unit_ = coverage(data, lang), unit(data, case).capitalize()
    data = data.dropna(subset=[field]).astype({field: "float64"})
    data = data.sort_values(field, ascending=field == "rank", kind="stable")
    order = sorted(set(data["region"]), key=lambda part: (REGIONS.index(part.split("+")[0]), len(part)))
    rows = [data, *(data[data["region"] == part] for part in order)]
    # Lengths are in inches: the axis leaves room for a name on either side of the furthest dots.
    inner = style.WIDTH - 0.44 - sum(_PAD)
    best, last = data[field].iloc[[0, -1]] if field == "score" else (1, data["n_units"].max())
    per_inch = ((best - last) or 1) / (inner - sum(_NAMES))
    swarms = [swarm((row[field] / per_inch).tolist(), _DOT) for row in rows]
    room = [max(0.36, 2 * max(map(abs, offsets)) + _DOT + 0.2) for offsets in swarms]
    if ax is None:
        heading = text(lang, f"distribution.title{'' if full else '_few'}", name=title(case))
        subtitle = "; ".join([unit_, known, *([text(lang, "distribution.key")] if full else [])])
        made, area = style.figure(sum(room) + 0.4, heading, subtitle, labels.source_line(data, lang))
        ax = style.panels(made, area, 1, 1, (0, 0), (_PAD[0], 0.4, _PAD[1], 0))[0]
    colour, y = Normalize(*sorted((best, last))), 0.0
    words: dict[str, Any] = {"textcoords": "offset points", "va": "center", "size": 7.5}
    edge: dict[str, Any] = words | {"xycoords": ("axes fraction", "data")}
    for part, row, offsets, tall in zip(["", *order], rows, swarms, room, strict=True):
        shades = [SCALE(colour(v) if field == "score" else 1 - colour(v)) for v in row[field]]
        shades[0] = shades[0] if part else style.LEADER
        at = [y + tall / 2 + offset for offset in offsets]
        ax.scatter(row[field], at, s=(72 * _DOT) ** 2, c=shades, ec="white", lw=0.5, zorder=3)
        ink = style.INK if part else style.LEADER
        for k, shift, side, shade in [(0, 7, "left", ink), (-1, -7, "right", style.MUTED)][: len(row)]:
            place = (row[field].iloc[k], at[k])
            name = row["province"].iloc[k]
            ax.annotate(name, place, (shift, 0), ha=side, color=shade, bbox=CLEAR, zorder=2.5, **words)
        everywhere = text(lang, "distribution.all" if full else "distribution.known")
        label = region(part, lang).replace(" + ", " +\n") if part else everywhere
        ax.annotate(label, (0, y + tall / 2), (-10, 0), ha="right", weight="bold", **edge)
        of = _members(part, case) if part else len(row)
        n = text(lang, "edition.whole" if of == len(row) else "distribution.n_of", n=len(row), of=of)
        if full and of == len(row) > 1:
            middle = row["score"].mean() if part else row["score"].median()
            told = labels.number(middle, lang, 3 if abs(middle) < 1 else 2)
            n = text(lang, f"distribution.{'mean' if part else 'median'}", middle=told, n=n)
            if part:
                ax.plot([middle] * 2, [y + 0.05, y + tall - 0.05], color=style.INK, lw=1.6, zorder=2)
        ax.annotate(n, (1, y + tall / 2), (8, 0), color=style.MUTED, **edge)
        y += tall
    if full:
        ax.axvline(data["score"].median(), color=style.MEDIAN, lw=1, ls=(0, (3, 3)), zorder=1)
    ax.axhline(room[0], color=style.RULE, lw=1)
    ax.set(xlim=(last - _NAMES[0] * per_inch, best + _NAMES[1] * per_inch), ylim=(y, 0), yticks=[])
    if field == "rank":
        ax.set_xticks([1, *range(10, int(last) + 1, 10)])
    labels.ticks(ax.xaxis, lang)
    ax.tick_params(axis="x", labelsize=7.5)
    ax.xaxis.grid(True)
    ax.spines["left"].set_visible(False)
    return ax


def _members(part: str, case: EditionCase) -> int:
    places = table("provinces")
    return int((places["region"].eq(part) & places["geography"].eq(case.geography)).sum())


def swarm(x: list[float], size: float) -> list[float]:
    """Offsets across the line, the least that keep dots of this size at places `x` from overlapping."""
    placed: list[tuple[float, float]] = []
    steps = sorted(range(-len(x), len(x) + 1), key=lambda k: (abs(k), k))
    for at in x:
        free = (
            k for k in steps if all((at - x0) ** 2 + (k * size / 2 - y0) ** 2 >= 0.98 * size**2 for x0, y0 in placed)
        )
        placed.append((at, next(free) * size / 2))
    return [offset for _, offset in placed]


def describe(data: pd.DataFrame, case: EditionCase) -> str:
    """The range, the median and the regions' means where all is known; else how much is, and what of it is first."""
    lang, told = case.lang, {"name": title(case)}
    if data.empty:
        return text(lang, "distribution.none", **told)
    field = measure(data)
    ends = data.dropna(subset=[field]).sort_values(field, ascending=field == "rank", kind="stable")
    values = [labels.score(value, lang) for value in ends[field].iloc[[0, -1]]]
    if field == "rank":
        values = [text(lang, "edition.place", rank=value) for value in values]
    told |= {"known": coverage(data, lang), "top": values[0], "low": values[1]}
    told |= {"first": ends["province"].iloc[0], "last": ends["province"].iloc[-1]}
    if not whole(data):
        return text(lang, f"distribution.{'one' if len(ends) == 1 else 'few'}", **told)
    regions = data.groupby("region")["score"].agg(["mean", "count"])
    members = pd.Series({part: _members(part, case) for part in regions.index})
    means = regions.loc[(regions["count"] == members) & (members > 1), "mean"]
    for key, part in (("best", means.idxmax()), ("worst", means.idxmin())):
        told[key] = f"{region(part, lang)} ({labels.score(means[part], lang)})"
    return text(lang, "distribution.some", median=labels.score(data["score"].median(), lang), **told)
