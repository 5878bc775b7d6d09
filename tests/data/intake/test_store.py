"""What an import leaves in data/raw: everything with its source, or nothing."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import Workbook, load_workbook

from vnegov import cli
from vnegov.data import build, sources
from vnegov.data.intake import store
from vnegov.data.loaders.rankings import Ranking
from vnegov.errors import BadRawFile

SOURCE = [
    "--title",
    "PCI 2013: workbook",
    "--publisher",
    "VCCI",
    "--url",
    "https://vcci.example/2013",
    "--trust",
    "official",
]
PCI = ["--index", "pci", "--edition", "2013"]


def run(capsys, *words):
    code = cli.main([str(word) for word in words])
    return code, *capsys.readouterr()


def test_without_yes_it_is_shown_and_nothing_is_written(pci, listing, capsys):
    before = listing()
    code, out, error = run(capsys, "import", pci, *PCI)
    assert code == 0 and "nothing is written; add --yes" in error
    for told in ("sheet 'PCI 2013', head in row 4, 5", "column E   score of pci_entry", "matched 63 of 63"):
        assert told in out
    assert listing() == before


def test_json_holds_the_same_for_scripts(pci, listing, capsys):
    before = listing()
    code, out, _ = run(capsys, "import", pci, *PCI, "--json")
    told = json.loads(out)
    assert (code, told["sheet"], told["matched"], told["unmatched"], told["faults"]) == (0, "PCI 2013", 63, [], [])
    assert len(told["rows"]) == 189 and set(told["rows"][0]) == {"province_code", "component", "score", "rank", "cell"}
    assert told["columns"][0] == {
        "column": "B", "head": "PCI 2013 / Weighted PCI", "component": "overall", "kind": "score",
    }  # fmt: skip
    assert listing() == before


def test_an_import_and_a_form_come_back_from_the_build(pci, raw, capsys, tmp_path):
    assert run(capsys, "import", pci, *PCI, "--yes", *SOURCE)[0] == 0
    form = tmp_path / "form.xlsx"
    assert run(capsys, "template", "services", "--province", "ca mau", "--year", 2024, "--out", form)[0] == 0
    book = load_workbook(form)
    book["Số liệu"]["I5"], book["Số liệu"]["M5"] = 1754, "Báo cáo số 12/BC-UBND"
    book.save(form)
    assert run(capsys, "add", form, "--yes")[0] == 0
    build.build(tmp_path / "out")
    scores = pd.read_csv(tmp_path / "out" / "scores.csv", dtype={"province_code": "str", "geography": "str"})
    new = scores[scores["source_ids"].str.contains("vcci-example")]
    assert new["component"].value_counts().to_dict() == {"overall": 63, "pci_entry": 63, "pci_land": 63}
    found = new.set_index(["component", "province_code"])["score"]
    assert (found["overall", "96"], found["pci_entry", "96"], found["pci_land", "92"]) == (64.0, 7.8, 7.6)
    observations = pd.read_csv(tmp_path / "out" / "observations.csv", dtype="str")
    mine = observations[observations["source_id"].str.endswith("ca-mau")]
    assert mine[["province_code", "indicator", "value", "period_end"]].to_numpy().tolist() == [
        ["96", "procedures_total", "1754.0", "2024-12-31"]
    ]


def test_the_file_is_kept_as_published_and_each_row_says_its_cells(pci, raw, capsys):
    code, _, told = run(capsys, "import", pci, *PCI, "--yes", *SOURCE)
    assert code == 0 and "vnegov build" in told
    kept = raw / "pci" / "imported" / "pci-2013-pci-2013-final.xlsx"
    assert kept.read_bytes() == pci.read_bytes()
    assert sources.verify()[kept].title == "PCI 2013: workbook"
    rows = Ranking("pci").read()
    mine = rows[rows["file"].str.endswith("pci/pci-2013-pci-2013-final.xlsx") & (rows["province_code"] == "Cà Mau")]
    labels = ["Chỉ số chung", "Gia nhập thị trường", "Tiếp cận đất đai"]
    assert mine[labels].to_numpy().tolist() == [["64", "7,80", "7,8"]]
    assert mine["note"].str.fullmatch(r"cells B\d+, E\d+, H\d+ as published").all()


def test_names_and_columns_that_are_not_taken_stand_in_the_sidecar(raw, tmp_path, capsys):
    path = tmp_path / "pci.csv"
    path.write_text("Tỉnh;PCI;Dân số\nHà Nội;57,6;7\nHà Tây;50,1;2\nCà Mau;53,8;1\n", encoding="utf-8")
    assert run(capsys, "import", path, "--index", "pci", "--edition", 2007, "--yes", *SOURCE)[0] == 0
    sidecar = sources.verify()[raw / "pci" / "pci-2007-pci.xlsx"]
    assert "left out: Hà Tây (A3); column C 'Dân số', no component of pci 2007" in sidecar.note


def test_only_unknown_columns_are_refused(raw, tmp_path, listing, capsys):
    path = tmp_path / "pci.csv"
    path.write_text("Tỉnh;Dân số\nHà Nội;7\nCà Mau;1\n", encoding="utf-8")
    before = listing()
    code, _, error = run(capsys, "import", path, *PCI, "--yes", *SOURCE)
    assert code == 2 and "column B 'Dân số', no component of pci 2013" in error
    assert listing() == before


def test_a_fault_is_told_with_all_others_and_nothing_is_written(raw, tmp_path, listing, capsys):
    path = tmp_path / "pci.csv"
    path.write_text("Tỉnh;PCI\nHà Nội;57,6\nCà Mau;53,x\nHà Giang;-5\nLào Cai;59\n", encoding="utf-8")
    before = listing()
    code, _, error = run(capsys, "import", path, *PCI, "--yes", *SOURCE)
    assert code == 2
    assert f"{path}, cell B3: read '53,x', expected a score from 0 to 100" in error
    assert f"{path}, cell B4: read '-5', expected a score from 0 to 100" in error
    assert listing() == before


def test_what_is_missing_or_wrong_of_the_source_is_told_at_once(pci, listing, capsys):
    before = listing()
    code, _, error = run(capsys, "import", pci, *PCI, "--yes", "--url", "file:///etc/passwd", "--published", "soon")
    assert code == 2
    for told in ("--title: Field required", "--publisher: Field required", "read 'file:///etc/passwd'", "read 'soon'"):
        assert told in error
    assert listing() == before


@pytest.mark.parametrize("when", ["sources.csv.source.yml", "pci-2013-pci-2013-final.xlsx"])
def test_a_failure_at_any_file_leaves_everything_as_it_was(pci, listing, capsys, monkeypatch, when):
    before, replace = listing(), Path.replace

    def broken(self, target):
        if Path(target).name == when:
            raise OSError("no space left")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", broken)
    with pytest.raises(OSError, match="no space left"):
        run(capsys, "import", pci, *PCI, "--yes", *SOURCE)
    assert listing() == before


KILLED = """
import os, signal, sys
from pathlib import Path
from vnegov import cli, paths
paths.RAW, left, replace = Path(sys.argv[1]), iter(range(int(sys.argv[2]))), Path.replace
def kill(self, target):
    if next(left, None) is None:
        os.kill(os.getpid(), signal.SIGKILL)
    return replace(self, target)
