"""Procedures and online services of the 34 provinces, late 2025: one row a province, one column a count."""

import pandas as pd

from vnegov import paths
from vnegov.data import numerals, sources
from vnegov.data.loaders import definitions
from vnegov.data.loaders.observations import OUT
from vnegov.data.loaders.workbook import ADDRESS, REFUSED, Faults, tables

FILE = "services/services_2025.xlsx"
NAME = "Tỉnh, thành phố"
DAY = "2025-11-14"  # when the counts were collected from the national portal
INDICATORS = {
    "Tổng số TTHC": "procedures_total",
    "Đủ điều kiện toàn trình": "services_eligible",
    "Cung cấp toàn trình": "services_full",
    "Cung cấp một phần": "services_partial",
    "Chưa cung cấp trực tuyến": "services_not_online",
}


def read() -> pd.DataFrame:
    """One row a province and count, as printed."""
    path = paths.RAW / FILE
    _, columns, rows = next(tables(path, NAME))
    keep = [*ADDRESS, NAME, "Tên chắc chắn", "Ghi chú"]
    long = rows.melt(keep, list(INDICATORS), var_name="label", value_name="value")
    return long.assign(column=long["label"].map(columns), source_id=sources.sidecar(path).source_id)


def tidy(raw: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Candidates for `observations`; counts under a name that stands for several rows are `refused`."""
    faults = Faults()
    doubtful = raw["Tên chắc chắn"] == "không"
    rows = raw[~doubtful].assign(
        geography="34", scope="province", agency=None, period_start=DAY, period_end=DAY, numerator=float("nan"),
        denominator=float("nan"), qualifier="exact", note=None,
    )  # fmt: skip
    rows["province_code"] = faults.codes(rows, NAME, "34", "B")
    rows["value"] = [n.value if n else None for n in faults.numbers(rows, "value", "column", numerals.parse, "a count")]
    faults.done()
    terms = definitions.tidy(definitions.read())["indicators"].set_index("indicator")
    rows["indicator"] = rows["label"].map(INDICATORS)
    rows["regime"], rows["unit"] = (rows["indicator"].map(terms["regime"]), rows["indicator"].map(terms["unit"]))
    rows["cell"] = rows["column"] + rows["row"].astype("str")
    refused = raw[doubtful].assign(
        cell=raw["column"] + raw["row"].astype("str"),
        reason="several rows bear this province's name; whose figures they are is not known",
    )
    return {"observations": rows[OUT], "refused": refused[REFUSED]}
