"""A province's path in each index over the editions, against the median province and the leader."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

from vnegov.charts import canvas, facts, labels, style
from vnegov.charts.labels import text
from vnegov.data.case import Case
from vnegov.data.schema import INDICES
from vnegov.data.tables import table

NAME = "trajectories"
SERIES = {"leader": (style.LEADER, 1.2), "median": (style.MEDIAN, 1.2), "value": (style.PROVINCE, 2.2)}
COLUMNS = 2


def compute(case: Case) -> pd.DataFrame:
    """One row an index and edition in which the province is known, for indices with two editions or more.

    Columns: index, edition, measure ("score" where every edition has scores of all provinces, else "rank"),
    value, median and leader (of the scores of all provinces; absent where some are not known), leader_code,
    n_units, segment (counts up at every break of the series), rank_basis, source_ids.
    """
    whole, breaks, edition = facts.overall(case), table("breaks"), ["index", "edition"]
    known = whole.dropna(subset="score").groupby(edition)["score"]
    known = known.agg(known="count", median="median", leader="max", first="idxmax")
    known["leader_code"] = whole.loc[known["first"], "province_code"].to_numpy()
    own = whole[whole["province_code"] == case.province_code].join(known, on=edition)
    # Two or three provinces missing at source still leave a median; a sample of leaders and laggards does not.
    partial = ~(own["known"] >= 0.9 * own["n_units"])
    own.loc[partial, ["median", "leader", "leader_code"]] = None
    ranked_only = (own["score"].isna() | partial).groupby(own["index"]).transform("mean") > 0.5
    own["measure"] = np.where(ranked_only, "rank", "score")
    own["value"] = own["score"].mask(ranked_only, own["rank"].astype("float64"))
    own = own[own["value"].notna()]
    own = own[own.groupby("index")["edition"].transform("count") >= 2]
    breaks = breaks[breaks["component"] == "overall"]
    own["segment"] = [
        int(((breaks["index"] == index) & (breaks["edition"] <= year)).sum())
        for index, year in zip(own["index"], own["edition"], strict=True)
    ]
    own["order"] = own["index"].map(INDICES.index)
    own = own.sort_values(["measure", "order", "edition"], ascending=[False, True, True], ignore_index=True)
    keep = ["measure", "value", "median", "leader", "leader_code", "n_units", "segment", "rank_basis", "source_ids"]
    return own[[*edition, *keep]]


def draw(data: pd.DataFrame, case: Case) -> Axes:
    """A panel an index: scores with median and leader, or ranks (first place at the top) where scores are few."""
    panels = [rows for _, rows in data.groupby("index", sort=False)]
    ax = canvas.bare(2.0 * -(-len(panels) // COLUMNS), labels.words(NAME, data, case))
    for i, rows in enumerate(panels):
        x, y = 0.36 + 3.84 * (i % COLUMNS), 0.42 + 2.0 * (i // COLUMNS)
        _panel(ax, rows, case, Bbox.from_extents(x, y + 1.38, x + 2.48, y))
    return ax


def _panel(ax: Axes, rows: pd.DataFrame, case: Case, box: Bbox) -> None:
    lang, end, n = case.lang, rows.iloc[-1], int(rows["n_units"].max())
    first, last, ranked = int(rows["edition"].min()), int(end["edition"]), end["measure"] == "rank"
    fields = ["value"] if ranked else [*SERIES]
    breaks = rows.groupby("segment")["edition"].min().iloc[1:] - 0.5
    # neither a break nor a year that is not known is bridged by a line
    drawn = rows.set_index("edition")[fields].reindex(sorted({*range(first, last + 1), *breaks}))
    low, high = (n, 1) if ranked else (np.nanmin(drawn), np.nanmax(drawn))
    margin = 0.05 * ((high - low) or 1)
    seen = Bbox([[first - 0.3, low - margin], [last + 0.3, high + margin]])
    years = range(last, first - 1, -max(1, -(-(last - first) // 4)))
    levels = [1, *range(20, n, 20)] if ranked else []
    band = (case.year - 0.3, case.year + 0.3) if case.year in set(rows["edition"]) else ()
    place = canvas.panel(ax, box, seen, years, lang, levels, breaks, band)
    ends = []
    for field in fields:
        colour, width = SERIES[field]
        points = place.transform(drawn[[field]].reset_index())
        ax.plot(*points.T, "o-", color=colour, lw=width, ms=2 + width, clip_on=False)
        if pd.notna(end[field]):
            value = labels.number(end[field], lang, 0) if ranked else labels.score(end[field], lang)
            weight = "bold" if field == "value" else "normal"
            ends.append((points[-1, 1], text(lang, f"trajectories.{field}", value=value), colour, weight))
    canvas.ends(ax, box, ends)
    name, unit = labels.index_name(end["index"], lang), "trajectories.by_rank" if ranked else "trajectories.by_score"
    canvas.writer(ax)(box.x0, box.y1 - 0.25, name, weight="bold", size=9.5)
    canvas.writer(ax)(box.x0, box.y1 - 0.09, text(lang, unit, n=n), size=7.5, color=style.MUTED)


def describe(data: pd.DataFrame, case: Case) -> str:
    """A clause an index: the latest gap to median and leader, or the first and last rank."""
    lang, clauses = case.lang, []
    if data.empty:
        return text(lang, "trajectories.none", province=case.province)
    for index, rows in data.groupby("index", sort=False):
        first, last = rows.iloc[0], rows.iloc[-1]
        told = {"index": labels.index_name(index, lang), "from": first["edition"], "year": last["edition"]}
        if last["measure"] == "rank":
            told |= {"first": f"{first['value']:.0f}", "last": f"{last['value']:.0f}"}
            changed = text(lang, "trajectories.changed") if first["segment"] != last["segment"] else ""
            clauses.append(text(lang, "trajectories.ranks", **told) + changed)
        elif pd.notna(last["median"]):
            gap, lead = last["value"] - last["median"], last["leader"] - last["value"]
            side = "trajectories.above" if gap >= 0 else "trajectories.below"
            leads = "trajectories.leads" if last["leader_code"] == case.province_code else "trajectories.behind"
            clause = text(lang, side, gap=labels.score(abs(gap), lang), **told)
            clauses.append(clause + text(lang, leads, lead=labels.score(lead, lang)))
    return "; ".join(clauses) + "."
