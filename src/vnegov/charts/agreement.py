"""Whether the indices agree: rank correlations between all that are known whole for a year, as a heatmap."""

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
    """One row a pair of indices that are known whole, as `metrics.agreement.pairwise`: over the 63, or over the 34
    where one is published for these only and the other is carried over. Empty where there are fewer than two."""
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


def draw(data: pd.DataFrame, case: YearCase) -> Axes:
    """A square a pair, blue where the indices agree and orange where they do not, with interval and n."""
    lang, names = case.lang, [name for name in INDICES if name in {*data["index_a"], *data["index_b"]}]
    cells = pd.DataFrame(index=names[1:], columns=names[:-1], dtype="float64")
    told = cells.astype("object")
    for pair in data.to_dict("records"):
        column, row = sorted((pair["index_a"], pair["index_b"]), key=names.index)
        cells.loc[row, column] = pair["statistic"]
        told.loc[row, column] = text(lang, "agreement.cell", n=pair["n"], **labels.correlation(pair, lang))
    title, subtitle = (text(lang, f"agreement.{word}", year=data["edition"].max()) for word in ("title", "subtitle"))
    foot = f"{scatter.left_out(case)} {labels.source_line(data, lang)}".strip()
    made, area = style.figure(0.7 * len(cells) + 0.4, title, subtitle, foot)
    ax = style.panels(made, area, 1, 1, (0, 0), (1.5, 0.4, 0.1, 0))[0]
    named = {name: labels.index_name(name, lang) for name in names}
    heatmap(
        cells.rename(index=named, columns=named), vmin=-1, vmax=1, cmap=COLOURS, cbar=False,
        annot=told, annot_kws={"size": 8.5, "color": style.INK}, fmt="", linewidths=3, ax=ax,
    )  # fmt: skip
    ax.set_xlim(0, max(len(cells), 2))
    ax.tick_params(length=0, rotation=0, labelcolor=style.INK)
    return ax


def describe(data: pd.DataFrame, case: YearCase) -> str:
    """How many pairs agree beyond chance, and which agree most and least; what was refused if none is left."""
    lang, told = case.lang, {}
    if data.empty:
        return f"{text(lang, 'agreement.none', year=case.year)} {scatter.left_out(case)}".strip()
    for key, which in (("most", data["statistic"].idxmax()), ("least", data["statistic"].idxmin())):
        pair = data.loc[which]
        names = {side: labels.index_name(pair[f"index_{side}"], lang) for side in ("a", "b")}
        told[key] = text(lang, "agreement.pair", n=pair["n"], **names, **labels.correlation(pair, lang))
    words = {"year": data["edition"].max(), "n": len(data), "clear": (data["low"] > 0).sum()}
    said = text(lang, "agreement.some" if len(data) > 1 else "agreement.one", **words, **told)
    return f"{said} {_tops(data.loc[data['statistic'].idxmax()], case)} {_together(case)}".strip()


def _scores(case: YearCase, geography: str) -> pd.DataFrame:
    """The scores of the indices known whole, provinces × indices; missing where an index does not cover a province."""
    rows = scatter.standings(case.year)[0].query("geography == @geography")
    return rows.pivot(index="province_code", columns="index", values="score")


def _tops(pair: pd.Series, case: YearCase) -> str:
    """What the first ten of two indices have in common."""
    both = _scores(case, pair["geography"])[[pair["index_a"], pair["index_b"]]].dropna()
    first, second = (both[index].nlargest(10).index for index in both)
    overlap = labels.number(agreement.rbo(list(first), list(second)), case.lang, 2)
    return text(case.lang, "agreement.tops", shared=len(first.intersection(second)), overlap=overlap)


def _together(case: YearCase) -> str:
    """How far three indices or more agree as one, over the provinces that all of them cover; else nothing."""
    scores = _scores(case, "63").dropna()
    if scores.shape[1] < 3:
        return ""
    w = labels.number(agreement.concordance(scores).w, case.lang, 2)
    return text(case.lang, "agreement.together", m=scores.shape[1], n=len(scores), w=w)
