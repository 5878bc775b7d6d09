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

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300, pattern=r"^[^\x00-\x1f\x7f]+$")]


class Publication(BaseModel):
    """What must be known of a publication before a figure of it is taken."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Line
    publisher: Line
    url: Annotated[str, StringConstraints(max_length=1000, pattern=r"^(https?://[^\s]+)?$")] = ""
    published: Annotated[str, StringConstraints(pattern=r"^(\d{4}(-\d\d){0,2})?$")] = ""
    trust: Literal["official", "dataset", "press", "seed"] = "dataset"
    licence: Line = "not stated"


def publication(**given: str | None) -> Publication:
    """A publication from what was given; raises one `BadRawFile` that lists every field to mend."""
    try:
        return Publication.model_validate({name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        faults = [f"--{fault['loc'][0]}: read {fault.get('input')!r}, {fault['msg']}" for fault in error.errors()]
        faults = [re.sub(r"read \{.*\}, Field required", "missing", fault) for fault in faults]
        raise BadRawFile("the source is not told well enough:\n" + "\n".join(faults)) from None


def add_ranking(path: Path, found: Found, index: str, edition: int, about: Publication) -> list[Path]:
    """Keep a publisher's file as data/raw/<index>/imported/…, and its rows where the loader of the index reads them.

    Only columns of known components are taken; names that were not matched are named in the sidecar.
    """
    found.faults.done()
    rows = [row for row in found.rows if row["component"] in definitions.component_ids(index).values()]
    if not rows:
        raise BadRawFile(f"{path}: no column is of a component of {index}; say which is, as --component C=overall")
    suffix = "_34" if found.geography == "34" else ""
    stem = f"{index}_{edition}{suffix}_{slug(path.stem)}"
    kept = paths.RAW / index / "imported" / f"{stem}{path.suffix.lower()}"
    source_id, files = _registered([about])
    content = path.read_bytes()
    read = f"rows read from imported/{kept.name}, sheet {found.sheet!r}"
    if left := [f"{gap['name']} ({gap['cell']})" for gap in found.unmatched]:
        read += f"; not recognised and left out: {', '.join(left)}"
    note = sorted({column.head for column in found.columns if not column.known})
    read += f"; columns left out: {', '.join(note)}" if note else ""
    table = _ranking_rows(rows, index, found.geography)
    head = [[about.title], [f"{found.geography} tỉnh, thành phố"]]
    sheet = f"{edition} (34 tỉnh)" if suffix else str(edition)
    files |= with_sidecar(kept, content, about, source_id[0], "as published")
    files |= with_sidecar(kept.parents[1] / f"{stem}.xlsx", text_workbook(sheet, head + table), about, source_id[0], read)
    loader = rankings.Ranking(index)
    place(files, lambda: loader.tidy(loader.read()))
    return list(files)


def _ranking_rows(rows: list[dict[str, Any]], index: str, geography: str) -> list[list[Any]]:
    """Head and rows in the layout that `loaders.rankings` reads; each row notes the cells that it comes from."""
    labels = {component: label for label, component in reversed(definitions.component_ids(index).items())}
    columns: dict[tuple[str, str], str] = {}
    for row in rows:
        label = labels[row["component"]]
        rank = rankings.OVERALL_RANK if label == rankings.OVERALL else label + rankings.RANK_SUFFIX
        columns |= {(row["component"], kind): {"score": label, "rank": rank}[kind] for kind in row["cells"]}
    table: list[list[Any]] = [["TT", rankings.NAME, *columns.values(), rankings.NOTE]]
    figures = {(row["province_code"], row["component"]): row for row in rows}
    for i, code in enumerate(sorted({row["province_code"] for row in rows}), 1):
        line, cells = [i, provinces.names(geography)[code]["name_vi"]], []
        for component, kind in columns:
            row = figures.get((code, component), {"cells": {}})
            if kind in row["cells"]:
                cells.append(row["cells"][kind])
                line.append(f"{row[kind]:.{row['decimals']}f}".replace(".", ",") if kind == "score" else str(row[kind]))
            else:
                line.append(None)
        table.append([*line, f"từ ô {', '.join(cells)}"])
    return table


def slug(text: str) -> str:
    """A text as a file name: "PCI 2013 (final)" → "pci-2013-final"; never a path."""
    return provinces.words(text).replace(" ", "-")[:60].strip("-") or "file"


def text_workbook(sheet: str, rows: list[list[Any]]) -> bytes:
    """A workbook of one sheet whose texts are texts, also those that begin like a formula."""
    book = Workbook(write_only=True)
    page = book.create_sheet(sheet)
    for row in rows:
        cells = []
        for value in row:
            if isinstance(value, str):
                cell = WriteOnlyCell(page, ILLEGAL_CHARACTERS_RE.sub("", value))
                cell.data_type, cell.quotePrefix = "s", value[:1] in tuple("=+-@")
                cells.append(cell)
            else:
                cells.append(value)
        page.append(cells)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def with_sidecar(path: Path, content: bytes, about: Publication, source_id: str | None, note: str) -> dict[Path, bytes]:
    """A raw file and its sidecar: path → bytes. Raises `BadRawFile` where the file is there already."""
    if path.exists():
        raise BadRawFile(f"{paths.relative(path)} is there already; delete it and its sidecar to take it anew")
    told = {**about.model_dump(), "accessed": _today(), "source_id": source_id}
    sidecar = sources.Sidecar(**told, sha256=hashlib.sha256(content).hexdigest(), note=note).model_dump()
    text = yaml.safe_dump(sidecar, allow_unicode=True, sort_keys=False, width=1000)
    return {path: content, path.with_name(path.name + sources.SUFFIX): text.encode()}


def _registered(abouts: list[Publication]) -> tuple[list[str], dict[Path, bytes]]:
    """The source id of each publication, and the register with those that are new."""
    path = paths.RAW / "sources" / "sources.csv"
    register, lines, ids = dict(sources.register()), io.StringIO(), []
    writer = csv.DictWriter(lines, list(next(iter(register.values()))), lineterminator="\n")
    for about in abouts:
        same = [k for k, r in register.items() if (r["title"], r["url"]) == (_cell(about.title), about.url)]
        if not same:
            number = max(int(found[1]) for k in register if (found := re.match(r"s(\d+)-", k))) + 1
            host = (urlsplit(about.url).hostname or about.publisher).removeprefix("www.")
            same = [f"s{number:03d}-{slug(host)[:40]}"]
            row = {name: _cell(value) for name, value in about.model_dump().items()}
            register[same[0]] = row | {"source_id": same[0], "accessed": _today()}
            writer.writerow(register[same[0]])
        ids += same
    if not lines.getvalue():
        return ids, {}
    content = path.read_bytes() + lines.getvalue().encode()
    sidecar = path.with_name(path.name + sources.SUFFIX)
    signed = re.sub(r"(?m)^sha256: \w+", f"sha256: {hashlib.sha256(content).hexdigest()}", sidecar.read_text("utf-8"))
    return ids, {path: content, sidecar: signed.encode()}


def _cell(text: str) -> str:
    """A text for a CSV file: where a spreadsheet would take it for a formula, an apostrophe stands before it."""
    return f"'{text}" if text[:1] in tuple("=+-@") else text


def _today() -> str:
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def place(files: dict[Path, bytes], check: Callable[[], object] = lambda: None) -> None:
    """Write files beside their places, rename them, and check all raw files; undo everything if anything fails."""
    if outside := [path for path in files if not path.resolve().is_relative_to(paths.RAW.resolve())]:
        raise BadRawFile(f"{outside[0]} is not below {paths.RAW}")
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
        for path, content in before.items():
            partial[path].unlink(missing_ok=True)
            if content is None:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(content)
        for folder in new:
            if folder.exists():
                folder.rmdir()
        _forget()
        raise


def _forget() -> None:
    sources.register.cache_clear()
    workbook.sheets.cache_clear()
