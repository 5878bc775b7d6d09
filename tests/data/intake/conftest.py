"""Workbooks as publishers make them, and a copy of the raw files that a test may add to."""

import io
import random
import shutil
import struct
import zipfile
from xml.sax.saxutils import escape

import pytest
from openpyxl import Workbook

from vnegov import paths
from vnegov.data import provinces, sources
from vnegov.data.intake import ranking
from vnegov.data.loaders import workbook

ODS = "application/vnd.oasis.opendocument.spreadsheet"
SPELT = {"Thừa Thiên Huế": "TT-Hue", "Bà Rịa - Vũng Tàu": "BRVT", "Thành phố Hồ Chí Minh": "HCMC", "Hà Nội": "Ha Noi"}


@pytest.fixture
def names():
    """The 63 provinces by code, as a publisher may spell them."""
    rows = provinces.names("63")
    return {code: SPELT.get(row["name_vi"], row["name_vi"]) for code, row in rows.items()}


@pytest.fixture
def read():
    """Rows of cells → the ranking found in them."""

    def read(rows, index="pci", edition=2013, geography=None, **options):
        sheets = rows if isinstance(rows, dict) else {"Sheet1": rows}
        return ranking.choose("file.xlsx", sheets, index, edition, geography, **options)

    return read


@pytest.fixture
def pci(tmp_path, names):
    """A workbook like that of PCI 2013: a sheet of notes, and (province, score) pairs, each in its own order."""
    book, order = Workbook(), random.Random(2013)
    book.active.title, book.active["A1"] = "Ghi chú", "Báo cáo PCI 2013"
    page = book.create_sheet("PCI 2013")
    page["A1"], page["A2"] = "CHỈ SỐ NĂNG LỰC CẠNH TRANH CẤP TỈNH 2013", "Nguồn: VCCI"
    page.merge_cells("A1:I1")
    heads = [
        ("PCI 2013", "Weighted PCI"),
        ("1. Chi phí gia nhập thị trường", "Score"),
        ("CSTP 2: Tiếp cận đất đai", "Điểm số"),
    ]
    for pair, (group, score) in enumerate(heads):
        c = 1 + 3 * pair
        page.cell(4, c, group), page.cell(5, c, "Province"), page.cell(5, c + 1, score)
        page.merge_cells(start_row=4, start_column=c, end_row=4, end_column=c + 1)
        for r, code in enumerate(order.sample(sorted(names), 63), 6):
            value = (40 + int(code) / 4) if pair == 0 else 3 + int(code) / 20
            (
                page.cell(r, c, names[code]),
                page.cell(r, c + 1, f"{value:.2f}".replace(".", ",") if pair == 1 else value),
            )
        page.cell(69, c, "Trung bình"), page.cell(69, c + 1, 5.5)
    page["A71"] = "(*) Hà Nội: gồm cả Hà Tây"
    book.save(tmp_path / "PCI 2013 (final).xlsx")
    return tmp_path / "PCI 2013 (final).xlsx"


@pytest.fixture
def raw(tmp_path, monkeypatch):
    """A copy of data/raw that an import goes to."""
    shutil.copytree(paths.RAW, tmp_path / "raw")
    monkeypatch.setattr(paths, "RAW", tmp_path / "raw")
    yield tmp_path / "raw"
    sources.register.cache_clear()
    workbook.sheets.cache_clear()


@pytest.fixture
def listing(raw):
    """Every file below data/raw with its bytes, whenever it is called."""
    return lambda: {path: path.read_bytes() for path in raw.rglob("*") if path.is_file()}


@pytest.fixture
def ods():
    """Rows → the bytes of an OpenDocument sheet."""

    def ods(rows):
        def cell(value):
            kind = 'string"' if isinstance(value, str) else f'float" office:value="{value}"'
            text = f"<text:p>{escape(str(value))}</text:p>"
            return f'<table:table-cell office:value-type="{kind}>{text}</table:table-cell>'

        body = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
        spaces = " ".join(
            f'xmlns:{n}="urn:oasis:names:tc:opendocument:xmlns:{n}:1.0"' for n in ("office", "table", "text")
        )
        content = (
            f"<office:document-content {spaces}><office:body><office:spreadsheet>"
            f'<table:table table:name="Bảng">{body}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>"
        )
        return zipped({"mimetype": ODS, "META-INF/manifest.xml": "<manifest/>", "content.xml": content})

    return ods


@pytest.fixture
def xls():
    """Rows → the bytes of an Excel 97 workbook with one sheet, and streams of other names if asked for."""

    def record(kind, content):
        return struct.pack("<HH", kind, len(content)) + content

    def cell(r, c, value):
        if isinstance(value, str):
            return record(0x0204, struct.pack("<HHHHB", r, c, 0, len(value), 1) + value.encode("utf-16-le"))
        return record(0x0203, struct.pack("<HHHd", r, c, 0, value))

    def xls(rows, *others):
        start, end = record(0x0809, struct.pack("<HHHHII", 0x0600, 5, 0, 0, 0, 0)), record(0x000A, b"")
        sheet = record(0x0809, struct.pack("<HHHHII", 0x0600, 0x10, 0, 0, 0, 0))
        sheet += b"".join(cell(r, c, value) for r, row in enumerate(rows) for c, value in enumerate(row)) + end
        at = len(start) + 4 + 6 + 2 + 4 + len(end)
        bound = record(0x0085, struct.pack("<IHBB", at, 0, 4, 0) + b"Bang")
        stream = start + bound + end + sheet
        stream += bytes(max(4096, -(-len(stream) // 512) * 512) - len(stream))
        n = len(stream) // 512
        fat = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, n + 2), 0xFFFFFFFE]
        header = (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(10)
        )
        header += struct.pack("<IIIIIIIII", 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0, 0) + b"\xff" * 432

        def entry(name, kind, first, size, child=0xFFFFFFFF):
            label = (name + "\0").encode("utf-16-le")
            told = struct.pack("<HBBIII", len(label), kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, child)
            return label.ljust(64, b"\0") + told + bytes(36) + struct.pack("<IQ", first, size)

        folder = entry("Root Entry", 5, 0xFFFFFFFE, 0, 1) + entry("Workbook", 2, 2, len(stream))
        folder += b"".join(entry(name, 2, 0xFFFFFFFE, 0) for name in others)
        table = struct.pack(f"<{len(fat)}I", *fat).ljust(512, b"\xff")
        return header[:512] + table + folder.ljust(512, b"\0") + stream

    return xls


def zipped(parts):
    """Part name → text, as the bytes of a zip file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return buffer.getvalue()
