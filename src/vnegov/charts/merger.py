"""The 63 provinces' scores carried over the merger of 1 July 2025: where the members stood, where the 34 would."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from vnegov.charts import editions, labels
from vnegov.charts.editions import figures
from vnegov.charts.labels import text
from vnegov.data.case import EditionCase, province_name
from vnegov.data.tables import table
from vnegov.metrics import geography

NAME = "merger"
FIGURE = ["province_code", "score", "rank"]


def compute(case: EditionCase) -> pd.DataFrame:
    """The rows of `members` if the 34 can be ranked, which takes the scores of all provinces; else none."""
    data = members(case)
    return data[data["rank_carried"].notna() & data["rank"].notna()].reset_index(drop=True)


def members(case: EditionCase) -> pd.DataFrame:
    """One row a province of the 63, by the rank of the new province, then its own: score_carried (the members' simple
    mean; missing where one is not known), rank_carried (missing unless all are known), score_official, rank_official
    (missing where no table of the 34 is published), differences (carried − official). Empty where nothing is
    published for the 63."""
    rows = table("scores").query("index == @case.index and edition == @case.edition and component == 'overall'")
    old, official = (rows.loc[rows["geography"] == one, [*FIGURE, "source_ids"]] for one in ("63", "34"))
    both = geography.to_34(rows)[[*FIGURE, "members"]].merge(
        official, on="province_code", how="left", suffixes=("_carried", "_official")
    )
    both["score_difference"] = both["score_carried"] - both["score_official"]
    both["rank_difference"] = (both["rank_carried"] - both["rank_official"]).astype("Int64")
    joined = table("provinces").query("geography == '63'").set_index("code")["successor_code"]
    data = joined.rename("new_code").rename_axis("province_code").reset_index().merge(old, how="left")
    data = data.merge(both.rename(columns={"province_code": "new_code"}), on="new_code", how="left", suffixes=("", "_"))
    data["source_ids"] = data["source_ids"].fillna("") + (";" + data.pop("source_ids_")).fillna("")
    data.insert(1, "province", [province_name(code, "63") for code in data["province_code"]])
    data.insert(5, "new_province", [province_name(code, "34") for code in data["new_code"]])
    data = data.sort_values(["rank_carried", "new_code", "rank", "province_code"], ignore_index=True)
    return data if len(old) else data.iloc[:0]


def draw(data: pd.DataFrame, case: EditionCase) -> Axes:
    """Each old province on the left, in order, and a line to the new one on the right that it became part of."""
    lang, n, new = case.lang, len(data), data.drop_duplicates("new_code")
    told = {"name": f"{labels.index_name(case.index, lang)} {case.edition}", "old": n, "new": len(new)}
    ax = editions.frame(NAME, data, lang, 0.162 * n + 0.1, (2, 0.05, 2.2, 0.05), **told)
    old = data.sort_values(["rank", "province_code"], ignore_index=True)
    ends = pd.Series(np.linspace(0, n - 1, len(new)), index=new["new_code"])
    across = np.linspace(0, 1, 50)
    for start, end in enumerate(old["new_code"].map(ends)):
        bend = start + (end - start) * (3 * across**2 - 2 * across**3)
        shade = editions.SCALE(1 - 0.75 * end / (n - 1))
        ax.plot(across, bend, "o-", color=shade, lw=1.5, ms=3.2, markevery=[0, -1], clip_on=False)
    left = zip(old["province"], figures(old["score"], lang), old["rank"], strict=True)
    editions.beside(ax, old.index, [f"{name}   {score}   {rank:\u2007>2}" for name, score, rank in left])
    right = zip(new["rank_carried"], figures(new["score_carried"], lang), new["new_province"], strict=True)
    editions.beside(ax, ends, [f"{rank:\u2007>2}   {mean}   {name}" for rank, mean, name in right], "right")
    ax.set(xlim=(0, 1), ylim=(n - 0.5, -0.5), xticks=[])
    ax.spines["bottom"].set_visible(False)
    return ax


def markdown(data: pd.DataFrame, case: EditionCase) -> str:
    """A table of `members`: each new province, its members with their ranks, its mean, the published figures."""
    if data.empty:
        return ""
    lang, new = case.lang, data.drop_duplicates("new_code")
    ranks = data["rank"].astype("string").mask(data["rank"].isna() & data["score"].isna(), "–")
    told = data["province"] + (" (" + ranks + ")").fillna("")
    cells = {
        "new": new["new_province"].tolist(),
        "members": told.groupby(data["new_code"], sort=False).agg(", ".join).tolist(),
        "mean": figures(new["score_carried"], lang),
        "rank": figures(new["rank_carried"], lang),
        "published_score": figures(new["score_official"], lang),
        "published_rank": figures(new["rank_official"], lang),
        "difference": figures(new["score_difference"].round(4), lang, signed=True),
    }
    return editions.columns(cells, lang, 2)


def describe(data: pd.DataFrame, case: EditionCase) -> str:
    """Who leads the 34, how close the simple mean comes to the published table; or why there is no ranking."""
    lang, name = case.lang, f"{labels.index_name(case.index, case.lang)} {case.edition}"
    if data.empty:
        known = members(case)
        key = "merger.only_34" if known.empty else "merger.few"
        return text(lang, key, name=name, known=known["score"].count(), n=len(known))
    new = data.drop_duplicates("new_code")
    said = text(lang, "merger.some", name=name, n=len(new), top=", ".join(new["new_province"].head(3)))
    if new["score_official"].isna().all():
        return said + text(lang, "merger.unofficial")
    most = labels.number(new["score_difference"].abs().max(), lang)
    return said + text(lang, "merger.official", n=len(new), most=most, moved=int(new["rank_difference"].ne(0).sum()))
