"""Cells of published workbooks and CSV files, as printed, with the address of each."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from python_calamine import CalamineWorkbook

from vnegov import paths
from vnegov.data import numerals, provinces
from vnegov.errors import BadRawFile, UnknownProvince

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


def tables(path: Path, landmark: str) -> Iterator[tuple[str, dict[str, str], pd.DataFrame]]:
    """The table of every sheet: (sheet, head → column letter, rows as printed with file, sheet and row).

    The head is the first row that holds the cell `landmark`; rows with no cell filled are passed over.
    """
    for sheet, grid in sheets(path).items():
        yield sheet, *table(grid, landmark, paths.relative(path), sheet)


def table(grid: Sequence[Sequence[Any]], landmark: str, file: str, sheet: str) -> tuple[dict[str, str], pd.DataFrame]:
    """The table of one sheet, as in `tables`."""
    at = next((i for i, row in enumerate(grid) if landmark in row), None)
    if at is None:
        raise BadRawFile(f"{file}, sheet {sheet!r}: no row has a head cell {landmark!r}")
    heads = [str(head).strip() if head is not None else "" for head in grid[at]]
    if twice := {head for head in heads if head and heads.count(head) > 1}:
        raise BadRawFile(f"{file}, sheet {sheet!r}: head {', '.join(sorted(twice))} stands twice")
    body = [(i, row) for i, row in enumerate(grid[at + 1 :], at + 2) if any(c is not None for c in row)]
    frame = pd.DataFrame([row for _, row in body], columns=heads, dtype=object)
    frame = frame.drop(columns=[""], errors="ignore").astype(object).where(lambda f: f.notna(), None)
    frame.insert(0, "file", file)
    frame.insert(1, "sheet", sheet)
    frame.insert(2, "row", [i for i, _ in body])
    return {head: letter(i) for i, head in enumerate(heads, 1) if head}, frame


class Faults:
    """Gathers everything that is wrong with raw files, to be raised at once."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, file: str, sheet: str, cell: str, read: object, expected: str) -> None:
        """Note one fault: where it stands, what was read, and what would be right."""
        place = f"{file}, sheet {sheet!r}, cell {cell}" if sheet else f"{file}, cell {cell}"
        self.found.append(f"{place}: read {read!r}, expected {expected}")

    def codes(self, rows: pd.DataFrame, names: str, geography: str, column: str) -> pd.Series:
        """Province codes of `rows[names]`; a name that no province has becomes a fault, with the nearest."""
        codes = {}
        for name in rows[names].dropna().unique():
            try:
                codes[name] = provinces.resolve(name, geography)
            except UnknownProvince as unknown:
                first = rows[rows[names] == name].iloc[0]
                self.add(first["file"], first["sheet"], f"{column}{first['row']}", name, f"a province: {unknown}")
        return rows[names].map(codes)

    def numbers(self, rows: pd.DataFrame, field: str, column: str, parse: Callable, expected: str) -> list:
        """`parse` of each cell of `rows[field]` (its letter in `rows[column]`), None for empty ones."""
        numbers = []
        cells = zip(rows[field], rows[column], rows["row"], rows["file"], rows["sheet"], strict=True)
        for value, letter, row, file, sheet in cells:
            try:
                numbers.append(None if pd.isna(value) else parse(value))
            except numerals.NotANumber:
                self.add(file, sheet, f"{letter}{row}", value, expected)
                numbers.append(None)
        return numbers

    def known(self, rows: pd.DataFrame, field: str, values: Collection[str]) -> None:
        """Every value of `rows[field]` that is not one of `values` becomes a fault."""
        for row in rows[~rows[field].isin(list(values))].to_dict("records"):
            near = difflib.get_close_matches(str(row[field]), values, n=3, cutoff=0)
            expected = f"a known value of {field}, as {', '.join(near)}"
            self.add(row["file"], row["sheet"], f"row {row['row']}", row[field], expected)

    def done(self) -> None:
        """Raise `BadRawFile` with all faults, if there are any."""
        if self.found:
            raise BadRawFile("\n".join(self.found))


def concat(frames: Iterable[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    """The frames under one another, with these columns; an empty frame if there are none."""
    kept = [frame for frame in frames if len(frame)]
    return pd.concat(kept, ignore_index=True)[columns] if kept else pd.DataFrame(columns=columns)
