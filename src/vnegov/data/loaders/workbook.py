"""The tables in workbooks and CSV files, as printed, and the reading of their cells; what does not fit is a fault.

What stands at the head of a column, and the words that stand in cells, are in words.toml.
"""

from __future__ import annotations

import csv
import datetime
import difflib
import json
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import pandas as pd
from openpyxl.utils import get_column_letter as letter
from python_calamine import CalamineWorkbook

from vnegov import paths
from vnegov.data import numerals, provinces, sources
from vnegov.data.schema import TABLES, Column
from vnegov.errors import BadRawFile

WORDS = tomllib.loads((Path(__file__).parent / "words.toml").read_text(encoding="utf-8"))
ADDRESS = ["file", "sheet", "row"]
REFUSED = [*ADDRESS, "cell", "label", "reason"]  # a row, or a cell of it, that is no figure of any table


@cache
def sheets(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Sheet name → rows of cell values of a workbook; a CSV file is one sheet, named "" (empty cells: None)."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            return {"": [tuple(cell or None for cell in row) for row in csv.reader(file)]}
    with CalamineWorkbook.from_path(path) as book:
        grids = {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}
    return {name: [tuple(None if cell == "" else cell for cell in row) for row in grid] for name, grid in grids.items()}


def tables(files: Iterable[Path], landmark: str) -> pd.DataFrame:
    """The tables of every sheet of `files` under one another: cells as printed, columns named by the words' heads.

    `at` holds, row by row, the letters of the sheet's columns. An empty `source_id` is that of the file's
    sidecar. The head of a CSV file is its first row.
    """
    heads, frames = WORDS["heads"], []
    for path in files:
        own = sources.sidecar(path).source_id
        for sheet, grid in sheets(path).items():
            letters, rows = table(grid, landmark if sheet else grid[0][0], paths.relative(path), sheet)
            at = {heads.get(head, head): letter for head, letter in letters.items()}
            rows = rows.rename(columns=heads).assign(at=[at] * len(rows))
            given = rows["source_id"] if "source_id" in rows else pd.Series(None, rows.index, dtype=object)
            frames.append(rows.assign(source_id=given.where(given.notna(), own)))
    rows = pd.concat(frames, ignore_index=True)
    return rows.where(rows.notna(), None)


def table(grid: Sequence[Sequence[Any]], landmark: str, file: str, sheet: str) -> tuple[dict[str, str], pd.DataFrame]:
    """The table of one sheet: head → column letter, and its filled rows with file, sheet and row.

    The head is the first row that holds the cell `landmark`.
    """
    at = next((i for i, row in enumerate(grid) if landmark in row), None)
    if at is None:
        raise BadRawFile(f"{file}, sheet {sheet!r}: no row has a head cell {landmark!r}")
    heads = [str(head).strip() if head is not None else "" for head in grid[at]]
    if twice := {head for head in heads if head and heads.count(head) > 1}:
        raise BadRawFile(f"{file}, sheet {sheet!r}: head {', '.join(sorted(twice))} stands twice")
    body = {i: row for i, row in enumerate(grid[at + 1 :], at + 2) if any(cell is not None for cell in row)}
    rows = pd.DataFrame(list(body.values()), columns=heads, dtype=object).drop(columns="", errors="ignore")
    rows = rows.where(rows.notna(), None).assign(file=file, sheet=sheet, row=list(body))
    return {head: letter(i) for i, head in enumerate(heads, 1) if head}, rows


def day(cell: object) -> str:
    """A day between 1990 and 2100 as ISO text, from that or 31/12/2024. Raises `ValueError`."""
    text = str(cell).strip().removesuffix(" 00:00:00")
    told = datetime.datetime.strptime(text, "%d/%m/%Y" if "/" in text else "%Y-%m-%d").date().isoformat()
    if not "1990" < told < "2100":
        raise ValueError(told)
    return told


class Faults:
    """Reads printed cells as the schema wants them, and gathers all that do not fit, to be raised at once."""

    def __init__(self) -> None:
        self._found: dict[str, str] = {}

    @property
    def found(self) -> list[str]:
        """What was noted, in order: one fault a cell, the last."""
        return [f"{place}: {told}" for place, told in self._found.items()]

    def add(self, file: str, sheet: str, cell: str, read: object, expected: str) -> None:
        """Note one fault: where it stands, what was read, and what would be right."""
        place = f"{file}, sheet {sheet!r}, cell {cell}" if sheet else f"{file}, cell {cell}"
        self._found[place] = f"read {read!r}, expected {expected}"

    def done(self) -> None:
        """Raise `BadRawFile` with all faults, if there are any."""
        if self._found:
            raise BadRawFile("\n".join(self.found))

    def tidy(self, name: str, rows: pd.DataFrame, *others: str, **words: Mapping[str, str]) -> pd.DataFrame:
        """The columns of table `name` that are in `rows`, read as its schema says; then, if all fit, `others`.

        A province is named in any spelling, a source by its id; `words`, and words.toml, tell for a column what
        stands for which of its values. Of the others, `<column>_cell` is the address of a filled cell, `decimals`
        how many the score was printed with; the rest is as it is. What does not fit, or is missing, is a fault.
        """
        columns = {column: spec for column, spec in TABLES[name].columns.items() if column in rows}
        columns |= {"source_id": TABLES["observations"].columns["source_id"]} if "source_id" in others else {}
        read = pd.DataFrame(index=rows.index)
        for column, spec in columns.items():
            if column in ("province_code", "code"):
                read[column] = pd.Series(None, rows.index, dtype=object)
                for geography, part in rows.groupby("geography"):
                    resolve = cache(partial(provinces.resolve, geography=geography))
                    read.loc[part.index, column] = self._read(part, column, spec, resolve, "a province: {}")
            else:
                known = WORDS.get(name, {}).get(column, {}) | words.get(column, {})
                parse, expected = _reader(column, spec, known, plain=rows["sheet"].eq("").all())
                read[column] = self._read(rows, column, spec, parse, expected)
        if self._found:
            return read
        read = read.astype({column: spec.dtype for column, spec in columns.items()})
        for other in (other for other in others if other not in columns):
            if other.endswith("_cell"):
                column = other.removesuffix("_cell")
                found = [f"{at.get(column)}{row}" for at, row in zip(rows["at"], rows["row"], strict=True)]
                read[other] = pd.Series(found, rows.index, dtype=object).where(rows[column].notna(), None)
            elif other == "decimals":
                scores = rows["score"].tolist()
                read[other] = [None if pd.isna(score) else numerals.score(score).decimals for score in scores]
            else:
                read[other] = rows[other]
        return read

    def _read(self, rows: pd.DataFrame, column: str, spec: Column, parse: Callable, expected: str) -> pd.Series:
        """What `parse` makes of each cell; the message of its `ValueError` takes the place of {} in `expected`."""
        found, parts = [], [rows[part].tolist() for part in (column, "at", *ADDRESS)]
        for printed, at, file, sheet, row in zip(*parts, strict=True):
            cell, value = None if printed != printed else printed, None
            try:
                value = None if cell is None and spec.nullable else parse(cell)
            except ValueError as error:
                self.add(file, sheet, f"{at.get(column, 'in row ')}{row}", cell, expected.format(error))
            found.append(value)
        return pd.Series(found, rows.index, dtype=object)


def _reader(column: str, spec: Column, words: Mapping[str, str], plain: bool) -> tuple[Callable, str]:
    """How a cell of a column is read, and what is expected of it; in `plain` files a point is a decimal sign."""
    ids = sources.register() if column == "source_id" else spec.constraints.get("enum", ())
    known = {word: word for word in ids} | dict(words)

    def meaning(cell: Any) -> str:
        if cell not in known:
            raise ValueError(", ".join(difflib.get_close_matches(str(cell), known, n=3, cutoff=0)))
        return known[cell]

    number = (lambda cell: float(str(cell))) if plain else (lambda cell: numerals.parse(cell).value)
    readers: dict[str, tuple[Callable, str]] = {
        "score": (lambda cell: numerals.score(cell).value, "a score"),
        "rank": (numerals.rank, "a rank"),
        "integer": (lambda cell: int(str(cell).removesuffix(".0")), "a whole number"),
        "number": (number, "a number, as 1234, 1.234 or 98,5"),
        "boolean": (lambda cell: json.loads(str(cell)), "true or false"),
        "date": (day, "a day, as 2024-12-31 or 31/12/2024"),
        "string": (_text, f"a {column}"),
    }
    return (meaning, f"a known {column}, as {{}}") if known else readers[column if column in readers else spec.type]


def _text(cell: Any) -> str:
    if cell is None:
        raise ValueError
    return str(cell)
