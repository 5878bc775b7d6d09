"""Runs execute wherever an executor puts them."""

import gc
import os
import signal
import time
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor

import pytest

from vnegov.batch import execution, runner
from vnegov.errors import VnegovError

SIX = {"notebook": "profile", "provinces": ["01", "26", "82"], "years": [2021, 2022], "langs": ["en"]}


@pytest.mark.filterwarnings("ignore")  # a thread that ends leaves its event loop to the collector
def test_any_executor_will_do(project):
    with ThreadPoolExecutor(2) as pool:
        assert project.run(SIX, executor=pool, workers=2) == 0
    gc.collect()
    assert len(project.records()) == 6


def test_processes_run_in_parallel_with_the_same_result(project):
    assert project.run(SIX) == 0
    here = project.outputs()
    assert project.run(SIX, executor="processes", workers=2, force=True) == 0
    assert project.outputs() == here
    assert project.run(SIX, cold=True, force=True) == 0
    assert project.outputs() == here


def test_after_a_batch_that_was_stopped_the_next_one_runs(project):
    with pytest.raises(KeyboardInterrupt), ThreadPoolExecutor(1) as pool, execution.guarded(pool):
        raise KeyboardInterrupt
    assert project.run(SIX) == 0


def test_an_executor_that_breaks_is_named_and_the_same_command_does_the_rest(project):
    class Breaking(type(project.here)):
        def submit(self, job):
            if "vinh-phuc" in job.args[1]["output"]:
                raise BrokenExecutor("gone")
            return super().submit(job)

    three = SIX | {"years": [2021], "provinces": ["82", "26", "01"]}
    assert project.run(three, executor=Breaking(), workers=1) == 1
    assert "BrokenExecutor: gone" in project.shown
    assert project.run(three) == 0
    assert len(project.records()) == 3


def test_a_run_whose_worker_is_lost_stops_no_others(project):
    class Losing(type(project.here)):
        def submit(self, job):
            future = super().submit(job)
            if "vinh-phuc" in job.args[1]["output"]:
                future = Future()
                future.set_exception(BrokenExecutor("gone"))
            return future

    assert project.run(SIX | {"years": [2021], "provinces": ["26", "82", "01"]}, executor=Losing()) == 1
    assert "vinh-phuc-2021-en.ipynb: its worker was lost: BrokenExecutor('gone')" in project.shown
    assert "1 failed, 2 done" in project.shown


def test_an_executor_that_is_not_there_is_named(project):
    assert project.run(SIX, executor="threads") == 1
    assert "there is no executor 'threads'; there are processes, dask" in project.shown


@pytest.mark.filterwarnings("ignore")
def test_a_dask_cluster_does_the_work_and_outlives_a_worker(project):
    distributed = pytest.importorskip("distributed")
    project.notebook("profile", 'province = "26"\nyear = 2021\nlang = "en"', "import time; time.sleep(0.3); print(1)")
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "silence_logs": 50}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        pids = list(client.run(os.getpid).values())

        def kill_one(dask_worker):
            import threading

            threading.Timer(1.0, os.kill, (pids[0], signal.SIGKILL)).start()

        client.run(kill_one, workers=list(client.scheduler_info()["workers"])[:1])
        began = time.monotonic()
        assert project.run(SIX, executor="dask", scheduler=cluster.scheduler_address, workers=2) == 0, project.shown
        assert time.monotonic() - began < 60
    assert len(project.records()) == 6


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch):
    distributed = pytest.importorskip("distributed")

    def silent(address, **_options):
        raise OSError("timed out")

    monkeypatch.setattr(distributed, "Client", silent)
    with (
        pytest.raises(VnegovError, match="no dask scheduler answers at tcp://nowhere"),
        runner._pool("dask", 2, "tcp://nowhere", []),
    ):
        pass
