"""The form that an official fills in (`vnegov template`), and its way into data/raw (`vnegov add`)."""

import datetime
import tomllib
from itertools import zip_longest
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pandas as pd
from openpyxl import Workbook, load_workbook
from openpyxl.styles import Alignment, Font, PatternFill, Protection
from openpyxl.worksheet.datavalidation import DataValidation

from vnegov import paths
from vnegov.data import provinces
from vnegov.data.intake import cells, store
from vnegov.data.loaders import forms
from vnegov.data.loaders.workbook import letter, table
from vnegov.errors import BadRawFile

SHEET, GUIDE, HEAD_ROW, BLANK_LINES = "Số liệu", "Hướng dẫn", 4, 30
TEXTS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
FIELDS: dict[str, dict[str, Any]] = TEXTS["fields"]  # the columns to fill in
SHORT = {"type": "textLength", "operator": "lessThan", "formula1": "500"}


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
    book, terms = Workbook(), forms.indicators()
    page, guide = book.active, book.create_sheet(GUIDE)
    page.title = SHEET
    units = {label: f"{TEXTS['units'].get(t['unit'], '')} · {t['unit']}".strip(" ·") for label, t in terms.items()}
    meant = [f"{term['definition_vi']} · {term['definition']}" for term in terms.values()]
    for choices in zip_longest(terms, forms.SCOPES, forms.QUALIFIERS, units.values(), meant):
        guide.append(choices)
    examples = [FIELDS.get(field, {}).get("example", "") for field in forms.HEADS]
    for row in ([TEXTS["title"].format(name=name, year=year)], [TEXTS["how"]], examples, [*forms.HEADS.values()]):
        page.append(row)
    known: dict[str, Any] = {"province": name, "geography": geography}
    known |= {"scope": next(iter(forms.SCOPES)), "qualifier": next(iter(forms.QUALIFIERS))}
    known |= {"period_start": datetime.date(year, 1, 1), "period_end": datetime.date(year, 12, 31)}
    labels = {term["indicator"]: label for label, term in terms.items()}
    for label in [labels[indicator] for indicator in TEXTS["asked"]] + [""] * BLANK_LINES:
        line = known | {"indicator": label or None, "unit": units.get(label)}
        page.append([line.get(field) for field in forms.HEADS])
    _dress(page)
    for sheet, widths in ((page, [24] * 2 + [60] + [24] * 12), (guide, (60, 30, 30, 30, 110))):
        sheet.protection.sheet = True
        for c, width in enumerate(widths, 1):
            sheet.column_dimensions[letter(c)].width = width
    book.save(path)
    return path


def _dress(page: Any) -> None:
    """Protect all but the cells to fill in; give these drop-downs, limits and hints."""
    page["A1"].font, page.freeze_panes = Font(bold=True, size=14), "D5"
    for cell in page[HEAD_ROW]:
        cell.font, cell.alignment = Font(bold=True), Alignment(wrap_text=True, vertical="top")
    choices: dict[str, tuple[str, dict]] = {
        "indicator": ("A", forms.indicators()),
        "scope": ("B", forms.SCOPES),
        "qualifier": ("C", forms.QUALIFIERS),
    }
    for field, told in FIELDS.items():
        rule = DataValidation(
            **told.get("rule", SHORT), showInputMessage=True, showErrorMessage=True, allow_blank=True,
            promptTitle=forms.HEADS[field][:32],
            prompt=f"{told['example']} – {told['hint']}" if "hint" in told else forms.HEADS[field],
        )  # fmt: skip
        if field in choices:
            at, listed = choices[field]
            rule.formula1 = f"'{GUIDE}'!${at}$1:${at}${len(listed)}"
        page.add_data_validation(rule)
        for (cell,) in page[f"{forms.AT[field]}{HEAD_ROW + 1}:{forms.AT[field]}{page.max_row}"]:
            rule.add(cell)
            if field != "indicator" or cell.value is None:
                cell.protection, cell.fill = Protection(locked=False), PatternFill("solid", fgColor="FFF9DB")
            if field.startswith("period"):
                cell.number_format = "yyyy-mm-dd"


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
        new.add(target, content, about, None, "each line has its own source")
    return list(new.files)
