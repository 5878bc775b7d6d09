"""From raw files to tables: reproducible, guarded, complete."""

import shutil

import pandas as pd
import pytest

import vnegov
from vnegov import paths
from vnegov.data import build, sources, tables
from vnegov.data.schema import TABLES, check
from vnegov.errors import BadRawFile, BadTable


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory):
    folder = tmp_path_factory.mktemp("processed")
    build.build(folder)
    return folder


@pytest.mark.parametrize("file", [*(f"{name}.csv" for name in TABLES), build.PACKAGE])
def test_the_committed_tables_are_what_the_raw_files_give_byte_for_byte(rebuilt, file):
    assert (rebuilt / file).read_bytes() == (paths.PROCESSED / file).read_bytes()


@pytest.fixture
def raw(tmp_path, monkeypatch):
    """A copy of the raw files that a test may damage."""
    monkeypatch.setattr(paths, "RAW", tmp_path / "raw")
    shutil.copytree(paths.ROOT / "data" / "raw", tmp_path / "raw")
    return tmp_path / "raw"


def test_a_missing_sidecar_fails_the_build_and_is_named(raw, tmp_path):
    (raw / "dti" / "dti_34_2024.xlsx.source.yml").unlink()
    with pytest.raises(BadRawFile, match=r"dti_34_2024\.xlsx has no sidecar"):
        build.build(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_one_changed_digit_fails_the_build_and_is_named(raw, tmp_path):
    path = raw / "papi" / "papi_2011_2024.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("1.26411", "1.26412", 1), encoding="utf-8")
    with pytest.raises(BadRawFile, match=r"papi_2011_2024\.csv is not the file that its sidecar describes"):
        build.build(tmp_path / "out")


def test_a_sidecar_without_its_file_is_named(raw):
    (raw / "pci" / "pci_2013.xlsx").unlink()
    with pytest.raises(BadRawFile, match=r"pci_2013\.xlsx\.source\.yml describes a file that is not there"):
        sources.verify()


@pytest.mark.parametrize("name", TABLES)
def test_every_table_reads_as_its_schema_says(name):
    frame = vnegov.table(name)
    check(name, frame)
    assert len(frame) > 0


def test_every_source_of_every_figure_is_registered():
    known = set(vnegov.table("sources")["source_id"])
    scores = vnegov.table("scores")["source_ids"].str.split(";").explode()
    for used in (scores, vnegov.table("observations")["source_id"], vnegov.table("agencies")["source_id"]):
        assert set(used) <= known


def test_every_component_and_indicator_is_defined():
    defined = vnegov.table("components")[["index", "component"]].drop_duplicates()
    used = vnegov.table("scores")[["index", "component"]].drop_duplicates()
    assert used.merge(defined, how="left", indicator=True)["_merge"].eq("both").all()
    assert set(vnegov.table("observations")["indicator"]) <= set(vnegov.table("indicators")["indicator"])


def test_a_table_is_the_callers_own():
    first = vnegov.table("provinces")
    first.loc[:, "name_vi"] = "changed"
    assert (vnegov.table("provinces")["name_vi"] != "changed").all()


def test_an_unknown_table_is_refused_with_those_there_are():
    with pytest.raises(BadTable, match="provinces, scores"):
        vnegov.table("score")


def test_a_table_edited_by_hand_is_checked_again(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "PROCESSED", tmp_path)
    bad = vnegov.table("population").assign(geography="65")
    bad.to_csv(tmp_path / "population.csv", index=False)
    with pytest.raises(BadTable, match="geography"):
        tables.read("population")


def test_the_34_hold_the_people_of_the_63():
    people = vnegov.table("population")
    totals = people.groupby(["year", "geography"])["population_thousand"].sum().unstack()
    pd.testing.assert_series_equal(totals["34"], totals["63"], check_names=False)
