"""Scores over the merger of 1 July 2025: 63 provinces carried into 34.

A merged province's score is a mean of its members': of the provinces as they are, or weighted by their
people. Nothing is imputed: one member unknown, and the merged province has no value.
"""

import pandas as pd

from vnegov.metrics.ranking import ranks

CELL = ["index", "edition", "component"]
COLUMNS = [
    "index", "edition", "geography", "province_code", "component", "score", "rank", "rank_basis", "n_units",
    "source_ids", "conflict", "method", "members_known", "members",
]  # fmt: skip


def to_34(
    scores: pd.DataFrame,
    weights: str | None = None,
    *,
    provinces: pd.DataFrame | None = None,
    population: pd.DataFrame | None = None,
    higher_is_better: bool = True,
) -> pd.DataFrame:
    """Carry the rows of `scores` with geography "63" over the merger, a row per new province × cell of CELL.

    weights: None for the simple mean (method "simple_mean": so the official 34 of DTI 2024 were made), or
    "population" for the mean weighted by the members' average population: of 2024 for all editions
    ("population_2024_mean"), or of the edition's own year if `population` is given ("population_mean").
    Ranks are computed among the new provinces that have a score (n_units), where every province that the
    edition ranked has one; else there are none. source_ids and conflict are the members' together.
    `provinces`: the table of that name, read if not given. Raises ValueError for a figure that stands twice,
    a code that is not there, or another weighting.
    """
    if weights not in (None, "population"):
        raise ValueError(f'weights is None or "population", not {weights!r}')
    if provinces is None:
        from vnegov.data.tables import table

        provinces = table("provinces")
    old = provinces[provinces["geography"] == "63"].set_index("code").sort_index()
    rows = scores[scores["geography"] == "63"]
    if rows.duplicated([*CELL, "province_code"]).any():
        twice = rows[rows.duplicated([*CELL, "province_code"])].iloc[0]
        raise ValueError(
            f"one figure stands twice: {' · '.join(str(twice[c]) for c in [*CELL, 'province_code'])}"
        )
    if unknown := sorted(set(rows["province_code"]) - set(old.index)):
        raise ValueError(f"not among the 63: {', '.join(unknown)}")
    cells = rows.groupby(CELL, as_index=False).agg(known=("score", "count"), ranked=("n_units", "max"))
    grid = cells.merge(old["successor_code"].rename_axis("province_code").reset_index(), how="cross")
    grid = grid.merge(rows[[*CELL, "province_code", "score", "source_ids", "conflict"]], how="left")
    method, weight = _weights(grid, weights, old, population)
    known = grid["score"].notna() & weight.notna()
    grid = grid.assign(weight=weight, product=grid["score"] * weight, known_member=known)
    grid["conflict"] = grid["conflict"].eq(True)
    members = grid.groupby([*CELL, "successor_code"])
    carried = members.agg(
        product=("product", "sum"),
        weight=("weight", "sum"),
        members_known=("known_member", "sum"),
        members=("known_member", "size"),
        conflict=("conflict", "any"),
        whole=("known", "first"),
        ranked=("ranked", "first"),
    )
    carried = carried.join(_together(grid)).reset_index()
    carried["source_ids"] = carried["source_ids"].fillna("")
    complete = carried["members_known"] == carried["members"]
    carried["score"] = (carried["product"] / carried["weight"]).where(complete)
    place = carried.groupby(CELL)["score"].transform(
        lambda cell: ranks(cell, higher_is_better).astype("float64")
    )
    carried["rank"] = place.where(carried["whole"] >= carried["ranked"]).astype("Int64")
    carried["n_units"] = carried.groupby(CELL)["score"].transform("count")
    basis = pd.Series("computed", index=carried.index, dtype="str")
    carried["rank_basis"] = basis.where(carried["rank"].notna())
    carried = carried.assign(geography="34", method=method).rename(
        columns={"successor_code": "province_code"}
    )
    return carried[COLUMNS]


def compare_34(carried: pd.DataFrame, official: pd.DataFrame) -> pd.DataFrame:
    """Carried scores beside the official ones of the 34, for the cells that both have at all.

    A row per index, edition, component and province: score_carried, score_official, score_difference and the
    same of rank (carried − official). A value that one side lacks leaves the difference missing.
    """
    key = [*CELL, "province_code"]
    sides = [side.loc[side["geography"] == "34", [*key, "score", "rank"]] for side in (carried, official)]
    shared = sides[0][CELL].drop_duplicates().merge(sides[1][CELL].drop_duplicates())
    both = sides[0].merge(
        sides[1], on=key, how="outer", suffixes=("_carried", "_official"), validate="one_to_one"
    )
    table = shared.merge(both).sort_values(key, ignore_index=True)
    table["score_difference"] = table["score_carried"] - table["score_official"]
    table["rank_difference"] = (table["rank_carried"] - table["rank_official"]).astype("Int64")
    return table


def _weights(
    grid: pd.DataFrame, weights: str | None, old: pd.DataFrame, population: pd.DataFrame | None
) -> tuple[str, pd.Series]:
    """The method's name and the weight of each row of `grid`."""
    if weights is None:
        return "simple_mean", pd.Series(1.0, index=grid.index)
    if population is None:
        return "population_2024_mean", grid["province_code"].map(old["population_2024_thousand"])
    people = population[population["geography"] == "63"].rename(columns={"year": "edition"})
    people = people[["province_code", "edition", "population_thousand"]]
    return "population_mean", grid[["province_code", "edition"]].merge(people, how="left")[
        "population_thousand"
    ]


def _together(grid: pd.DataFrame) -> pd.Series:
    """All sources of the members of each new province, each once, joined by ;."""
    key = [*CELL, "successor_code"]
    each = (
        grid[[*key, "source_ids"]].dropna().assign(source_ids=lambda rows: rows["source_ids"].str.split(";"))
    )
    return each.explode("source_ids").drop_duplicates().groupby(key)["source_ids"].agg(";".join)
