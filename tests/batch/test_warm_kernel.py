"""A warm kernel is a kernel like any other, only sooner: nothing of one run reaches the next."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from jupyter_client import KernelManager
from nbformat.v4 import new_code_cell, new_notebook

from tests.batch.conftest import WARM
from vnegov.batch import warm_kernel, zygote

SPEC = json.loads(json.dumps(WARM))
SPEC["metadata"]["kernel_provisioner"]["config"]["preload"] = ["ipykernel.kernelapp", "ipykernel.debugger"]


@pytest.fixture
def started():
    """Start kernels, each with a client; all are shut down at the end."""
    kernels = []

    def start(name: str = "light", **options):
        manager = KernelManager(kernel_name=name)
        manager.start_kernel(**options)
        client = manager.blocking_client()
        client.start_channels()
        client.wait_for_ready(timeout=60)
        kernels.append((manager, client))
        return manager, client

    yield start
    for manager, client in kernels:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def ask(client, code: str, timeout: float = 20) -> str:
    """What code prints in a kernel, or the name of the error that it raises."""
    said = []

    def note(message):
        if message["msg_type"] in ("stream", "error"):
            said.append(message["content"].get("text") or message["content"]["ename"])

    client.execute_interactive(code, output_hook=note, timeout=timeout)
    return "".join(said).strip()


def zygotes() -> set[str]:
    """The ids of the processes that this one has kernels forked from."""
    return {str(process.pid) for process in zygote.own().processes if process.poll() is None}


def test_kernels_are_forked_from_one_process_that_never_saw_the_library(started):
    clients = [started()[1] for _ in range(2)]
    parents = {ask(client, "import os; print(os.getppid())") for client in clients}
    assert len(parents) == 1
    assert parents <= zygotes()
    assert ask(clients[0], "import sys; print([m for m in sys.modules if m.startswith('vnegov')])") == "[]"
    assert Path(f"/proc/{parents.pop()}/task").exists()


def test_nothing_of_one_kernel_reaches_the_next(started):
    look = (
        "import json, os, random, sys, warnings, locale\n"
        "print(json.dumps([sorted(k for k in globals() if k == 'leak'), os.getcwd(), os.environ.get('LEAK'),"
        " json.__dict__.get('leak'), len(warnings.filters), sys.path[0], sys.flags.safe_path, __name__]))"
    )
    spoil = (
        "leak = 1; import json, os, random, sys, warnings\n"
        "os.chdir('/'); os.environ['LEAK'] = '1'; json.leak = 1; warnings.simplefilter('error')\n"
        "sys.path.insert(0, '/')"
    )
    _, first = started()
    before = ask(first, look)
    ask(first, spoil)
    assert ask(first, look) != before
    _, second = started()
    assert ask(second, look) == before


def test_random_numbers_differ_between_kernels(started):
    numbers = [ask(started()[1], "import random; print(random.random())") for _ in range(3)]
    assert len(set(numbers)) == 3


def test_a_kernel_has_the_directory_environment_and_streams_of_its_launch(started, tmp_path):
    with (tmp_path / "log").open("w") as log:
        env = os.environ | {"HERE": "yes"}
        _, client = started(cwd=str(tmp_path), env=env, stdout=log, stderr=log)
        assert ask(client, "import os; print(os.getcwd(), os.environ['HERE'])") == f"{tmp_path} yes"
        ask(client, "import os; os.write(1, b'')")
    assert "PYTHON_KERNEL" not in os.environ


def test_an_environment_that_libraries_read_when_imported_gets_its_own_process(started):
    warm = [started(env=os.environ | {"MPLCONFIGDIR": "/nowhere"})[1], started()[1]]
    assert len({ask(client, "import os; print(os.getppid())") for client in warm}) == 2


def test_what_a_dask_worker_adds_to_the_environment_makes_no_other_process():
    dask = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTHONHASHSEED": "6640", "MALLOC_TRIM_THRESHOLD_": "65536"}
    assert zygote.place("folder", ["numpy"], dict(os.environ)) == zygote.place("folder", ["numpy"], os.environ | dask)
    assert zygote.place("folder", ["numpy"], {}) != zygote.place("folder", ["numpy"], {"OMP_NUM_THREADS": "2"})


def test_interrupt_restart_and_shutdown_work(started):
    manager, client = started()
    client.execute("import time; time.sleep(60)")
    time.sleep(0.5)
    manager.interrupt_kernel()
    assert client.get_shell_msg(timeout=10)["content"]["ename"] == "KeyboardInterrupt"
    first = int(ask(client, "import os; x = 1; print(os.getpid())"))
    manager.restart_kernel()
    client.wait_for_ready(timeout=60)
    assert int(ask(client, "import os; print(os.getpid())")) != first
    assert ask(client, "x") == "NameError"
    assert manager.is_alive()
    manager.shutdown_kernel()
    assert not manager.is_alive()
    assert not Path(manager.ip).parent.exists()


def test_a_kernel_talks_over_sockets_in_a_private_folder(started):
    manager, client = started()
    folder = Path(manager.ip).parent
    assert manager.transport == "ipc"
    assert folder.stat().st_mode & 0o077 == 0
    assert ask(client, "import os; print(os.environ['IPYTHONDIR'])") == str(folder / "ipython")


def test_kernels_end_with_the_process_that_started_them(tmp_path):
    script = (
        "import time, sys\nfrom jupyter_client import KernelManager\n"
        "km = KernelManager(kernel_name='light')\nkm.start_kernel()\n"
        "print(km.provisioner.pid, km.provisioner.process.__class__.__name__, flush=True)\ntime.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        pid, kind = process.stdout.readline().split()
        assert kind == "Process"
        process.kill()
    for _ in range(100):
        if not Path(f"/proc/{pid}").exists():
            break
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()


def test_a_process_that_was_killed_is_replaced(started):
    started()
    for process in zygote.own().processes:
        process.kill()
        process.wait()
    _, client = started()
    assert ask(client, "print(1)") == "1"


def test_code_and_figures_read_before_the_fork_are_never_stale(started, monkeypatch, tmp_path):
    figures, code = tmp_path / "figures.csv", tmp_path / "rehearsed.py"
    figures.write_text("1")
    code.write_text(f"word = 'old'\nnumber = []\ndef rehearse():\n    number.append(open({str(figures)!r}).read())")
    config = json.loads(json.dumps(SPEC))
    config["metadata"]["kernel_provisioner"]["config"]["preload"].append("rehearsed:rehearse")
    folder = tmp_path / "kernels" / "rehearsed"
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(json.dumps(config))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    env = os.environ | {"PYTHONPATH": str(tmp_path)}
    look = "import os, rehearsed; print(os.getppid(), rehearsed.word, *rehearsed.number)"

    def seen() -> list[str]:
        return ask(started("rehearsed", env=env)[1], look).split()

    first, again = seen(), seen()
    assert first == again
    assert first[1:] == ["old", "1"]
    figures.write_text("22")
    second = seen()
    assert second[1:] == ["old", "22"]
    code.write_text(code.read_text().replace("old", "new"))
    third = seen()
    assert third[1:] == ["new", "22"]
    assert len({first[0], second[0], third[0]}) == 3


def test_a_kernel_ends_with_its_connection(started):
    manager, _ = started()
    manager.provisioner.process.connection.shutdown(socket.SHUT_WR)
    for _ in range(100):
        if not Path(f"/proc/{manager.provisioner.pid}").exists():
            break
        time.sleep(0.05)
    assert not Path(f"/proc/{manager.provisioner.pid}").exists()


def test_where_a_clean_fork_is_not_to_be_had_the_kernel_starts_cold(started, monkeypatch):
    monkeypatch.setattr(warm_kernel.sys, "platform", "win64")
    manager, client = started()
    assert isinstance(manager.provisioner.process, subprocess.Popen)
    assert ask(client, "print(1)") == "1"


def test_a_module_that_starts_a_thread_makes_kernels_cold(started, monkeypatch, tmp_path):
    (tmp_path / "threaded.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=[99]).start()"
    )
    spec = Path(os.environ["JUPYTER_PATH"].split(os.pathsep)[-1], "kernels", "light", "kernel.json").read_text()
    folder = tmp_path / "kernels" / "threaded"
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(spec.replace('"ipykernel.debugger"', '"threaded"'))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    manager, client = started("threaded", env=os.environ | {"PYTHONPATH": str(tmp_path)})
    assert isinstance(manager.provisioner.process, subprocess.Popen)
    assert ask(client, "print(1)") == "1"


def test_papermill_and_nbclient_take_it_by_name(tmp_path):
    import papermill
    from nbclient import NotebookClient

    template = new_notebook(cells=[new_code_cell("import os; print(os.getppid())")])
    template.metadata["kernelspec"] = {"name": "light", "language": "python", "display_name": "x"}
    nbformat.write(template, tmp_path / "in.ipynb")
    papermill.execute_notebook(tmp_path / "in.ipynb", tmp_path / "out.ipynb", kernel_name="light", progress_bar=False)
    done = [nbformat.read(tmp_path / "out.ipynb", 4), NotebookClient(template, kernel_name="light").execute()]
    assert {str(notebook.cells[0].outputs[0].text).strip() for notebook in done} <= zygotes()
