"""New raw files with their sidecars: all of them are written, and read well, or data/raw stays as it was."""

import csv
import datetime
import fcntl
import hashlib
import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from pydantic import ValidationError

from vnegov import paths
from vnegov.data import provinces, sources
from vnegov.data.intake.ranking import Found
from vnegov.data.loaders import definitions, rankings, workbook
from vnegov.data.sources import Publication
from vnegov.errors import BadRawFile

UNTOLD = {"url": "", "published": "", "licence": "not stated", "trust": "dataset"}


def publication(**given: str | None) -> Publication:
    """A publication from what was given; raises one `BadRawFile` that lists every field to mend."""
    try:
        return Publication.model_validate(UNTOLD | {name: text for name, text in given.items() if text is not None})
    except ValidationError as error:
        faults = [f"--{f['loc'][0]}: {f['msg']}, read {given.get(str(f['loc'][0]))!r}" for f in error.errors()]
        raise BadRawFile("\n".join(["the source is not told well:", *faults])) from None


def with_sidecar(path: Path, content: bytes, about: Publication, source_id: str | None, note: str) -> dict[Path, bytes]:
    """A raw file and its sidecar: path → bytes."""
    told = about.model_dump() | {"accessed": _today(), "source_id": source_id, "note": note}
    sidecar = sources.Sidecar(**told, sha256=_sha256(content)).model_dump()
    text = yaml.safe_dump(sidecar, allow_unicode=True, sort_keys=False)
    return {path: content, path.with_name(path.name + sources.SUFFIX): text.encode()}


class Import:
    """New raw files, and the sources that they bring: path → bytes, as `files`. See `importing`."""

    def __init__(self) -> None:
        self.files: dict[Path, bytes] = {}

    def source(self, about: Publication) -> str:
        """The source id of a publication; one that is new is added to the register."""
        path = paths.RAW / "sources" / "sources.csv"
        beside = path.with_name(path.name + sources.SUFFIX)
        old, signed = (self.files.get(file) or file.read_bytes() for file in (path, beside))
        rows = list(csv.DictReader(io.StringIO(old.decode())))
        row = {name: sources.as_text(text) or "" for name, text in about.model_dump().items()}
        for known in rows:
            if (known["title"], known["url"]) == (row["title"], row["url"]):
                return known["source_id"]
        last = max(int(found[1]) for known in rows if (found := re.match(r"s(\d+)-", known["source_id"])))
        host = (urlsplit(about.url).hostname or about.publisher).removeprefix("www.")
        row |= {"source_id": f"s{last + 1:03d}-{slug(host)[:40]}", "accessed": _today()}
        line = io.StringIO()
        csv.DictWriter(line, list(rows[0]), lineterminator="\n").writerow(row)
        new = old + line.getvalue().encode()
        self.files |= {path: new, beside: signed.replace(_sha256(old).encode(), _sha256(new).encode())}
        return row["source_id"]

    def place(self, loader: Any) -> None:
        """Write the files beside their places, rename them, check all raw files; undo it all if anything fails."""
        before = {path: path.read_bytes() if path.exists() else None for path in self.files}
        partial = {path: path.with_name(f".{path.name}.partial") for path in self.files}
        try:
            for path, content in self.files.items():
                path.parent.mkdir(parents=True, exist_ok=True)
                partial[path].write_bytes(content)
            for path in sorted(self.files, key=lambda path: not path.name.endswith(sources.SUFFIX)):
                with suppress(FileNotFoundError):  # sidecars first: after them, a build may `settle` the others
                    partial[path].replace(path)
            _forget()
            sources.verify()
            loader.tidy(loader.read())
        except BaseException:
            for path, old in before.items():
                partial[path].unlink(missing_ok=True)
                path.write_bytes(old) if old is not None else path.unlink(missing_ok=True)
            _forget()
            raise


@contextmanager
def importing(target: Path, loader: Any) -> Iterator[Import]:
    """An import to fill: its files are placed when the block ends, one import at a time.

    Raises `BadRawFile` where `target` is there already, or while another import is at work.
    """
    lock = os.open(paths.RAW, os.O_RDONLY)  # the system frees it when its holder dies
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        sources.settle()
        if target.exists():
            raise BadRawFile(f"{paths.relative(target)} is there already; delete it and its sidecar first")
        new = Import()
        yield new
        new.place(loader)
    except BlockingIOError:
        raise BadRawFile("another import is at work in data/raw; try again when it has ended") from None
    finally:
        os.close(lock)


def add_ranking(path: Path, found: Found, index: str, edition: int, about: Publication) -> list[Path]:
    """Keep a publisher's file in data/raw/<index>/imported, and its rows where the loader of the index reads them.

    What is left out stands in the sidecar. Returns what was written.
    """
    found.faults.done()
    sheet = f"{edition} (34 tỉnh)" if found.geography == "34" else str(edition)
    target = paths.RAW / index / f"{slug(f'{index} {sheet} {path.stem}')}.xlsx"
    kept = target.parent / "imported" / f"{target.stem}{path.suffix.lower()}"
    gaps = [f"{gap['name']} ({gap['cell']})" for gap in found.unmatched] + found.left_out
    note = f"rows read from imported/{kept.name}, sheet {found.sheet!r}; left out: {'; '.join(gaps) or 'nothing'}"
    with importing(target, rankings.Ranking(index)) as new:
        source_id = new.source(about)
        new.files |= with_sidecar(kept, path.read_bytes(), about, source_id, "as published")
        table = text_workbook(sheet, [[about.title], *_lines(found, index)])
        new.files |= with_sidecar(target, table, about, source_id, note)
    return list(new.files)


def _lines(found: Found, index: str) -> list[list[Any]]:
    """Head and rows as `loaders.rankings` reads them: figures as printed, and the cells that they come from."""
    labels = {component: label for label, component in reversed(definitions.component_ids(index).items())}
    ranks = {c: label + rankings.RANK_SUFFIX for c, label in labels.items()} | {"overall": rankings.OVERALL_RANK}
    lines: dict[str, dict[str, str]] = {}
    cells: dict[str, list[str]] = {}
    for (component, code, kind), (text, cell) in found.printed.items():
        line = lines.setdefault(code, {rankings.NAME: provinces.names(found.geography)[code]["name_vi"]})
        line[(labels if kind == "score" else ranks)[component]] = text
        cells.setdefault(code, []).append(cell)
    for code, line in lines.items():
        line[rankings.NOTE] = f"cells {', '.join(cells[code])} as published"
    heads = list(dict.fromkeys(head for line in lines.values() for head in line))
    return [["TT", *heads], *([i, *map(line.get, heads)] for i, line in enumerate(lines.values(), 1))]


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


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _today() -> str:
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def _forget() -> None:
    sources.register.cache_clear()
    workbook.sheets.cache_clear()
