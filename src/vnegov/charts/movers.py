"""Who gained and who lost most places between two editions of an index that compare."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from vnegov.charts import editions, style
from vnegov.charts.labels import say, text
from vnegov.data.case import EditionCase
from vnegov.data.tables import table
from vnegov.metrics import ranking

NAME = "movers"
MOST = 8


def compute(case: EditionCase) -> pd.DataFrame:
    """`editions.standings` of the MOST that gained or lost most places, ties included, the greatest gain first, with
    direction ("up", "down") and compared (provinces with both ranks). Empty where no edition before compares."""
    changed = editions.standings(case)
    moved = ranking.movers(changed, MOST)
    return moved.assign(compared=changed["rank_change"].count()).reset_index(drop=True)


def _told(data: pd.DataFrame, case: EditionCase) -> dict[str, Any]:
    known, n, before = (int(data[column].max()) for column in ("compared", "n_units", "edition_before"))
    compared = text(case.lang, "edition.whole" if known >= 0.9 * n else "movers.few", known=known, n=n)
    return {"name": editions.title(case), "edition": case.edition, "before": before, "n": n, "compared": compared}


def draw(data: pd.DataFrame, case: EditionCase) -> Axes:
    """A line a province, first place on the left: from a ring at its rank in the edition before to a dot."""
    told, was, now = _told(data, case), data["rank_before"], data["rank"]
    places = data.index + data["direction"].eq("down")  # a gap between those who gained and those who lost
    ax = editions.frame(NAME, data, case.lang, 0.24 * places.max() + 0.8, (1.45, 0.25, 1.2, 0), **told)
    editions.rank_axis(ax, places, told["n"])
    ax.hlines(places, was, now, color=style.PROVINCE, lw=1.8)
    ax.plot(was, places, "o", mfc="white", mec=style.PROVINCE, ms=6, mew=1.3)
    ax.plot(now, places, "o", color=style.PROVINCE, ms=8)
    gains = editions.figures(data["rank_change"], case.lang, signed=True)
    editions.beside(ax, places, data["province"])
    moves = [f"{gain:\u2007>3}   {a} → {b}" for gain, a, b in zip(gains, was, now, strict=True)]
    editions.beside(ax, places, moves, "right", style.PROVINCE)
    return ax


def describe(data: pd.DataFrame, case: EditionCase) -> str:
    """The greatest gain and loss; or why two editions do not compare."""
    lang, name = case.lang, editions.title(case)
    if len(data):
        told = [
            text(lang, f"movers.{way}", **{"province": row.province, "from": row.rank_before, "to": row.rank})
            for way, row in zip(("up", "down"), data.iloc[[0, -1]].itertuples(), strict=True)
            if row.direction == way
        ]
        return text(lang, "movers.some", told=", ".join(told), **_told(data, case))
    breaks = table("breaks").query("index == @case.index and component == 'overall' and edition == @case.edition")
    if len(breaks):
        return text(lang, "movers.broken", name=name, why=breaks[say(lang, "why", "why_vi")].iloc[0])
    known = editions.standings(case)
    if known["edition_before"].isna().all():
        return text(lang, "movers.first", name=name)
    return text(lang, "movers.none", name=name, known=editions.coverage(known, lang))
