"""New raw files with their sidecars: all of them are written, and read well, or data/raw stays as it was."""

import csv
import datetime
import hashlib
import io
import re
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import pandas as pd
import yaml
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from vnegov import paths
from vnegov.data import provinces, sources
from vnegov.data.intake.ranking import Found
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
        faults = [f"--{f['loc'][0]}: {f['msg']}, read {given.get(str(f['loc'][0]))!r}" for f in error.errors()]
        raise BadRawFile("\n".join(["the source is not told well:", *faults])) from None


def add_ranking(path: Path, found: Found, index: str, edition: int, about: Publication) -> list[Path]:
    """Keep a publisher's file in data/raw/<index>/imported, and its rows where the loader of the index reads them.

    What is left out stands in the sidecar. Returns what was written.
    """
    found.faults.done()
    suffix = " (34 tỉnh)" if found.geography == "34" else ""
    stem = slug(f"{index} {edition}{suffix} {path.stem}")
    kept = paths.RAW / index / "imported" / f"{stem}{path.suffix.lower()}"
    gaps = [f"{gap['name']} ({gap['cell']})" for gap in found.unmatched] + found.left_out
    note = f"rows read from imported/{kept.name}, sheet {found.sheet!r}; left out: {'; '.join(gaps) or 'nothing'}"
    (source_id,), files = registered([about])
    files |= with_sidecar(kept, path.read_bytes(), about, source_id, "as published")
    table = text_workbook(f"{edition}{suffix}", [[about.title], *_lines(found, index)])
    files |= with_sidecar(kept.parents[1] / f"{stem}.xlsx", table, about, source_id, note)
    place(files, rankings.Ranking(index))
    return list(files)


def _lines(found: Found, index: str) -> list[list[Any]]:
    """Head and rows as `loaders.rankings` reads them: figures as printed, and the cells that they come from."""
    labels = {component: label for label, component in reversed(definitions.component_ids(index).items())}
    ranks = {component: label + rankings.RANK_SUFFIX for component, label in labels.items()}
    heads = {"score": labels, "rank": ranks | {"overall": rankings.OVERALL_RANK}}
    figures = pd.DataFrame(
        {"code": code, "head": heads[kind][component], "text": text, "cell": cell}
        for (component, code, kind), (_, text, cell) in found.figures.items()
    )
    table = figures.pivot(index="code", columns="head", values="text").astype(object)
    names = [provinces.names(found.geography)[code]["name_vi"] for code in table.index]
    table.insert(0, rankings.NAME, names)
    table[rankings.NOTE] = "cells " + figures.groupby("code")["cell"].agg(", ".join) + " as published"
    lines = table.where(table.notna(), None).to_numpy().tolist()
    return [["TT", *table.columns], *([i, *line] for i, line in enumerate(lines, 1))]


def slug(text: str) -> str:
    """A text as a file name: "PCI 2013 (final)" → "pci-2013-final"; never a path."""
    return provinces.words(text).replace(" ", "-")[:80].strip("-") or "file"


def text_workbook(sheet: str, rows: list[list[Any]]) -> bytes:
    """A workbook of one sheet whose texts are texts, also those that begin like a formula."""
    book, buffer = Workbook(), io.BytesIO()
    book.active.title = sheet
    for row in rows:
        book.active.append([ILLEGAL_CHARACTERS_RE.sub("", c) if isinstance(c, str) else c for c in row])
    for cell in (cell for row in book.active for cell in row if cell.data_type == "f"):
        cell.data_type, cell.quotePrefix = "s", True
    book.save(buffer)
    return buffer.getvalue()


def with_sidecar(path: Path, content: bytes, about: Publication, source_id: str | None, note: str) -> dict[Path, bytes]:
    """A raw file and its sidecar: path → bytes. Raises `BadRawFile` where the file is there already."""
    if path.exists():
        raise BadRawFile(f"{paths.relative(path)} is there already; delete it and its sidecar first")
    sidecar = sources.Sidecar(
        **about.model_dump(), accessed=_today(), source_id=source_id, note=note, sha256=_sha256(content)
    )
    text = yaml.safe_dump(sidecar.model_dump(), allow_unicode=True, sort_keys=False)
    return {path: content, path.with_name(path.name + sources.SUFFIX): text.encode()}


def registered(abouts: list[Publication]) -> tuple[list[str], dict[Path, bytes]]:
    """The source id of each publication; and the register with its sidecar, where some are new."""
    path = paths.RAW / "sources" / "sources.csv"
    beside, register, lines = path.with_name(path.name + sources.SUFFIX), sources.register(), io.StringIO()
    ids = {(row["title"], row["url"]): source_id for source_id, row in register.items()}
    last = max(int(found[1]) for source_id in register if (found := re.match(r"s(\d+)-", source_id)))
    writer = csv.DictWriter(lines, list(next(iter(register.values()))), lineterminator="\n")
    told = []
    for about in abouts:
        row = {name: sources.as_text(text) or "" for name, text in about.model_dump().items()}
        if (row["title"], row["url"]) not in ids:
            host = (urlsplit(about.url).hostname or about.publisher).removeprefix("www.")
            last += 1
            source_id = f"s{last:03d}-{slug(host)[:40]}"
            ids[row["title"], row["url"]] = source_id
            writer.writerow(row | {"source_id": source_id, "accessed": _today()})
        told.append(ids[row["title"], row["url"]])
    if not lines.getvalue():
        return told, {}
    content = path.read_bytes() + lines.getvalue().encode()
    signed = beside.read_text(encoding="utf-8").replace(sources.checksum(path), _sha256(content))
    return told, {path: content, beside: signed.encode()}


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _today() -> str:
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def place(files: dict[Path, bytes], loader: Any) -> None:
    """Write files beside their places, rename them, check all raw files; undo everything if anything fails."""
    before = {path: path.read_bytes() if path.exists() else None for path in files}
    partial = {path: path.with_name(f".{path.name}.partial") for path in files}
    try:
        for path, content in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            partial[path].write_bytes(content)
        for path in files:
            partial[path].replace(path)
        _forget()
        sources.verify()
        loader.tidy(loader.read())
    except BaseException:
        for path, old in before.items():
            partial[path].unlink(missing_ok=True)
            if old is None:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(old)
        _forget()
        raise


def _forget() -> None:
    sources.register.cache_clear()
    workbook.sheets.cache_clear()
