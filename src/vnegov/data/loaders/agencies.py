"""Departments, districts and other agencies as their own province ranks them."""

import pandas as pd

from vnegov import paths
from vnegov.data import numerals, sources
from vnegov.data.loaders.workbook import ADDRESS, REFUSED, Faults, tables
from vnegov.data.schema import BASES, TABLES

FILE = "agencies/agencies.xlsx"
INDICES = {"Chỉ số CCHC cấp tỉnh": "agency_par", "SIPAS cấp tỉnh": "agency_sipas"}
OUT = [*TABLES["agencies"].columns, *ADDRESS, "score_cell", "rank_cell"]


def read() -> pd.DataFrame:
    """One row an agency and year, as printed; the sheet's name is the year."""
    frames = []
    for _, columns, rows in tables(paths.RAW / FILE, "Cơ quan"):
        frames.append(rows.assign(score_column=columns["Điểm"], rank_column=columns["Hạng"]))
    return pd.concat(frames, ignore_index=True)


def tidy(raw: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Candidates for `agencies`; a row with neither score nor rank is `refused`."""
    faults = Faults()
    rows = raw.rename(columns={"Cơ quan": "agency", "Nhóm": "group", "Nguồn": "source_id"})
    rows["geography"] = rows["Địa giới"].astype("str")
    rows["province_code"] = pd.concat(
        [faults.codes(part, "Tỉnh", geography, "B") for geography, part in rows.groupby("geography")]
    )
    rows["year"] = rows["sheet"].astype("int64")
    rows["index"] = rows["Bộ chỉ số"].map(INDICES)
    score = faults.numbers(rows, "Điểm", "score_column", numerals.parse, "a score")
    rank = faults.numbers(rows, "Hạng", "rank_column", numerals.rank, "a rank")
    for head, known in (("Bộ chỉ số", INDICES), ("source_id", sources.register())):
        faults.known(rows, head, known)
    rows["rank_basis"] = rows["Căn cứ hạng"]
    faults.known(rows[rows["rank_basis"].notna()], "rank_basis", BASES)
    faults.done()
    rows["score"] = pd.Series([n.value if n else None for n in score], dtype="float64")
    rows["rank"] = pd.array(rank, dtype="Int64")
    rows["rank_basis"] = rows["rank_basis"].fillna("published").where(rows["rank"].notna())
    at = rows["row"].astype("str")
    for field in ("score", "rank"):
        rows[f"{field}_cell"] = (rows[f"{field}_column"] + at).where(rows[field].notna())
    empty = rows["score"].isna() & rows["rank"].isna()
    refused = rows[empty].assign(label=rows["agency"], cell=None, reason="named without a score or a rank")
    return {"agencies": rows[~empty][OUT], "refused": refused[REFUSED]}
