"""A published ranking in a sheet of cells: where its head is, what its columns hold, whose figure each cell is.

Publishers merge heads, put several (province, score) pairs side by side, each in its own order, and add titles,
totals, regions and footnotes. A column of names is one whose cells name provinces; the columns of numbers to its
right, up to the next one, are its own. What is left out is said, and every cell that does not fit is a fault.
"""

import datetime
import re
import unicodedata
from dataclasses import dataclass, field
from functools import cache
from math import isnan, nan
from typing import Any

from vnegov.data import numerals, provinces
from vnegov.data.intake.cells import Grid
from vnegov.data.loaders import definitions
from vnegov.data.loaders.workbook import Faults, letter
from vnegov.data.provinces import key, words
from vnegov.errors import BadRawFile

YEAR = re.compile(r"\b(?:19|20)\d\d\b")
RANK = re.compile(r"hạng|thứ bậc|vị thứ|vị trí|xep hang|thu hang|thu bac|vi thu|^hang$|\brank", re.I)
SCORE = re.compile(r"diem|score|point|index|chi so|rank|hang|pci|papi|dti|sipas|total|tong|value")
CHANGE = re.compile(r"thay doi|tang giam|chenh lech|so voi|change|difference|trend")
# What may stand in a head beside its component.
PLAIN = re.compile(
    r"\b(?:(?:19|20)\d\d|diem so|chi so|tong|diem|scores?|points?|(?:sub )?index|overall|composite|total|"
    r"weighted|chung|thanh phan|cstp|nam|ket qua|bang|xep hang|thu hang|thu bac|vi thu|vi tri|hang$|"
    r"rank(?:ing)?s?|value|gia tri|vietnam|tinh|thanh pho|tp|dia phuong|"
    r"provinces?|cit(?:y|ies)|name|ten|don vi|va|and|of)\b"
)
TOTAL = re.compile(
    r"canuoc|toanquoc|trungbinh|trungvi|binhquan|tong|total|average|mean|median|national|country|vietnam|"
    r"minimum|maximum|caonhat|thapnhat|lonnhat|nhonhat|dolechchuan|standard|std|vung|region|khuvuc|mien|"
    r"trongso|weight|heso|diemtoida|trungdu|dongbang|bactrungbo|namtrungbo|duyenhai|taynguyen|dongnambo|"
    r"taynambo|taybac|dongbac|redriver|north|south|central|mekong|nguon|source|ghichu|note"
)
MISSING = {"", "-", "–", "—", "...", "…", "n/a", "na", "#n/a", "x"}


@dataclass
class Found:
    """What a sheet holds: (component, province code, "score" or "rank") → (value, text, cell) as `figures`."""

    file: str
    sheet: str
    geography: str
    head: list[int] = field(default_factory=list)
    columns: list[dict[str, str]] = field(default_factory=list)  # column, head, component, kind
    figures: dict[tuple[str, str, str], tuple[float, str, str]] = field(default_factory=dict)
    unmatched: list[dict[str, Any]] = field(default_factory=list)  # name, cell, suggestions
    left_out: list[str] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)

    def record(self) -> dict[str, Any]:
        """Everything, for scripts; `rows` has one record a province and component."""
        rows: dict[tuple[str, str], dict[str, Any]] = {}
        for (component, code, kind), (value, _, cell) in self.figures.items():
            blank = {"province_code": code, "component": component, "score": None, "rank": None, "cell": cell}
            row = rows.setdefault((component, code), blank)
            row |= {kind: value, "cell": cell if kind == "score" else row["cell"]}
        told = {name: value for name, value in vars(self).items() if name != "figures"}
        return told | {"matched": self.matched, "rows": list(rows.values()), "faults": self.faults.found}

    @property
    def matched(self) -> int:
        """How many provinces have a figure."""
        return len({code for _, code, _ in self.figures})

    def fault(self, cell: str, read: str | None, expected: str) -> None:
        """Note a cell that does not fit."""
        self.faults.add(self.file, self.sheet, cell, read, expected)

    def __str__(self) -> str:
        lines = [f"{self.file}, sheet {self.sheet!r}, head in row {', '.join(map(str, self.head)) or '–'}"]
        lines += ["column {column:3} {kind} of {component}: {head!r}".format(**at) for at in self.columns]
        lines.append(f"matched {self.matched} of {self.geography} provinces, {len(self.figures)} figures")
        lines += [f"left out: {what}" for what in self.left_out]
        for gap in self.unmatched:
            nearest = ", ".join(gap["suggestions"])
            lines.append(f"NOT MATCHED: {gap['cell']} {gap['name']!r}, nearest {nearest}")
        return "\n".join(lines)


