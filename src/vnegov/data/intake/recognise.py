"""A published ranking in a sheet of cells: where its head is, what its columns hold, whose score each cell is.

Publishers merge heads, put several (province, score) pairs side by side, each in its own order, and add titles,
totals, regions and footnotes. A province column is one whose cells name provinces; the columns of numbers to its
right, up to the next one, are its own. What is left out is said, and every cell that does not fit is a fault.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from vnegov.data import numerals, provinces
from vnegov.data.intake.reading import Grid
from vnegov.data.loaders import definitions
from vnegov.data.loaders.workbook import Faults, letter
from vnegov.errors import BadRawFile

RANK = re.compile(r"hạng|thứ bậc|vị thứ|vị trí|xep hang|thu hang|thu bac|vi thu|^hang$|\brank", re.I)
CHANGE = re.compile(r"thay doi|tang giam|chenh lech|so voi|change|difference|trend")
SERIAL = re.compile(r"(tt|stt|so tt|so thu tu|no|id|ma|ma tinh|ma so|code|province code)?")
YEAR = re.compile(r"\b(?:19|20)\d\d\b")
# What a head may say beside the component's name: that it is a score, of which index, for which year.
PLAIN = re.compile(
    r"\b(?:(?:19|20)\d\d|tong diem|diem so|chi so|diem|scores?|points?|index|sub|overall|composite|total|weighted|chung|tong|"
    r"thanh phan|cstp|nam|ket qua|bang|xep hang|thu hang|thu bac|vi thu|vi tri|hang$|rank(?:ing)?s?|value|gia tri|"
    r"pci|papi|dti|par|sipas|ict|vietnam|tinh|thanh pho|tp|dia phuong|provinces?|cit(?:y|ies)|name|ten|don vi|va|and|of)\b"
)
TOTAL = re.compile(
    r"canuoc|toanquoc|trungbinh|trungvi|binhquan|tong|total|average|mean|median|national|country|vietnam|minimum|maximum|"
    r"caonhat|thapnhat|lonnhat|nhonhat|dolechchuan|standard|std|vung|region|khuvuc|mien|trongso|weight|heso|diemtoida|"
    r"trungdu|dongbang|bactrungbo|namtrungbo|duyenhai|taynguyen|dongnambo|taynambo|taybac|dongbac|redriver|northern|"
    r"northcentral|southcentral|central|southeast|mekong|nguon|source|ghichu|note"
)
MISSING = {"", "-", "–", "—", "...", "…", "n/a", "na", "#n/a", "x"}


@dataclass
class Column:
    """A column that holds scores or ranks of one component."""

    column: str
    head: str
    component: str
    kind: str
    known: bool


@dataclass
class Found:
    """What a sheet holds. `rows` and `unmatched` are plain records, as `vnegov import --json` prints them."""

    file: str
    sheet: str
    geography: str
    head: list[int]
    columns: list[Column] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    unmatched: list[dict[str, Any]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)

    @property
    def matched(self) -> int:
        """How many provinces have a figure."""
        return len({row["province_code"] for row in self.rows})


def choose(
    file: str, sheets: dict[str, Grid], index: str, edition: int, geography: str | None, *,
    sheet: str | None = None, components: Iterable[str] = (),
) -> Found:  # fmt: skip
    """The ranking of the sheet asked for, or of the one that names the most provinces.

    A sheet whose name holds another year than `edition` comes after those whose name does not. Without a
    `geography` it is the one in force in the edition, or "34" where exactly the 34 provinces are named.
    Raises `BadRawFile` if there is none.
    """
    if sheet is not None and sheet not in sheets:
        raise BadRawFile(f"{file}: there is no visible sheet {sheet!r}; there are {', '.join(map(repr, sheets))}")
    best: tuple[tuple[bool, int, bool], Found] | None = None
    for name, grid in sheets.items():
        if sheet not in (None, name):
            continue
        found = recognise(file, name, grid, index, edition, geography or provinces.geography_of(edition), components)
        if geography is None and found.geography == "63" and found.matched == 34:
            newer = recognise(file, name, grid, index, edition, "34", components)
            found = newer if newer.matched == 34 else found
        years = YEAR.findall(name)
        merit = (not years or str(edition) in years, found.matched, str(edition) in years)
        if (found.rows or found.faults.found) and (best is None or merit > best[0]):
            best = merit, found
    if best is None:
        raise BadRawFile(
            f"{file}, sheet {sheet or ', '.join(sheets)!r}: no ranking of {index} {edition} was found; "
            f"expected names of provinces in one column and numbers in a column to its right, under a head"
        )
    return best[1]


def recognise(
    file: str, sheet: str, grid: Grid, index: str, edition: int, geography: str, components: Iterable[str] = ()
) -> Found:
    """The ranking in one sheet; without rows if there is none.

    `components` are component ids to keep, or the id of the only column, or "C=id" to say what column C holds.
    """
    width = max(map(len, grid), default=0)
    texts = [[_text(cell) for cell in row] + [""] * (width - len(row)) for row in grid]
    found = Found(file, sheet, geography, [])
    codes: dict[int, dict[int, str]] = {}
    for r, row in enumerate(texts):
        for c, text in enumerate(row):
            if code := _province(text, geography):
                codes.setdefault(c, {})[r] = code
    names = [c for c in sorted(codes) if len(set(codes[c].values())) > 1]
    if not names:
        return found
    owners = {c: max((n for n in names if n <= c), default=names[0]) for c in range(width) if c not in names}
    owners = {c: n for c, n in owners.items() if _holds_numbers([texts[r][c] for r in codes[n]])}
    rows = _head_rows(texts, min(min(codes[n]) for n in names), owners)
    found.head = [r + 1 for r in rows]
    heads = {c: _head(texts, rows, c) or _head(texts, rows, n) for c, n in owners.items()}
    left = names[0] - 1  # a rank may stand before the name, in the first block as in the later ones
    if left in heads and _is_rank(heads[left]):
        owners |= {n - 1: n for n in names if heads.get(n - 1) == heads[left]}
    owners = {c: n for c, n in owners.items() if c > n or _is_rank(heads[c])}

    columns = _columns(found, heads, owners, [[texts[r][c] for r in codes[n]] for c, n in owners.items()], index, edition)
    columns = _asked_for(found, columns, list(components), index)
    _take(found, texts, grid, {c: (column, owners[c]) for c, column in columns.items()}, codes, _scale(index, edition))
    start = rows[-1] + 1 if rows else 0
    for n in sorted({owners[c] for c in columns}):
        own = [c for c in columns if owners[c] == n]
        for r in range(start, len(texts)):
            if r in codes[n] or not re.search(r"[^\W\d]", texts[r][n]) or not any(_is_number(texts[r][c]) for c in own):
                continue
            name, cell = texts[r][n], f"{letter(n + 1)}{r + 1}"
            if TOTAL.match(provinces.key(_bare(name))):
                found.left_out.append(f"cell {cell} {name!r}: a total or region")
            else:
                suggestions = provinces.nearest(name, geography)
                found.unmatched.append({"name": name, "cell": cell, "suggestions": suggestions})
    return found


def _text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return "" if cell is None else " ".join(unicodedata.normalize("NFC", str(cell)).split())


def _bare(name: str) -> str:
    """A name without numbering and footnote marks: "1. Hà Nội (2)*"."""
    return re.sub(r"^\(?(?:\d+|[IVX]+)[.):]\s*|[\s*]*(?:\(\d+\))?\*?$", "", name)


@cache
def _province(text: str, geography: str) -> str | None:
    return provinces.find(_bare(text), geography) if len(text) < 60 and re.search(r"[^\W\d]", text) else None


def _core(text: str) -> str:
    """What is left of a head without numbering and the words that any head may hold."""
    return re.sub(r"^(?:\d+ )+|(?: \d+)+$|^\d+$", "", " ".join(PLAIN.sub(" ", provinces.words(text)).split()))


def _is_number(text: str) -> bool:
    try:
        _score(text)
    except numerals.NotANumber:
        return False
    return True


def _score(text: str) -> numerals.Numeral:
    # No index reaches a thousand: a point in a score is a decimal sign, also before three digits.
    number = numerals.parse(text.replace(".", ",") if re.fullmatch(r"\d+\.\d+", text) else text)
    if number.qualifier != "exact":
        raise numerals.NotANumber(text)
    return number


def _holds_numbers(cells: list[str]) -> bool:
    filled = [cell for cell in cells if cell.lower() not in MISSING]
    return sum(map(_is_number, filled)) * 2 >= len(filled) > 0


def _head_rows(texts: list[list[str]], first: int, owners: dict[int, int]) -> list[int]:
    """Up to three rows above the first province, over totals and regions, below the title."""
    rows: list[int] = []
    for r in range(first - 1, max(-1, first - 12), -1):
        cells = {text for text in texts[r] if text}
        figures = [c for c, n in owners.items() if _is_number(texts[r][c]) and re.search(r"[^\W\d]", texts[r][n])]
        if any(not YEAR.fullmatch(texts[r][c]) for c in figures):
            continue  # a total, or a province that is not recognised
        if len(cells) < 2:
            if rows:
                break
            continue
        if not all(re.fullmatch(r"\(?[A-Z0-9]{1,2}\)?", text) for text in cells):  # the columns, numbered
            rows.insert(0, r)
        if len(rows) == 3:
            break
    return rows


def _head(texts: list[list[str]], rows: list[int], c: int) -> list[str]:
    """The head cells over a column, top to bottom; a merged one, which stands in its first cell, reaches right."""
    parts = []
    for i, r in enumerate(rows):
        text = texts[r][c]
        if not text and any(texts[below][c] for below in rows[i + 1 :]):
            text = next((left for left in reversed(texts[r][:c]) if left), "")
        parts.append(text)
    parts = [part for part in dict.fromkeys(parts) if part]
    return parts if any(_core(part) or _is_plain(part) for part in parts) else []


def _is_plain(part: str) -> bool:
    """Whether the head says "score" or the like, and not only "province"."""
    return bool(re.search(r"diem|score|point|index|chi so|rank|hang|pci|papi|dti|sipas|total|tong|value", provinces.words(part)))


def _is_rank(parts: list[str]) -> bool:
    return bool(parts) and bool(RANK.search(parts[-1])) and not provinces.words(parts[-1]).startswith(("diem", "score"))


def _columns(
    found: Found, heads: dict[int, list[str]], owners: dict[int, int], cells: list[list[str]], index: str, edition: int
) -> dict[int, Column]:
    """What each column of numbers holds; serial numbers, changes and other years are left out."""
    labels, columns = _labels(index, edition), {}
    for (c, parts), values in zip(((c, heads[c]) for c in owners), cells, strict=True):
        head = " / ".join(parts)
        last = provinces.words(parts[-1]) if parts else ""
        years = next((y for y in (YEAR.findall(part) for part in reversed(parts)) if y), [])
        why = ""
        if parts and SERIAL.fullmatch(last):
            why = "numbers the rows"
        elif CHANGE.search(last):
            why = "a change"
        elif years and str(edition) not in years:
            why = f"not {edition}"
        if why:
            found.left_out.append(f"column {letter(c + 1)} {head!r}: {why}")
            continue
        whole = all(re.fullmatch(r"\d{1,2}(?:/\d+)?", value) for value in values if value.lower() not in MISSING)
        kind = "rank" if _is_rank(parts) or (whole and any(map(RANK.search, parts)) and not _is_plain(last)) else "score"
        component = _component(parts, labels) or f"column_{letter(c + 1).lower()}"
        columns[c] = Column(letter(c + 1), head, component, kind, component in labels.values())
    return columns


def _labels(index: str, edition: int) -> dict[str, str]:
    """Every way to name a component of the index, without marks and spaces → its id."""
    tables = definitions.tidy(definitions.read())
    own = tables["components"][tables["components"]["index"] == index]
    title = tables["indices"].set_index("index").loc[index]
    labels = definitions.component_ids(index) | dict(zip(own["name_en"], own["component"], strict=True))
    labels |= {title["name_vi"]: "overall", title["name_en"]: "overall", **{i: i for i in own["component"]}}
    cores = {provinces.key(_core(label)): component for label, component in labels.items()}
    return {key: c for key, c in (cores | {provinces.key(k): c for k, c in labels.items()}).items() if key}


def _component(parts: list[str], labels: dict[str, str]) -> str:
    """The component that a head names: the lowest part that says one; "overall" if all it says is "score"."""
    cores = [provinces.key(_core(part)) for part in parts]
    for part, core in zip(reversed(parts), reversed(cores), strict=True):
        if known := labels.get(provinces.key(part)) or labels.get(core):
            return known
    for core in reversed(cores):
        if near := [k for k in labels if len(k) > 5 and k in core and len(k) >= 0.6 * len(core)]:
            return labels[max(near, key=len)]
    told = [_core(part) for part in parts if _core(part)]
    return re.sub(r"\W+", "_", told[-1]) if told else "overall" if parts else ""


def _asked_for(found: Found, columns: dict[int, Column], components: list[str], index: str) -> dict[int, Column]:
    """The columns that `--component` keeps or renames."""
    known = set(definitions.component_ids(index).values())
    by_letter = dict(c.upper().split("=", 1) for c in components if "=" in c)
    for asked in components:
        wanted = asked.partition("=")[2] or asked
        if wanted not in known:
            raise BadRawFile(f"--component {asked}: {index} has no component {wanted!r}; there are {', '.join(sorted(known))}")
    if by_letter:
        named = {c.partition("=")[0].upper(): c.partition("=")[2] for c in components if "=" in c}
        kept = {c: column for c, column in columns.items() if column.column in named}
        for missing in sorted(set(named) - {column.column for column in kept.values()}):
            found.faults.add(found.file, found.sheet, f"{missing}1", missing, "a column of numbers beside names of provinces")
        return {c: Column(x.column, x.head, named[x.column], x.kind, True) for c, x in kept.items()}
    if components and columns:
        kept = {c: column for c, column in columns.items() if column.component in components}
        if not kept and len(components) == 1 and len({column.component for column in columns.values()}) == 1:
            kept = {c: Column(x.column, x.head, components[0], x.kind, True) for c, x in columns.items()}
        if not kept:
            heads = "; ".join(f"{x.column} {x.head!r}" for x in columns.values())
            found.faults.add(found.file, found.sheet, "of the head", heads, f"{components}; say which column, as C={components[0]}")
        return kept
    return columns


def _scale(index: str, edition: int) -> dict[str, tuple[float, float]]:
    """Component → lowest and highest possible score, where they are known."""
    rows = definitions.tidy(definitions.read())["components"]
    own = rows[(rows["index"] == index) & rows["first_edition"].le(edition) & rows["last_edition"].ge(edition)]
    own = own[own["scale_min"].notna() & own["scale_max"].notna()]
    return dict(zip(own["component"], zip(own["scale_min"], own["scale_max"], strict=True), strict=True))


def _take(
    found: Found, texts: list[list[str]], grid: Grid, columns: dict[int, tuple[Column, int]],
    codes: dict[int, dict[int, str]], scale: dict[str, tuple[float, float]],
) -> None:  # fmt: skip
    """Fill `found.rows`, one a province and component."""
    taken: dict[tuple[str, str], dict[str, Any]] = {}
    holds: dict[tuple[int, str, str], str] = {}
    for c, (column, n) in columns.items():
        if (twin := holds.setdefault((n, column.component, column.kind), column.column)) != column.column:
            expected = f"one column of {column.component} {column.kind}s, but {twin} reads as one too: say --component {twin}=…"
            found.faults.add(found.file, found.sheet, f"{column.column}{found.head[-1] if found.head else 1}", column.head, expected)
            continue
        found.columns.append(column)
        low, high = scale.get(column.component, (0, 1000)) if column.kind == "score" else (1, 64)
        for r, code in codes[n].items():
            if texts[r][c].lower() in MISSING:
                continue
            cell = f"{column.column}{r + 1}"
            try:
                number = _score(texts[r][c]) if column.kind == "score" else numerals.Numeral(numerals.rank(texts[r][c]), 0)
                fits = low <= number.value <= high
            except numerals.NotANumber:
                fits = False
            if not fits:
                found.faults.add(found.file, found.sheet, cell, grid[r][c], f"a {column.kind} from {low:g} to {high:g}")
                continue
            row = taken.setdefault(
                (code, column.component),
                {"province_code": code, "component": column.component, "score": None, "rank": None, "cell": cell, "cells": {}},
            )
            value = number.value if column.kind == "score" else int(number.value)
            if row[column.kind] not in (None, value):
                expected = f"each province once, but {row['cells'][column.kind]} gives {row[column.kind]:g} for {texts[r][n]}"
                found.faults.add(found.file, found.sheet, cell, grid[r][c], expected)
                continue
            row[column.kind], row["cells"][column.kind] = value, cell
            row["cell"] = row["cells"].get("score", cell)
            if column.kind == "score":
                row["decimals"] = number.decimals
    found.rows = sorted(taken.values(), key=lambda row: (row["component"] != "overall", row["component"], row["province_code"]))
