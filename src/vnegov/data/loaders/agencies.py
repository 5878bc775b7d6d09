"""Departments, districts and other agencies as their own province ranks them."""

import pandas as pd

from vnegov import paths
from vnegov.data import numerals, sources
from vnegov.data.loaders.workbook import ADDRESS, REFUSED, WORDS, Faults, cells, tables, typed
from vnegov.data.schema import BASES


def read() -> pd.DataFrame:
    """One row an agency and year, as printed; the sheet's name is the year."""
    return tables([paths.RAW / "agencies" / "agencies.xlsx"], "Cơ quan", WORDS["heads"]["agencies"])


def tidy(raw: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Candidates for `agencies`; a row with neither score nor rank is `refused`."""
    faults = Faults()
    rows = raw.assign(
        province_code=faults.codes(raw, "province"),
        year=raw["sheet"],
        index=faults.known(raw, "index", WORDS["agency_indices"]),
        score=faults.read(raw, "score", lambda cell: numerals.score(cell).value, "a score"),
        score_cell=cells(raw, "score"),
        rank=faults.read(raw, "rank", numerals.rank, "a rank"),
        rank_cell=cells(raw, "rank"),
        rank_basis=faults.known(raw, "rank_basis", BASES, needed=False).fillna("published").where(raw["rank"].notna()),
        source_id=faults.known(raw, "source_id", list(sources.register())),
    )
    faults.done()
    empty = rows["score"].isna() & rows["rank"].isna()
    refused = rows[empty].assign(label=rows["agency"], cell=None, reason="named without a score or a rank")
    agencies = typed("agencies", rows[~empty], *ADDRESS, "score_cell", "rank_cell")
    return {"agencies": agencies, "refused": refused[REFUSED]}
