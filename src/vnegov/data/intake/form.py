"""The form that an official fills in (`vnegov template`), and its way into data/raw (`vnegov add`)."""

import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pandas as pd
from openpyxl import Workbook, load_workbook
from openpyxl.styles import Alignment, Font, PatternFill, Protection
from openpyxl.worksheet.datavalidation import DataValidation

from vnegov import paths
from vnegov.data import provinces
from vnegov.data.intake import reading, store
from vnegov.data.loaders import forms
from vnegov.data.loaders.workbook import letter, table
from vnegov.errors import BadRawFile

SHEET, HEAD_ROW, BLANK_LINES = "Số liệu", 4, 30
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
GUIDE = {
    "value": (
        "1234; 1.234; 98,5",
        "Số như đã công bố; tỷ lệ từ 0 đến 100. · As published; shares from 0 to 100.",
    ),
    "numerator": ("252856", "Nếu có công bố. · Where it is published."),
    "denominator": ("314984", "Nếu có công bố. · Where it is published."),
    "agency": ("Sở Y tế", "Khi số liệu là của một cơ quan. · Where the figure is of one agency."),
    "period_end": (
        "2024-12-31",
        "Số tại một ngày: hai ô như nhau. · A figure of one day: the same day twice.",
    ),
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
    book = Workbook()
    page, guide, lists = book.active, book.create_sheet("Hướng dẫn"), book.create_sheet("Danh mục")
    page.title, lists.sheet_state = SHEET, "hidden"
    choices: dict[str, Any] = {
        "indicator": forms.indicators(),
        "scope": forms.SCOPES,
        "qualifier": forms.QUALIFIERS,
    }
    drop_downs = {}
    for c, (field, values) in enumerate(choices.items(), 1):
        drop_downs[field] = f"'Danh mục'!${letter(c)}$1:${letter(c)}${len(values)}"
        for r, value in enumerate(values, 1):
            lists.cell(r, c, value)
    for row in ([TITLE.format(name=name, year=year)], [HOW], [], list(forms.HEADS.values())):
        page.append(row)
    for field, told in GUIDE.items():
        guide.append([forms.HEADS[field], *told])
    line: dict[str, Any] = {"province": name, "geography": geography, "scope": next(iter(forms.SCOPES))}
    line |= {"period_start": datetime.date(year, 1, 1), "period_end": datetime.date(year, 12, 31)}
    line |= {"qualifier": next(iter(forms.QUALIFIERS))}
    labels = {term["indicator"]: label for label, term in forms.indicators().items()}
    for label in [labels[indicator] for indicator in ASKED] + [None] * BLANK_LINES:
        asked: dict[str, Any] = {"indicator": label}
        if label:
            term = forms.indicators()[label]
            asked["unit"] = f"{UNITS[term['unit']]} · {term['unit']}"
            guide.append([label, asked["unit"], f"{term['definition_vi']} · {term['definition']}"])
        page.append([(line | asked).get(field) for field in forms.HEADS])
    _dress(page, drop_downs)
    for sheet in (guide, lists):
        sheet.protection.sheet = True
        for c, width in enumerate((60, 40, 110), 1):
            sheet.column_dimensions[letter(c)].width = width
    book.save(path)
    return path


def _dress(page: Any, drop_downs: dict[str, str]) -> None:
    """Protect all but the cells to fill in; give these drop-downs, limits and hints."""
    rules = {field: DataValidation(type="list", formula1=cells) for field, cells in drop_downs.items()}
    for field in ("value", "numerator", "denominator"):
        rules[field] = DataValidation(type="decimal", operator="greaterThanOrEqual", formula1="0")
    for field in ("period_start", "period_end"):
        rules[field] = DataValidation(type="date", operator="greaterThan", formula1="36525")  # since 2000
    for c, (field, head) in enumerate(forms.HEADS.items(), 1):
        page.column_dimensions[letter(c)].width = {"indicator": 60, "geography": 10}.get(field, 24)
        page.cell(HEAD_ROW, c).font = Font(bold=True)
        page.cell(HEAD_ROW, c).alignment = Alignment(wrap_text=True, vertical="top")
        if field in ("province", "geography", "unit"):
            continue
        rule = rules.get(field) or DataValidation(type="textLength", operator="lessThan", formula1="500")
        rule.promptTitle, rule.prompt = head[:32], " – ".join(GUIDE.get(field, (head,)))
        rule.errorTitle, rule.error = (
            "Không hợp lệ · Not valid",
            "Xem trang Hướng dẫn. · See sheet Hướng dẫn.",
        )
        rule.showInputMessage = rule.showErrorMessage = rule.allow_blank = True
        page.add_data_validation(rule)
        rule.add(f"{letter(c)}{HEAD_ROW + 1}:{letter(c)}{page.max_row}")
        for r in range(HEAD_ROW + 1, page.max_row + 1):
            cell = page.cell(r, c)
            if field != "indicator" or cell.value is None:
                cell.protection, cell.fill = Protection(locked=False), PatternFill("solid", fgColor="FFF9DB")
            if field.startswith("period"):
                cell.number_format = "yyyy-mm-dd"
    page["A1"].font, page.freeze_panes, page.protection.sheet = Font(bold=True, size=14), "D5", True


def filled(path: Path) -> pd.DataFrame:
    """The lines of a form that are filled in, as `loaders.forms` names them.

    Raises `BadRawFile` with every cell that does not fit.
    """
    sheets = reading.sheets(path)
    if path.suffix.lower() != ".xlsx" or SHEET not in sheets:
        raise BadRawFile(
            f"{path}: expected a form of `vnegov template`, an .xlsx file with the sheet {SHEET!r}"
        )
    grid = _with_formulas(sheets[SHEET], path)
    rows = forms.named(*table(grid, forms.HEADS["indicator"], path.name, SHEET))
    if rows.empty:
        expected = f"numbers in the column {forms.HEADS['value']!r}"
        raise BadRawFile(f"{path}, sheet {SHEET!r}: nothing is filled in; expected {expected}")
    forms.tidy(rows)
    return rows


def _with_formulas(grid: reading.Grid, path: Path) -> reading.Grid:
    """The cells, with the text of each formula that has no stored result."""
    width, book = max(map(len, grid), default=0), load_workbook(path, read_only=True)
    for cell in (
        cell for row in book[SHEET].iter_rows(max_col=width) for cell in row if cell.data_type == "f"
    ):
        grid += [[None] * width for _ in range(cell.row - len(grid))]
        if grid[cell.row - 1][cell.column - 1] is None:
            grid[cell.row - 1][cell.column - 1] = str(getattr(cell.value, "text", cell.value))
    book.close()
    return grid


def add(path: Path, rows: pd.DataFrame, **given: str | None) -> list[Path]:
    """Store a checked form as data/raw/forms/<name>.xlsx, and its sources; returns what was written.

    `given` may tell publisher, published, trust and licence of all its sources; without, a source of an address
    below .gov.vn is official and any other a dataset.
    """
    abouts = []
    for title, url in zip(rows["source_title"], rows["source_url"].fillna(""), strict=True):
        host = urlsplit(url).hostname or ""
        trust = "official" if host.endswith(".gov.vn") else "dataset"
        told = {"publisher": host or str(rows["province"].iloc[0]), "trust": trust}
        told |= {name: text for name, text in given.items() if text is not None}
        abouts.append(store.publication(title=str(title), url=url, **told))
    ids, files = store.registered(abouts)
    lines = rows[list(forms.HEADS)].astype(object).where(lambda frame: frame.notna(), None)
    lines = [[*line, source] for line, source in zip(lines.to_numpy().tolist(), ids, strict=True)]
    content = store.text_workbook(SHEET, [[*forms.HEADS.values(), forms.SOURCE], *lines])
    about = abouts[0].model_copy(update={"title": f"Form: {path.stem}", "url": ""})
    target = paths.RAW / "forms" / f"{store.slug(path.stem)}.xlsx"
    files |= store.with_sidecar(target, content, about, None, "as filled in; each line has its own source")
    store.place(files, lambda: forms.tidy(forms.read()))
    return list(files)
