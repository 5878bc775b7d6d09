"""A published ranking in a sheet of cells: where its head is, what its columns hold, whose figure each cell is.

Publishers merge heads, put several (province, score) pairs side by side, each in its own order, and add titles,
totals, regions and footnotes. A column of names is one whose cells name provinces; the columns of numbers to its
right, up to the next one, are its own. What is left out is said, and every cell that does not fit is a fault.
"""

import datetime
import re
import unicodedata
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from typing import Any

from vnegov.data import numerals, provinces
from vnegov.data.intake import heads
from vnegov.data.intake.heads import Terms
from vnegov.data.intake.reading import Grid
from vnegov.data.loaders.workbook import Faults, letter
from vnegov.errors import BadRawFile

TOTAL = re.compile(
    r"canuoc|toanquoc|trungbinh|trungvi|binhquan|tong|total|average|mean|median|national|country|vietnam|"
    r"minimum|maximum|caonhat|thapnhat|lonnhat|nhonhat|dolechchuan|standard|std|vung|region|khuvuc|mien|"
    r"trongso|weight|heso|diemtoida|trungdu|dongbang|bactrungbo|namtrungbo|duyenhai|taynguyen|dongnambo|"
    r"taynambo|taybac|dongbac|redriver|north|south|central|mekong|nguon|source|ghichu|note"
)
MISSING = {"", "-", "–", "—", "...", "…", "n/a", "na", "#n/a", "x"}
Texts = list[list[str]]


@dataclass(frozen=True)
class Column:
    """A column of scores or ranks of one component; `known` if the index has such a component."""

    column: str
    head: str
    component: str
    kind: str
    known: bool


@dataclass
class Found:
    """What a sheet holds: `rows` has one record a province and component, with its figures and their cells."""

    file: str
    sheet: str
    geography: str
    head: list[int] = field(default_factory=list)
    columns: list[Column] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    unmatched: list[dict[str, Any]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)

    @property
    def matched(self) -> int:
        """How many provinces have a figure."""
        return len({row["province_code"] for row in self.rows})

    def record(self) -> dict[str, Any]:
        """Everything, for scripts."""
        fields = ("province_code", "component", "score", "rank", "cell")
        rows = [{name: row[name] for name in fields} for row in self.rows]
        return asdict(self) | {"matched": self.matched, "rows": rows, "faults": self.faults.found}

    def __str__(self) -> str:
        lines = [f"{self.file}, sheet {self.sheet!r}, head in row {', '.join(map(str, self.head)) or '–'}"]
        for at in self.columns:
            unknown = "" if at.known else " (no component of the index: left out)"
            lines.append(f"column {at.column:3} {at.kind} of {at.component}{unknown}: {at.head!r}")
        lines.append(f"matched {self.matched} of {self.geography} provinces, {len(self.rows)} rows")
        lines += [f"left out: {what}" for what in self.left_out]
        for gap in self.unmatched:
            nearest = ", ".join(gap["suggestions"])
            lines.append(f"NOT MATCHED: {gap['cell']} {gap['name']!r}, nearest {nearest}")
        return "\n".join(lines)

    def fault(self, cell: str, read: str, expected: str) -> None:
        """Note a cell that does not fit."""
        self.faults.add(self.file, self.sheet, cell, read, expected)


def choose(
    file: str, sheets: dict[str, Grid], index: str, edition: int, geography: str | None = None,
    sheet: str | None = None, components: list[str] | None = None,
) -> Found:  # fmt: skip
    """The ranking in the sheet asked for, or in the one that names the most provinces and no other year.

    `components` are ids to keep, or the id of the only component, or "C=id" to say what column C holds. Without
    a `geography` it is the one in force in the edition, or "34" where exactly the 34 provinces are named.
    Raises `BadRawFile` where there is no ranking, or where it takes a person to tell which.
    """
    latest = datetime.datetime.now(datetime.UTC).year + 1
    if not 1990 <= edition <= latest:
        raise BadRawFile(f"--edition: read {edition}, expected a year from 1990 to {latest}")
    if sheet is not None and sheet not in sheets:
        there = ", ".join(map(repr, sheets))
        raise BadRawFile(f"{file}: there is no visible sheet {sheet!r}; there are {there}")
    terms = heads.terms(index, edition)
    asked = terms.asked(components or [])
    ranked = []
    for name in sheets if sheet is None else [sheet]:
        given = geography or provinces.geography_of(edition)
        found = recognise(file, name, sheets[name], given, terms, asked)
        if geography is None and given == "63" and found.matched == 34:
            newer = recognise(file, name, sheets[name], "34", terms, asked)
            found = newer if newer.matched == 34 else found
        if found.rows or found.faults.found:
            years = heads.YEAR.findall(name)
            ranked.append((not years or str(edition) in years, found.matched, str(edition) in years, found))
    if not ranked:
        raise BadRawFile(
            f"{file}, sheet {sheet or ', '.join(sheets)!r}: no ranking of {index} {edition} was found; "
            f"expected names of provinces in a column, and numbers under a head in a column to its right"
        )
    ranked.sort(key=lambda merit: merit[:3], reverse=True)
    fits, _, _, best = ranked[0]
    if not fits and sheet is None:
        names = ", ".join(repr(found.sheet) for *_, found in ranked)
        raise BadRawFile(f"{file}: sheets of other years than {edition}: {names}; say which with --sheet")
    best.left_out += [f"sheet {found.sheet!r}, {found.matched} provinces" for *_, found in ranked[1:]]
    return best


