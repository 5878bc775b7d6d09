"""Figures that offices send in on the project's form (`vnegov template services`), one file a form.

The form's columns are said here once: `vnegov template` writes them, `vnegov add` and the build read them.
"""

import datetime
import re
from functools import cache
from typing import Any

import pandas as pd

from vnegov import paths
from vnegov.data import numerals, provinces, sources
from vnegov.data.loaders import definitions
from vnegov.data.loaders.observations import OUT
from vnegov.data.loaders.workbook import Faults, tables
from vnegov.errors import BadRawFile

HEADS = {
    "province": "Tỉnh, thành phố · Province",
    "geography": "Địa giới · Geography",
    "indicator": "Chỉ tiêu · Indicator",
    "unit": "Đơn vị · Unit",
    "scope": "Phạm vi · Scope",
    "agency": "Cơ quan · Agency",
    "period_start": "Từ ngày · From",
    "period_end": "Đến ngày · To",
    "value": "Giá trị · Value",
    "numerator": "Tử số · Numerator",
    "denominator": "Mẫu số · Denominator",
    "qualifier": "Mức chính xác · Qualifier",
    "source_title": "Nguồn: tên · Source: title",
    "source_url": "Nguồn: địa chỉ · Source: address",
    "note": "Ghi chú · Note",
}
TYPED = ("agency", "value", "numerator", "denominator", "source_title", "source_url", "note")
SOURCE = "Nguồn · Source id"  # written by `vnegov add`
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
            frames.append(named(letters, rows))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def named(letters: dict[str, str], rows: pd.DataFrame) -> pd.DataFrame:
    """The lines that hold a figure or a word, columns named by `HEADS`, with the letters of their columns.

    Raises `BadRawFile` if a head is not there.
    """
    if missing := [head for head in HEADS.values() if head not in letters]:
        there = f"{rows['file'].iloc[0]}, sheet {rows['sheet'].iloc[0]!r}" if len(rows) else "the form"
        raise BadRawFile(
            f"{there}: no head {', '.join(map(repr, missing))}; take a new form from `vnegov template`"
        )
    at = {field: letters[head] for field, head in HEADS.items()}
    rows = rows.rename(columns={head: field for field, head in HEADS.items()} | {SOURCE: "source_id"})
    rows = rows[rows[list(TYPED)].notna().any(axis=1)].reset_index(drop=True)
    return rows.assign(letters=[at for _ in rows.index])


@cache
def indicators() -> dict[str, dict[str, Any]]:
    """What the form calls an indicator ("DVCTT toàn trình · Full-process online services") → its definition."""
    terms = definitions.tidy(definitions.read())["indicators"]
    return {f"{term['name_vi']} · {term['name_en']}": term for term in terms.to_dict("records")}


def tidy(raw: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Candidates for `observations`; raises `BadRawFile` with every cell that does not fit."""
    faults = Faults()
    raw = raw.astype(object).where(raw.notna(), None)
    rows = [_observation(row, faults) for row in raw.to_dict("records")]
    faults.done()
    numbers = dict.fromkeys(["value", "numerator", "denominator"], "float64")
    return {"observations": pd.DataFrame(rows)[OUT].astype(numbers)} if rows else {}


def _observation(row: dict[str, Any], faults: Faults) -> dict[str, Any]:
    def fault(field: str, expected: str) -> None:
        faults.add(row["file"], row["sheet"], f"{row['letters'][field]}{row['row']}", row[field], expected)

    def known(field: str, values: dict[str, Any]) -> Any:
        if row[field] not in values:
            fault(field, f"a choice of the list: {'; '.join(list(values)[:8])}")
        return values.get(row[field])

    def day(field: str) -> str:
        text = str(row[field] or "").strip().removesuffix(" 00:00:00")
        for form in ("%Y-%m-%d", "%d/%m/%Y"):
            try:
                return datetime.datetime.strptime(text, form).date().isoformat()
            except ValueError:
                continue
        fault(field, "a day, as 2024-12-31 or 31/12/2024")
        return ""

    def number(field: str) -> float | None:
        try:
            return None if row[field] is None else numerals.parse(row[field]).value
        except numerals.NotANumber:
            fault(field, "a number, as 1234, 1.234 or 98,5")
            return None

    term = known("indicator", indicators()) or {"indicator": "", "regime": None, "unit": ""}
    scope, geography = known("scope", SCOPES), str(row["geography"])
    code = provinces.find(row["province"], geography) if geography in provinces.GEOGRAPHIES else None
    if code is None:
        fault("province", f"a province of the geography {geography}")
    start, end = day("period_start"), day("period_end")
    if start and end and not "1990" < start <= end < "2100":
        fault("period_end", f"a day not before {start}")
    value, numerator, denominator = number("value"), number("numerator"), number("denominator")
    if row["value"] is None:
        fault("value", "a number")
    if value is not None and term["unit"] == "percent" and not 0 <= value <= 100:
        fault("value", "a percentage from 0 to 100")
    elif value is not None and term["unit"] != "percent" and (value < 0 or value % 1):
        fault("value", "a whole number, not below zero")
    if denominator is not None and (denominator <= 0 or (numerator or 0) > denominator):
        fault("denominator", "a number above zero and not below the numerator")
    if row["agency"] is None and scope in ("agency", "portal"):
        fault("agency", "the name of the agency or portal that the figure is of")
    if not str(row["source_title"] or "").strip():
        fault("source_title", "where the figure is published: a report's number and date, or a page's title")
    if row["source_url"] is not None and not re.fullmatch(r"https?://\S+", str(row["source_url"])):
        fault("source_url", "an address that begins with http:// or https://, or nothing")
    if "source_id" in row and row["source_id"] not in sources.register():
        faults.add(
            row["file"], row["sheet"], f"row {row['row']}", row["source_id"], "a source in sources.csv"
        )
    return {
        **{key: row[key] for key in ("file", "sheet", "row")},
        **{key: term[key] for key in ("indicator", "regime", "unit")},
        "geography": geography, "province_code": code, "scope": scope, "agency": sources.as_text(row["agency"]),
        "period_start": start, "period_end": end, "value": value, "numerator": numerator,
        "denominator": denominator, "qualifier": known("qualifier", QUALIFIERS), "note": sources.as_text(row["note"]),
        "source_id": row.get("source_id"), "cell": f"{row['letters']['value']}{row['row']}",
    }  # fmt: skip
