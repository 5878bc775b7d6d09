"""Departments, districts and other agencies as their own province ranks them."""

import pandas as pd

from vnegov import paths
from vnegov.data.loaders.workbook import ADDRESS, REFUSED, Faults, tables


def read() -> pd.DataFrame:
    """One row an agency and year, as printed; the sheet's name is the year."""
    return tables([paths.RAW / "agencies" / "agencies.xlsx"], "Cơ quan")


def tidy(raw: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Candidates for `agencies`; a row with neither score nor rank is `refused`."""
    faults, empty = Faults(), raw["score"].isna() & raw["rank"].isna()
    basis = raw["rank_basis"].fillna("published").where(raw["rank"].notna())
    rows = raw.assign(year=raw["sheet"], rank_basis=basis)
    agencies = faults.tidy("agencies", rows[~empty], *ADDRESS, "score_cell", "rank_cell")
    faults.done()
    refused = rows[empty].assign(label=rows["agency"], cell=None, reason="named without a score or a rank")
    return {"agencies": agencies, "refused": refused[REFUSED]}
