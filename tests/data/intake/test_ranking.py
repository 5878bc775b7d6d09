"""Rankings as publishers lay them out, and what is read in them."""

import pytest

from vnegov.data import provinces
from vnegov.data.intake import cells, ranking
from vnegov.errors import BadRawFile

FOUR = {"Hà Nội": 57.67, "Hải Phòng": 59.76, "Đà Nẵng": 66.45, "Cà Mau": 53.8}
HEAD = ["Tỉnh, thành phố", "Điểm số"]


def figures(found, kind="score", component="overall"):
    """Province → figure, for one component."""
    names = provinces.names(found.geography)
    return {
        names[row["province_code"]]["name_vi"]: row[kind]
        for row in found.record()["rows"]
        if row["component"] == component and row[kind] is not None
    }


def components(found):
    return {column["column"]: (column["component"], column["kind"]) for column in found.columns}


def test_pairs_side_by_side_each_keep_their_own_order(pci, names):
    sheets = cells.sheets(pci)
    found = ranking.choose(str(pci), sheets, "pci", 2013, None)
    assert (found.sheet, found.head, found.matched, found.unmatched) == ("PCI 2013", [4, 5], 63, [])
    assert components(found) == {"B": ("overall", "score"), "E": ("pci_entry", "score"), "H": ("pci_land", "score")}
    for row in found.record()["rows"]:
        code = int(row["province_code"])
        expected = 40 + code / 4 if row["component"] == "overall" else 3 + code / 20
        assert row["score"] == pytest.approx(expected, abs=0.0051)
        column, line = row["cell"][0], int(row["cell"][1:])
        assert sheets["PCI 2013"][line - 1][ord(column) - ord("A") - 1] == names[row["province_code"]]
    assert [what for what in found.left_out if "Trung bình" in what] == [
        f"cell {cell} 'Trung bình', a total or region" for cell in ("A69", "D69", "G69")
    ]


@pytest.mark.parametrize(
    ("spelling", "code"),
    [
        ("TT-Hue", "46"), ("T.T. Huế", "46"), ("Hà Tây", None), ("BRVT", "77"), ("Ba Ria - Vung Tau", "77"),
        ("HCMC", "79"),
        ("TP. Hồ Chí Minh", "79"), ("TP.HCM", "79"), ("1. Hà Giang", "02"), ("Hà Giang (1)", "02"), ("Hà Giang*", "02"),
        ("tỉnh Đắk Lắk", "66"), ("DAC LAC", "66"), ("Ho\u0300a Bi\u0300nh", "17"), ("Hoà  Bình", "17"),
        ("Can Tho city", "92"),
    ],
)  # fmt: skip
def test_names_are_known_in_any_spelling(read, spelling, code):
    found = read([HEAD, *map(list, FOUR.items()), [spelling, 60]])
    assert [gap["cell"] for gap in found.unmatched] == ([] if code else ["A6"])
    assert code is None or code in {row["province_code"] for row in found.record()["rows"]}


@pytest.mark.parametrize(
    ("printed", "score"),
    [
        (57.81, 57.81),
        ("57,81", 57.81),
        ("57.81", 57.81),
        (" 57,81 ", 57.81),
        ("57.815", 57.815),
        ("57,815", 57.815),
        (57, 57),
    ],
)
def test_scores_are_read_as_number_or_text_with_either_decimal_sign(read, printed, score):
    assert figures(read([HEAD, ["Hà Nội", printed], ["Cà Mau", 50]]))["Hà Nội"] == score


@pytest.mark.parametrize(("printed", "kept"), [("57,80", "57,80"), (57.8, "57,8"), (57, "57"), ("0.5030", "0,5030")])
def test_printed_digits_are_kept(read, printed, kept):
    found = read([HEAD, ["Hà Nội", printed], ["Cà Mau", 50]])
    assert found.printed["overall", "01", "score"] == (kept, "B2")


