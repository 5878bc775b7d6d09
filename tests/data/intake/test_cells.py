"""What is opened, what is refused before it is opened, and that neither takes long."""

import io
import struct
import time
import zipfile
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from vnegov.data.intake import cells
from vnegov.errors import BadRawFile

ROWS = [["Tỉnh", "Điểm"], ["Hà Nội", "57,81"], ["Thừa Thiên Huế", "65,56"]]


@pytest.fixture
def file(tmp_path):
    def file(name, content):
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    return file


@pytest.fixture
def xlsx():
    """The parts of a small workbook, by name."""
    book, buffer = Workbook(), io.BytesIO()
    for row in ROWS:
        book.active.append(row)
    book.save(buffer)
    with zipfile.ZipFile(buffer) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(parts, **options):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def refused(path, reason):
    start = time.monotonic()
    with pytest.raises(BadRawFile, match=reason) as refusal:
        cells.sheets(path)
    assert path.name in str(refusal.value)
    assert time.monotonic() - start < 10


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1258"])
@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_csv_reads_alike_in_every_encoding_and_with_every_delimiter(file, encoding, delimiter):
    text = "\r\n".join(delimiter.join(row) for row in ROWS)
    if encoding == "cp1258":  # its tone marks are letters of their own
        for whole, parts in {"ỉ": "i\u0309", "ể": "ê\u0309", "ộ": "ô\u0323", "ừ": "ư\u0300", "ế": "ê\u0301"}.items():
            text = text.replace(whole, parts)
    assert cells.sheets(file("pci.csv", text.encode(encoding))) == {"": ROWS}


def test_csv_with_commas_keeps_decimal_commas_in_quotes(file):
    assert cells.sheets(file("pci.csv", 'Tỉnh,Điểm\n"Hà Nội","57,81"\n'.encode()))[""][1] == ["Hà Nội", "57,81"]


def test_xlsx_ods_and_xls_give_the_same_cells(file, xlsx, ods, xls):
    found = [cells.sheets(file(f"pci.{kind}", content)) for kind, content in
             {"xlsx": zipped(xlsx), "ods": ods(ROWS), "xls": xls(ROWS)}.items()]  # fmt: skip
    assert [next(iter(sheets.values())) for sheets in found] == [ROWS] * 3


def test_the_name_does_not_matter_but_the_content(file, xls):
    assert cells.sheets(file("pci.xlsx", xls(ROWS))) == {"Bang": ROWS}


def test_a_hidden_sheet_is_passed_over(file):
    book, buffer = Workbook(), io.BytesIO()
    book.create_sheet("cũ").sheet_state = "hidden"
    book.save(buffer)
    assert list(cells.sheets(file("pci.xlsx", buffer.getvalue()))) == ["Sheet"]


def test_a_file_that_is_not_there_is_named(tmp_path):
    refused(tmp_path / "none.xlsx", "there is no such file")


def test_200_mb_are_refused_unread(tmp_path):
    with (tmp_path / "large.xlsx").open("wb") as large:
        large.truncate(200 * 2**20)
    refused(tmp_path / "large.xlsx", "it has 200 MB; at most 50 MB are read")


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/media/image1.png"])
def test_a_zip_bomb_is_refused(file, xlsx, part):
    refused(file("bomb.xlsx", zipped(xlsx | {part: b" " * (60 * 2**20)})), "zip bomb")


def test_a_bomb_of_more_than_the_limit_is_refused_by_its_directory(file, xlsx, monkeypatch):
    monkeypatch.setattr(cells, "MAX_UNPACKED", 5 * 2**20)
    with pytest.raises(BadRawFile, match="zip bomb"):
        cells.read(file("bomb.xlsx", zipped(xlsx | {"xl/media/a": b" " * (6 * 2**20)})))


def test_a_bomb_that_lies_about_its_size_is_refused(file, xlsx):
    size = 60 * 2**20
    honest = zipped(xlsx | {"xl/media/a": b" " * size})
    lying = honest.replace(struct.pack("<I", size), struct.pack("<I", 1000))
    assert lying != honest
    refused(file("bomb.xlsx", lying), "zip bomb|damaged")


def test_a_bomb_whose_first_bytes_have_the_stated_sum_is_refused(file, xlsx):
    size = 9 * 2**20  # below the limits: only the size that the directory states is wrong
    honest = zipped(xlsx | {"xl/media/a": b" " * size})
    lying = honest.replace(struct.pack("<I", size), struct.pack("<I", 1000))
    lying = lying.replace(struct.pack("<I", zlib.crc32(b" " * size)), struct.pack("<I", zlib.crc32(b" " * 1000)))
    refused(file("bomb.xlsx", lying), "zip bomb|damaged")


