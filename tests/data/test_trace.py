"""From any figure to the cell that it was read in."""

import json

import openpyxl
import pytest

import vnegov
from vnegov import cli, paths
from vnegov.data import build, provinces, trace
from vnegov.errors import UnknownProvince


def printed(row):
    """What stands in the cells that a row of a trace names."""
    sheet = openpyxl.load_workbook(paths.ROOT / row["file"])[row["sheet"]]
    return [str(sheet[cell].value) for cell in row["cell"].split(", ")]


def test_the_seed_figure_is_traced_to_its_cells():
    rows = trace.trace("Vĩnh Phúc", "ict_index", 2018)
    by_use = rows.set_index("use")
    assert printed(by_use.loc["rank"]) == ["18"]
    assert printed(by_use.loc["score"]) == ["0,5032"]
    assert set(rows["source_id"]) == {"article-000"}


def test_a_correction_is_told_with_what_was_printed():
    rows = trace.trace("Quảng Ninh", "par_index", 2018)
    corrected = rows[rows["why"].notna()].iloc[0]
    assert (corrected["stated"], corrected["corrected"]) == ("score 81", "score 89.06")
    assert printed(corrected) == ["81", "1"]
    assert corrected["use"] == "", "another source prints 89.06, and is taken before a corrected one"
    assert rows["use"].iloc[0] == "score and rank"
    assert {89.06, 89.6} == set(rows["score"])


@pytest.mark.parametrize(
    ("province", "index", "edition", "component", "geography"),
    [
        ("Cà Mau", "dti", 2022, "overall", None),
        ("Cà Mau", "dti", 2024, "security", "34"),
        ("82", "papi", 2022, "TOTAL8", None),
        ("Hà Nội", "par_index", 2023, "overall", None),
        ("Sơn La", "sipas", 2021, "overall", None),
        ("An Giang", "pci", 2013, "pci_land", None),
        ("Huế", "svc766", 2023, "digitisation", "34"),
    ],
)
def test_what_is_taken_is_what_the_table_holds(province, index, edition, component, geography):
    rows = trace.trace(province, index, edition, component, geography)
    geography = geography or provinces.geography_of(edition)
    code = provinces.resolve(province, geography)
    table = vnegov.table("scores").set_index(["index", "edition", "geography", "province_code", "component"])
    row = table.loc[(index, edition, geography, code, component)]
    assert list(dict.fromkeys(rows["source_id"])) == row["source_ids"].split(";")
    taken = rows[rows["use"].str.contains("score")].iloc[0]
    assert taken["score"] == row["score"]
    if row["rank_basis"] in ("published", "inferred", "derived"):
        assert rows[rows["use"].str.contains("rank")].iloc[0]["rank"] == row["rank"]


def test_an_indicator_is_traced_by_year():
    row = trace.trace("Vĩnh Phúc", "portal_business_items", 2018).iloc[0]
    assert row["says"].startswith("over 500 items")
    assert printed(row) == ["500"]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("Vĩnh Phúc", "ict", 2018), "nearest: ict_index"),
        (("Vĩnh Phúc", "sipas", 2013), "known: 2017 overall"),
        (("Vĩnh Phúc", "papi", 2018, "D9"), "2018 D8"),
        (("Vĩnh Phúc", "services_full", 2010), "known: 20"),
    ],
)
def test_what_is_not_known_is_refused_with_what_is(asked, told):
    with pytest.raises(trace.UnknownFigure, match=told):
        trace.trace(*asked)


def test_an_unknown_province_is_refused():
    with pytest.raises(UnknownProvince, match="Vĩnh Phúc"):
        trace.trace("Vinh Fuc", "dti", 2022)


def test_the_command_prints_file_sheet_cell_source_and_address(capsys):
    assert cli.main(["trace", "Quảng Ninh", "par_index", "2018"]) == 0
    told = capsys.readouterr().out
    for part in ("par_index_press.xlsx, sheet 2018, cell C21, D21", "corrected: score 81 → score 89.06",
                 "VietnamPlus (TTXVN), 2019-05-24 (press)", "https://viet-jo.com/", "[not taken]"):  # fmt: skip
        assert part in told


@pytest.mark.filterwarnings("ignore")  # of frictionless, on its own dependencies
def test_the_datapackage_passes_frictionless():
    from frictionless import Package, validate

    package = paths.PROCESSED / build.PACKAGE
    report = validate(str(package))
    assert report.valid, report.flatten(["taskNumber", "fieldName", "rowNumber", "note"])[:10]
    assert len(Package(str(package)).resources) == len(list(paths.PROCESSED.glob("*.csv")))


def test_the_datapackage_names_licences_sources_types_and_keys():
    described = json.loads((paths.PROCESSED / build.PACKAGE).read_text(encoding="utf-8"))
    assert described["licenses"] and described["sources"]
    scores = next(resource for resource in described["resources"] if resource["name"] == "scores")
    assert scores["schema"]["primaryKey"] == ["index", "edition", "geography", "province_code", "component"]
    assert all(field["type"] and field["description"] for field in scores["schema"]["fields"])