Path.replace = kill
cli.main(sys.argv[3:])
"""


@pytest.mark.parametrize("renames", range(6))
def test_a_killed_import_leaves_nothing_or_all_and_can_be_made_again(pci, raw, capsys, renames):
    words = ["import", pci, *PCI, "--yes", *SOURCE]
    script = [sys.executable, "-c", KILLED, *map(str, [raw, renames, *words])]
    assert subprocess.run(script, capture_output=True, check=False).returncode == -signal.SIGKILL
    sources.verify()
    scores = Ranking("pci").tidy(Ranking("pci").read())["scores"]
    loaded = scores[scores["file"].str.endswith("pci/pci-2013-pci-2013-final.xlsx")]
    complete = renames >= 3  # register, kept file and rows are signed
    assert loaded["province_code"].nunique() == (63 if complete else 0)
    assert run(capsys, *words)[0] == (2 if complete else 0)


def test_two_imports_at_once_are_told_apart(pci, raw, listing, capsys):
    before = listing()
    with store.importing(raw / "pci" / "new.xlsx", Ranking("pci")):
        code, _, error = run(capsys, "import", pci, *PCI, "--yes", *SOURCE)
    assert (code, listing()) == (2, before)
    assert "another import is at work in data/raw; try again when it has ended" in error
    assert run(capsys, "import", pci, *PCI, "--yes", *SOURCE)[0] == 0


def test_what_the_loader_would_refuse_is_taken_back(raw, listing):
    path, about = raw / "pci" / "bad.xlsx", store.publication(title="a", publisher="b")
    content = store.text_workbook("2013", [["TT", "Tỉnh, thành phố", "Chỉ số chung"], [1, "Atlantis", "5"]])
    before = listing()
    with pytest.raises(BadRawFile, match="Atlantis"), store.importing(path, Ranking("pci")) as new:
        new.files |= store.with_sidecar(path, content, about, None, "")
    assert listing() == before


def test_a_file_is_taken_once_and_its_publication_registered_once(pci, raw, listing, capsys):
    run(capsys, "import", pci, *PCI, "--yes", *SOURCE)
    before, once = listing(), (raw / "sources" / "sources.csv").read_text(encoding="utf-8")
    code, _, error = run(capsys, "import", pci, *PCI, "--yes", *SOURCE)
    assert code == 2 and "is there already" in error
    assert listing() == before
    about = store.publication(title="PCI 2013: workbook", publisher="x", url="https://vcci.example/2013")
    new = store.Import()
    assert new.source(about) == new.source(about) and new.files == {}
    assert once.count("PCI 2013: workbook") == 1


def test_no_field_leads_out_of_the_folder(pci, raw, capsys, tmp_path, listing):
    with pytest.raises(SystemExit):
        run(capsys, "import", pci, "--index", "../../etc", "--edition", "2013")
    with pytest.raises(SystemExit):
        run(capsys, "import", pci, "--index", "pci", "--edition", "../2013")
    title = ["--title", "../../../x", "--publisher", "../y", "--url", "http://../../z"]
    assert run(capsys, "import", pci, *PCI, "--yes", *title)[0] == 0
    assert {path.name for path in tmp_path.iterdir()} == {"raw", pci.name}


def test_a_text_that_begins_like_a_formula_stays_a_text(pci, raw, capsys):
    title = ["--title", "=1+1", "--publisher", "@VCCI"]
    assert run(capsys, "import", pci, *PCI, "--yes", *title)[0] == 0
    register = (raw / "sources" / "sources.csv").read_text(encoding="utf-8")
    assert "'=1+1,'@VCCI" in register
    page = load_workbook(raw / "pci" / "pci-2013-pci-2013-final.xlsx").active
    assert page["A1"].value == "=1+1"
    assert "f" not in {cell.data_type for row in page.iter_rows() for cell in row}


def test_an_index_without_workbooks_of_its_own_takes_imports_too(raw, tmp_path, names, capsys):
    book = Workbook()
    for row in [["Province", "D1", "TOTAL8"], *([name, 5.25, 42] for name in names.values())]:
        book.active.append(row)
    book.save(tmp_path / "papi.xlsx")
    options = ["--index", "papi", "--edition", 2024, "--geography", "63", "--yes", *SOURCE]
    assert run(capsys, "import", tmp_path / "papi.xlsx", *options)[0] == 0
    loader = Ranking("papi")
    scores = loader.tidy(loader.read())["scores"]
    scores = scores[scores["file"].str.endswith(".xlsx")]
    assert scores.groupby("component")["score"].agg(["count", "max"]).to_dict("index") == {
        "D1": {"count": 63, "max": 5.25}, "TOTAL8": {"count": 63, "max": 42}, "overall": {"count": 63, "max": 42},
    }  # fmt: skip
