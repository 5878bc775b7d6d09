"""Figures that offices send in on the project's form (`vnegov template services`), one file a form.

The form's columns are said here once: `vnegov template` writes them, `vnegov add` and the build read them.
"""

import datetime
import re
from functools import cache
from math import nan
from typing import Any

import pandas as pd

from vnegov import paths
from vnegov.data import numerals, provinces, sources
from vnegov.data.loaders import definitions
from vnegov.data.loaders.workbook import ADDRESS, WORDS, Faults, letter, sheets, table, typed
from vnegov.errors import BadRawFile

HEADS = {field: head for head, field in WORDS["heads"]["forms"].items()}
SCOPES, QUALIFIERS = WORDS["form_scopes"], WORDS["form_qualifiers"]
AT = {field: letter(c) for c, field in enumerate(HEADS, 1)}
TYPED = ["agency", "value", "numerator", "denominator", "source_title", "source_url", "note"]
SOURCE = "Nguồn · Source id"  # written by `vnegov add`


def read() -> pd.DataFrame:
    """One row a line of a form, as filled in, with file, sheet and row."""
    frames = [
        named(*table(grid, HEADS["indicator"], paths.relative(path), sheet))
        for path in sorted((paths.RAW / "forms").glob("*.xlsx"))
        for sheet, grid in sheets(path).items()
    ]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def named(letters: dict[str, str], rows: pd.DataFrame) -> pd.DataFrame:
    """The lines that hold a figure or a word, columns named by `HEADS`. Raises `BadRawFile` for other heads."""
    if other := [f"{h!r} in column {AT[f]}" for f, h in HEADS.items() if letters.get(h) != AT[f]]:
        there = f"{rows['file'].iloc[0]}, sheet {rows['sheet'].iloc[0]!r}" if len(rows) else "the form"
        raise BadRawFile(f"{there}: expected the head {', '.join(other)}; take a new form from `vnegov template`")
    rows = rows.rename(columns={head: field for field, head in HEADS.items()} | {SOURCE: "source_id"})
    return rows[rows[TYPED].notna().any(axis=1)].reset_index(drop=True)


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
    return {"observations": typed("observations", pd.DataFrame(rows), *ADDRESS, "cell")} if rows else {}


def _observation(row: dict[str, Any], faults: Faults) -> dict[str, Any]:
    term = indicators().get(row["indicator"]) or {"indicator": "", "regime": None, "unit": ""}
    scope, qualifier = SCOPES.get(row["scope"]), QUALIFIERS.get(row["qualifier"])
    geography = str(row["geography"])
    code = provinces.find(row["province"], geography) if geography in provinces.GEOGRAPHIES else None
    start, end = _day(row["period_start"]), _day(row["period_end"])
    value, above, below = (_number(row[field]) for field in ("value", "numerator", "denominator"))
    right, amount = value is not None and value >= 0 and value % 1 == 0, "a whole number, as 1234 or 1.234"
    if term["unit"] == "percent":
        right, amount = value is not None and 0 <= value <= 100, "a percentage from 0 to 100, as 98,5"
    bounded = below is None or (below > 0 and not (above or 0) > below)
    address, day = str(row["source_url"] or ""), "a day, as 2024-12-31 or 31/12/2024"
    fits = [
        ("indicator", term["indicator"], "a choice of the list"),
        ("scope", scope, f"one of {', '.join(SCOPES)}"),
        ("qualifier", qualifier, f"one of {', '.join(QUALIFIERS)}"),
        ("province", code, f"a province of the geography {geography}"),
        ("period_start", start, day),
        ("period_end", end and end >= start, f"{day}, not before {start}"),
        ("value", right, amount),
        ("numerator", above is None or above >= 0, "a number, as 1234, 1.234 or 98,5"),
        ("denominator", bounded, "a number above zero and not below the numerator"),
        ("agency", row["agency"] or scope not in ("agency", "portal"), "the name of the agency or portal"),
        ("source_title", row["source_title"], "where it is published: a report's number and date, or a page"),
        ("source_url", re.fullmatch(r"(https?://\S+)?", address), "https://… or nothing"),
    ]
    for field, fit, expected in fits:
        if not fit:
            faults.add(row["file"], row["sheet"], f"{AT[field]}{row['row']}", row[field], expected)
    if "source_id" in row and row["source_id"] not in sources.register():
        cell = f"{letter(len(AT) + 1)}{row['row']}"
        faults.add(row["file"], row["sheet"], cell, row["source_id"], "a source in sources.csv")
    return {
        **{key: row[key] for key in ("file", "sheet", "row")},
        **{key: term[key] for key in ("indicator", "regime", "unit")},
        "geography": geography, "province_code": code, "scope": scope, "agency": sources.as_text(row["agency"]),
        "period_start": start, "period_end": end, "value": value, "numerator": above, "denominator": below,
        "qualifier": qualifier, "note": sources.as_text(row["note"]), "source_id": row.get("source_id"),
        "cell": f"{AT['value']}{row['row']}",
    }  # fmt: skip


def _day(cell: Any) -> str:
    """A day as ISO text, or "" for what is none between 1990 and 2100."""
    text = str(cell or "").strip().removesuffix(" 00:00:00")
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            day = datetime.datetime.strptime(text, form).date().isoformat()
        except ValueError:
            continue
        return day if "1990" < day < "2100" else ""
    return ""


def _number(cell: Any) -> float | None:
    """A number, None for an empty cell, or NaN for what is neither."""
    try:
        return None if cell is None else numerals.parse(cell).value
    except numerals.NotANumber:
        return nan
