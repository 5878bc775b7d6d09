"""A batch runs what is not good yet, says what happened, and leaves outputs that are whole."""

import json
import os
import sys
import threading
from pathlib import Path

import pytest

from vnegov.batch import execution
from vnegov.batch.ledger import locked

ONE = {"notebook": "profile", "provinces": ["26"], "years": [2021], "langs": ["en"]}
TWO = ONE | {"provinces": ["26", "82"]}
PARAMETERS = 'province = "26"\nyear = 2021\nlang = "en"'
OUTPUT = "reports/profile/vinh-phuc-2021-en.ipynb"


def told(project) -> dict:
    return project.records()[OUTPUT]


def test_a_run_leaves_its_notebook_its_figure_and_its_record(project):
    assert project.run(ONE) == 0
    record = told(project)
    assert (record["status"], record["title"], record["error"]) == ("done", "A title", None)
    assert record["parameters"] == {"year": 2021, "province": "26", "lang": "en"}
    assert record["figures"] == ["figures/26-2021-en.svg"]
    assert (project.output / "figures" / "26-2021-en.svg").exists()
    content = json.loads((project.output / OUTPUT).read_text(encoding="utf-8"))
    assert content["metadata"]["papermill"]["parameters"] == record["parameters"]
    assert content["metadata"]["vnegov"]["run"]["fingerprint"] == record["fingerprint"]
    assert content["cells"][-1]["outputs"][0]["text"] == ["26 2021 en\n"]


def test_what_is_unchanged_is_not_run_again(project):
    assert project.run(TWO) == 0
    stamp = (project.output / OUTPUT).stat().st_mtime_ns
    assert project.run(TWO) == 0
    assert "2 unchanged" in project.shown
    assert (project.output / OUTPUT).stat().st_mtime_ns == stamp
    (project.output / "reports" / "run.jsonl").unlink()  # the truth is in the outputs
    assert project.run(TWO) == 0
    assert "2 unchanged" in project.shown


def test_explain_names_what_changed_and_dry_run_changes_nothing(project):
    project.run(TWO)
    project.table("observations", [{"geography": "63", "province_code": "26", "period_end": "2021-12-31", "value": 2}])
    project.lock.write_text("pandas==4")
    before = project.outputs()
    assert project.run(TWO, dry_run=True, explain=True) == 0
    assert f"{OUTPUT}: changed data:observations, lock" in project.shown
    assert "2 to run, 0 unchanged" in project.shown
    assert project.outputs() == before
    assert project.run(ONE, force=True, dry_run=True, explain=True) == 0
    assert "forced" in project.shown


def test_a_missing_output_or_figure_is_made_again(project):
    project.run(TWO)
    (project.output / "figures" / "26-2021-en.svg").unlink()
    project.run(TWO, dry_run=True, explain=True)
    assert f"{OUTPUT}: figures/26-2021-en.svg is missing" in project.shown
    (project.output / OUTPUT).unlink()
    project.run(TWO, dry_run=True, explain=True)
    assert f"{OUTPUT}: no output yet" in project.shown
    assert "1 to run, 1 unchanged" in project.shown


def test_a_failing_run_stops_no_other_and_its_notebook_is_kept(project):
    project.notebook("profile", PARAMETERS, "if province == '26': raise KeyError('no figure')\nprint(1)")
    assert project.run(TWO) == 1
    kept = "reports/failed/profile/vinh-phuc-2021-en.ipynb"
    assert told(project)["kept"] == kept
    assert "KeyError: 'no figure' (in cell" in told(project)["error"]
    assert project.shown.splitlines()[0].startswith(f"failed: {kept}: KeyError")
    assert "1 failed, 1 done" in project.shown
    assert list(project.records()) == [OUTPUT, "reports/profile/tien-giang-2021-en.ipynb"]  # failures first
    assert (project.output / kept).exists()
    assert not (project.output / OUTPUT).exists()
    project.notebook("profile", PARAMETERS, "print(1)")
    assert project.run(TWO) == 0
    assert not (project.output / kept).exists()


def test_nothing_published_is_an_answer(project):
    code = "from vnegov.errors import SkipRun\nraise SkipRun('DTI 2021 was not published.')"
    project.notebook("profile", PARAMETERS, code)
    assert project.run(ONE) == 0
    assert told(project)["status"] == "nothing published"
    text = (project.output / OUTPUT).read_text(encoding="utf-8")
    assert "DTI 2021 was not published." in text
    assert "Traceback" not in text
    assert project.run(ONE) == 0
    assert "1 unchanged" in project.shown


def test_a_run_over_its_time_is_ended_with_all_that_it_started(project):
    code = "import subprocess, time\nprint(subprocess.Popen(['sleep', '77']).pid)\ntime.sleep(60)"
    project.notebook("profile", PARAMETERS, code)
    assert project.run(ONE, timeout=2) == 1
    assert told(project)["error"] == "stopped after 2 s, the limit per run"
    content = json.loads((project.output / told(project)["kept"]).read_text(encoding="utf-8"))
    child = int("".join(content["cells"][-1]["outputs"][0]["text"]))
    assert not _lives(child)


