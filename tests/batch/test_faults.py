"""Whatever is killed, whenever: started again, the batch ends with exactly the outputs of an undisturbed run."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from vnegov.data import provinces

SCRIPT = Path(__file__).with_name("batch_in_a_process.py")


def begin(project, runs: int, executor: str = "processes", **options) -> subprocess.Popen:
    command = [sys.executable, str(SCRIPT), str(project.root), str(runs), "2", executor]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)


def kinds(batch: subprocess.Popen) -> dict[str, list[psutil.Process]]:
    """The processes of a batch by what they are."""
    found: dict[str, list[psutil.Process]] = {"batch": [psutil.Process(batch.pid)]}
    for process in psutil.Process(batch.pid).children(recursive=True):
        with contextlib.suppress(psutil.Error):  # one that ends while it is looked at
            above = process.parent()
            lines = [" ".join(one.cmdline()) for one in (process, above) if one]
            kind = ("other", "zygote", "run")[sum("zygote.py" in line for line in lines)]
            found.setdefault(kind, []).append(process)
    return found


def left_behind(project) -> list[str]:
    """What still runs that carries the project's folder in its environment."""
    found = []
    for process in psutil.process_iter():
        try:
            own = os.getpid() in (process.pid, process.ppid())  # the tests' own kernels are forked from there
            if not own and str(project.output) in process.environ().get("VNEGOV_OUTPUT", ""):
                found.append(" ".join(process.cmdline()))
        except (psutil.Error, OSError):
            pass
    return found


def disturb(project, runs: int, kills: int, seed: int) -> dict[str, int]:
    """Kill something at random moments, starting the batch again whenever it is gone, until enough was killed."""
    chance, done = random.Random(seed), dict.fromkeys(("batch", "zygote", "run", "interrupt"), 0)
    while sum(done.values()) < kills:
        with begin(project, runs, start_new_session=True) as batch:
            while batch.poll() is None and sum(done.values()) < kills:
                time.sleep(chance.uniform(0.05, 1.5))
                kind = chance.choice(list(done))
                try:
                    now = kinds(batch)
                    there = now.get("batch" if kind == "interrupt" else kind, [])
                    if there and (kind != "interrupt" or "zygote" in now):  # not while Python itself starts
                        chance.choice(there).send_signal(signal.SIGINT if kind == "interrupt" else signal.SIGKILL)
                        done[kind] += 1
                except psutil.NoSuchProcess:
                    pass
            if batch.poll() is None:
                batch.send_signal(signal.SIGINT)
            said = batch.communicate(timeout=60)[0]
            assert "vnegov/batch/" not in said, said  # no traceback of our own
    return done


def compare(project, tmp_path: Path, runs: int, kills: int, seed: int) -> None:
    every = {"notebook": "profile", "provinces": sorted(provinces.names("63"))[:runs], "years": [2021], "langs": ["en"]}
    assert project.run(every) == 0
    undisturbed = project.outputs()
    assert len(undisturbed) == 2 * runs
    project.output.rename(tmp_path / "undisturbed")
    disturb(project, runs, kills, seed)
    for _ in range(3):  # runs whose process was killed are failures of that batch, and done in the next
        with begin(project, runs) as batch:
            said = batch.communicate(timeout=600)[0]
        if batch.returncode == 0:
            break
    assert batch.returncode == 0, said
    assert project.outputs() == undisturbed
    records = project.records()
    assert len(records) == runs
    assert {record["status"] for record in records.values()} == {"done"}
    for _ in range(50):
        if not (left := left_behind(project)):
            break
        time.sleep(0.1)
    assert not left


def test_a_batch_that_is_killed_a_few_times_ends_as_if_undisturbed(project, tmp_path):
    compare(project, tmp_path, runs=6, kills=3, seed=1)


@pytest.mark.slow
def test_a_batch_that_is_killed_fifty_times_ends_as_if_undisturbed(project, tmp_path):
    compare(project, tmp_path, runs=60, kills=50, seed=2)


def sleeping(project, executor: str = "processes", **options) -> tuple[subprocess.Popen, list[psutil.Process]]:
    """A batch of runs that sleep, and its processes, of which one is a run's."""
    project.notebook("profile", 'province = "26"\nyear = 2021\nlang = "en"', "import time; time.sleep(30)")
    batch = begin(project, 4, executor, start_new_session=True, **options)
    while "run" not in (found := kinds(batch)):
        assert batch.poll() is None
        time.sleep(0.05)
    return batch, [process for some in found.values() for process in some]


@pytest.mark.parametrize("executor", ["processes", "dask"])
def test_ctrl_c_ends_the_batch_and_all_its_processes(project, executor):
    batch, there = sleeping(project, executor)
    os.killpg(batch.pid, signal.SIGINT)  # as a terminal does
    said = batch.communicate(timeout=20)[0]
    assert batch.returncode == 130
    assert "stopped: 0 of 4 runs done; the same command does the rest" in said
    assert not psutil.wait_procs(there, timeout=5)[1]


def test_a_killed_batch_leaves_no_process_and_no_folder(project, tmp_path):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    batch, there = sleeping(project, env=os.environ | {"TMPDIR": str(temporary)})
    assert list(temporary.glob("vnegov-*/vnegov-*"))
    batch.kill()
    batch.communicate()
    assert not psutil.wait_procs(there, timeout=5)[1]
    assert not list(temporary.iterdir())
