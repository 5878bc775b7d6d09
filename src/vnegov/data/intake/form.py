"""The form that an official fills in (`vnegov template`), and its way into data/raw (`vnegov add`)."""

import datetime
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
ASKED = (
    "procedures_total", "services_full", "services_partial", "services_level3", "services_level4",
    "dossiers_received", "dossiers_settled", "dossiers_online", "dossiers_on_time", "share_online_of_received",
    "share_on_time", "share_online_payment", "share_signed_documents", "tasks_assigned", "tasks_done",
)  # fmt: skip
UNITS = {
    "procedures": "thủ tục", "services": "dịch vụ", "dossiers": "hồ sơ", "percent": "%", "tasks": "nhiệm vụ",
}  # fmt: skip
TITLE = "Dịch vụ công trực tuyến, {name}, năm {year} · Online public services, {name}, {year}"
HOW = (
    "Chỉ điền ô màu vàng; dòng không có số thì để trống. Mỗi số cần một nguồn. · "
    "Fill in the yellow cells only; leave a line without a figure empty. Every figure needs a source."
)
# Field → an example, and what it is for.
HINTS = {
    "value": ("1234; 98,5", "Số như đã công bố; tỷ lệ từ 0 đến 100. · As published; shares from 0 to 100."),
    "numerator": ("252856", "Nếu có công bố. · Where it is published."),
    "denominator": ("314984", "Nếu có công bố. · Where it is published."),
    "agency": ("Sở Y tế", "Khi số liệu là của một cơ quan. · Where the figure is of one agency."),
    "period_end": ("2024-12-31", "Số tại một ngày: hai ô như nhau. · A figure of one day: the same day twice."),
    "qualifier": ("trên · over", "Khi nguồn viết “trên 94%”. · Where the source writes “over 94%”."),
    "source_title": ("Báo cáo số 12/BC-UBND ngày 15/01/2025", "Văn bản hoặc trang. · The report or page."),
    "source_url": ("https://…", "Nếu có. · If there is one."),
}


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
    told = [f"{UNITS.get(term['unit'], '')} · {term['unit']}".strip(" ·") for term in terms.values()]
    meant = [f"{term['definition_vi']} · {term['definition']}" for term in terms.values()]
    for choices in zip_longest(terms, forms.SCOPES, forms.QUALIFIERS, told, meant):
        guide.append(choices)
    examples = [HINTS.get(field, ("",))[0] for field in forms.HEADS]
    for row in ([TITLE.format(name=name, year=year)], [HOW], examples, list(forms.HEADS.values())):
        page.append(row)
    line: dict[str, Any] = {"province": name, "geography": geography, "scope": next(iter(forms.SCOPES))}
    line |= {"period_start": datetime.date(year, 1, 1), "period_end": datetime.date(year, 12, 31)}
    line |= {"qualifier": next(iter(forms.QUALIFIERS))}
    ids = [term["indicator"] for term in terms.values()]
    labels = dict(zip(ids, zip(terms, told, strict=True), strict=True))
    for label, unit in [labels[indicator] for indicator in ASKED] + [(None, None)] * BLANK_LINES:
        asked = line | {"indicator": label, "unit": unit}
        page.append([asked.get(field) for field in forms.HEADS])
    _dress(page)
    for sheet, widths in ((page, [24] * 2 + [60] + [24] * 12), (guide, (60, 30, 30, 30, 110))):
        sheet.protection.sheet = True
        for c, width in enumerate(widths, 1):
            sheet.column_dimensions[letter(c)].width = width
    book.save(path)
    return path


def _dress(page: Any) -> None:
    """Protect all but the cells to fill in; give these drop-downs, limits and hints."""
    rules: dict[str, dict[str, str]] = {}
    for c, field in enumerate(("indicator", "scope", "qualifier")):
        n = len((forms.indicators(), forms.SCOPES, forms.QUALIFIERS)[c])
        rules[field] = {"type": "list", "formula1": f"'{GUIDE}'!${'ABC'[c]}$1:${'ABC'[c]}${n}"}
    for field in ("value", "numerator", "denominator"):
        rules[field] = {"type": "decimal", "operator": "greaterThanOrEqual", "formula1": "0"}
    for field in ("period_start", "period_end"):
        rules[field] = {"type": "date", "operator": "greaterThan", "formula1": "36525"}  # since 2000
    for field, at in forms.AT.items():
        page[f"{at}{HEAD_ROW}"].font = Font(bold=True)
        page[f"{at}{HEAD_ROW}"].alignment = Alignment(wrap_text=True, vertical="top")
        if field in ("province", "geography", "unit"):
            continue
        rule = DataValidation(
            **rules.get(field, {"type": "textLength", "operator": "lessThan", "formula1": "500"}),
            promptTitle=forms.HEADS[field][:32], prompt=" – ".join(HINTS.get(field, (forms.HEADS[field],))),
            showInputMessage=True, showErrorMessage=True, allow_blank=True,
        )  # fmt: skip
        page.add_data_validation(rule)
        rule.add(f"{at}{HEAD_ROW + 1}:{at}{page.max_row}")
        for r in range(HEAD_ROW + 1, page.max_row + 1):
            cell = page[f"{at}{r}"]
            if field != "indicator" or cell.value is None:
                cell.protection, cell.fill = Protection(locked=False), PatternFill("solid", fgColor="FFF9DB")
            if field.startswith("period"):
                cell.number_format = "yyyy-mm-dd"
    page["A1"].font, page.freeze_panes = Font(bold=True, size=14), "D5"


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
    ids, files = store.registered(abouts)
    lines = rows[list(forms.HEADS)].astype(object).where(lambda frame: frame.notna(), None).assign(source=ids)
    table = [[*forms.HEADS.values(), forms.SOURCE], *lines.to_numpy().tolist()]
    about = abouts[0].model_copy(update={"title": f"Form: {path.stem}", "url": ""})
    target, note = paths.RAW / "forms" / f"{store.slug(path.stem)}.xlsx", "each line has its own source"
    files |= store.with_sidecar(target, store.text_workbook(SHEET, table), about, None, note)
    store.place(files, forms)
    return list(files)