def test_a_run_that_the_system_kills_is_reported_as_that(project):
    project.notebook("profile", PARAMETERS, "import os\nos.write(2, b'last words')\nos.kill(os.getpid(), 9)")
    assert project.run(ONE) == 1
    assert "its process was killed by SIGKILL (the system does that when memory runs out)" in told(project)["error"]
    assert "last words" in told(project)["error"]


def test_a_run_that_dies_takes_along_what_it_started(project):
    code = "import os, time\nif os.fork() == 0:\n    time.sleep(77)\nos.kill(os.getpid(), 9)"
    project.notebook("profile", PARAMETERS, code)
    assert project.run(ONE, timeout=30) == 1
    assert "its process was killed by SIGKILL" in told(project)["error"]


def test_only_a_process_that_does_not_start_is_tried_again(project, tmp_path, monkeypatch):
    tries = tmp_path / "tries"
    start = f"open({str(tries)!r}, 'a').write('x'); raise SystemExit('no licence')"
    with monkeypatch.context() as patch:
        patch.setattr(execution, "COLD", [sys.executable, "-c", start])
        assert project.run(ONE, cold=True) == 1
    assert tries.read_text() == "x" * execution.STARTS
    assert "its process did not start in 3 attempts" in told(project)["error"]
    assert "no licence" in told(project)["error"]
    assert (project.output / told(project)["kept"]).exists()
    project.notebook("profile", PARAMETERS, f"open({str(tries)!r}, 'a').write('y')\nraise OSError")
    assert project.run(ONE) == 1
    assert tries.read_text().count("y") == 1


def test_a_full_disk_stops_the_batch_and_is_named(project, monkeypatch):
    def full(self, *_args, **_options):
        if ".ipynb" in self.suffixes and self.suffix == ".partial":
            raise OSError(28, "No space left on device")
        return write(self, *_args, **_options)

    write = Path.write_bytes
    monkeypatch.setattr(Path, "write_bytes", full)
    assert project.run(TWO) == 1
    assert "[Errno 28] No space left on device" in project.shown
    assert not list(project.output.rglob("*.ipynb*"))


def test_an_output_folder_that_cannot_be_written_is_named(project):
    project.output.write_text("a file in the way")
    assert project.run(ONE) == 1
    assert f"the output folder {project.output} cannot be written" in project.shown


def test_two_batches_do_not_write_to_one_folder(project):
    with locked(project.output):
        assert project.run(ONE) == 1
    assert f"another batch (pid {os.getpid()} on " in project.shown
    assert project.run(ONE) == 0


def test_the_lock_of_a_dead_batch_is_taken_over_and_its_rubbish_removed(project):
    reports = project.output / "reports"
    (reports / "profile").mkdir(parents=True)
    (reports / ".lock").write_text("pid 1 on elsewhere")
    (reports / "profile" / "x.ipynb.12.partial").write_text("{")
    (reports / "run.jsonl").write_text('{"output": "torn')
    assert project.run(ONE) == 0
    assert not list(reports.rglob("*.partial"))
    assert list(project.records()) == [OUTPUT]


def test_a_bad_plan_runs_nothing(project):
    assert project.run(ONE, ONE | {"provinces": ["Vinh Fuc"]}) == 2
    assert "Vĩnh Phúc" in project.shown
    assert not project.output.exists()


def test_ctrl_c_leaves_a_state_to_go_on_from(project):
    class Interrupted(type(project.here)):
        def submit(self, job):
            if threading.current_thread() is threading.main_thread() and "vinh" in job.args[1]["output"]:
                raise KeyboardInterrupt
            return super().submit(job)

    assert project.run(TWO | {"provinces": ["82", "26"]}, executor=Interrupted()) == 130
    assert project.run(TWO) == 0
    assert "1 done, 1 unchanged" in project.shown
    assert len(project.records()) == 2


def test_outputs_can_go_where_papermill_can_write(project, monkeypatch, tmp_path):
    from papermill.iorw import papermill_io

    stored = {}

    class Store:
        def write(self, text, path):
            stored[path] = text

    papermill_io.register("store://", Store())
    monkeypatch.setenv("VNEGOV_OUTPUT", str(tmp_path / "home"))
    assert project.run(ONE, output="store://bucket") == 0
    assert list(stored) == [f"store://bucket/{OUTPUT}"]
    assert project.run(ONE, output="store://bucket") == 0
    assert "1 unchanged" in project.shown


def test_a_run_has_a_private_ipython_folder_that_goes_with_it(project):
    code = (
        "import os, stat, json\n"
        "home = os.path.dirname(os.environ['IPYTHONDIR'])\n"
        "print(json.dumps([oct(stat.S_IMODE(os.stat(home).st_mode)), os.listdir(home), os.getcwd(), home]))"
    )
    project.notebook("profile", PARAMETERS, code)
    assert project.run(ONE) == 0
    content = json.loads((project.output / OUTPUT).read_text(encoding="utf-8"))
    mode, found, here, home = json.loads("".join(content["cells"][-1]["outputs"][0]["text"]))
    assert mode.endswith("700")
    assert "ipython" in found
    assert here == str(project.notebooks)
    assert not Path(home).exists()


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture(autouse=True)
def nothing_left_behind():
    yield
    assert not execution._sessions
