"""PAPI: a bulk panel, one row a province and edition, one column a dimension or sub-dimension."""

import pandas as pd

from vnegov import paths
from vnegov.data import numerals, sources
from vnegov.data.loaders.rankings import COLUMNS
from vnegov.data.loaders.workbook import ADDRESS, Faults, tables

FILE = "papi/papi_2011_2024.csv"


def read() -> pd.DataFrame:
    """One row a province, edition and component, as printed; a cell that is empty at source gives no row."""
    path = paths.RAW / FILE
    _, columns, rows = next(tables(path, "province_code"))
    long = rows.melt([*ADDRESS, "edition", "province_code"], var_name="component", value_name="score")
    long["score_column"] = long["component"].map(columns)
    return long[long["score"].notna()].assign(source_id=sources.sidecar(path).source_id).reset_index(drop=True)


def tidy(raw: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Candidates for `scores`; `overall` is TOTAL6 until 2017 and TOTAL8 since 2018, when D7 and D8 began."""
    faults = Faults()
    rows = raw.assign(index="papi", edition=raw["edition"].astype("int64"), geography="63")
    rows["province_code"] = faults.codes(rows, "province_code", "63", "B")
    faults.done()
    numbers = [numerals.parse(float(value)) for value in rows["score"]]
    rows["score"] = [number.value for number in numbers]
    rows["decimals"] = [number.decimals for number in numbers]
    rows["score_cell"] = rows["score_column"] + rows["row"].astype("str")
    whole = rows["component"] == rows["edition"].map(lambda year: "TOTAL6" if year <= 2017 else "TOTAL8")
    rows = pd.concat([rows, rows[whole].assign(component="overall")], ignore_index=True)
    rows["rank"] = pd.array([pd.NA] * len(rows), dtype="Int64")
    return {"scores": rows.assign(rank_basis=None, note=None, rank_cell=None)[COLUMNS]}
