"""Where a province stands: ranks with ties, percentiles, gaps, changes between editions, movers, peers. Scores are
ranked as they are, never rounded first; a unit without a score has no rank."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from vnegov.errors import UnknownProvince
from vnegov.metrics.trends import SERIES, spans


def ranks(scores: pd.Series, higher_is_better: bool = True) -> pd.Series:
    """Competition ranks (Int64) of a vector of scores: ties share the best rank ("1224")."""
    return scores.rank(method="min", ascending=not higher_is_better).astype("Int64")


def percentile(rank: pd.Series, n_units: pd.Series | int) -> pd.Series:
    """Share of the other units (%) that a unit with this rank leaves behind: first of n 100, n-th of n 0."""
    return (100 * (n_units - rank) / (n_units - 1)).astype("float64")


def quartile(rank: pd.Series, n_units: pd.Series | int) -> pd.Series:
    """Quarter of the table in which a rank lies, 1 (best) to 4; ties share the better one. Int64."""
    return (-(-4 * rank // n_units)).astype("Int64")


def standing(scores: pd.DataFrame, higher_is_better: bool = True) -> pd.DataFrame:
    """Rows of `scores` with percentile, quartile, n_known, gap_leader, gap_median, gap_next. Gaps are in the index's
    unit and say how far the other is ahead: 0 for the leader itself, below 0 for a unit better than the median, missing
    for the leader's next. gap_leader needs the score of a first-ranked unit; gap_median and gap_next are missing unless
    every unit of the edition is known (n_known = n_units)."""
    rows = scores.reset_index(drop=True)
    value = rows["score"] * (1 if higher_is_better else -1)
    edition = [rows[column] for column in (*SERIES, "edition")]
    known = value.groupby(edition).transform("count")
    leader = value.where(rows["rank"].eq(1).fillna(False)).groupby(edition).transform("max")
    ladder = value.sort_values()
    above = ladder.groupby(edition).shift(-1)
    above = above.where(above > ladder).groupby(edition).bfill()
    return rows.assign(
        percentile=percentile(rows["rank"], rows["n_units"]),
        quartile=quartile(rows["rank"], rows["n_units"]),
        n_known=known,
        gap_leader=leader - value,
        gap_median=(value.groupby(edition).transform("median") - value).where(known >= rows["n_units"]),
        gap_next=(above - value).where(known >= rows["n_units"]),
    ).set_axis(scores.index)


def changes(scores: pd.DataFrame, breaks: pd.DataFrame | None = None) -> pd.DataFrame:
    """Each row of `scores` beside the province's edition before, in one index, geography and component. Adds
    edition_before, score_before, rank_before, n_units_before, comparable, score_change and rank_change (places gained:
    5th after 8th is +3); the changes are missing where comparable is False: nothing before, or a break between (see
    `trends.spans`). Raises ValueError for a figure that stands twice."""
    key = [*SERIES, "province_code"]
    if (twice := scores.duplicated([*key, "edition"])).any():
        raise ValueError(f"a figure stands twice: {scores.loc[twice, [*key, 'edition']].iloc[0].tolist()}")
    rows = scores.assign(_span=spans(scores, breaks)).reset_index(drop=True)
    columns = ["edition", "score", "rank", "n_units", "_span"]
    before = rows.sort_values("edition").groupby(key)[columns].shift()
    rows = rows.join(before.astype({"edition": "Int64", "n_units": "Int64"}).add_suffix("_before"))
    rows["comparable"] = rows["_span"] == rows.pop("_span_before")
    rows["score_change"] = (rows["score"] - rows["score_before"]).where(rows["comparable"])
    rows["rank_change"] = (rows["rank_before"] - rows["rank"]).astype("Int64").where(rows["comparable"])
    return rows.drop(columns="_span").set_axis(scores.index)


def movers(changed: pd.DataFrame, n: int = 5) -> pd.DataFrame:
    """From `changes`: who gained and who lost most places (direction "up" or "down"), up to n each, ties with the n-th
    included, from the greatest gain to the greatest loss."""
    moved = changed[changed["rank_change"].fillna(0) != 0]
    moved = moved.assign(direction=np.where(moved["rank_change"] > 0, "up", "down"))
    place = moved["rank_change"].abs().groupby(moved["direction"]).rank(method="min", ascending=False)
    return moved[place <= n].sort_values(["rank_change", "province_code"], ascending=[False, True])


def peers(
    provinces: pd.DataFrame,
    code: str,
    how: str | Sequence[str] = "region",
    grdp_per_head: pd.Series | None = None,
    n: int = 5,
) -> list[str]:
    """Codes of the provinces to compare `code` with; `provinces` holds one geography. how="region": all others of its
    region. how="nearest": the n nearest by the logs of population and, if given, of GRDP per head (by code), each in
    standard deviations; provinces that lack one are left out. Else `how` is the list itself. Raises `UnknownProvince`
    for a code that is not there."""
    table = provinces.set_index("code").sort_index()
    given = [] if isinstance(how, str) else [one for one in how if one != code]
    if unknown := sorted({code, *given} - set(table.index)):
        there = ", ".join(table.index)
        raise UnknownProvince(f"no province has the code {', '.join(unknown)}; there are {there}")
    if how == "region":
        return table.index[table["region"] == table.loc[code, "region"]].drop(code).tolist()
    if how == "nearest":
        traits = [table["population_2024_thousand"], *([] if grdp_per_head is None else [grdp_per_head])]
        logs = np.log(pd.concat(traits, axis=1, join="inner").astype("float64")).dropna()
        if code not in logs.index:
            raise ValueError(f"population or GRDP per head of {code} is not known")
        distance = (((logs - logs.loc[code]) / logs.std()) ** 2).sum(axis=1).drop(code)
        return distance.sort_values(kind="stable").index[:n].tolist()
    if isinstance(how, str):
        raise ValueError(f'how is "region", "nearest" or a list of codes, not {how!r}')
    return given