def recognise(
    file: str, sheet: str, grid: Grid, geography: str, terms: Terms, asked: dict[str, str]
) -> Found:
    """The ranking in one sheet (see `choose`); without rows if there is none."""
    found = Found(file, sheet, geography)
    width = max(map(len, grid), default=0)
    texts = [[_text(cell) for cell in row] + [""] * (width - len(row)) for row in grid]
    codes: dict[int, dict[int, str]] = {}  # column → row → province code
    for r, row in enumerate(texts):
        for c, text in enumerate(row):
            if code := _province(text, geography):
                codes.setdefault(c, {})[r] = code
    names = [c for c in sorted(codes) if len(set(codes[c].values())) > 1]
    if not names:
        return found
    owners = {c: max((n for n in names if n < c), default=names[0]) for c in range(width) if c not in names}
    owners = {c: n for c, n in owners.items() if _holds_numbers([texts[r][c] for r in codes[n]])}
    rows = _head_rows(texts, min(min(codes[n]) for n in names), owners)
    parts = {c: _parts(texts, rows, c) or _parts(texts, rows, n) for c, n in owners.items()}
    before = parts.get(names[0] - 1, [])  # ranks may stand before the names, in each block
    if heads.is_rank(before):
        owners |= {n - 1: n for n in names if parts.get(n - 1) == before}
    owners = {c: n for c, n in owners.items() if c > n or heads.is_rank(parts[c])}
    found.head = [r + 1 for r in rows]
    columns = {}
    for c, n in owners.items():
        if (why := terms.is_left_out(parts[c])) and letter(c + 1) not in asked:
            found.left_out.append(f"column {letter(c + 1)} {' / '.join(parts[c])!r}, {why}")
        else:
            columns[c] = _column(letter(c + 1), parts[c], [texts[r][c] for r in codes[n]], terms, asked)
    columns = _kept(found, columns, asked)
    first: dict[tuple[int, str, str], str] = {}
    for c, column in list(columns.items()):
        twin = first.setdefault((owners[c], column.component, column.kind), column.column)
        if twin != column.column:
            told = f"one {column.kind} of {column.component}, but column {twin} reads as one too"
            cell = f"{column.column}{max(found.head, default=1)}"
            found.fault(cell, column.head, f"{told}; say which, as --component {twin}={column.component}")
            del columns[c]
    found.columns = list(columns.values())
    _take(found, texts, {c: codes[owners[c]] for c in columns}, columns, terms)
    for n in sorted({owners[c] for c in columns}):
        for r in range(rows[-1] + 1 if rows else 0, len(texts)):
            name, cell = texts[r][n], f"{letter(n + 1)}{r + 1}"
            figures = any(_is_number(texts[r][c]) for c in columns if owners[c] == n)
            if r in codes[n] or not figures or not _has_letters(name):
                continue
            if TOTAL.match(provinces.key(_bare(name))):
                found.left_out.append(f"cell {cell} {name!r}, a total or region")
            else:
                nearest = provinces.nearest(name, geography)
                found.unmatched.append({"name": name, "cell": cell, "suggestions": nearest})
    return found


def _text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return "" if cell is None else " ".join(unicodedata.normalize("NFC", str(cell)).split())


def _has_letters(text: str) -> bool:
    return bool(re.search(r"[^\W\d_]", text))


def _bare(name: str) -> str:
    """A name without its number and footnote marks: "1. Hà Nội (2)*"."""
    return re.sub(r"^\(?(?:\d+|[IVX]+)[.):]\s*|\s*(?:\(\d+\)|\*+)*$", "", name)


@cache
def _province(text: str, geography: str) -> str | None:
    return provinces.find(_bare(text), geography) if len(text) < 60 and _has_letters(text) else None


def _number(kind: str, text: str) -> numerals.Numeral:
    """A rank or an exact score. Raises `NotANumber`."""
    if kind == "rank":
        return numerals.Numeral(numerals.rank(text), 0)
    # No index reaches a thousand: a point in a score is a decimal sign, also before three digits.
    number = numerals.parse(text.replace(".", ",") if re.fullmatch(r"\d+\.\d+", text) else text)
    if number.qualifier != "exact":
        raise numerals.NotANumber(text)
    return number


