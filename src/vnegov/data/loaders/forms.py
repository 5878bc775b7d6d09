"""Figures that offices send in on the project's form (`vnegov template services`), one file a form.

The form's columns are said once, in words.toml: `vnegov template` writes them, `vnegov add` and the build read them.
"""

from functools import cache
from typing import Any

import pandas as pd

from vnegov import paths
from vnegov.data import sources
from vnegov.data.loaders import definitions
from vnegov.data.loaders.workbook import ADDRESS, WORDS, Faults, letter, sheets, table
from vnegov.errors import BadRawFile

HEADS = {field: head for head, field in WORDS["form"].items()}
AT = {field: letter(c) for c, field in enumerate(HEADS, 1)}
TYPED = ["agency", "value", "numerator", "denominator", "source_title", "source_url", "note"]
SOURCE = "Nguồn · Source id"  # written by `vnegov add`
SCOPES, QUALIFIERS = (
    {word: meaning for word, meaning in WORDS["observations"][column].items() if " · " in word}
    for column in ("scope", "qualifier")
)


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
    rows = rows.rename(columns=WORDS["form"] | {SOURCE: "source_id"})
    return rows[rows[TYPED].notna().any(axis=1)].reset_index(drop=True)


@cache
def indicators() -> dict[str, dict[str, Any]]:
    """What the form calls an indicator ("DVCTT toàn trình · Full-process online services") → its definition."""
    terms = definitions.tidy(definitions.read())["indicators"]
    return {f"{term['name_vi']} · {term['name_en']}": term for term in terms.to_dict("records")}


def tidy(raw: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Candidates for `observations`; raises `BadRawFile` with every cell that does not fit."""
    if raw.empty:
        return {}
    faults, at = Faults(), AT | {"province_code": AT["province"], "source_id": letter(len(AT) + 1)}
    rows = raw.assign(
        at=[at] * len(raw),
        cell=AT["value"] + raw["row"].astype("str"),
        province_code=raw["province"],
        regime=raw["indicator"].map(lambda label: indicators().get(label, {}).get("regime")),
        unit=raw["indicator"].map(lambda label: indicators().get(label, {}).get("unit", "")),
        agency=raw["agency"].map(sources.as_text, na_action="ignore"),
        note=raw["note"].map(sources.as_text, na_action="ignore"),
    )
    ids = {label: term["indicator"] for label, term in indicators().items()}
    found = faults.tidy("observations", rows, *ADDRESS, "cell", indicator=ids)
    _limit(rows, found, faults)
    faults.done()
    return {"observations": found}


def _limit(rows: pd.DataFrame, found: pd.DataFrame, faults: Faults) -> None:
    """What a form must keep to beyond the types of its cells."""
    value, above, below = (pd.to_numeric(found[field]) for field in ("value", "numerator", "denominator"))
    percent, url = rows["unit"] == "percent", rows["source_url"].fillna("").astype("str")
    ordered = found["period_end"].fillna("") >= found["period_start"].fillna("")
    limits = [
        ("value", percent | (value.ge(0) & value.mod(1).eq(0)), "a whole number, as 1234 or 1.234"),
        ("value", ~percent | value.between(0, 100), "a percentage from 0 to 100, as 98,5"),
        ("numerator", ~above.lt(0), "a number, as 1234, 1.234 or 98,5"),
        ("denominator", ~(below.le(0) | above.gt(below)), "a number above zero and not below the numerator"),
        ("period_end", ordered, "a day, as 2024-12-31 or 31/12/2024, not before the first"),
        (
            "agency",
            rows["agency"].notna() | ~found["scope"].isin(["agency", "portal"]),
            "the agency's or portal's name",
        ),
        ("source_title", rows["source_title"].notna(), "where it is published: a report's number and date, or a page"),
        ("source_url", url.str.fullmatch(r"(https?://\S+)?"), "https://… or nothing"),
    ]
    for field, fits, expected in limits:
        for row in rows[~fits].to_dict("records"):
            faults.add(row["file"], row["sheet"], f"{AT[field]}{row['row']}", row[field], expected)
