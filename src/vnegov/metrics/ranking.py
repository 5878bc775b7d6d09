"""Where a province stands: ranks with ties, percentiles, gaps, changes between editions, movers, peers.

Scores are ranked as they are, never rounded first. A unit without a score has no rank.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from vnegov.errors import UnknownProvince
from vnegov.metrics.trends import SERIES, spans

EDITION = [*SERIES, "edition"]


def ranks(scores: pd.Series, higher_is_better: bool = True) -> pd.Series:
    """Competition ranks of a vector of scores: ties share the best rank ("1224"), a missing score has none.

    Int64, same labels. As in sport and in the publishers' own tables.
    """
    return scores.rank(method="min", ascending=not higher_is_better).astype("Int64")


def percentile(rank: pd.Series, n_units: pd.Series | int) -> pd.Series:
    """Share of the other units (%) that a unit with this rank leaves behind: first of n 100, n-th of n 0.

    Works from a published rank and n alone, so also where an index is known in part. NaN where n is 1.
    """
    rank, n = rank.astype("float64"), pd.Series(n_units, index=rank.index, dtype="float64")
    return (100 * (n - rank) / (n - 1)).where(n > 1)


def quartile(rank: pd.Series, n_units: pd.Series | int) -> pd.Series:
    """Quarter of the table in which a rank lies, 1 (best) to 4; ties share the better one. Int64."""
    rank, n = rank.astype("float64"), pd.Series(n_units, index=rank.index, dtype="float64")
    return (-(-4 * rank // n)).astype("Int64")


def standing(scores: pd.DataFrame, higher_is_better: bool = True) -> pd.DataFrame:
    """Rows of `scores` with percentile, quartile, gap_leader, gap_median, gap_next, n_known.

    Gaps are in the index's unit and say how far the other is ahead: 0 for the leader itself, below 0 for a
    unit better than the median, missing for the leader's next. gap_leader needs the score of a first-ranked
    unit; gap_median and gap_next are missing unless every unit of the edition is known (n_known = n_units).
    """
    sign = 1 if higher_is_better else -1
    first = scores["rank"].eq(1).fillna(False).astype("bool")
    table = scores.assign(
        percentile=percentile(scores["rank"], scores["n_units"]),
        quartile=quartile(scores["rank"], scores["n_units"]),
        _value=sign * scores["score"],
        _leader=sign * scores["score"].where(first),
    )
    groups = table.groupby(EDITION)
    table["n_known"] = groups["score"].transform("count")
    whole = table["n_known"] >= table["n_units"]
    ladder = table[[*EDITION, "_value"]].dropna().drop_duplicates().sort_values("_value")
    ladder["_next"] = ladder.groupby(EDITION)["_value"].shift(-1)
    following = table.merge(ladder, on=[*EDITION, "_value"], how="left")["_next"].set_axis(table.index)
    table["gap_leader"] = groups["_leader"].transform("max") - table["_value"]
    table["gap_median"] = (groups["_value"].transform("median") - table["_value"]).where(whole)
    table["gap_next"] = (following - table["_value"]).where(whole)
    return table.drop(columns=["_value", "_leader"])


def changes(scores: pd.DataFrame, breaks: pd.DataFrame | None = None) -> pd.DataFrame:
    """Each row of `scores` beside the province's edition before, in one index, geography and component.

    Adds edition_before, score_before, rank_before, n_units_before, comparable, score_change and rank_change
    (places gained: 5th after 8th is +3). The changes are missing where there is nothing before and across a
    break (see `trends.spans`), where comparable is False. Raises ValueError for a figure that stands twice.
    """
    key = [*SERIES, "province_code"]
    if scores.duplicated([*key, "edition"]).any():
        twice = scores[scores.duplicated([*key, "edition"])].iloc[0][[*key, "edition"]]
        raise ValueError(f"one figure stands twice: {' · '.join(map(str, twice))}")
    table = scores.assign(_span=spans(scores, breaks)).reset_index(drop=True).sort_values([*key, "edition"])
    columns = ["edition", "score", "rank", "n_units", "_span"]
    before = table.groupby(key)[columns].shift().astype({"edition": "Int64", "n_units": "Int64"})
    table = table.join(before.add_suffix("_before"))
    table["comparable"] = table["_span"] == table["_span_before"]
    table["score_change"] = (table["score"] - table["score_before"]).where(table["comparable"])
    table["rank_change"] = (table["rank_before"] - table["rank"]).astype("Int64").where(table["comparable"])
    return table.drop(columns=["_span", "_span_before"]).sort_index().set_axis(scores.index)


def movers(changed: pd.DataFrame, n: int = 5) -> pd.DataFrame:
    """From `changes`: who gained and who lost most places, up to n each, ties with the n-th included.

    Sorted from the greatest gain to the greatest loss, with direction "up" or "down".
    """
    moved = changed[changed["rank_change"].fillna(0) != 0]
    size = moved["rank_change"].abs().astype("int64")
    direction = pd.Series(np.where(moved["rank_change"] > 0, "up", "down"), index=moved.index, dtype="str")
    place = size.groupby(direction).rank(method="min", ascending=False)
    table = moved.assign(direction=direction)[place <= n]
    return table.sort_values(["rank_change", "province_code"], ascending=[False, True])


def peers(
    provinces: pd.DataFrame,
    code: str,
    how: str | Sequence[str] = "region",
    grdp_per_head: pd.Series | None = None,
    n: int = 5,
) -> list[str]:
    """Codes of the provinces to compare `code` with; `provinces` holds one geography.

    how="region": all others of its region. how="nearest": the n nearest by the logs of population and, if
    given, of GRDP per head (by code), each in standard deviations (Euclidean distance); provinces that lack
    one are left out. Else `how` is the list itself. Raises `UnknownProvince` for a code that is not there.
    """
    table = provinces.set_index("code").sort_index()
    given = [] if isinstance(how, str) else list(how)
    if unknown := [one for one in (code, *given) if one not in table.index]:
        raise UnknownProvince(
            f"no province has the code {', '.join(unknown)}; there are {', '.join(table.index)}"
        )
    if not isinstance(how, str):
        return [one for one in given if one != code]
    if how == "region":
        return table.index[(table["region"] == table.loc[code, "region"]) & (table.index != code)].tolist()
    if how != "nearest":
        raise ValueError(f'how is "region", "nearest" or a list of codes, not {how!r}')
    traits = {"population": table["population_2024_thousand"]}
    if grdp_per_head is not None:
        traits["grdp"] = grdp_per_head.reindex(table.index)
    logs = pd.DataFrame(traits).astype("float64").transform("log").dropna()
    if code not in logs.index:
        raise ValueError(f"population or GRDP per head of {code} is not known")
    distance = (((logs - logs.loc[code]) / logs.std()) ** 2).sum(axis=1).drop(code)
    return distance.sort_values(kind="stable").index[:n].tolist()
