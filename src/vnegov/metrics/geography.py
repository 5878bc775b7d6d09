"""Scores over the merger of 1 July 2025: 63 provinces carried into 34. A merged province's score is a mean of its
members', plain or weighted by their people; one member unknown, and it has none."""

import pandas as pd

from vnegov.data.tables import table

CELL = ["index", "edition", "component"]
METHODS = {None: "simple_mean", "population": "population_2024_mean"}


def to_34(scores: pd.DataFrame, weights: str | None = None, *, provinces: pd.DataFrame | None = None) -> pd.DataFrame:
    """Carry the rows of `scores` with geography "63" over the merger, with method, members_known and members added.
    weights: None for the simple mean (so the official 34 of DTI 2024 were made), or "population" for that by people of
    2024. The new provinces that have a score (n_units) are ranked where every province that the edition ranked has one.
    Raises ValueError for a figure that stands twice or a code that is not there."""
    method = METHODS[weights]
    provinces = table("provinces") if provinces is None else provinces
    old = provinces[provinces["geography"] == "63"].rename(columns={"code": "province_code"})
    rows = scores[scores["geography"] == "63"]
    if unknown := sorted({*rows["province_code"]} - {*old["province_code"]}):
        raise ValueError(f"not among the 63: {', '.join(unknown)}")
    cells = rows.groupby(CELL, as_index=False).agg(known=("score", "count"), ranked=("n_units", "max"))
    grid = cells.merge(old[["province_code", "successor_code", "population_2024_thousand"]], how="cross")
    grid = grid.merge(rows, on=[*CELL, "province_code"], how="left", validate="1:1")
    weight = grid["population_2024_thousand"] if weights else 1.0
    grid = grid.assign(weight=weight, score=grid["score"] * weight, conflict=grid["conflict"].eq(True))
    members = grid.sort_values([*CELL, "province_code"]).groupby([*CELL, "successor_code"])
    score = members["score"].sum(skipna=False) / members["weight"].sum()
    whole = members["known"].first() >= members["ranked"].first()
    place = score.groupby(CELL).rank(method="min", ascending=False).where(whole).astype("Int64")
    carried = score.to_frame("score").assign(
        geography="34",
        rank=place,
        rank_basis=place.notna().map({True: "computed"}).astype("str"),
        n_units=score.groupby(CELL).transform("count"),
        source_ids=members["source_ids"].agg(lambda ids: ";".join(dict.fromkeys(";".join(ids.dropna()).split(";")))),
        conflict=members["conflict"].any(),
        method=method,
        members_known=members["score"].count(),
        members=members.size(),
    )
    return carried.reset_index().rename(columns={"successor_code": "province_code"})


def compare_34(carried: pd.DataFrame, official: pd.DataFrame) -> pd.DataFrame:
    """Carried figures beside the official ones of the 34, where both are there: a row per index, edition, component and
    province, with score_carried, score_official, score_difference (carried − official), and so the ranks."""
    key = [*CELL, "province_code"]
    ours, theirs = (side.loc[side["geography"] == "34", [*key, "score", "rank"]] for side in (carried, official))
    both = ours.merge(theirs, on=key, suffixes=("_carried", "_official"), validate="1:1")
    both["score_difference"] = both["score_carried"] - both["score_official"]
    both["rank_difference"] = both["rank_carried"] - both["rank_official"]
    return both