class Terms:
    """The words of one index and edition: label as `key` writes it → component id, and the scales of scores."""

    def __init__(self, index: str, edition: int, asked: list[str]) -> None:
        tables = definitions.tidy(definitions.read())
        own = tables["components"][tables["components"]["index"] == index]
        title = tables["indices"].set_index("index").loc[index]
        labels = {title["name_vi"]: "overall", title["name_en"]: "overall"} | definitions.component_ids(index)
        labels |= dict(zip(own["name_en"], own["component"], strict=True)) | {c: c for c in own["component"]}
        self.index, self.edition, self.short = index, edition, index.split("_")[0]
        self.labels = {key(self.core(label)): component for label, component in labels.items()}
        self.labels |= {key(label): component for label, component in labels.items()}
        self.labels.pop("", None)
        own = own[own["first_edition"].le(edition) & own["last_edition"].ge(edition) & own["scale_max"].notna()]
        ends = zip(own["scale_min"], own["scale_max"], strict=True)
        self.scales = dict(zip(own["component"], ends, strict=True))
        self.asked = {column.upper(): c for column, _, c in (text.partition("=") for text in asked)}
        if wrong := [text for text in asked if text.partition("=")[2] not in self.labels.values()]:
            there = ", ".join(sorted(set(self.labels.values())))
            raise BadRawFile(f"--component: read {', '.join(wrong)}, expected COLUMN=ID, ID one of {there}")

    def core(self, head: str) -> str:
        """What is left of a head without its numbering, the index's name, and words that any head may hold."""
        left = [word for word in PLAIN.sub(" ", words(head)).split() if word != self.short]
        return re.sub(r"^(?:\d+ )+|(?: \d+)+$|^\d+$", "", " ".join(left))

    def component(self, parts: list[str]) -> str:
        """The component that the lowest telling part of a head names ("overall" if all say but "score"), or ""."""
        years = next((years for part in reversed(parts) if (years := YEAR.findall(part))), [])
        if not parts or CHANGE.search(words(parts[-1])) or (years and str(self.edition) not in years):
            return ""
        for part in reversed(parts):
            core = key(self.core(part))
            if known := self.labels.get(key(part)) or self.labels.get(core):
                return known
            if core:
                least = max(5, 0.6 * len(core))
                near = [label for label in self.labels if label in core and len(label) > least]
                return self.labels[max(near, key=len)] if near else ""
        return "overall"


def choose(
    file: str, sheets: dict[str, Grid], index: str, edition: int, geography: str | None = None,
    sheet: str | None = None, components: list[str] | None = None,
) -> Found:  # fmt: skip
    """The ranking in the sheet asked for, or in the one that names the most provinces and no other year.

    `components` say what a column holds, as "C=overall". Without a `geography` it is the one in force in the
    edition, or "34" where exactly the 34 provinces are named. Raises `BadRawFile` where there is no ranking.
    """
    latest = datetime.datetime.now(datetime.UTC).year + 1
    if not 1990 <= edition <= latest:
        raise BadRawFile(f"--edition: read {edition}, expected a year from 1990 to {latest}")
    terms, given = Terms(index, edition, components or []), geography or provinces.geography_of(edition)
    of_edition = [name for name in sheets if str(edition) in (YEAR.findall(name) or [str(edition)])]
    ranked = []
    for name in of_edition if sheet is None else [name for name in sheets if name == sheet]:
        found = recognise(file, name, sheets[name], given, terms)
        if geography is None and given == "63" and found.matched == 34:
            newer = recognise(file, name, sheets[name], "34", terms)
            found = newer if newer.matched == 34 else found
        ranked.append((found.matched, str(edition) in name, found))
    best = max(ranked, key=lambda merit: merit[:2], default=(0, False, None))[-1]
    if best is None or not (best.figures or best.faults.found):
        there = [f"sheet {name!r}" for name in sheets] if best is None else best.left_out
        raise BadRawFile(
            f"{file}: no ranking of {index} {edition} was found; expected names of provinces in a column, and "
            f"numbers under a head in a column to its right; there are {', '.join(there) or 'none'} "
            f"(--sheet takes a sheet of any name, --component a column of any head)"
        )
    best.left_out += [f"sheet {name!r}" for name in sheets if name != best.sheet]
    return best


