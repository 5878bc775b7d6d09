"""The form for offices: what it looks like, what it takes, what it refuses."""

import datetime
from functools import cache

import pytest
from openpyxl import load_workbook

from vnegov.data import sources
from vnegov.data.intake import form
from vnegov.data.loaders import forms
from vnegov.errors import BadRawFile, UnknownProvince

AT = dict(zip(forms.HEADS, "ABCDEFGHIJKLMNO", strict=True))


@cache
def blank(province, year, folder):
    """The bytes of a new form."""
    return form.template(province, year, folder / f"{province} {year}.xlsx").read_bytes()


@pytest.fixture(scope="module")
def blanks(tmp_path_factory):
    """A folder for the forms that `fill` starts from."""
    return tmp_path_factory.mktemp("blanks")


@pytest.fixture
def fill(tmp_path, blanks):
    """Fill in a new form: {"value5": 3, …} → its path."""

    def fill(province="Cà Mau", year=2024, name="form", **cells):
        path = tmp_path / f"{name}.xlsx"
        path.write_bytes(blank(province, year, blanks))
        book = load_workbook(path)
        for cell, value in cells.items():
            book["Số liệu"][AT[cell.rstrip("0123456789")] + cell.lstrip("abcdefghijklmnopqrstuvwxyz_")] = value
        book.save(path)
        return path

    return fill


def test_a_form_guides_the_hand_in_both_languages(fill):
    book = load_workbook(fill())
    page = book["Số liệu"]
    assert page["A1"].value.startswith("Dịch vụ công trực tuyến, Cà Mau, năm 2024 · Online public services")
    assert [cell.value for cell in page[4]] == list(forms.HEADS.values())
    choices = {str(rule.sqref)[0]: rule for rule in page.data_validations.dataValidation}
    lists = {"indicator": forms.indicators(), "scope": forms.SCOPES, "qualifier": forms.QUALIFIERS}
    for (field, listed), at in zip(lists.items(), "ABC", strict=True):
        rule = choices[AT[field]]
        assert (rule.type, rule.formula1) == ("list", f"'Hướng dẫn'!${at}$1:${at}${len(listed)}")
        assert [cell.value for cell in book["Hướng dẫn"][at][: len(listed)]] == list(listed)
    assert (choices[AT["value"]].type, choices[AT["period_start"]].type) == ("decimal", "date")
    assert page["D5"].value == "thủ tục · procedures"
    assert (page["G5"].value, page["H5"].value) == (datetime.datetime(2024, 1, 1), datetime.datetime(2024, 12, 31))
    assert len(list(book["Hướng dẫn"].rows)) > len({line.value for line in page["C"][4:]})


def test_heads_are_protected_and_only_cells_to_fill_are_not(fill):
    page = load_workbook(fill())["Số liệu"]
    assert page.protection.sheet
    free = {cell.column_letter for row in page.iter_rows() for cell in row if not cell.protection.locked}
    assert free == set(AT.values()) - {AT[field] for field in ("province", "geography", "unit")}
    assert all(cell.protection.locked for cell in page[4]) and page["C5"].protection.locked


def test_a_form_holds_no_formula(fill):
    book = load_workbook(fill())
    assert "f" not in {cell.data_type for page in book for row in page.iter_rows() for cell in row}


def test_the_geography_is_that_of_the_year(fill):
    rows = form.filled(fill("Cà Mau", 2025, value5=1, source_title5="Báo cáo"))
    assert rows[["province", "geography"]].to_numpy().tolist() == [["Cà Mau", "34"]]
    with pytest.raises(UnknownProvince, match="became part of Cà Mau"):
        form.template("Bạc Liêu", 2025, None)


def test_a_form_is_never_written_over_another_file(fill, tmp_path):
    fill()
    with pytest.raises(BadRawFile, match=r"form\.xlsx: expected the name of a new \.xlsx file"):
        form.template("Cà Mau", 2024, tmp_path / "form.xlsx")
    with pytest.raises(BadRawFile, match="--year: read 1899"):
        form.template("Cà Mau", 1899, None)