def test_titles_regions_totals_notes_and_empty_rows_are_passed_over(read):
    found = read(
        [
            ["BẢNG XẾP HẠNG PCI CÁC TỈNH, THÀNH PHỐ NĂM 2013"], ["Đơn vị: điểm"], [],
            ["STT", *HEAD], ["(1)", "(2)", "(3)"],
            [None, "Cả nước", 58.5],
            ["I", "Đồng bằng sông Hồng", 57.1], [1, "Hà Nội", 57.67], [2, "Hải Phòng", 59.76],
            ["II", "Miền Trung"], [3, "Đà Nẵng", 66.45],
            [None, "Mekong River Delta"], [4, "Cà Mau", 53.8], [],
            [None, "Trung vị", 57.8], ["Nguồn: VCCI"], ["(*) Hà Nội tính cả Hà Tây (cũ)"],
        ]
    )  # fmt: skip
    assert figures(found) == FOUR
    assert found.head == [4] and found.unmatched == []
    assert [what.split("'")[1] for what in found.left_out] == ["Cả nước", "Đồng bằng sông Hồng", "Trung vị"]


def test_a_head_of_three_rows_is_read_from_the_lowest_part_up(read):
    found = read(
        [
            ["Vietnam ICT Index 2018"],
            ["TT", "Tỉnh/Thành phố", "Chỉ số thành phần", None, None, None, "ICT Index", None],
            [None, None, "Hạ tầng kỹ thuật", None, "Ứng dụng CNTT", None, None, None],
            [None, None, "Điểm", "Xếp hạng", "Điểm", "Xếp hạng", "2018", "Xếp hạng"],
            [1, "Đà Nẵng", "0,81", 1, "0,90", 2, "0,9238", 1],
            [2, "Hà Nội", "0,72", 2, "0,95", 1, "0,8000", 2],
        ],
        "ict_index", 2018,
    )  # fmt: skip
    assert found.head == [2, 3, 4]
    assert components(found) == {
        "C": ("infrastructure", "score"), "D": ("infrastructure", "rank"), "E": ("application", "score"),
        "F": ("application", "rank"), "G": ("overall", "score"), "H": ("overall", "rank"),
    }  # fmt: skip
    assert figures(found) == {"Đà Nẵng": 0.9238, "Hà Nội": 0.8}
    assert figures(found, "rank", "application") == {"Đà Nẵng": 2, "Hà Nội": 1}


def test_ranks_may_stand_before_the_names(read):
    block = [["Hạng", "Tỉnh", "PCI"], [1, "Đà Nẵng", 66.45], [2, "Hà Nội", 57.67]]
    found = read(
        [
            [*row, *other]
            for row, other in zip(block, [block[0], [3, "Cà Mau", 53.8], [4, "Hải Phòng", 50]], strict=True)
        ]
    )
    assert figures(found, "rank") == {"Đà Nẵng": 1, "Hà Nội": 2, "Cà Mau": 3, "Hải Phòng": 4}
    assert figures(found)["Cà Mau"] == 53.8


def test_ranks_printed_with_how_many_there_are(read):
    assert figures(read([["Tỉnh", "Thứ hạng"], ["Hà Nội", "33/63"], ["Cà Mau", "60/63"]]), "rank") == {
        "Hà Nội": 33,
        "Cà Mau": 60,
    }


