"""The components of each index in one year: a province against the median, the best and the whole spread."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from vnegov.charts import labels, rulers, style
from vnegov.charts.labels import text
from vnegov.data.case import Case
from vnegov.data.schema import INDICES
from vnegov.data.tables import table

NAME = "components"
KEY = {"province": style.PROVINCE, "median": style.MEDIAN, "best": style.LEADER}


def compute(case: Case) -> pd.DataFrame:
    """One row a component directly below `overall` that at least nine in ten provinces have a score for.

    Columns: index, component, edition, score, rank, n_units, low, median, best (over all provinces with a
    score), best_code, known (how many), source_ids.
    """
    rows, tree, part = table("scores"), labels.components(case.year), ["index", "component"]
    rows = rows[(rows["edition"] == case.year) & (rows["geography"] == case.geography) & rows["score"].notna()]
    tree = tree.loc[tree["parent"] == "overall", part].drop_duplicates()
    rows = tree.sort_values("index", key=lambda names: names.map(INDICES.index), kind="stable").merge(rows, on=part)
    spread = rows.groupby(part)["score"].agg(low="min", median="median", best="max", known="count", first="idxmax")
    spread["best_code"] = rows.loc[spread["first"], "province_code"].to_numpy()
    own = rows[rows["province_code"] == case.province_code].join(spread, on=part)
    keep = [*part, "edition", "score", "rank", "n_units", "low", "median", "best", "best_code", "known", "source_ids"]
    return own.loc[own["known"] >= 0.9 * own["n_units"], keep].reset_index(drop=True)


def draw(data: pd.DataFrame, case: Case) -> Axes:
    """A block an index, a line a component: the spread of all provinces, the median, the best, the province."""
    lang, blocks = case.lang, []
    for index, rows in data.groupby("index", sort=False):
        low, wide, lines = rows["low"].min(), rows["best"].max() - rows["low"].min(), []
        places = rows[["low", "score", "median", "best"]].sub(low).div(wide or 1).to_numpy()
        for row, (least, at, middle, best) in zip(rows.itertuples(), places, strict=True):
            score, *ends = (labels.score(value, lang) for value in (row.score, row.median, row.best))
            rank = text(lang, "components.rank", rank=row.rank) if pd.notna(row.rank) else ""
            detail = rank + text(lang, "components.detail", median=ends[0], best=ends[1])
            name = labels.component_name(index, row.component, row.edition, lang)
            marks = ((middle, "|", style.MEDIAN), (best, "D", style.LEADER))
            lines.append(rulers.Ruler(name, score, detail, at, bar=False, track=(least, best), marks=marks))
        blocks.append((f"{labels.index_name(index, lang)} {case.year}", "", lines))
    n = "–".join(map(str, sorted({data["known"].min(), data["known"].max()})))
    key = [(text(lang, f"components.{name}"), colour) for name, colour in KEY.items()]
    return rulers.draw(blocks, labels.words(NAME, data, case, n=n), right=2.4, key=key)


def describe(data: pd.DataFrame, case: Case) -> str:
    """A sentence an index: the component furthest above the median, and the one furthest below it."""
    lang, sentences = case.lang, []
    if data.empty:
        return text(lang, "components.none", year=case.year)
    for index, rows in data.groupby("index", sort=False):
        # in units of the spread, so that components on different scales compare
        gap = (rows["score"] - rows["median"]) / (rows["best"] - rows["low"]).where(lambda width: width > 0)
        told = {"index": labels.index_name(index, lang), "above": int((gap > 0).sum()), "n": len(rows)}
        sentence = text(lang, "components.above", **told)
        for key, at, found in (("most", gap.idxmax(), gap.max() > 0), ("least", gap.idxmin(), gap.min() < 0)):
            name = labels.component_name(index, rows.loc[at, "component"], case.year, lang)
            sentence += text(lang, f"components.{key}", name=name) if found else ""
        sentences.append(sentence + ".")
    return " ".join(sentences)
