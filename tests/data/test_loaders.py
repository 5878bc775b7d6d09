"""What does not fit in a raw file is refused: file, sheet, cell, what was read, what was expected, all at once."""

import shutil

import pytest

from vnegov import paths
from vnegov.data.intake import store
from vnegov.data.loaders import agencies, observations, workbook
from vnegov.data.loaders.rankings import Ranking
from vnegov.errors import BadRawFile


@pytest.fixture
def told(tmp_path, monkeypatch):
    """What a loader says of a workbook with these rows: cell → what was read and expected."""
    shutil.copytree(paths.RAW, tmp_path / "raw")
    monkeypatch.setattr(paths, "RAW", tmp_path / "raw")

    def told(loader, file, sheet, *rows):
        path, about = tmp_path / "raw" / file, store.publication(title="a", publisher="b")
        path.unlink(missing_ok=True)
        for name, content in store.with_sidecar(path, store.text_workbook(sheet, rows), about, None, "").items():
            name.write_bytes(content)
        with pytest.raises(BadRawFile) as refusal:
            loader.tidy(loader.read())
        lines = str(refusal.value).splitlines()
        assert all(f"{file}, sheet '{sheet}', cell " in line for line in lines)
        return dict(line.split(f"sheet '{sheet}', cell ")[1].split(": read ", 1) for line in lines)

    yield told
    workbook.sheets.cache_clear()


def test_a_ranking(told):
    cells = told(
        Ranking("pci"), "pci/bad.xlsx", "2013",
        ["TT", "Tỉnh, thành phố", "Chỉ số chung", "Xếp hạng", "Gió", "Căn cứ hạng", "Nguồn"],
        ["1", "Vinh Fuc", "61,2", "0", None, "công bố", "article-000"],
        ["2", "Hà Nội", "năm mươi", "2/63", "5", "đoán", "article-0000"],
        ["3", "Cà Mau", "50", None, None, None, None],
        ["4", "Ca Mao", None, None, None, None, None],
    )  # fmt: skip
    assert cells["B2"].startswith("'Vinh Fuc', expected a province: 'Vinh Fuc' is not one of the 63 provinces")
    assert cells["C3"] == "'năm mươi', expected a score"
    assert cells["D2"] == "'0', expected a rank"
    assert cells["E3"].startswith("'Gió', expected a known component, as ")
    assert cells["F3"].startswith("'đoán', expected a known rank_basis, as ")
    assert cells["G3"].startswith("'article-0000', expected a known source_id, as article-000")
    assert cells["G4"].startswith("None, expected a known source_id")
    assert cells["B5"].startswith("'Ca Mao', expected a province: 'Ca Mao' is not one of the 63 provinces")
    assert len(cells) == 8


def test_a_sheet_whose_name_is_no_edition(told):
    cells = told(Ranking("pci"), "pci/bad.xlsx", "PCI", ["Tỉnh, thành phố", "Chỉ số chung"], ["Hà Nội", "60"])
    assert cells == {"A1": "'PCI', expected the edition as the name of the sheet, as 2022 or 2024 (34 tỉnh)"}


def test_agencies(told):
    cells = told(
        agencies, "agencies/agencies.xlsx", "2020",
        ["Tỉnh", "Địa giới", "Nhóm", "Cơ quan", "Bộ chỉ số", "Điểm", "Hạng", "Căn cứ hạng", "Nguồn"],
        ["Hà Nội", "63", None, "Sở Y tế", "SIPAS", "90,1", "x", None, "article-000"],
    )  # fmt: skip
    assert cells["C2"] == "None, expected a group"
    assert cells["E2"].startswith("'SIPAS', expected a known index, as SIPAS cấp tỉnh")
    assert cells["G2"] == "'x', expected a rank"
    assert len(cells) == 3


def test_a_figure_of_an_article(told):
    row = {
        "Tỉnh": "Hà Nội", "Phạm vi": "toàn xã", "Từ ngày": "2020-01-01", "Đến ngày": "31/13/2020",
        "Chỉ tiêu": "Tổng số TTHC", "Đơn vị": "thủ tục", "Giá trị": "nhiều", "Mức chính xác": "exact",
        "Nguồn": "article-000",
    }  # fmt: skip
    heads = ["TT", *row]
    unknown = row | {"Chỉ tiêu": "Gió", "Đơn vị": "m/s"}
    rows = [[each.get(head) for head in heads] for each in (row, unknown)]
    cells = told(observations, "adoption/adoption.xlsx", "Số liệu", heads, *rows)
    letter = {head: workbook.letter(i) for i, head in enumerate(heads, 1)}
    assert cells[letter["Giá trị"] + "2"] == "'nhiều', expected a number, as 1234, 1.234 or 98,5"
    assert cells[letter["Đến ngày"] + "2"] == "'31/13/2020', expected a day, as 2024-12-31 or 31/12/2024"
    assert cells[letter["Phạm vi"] + "2"].startswith("'toàn xã', expected a known scope, as toàn tỉnh")
    assert cells[letter["Chỉ tiêu"] + "3"] == "'Gió [m/s]', expected a line in indicator_labels.csv"
    assert len(cells) == 4
