"""The cells of a file from anywhere, read in a process of its own that may use only so much time and memory.

What can be told before parsing (macros, passwords, zip bombs, entities) is refused with its reason. What cannot
be foreseen in a parser's memory or time ends that process and not the one that asked.
"""

import csv
import io
import json
import re
import resource
import subprocess
import sys
import unicodedata
import zipfile
from pathlib import Path
from typing import Any

from vnegov.errors import BadRawFile

MB = 2**20
MAX_FILE, MAX_UNPACKED, MAX_TEXT, MAX_MEMORY = 50 * MB, 200 * MB, 50 * MB, 1024 * MB
MAX_RATIO, MAX_CELLS, MAX_SECONDS = 100, 1_000_000, 60
ZIP, OLE = b"PK", b"\xd0\xcf\x11\xe0"  # the first bytes of .xlsx and .ods, and of .xls
MACROS = "it holds macros; save it without them, as .xlsx"
PASSWORD = "it is protected by a password; save it without one"
DOCTYPE = re.compile(b"\0?".join(bytes([c]) for c in b"<!DOCTYPE"))  # in UTF-8 or UTF-16
Grid = list[list[Any]]


def sheets(path: Path) -> dict[str, Grid]:
    """Visible sheet → rows of cells (text, number, true/false or None) from A1 on; a CSV file is one, named "".

    Raises `BadRawFile` for what is no workbook, or not safe to open.
    """
    if not path.is_file():
        raise BadRawFile(f"{path}: there is no such file")
    command = [sys.executable, "-P", "-m", __name__, str(path.resolve())]
    try:
        done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=MAX_SECONDS, check=True)
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
        limits = f"{MAX_SECONDS} s or {MAX_MEMORY // MB} MB"
        raise BadRawFile(f"{path}: reading it takes more than {limits}") from None
    found = json.loads(done.stdout)
    if isinstance(found, str):
        raise BadRawFile(f"{path}: {found}")
    return found


def read(path: Path) -> dict[str, Grid]:
    """What `sheets` gives, read in this process. Raises `BadRawFile` with the reason alone."""
    from python_calamine import PasswordError

    if (size := path.stat().st_size) > MAX_FILE:
        raise BadRawFile(f"it has {size / MB:,.0f} MB; at most {MAX_FILE // MB} MB are read")
    content, suffix = path.read_bytes(), path.suffix.lower()
    if not content.startswith((ZIP, OLE)) and suffix != ".csv":
        raise BadRawFile("it is neither .xlsx, .xls, .ods nor .csv, or it is damaged")
    try:
        if content.startswith(ZIP):
            _check(content, suffix)
        for mark, reason in {"EncryptedPackage": PASSWORD, "_VBA_PROJECT": MACROS}.items():
            if content.startswith(OLE) and mark.encode("utf-16-le") in content:
                raise BadRawFile(reason)
        found = _book(content) if content.startswith((ZIP, OLE)) else {"": _csv(content)}
    except (BadRawFile, MemoryError):
        raise
    except PasswordError:
        raise BadRawFile(PASSWORD) from None
    except BaseException:  # a panic of the parser is no Exception
        raise BadRawFile("it is damaged or cut short: it does not open as a workbook") from None
    if sum(len(grid) * max(map(len, grid), default=0) for grid in found.values()) > MAX_CELLS:
        raise BadRawFile(f"it uses more than {MAX_CELLS:,} cells")
    return found


def _check(content: bytes, suffix: str) -> None:
    """Refuse, before a parser sees it, a zipped workbook that no publisher of rankings makes."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        parts = book.infolist()
        if any(part.flag_bits & 1 for part in parts):
            raise BadRawFile(PASSWORD)
        if suffix == ".xlsm" or any(re.search(r"vbaproject\.bin$|^(basic|scripts)/", p.filename, re.I) for p in parts):
            raise BadRawFile(MACROS)
        if sum(part.file_size for part in parts) > min(MAX_UNPACKED, max(MAX_RATIO * len(content), 10 * MB)):
            limits = f"{MAX_UNPACKED // MB} MB or {MAX_RATIO} times its size"
            raise BadRawFile(f"it unpacks to more than {limits}: a zip bomb")
        for part in parts:
            part.file_size += 1  # a part longer than the directory states fails its checksum
            if DOCTYPE.search(book.read(part)):
                raise BadRawFile("its XML declares a document type, as entity attacks do")


def _book(content: bytes) -> dict[str, Grid]:
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    shown = (SheetTypeEnum.WorkSheet, SheetVisibleEnum.Visible)
    names = [about.name for about in book.sheets_metadata if (about.typ, about.visible) == shown]
    grids = {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in names}
    return {name: [[None if cell == "" else cell for cell in row] for row in grid] for name, grid in grids.items()}


def _csv(content: bytes) -> Grid:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1258", errors="replace")
    text = unicodedata.normalize("NFC", text)
    lines = [line for line in text.splitlines() if line.strip()]
    in_most = (mark for mark in "\t;" if 2 * sum(mark in line for line in lines) >= len(lines) > 0)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=next(in_most, ","))
    return [[cell.strip() or None for cell in row] for row in rows]


def main(path: str) -> None:
    """Print the sheets as JSON, or the reason why they are refused; fails where memory does not suffice."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    try:
        text = json.dumps(read(Path(path)), default=str)
    except BadRawFile as refusal:
        text = json.dumps(str(refusal))
    if len(text) > MAX_TEXT:
        text = json.dumps(f"its cells hold more than {MAX_TEXT // MB} MB of text")
    sys.stdout.write(text)


if __name__ == "__main__":
    main(sys.argv[1])
