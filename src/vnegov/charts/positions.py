"""Where a province stands in each index of one year: its rank among n, and its rank the edition before."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from vnegov.charts import labels, style
from vnegov.charts.labels import text
from vnegov.data.case import Case
from vnegov.data.schema import INDICES
from vnegov.data.tables import table

NAME = "positions"


def compute(case: Case) -> pd.DataFrame:
    """One row an index in which the province has a score or a rank that year, best place first.

    Columns: index, edition, score, rank, rank_basis, n_units, known (provinces with a score), previous_rank
    (the edition before, if it was the year before), broken (the series breaks between the two), position
    (0 first … 1 last), source_ids.
    """
    scores = table("scores")
    whole = scores[(scores["component"] == "overall") & (scores["geography"] == case.geography)]
    own = whole[whole["province_code"] == case.province_code]
    now = own[own["edition"] == case.year].copy()
    before = own[own["edition"] == case.year - 1].set_index("index")["rank"]
    known = whole[whole["edition"] == case.year].groupby("index")["score"].count()
    breaks = table("breaks")
    broken = breaks[(breaks["component"] == "overall") & (breaks["edition"] == case.year)]["index"]
    now["known"] = now["index"].map(known).fillna(0).astype("int64")
    now["previous_rank"] = now["index"].map(before).astype("Int64")
    now["broken"] = now["index"].isin(broken)
    now["position"] = (now["rank"].astype("float64") - 1) / (now["n_units"] - 1)
    columns = ["index", "edition", "score", "rank", "rank_basis", "n_units", "known", "previous_rank", "broken"]
    now["order"] = now["index"].map({name: i for i, name in enumerate(INDICES)})
    return now.sort_values(["position", "order"], ignore_index=True)[[*columns, "position", "source_ids"]]


def draw(data: pd.DataFrame, case: Case, ax: Axes | None = None) -> Axes:
    """A ruler for each index, first place on the left; the ring is the place the year before."""
    lang = case.lang
    if ax is None:
        title = text(lang, "positions.title", province=case.province, year=case.year)
        source = labels.source_line(data, lang)
        made, area = style.figure(0.55 * len(data) + 0.42, title, text(lang, "positions.subtitle"), source)
        ax = style.panels(made, area, 1, 1, (0, 0), (1.65, 0.12, 1.75, 0.3))[0]
    for y, row in enumerate(data.itertuples()):
        ax.plot([0, 1], [y, y], color=style.RULE, lw=5, solid_capstyle="round", zorder=1)
        ax.text(-0.03, y, labels.index_name(row.index, lang), ha="right", va="center", weight="bold", size=9)
        if pd.isna(row.rank):
            score = labels.score(row.score, lang)
            told = text(lang, "positions.unranked", score=score, known=row.known, n=row.n_units)
            ax.text(1.03, y, told, va="center", color=style.MUTED, size=7.5)
            continue
        if pd.notna(row.previous_rank):
            was = (row.previous_rank - 1) / (row.n_units - 1)
            line = ":" if row.broken else "-"
            ax.plot([was, row.position], [y, y], color=style.PROVINCE, lw=1.6, ls=line, zorder=2)
            ax.plot([was], [y], "o", mfc="white", mec=style.PROVINCE, ms=7, mew=1.4, zorder=3)
        ax.plot([row.position], [y], "o", color=style.PROVINCE, ms=11, zorder=4)
        rank = text(lang, "positions.rank", rank=row.rank, n=row.n_units)
        ax.text(1.03, y - 0.02, rank, va="bottom", weight="bold", size=9.5, color=style.PROVINCE)
        ax.text(1.03, y + 0.06, _detail(row, lang), va="top", size=7.5, color=style.MUTED)
    ax.set(xlim=(-0.02, 1.02), ylim=(len(data) - 0.5, -0.5))
    ax.set_axis_off()
    for x, word, side in ((0, "first", "left"), (0.5, "middle", "center"), (1, "last", "right")):
        ax.text(x, -0.55, text(lang, f"positions.{word}"), ha=side, va="bottom", size=8, color=style.MUTED)
    ax.plot([0.5, 0.5], [-0.45, len(data) - 0.6], color=style.MUTED, lw=0.8, ls=(0, (2, 3)), zorder=0)
    return ax


def _detail(row, lang: str) -> str:
    words = [text(lang, "positions.score", score=labels.score(row.score, lang))] if pd.notna(row.score) else []
    if row.rank_basis != "published":
        words.append(text(lang, f"basis.{row.rank_basis}"))
    broken = [text(lang, "positions.broken")] if row.broken and pd.notna(row.previous_rank) else []
    return "\n".join([" · ".join(words), *broken])


def describe(data: pd.DataFrame, case: Case) -> str:
    """One or two sentences: the best and the weakest place, and the largest move on the year before."""
    lang, ranked = case.lang, data[data["rank"].notna()]
    told = {"province": case.province, "year": case.year, "n": len(ranked), "before": case.year - 1}
    if ranked.empty:
        return text(lang, "positions.none", **told)
    best, last = (
        f"{labels.index_name(row['index'], lang)} ({text(lang, 'positions.rank', rank=row['rank'], n=row['n_units'])})"
        for row in (ranked.iloc[0], ranked.iloc[-1])
    )
    sentence = text(lang, "positions.one" if len(ranked) == 1 else "positions.some", best=best, last=last, **told)
    moves = ranked[ranked["previous_rank"].notna() & ~ranked["broken"]]
    moves = moves.assign(gain=moves["previous_rank"] - moves["rank"])
    moves = moves[moves["gain"] != 0].sort_values("gain", key=abs, ascending=False, kind="stable")
    for _, top in moves.head(1).iterrows():
        way = "positions.up" if top["gain"] > 0 else "positions.down"
        sentence += text(lang, way, places=abs(top["gain"]), index=labels.index_name(top["index"], lang), **told)
    return sentence
