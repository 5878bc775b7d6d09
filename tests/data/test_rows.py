"""Nothing is lost: every filled figure cell of every raw file is taken, merged with another, or refused."""

import csv

import openpyxl
import pandas as pd
import pytest

import vnegov
from vnegov import paths
from vnegov.data import build, reconcile, sources

WORDS = {
    "TT", "Tỉnh, thành phố", "Căn cứ hạng", "Ghi chú", "Nguồn", "Tỉnh", "Địa giới", "Nhóm", "Cơ quan", "Bộ chỉ số",
    "Năm", "Vùng", "Thành phần", "Tên chắc chắn",
}  # fmt: skip
FIGURES = {"Chỉ tiêu": {"Giá trị"}}  # sheets of articles: of all columns, this one is the figure
WHOLE_ROWS = ("aggregates", "population", "provinces")  # a row is a figure


@pytest.fixture(scope="module")
def account():
    """Where every figure of the raw files went: file, sheet, row, cell, table, fate (taken, merged, refused), reason.

    A score or rank that another source also gives, and gives first, is `merged`; reason then names the figure.
    Where a row is one figure, or none, `cell` is empty.
    """
    found = build.candidates()
    scores, agencies = found["scores"], found["agencies"]
    taken = reconcile.chosen(scores)
    figure = "with " + scores[reconcile.KEY].astype("str").agg(" ".join, axis=1)
    parts = [found["refused"].assign(fate="refused")]
    for field in ("score", "rank"):
        fate, cell = taken[field].map({True: "taken", False: "merged"}), f"{field}_cell"
        rows = scores.assign(cell=scores[cell], table="scores", fate=fate, reason=figure.where(~taken[field]))
        parts += [rows, agencies.assign(cell=agencies[cell], table="agencies", fate="taken")]
    parts = [part[part["cell"].notna() | (part["fate"] == "refused")] for part in parts]
    for table in ("observations", "aggregates", "population", "economy", "provinces"):
        parts.append(found[table].assign(table=table, fate="taken"))
    columns = ["file", "sheet", "row", "cell", "table", "fate", "reason"]
    every = pd.concat([part.reindex(columns=columns) for part in parts], ignore_index=True)
    every["row"] = every["cell"].str.extract(r"(\d+)$")[0].fillna(every["row"]).astype("int64")
    every["fate"] = pd.Categorical(every["fate"], ["taken", "merged", "refused"])
    return every.sort_values([*columns[:4], "fate"]).drop_duplicates(columns[:4], ignore_index=True)


def filled(path):
    """(sheet, cell) of every filled figure cell, and (sheet, row) of every row, counted without the loaders."""
    cells, rows = set(), set()
    for sheet in openpyxl.load_workbook(path).worksheets:
        head = next(row for row in sheet.iter_rows() if {"Nguồn", "Tỉnh, thành phố"} & {cell.value for cell in row})
        heads = {cell.column_letter: str(cell.value).strip() for cell in head if cell.value is not None}
        only = next((figures for mark, figures in FIGURES.items() if mark in heads.values()), None)
        for row in sheet.iter_rows(min_row=head[0].row + 1):
            there = [cell for cell in row if cell.value not in (None, "")]
            rows |= {(sheet.title, cell.row) for cell in there}
            cells |= {
                (sheet.title, cell.coordinate)
                for cell in there
                if (name := heads.get(cell.column_letter)) and (name in only if only else name not in WORDS)
            }
    return cells, rows


@pytest.mark.parametrize("file", sorted(paths.relative(p) for p in paths.RAW.glob("*/*.xlsx")))
def test_every_filled_figure_cell_of_a_workbook_is_accounted_for(account, file):
    cells, rows = filled(paths.ROOT / file)
    mine = account[account["file"] == file]
    assert set(zip(mine["sheet"], mine["row"], strict=True)) == rows
    if not file.startswith(tuple(f"data/raw/{folder}/" for folder in WHOLE_ROWS)):
        named = mine[mine["cell"].notna()]
        assert set(zip(named["sheet"], named["cell"], strict=True)) == cells


def test_every_cell_of_papi_is_accounted_for(account):
    path = paths.RAW / "papi" / "papi_2011_2024.csv"
    with path.open(encoding="utf-8") as file:
        table = list(csv.reader(file))
    numbers = sum(cell != "" for row in table[1:] for cell in row[2:])
    assert len(account[account["file"] == paths.relative(path)]) == numbers


@pytest.mark.parametrize("folder", ["population", "provinces"])
def test_every_row_of_a_csv_is_accounted_for(account, folder):
    for path in (paths.RAW / folder).glob("*.csv"):
        if path.name != "spellings.csv":  # read as spellings, not as figures: see test_provinces
            rows = len(path.read_text(encoding="utf-8").splitlines()) - 1
            assert len(account[account["file"] == paths.relative(path)]) == rows


@pytest.mark.parametrize("name", ["indices", "components", "breaks", "indicators", "sources"])
def test_every_line_of_a_definition_is_a_row_of_its_table(name):
    path = paths.RAW / ("sources" if name == "sources" else "definitions") / f"{name}.csv"
    with path.open(encoding="utf-8") as file:
        assert len(list(csv.reader(file))) - 1 == len(vnegov.table(name))


def test_every_raw_file_of_figures_is_in_the_account(account):
    figures = {paths.relative(p) for p in sources.verify() if p.parent.name not in ("definitions", "sources")}
    assert set(account["file"]) == figures - {"data/raw/provinces/spellings.csv"}


def test_what_is_merged_names_its_figure_and_what_is_refused_its_reason(account):
    assert account[account["fate"] != "taken"]["reason"].notna().all()
    merged = account.loc[account["fate"] == "merged", "reason"].str.removeprefix("with ")
    scores = vnegov.table("scores")
    keys = scores[["index", "edition", "geography", "province_code", "component"]].astype("str")
    assert set(merged) <= set(keys.agg(" ".join, axis=1))


def test_the_population_printed_beside_the_economy_is_the_population_of_2024():
    printed = pd.read_csv(paths.RAW / "population" / "area_grdp_2024.csv", dtype={"province_code": "str"})
    people = vnegov.table("population").query("geography == '63' and year == 2024")
    both = printed.merge(people, on="province_code", suffixes=("_printed", ""))
    assert (both["population_thousand_printed"] - both["population_thousand"]).abs().max() < 0.06
