"""The tables in workbooks and CSV files, as printed, and the reading of their cells; what does not fit is a fault.

What stands at the head of a column, and the words that stand in cells, are in words.toml.
"""

from __future__ import annotations

import csv
import difflib
import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import pandas as pd
from python_calamine import CalamineWorkbook

from vnegov import paths
from vnegov.data import provinces, sources
from vnegov.data.schema import TABLES
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


def letter(column: int) -> str:
    """The name of a column by its number from 1: A, B, … Z, AA."""
    return (letter((column - 1) // 26) if column > 26 else "") + chr(ord("A") + (column - 1) % 26)


def tables(files: Iterable[Path], landmark: str, heads: Mapping[str, str]) -> pd.DataFrame:
    """The tables of every sheet of `files` under one another, cells as printed, columns renamed by `heads`.

    `at` holds, row by row, the letters of the sheet's columns. A column that a sheet lacks is empty there;
    an empty `source_id` is that of the file's sidecar. The head of a CSV file is its first row.
    """
    frames = []
    for path in files:
        own = sources.sidecar(path).source_id
        for sheet, grid in sheets(path).items():
            mark = landmark if sheet else grid[0][0]
            letters, rows = table(grid, mark, paths.relative(path), sheet)
            at = {heads.get(head, head): letter for head, letter in letters.items()}
            rows = rows.rename(columns=heads).assign(at=[at] * len(rows))
            given = rows["source_id"] if "source_id" in rows else pd.Series(None, rows.index, dtype=object)
            frames.append(rows.assign(source_id=given.where(given.notna(), own)))
    columns = dict.fromkeys([*ADDRESS, "at", "source_id", *heads.values()])
    rows = pd.concat([pd.DataFrame(columns=list(columns), dtype=object), *frames], ignore_index=True)
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


def cells(rows: pd.DataFrame, field: str) -> pd.Series:
    """The address of each row's cell of `field`, as "D7"; None where it is empty."""
    found = [at.get(field, "row ") + str(row) for at, row in zip(rows["at"], rows["row"], strict=True)]
    return pd.Series(found, rows.index, dtype=object).where(rows[field].notna(), None)


def typed(name: str, rows: pd.DataFrame, *others: str) -> pd.DataFrame:
    """The columns of table `name` that are in `rows`, in its types; then `others`, as they are."""
    columns: dict[str, pd.Series] = {}
    for column, spec in TABLES[name].columns.items():
        if column in rows:
            numeric = spec.type in ("integer", "number")
            columns[column] = (pd.to_numeric(rows[column]) if numeric else rows[column]).astype(spec.dtype)
    return pd.DataFrame({column: rows[column] for column in others} | columns)


class Faults:
    """Reads cells, and gathers everything that is wrong with them, to be raised at once."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, file: str, sheet: str, cell: str, read: object, expected: str) -> None:
        """Note one fault: where it stands, what was read, and what would be right."""
        place = f"{file}, sheet {sheet!r}, cell {cell}" if sheet else f"{file}, cell {cell}"
        self.found.append(f"{place}: read {read!r}, expected {expected}")

    def read(
        self, rows: pd.DataFrame, field: str, parse: Callable[[Any], Any], expected: str, needed: bool = False
    ) -> pd.Series:
        """What `parse` makes of each cell of `rows[field]`; None for an empty one, if it is not `needed`.

        A cell that it refuses with a `ValueError` is a fault; its message takes the place of {} in `expected`.
        """
        found = []
        for cell, row, at, *sheet in zip(*(rows[column] for column in (field, "row", "at", *ADDRESS[:2])), strict=True):
            try:
                found.append(parse(cell) if needed or pd.notna(cell) else None)
            except ValueError as error:
                found.append(None)
                self.add(*sheet, f"{at.get(field, 'row ')}{row}", cell, expected.format(error))
        return pd.Series(found, rows.index, dtype=object)

    def known(self, rows: pd.DataFrame, field: str, words: Collection[str], needed: bool = True) -> pd.Series:
        """Each cell of `rows[field]`, which must be one of `words`; or what it means, if they are a mapping."""

        def parse(cell: Any) -> str:
            if cell not in words:
                raise ValueError(", ".join(difflib.get_close_matches(str(cell), words, n=3, cutoff=0)))
            return words[cell] if isinstance(words, Mapping) else cell

        return self.read(rows, field, parse, f"a known {field}, as {{}}", needed)

    def codes(self, rows: pd.DataFrame, field: str) -> pd.Series:
        """The codes of the provinces that `rows[field]` names, in the geography of each row."""
        codes = pd.Series(None, rows.index, dtype=object)
        for geography, part in rows.groupby("geography"):
            resolve = cache(partial(provinces.resolve, geography=str(geography)))
            codes[part.index] = self.read(part, field, resolve, "a province: {}")
        return codes

    def done(self) -> None:
        """Raise `BadRawFile` with all faults, if there are any."""
        if self.found:
            raise BadRawFile("\n".join(self.found))
