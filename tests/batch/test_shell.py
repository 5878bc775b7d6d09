"""A run's shell shows what a kernel would have shown, and nothing of one run reaches the next."""

import json
import signal
import socket
import subprocess

import nbformat
import papermill
from nbformat.v4 import new_code_cell

from vnegov.batch import execution

CELLS = (
    'province = "26"\nyear = 2021\nlang = "en"',
    "import sys\nfor n in range(3):\n    print(n, end=' ')\nprint(file=sys.stderr)\n"
    "print('đắk lắk', file=sys.stderr)\nn",
    "from IPython.display import Image, Markdown, clear_output, display, update_display\n"
    "shown = display(Markdown('*1*'), display_id='one')\ndisplay({'image/png': b'\\x89PNG'}, raw=True)",
    "print('gone')\nclear_output()\nprint('stays')\nupdate_display(Markdown('*2*'), display_id='one')",
    "import asyncio\nawait asyncio.sleep(0)\n%time 1 + 1;",
    "import pandas as pd\npd.DataFrame({'a': [1]})",
    "import matplotlib.pyplot as plt\nplt.plot([1, 2]);",
    "!echo from the system",
    "",
    "1 / 0",
    "print('never')",
)
LOOK = (
    "import json, os, random, sys, warnings\n"
    "print(json.dumps([sorted(k for k in globals() if k == 'leak'), os.getcwd(), os.environ.get('LEAK'),"
    " json.__dict__.get('leak'), len(warnings.filters), sys.path[0], __name__]))\n"
    "print(json.dumps([random.random(), os.getpid(), os.getppid()]))\n"
    "leak = json.leak = 1\nos.chdir('/')\nos.environ['LEAK'] = '1'\n"
    "warnings.simplefilter('error')\nsys.path.insert(0, '/')"
)


def outputs(path) -> list:
    """What each cell shows, without what differs from run to run: addresses, times, ids, papermill's own cells."""
    cells = nbformat.read(path, 4).cells
    own = [c for c in cells if c.cell_type == "code" and "papermill-error-cell-tag" not in c.metadata.get("tags", ())]
    shown = [[cell.execution_count, *cell.outputs] for cell in own if "injected-parameters" not in cell.metadata.tags]
    for output in (output for cell in shown for output in cell[1:]):
        if output.output_type == "stream" and "time:" in output.text:
            output.text = "a time"
        if output.output_type == "error":
            output.traceback = len(output.traceback)
        if "image/png" in output.get("data", {}):
            output.data["text/plain"] = output.data.get("text/plain", "").partition(" at 0x")[0]
    return json.loads(json.dumps(shown))


def test_a_run_shows_what_a_kernel_shows(project, tmp_path):
    template = project.notebook("profile", CELLS[0], CELLS[1])
    content = nbformat.read(template, 4)
    content.cells += [new_code_cell(code) for code in CELLS[2:]]
    nbformat.write(content, template)
    values = {"province": "26", "year": 2021, "lang": "en"}
    try:
        papermill.execute_notebook(template, tmp_path / "k.ipynb", values, kernel_name="light", progress_bar=False)
    except papermill.PapermillExecutionError as error:
        assert error.ename == "ZeroDivisionError"
    assert project.run({"notebook": "profile", "provinces": ["26"], "years": [2021], "langs": ["en"]}) == 1
    nbformat.validate(nbformat.read(project.output / "reports/failed/profile/vinh-phuc-2021-en.ipynb", 4))
    run, kernel = project.output / "reports/failed/profile/vinh-phuc-2021-en.ipynb", tmp_path / "k.ipynb"
    assert outputs(run) == outputs(kernel)
    ours, theirs = (nbformat.read(path, 4).metadata for path in (run, kernel))
    assert ours.language_info == theirs.language_info
    assert ours.kernelspec.language == theirs.kernelspec.language


def test_nothing_of_one_run_reaches_the_next(project):
    project.notebook("profile", 'province = "26"\nyear = 2021\nlang = "en"', LOOK)
    assert project.run({"notebook": "profile", "provinces": ["26", "82"], "years": [2021], "langs": ["en"]}) == 0
    files = sorted((project.output / "reports" / "profile").glob("*.ipynb"))
    said = [nbformat.read(path, 4).cells[-1].outputs[0].text.splitlines() for path in files]
    (first, own), (second, other) = said
    assert first == second
    (number, pid, parent), (another, another_pid, same) = json.loads(own), json.loads(other)
    assert parent == same
    assert (number, pid) != (another, another_pid)


def test_a_process_that_was_not_forked_ends_with_its_connection():
    here, there = socket.socketpair()
    with there, subprocess.Popen(execution.COLD, stdin=there, start_new_session=True) as process:
        there.close()
        wire = here.makefile("rw", encoding="utf-8")
        assert json.loads(wire.readline())["msg_type"] == "started"
        wire.write(json.dumps("import time; print(1, flush=True); time.sleep(60)") + "\n")
        wire.flush()
        assert [json.loads(wire.readline())["msg_type"] for _ in range(2)] == ["execute_input", "stream"]
        here.shutdown(socket.SHUT_RDWR)
        assert process.wait(timeout=10) == -signal.SIGKILL
    here.close()
