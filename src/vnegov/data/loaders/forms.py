"""Figures that offices send in on the project's form (`vnegov template services`), one file a form.

The form's columns are said here once: `vnegov template` writes them, `vnegov add` and the build read them.
"""

import datetime
from functools import cache
from typing import Any

import pandas as pd

from vnegov import paths
from vnegov.data import numerals, provinces, sources
from vnegov.data.loaders import definitions
from vnegov.data.loaders.observations import OUT
from vnegov.data.loaders.workbook import Faults, tables

HEADS = {
    "province": "Tỉnh, thành phố\nProvince",
    "geography": "Địa giới\nGeography",
    "indicator": "Chỉ tiêu\nIndicator",
    "unit": "Đơn vị\nUnit",
    "scope": "Phạm vi\nScope",
    "agency": "Cơ quan\nAgency",
    "period_start": "Từ ngày\nFrom",
    "period_end": "Đến ngày\nTo",
    "value": "Giá trị\nValue",
    "numerator": "Tử số\nNumerator",
    "denominator": "Mẫu số\nDenominator",
    "qualifier": "Mức chính xác\nQualifier",
    "source_title": "Nguồn: tên\nSource: title",
    "source_url": "Nguồn: địa chỉ\nSource: address",
    "note": "Ghi chú\nNote",
}
TYPED = ("agency", "value", "numerator", "denominator", "source_title", "source_url", "note")
SOURCE = "Nguồn\nSource id"  # written by `vnegov add`
SCOPES = {
    "toàn tỉnh · whole province": "province",
    "cấp tỉnh · provincial level": "provincial_level",
    "cấp huyện · district level": "district_level",
    "cấp xã · commune level": "commune_level",
    "cơ quan · one agency": "agency",
    "cổng · a portal": "portal",
}
QUALIFIERS = {
    "đúng số · exact": "exact",
    "trên · over": "over",
    "dưới · under": "under",
    "gần · nearly": "nearly",
    "khoảng · about": "about",
    "chỉ tiêu kế hoạch · target": "target",
}


def read() -> pd.DataFrame:
    """One row a line of a form, as filled in, with file, sheet and row."""
    frames = []
    for path in sorted((paths.RAW / "forms").glob("*.xlsx")):
        for _, letters, rows in tables(path, HEADS["indicator"]):
            frames.append(named(rows, letters))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def named(rows: pd.DataFrame, letters: dict[str, str]) -> pd.DataFrame:
    """The lines that someone filled in, columns named by `HEADS`; the letters of the columns go along."""
    rows = rows.rename(columns={head: field for field, head in HEADS.items()} | {SOURCE: "source_id"})
    at = {field: letters[head] for field, head in HEADS.items()}
    return rows[rows[list(TYPED)].notna().any(axis=1)].assign(letters=[at] * 0 or None).assign(at=None)


def tidy(raw: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Candidates for `observations`."""
    faults = Faults()
    rows = [_observation(row, faults) for row in raw.to_dict("records")]
    faults.done()
    return {"observations": pd.DataFrame(rows)[OUT]} if rows else {}
