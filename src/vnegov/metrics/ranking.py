"""Where a province stands: ranks with ties, percentiles, gaps, changes between editions, movers, peers. Scores are
ranked as they are, never rounded first, and more is better in every index; a unit without a score has no rank."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from vnegov.errors import UnknownProvince
from vnegov.metrics.trends import SERIES, spans


def ranks(scores: pd.Series) -> pd.Series:
    """Competition ranks (Int64) of a vector of scores: ties share the best rank ("1224")."""
    return scores.rank(method="min", ascending=False).astype("Int64")


def quartile(rank: pd.Series, n_units: pd.Series | int) -> pd.Series:
    """Quarter of the table in which a rank lies, 1 (best) to 4; ties share the better one. Int64."""
    return (-(-4 * rank // n_units)).astype("Int64")


def standing(scores: pd.DataFrame) -> pd.DataFrame:
    """Rows of `scores` with percentile (% of the other units left behind), quartile and, in the index's unit, how far
    others are ahead: gap_leader, gap_median and gap_next (the last two missing unless all n_units are known)."""
    edition = [*SERIES, "edition"]
    ladder = scores[[*edition, "score"]].drop_duplicates().sort_values("score")
    rows = scores.merge(ladder.assign(above=ladder.groupby(edition)["score"].shift(-1)), how="left")
    groups = rows.assign(first=rows["score"].where(rows["rank"] == 1)).groupby(edition)
    whole = groups["score"].transform("count") >= rows["n_units"]
    return rows.assign(
        percentile=100 * (rows["n_units"] - rows["rank"]) / (rows["n_units"] - 1),
        quartile=quartile(rows["rank"], rows["n_units"]),
        gap_leader=groups["first"].transform("max") - rows["score"],
        gap_median=(groups["score"].transform("median") - rows["score"]).where(whole),
        gap_next=(rows.pop("above") - rows["score"]).where(whole),
    )


def changes(scores: pd.DataFrame, breaks: pd.DataFrame) -> pd.DataFrame:
    """Each row of `scores` beside the province's edition before: edition_before, score_before, rank_before, comparable
    (no break between), and, where that holds, score_change and rank_change (places gained: 5th after 8th is +3)."""
    rows = scores.assign(span=spans(scores, breaks)).reset_index(drop=True)
    groups = rows.sort_values("edition").groupby([*SERIES, "province_code"])
    before = groups[["edition", "score", "rank", "span"]].shift().astype({"edition": "Int64"})
    rows = rows.join(before.add_suffix("_before"))
    rows["comparable"] = rows.pop("span") == rows.pop("span_before")
    rows["score_change"] = (rows["score"] - rows["score_before"]).where(rows["comparable"])
    rows["rank_change"] = (rows["rank_before"] - rows["rank"]).where(rows["comparable"])
    return rows


def movers(changed: pd.DataFrame, n: int = 5) -> pd.DataFrame:
    """From `changes`, greatest gain first: who moved most (direction "up", "down"), n each and ties with the n-th."""
    moved = changed[changed["rank_change"].fillna(0) != 0]
    moved = moved.assign(direction=np.where(moved["rank_change"] > 0, "up", "down"))
    place = moved["rank_change"].abs().groupby(moved["direction"]).rank(method="min", ascending=False)
    return moved[place <= n].sort_values(["rank_change", "province_code"], ascending=[False, True])


def peers(
    provinces: pd.DataFrame, code: str, how: str | Sequence[str] = "region", grdp: pd.Series | None = None, n: int = 5
) -> list[str]:
    """Codes among `provinces` (one geography) to compare `code` with: all others of its "region", the n "nearest" by
    the logs of population and, if given, of GRDP per head (by code), in standard deviations, or a given list."""
    table = provinces.set_index("code").sort_index()
    if grdp is not None:
        table = table.assign(grdp=grdp).dropna(subset="grdp")
    given = [one for one in ([how] if isinstance(how, str) else how) if one not in ("region", "nearest", code)]
    if unknown := sorted({code, *given} - {*table.index}):
        there = ", ".join(table.index)
        raise UnknownProvince(f"no province to compare has the code {', '.join(unknown)}; there are {there}")
    if how == "region":
        return table.index[table["region"] == table.loc[code, "region"]].drop(code).tolist()
    if how == "nearest":
        logs = np.log(table.filter(["population_2024_thousand", "grdp"]))
        return (((logs - logs.loc[code]) / logs.std()) ** 2).sum(axis=1).drop(code).nsmallest(n).index.tolist()
    return given