def test_an_entity_attack_is_refused_in_any_part_and_encoding(file, xlsx):
    attack = '<?xml version="1.0"{}?><!DOCTYPE a [<!ENTITY b "{}"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>'
    plain, wide = attack.format("", "x" * 99), attack.format(' encoding="utf-16"', "x" * 99).encode("utf-16")
    for part, content in {"xl/sharedStrings.xml": plain, "docProps/app.xml": wide, "xl/worksheets/any": plain}.items():
        refused(file("attack.xlsx", zipped(xlsx | {part: content})), "document type")


def test_an_entity_attack_in_an_ods_is_refused(file):
    parts = {
        "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
        "content.xml": '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
    }
    refused(file("attack.ods", zipped(parts)), "document type")


def test_macros_are_refused(file, xlsx, xls):
    refused(file("macro.xlsm", zipped(xlsx)), "macros")
    refused(file("macro.xlsx", zipped(xlsx | {"xl/vbaProject.bin": b"x"})), "macros")
    refused(file("macro.xls", xls(ROWS, "_VBA_PROJECT_CUR")), "macros")


def test_a_password_is_refused(file, xls, xlsx):
    refused(file("locked.xlsx", xls(ROWS, "EncryptedPackage")), "password")
    content = bytearray(zipped(xlsx))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.find(mark) + offset] |= 1
    refused(file("locked.xlsx", bytes(content)), "password")


@pytest.mark.parametrize("share", [0.2, 0.6, 0.95])
def test_a_truncated_workbook_is_refused(file, xlsx, xls, share):
    for name, content in {"cut.xlsx": zipped(xlsx), "cut.xls": xls(ROWS * 200)}.items():
        refused(file(name, content[: int(len(content) * share)]), "damaged or cut short")


def test_a_cell_at_the_far_corner_is_refused_but_a_format_there_is_not(file, xlsx):
    sheet = xlsx["xl/worksheets/sheet1.xml"].decode()
    for used, fits in (("<v>1</v>", False), ("", True)):
        corner = sheet.replace("</sheetData>", f'<row r="1048576"><c r="XFD1048576">{used}</c></row></sheetData>')
        path = file("far.xlsx", zipped(xlsx | {"xl/worksheets/sheet1.xml": corner}))
        if fits:
            assert cells.sheets(path)["Sheet"][:3] == ROWS
        else:
            refused(path, "1024 MB|does not open")


def test_a_sheet_that_repeats_its_rows_without_end_is_refused(file, ods):
    with zipfile.ZipFile(io.BytesIO(ods([["Hà Nội", 1]]))) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    repeated = b'<table:table-row table:number-rows-repeated="1048576">'
    parts["content.xml"] = parts["content.xml"].replace(b"<table:table-row>", repeated)
    refused(file("rows.ods", zipped(parts)), "1,000,000 cells")
    repeated = b'<table:table-cell table:number-columns-repeated="16384" '
    parts["content.xml"] = parts["content.xml"].replace(b"<table:table-cell ", repeated)
    refused(file("cells.ods", zipped(parts)), "cells|1024 MB|does not open")


def test_what_is_no_workbook_is_refused(file):
    refused(file("page.xls", b"<html><table></table></html>"), "neither .xlsx")
    refused(file("text.xlsx", b"Ha Noi 57"), "neither .xlsx, .xls, .ods nor .csv")
    refused(file("any.zip", zipped({"a.txt": "a"})), "does not open as a workbook")
    refused(file("long.csv", b"a;b\n" * 500_001), "1,000,000 cells")


@pytest.mark.parametrize("name", ["any.xlsx", "any.csv"])
@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    tail=st.binary(max_size=300),
    start=st.sampled_from([b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\xff\xfe"]),
)
def test_any_bytes_are_read_or_refused(file, name, start, tail):
    try:
        sheets = cells.read(file(name, start + tail))
    except BadRawFile:
        return
    assert all(isinstance(cell, str | None) for grid in sheets.values() for row in grid for cell in row)


@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_workbook_with_any_byte_changed_is_read_or_refused(file, xlsx, xls, data):
    content = bytearray(data.draw(st.sampled_from([zipped(xlsx), xls(ROWS)])))
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        cells.read(file("any.xlsx", bytes(content)))
    except BadRawFile:
        pass
    except BaseException as panic:  # of the parser; `cells.main` turns it into a refusal
        assert type(panic).__name__ == "PanicException"