def recognise(file: str, sheet: str, grid: Grid, geography: str, terms: Terms) -> Found:
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
    rows = _head_rows(texts, min(min(codes[n]) for n in names), names)
    found.head = [r + 1 for r in rows]
    before = int(names[0] > 0 and _is_rank(_parts(texts, rows, names[0] - 1, terms)))  # ranks before names
    for n, end in zip(names, [*names[1:], width + before], strict=True):
        own: dict[tuple[str, str], int] = {}  # component, kind → column
        for c in (c for c in range(n - before, end - before) if c != n):
            cells = {r: texts[r][c] for r in codes[n] if texts[r][c].lower() not in MISSING}
            if not sum(map(_is_number, cells.values())) * 2 >= len(cells) > 0:
                continue
            at, parts = letter(c + 1), _parts(texts, rows, c, terms) or _parts(texts, rows, n, terms)
            head, kind = " / ".join(parts), "rank" if _is_rank(parts, list(cells.values())) else "score"
            component = terms.asked.get(at) or terms.component(parts)
            if not component or (at not in terms.asked and component in terms.asked.values()):
                found.left_out.append(f"column {at} {head!r}, no component of {terms.index} {terms.edition}")
            elif twin := own.get((component, kind)):
                told = f"one {kind} of {component}, but column {letter(twin + 1)} reads as one too"
                what = f"{told}; say which, as --component {at}={component}"
                found.fault(f"{at}{max(found.head, default=1)}", head, what)
            else:
                own[component, kind] = c
                found.columns.append({"column": at, "head": head, "component": component, "kind": kind})
                low, high = terms.scales.get(component, (0, 1000)) if kind == "score" else (1, 64)
                for r, text in cells.items():
                    (value, printed), cell, code = _figure(kind, text), f"{at}{r + 1}", codes[n][r]
                    if not low <= value <= high:
                        found.fault(cell, text, f"a {kind} from {low:g} to {high:g}")
                        continue
                    old, _, there = found.figures.setdefault((component, code, kind), (value, printed, cell))
                    if old != value:
                        name = provinces.names(geography)[code]["name_vi"]
                        told = f"but there is {old:g} in {there} for {name}"
                        found.fault(cell, text, f"one {kind} of {component} a province, {told}")
        for r in range(rows[-1] + 1 if rows else 0, len(texts)):
            name, cell = texts[r][n], f"{letter(n + 1)}{r + 1}"
            if r in codes[n] or not _has_letters(name) or not any(_is_number(texts[r][c]) for c in own.values()):
                continue
            if TOTAL.match(key(_bare(name))):
                found.left_out.append(f"cell {cell} {name!r}, a total or region")
            else:
                near = provinces.nearest(name, geography)
                found.unmatched.append({"name": name, "cell": cell, "suggestions": near})
    for at in sorted(set(terms.asked) - {column["column"] for column in found.columns}):
        found.fault(f"{at}1", None, f"a column of numbers for --component {at}={terms.asked[at]}")
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


def _figure(kind: str, text: str) -> tuple[float, str]:
    """A rank or an exact score (NaN for anything else), and its text as the loaders read it.

    No index reaches a thousand: a point in a score is a decimal sign, also before three digits.
    """
    printed = text.replace(".", ",") if re.fullmatch(r"\d+\.\d+", text) else text
    try:
        number = numerals.Numeral(numerals.rank(text), 0) if kind == "rank" else numerals.parse(printed)
    except numerals.NotANumber:
        return nan, text
    return (number.value if number.qualifier == "exact" else nan), printed


def _is_number(text: str) -> bool:
    return not all(isnan(_figure(kind, text)[0]) for kind in ("score", "rank"))


def _head_rows(texts: list[list[str]], first: int, names: list[int]) -> list[int]:
    """Up to three rows above the first province: over totals and regions, below the title."""
    rows: list[int] = []
    for r in range(first - 1, max(-1, first - 12), -1):
        cells = {text for text in texts[r] if text}
        figures = [text for n in names if _has_letters(texts[r][n]) for text in texts[r][n + 1 :]]
        if any(_is_number(figure) and not YEAR.fullmatch(figure) for figure in figures):
            continue  # a total, or a province that is not recognised
        if len(cells) > 1 and not all(re.fullmatch(r"\(?[A-Z0-9]{1,2}\)?", text) for text in cells):
            rows.insert(0, r)
        if (rows and len(cells) == 1) or len(rows) == 3:
            break
    return rows


def _parts(texts: list[list[str]], rows: list[int], c: int, terms: Terms) -> list[str]:
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
    return list(parts) if any(terms.core(part) or SCORE.search(words(part)) for part in parts) else []


def _is_rank(parts: list[str], cells: list[str] | None = None) -> bool:
    """Whether a head says that its column holds ranks, or a part above it does and the cells are small integers."""
    if not parts:
        return False
    last = words(parts[-1])
    if cells and not SCORE.search(last) and all(re.fullmatch(r"\d{1,2}(?:/\d+)?", cell) for cell in cells):
        return any(map(RANK.search, parts))
    return bool(RANK.search(parts[-1])) and not last.startswith(("diem", "score"))
