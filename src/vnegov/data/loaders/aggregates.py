"""National and regional means, as published: what the provinces' own figures are checked against."""

import pandas as pd

from vnegov import paths
from vnegov.data import numerals
from vnegov.data.loaders import definitions
from vnegov.data.loaders.workbook import ADDRESS, Faults, tables
from vnegov.data.schema import TABLES

FILE = "aggregates/aggregates.xlsx"
REGIONS = {
    "Cả nước": "VN",
    "Cả nước (63 tỉnh)": "VN",
    "Vùng Trung du và miền núi phía Bắc": "NMM",
    "Vùng Đồng bằng sông Hồng": "RRD",
    "Vùng Bắc Trung Bộ và Duyên hải miền Trung": "NCC",
    "Vùng Tây Nguyên": "CH",
    "Vùng Đông Nam Bộ": "SE",
    "Vùng Đồng bằng sông Cửu Long": "MRD",
}
OUT = [*TABLES["aggregates"].columns, *ADDRESS]


def read() -> pd.DataFrame:
    """One row a mean, as printed; the sheet's name is the index."""
    return pd.concat([rows for _, _, rows in tables(paths.RAW / FILE, "Vùng")], ignore_index=True)


def tidy(raw: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Rows of the table `aggregates`."""
    faults = Faults()
    faults.known(raw, "Vùng", REGIONS)
    scores = faults.numbers(raw.assign(column="D"), "Điểm", "column", numerals.parse, "a score")
    faults.done()
    rows = raw.rename(columns={"sheet": "index"}).assign(
        sheet=raw["sheet"],
        edition=raw["Năm"].astype("int64"),
        geography="63",
        region=raw["Vùng"].map(REGIONS),
        score=[n.value for n in scores if n],
        note=raw["Ghi chú"],
        source_id=raw["Nguồn"],
    )
    rows["component"] = [
        "overall" if label in ("mean", "overall", None) else definitions.component_ids(index).get(label, label)
        for index, label in zip(rows["index"], raw["Thành phần"], strict=True)
    ]
    return {"aggregates": rows[OUT]}
