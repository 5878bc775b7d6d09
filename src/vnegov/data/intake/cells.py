"""The cells of a file from anywhere, read in a process of its own that may use only so much time and memory.

Run as a script by `reading`; it imports nothing of vnegov, so that it starts at once. What can be told before
parsing (macros, passwords, zip bombs, entities, absurd dimensions) is refused with its reason. What cannot be
foreseen in a parser's memory or time ends this process and not the one that asked.
"""

import copy
import csv
import io
import json
import math
import re
import sys
import unicodedata
import zipfile
import zlib
from pathlib import Path
from typing import Any
from xml.parsers import expat

MB = 2**20
MAX_FILE, MAX_EXPANDED, MAX_TEXT, MAX_MEMORY = 50 * MB, 200 * MB, 50 * MB, 1024 * MB
MAX_RATIO, MAX_ROWS, MAX_COLUMNS, MAX_CELLS, MAX_SECONDS = 100, 100_000, 1_000, 2_000_000, 60
MACROS = "it holds macros; save it without them, as .xlsx"
PASSWORD = "it is protected by a password; save it without one"
DAMAGED = "it is damaged or cut short: it does not open as a workbook"
BOMB = "it unpacks to more than {}: a zip bomb, or no workbook of rankings"
TOO_LARGE = f"it uses more than {MAX_ROWS:,} rows, {MAX_COLUMNS:,} columns or {MAX_CELLS:,} cells"


class Refused(Exception):
    """The file is not read; the message says why."""


def read(path: Path) -> dict[str, list[list[Any]]]:
    """Sheet name → rows of cells (text, number, true/false or None) of a workbook or CSV file, from A1 on."""
    if path.stat().st_size > MAX_FILE:
        raise Refused(f"it has {path.stat().st_size / MB:,.0f} MB; at most {MAX_FILE // MB} MB are read")
    content, suffix = path.read_bytes(), path.suffix.lower()
    if suffix in (".xlsm", ".xltm", ".xlam"):
        raise Refused(MACROS)
    if content.startswith(b"PK"):
        _check_zip(content)
    elif content.startswith(b"\xd0\xcf\x11\xe0"):
        _check_ole(content)
    elif suffix in (".csv", ".txt", ".tsv"):
        return {"": _csv(content)}
    elif content.lstrip()[:1] == b"<":
        raise Refused("it is a web page or XML under another name; open it and save it as .xlsx")
    else:
        raise Refused("it is neither .xlsx, .xls, .ods nor .csv, or it is damaged")
    return _workbook(content)


def _check_ole(content: bytes) -> None:
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise Refused(PASSWORD)
    if "_VBA_PROJECT".encode("utf-16-le") in content:
        raise Refused(MACROS)


def _check_zip(content: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            parts = book.infolist()
            names = {part.filename.lower() for part in parts}
            if not {"xl/workbook.xml", "content.xml"} & names:
                raise Refused("it is an archive without a workbook that is read here (.xlsx or .ods)")
            if any(part.flag_bits & 1 for part in parts):
                raise Refused(PASSWORD)
            if any(
                name.endswith("vbaproject.bin") or name.startswith(("basic/", "scripts/")) for name in names
            ):
                raise Refused(MACROS)
            if sum(part.file_size for part in parts) > MAX_EXPANDED:
                raise Refused(BOMB.format(f"{MAX_EXPANDED // MB} MB"))
            unpacked = 0
            for part in parts:
                unpacked = _check_part(book, part, unpacked, len(content))
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError):
        raise Refused(DAMAGED) from None


def _check_part(book: zipfile.ZipFile, part: zipfile.ZipInfo, unpacked: int, size: int) -> int:
    """Unpack one part to its true end, whatever size the directory states, and parse it if it is XML."""
    part, stated = copy.copy(part), part.file_size
    part.file_size = MAX_EXPANDED + 1
    watch, before = None, unpacked
    with book.open(part) as stream:
        while chunk := stream.read(64 * 1024):
            if unpacked == before and chunk.lstrip(b"\xef\xbb\xbf\xff\xfe \r\n\t\0")[:1] == b"<":
                watch = Watch("worksheets/" in part.filename)
            unpacked += len(chunk)
            if unpacked > MAX_EXPANDED or unpacked > max(MAX_RATIO * size, 10 * MB):
                raise Refused(BOMB.format(f"{MAX_EXPANDED // MB} MB or {MAX_RATIO} times its size"))
            if watch and not watch.feed(chunk):
                watch = None
                if part.filename.endswith((".xml", ".rels")):
                    raise Refused(DAMAGED)
    if unpacked - before != stated:
        raise Refused("its directory states other sizes than its parts have: a zip bomb, or damaged")
    return unpacked


