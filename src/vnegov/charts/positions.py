"""Where a province stands in each index of one year: its rank among n, and its rank the edition before."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from vnegov.charts import facts, labels, rulers, style
from vnegov.charts.labels import text
from vnegov.data.case import Case
from vnegov.data.schema import INDICES
from vnegov.data.tables import table

NAME = "positions"
MIDDLE = (0.5, "|", style.OTHERS)


def compute(case: Case) -> pd.DataFrame:
    """One row an index in which the province has a score or a rank that year, best place first.

    Columns: index, edition, score, rank, rank_basis, n_units, known (provinces with a score), previous_rank
    (the edition before, if it was the year before), broken (the series breaks between the two), position
    (0 first … 1 last), source_ids.
    """
    whole, breaks = facts.overall(case).set_index("index"), table("breaks")
    own = whole[whole["province_code"] == case.province_code]
    now = own[own["edition"] == case.year]
    known = whole.loc[whole["edition"] == case.year, "score"].groupby(level="index").count().rename("known")
    before = own.loc[own["edition"] == case.year - 1, "rank"].rename("previous_rank")
    now = now.loc[[index for index in INDICES if index in now.index]].join(known).join(before)
    now["broken"] = now.index.isin(breaks.query("component == 'overall' and edition == @case.year")["index"])
    now["position"] = (now["rank"].astype("float64") - 1) / (now["n_units"] - 1)
    columns = ["index", "edition", "score", "rank", "rank_basis", "n_units", "known", "previous_rank", "broken"]
    return now.sort_values("position", kind="stable").reset_index()[[*columns, "position", "source_ids"]]


def draw(data: pd.DataFrame, case: Case) -> Axes:
    """A ruler for each index, first place on the left; the ring is the place the year before."""
    lang, lines = case.lang, []
    before = (data["previous_rank"].astype("float64") - 1) / (data["n_units"] - 1)
    for row in data.assign(before=before).itertuples():
        score = labels.score(row.score, lang)
        if pd.isna(row.rank):
            told, details = "", [text(lang, "positions.unranked", score=score, known=row.known, n=row.n_units)]
        else:
            told = text(lang, "positions.rank", rank=row.rank, n=row.n_units)
            details = [text(lang, "positions.score", score=score)] if pd.notna(row.score) else []
            details += [text(lang, f"basis.{row.rank_basis}")] if row.rank_basis != "published" else []
            details += [text(lang, "positions.broken")] if row.broken and pd.notna(row.before) else []
        name, marks = labels.index_name(row.index, lang), (MIDDLE, (row.before, "o", style.PROVINCE))
        look = {"bar": not row.broken, "start": row.before, "marks": marks}
        lines.append(rulers.Ruler(name, told, " · ".join(details), row.position, **look))
    key = [(text(lang, f"positions.{place}"), style.MUTED) for place in ("first", "middle", "last")]
    return rulers.draw([("", "", lines)], labels.words(NAME, data, case), left=1.45, right=2.75, key=key)


def describe(data: pd.DataFrame, case: Case) -> str:
    """One or two sentences: the best and the weakest place, and the largest move on the year before."""
    lang, ranked = case.lang, data[data["rank"].notna()]
    told = {"province": case.province, "year": case.year, "n": len(ranked), "before": case.year - 1}
    if ranked.empty:
        return text(lang, "positions.none", **told)
    places = [text(lang, "positions.rank", rank=row.rank, n=row.n_units) for row in ranked.itertuples()]
    names = [labels.index_name(index, lang) for index in ranked["index"]]
    told |= {"best": f"{names[0]} ({places[0]})", "last": f"{names[-1]} ({places[-1]})"}
    sentence = text(lang, "positions.one" if len(ranked) == 1 else "positions.some", **told)
    gains = (ranked["previous_rank"] - ranked["rank"]).mask(ranked["broken"]).fillna(0).tolist()
    gain, name = max(zip(gains, names, strict=True), key=lambda move: abs(move[0]))
    if gain:
        sentence += text(lang, "positions.up" if gain > 0 else "positions.down", places=abs(gain), index=name, **told)
    return sentence
