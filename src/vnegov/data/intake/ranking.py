"""A published ranking in a sheet of cells: where its head is, what its columns hold, whose figure each cell is.

Publishers merge heads, put several (province, score) pairs side by side, each in its own order, and add titles,
totals, regions and footnotes. A column of names is one whose cells name provinces; the columns of numbers to its
right, up to the next one, are its own. What is left out is said, and every cell that does not fit is a fault.
"""

import datetime
import re
import tomllib
import unicodedata
from collections.abc import Collection
from functools import cache
from itertools import product
from math import isnan, nan
from pathlib import Path
from typing import Any

from vnegov.data import numerals, provinces
from vnegov.data.intake.cells import Grid
from vnegov.data.loaders import definitions
from vnegov.data.loaders.workbook import Faults, letter
from vnegov.data.provinces import key, words
from vnegov.errors import BadRawFile

YEAR = re.compile(r"\b(?:19|20)\d\d\b")
WORDS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
ANY = {name: re.compile(f"(?:{'|'.join(WORDS[name])})", re.I) for name in WORDS}
PLAIN = re.compile(rf"\b{ANY['plain'].pattern}\b")


class Terms:
    """The words of one index and edition: label as `key` writes it → component id, and the scales of scores."""

    def __init__(self, index: str, edition: int, asked: list[str]) -> None:
        tables = definitions.tidy(definitions.read())
        own = tables["components"][tables["components"]["index"] == index]
        title = tables["indices"].set_index("index").loc[index]
        labels = {title["name_vi"]: "overall", title["name_en"]: "overall"} | definitions.component_ids(index)
        labels |= dict(zip(own["name_en"], own["component"], strict=True)) | {c: c for c in own["component"]}
        self.index, self.edition, self.short = index, str(edition), index.split("_")[0]
        self.labels = {form(label): labels[label] for form in (self.core, key) for label in labels}
        self.labels.pop("", None)
        own = own[own["first_edition"].le(edition) & own["last_edition"].ge(edition)].dropna(subset=["scale_max"])
        self.scales = own.set_index("component")[["scale_min", "scale_max"]].T.to_dict("list")
        self.asked = {column.upper(): component for column, _, component in (text.partition("=") for text in asked)}
        if not set(self.asked.values()) <= set(self.labels.values()):
            there = ", ".join(sorted(set(self.labels.values())))
            raise BadRawFile(f"--component: read {', '.join(asked)}, expected COLUMN=ID, ID one of {there}")

    def core(self, head: str) -> str:
        """What is left of a head without its numbering, the index's name, and words that any head may hold."""
        left = [word for word in PLAIN.sub(" ", words(head)).split() if word != self.short]
        return key(re.sub(r"^(?:\d+ )+|(?: \d+)+$|^\d+$", "", " ".join(left)))

    def component(self, parts: list[str]) -> str:
        """The component that the lowest telling part of a head names ("overall" if all say but "score"), or ""."""
        years = next((years for part in reversed(parts) if (years := YEAR.findall(part))), [self.edition])
        if not parts or ANY["change"].search(words(parts[-1])) or self.edition not in years:
            return ""
        for part in reversed(parts):
            core = self.core(part)
            if known := self.labels.get(key(part)) or self.labels.get(core):
                return known
            if core:
                near = [label for label in self.labels if label in core and len(label) > max(5, 0.6 * len(core))]
                return self.labels.get(max(near, key=len, default=""), "")
        return "overall"


def is_rank(parts: list[str], cells: Collection[str] = ()) -> bool:
    """Whether a head says that its column holds ranks; if its lowest part does not, the cells must look it."""
    telling = next((part for part in reversed(parts) if ANY["score"].search(words(part))), "")
    sure = telling in parts[-1:] or all(re.fullmatch(r"\d{1,2}(?:/\d+)?", cell) for cell in cells)
    return bool(ANY["rank"].search(telling)) and not words(telling).startswith(("diem", "score")) and sure


