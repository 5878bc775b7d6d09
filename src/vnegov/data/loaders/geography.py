"""Provinces of both geographies with their tile layout, and average population by year."""

import pandas as pd

from vnegov import paths
from vnegov.data.loaders.workbook import Faults, tables
from vnegov.data.provinces import GEOGRAPHIES

POPULATION = "population/population_63_2011_2024.csv"
ECONOMY = "population/area_grdp_2024.csv"


def read() -> dict[str, pd.DataFrame]:
    """`provinces` (both geographies), `population` and `economy`, as printed."""
    lists = {g: next(tables(paths.RAW / "provinces" / f"provinces_{g}.csv", "code"))[2] for g in GEOGRAPHIES}
    named = [rows.assign(geography=g) for g, rows in lists.items()]
    return {
        "provinces": pd.concat(named, ignore_index=True),
        "population": next(tables(paths.RAW / POPULATION, "province_code"))[2],
        "economy": next(tables(paths.RAW / ECONOMY, "province_code"))[2],
    }


def tidy(raw: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """`provinces` (population still to be joined), and `population` and `economy` of the 63."""
    faults = Faults()
    people, economy = raw["population"].assign(geography="63"), raw["economy"].assign(geography="63")
    people["province_code"] = faults.codes(people, "province_code", "63", "A")
    economy["province_code"] = faults.codes(economy, "province_code", "63", "A")
    faults.done()
    tiles = raw["provinces"].astype({"tile_row": "int64", "tile_col": "int64"})
    return {
        "provinces": tiles.astype(
            dict.fromkeys(["code", "name_vi", "name_en", "type", "region", "successor_code"], "str")
        ),
        "population": people.astype({"year": "int64", "population_thousand": "float64"}),
        "economy": economy.astype({"year": "int64", "area_km2": "float64", "grdp_per_head_million_vnd": "float64"}),
    }