def test_an_empty_form_is_refused(fill):
    with pytest.raises(BadRawFile, match="nothing is filled in; expected numbers in the column 'Giá trị · Value'"):
        form.filled(fill())


def test_every_cell_that_does_not_fit_is_told_at_once(fill):
    path = fill(
        value5="many", value6=12.5, value7=-1, value14=101, note8="n", numerator9=5, denominator9=3, value9=2,
        scope10="everywhere", period_start10="2024-12-31", period_end10="2024-01-01", value10=1, qualifier10="?",
        scope11="cơ quan · one agency", value11=3, source_url11="ftp://x", indicator25="x", value25=1,
        value12="=SUM(A1:A2)",
    )  # fmt: skip
    with pytest.raises(BadRawFile) as refusal:
        form.filled(path)
    told = str(refusal.value).splitlines()
    cells = {line.split("cell ")[1].split(":")[0] for line in told}
    sources_missing = {f"M{row}" for row in (5, 6, 7, 8, 9, 10, 11, 12, 14, 25)}
    assert cells == sources_missing | {
        "I5",
        "I6",
        "I7",
        "I8",
        "I12",
        "I14",
        "K9",
        "E10",
        "H10",
        "L10",
        "F11",
        "N11",
        "C25",
    }
    assert "form.xlsx, sheet 'Số liệu', cell I5: read 'many', expected a whole number, as 1234 or 1.234" in told


def test_figures_may_be_typed_as_vietnamese_text(fill):
    path = fill(
        value5="1.754", source_title5="Báo cáo", value16="98,5", source_title16="Báo cáo", period_end16="30/06/2024"
    )
    rows = forms.tidy(form.filled(path).assign(source_id="article-001"))["observations"]
    assert rows["value"].tolist() == [1754, 98.5]
    assert rows["period_end"].tolist() == ["2024-12-31", "2024-06-30"]


def test_an_added_form_has_its_sources_registered(fill, raw):
    path = fill(
        value5=10, source_title5="Trang A", source_url5="https://camau.gov.vn/a", value6=9, source_title6="Báo Mới",
        source_url6="https://baomoi.com/b", value8=3, source_title8="Trang A", source_url8="https://camau.gov.vn/a",
    )  # fmt: skip
    written = form.add(path, form.filled(path))
    assert raw / "forms" / "form.xlsx" in written and raw / "forms" / "form.xlsx" in sources.verify()
    rows = forms.tidy(forms.read())["observations"]
    assert rows["indicator"].tolist() == ["procedures_total", "services_full", "services_level3"]
    register = [sources.register()[source] for source in rows["source_id"]]
    assert [source["trust"] for source in register] == ["official", "dataset", "official"]
    assert register[0] == register[2]


def test_a_field_that_begins_like_a_formula_stays_a_text(fill, raw):
    texts = {5: '=HYPERLINK("http://x")', 6: "+1", 7: "-1", 8: "@SUM(A1)"}
    typed = {f"{field}{r}": text for r, text in texts.items() for field in ("source_title", "note", "agency")}
    path = fill(**typed, **{f"value{r}": 10 for r in texts})
    form.add(path, form.filled(path))
    page = load_workbook(raw / "forms" / "form.xlsx").active
    assert "f" not in {cell.data_type for row in page.iter_rows() for cell in row}
    for r, text in enumerate(texts.values(), 2):
        assert [page[f"{AT[field]}{r}"].value for field in ("agency", "source_title", "note")] == [text] * 3
    for row in forms.tidy(forms.read())["observations"].to_dict("records"):
        title = sources.register()[row["source_id"]]["title"]
        assert row["note"] == row["agency"] == title == f"'{texts[row['row'] + 3]}"


def test_a_form_whose_head_was_changed_is_refused(fill):
    path = fill(value5=10, source_title5="a", value4="Số")
    with pytest.raises(
        BadRawFile, match=r"form\.xlsx, sheet 'Số liệu': expected the head 'Giá trị · Value' in column I"
    ):
        form.filled(path)


def test_another_workbook_is_no_form(pci):
    with pytest.raises(BadRawFile, match="expected a form of `vnegov template`"):
        form.filled(pci)
