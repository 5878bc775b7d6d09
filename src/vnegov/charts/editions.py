"""What the charts of one edition of an index share: the table of its provinces, its words, and labels on its axes."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize

from vnegov.charts import labels, style
from vnegov.charts.labels import text
from vnegov.data.case import EditionCase, province_name
from vnegov.data.tables import table
from vnegov.metrics import ranking

SCALE = LinearSegmentedColormap.from_list("scores", ["#DCE9F2", "#8FBCDB", "#3D8BC0", "#0A5A94", "#06304F"], N=12)
MOVED = ["edition_before", "rank_before", "rank_change", "score_change"]


def scores(case: EditionCase) -> pd.DataFrame:
    """The rows of `scores` of an edition, its components' too."""
    return table("scores").query("index == @case.index and geography == @case.geography and edition == @case.edition")


def standings(case: EditionCase) -> pd.DataFrame:
    """One row a province with a score or a rank, best first, beside the index's edition before: edition_before,
    rank_before, rank_change (places gained) and score_change, both missing across a break of the series."""
    series = table("scores").query("index == @case.index and geography == @case.geography and component == 'overall'")
    rows = ranking.changes(series, table("breaks")).query("edition == @case.edition").copy()
    latest = series.loc[series["edition"] < case.edition, "edition"].max()
    rows[MOVED] = rows[MOVED].mask(rows["edition_before"].ne(latest).fillna(True))
    regions = table("provinces").query("geography == @case.geography").set_index("code")["region"]
    rows["region"] = rows["province_code"].map(regions)
    rows["province"] = [province_name(code, case.geography) for code in rows["province_code"]]
    rows = rows.sort_values(["rank", "score", "province_code"], ascending=[True, False, True], ignore_index=True)
    return rows[["province_code", "province", "region", "score", "rank", "rank_basis", "n_units", *MOVED, "source_ids"]]


def measure(data: pd.DataFrame) -> str:
    """What most provinces are known by: "score", or "rank" where fewer scores than ranks were published."""
    return "score" if data["score"].count() >= data["rank"].count() else "rank"


def ladder(data: pd.DataFrame) -> pd.DataFrame:
    """The rows known by their `measure`, best first, with that figure as the column `value`."""
    field = measure(data)
    rows = data.dropna(subset=[field]).assign(value=data[field].astype("float64"))
    return rows.sort_values("value", ascending=field == "rank", kind="stable")


def colours(data: pd.DataFrame) -> ScalarMappable:
    """Colours of the figures, darkest for the best: from the lowest score to the highest, or of all ranks."""
    if measure(data) == "rank":
        return ScalarMappable(Normalize(1, data["n_units"].max()), SCALE.reversed())
    return ScalarMappable(Normalize(data["score"].min(), data["score"].max()), SCALE)


def whole(data: pd.DataFrame) -> bool:
    """Whether nine in ten scores are known: two or three missing at source still leave a median."""
    return bool(data["score"].count() >= 0.9 * data["n_units"].max())


def coverage(data: pd.DataFrame, lang: str) -> str:
    """How many provinces are known, and, where those are few, that they are no random sample."""
    known, n = int(data[measure(data)].count()), int(data["n_units"].max())
    key = "few" if not whole(data) else "whole" if known == n else "missing"
    return text(lang, f"edition.{key}", known=known, n=n)


def title(case: EditionCase) -> str:
    """The edition's name: "DTI 2024", or "DTI 2024 (34 provinces)"."""
    new = text(case.lang, "edition.new") if case.geography == "34" else ""
    return f"{labels.index_name(case.index, case.lang)} {case.edition}{new}"


def components(case: EditionCase) -> pd.DataFrame:
    """The rows of `components` that the edition is made of, "overall" among them."""
    rows = table("components").query("index == @case.index")
    return rows[rows["first_edition"].fillna(0).le(case.edition) & rows["last_edition"].fillna(9999).ge(case.edition)]


def unit(data: pd.DataFrame, case: EditionCase) -> str:
    """What is measured: "score (0–1)", or "rank (1–63)" where that is what is known."""
    if measure(data) == "rank":
        return text(case.lang, "edition.rank", n=int(data["n_units"].max()))
    scale = components(case).query("component == 'overall'")[["scale_min", "scale_max"]].dropna()
    ends = "–".join(labels.number(end, case.lang) for end in scale.to_numpy().ravel())
    return text(case.lang, "edition.score") + (f" ({ends})" if ends else "")


def region(regions: str, lang: str) -> str:
    """A region in words; a merged province may span two: "CH+NCC"."""
    return " + ".join(text(lang, f"region.{part}") for part in regions.split("+"))


def figures(values: pd.Series, lang: str, signed: bool = False) -> list[str]:
    """A column of numbers as text, all with the same decimals; – where one is missing."""
    decimals = 0 if values.dropna().mod(1).eq(0).all() else 4 if values.abs().max() <= 1 else 2
    told = ["–" if pd.isna(value) else labels.number(abs(value), lang, decimals) for value in values]
    signs = ["+" if signed and value > 0 else "−" if value < 0 else "" for value in values.fillna(0)]
    return [sign + one for sign, one in zip(signs, told, strict=True)]


def columns(cells: dict[str, list[str]], lang: str, left: int, **told: object) -> str:
    """A Markdown table of columns of text, headed by section table of texts.toml; the first `left` ones are set left.

    A column that holds nothing is left out.
    """
    kept = {key: column for key, column in cells.items() if set(column) - {"–"}}
    sides = [":---" if key in [*cells][:left] else "---:" for key in kept]
    heads = [text(lang, f"table.{key}", **told) for key in kept]
    return "\n".join(f"| {' | '.join(line)} |" for line in (heads, sides, *zip(*kept.values(), strict=True)))


def frame(section: str, data: pd.DataFrame, lang: str, height: float, pad: tuple, **told: object) -> Axes:
    """Axes between a chart's title and subtitle, from its section of texts.toml, and its sources: `height` and
    `pad` (left, bottom, right, top) in inches."""
    heading, subtitle = (text(lang, f"{section}.{key}", **told) for key in ("title", "subtitle"))
    made, area = style.figure(height, heading, subtitle, labels.source_line(data, lang))
    return style.panels(made, area, 1, 1, (0, 0), pad)[0]


def rank_axis(ax: Axes, places: pd.Series, n: int) -> None:
    """An axis of ranks, 1 to n, and a thin line at each of the places on the other axis, the first at the top."""
    ax.hlines(places, 1, n, color=style.RULE, lw=1, zorder=0)
    ax.set(xlim=(0, n + 1), ylim=(places.max() + 0.8, -0.7), xticks=[1, *range(10, n - 3, 10), n])
    ax.tick_params(axis="x", labelsize=7.5)


def beside(ax: Axes, places: Sequence, told: Sequence[str], side: str = "left", colour: str = style.INK) -> None:
    """Labels on one side of the axes, at places of its y axis."""
    axis = ax if side == "left" else ax.secondary_yaxis("right")
    axis.set_yticks(places, told)
    axis.tick_params(axis="y", labelsize=7.5, labelcolor=colour)
    axis.spines[side].set_visible(False)