def choose(
    file: str, sheets: dict[str, Grid], index: str, edition: int, geography: str | None = None,
    sheet: str | None = None, components: list[str] | None = None,
) -> "Found":  # fmt: skip
    """The ranking in the sheet asked for, or in the one that names the most provinces and no other year.

    `components` say what a column holds, as "C=overall". Without a `geography` it is the one in force in the
    edition, or "34" where exactly the 34 provinces are named. Raises `BadRawFile` where there is no ranking.
    """
    latest = datetime.datetime.now(datetime.UTC).year + 1
    if not 1990 <= edition <= latest:
        raise BadRawFile(f"--edition: read {edition}, expected a year from 1990 to {latest}")
    terms, year = Terms(index, edition, components or []), str(edition)
    names = [name for name in sheets if name == sheet or (not sheet and year in (YEAR.findall(name) or [year]))]
    geographies = [geography] if geography else dict.fromkeys([provinces.geography_of(edition), "34"])
    found = [Found(file, name, sheets[name], which, terms) for name in names for which in geographies]
    best = max(found, key=lambda at: (at.matched, year in at.sheet, at.matched == int(at.geography)), default=None)
    if best is None or not (best.printed or best.faults.found):
        there = best.left_out if best else [f"sheet {name!r}" for name in sheets]
        raise BadRawFile(
            f"{file}: no ranking of {index} {edition} was found; expected names of provinces in a column, and "
            f"numbers under a head in a column to its right; there are {', '.join(there) or 'none'} "
            f"(--sheet takes a sheet of any name, --component a column of any head)"
        )
    best.left_out += [f"sheet {name!r}" for name in sheets if name != best.sheet]
    return best


