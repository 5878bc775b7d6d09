"""Where a province stands in each index of one year: its rank among n, and its rank the edition before."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from vnegov.charts import labels, style
from vnegov.charts.labels import say
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
        title = say(lang, f"Where {case.province} stood in {case.year}", f"Thứ hạng của {case.province} năm {case.year}")
        subtitle = say(
            lang,
            "Rank among n provinces in each index published for the year; ring: the rank a year earlier",
            "Thứ hạng trong n tỉnh, thành phố ở mỗi chỉ số công bố cho năm đó; vòng tròn rỗng: hạng năm trước",
        )
        made, area = style.figure(0.46 * len(data) + 0.42, title, subtitle, labels.source_line(data, lang))
        ax = style.panels(made, area, 1, 1, (0, 0), (1.65, 0.12, 1.75, 0.3))[0]
    for y, row in enumerate(data.itertuples()):
        ax.plot([0, 1], [y, y], color=style.RULE, lw=5, solid_capstyle="round", zorder=1)
        ax.text(-0.03, y, labels.index_name(row.index, lang), ha="right", va="center", weight="bold", size=9)
        if pd.isna(row.rank):
            ax.text(1.03, y, _unranked(row, lang), ha="left", va="center", color=style.MUTED, size=7.5)
            continue
        if pd.notna(row.previous_rank):
            was = (row.previous_rank - 1) / (row.n_units - 1)
            line = ":" if row.broken else "-"
            ax.plot([was, row.position], [y, y], color=style.PROVINCE, lw=1.6, ls=line, zorder=2)
            ax.plot([was], [y], "o", mfc="white", mec=style.PROVINCE, ms=7, mew=1.4, zorder=3)
        ax.plot([row.position], [y], "o", color=style.PROVINCE, ms=11, zorder=4)
        rank = say(lang, f"{row.rank} of {row.n_units}", f"{row.rank}/{row.n_units}")
        ax.text(1.03, y - 0.02, rank, ha="left", va="bottom", weight="bold", size=9.5, color=style.PROVINCE)
        ax.text(1.03, y + 0.06, _detail(row, lang), ha="left", va="top", size=7.5, color=style.MUTED)
    ax.set(xlim=(-0.02, 1.02), ylim=(len(data) - 0.5, -0.5))
    ax.set_axis_off()
    ends = (say(lang, "first", "đầu bảng"), say(lang, "middle", "giữa bảng"), say(lang, "last", "cuối bảng"))
    for x, word, side in zip((0, 0.5, 1), ends, ("left", "center", "right"), strict=True):
        ax.text(x, -0.55, word, ha=side, va="bottom", size=8, color=style.MUTED)
    ax.plot([0.5, 0.5], [-0.45, len(data) - 0.6], color=style.MUTED, lw=0.8, ls=(0, (2, 3)), zorder=0)
    return ax


def _unranked(row, lang: str) -> str:
    return say(
        lang,
        f"score {labels.score(row.score, lang)}, no rank\n({row.known} of {row.n_units} scores known)",
        f"điểm {labels.score(row.score, lang)}, không có hạng\n(biết điểm {row.known}/{row.n_units} tỉnh)",
    )


def _detail(row, lang: str) -> str:
    words = []
    if pd.notna(row.score):
        words.append(say(lang, "score ", "điểm ") + labels.score(row.score, lang))
    if row.rank_basis != "published":
        words.append(
            {
                "computed": say(lang, "rank computed", "hạng tự tính"),
                "inferred": say(lang, "rank from list order", "hạng theo thứ tự"),
                "derived": say(lang, "rank derived", "hạng suy ra"),
            }[row.rank_basis]
        )
    if row.broken and pd.notna(row.previous_rank):
        words.append(say(lang, "new method", "cách tính mới"))
    return " · ".join(words)


def describe(data: pd.DataFrame, case: Case) -> str:
    """One or two sentences: the best and the weakest place, and the largest move on the year before."""
    lang, ranked = case.lang, data[data["rank"].notna()]
    if ranked.empty:
        return say(
            lang,
            f"No rank of {case.province} is known for {case.year}.",
            f"Chưa biết thứ hạng nào của {case.province} năm {case.year}.",
        )

    def place(row) -> str:
        name = labels.index_name(row["index"], lang)
        return say(lang, f"{name} ({row['rank']} of {row['n_units']})", f"{name} ({row['rank']}/{row['n_units']})")

    best, last = ranked.iloc[0], ranked.iloc[-1]
    if len(ranked) == 1:
        text = say(
            lang,
            f"In {case.year} one rank of {case.province} is known: {place(best)}.",
            f"Năm {case.year} chỉ biết một thứ hạng của {case.province}: {place(best)}.",
        )
    else:
        text = say(
            lang,
            f"Of the {len(ranked)} indices that rank {case.province} in {case.year}, its best place is in "
            f"{place(best)}, its weakest in {place(last)}.",
            f"Trong {len(ranked)} chỉ số xếp hạng {case.province} năm {case.year}, vị trí cao nhất là "
            f"{place(best)}, thấp nhất là {place(last)}.",
        )
    moves = ranked[ranked["previous_rank"].notna() & ~ranked["broken"]]
    moves = moves.assign(gain=moves["previous_rank"] - moves["rank"])
    moves = moves[moves["gain"] != 0].sort_values("gain", key=abs, ascending=False, kind="stable")
    if len(moves):
        top = moves.iloc[0]
        name, places = labels.index_name(top["index"], lang), abs(top["gain"])
        en = f" The largest move on {case.year - 1}: {'up' if top['gain'] > 0 else 'down'} {places} in {name}."
        vi = f" Thay đổi lớn nhất so với {case.year - 1}: {'tăng' if top['gain'] > 0 else 'giảm'} {places} bậc ở {name}."
        text += say(lang, en, vi)
    return text
