"""New raw files with their sidecars: all of them are written, and read well, or data/raw stays as it was."""

import csv
import datetime
import hashlib
import io
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import yaml
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from vnegov import paths
from vnegov.data import provinces, sources
from vnegov.data.intake.recognise import Found
from vnegov.data.loaders import definitions, rankings, workbook
from vnegov.errors import BadRawFile

LINE = StringConstraints(strip_whitespace=True, min_length=1, max_length=300, pattern=r"^[^\x00-\x1f\x7f]+$")


class Publication(BaseModel):
    """What must be known of a publication before a figure of it is taken."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Annotated[str, LINE]
    publisher: Annotated[str, LINE]
    url: Annotated[str, StringConstraints(max_length=1000, pattern=r"^(https?://\S+)?$")] = ""
    published: Annotated[str, StringConstraints(pattern=r"^(\d{4}(-\d\d){0,2})?$")] = ""
    trust: Literal["official", "dataset", "press", "seed"] = "dataset"
    licence: Annotated[str, LINE] = "not stated"


def publication(**given: str | None) -> Publication:
    """A publication from what was given; raises one `BadRawFile` that lists every field to mend."""
    try:
        return Publication.model_validate({name: text for name, text in given.items() if text is not None})
    except ValidationError as error:
        faults = [
            f"--{fault['loc'][0]}: {'' if fault['type'] == 'missing' else repr(fault['input']) + ': '}{fault['msg']}"
            for fault in error.errors()
        ]
        raise BadRawFile("\n".join(["the source is not told well:", *faults])) from None


def add_ranking(path: Path, found: Found, index: str, edition: int, about: Publication) -> list[Path]:
    """Keep a publisher's file in data/raw/<index>/imported, and its rows where the loader of the index reads them.

    Columns of known components are taken; what is left out stands in the sidecar. Returns what was written.
    """
    found.faults.done()
    known = {column.component for column in found.columns if column.known}
    rows = [row for row in found.rows if row["component"] in known]
    if not rows:
        raise BadRawFile(
            f"{path}: no column is of a component of {index}; say which, as --component C=overall"
        )
    suffix = " (34 tỉnh)" if found.geography == "34" else ""
    stem = slug(f"{index} {edition}{suffix} {path.stem}")
    kept = paths.RAW / index / "imported" / f"{stem}{path.suffix.lower()}"
    (source_id,), files = registered([about])
    gaps = [f"{gap['name']} ({gap['cell']})" for gap in found.unmatched]
    gaps += [f"column {column.column} {column.head}" for column in found.columns if not column.known]
    note = f"rows read from imported/{kept.name}, sheet {found.sheet!r}; left out: {', '.join(gaps) or 'nothing'}"
    lines = [[about.title], [f"{found.geography} tỉnh, thành phố"], *_lines(rows, index, found.geography)]
    files |= with_sidecar(kept, path.read_bytes(), about, source_id, "as published")
    table = text_workbook(f"{edition}{suffix}", lines)
    files |= with_sidecar(kept.parents[1] / f"{stem}.xlsx", table, about, source_id, note)
    loader = rankings.Ranking(index)
    place(files, lambda: loader.tidy(loader.read()))
    return list(files)


def _lines(rows: list[dict[str, Any]], index: str, geography: str) -> list[list[Any]]:
    """Head and rows as `loaders.rankings` reads them: figures as text, and the cells that they come from."""
    labels = {component: label for label, component in reversed(definitions.component_ids(index).items())}
    columns: dict[tuple[str, str], str] = {}
    for kind, row in ((kind, row) for row in rows for kind in ("score", "rank") if row[kind] is not None):
        overall = row["component"] == "overall"
        rank = rankings.OVERALL_RANK if overall else labels[row["component"]] + rankings.RANK_SUFFIX
        columns[row["component"], kind] = rank if kind == "rank" else labels[row["component"]]
    lines: list[list[Any]] = [["TT", rankings.NAME, *columns.values(), rankings.NOTE]]
    figures = {
        (row["province_code"], row["component"], kind): row for row in rows for kind in ("score", "rank")
    }
    for code in sorted({row["province_code"] for row in rows}):
        printed: list[str | None] = []
        cells = []
        for component, kind in columns:
            row = figures.get((code, component, kind), {})
            if row.get(kind) is None:
                printed.append(None)
                continue
            printed.append(f"{row[kind]:.{row[f'{kind}_decimals']}f}".replace(".", ","))
            cells.append(row[f"{kind}_cell"])
        lines.append(
            [
                len(lines),
                provinces.names(geography)[code]["name_vi"],
                *printed,
                f"cells {', '.join(cells)} as published",
            ]
        )
    return lines


def slug(text: str) -> str:
    """A text as a file name: "PCI 2013 (final)" → "pci-2013-final"; never a path."""
    return provinces.words(text).replace(" ", "-")[:80].strip("-") or "file"


def text_workbook(sheet: str, rows: list[list[Any]]) -> bytes:
    """A workbook of one sheet whose texts are texts, also those that begin like a formula."""
    book, buffer = Workbook(write_only=True), io.BytesIO()
    page = book.create_sheet(sheet)

    def cell(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        text = WriteOnlyCell(page, ILLEGAL_CHARACTERS_RE.sub("", value))
        text.data_type, text.quotePrefix = "s", value.startswith(sources.FORMULA)
        return text

    for row in rows:
        page.append([cell(value) for value in row])
    book.save(buffer)
    return buffer.getvalue()


def with_sidecar(
    path: Path, content: bytes, about: Publication, source_id: str | None, note: str
) -> dict[Path, bytes]:
    """A raw file and its sidecar: path → bytes. Raises `BadRawFile` where the file is there already."""
    if path.exists():
        raise BadRawFile(
            f"{paths.relative(path)} is there already; delete it and its sidecar to take it anew"
        )
    sidecar = sources.Sidecar(
        **about.model_dump(), accessed=_today(), source_id=source_id, note=note,
        sha256=hashlib.sha256(content).hexdigest(),
    )  # fmt: skip
    text = yaml.safe_dump(sidecar.model_dump(), allow_unicode=True, sort_keys=False)
    return {path: content, path.with_name(path.name + sources.SUFFIX): text.encode()}


def registered(abouts: list[Publication]) -> tuple[list[str], dict[Path, bytes]]:
    """The source id of each publication; and the register with its sidecar, where some are new."""
    path = paths.RAW / "sources" / "sources.csv"
    register, lines, ids = dict(sources.register()), io.StringIO(), []
    writer = csv.DictWriter(lines, list(next(iter(register.values()))), lineterminator="\n")
    for about in abouts:
        row = {name: sources.as_text(text) or "" for name, text in about.model_dump().items()}
        known = [k for k, old in register.items() if (old["title"], old["url"]) == (row["title"], row["url"])]
        if not known:
            last = max(int(found[1]) for k in register if (found := re.match(r"s(\d+)-", k)))
            host = (urlsplit(about.url).hostname or about.publisher).removeprefix("www.")
            known = [f"s{last + 1:03d}-{slug(host)[:40]}"]
            register[known[0]] = row | {"source_id": known[0], "accessed": _today()}
            writer.writerow(register[known[0]])
        ids.append(known[0])
    if not lines.getvalue():
        return ids, {}
    content, sidecar = (
        path.read_bytes() + lines.getvalue().encode(),
        path.with_name(path.name + sources.SUFFIX),
    )
    sha256 = f"sha256: {hashlib.sha256(content).hexdigest()}"
    signed = re.sub(r"(?m)^sha256: \w+", sha256, sidecar.read_text(encoding="utf-8"))
    return ids, {path: content, sidecar: signed.encode()}


def _today() -> str:
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def place(files: dict[Path, bytes], check: Callable[[], object] = lambda: None) -> None:
    """Write files beside their places, rename them, check all raw files; undo everything if anything fails."""
    for path in files:
        if not path.resolve().is_relative_to(paths.RAW.resolve()):
            raise BadRawFile(f"{path} is not below {paths.RAW}")
    before = {path: path.read_bytes() if path.exists() else None for path in files}
    new = [folder for folder in {path.parent for path in files} if not folder.exists()]
    partial = {path: path.with_name(f".{path.name}.{os.getpid()}.partial") for path in files}
    try:
        for path, content in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            partial[path].write_bytes(content)
        for path in files:
            partial[path].replace(path)
        _forget()
        sources.verify()
        check()
    except BaseException:
        for path, old in before.items():
            partial[path].unlink(missing_ok=True)
            if old is None:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(old)
        for folder in filter(Path.exists, new):
            folder.rmdir()
        _forget()
        raise


def _forget() -> None:
    sources.register.cache_clear()
    workbook.sheets.cache_clear()