class Found:
    """The ranking in one sheet, empty if there is none. Rows and columns of cells count from 0.

    `rows`: (component, province code) → score, rank and cell; `printed`: (component, code, kind) → text and cell.
    """

    def __init__(self, file: str, sheet: str, grid: Grid, geography: str, terms: Terms) -> None:
        self.file, self.sheet, self.geography, self.terms = file, sheet, geography, terms
        self.rows: dict[tuple[str, str], dict[str, Any]] = {}
        self.printed: dict[tuple[str, str, str], tuple[str, str]] = {}
        self.columns: list[dict[str, str]] = []  # column, head, component, kind
        self.unmatched: list[dict[str, Any]] = []  # name, cell, suggestions
        self.left_out: list[str] = []
        self.faults = Faults()
        width = max(map(len, grid), default=0)
        self.texts = [[_text(cell) for cell in row] + [""] * (width - len(row)) for row in grid]
        self.codes: dict[int, dict[int, str]] = {}  # column of names → row → province code
        for c in range(width):
            named = {r: code for r, row in enumerate(self.texts) if (code := _province(row[c], geography))}
            if len(set(named.values())) > 1:
                self.codes[c] = named
        self.head = [r + 1 for r in self._head_rows()] if self.codes else []
        self.heads = self._heads([self.texts[r - 1] for r in self.head] or [[""] * width])
        self.taken: dict[tuple[int, str, str], int] = {}  # column of names, component, kind → column
        first = min(self.codes, default=0)
        before = int(first > 0 and is_rank(self.heads[first - 1]))  # ranks before names
        for c in range(width):
            names = max((names for names in self.codes if names <= c + before), default=c)
            if c != names:
                self._read(names, c)
        self._leave_out()

    @property
    def matched(self) -> int:
        """How many provinces have a figure."""
        return len({code for _, code in self.rows})

    def record(self) -> dict[str, Any]:
        """Everything, for scripts; `rows` has one record a province and component."""
        told = {name: getattr(self, name) for name in ("file", "sheet", "geography", "head", "columns", "matched")}
        told |= {"unmatched": self.unmatched, "left_out": self.left_out, "faults": self.faults.found}
        return told | {"rows": list(self.rows.values())}

    def __str__(self) -> str:
        lines = [f"{self.file}, sheet {self.sheet!r}, head in row {', '.join(map(str, self.head)) or '–'}"]
        lines += ["column {column:3} {kind} of {component}: {head!r}".format(**at) for at in self.columns]
        lines.append(f"matched {self.matched} of {self.geography} provinces, {len(self.printed)} figures")
        lines += [f"left out: {what}" for what in self.left_out]
        for gap in self.unmatched:
            lines.append(f"NOT MATCHED: {gap['cell']} {gap['name']!r}, nearest {', '.join(gap['suggestions'])}")
        return "\n".join(lines)

    def _fault(self, cell: str, read: str | None, expected: str) -> None:
        self.faults.add(self.file, self.sheet, cell, read, expected)

    def _head_rows(self) -> list[int]:
        """Up to three rows above the first province: over totals and regions, below the title."""
        rows: list[int] = []
        first = min(r for named in self.codes.values() for r in named)
        for r in range(first - 1, max(-1, first - 12), -1):
            row, filled = self.texts[r], set(filter(None, self.texts[r]))
            name = min((c for c in self.codes if _name(row[c])), default=len(row))
            figures = [text for text in row[name + 1 :] if _is_number(text)]
            if not all(YEAR.fullmatch(text) or key(text) in self.terms.labels for text in figures):
                continue  # a total, or a province that is not recognised
            if len(filled) > 1 and not all(re.fullmatch(r"\(?[A-Z0-9]{1,2}\)?", text) for text in filled):
                rows.insert(0, r)
            if (rows and len(filled) == 1) or len(rows) == 3:
                break
        return rows

    def _heads(self, rows: list[list[str]]) -> list[list[str]]:
        """The head cells over each column, top to bottom; empty where they say no more than "province".

        A merged head stands in its first cell and reaches to the right, as far as there are heads below it and
        none begins above it.
        """
        heads, parts = [], [""] * len(rows)
        for column in zip(*rows, strict=True):
            reached = [any(column[i + 1 :]) and not any(column[: i + 1]) for i in range(len(column))]
            parts = [left if reaches else text for left, reaches, text in zip(parts, reached, column, strict=True)]
            telling = any(self.terms.core(part) or ANY["score"].search(words(part)) for part in parts)
            heads.append(list(dict.fromkeys(filter(None, parts))) if telling else [])
        return heads

    def _read(self, names: int, c: int) -> None:
        """Take the figures in a column of numbers that belongs to a column of names, or say why it holds none."""
        terms, at = self.terms, letter(c + 1)
        cells = {r: self.texts[r][c] for r in self.codes[names] if not ANY["missing"].fullmatch(self.texts[r][c])}
        if not sum(map(_is_number, cells.values())) * 2 >= len(cells) > 0:
            return
        parts = self.heads[c] or self.heads[names]
        head, kind = " / ".join(parts), "rank" if is_rank(parts, cells.values()) else "score"
        component = terms.asked.get(at) or terms.component(parts)
        if not component or (at not in terms.asked and component in terms.asked.values()):
            self.left_out.append(f"column {at} {head!r}, no component of {terms.index} {terms.edition}")
        elif (twin := self.taken.setdefault((names, component, kind), c)) != c:
            told = f"one {kind} of {component}, but column {letter(twin + 1)} reads as one too"
            where = f"{at}{max(self.head, default=1)}"
            self._fault(where, head, f"{told}; say which, as --component {at}={component}")
        else:
            self.columns.append({"column": at, "head": head, "component": component, "kind": kind})
            for r, text in cells.items():
                self._take(component, self.codes[names][r], kind, f"{at}{r + 1}", text)

    def _take(self, component: str, code: str, kind: str, cell: str, text: str) -> None:
        low, high = self.terms.scales.get(component, (0, 1000)) if kind == "score" else (1, 64)
        value, printed = _figure(kind, text)
        if not low <= value <= high:
            self._fault(cell, text, f"a {kind} from {low:g} to {high:g}")
            return
        blank = {"province_code": code, "component": component, "score": None, "rank": None, "cell": cell}
        row = self.rows.setdefault((component, code), blank)
        _, there = self.printed.setdefault((component, code, kind), (printed, cell))
        if there == cell:
            row |= {kind: value, "cell": cell if kind == "score" else row["cell"]}
        elif row[kind] != value:
            told = f"{row[kind]:g} in {there} for {provinces.names(self.geography)[code]['name_vi']}"
            self._fault(cell, text, f"one {kind} of {component} a province, but there is {told}")

    def _leave_out(self) -> None:
        """Note the rows that have figures and no province (totals, regions, unknown names), and columns not found."""
        below = list(enumerate(self.texts))[max(self.head, default=0) :]
        for names, (r, row) in product(self.codes, below):
            name, cell = row[names], f"{letter(names + 1)}{r + 1}"
            filled = any(_is_number(row[c]) for (whose, *_), c in self.taken.items() if whose == names)
            if not filled or r in self.codes[names] or not _name(name):
                continue
            if ANY["total"].match(key(_name(name))):
                self.left_out.append(f"cell {cell} {name!r}, a total or region")
            else:
                near = provinces.nearest(name, self.geography)
                self.unmatched.append({"name": name, "cell": cell, "suggestions": near})
        missing = set(self.terms.asked) - {column["column"] for column in self.columns}
        for at in sorted(missing) if self.codes else ():
            self._fault(f"{at}1", None, f"a column of numbers for --component {at}={self.terms.asked[at]}")


def _text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return "" if cell is None else " ".join(unicodedata.normalize("NFC", str(cell)).split())


def _name(text: str) -> str:
    """A name without its number and footnote marks, "1. Hà Nội (2)*"; nothing for what has no letters."""
    bare = re.sub(r"^\(?(?:\d+|[IVX]+)[.):]\s*|\s*(?:\(\d+\)|\*+)*$", "", text)
    return bare if any(map(str.isalpha, bare)) else ""


@cache
def _province(text: str, geography: str) -> str | None:
    return provinces.find(name, geography) if len(text) < 60 and (name := _name(text)) else None


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