@pytest.mark.parametrize(
    ("index", "head", "component"),
    [
        ("pci", "PCI", "overall"), ("pci", "Điểm số", "overall"), ("pci", "Score", "overall"),
        ("pci", "Weighted PCI", "overall"),
        ("pci", "Tổng điểm", "overall"), ("pci", "Chỉ số PCI 2013", "overall"), ("pci", "Chỉ số chung", "overall"),
        ("pci", "Entry Costs", "pci_entry"), ("pci", "1. ENTRY COSTS", "pci_entry"),
        ("pci", "Sub-index 1: Entry costs", "pci_entry"),
        ("pci", "Chi phí gia nhập thị trường", "pci_entry"), ("pci", "Gia nhap thi truong", "pci_entry"),
        ("pci", "Informal charges", "pci_informal"), ("dti", "Hoạt động kinh tế số", "economy_activity"),
        ("sipas", "Chỉ số hài lòng", "overall"), ("par_index", "PAR INDEX", "overall"),
        ("par_index", "Chỉ số cải cách hành chính", "overall"),
        ("par_index", "Cải cách tài chính công", "public_finance"),
        ("papi", "D1", "D1"), ("papi", "1.1", "1.1"), ("papi", "TOTAL8", "TOTAL8"),
    ],
)  # fmt: skip
def test_a_head_names_its_component_in_either_language(read, index, head, component):
    small = [[name, 0.5 if index == "dti" else 9] for name in FOUR]
    found = read([["Tỉnh", head], *small], index)
    assert [column["component"] for column in found.columns] == [component]


@pytest.mark.parametrize(("index", "head"), [("pci", "Unweighted PCI"), ("pci", "Dân số"), ("dti", "Kinh tế số")])
def test_a_head_that_names_no_component_is_told(read, index, head):
    with pytest.raises(BadRawFile, match=f"there are column B '{head}', no component of {index} 2013"):
        read([["Tỉnh", head], *map(list, FOUR.items())], index)


def test_a_head_over_the_names_names_the_scores_beside(read):
    rows = [["Tiếp cận đất đai", None, "Tính minh bạch", None], *([name, 7, name, 8] for name in FOUR)]
    assert components(read(rows)) == {"B": ("pci_land", "score"), "D": ("pci_transparency", "score")}


def test_serial_numbers_changes_other_years_and_words_are_no_figures(read):
    found = read(
        [
            ["STT", "Tỉnh", "Mã số", "PCI 2012", "PCI 2013", "Thay đổi", "Nhóm"],
            [1, "Đà Nẵng", 48, 61.71, 66.45, 4.74, "Tốt"],
            [2, "Hà Nội", 1, 53.4, 57.67, 4.27, "Khá"],
        ]
    )
    assert components(found) == {"E": ("overall", "score")}
    assert found.left_out == [
        f"column {head}, no component of pci 2013" for head in ("C 'Mã số'", "D 'PCI 2012'", "F 'Thay đổi'")
    ]


def test_component_says_what_a_column_holds(read):
    rows = [["Tỉnh", "A", "B"], *([name, 7, 8] for name in FOUR)]
    assert components(read(rows, components=["C=pci_land"])) == {"C": ("pci_land", "score")}
    asked = read([["Tỉnh", "PCI", "Điểm"], *rows[1:]], components=["C=overall"])
    assert components(asked) == {"C": ("overall", "score")} and not asked.faults.found
    with pytest.raises(BadRawFile, match=r"read B=nothing, expected COLUMN=ID, ID one of overall, pci_bias"):
        read(rows, components=["B=nothing"])
    expected = "cell Z1: read None, expected a column of numbers for --component Z=pci_land"
    assert expected in read(rows, components=["Z=pci_land"]).faults.found[0]


def test_a_name_that_no_province_has_is_told_with_its_cell_and_the_nearest(read):
    found = read([HEAD, ["Hà Nộii", 50], *map(list, FOUR.items()), ["Vinh Phux", 61.5]])
    assert [(gap["name"], gap["cell"], gap["suggestions"][0]) for gap in found.unmatched] == [
        ("Hà Nộii", "A2", "Hà Nội"),
        ("Vinh Phux", "A7", "Vĩnh Phúc"),
    ]
    assert figures(found) == FOUR


