"""The form that an official fills in (`vnegov template`), and its way into data/raw (`vnegov add`).

How it looks, what it says, what its cells take and which indicators have a line of their own is form.xlsx, to be
edited in Excel or LibreOffice; what depends on the province, the year and the definitions is filled in here.
"""

import datetime
from itertools import zip_longest
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pandas as pd
from openpyxl import load_workbook

from vnegov import paths
from vnegov.data import provinces
from vnegov.data.intake import cells, store
from vnegov.data.loaders import forms
from vnegov.data.loaders.workbook import table
from vnegov.errors import BadRawFile

BLANK, SHEET, GUIDE, HEAD_ROW = Path(__file__).with_name("form.xlsx"), "Số liệu", "Hướng dẫn", 4
UNITS = {"procedures": "thủ tục", "services": "dịch vụ", "dossiers": "hồ sơ", "percent": "%", "tasks": "nhiệm vụ"}


def template(province: object, year: int, out: Path | None) -> Path:
    """Write the form for one province and year; returns its path, which is new.

    Raises `UnknownProvince`, or `BadRawFile` for a year that is none or a file that is there already.
    """
    latest = datetime.datetime.now(datetime.UTC).year + 1
    if not 2000 <= year <= latest:
        raise BadRawFile(f"--year: read {year}, expected one from 2000 to {latest}")
    geography = provinces.geography_of(year)
    code = provinces.resolve(province, geography)
    name = provinces.names(geography)[code]["name_vi"]
    path = out or Path(f"services_{provinces.slug(code, geography)}_{year}.xlsx")
    if path.exists() or path.suffix.lower() != ".xlsx":
        raise BadRawFile(f"{path}: expected the name of a new .xlsx file")
    book, terms = load_workbook(BLANK), forms.indicators()
    page, guide = book[SHEET], book[GUIDE]
    page["A1"] = page["A1"].value.format(name=name, year=year)
    units = {label: f"{UNITS.get(term['unit'], '')} · {term['unit']}".strip(" ·") for label, term in terms.items()}
    meant = [f"{term['definition_vi']} · {term['definition']}" for term in terms.values()]
    for line in zip_longest(terms, forms.SCOPES, forms.QUALIFIERS, units.values(), meant):
        guide.append(line)
    choices = next(rule for rule in page.data_validations.dataValidation if "$A$" in rule.formula1)
    choices.formula1 = f"'{GUIDE}'!$A$1:$A${len(terms)}"
    labels = {term["indicator"]: label for label, term in terms.items()}
    known: dict[str, Any] = {"province": name, "geography": geography}
    known |= {"period_start": datetime.date(year, 1, 1), "period_end": datetime.date(year, 12, 31)}
    for r in range(HEAD_ROW + 1, page.max_row + 1):
        label = labels.get(page[f"{forms.AT['indicator']}{r}"].value)
        for field, value in (known | {"indicator": label, "unit": label and units[label]}).items():
            page[f"{forms.AT[field]}{r}"] = value
    book.save(path)
    return path


def filled(path: Path) -> pd.DataFrame:
    """The lines of a form that are filled in, as `loaders.forms` names them.

    Raises `BadRawFile` with every cell that does not fit.
    """
    grid = cells.sheets(path).get(SHEET)
    if path.suffix.lower() != ".xlsx" or grid is None:
        expected = f"a form of `vnegov template`, an .xlsx file with the sheet {SHEET!r}"
        raise BadRawFile(f"{path}: expected {expected}")
    book = load_workbook(path, read_only=True)
    for row in book[SHEET].iter_rows(max_row=len(grid), max_col=len(grid[0]) if grid else 1):
        for cell in row:  # a formula without a stored result
            if cell.data_type == "f" and grid[cell.row - 1][cell.column - 1] is None:
                grid[cell.row - 1][cell.column - 1] = str(cell.value)
    book.close()
    rows = forms.named(*table(grid, forms.HEADS["indicator"], path.name, SHEET))
    if rows.empty:
        expected = f"numbers in the column {forms.HEADS['value']!r}"
        raise BadRawFile(f"{path}, sheet {SHEET!r}: nothing is filled in; expected {expected}")
    forms.tidy(rows)
    return rows


def add(path: Path, rows: pd.DataFrame) -> list[Path]:
    """Store a checked form as data/raw/forms/<name>.xlsx, and its sources; returns what was written.

    A source of an address below .gov.vn is official and any other a dataset.
    """
    abouts = []
    for title, url in zip(rows["source_title"], rows["source_url"].fillna(""), strict=True):
        host = urlsplit(url).hostname or ""
        trust = "official" if host.endswith(".gov.vn") else "dataset"
        publisher = host or str(rows["province"].iloc[0])
        abouts.append(store.publication(title=str(title), url=url, publisher=publisher, trust=trust))
    target = paths.RAW / "forms" / f"{store.slug(path.stem)}.xlsx"
    with store.importing(target, forms) as new:
        lines = rows[list(forms.HEADS)].assign(source=[new.source(about) for about in abouts])
        lines = lines.astype(object).where(lines.notna(), None).to_numpy().tolist()
        content = store.text_workbook(SHEET, [[*forms.HEADS.values(), forms.SOURCE], *lines])
        about = abouts[0].model_copy(update={"title": f"Form: {path.stem}", "url": ""})
        new.files |= store.with_sidecar(target, content, about, None, "each line has its own source")
    return list(new.files)
