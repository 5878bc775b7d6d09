"""The 63 provinces' scores carried over the merger of 1 July 2025: where the members stood, where the 34 would."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from vnegov.charts import distribution, labels, style
from vnegov.charts.distribution import SCALE, columns, figures
from vnegov.charts.labels import text
from vnegov.data import provinces
from vnegov.data.case import EditionCase, province_name
from vnegov.data.tables import table
from vnegov.metrics import geography

NAME = "merger"


def compute(case: EditionCase) -> pd.DataFrame:
    """The rows of `members` if the 34 can be ranked, which takes the scores of all provinces; else none."""
    data = members(case)
    return data[data["rank_carried"].notna() & data["rank"].notna()].reset_index(drop=True)


def members(case: EditionCase) -> pd.DataFrame:
    """One row a province of the 63, in the order of the new provinces' ranks, then of its own.

    Columns: province_code, province, score, rank (of the 63), new_code, new_province, members, score_carried (the
    members' simple mean; missing where one is not known), rank_carried (of the 34; missing unless all are known),
    score_official, rank_official (missing where no table of the 34 is published), score_difference and
    rank_difference (carried − official), source_ids. Empty where nothing of the edition is published
    for the 63.
    """
    scores, key = table("scores"), {"province_code": "new_code"}
    rows = scores[(scores["index"] == case.index) & (scores["edition"] == case.edition)]
    rows = rows[rows["component"] == "overall"]
    old, new = rows[rows["geography"] == "63"], ["province_code", "score", "rank"]
    carried = geography.to_34(old, provinces=table("provinces"))[[*new, "members"]]
    official = rows.loc[rows["geography"] == "34", [*new, "source_ids"]]
    both = carried.merge(official, on="province_code", how="left", suffixes=("_carried", "_official"))
    both["score_difference"] = both["score_carried"] - both["score_official"]
    both["rank_difference"] = (both["rank_carried"] - both["rank_official"]).astype("Int64")
    joined = pd.DataFrame(provinces.successors().items(), columns=["province_code", "new_code"])
    joined = joined.iloc[: len(joined) if len(old) else 0]
    data = joined.merge(old[[*new, "source_ids"]], how="left")
    data = data.merge(both.rename(columns=key), on="new_code", how="left", suffixes=("", "_official"))
    data["source_ids"] = data["source_ids"].fillna("") + (";" + data.pop("source_ids_official")).fillna("")
    data.insert(1, "province", [province_name(code, "63") for code in data["province_code"]])
    data.insert(5, "new_province", [province_name(code, "34") for code in data["new_code"]])
    return data.sort_values(["rank_carried", "new_code", "rank", "province_code"], ignore_index=True)


def draw(data: pd.DataFrame, case: EditionCase, ax: Axes | None = None) -> Axes:
    """Each old province on the left, in order, and a line to the new one on the right that it became part of."""
    lang, n = case.lang, len(data)
    new = data.drop_duplicates("new_code").reset_index(drop=True)
    if ax is None:
        told = {"name": _name(case), "old": n, "new": len(new)}
        heading, subtitle = (text(lang, f"merger.{key}", **told) for key in ("title", "subtitle"))
        made, area = style.figure(0.162 * n + 0.3, heading, subtitle, labels.source_line(data, lang))
        ax = style.panels(made, area, 1, 1, (0, 0), (2.1, 0.05, 2.35, 0.25))[0]
    old = data.sort_values(["rank", "province_code"], ignore_index=True)
    right = {code: (i * (n - 1) / (len(new) - 1), i / (len(new) - 1)) for i, code in enumerate(new["new_code"])}
    words: dict[str, Any] = {"textcoords": "offset points", "va": "center", "size": 7}
    muted: dict[str, Any] = {"color": style.MUTED}
    bold: dict[str, Any] = {"weight": "bold"}
    for y, (row, score) in enumerate(zip(old.itertuples(), figures(old["score"], lang), strict=True)):
        end, place = right[row.new_code]
        shade = SCALE(1 - 0.75 * place)
        bend = Path([(0, y), (0.4, y), (0.6, end), (1, end)], [Path.MOVETO, *[Path.CURVE4] * 3])
        ax.add_patch(PathPatch(bend, fc="none", ec=shade, lw=1.5, alpha=0.85))
        ax.plot([0, 1], [y, end], "o", color=shade, ms=3.2, clip_on=False)
        for shift, cell, look in ((-70, row.province, {}), (-26, score, muted), (-8, row.rank, bold)):
            ax.annotate(cell, (0, y), (shift, 0), ha="right", **words, **look)
    for row, mean in zip(new.itertuples(), figures(new["score_carried"], lang), strict=True):
        for shift, cell, look in ((8, row.rank_carried, bold), (26, mean, muted), (64, row.new_province, {})):
            ax.annotate(cell, (1, right[row.new_code][0]), (shift, 0), **words, **look)
    ax.set(xlim=(0, 1), ylim=(n - 0.5, -0.5))
    for x, side, shift, head in ((0, "right", -8, len(old)), (1, "left", 8, len(new))):
        ax.annotate(str(head), (x, -0.5), (shift, 10), ha=side, weight="bold", **(words | {"size": 9}))
    ax.set_axis_off()
    return ax


def markdown(data: pd.DataFrame, case: EditionCase) -> str:
    """A table of `members`: each new province, its members with their ranks, its mean, the published figures."""
    if data.empty:
        return ""
    lang, new = case.lang, data.drop_duplicates("new_code")
    marks = data["rank"].astype("object").where(data["rank"].notna() | data["score"].notna(), "–")
    told = data["province"] + (" (" + marks.dropna().astype("str") + ")").reindex(data.index).fillna("")
    cells = {
        "new": new["new_province"].tolist(),
        "members": told.groupby(data["new_code"], sort=False).agg(", ".join).tolist(),
        "mean": figures(new["score_carried"], lang),
        "rank": figures(new["rank_carried"], lang),
        "published_score": figures(new["score_official"], lang),
        "published_rank": figures(new["rank_official"], lang),
        "difference": figures(new["score_difference"].round(4), lang, signed=True),
    }
    return columns(cells, lang, 2)


def describe(data: pd.DataFrame, case: EditionCase) -> str:
    """Who leads the 34, how close the simple mean comes to the published table; or why there is no ranking."""
    lang, name = case.lang, _name(case)
    if data.empty:
        known = members(case)
        n = distribution.compute(replace(case, geography="63"))["n_units"].max()
        key = "merger.only_34" if known.empty else "merger.few"
        return text(lang, key, name=name, known=known["score"].count(), n=n)
    new = data.drop_duplicates("new_code")
    told = {"name": name, "n": len(new), "top": ", ".join(new["new_province"].head(3))}
    if new["score_official"].isna().all():
        return text(lang, "merger.some", **told) + text(lang, "merger.unofficial")
    told["most"] = labels.number(new["score_difference"].abs().max(), lang)
    told["moved"] = int(new["rank_difference"].ne(0).sum())
    return text(lang, "merger.some", **told) + text(lang, "merger.official", **told)


def _name(case: EditionCase) -> str:
    return distribution.title(replace(case, geography="63"))