def test_all_that_does_not_fit_is_told_at_once_with_cell_reading_and_expectation(read):
    found = read(
        [["Tỉnh", "PCI", "Xếp hạng"], ["Hà Nội", "57,8l", 1], ["Đà Nẵng", 664.5, 99], ["Cà Mau", "khoảng 50", 3],
             ["Hải Phòng", 51, 4],
         ["Hà Giang", 52, 5], ["Hải Phòng", 53, 4], ["Lào Cai", "n/a", "-"]]
    )  # fmt: skip
    assert found.faults.found == [
        "file.xlsx, sheet 'Sheet1', cell B2: read '57,8l', expected a score from 0 to 100",
        "file.xlsx, sheet 'Sheet1', cell B3: read '664.5', expected a score from 0 to 100",
        "file.xlsx, sheet 'Sheet1', cell B4: read 'khoảng 50', expected a score from 0 to 100",
        "file.xlsx, sheet 'Sheet1', cell B7: read '53', expected one score of overall a province, "
        "but there is 51 in B5 for Hải Phòng",
        "file.xlsx, sheet 'Sheet1', cell C3: read '99', expected a rank from 1 to 64",
    ]


def test_two_columns_of_one_component_are_a_fault(read):
    found = read([["Tỉnh", "PCI", "Điểm"], *([name, 50, 51] for name in FOUR)])
    expected = "one score of overall, but column B reads as one too; say which, as --component C=overall"
    assert found.faults.found == [f"file.xlsx, sheet 'Sheet1', cell C1: read 'Điểm', expected {expected}"]
    assert components(found) == {"B": ("overall", "score")}


def test_the_lowest_part_that_tells_something_decides(read):
    rows = [
        ["Tỉnh", "Điểm thẩm định", None, "Điểm Chỉ số SIPAS", "PAR INDEX 2022"],
        [None, "Tự đánh giá", "Bộ Nội vụ thẩm định", None, "Tổng điểm"],
        ["Hà Nội", 60, 59, 8, 85],
        ["Cà Mau", 61, 60, 8, 86],
    ]
    found = read(rows, "par_index", 2022)
    assert components(found) == {"E": ("overall", "score")}


def test_of_several_sheets_the_one_that_names_most_provinces_and_no_other_year_is_taken(read):
    rows = [HEAD, *map(list, FOUR.items())]
    sheets = {"Top 3": rows[:4], "2012": [*rows, ["Hà Giang", 1]], "2013": rows, "Ghi chú": [["PCI"]]}
    found = read(sheets)
    assert found.sheet == "2013"
    assert found.left_out == ["sheet 'Top 3'", "sheet '2012'", "sheet 'Ghi chú'"]
    assert read(sheets, sheet="Top 3").matched == 3
    assert read(sheets, sheet="2012").matched == 5
    with pytest.raises(BadRawFile, match="there are sheet 'Top 3', sheet '2012', sheet '2013', sheet 'Ghi chú'"):
        read(sheets, sheet="2014")
    with pytest.raises(BadRawFile, match="there are sheet '2012' "):
        read({"2012": rows})


def test_the_34_provinces_are_told_by_their_names(read):
    rows = [["Tỉnh", "DTI"], *([row["name_vi"], 0.5] for row in provinces.names("34").values())]
    found = read(rows, "dti", 2024)
    assert (found.geography, found.matched) == ("34", 34)
    assert {row["province_code"] for row in found.record()["rows"]} == set(provinces.names("34"))
    assert read(rows, "dti", 2024, "63").geography == "63"


@pytest.mark.parametrize("rows", [[], [["Hà Nội", 5]], [["Tỉnh", "Nhóm"], ["Hà Nội", "Tốt"], ["Cà Mau", "Khá"]]])
def test_a_file_without_a_ranking_says_what_was_expected(read, rows):
    with pytest.raises(BadRawFile, match="no ranking of pci 2013 was found; expected names of provinces in a column"):
        read(rows)


@pytest.mark.parametrize("edition", [0, 1492, 20130])
def test_an_edition_is_a_year(read, edition):
    with pytest.raises(BadRawFile, match=f"--edition: read {edition}, expected a year from 1990"):
        read([HEAD], edition=edition)