def _is_number(text: str) -> bool:
    for kind in ("score", "rank"):
        try:
            return bool(_number(kind, text))
        except numerals.NotANumber:
            continue
    return False


def _holds_numbers(cells: list[str]) -> bool:
    filled = [cell for cell in cells if cell.lower() not in MISSING]
    return sum(map(_is_number, filled)) * 2 >= len(filled) > 0


def _head_rows(texts: Texts, first: int, owners: dict[int, int]) -> list[int]:
    """Up to three rows above the first province: over totals and regions, below the title."""
    rows: list[int] = []
    for r in range(first - 1, max(-1, first - 12), -1):
        cells = {text for text in texts[r] if text}
        figures = [texts[r][c] for c, n in owners.items() if _has_letters(texts[r][n])]
        if any(_is_number(figure) and not heads.YEAR.fullmatch(figure) for figure in figures):
            continue  # a total, or a province that is not recognised
        if len(cells) > 1 and not all(re.fullmatch(r"\(?[A-Z0-9]{1,2}\)?", text) for text in cells):
            rows.insert(0, r)
        if (rows and len(cells) == 1) or len(rows) == 3:
            break
    return rows


def _parts(texts: Texts, rows: list[int], c: int) -> list[str]:
    """The head cells over a column, top to bottom; empty if they say no more than "province".

    A merged head stands in its first cell and reaches to the right, as far as there are heads below it and
    none begins above it.
    """
    parts: dict[str, None] = {}
    for i, r in enumerate(rows):
        at = c
        if any(texts[below][c] for below in rows[i + 1 :]):
            while at > 0 and not any(texts[above][at] for above in rows[: i + 1]):
                at -= 1
        if texts[r][at]:
            parts[texts[r][at]] = None
    return list(parts) if any(map(heads.says_more_than_province, parts)) else []


def _column(at: str, parts: list[str], cells: list[str], terms: Terms, asked: dict[str, str]) -> Column:
    whole = all(re.fullmatch(r"\d{1,2}(?:/\d+)?", cell) for cell in cells if cell.lower() not in MISSING)
    component = asked.get(at) or terms.component(parts) or f"column_{at.lower()}"
    kind = "rank" if heads.is_rank(parts, whole) else "score"
    return Column(at, " / ".join(parts), component, kind, component in terms.labels.values())


def _kept(found: Found, columns: dict[int, Column], asked: dict[str, str]) -> dict[int, Column]:
    """The columns that `--component` asks for, and the ranks of their components.

    A component that is asked for alone names the only one there is.
    """
    if not asked or not columns:
        return columns
    ranks = {
        c for c, column in columns.items() if column.kind == "rank" and column.component in asked.values()
    }
    kept = {c: x for c, x in columns.items() if c in ranks or {x.column, x.component} & set(asked)}
    if not kept and len(asked) == 1 and len({column.component for column in columns.values()}) == 1:
        kept = {c: replace(column, component=next(iter(asked)), known=True) for c, column in columns.items()}
    there = {name for column in kept.values() for name in (column.column, column.component)}
    for missing in sorted(set(asked) - there):
        read = "; ".join(f"{column.column} {column.head}" for column in columns.values())
        found.fault(f"A{max(found.head, default=1)}", read, f"a column for --component {missing}")
    return kept


def _take(
    found: Found, texts: Texts, codes: dict[int, dict[int, str]], columns: dict[int, Column], terms: Terms
) -> None:
    """Fill `found.rows`; every figure that does not fit becomes a fault."""
    taken: dict[tuple[str, str], dict[str, Any]] = {}
    for c, column in columns.items():
        kind, component = column.kind, column.component
        low, high = terms.scales.get(component, (0, 1000)) if kind == "score" else (1, 64)
        for r, code in codes[c].items():
            text, cell = texts[r][c], f"{column.column}{r + 1}"
            if text.lower() in MISSING:
                continue
            try:
                number = _number(kind, text)
            except numerals.NotANumber:
                number = numerals.Numeral(float("nan"), 0)
            named = {"province_code": code, "component": component, "score": None, "rank": None}
            row = taken.setdefault((code, component), named)
            if not low <= number.value <= high:
                found.fault(cell, text, f"a {kind} from {low:g} to {high:g}")
            elif row[kind] not in (None, number.value):
                told = f"{row[kind]:g} in {row[f'{kind}_cell']} for {provinces.names(found.geography)[code]['name_vi']}"
                found.fault(cell, text, f"one {kind} of {component} a province, but there is {told}")
            else:
                row |= {kind: number.value, f"{kind}_cell": cell, f"{kind}_decimals": number.decimals}
                row["cell"] = row.get("score_cell", cell)
    rows = [row for row in taken.values() if "cell" in row]
    found.rows = sorted(
        rows, key=lambda row: (row["component"] != "overall", row["component"], row["province_code"])
    )