class Watch:
    """Follows an XML part as it streams by: refuses entities, and cells in use far out on a sheet."""

    def __init__(self, is_sheet: bool) -> None:
        self.parser = expat.ParserCreate()
        self.parser.StartDoctypeDeclHandler = self._doctype
        if is_sheet:
            self.parser.StartElementHandler = self._element
        self.row = self.column = 0

    def feed(self, chunk: bytes) -> bool:
        """Whether the part is still well-formed."""
        try:
            self.parser.Parse(chunk, False)
        except (expat.ExpatError, LookupError, ValueError):
            return False
        return True

    def _doctype(self, *_: Any) -> None:
        raise Refused("its XML declares a document type, as entity attacks do; no workbook needs one")

    def _element(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if name == "row":
            self.row, self.column = int(attributes.get("r", self.row + 1)), 0
        elif name == "c":
            self.column += 1
            if found := re.fullmatch(r"([A-Z]+)(\d+)", attributes.get("r", "")):
                self.column, self.row = 0, int(found[2])
                for letter in found[1]:
                    self.column = self.column * 26 + ord(letter) - 64
        elif name in ("v", "is") and (self.row > MAX_ROWS or self.column > MAX_COLUMNS):
            raise Refused(TOO_LARGE)


def _workbook(content: bytes) -> dict[str, list[list[Any]]]:
    from python_calamine import (
        CalamineError,
        CalamineWorkbook,
        PasswordError,
        SheetTypeEnum,
        SheetVisibleEnum,
    )

    sheets: dict[str, list[list[Any]]] = {}
    cells = 0
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        for about in book.sheets_metadata:
            if about.typ != SheetTypeEnum.WorkSheet or about.visible != SheetVisibleEnum.Visible:
                continue
            sheet = book.get_sheet_by_name(about.name)
            cells += sheet.total_height * sheet.total_width
            if sheet.total_height > MAX_ROWS or sheet.total_width > MAX_COLUMNS or cells > MAX_CELLS:
                raise Refused(TOO_LARGE)
            sheets[about.name] = [
                [_plain(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)
            ]
    except PasswordError:
        raise Refused(PASSWORD) from None
    except (CalamineError, OSError, ValueError):
        raise Refused(DAMAGED) from None
    return sheets


def _plain(cell: Any) -> Any:
    if cell is None or cell == "":
        return None
    if isinstance(cell, bool | int | str):
        return cell
    return cell if isinstance(cell, float) and math.isfinite(cell) else str(cell)


def _csv(content: bytes) -> list[list[Any]]:
    encodings = ["utf-16"] if content.startswith((b"\xff\xfe", b"\xfe\xff")) else ["utf-8-sig", "cp1258"]
    for encoding in encodings:
        try:
            text = unicodedata.normalize("NFC", content.decode(encoding))
            break
        except UnicodeDecodeError:
            continue
    else:
        raise Refused("its letters are neither UTF-8 nor Windows-1258; save it as CSV UTF-8")
    lines = [line for line in text.splitlines() if line.strip()]
    delimiter = next(
        (mark for mark in "\t;" if 2 * sum(mark in line for line in lines) >= len(lines) > 0), ","
    )
    rows, cells = [], 0
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            rows.append([cell.strip() or None for cell in row])
            cells += len(row)
            if len(rows) > MAX_ROWS or len(row) > MAX_COLUMNS or cells > MAX_CELLS:
                raise Refused(TOO_LARGE)
    except csv.Error as error:
        raise Refused(f"it does not read as CSV: {error}") from None
    return rows


def main(path: str) -> int:
    """Print the sheets, or the refusal, as JSON; ends with 9 where memory does not suffice."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (MAX_SECONDS, MAX_SECONDS))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except ImportError:  # not on Windows, where the limit on seconds alone holds
        pass
    try:
        text = json.dumps({"sheets": read(Path(path))})
        if len(text) > MAX_TEXT:
            raise Refused(f"its cells hold more than {MAX_TEXT // MB} MB of text")
    except Refused as refusal:
        text = json.dumps({"refused": str(refusal)})
    except MemoryError:
        return 9
    except BaseException:  # a panic of the parser is no Exception
        text = json.dumps({"refused": DAMAGED})
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
