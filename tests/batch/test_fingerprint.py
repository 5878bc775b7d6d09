"""A run's fingerprint changes with what the run shows, and with nothing else."""

import pandas as pd
import pytest

from vnegov.batch.fingerprint import Fingerprints, Tables, changes
from vnegov.errors import PlanError

TWO = {"notebook": "profile", "provinces": ["26", "82"], "years": [2021], "langs": ["en"]}


def parts(project) -> dict[str, dict[str, str]]:
    found = project.fingerprints()
    return {run.keys["province_code"]: found.parts(run) for run in project.plan(TWO)}


def changed(before: dict, now: dict) -> dict[str, list[str]]:
    return {code: changes(before[code], now[code]) for code in before if before[code] != now[code]}


def edit(project, table: str, mask: str, column: str, value: object) -> None:
    path = project.tables / f"{table}.csv"
    frame = pd.read_csv(path, dtype=str)
    frame.loc[frame.eval(mask), column] = value
    frame.to_csv(path, index=False)


def test_the_same_state_gives_the_same_fingerprint(project):
    assert parts(project) == parts(project)


def test_a_figure_of_one_province_concerns_only_its_runs(project):
    before = parts(project)
    edit(project, "observations", "province_code == '82'", "value", "2")
    assert changed(before, parts(project)) == {"82": ["data:observations"]}


def test_a_figure_of_another_province_concerns_no_run(project):
    before = parts(project)
    edit(project, "scores", "province_code == '01'", "rank", "9")
    assert changed(before, parts(project)) == {}


def test_the_order_of_rows_does_not_matter_and_their_number_does(project):
    before = parts(project)
    path = project.tables / "scores.csv"
    header, *rows = path.read_text().splitlines()
    path.write_text("\n".join([header, *reversed(rows)]) + "\n")
    assert parts(project) == before
    path.write_text("\n".join([header, *rows, rows[1]]) + "\n")
    assert changed(before, parts(project)) == {"26": ["data:scores"]}


def test_a_new_column_concerns_every_run_that_reads_the_table(project):
    before = parts(project)
    path = project.tables / "observations.csv"
    pd.read_csv(path, dtype=str).assign(note="").to_csv(path, index=False)
    assert changed(before, parts(project)) == {"26": ["data:observations"], "82": ["data:observations"]}


def test_a_notebook_that_does_not_say_what_it_reads_depends_on_every_table(project):
    project.notebook("profile", 'province = "26"\nyear = 2021\nlang = "en"', "pass")
    before = parts(project)
    edit(project, "scores", "province_code == '01'", "rank", "9")
    assert changed(before, parts(project)) == {"26": ["data:scores"], "82": ["data:scores"]}


def test_code_and_prose_and_lock_each_have_their_part(project):
    before = parts(project)
    path = project.notebooks / "profile.ipynb"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("print(province, year, lang)", "print(year)").replace("A title", "Another"))
    project.lock.write_text("pandas==4\n")
    assert set(changed(before, parts(project))["26"]) == {"code", "text", "lock"}


def test_outputs_that_are_stored_in_a_template_do_not_matter(project):
    before = parts(project)
    path = project.notebooks / "profile.ipynb"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace('"outputs": []', '"outputs": [{"name": "stdout", "output_type": "stream", "text": "x"}]')
    )
    assert parts(project) == before


def test_only_modules_that_a_notebook_leads_to_are_followed(tmp_path):
    for name, text in {
        "__init__.py": "def __getattr__(name):\n    from vnegov.data.tables import table\n    return table\n",
        "data/__init__.py": "",
        "data/tables.py": "from . import schema\n",
        "data/schema.py": "import pandas\nfrom ..paths import ROOT\n",
        "paths.py": "ROOT = 1\n",
        "charts/__init__.py": "",
        "charts/lines.py": "import vnegov\nfrom vnegov.metrics.ranking import rank as r\n",
        "charts/bars.py": "",
        "charts/house.mplstyle": "",
        "metrics/__init__.py": "",
        "metrics/ranking.py": "",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    modules = Fingerprints(Tables(tmp_path), tmp_path)
    data = ["vnegov", "vnegov.data", "vnegov.data.schema", "vnegov.data.tables", "vnegov.paths"]
    assert modules.imported("import vnegov") == data
    assert modules.imported("import json") == []
    more = ["vnegov.charts", "vnegov.charts.lines", "vnegov.metrics", "vnegov.metrics.ranking"]
    assert modules.imported("from vnegov.charts import lines") == sorted(data + more)
    before = modules.module("vnegov.charts")
    (tmp_path / "charts" / "house.mplstyle").write_text("lines.linewidth: 2")
    assert modules.module("vnegov.charts") != before


def test_keys_that_nothing_gives_and_tables_that_are_not_there_are_faults(project):
    for reads, said in [
        ({"scores": ["index"]}, "it reads scores by index; a run has"),
        ({"scorez": []}, "no table 'scorez'"),
        ({"provinces": ["year"]}, "provinces has no column year"),
    ]:
        project.notebook("profile", 'province = "26"\nyear = 2021\nlang = "en"', "pass", reads)
        with pytest.raises(PlanError, match=said):
            parts(project)
