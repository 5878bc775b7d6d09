"""One run: papermill executes the notebook in a process of its own, away from all others.

Whatever goes wrong comes back as a record that says what it was.
"""

import contextlib
import errno
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any

import nbformat
from nbclient.exceptions import CellExecutionComplete, CellExecutionError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine
from papermill.exceptions import PapermillExecutionError
from papermill.execute import raise_for_execution_errors
from papermill.iorw import load_notebook_node, papermill_io
from papermill.log import logger
from papermill.parameterize import parameterize_notebook

from vnegov import paths
from vnegov.batch import zygote
from vnegov.batch.ledger import DONE, FAILED, SKIPPED, Record, os_error
from vnegov.batch.zygote import stamp

STARTS = 3  # attempts to start a run's process
COLD = [sys.executable, "-m", "vnegov.batch.shell"]
_sessions: set["Session"] = set()  # those that run now
_stopped = threading.Event()  # nothing is to be started or written any more


class NotStarted(Exception):
    """A run's process did not start; the only failure that is worth another attempt."""


class Session:
    """The process of one run: its environment, its log, its time limit and its end."""

    def __init__(self, folder: str, cwd: str, root: str, timeout: float) -> None:
        self.log, self.written, self.cwd, self.root = Path(folder, "log"), Path(folder, "written"), cwd, root
        self.env = os.environ | {"VNEGOV_WRITTEN": str(self.written), "IPYTHONDIR": str(Path(folder, "ipython"))}
        if "://" not in root:
            self.env["VNEGOV_OUTPUT"] = root
        self.process: Any = None
        self.notebook: Any = None
        self.overdue = False
        self.clock = threading.Timer(timeout, self.expire)
        self.clock.daemon = True

    def start(self, preload: list[str]) -> dict[str, Any]:
        """Start the process, forked from one that has imported `preload`, or else afresh; give its language."""
        for _ in range(0 if _stopped.is_set() else STARTS):
            here, there = socket.socketpair()
            self.wire = here.makefile("rw", encoding="utf-8")
            with here, there, self.log.open("w") as log:
                how: dict[str, Any] = {"env": self.env, "cwd": self.cwd}
                how |= {"stdin": there, "stdout": log, "stderr": log}
                self.process = self._launched(preload, how)
            if self.overdue or _stopped.is_set():
                self.kill()
            with contextlib.suppress(DeadKernelError):
                return dict(next(self.answers())["content"])
            self.end()
        raise NotStarted

    def _launched(self, preload: list[str], how: dict[str, Any]) -> Any:
        try:
            if preload:
                return zygote.fork("vnegov.batch.shell:main", [], how, preload)
        except OSError as error:
            logger.warning("this run starts cold: %s", error)
        return subprocess.Popen(COLD, start_new_session=True, **how)

    def answers(self, code: str | None = None) -> Iterator[dict[str, Any]]:
        """What the process says, of a cell if it is given one to execute. Raises `DeadKernelError` at its end."""
        with contextlib.suppress(OSError):
            if code is not None:
                self.wire.write(json.dumps(code) + "\n")
                self.wire.flush()
            while (line := self.wire.readline()).endswith("\n"):
                yield json.loads(line)
        raise DeadKernelError

    def expire(self) -> None:
        """End the process because the run's time is up."""
        self.overdue = True
        self.kill()

    def kill(self) -> None:
        """End the process and all that it started, now."""
        if isinstance(self.process, zygote.Process):
            self.process.kill()
        elif self.process is not None and self.process.returncode is None:
            zygote.kill(self.process.pid)

    def end(self) -> None:
        """Do so, and wait until it is gone."""
        self.kill()
        if self.process is not None:
            self.process.wait()

    def figures(self) -> list[str]:
        """The files that the run says it wrote, below the output folder where they are."""
        said = self.written.read_text(encoding="utf-8") if self.written.exists() else ""
        files = dict.fromkeys(map(Path, said.splitlines()))
        return [(f.relative_to(self.root) if f.is_relative_to(self.root) else f).as_posix() for f in files]

    def failure(self, error: Exception) -> Record:
        """The status of a run that ended in an exception, and the reason in words."""
        said = self.log.read_text(encoding="utf-8", errors="replace").strip() if self.log.exists() else ""
        last_words = f"\n{said[-500:]}" if said else ""
        if self.overdue:
            return {"error": f"stopped after {self.clock.interval:g} s, the limit per run"}
        if isinstance(error, NotStarted):
            return {"error": f"its process did not start in {STARTS} attempts{last_words}"}
        if isinstance(error, PapermillExecutionError):
            if error.ename == "SkipRun":
                return {"status": SKIPPED, "error": error.evalue}
            full = error.ename == "OSError" and f"[Errno {errno.ENOSPC}]" in error.evalue
            return {"error": f"{error.ename}: {error.evalue} (in cell {error.exec_count})", "fatal": full}
        if isinstance(error, DeadKernelError):
            code = self.process.wait()
            by = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
            memory = " (the system does that when memory runs out)" if code == -signal.SIGKILL else ""
            return {"error": f"its process {by}{memory}{last_words}"}
        return os_error(error)


class Client(PapermillNotebookClient):
    """papermill's client, of the process of a session in place of a kernel."""

    session: Session

    def execute_cell(self, cell: Any, cell_index: int, **_: Any) -> Any:
        """Execute a cell. Raises `CellExecutionError` if it does."""
        if cell.cell_type != "code" or not cell.source.strip():
            return cell
        self.clear_before_next_output = False
        with contextlib.suppress(CellExecutionComplete):
            for message in self.session.answers(cell.source):
                self.process_message(message, cell, cell_index)
                last = cell.outputs[-2:]
                if len({(one.output_type, one.get("name")) for one in last}) < len(last) and "text" in last[0]:
                    last[0].text += cell.outputs.pop().text  # what was written in several pieces
        for error in (output for output in cell.outputs if output.output_type == "error"):
            raise CellExecutionError.from_cell_and_msg(cell, error)
        return cell


class ShellEngine(Engine):
    """papermill's engine for a session that has started."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, *, session: Session, **_: Any) -> None:
        client = Client(nb_man, log=logger, record_timing=False)
        client.session = session
        client.reset_execution_trackers()
        client.papermill_execute_cells()


def execute(
    record: Record, parts: dict[str, str], template: str, cwd: str, root: str, preload: list[str], timeout: float
) -> Record:
    """Run a template (its JSON) with a record's parameters and write the output below `root`.

    `preload` names what its process has imported beforehand; `timeout` is in seconds. Returns the record, completed;
    raises nothing for what a notebook does.
    """
    began, record = time.perf_counter(), dict(record)
    where = os.environ.get(zygote.SHARED)  # goes even if this process is killed
    with tempfile.TemporaryDirectory(prefix="vnegov-", dir=where, ignore_cleanup_errors=True) as folder:
        session = Session(folder, cwd, root, timeout)
        _sessions.add(session)
        session.clock.start()
        try:
            record |= _attempt(session, template, record["parameters"], preload)
            record |= {"seconds": round(time.perf_counter() - began, 3), "figures": session.figures()}
            if session.notebook is not None and not _stopped.is_set():
                _write(record, parts, session.notebook, root)
        except OSError as error:
            record |= {"status": FAILED, **os_error(error)}
        finally:
            session.clock.cancel()
            _sessions.discard(session)
    return record


@lru_cache(maxsize=16)
def _loaded(template: str) -> Any:
    """A template's notebook, with the metadata that papermill expects."""
    return load_notebook_node(nbformat.reads(template, as_version=4))


def _attempt(session: Session, template: str, parameters: dict[str, Any], preload: list[str]) -> Record:
    """Execute the notebook as papermill.execute_notebook does, without writing it out three times on the way."""
    try:
        copy = deepcopy(_loaded(template))
        session.notebook = parameterize_notebook(copy, parameters, kernel_name="python3", language="python")
        session.notebook.metadata["language_info"] = session.start(preload)
        how = {"session": session, "progress_bar": False, "autosave_cell_every": 0}
        ShellEngine.execute_notebook(session.notebook, "python3", **how)
        raise_for_execution_errors(session.notebook, None)
        return {"status": DONE}
    except Exception as error:
        return session.failure(error)
    finally:
        session.end()


def _write(record: Record, parts: dict[str, str], notebook: Any, root: str) -> None:
    """Write the executed notebook with its record inside; over an earlier one only if the run went well."""
    failed = record["output"].replace("reports/", "reports/failed/", 1)
    record["kept"] = failed if record["status"] == FAILED else None
    if record["status"] == SKIPPED:  # the reason as a sentence, where papermill put an error
        marks = "papermill-error-cell-tag"
        notebook.cells = [c for c in notebook.cells if marks not in c.metadata.get("tags", ())]
        data = {"text/markdown": record["error"], "text/plain": record["error"]}
        reason = nbformat.v4.new_output("display_data", data)
        for cell in (cell for cell in notebook.cells if cell.cell_type == "code"):
            cell.outputs = [reason if output.output_type == "error" else output for output in cell.outputs]
    record["title"] = _title(notebook) or record["notebook"]
    notebook.metadata.setdefault("vnegov", {})["run"] = record | {"parts": parts}
    text, to = nbformat.writes(notebook, indent=None), record["kept"] or record["output"]
    if "://" in root:
        papermill_io.write(text, f"{root}/{to}")
        return
    paths.write(Path(root, to), text.encode())
    if to != failed:
        Path(root, failed).unlink(missing_ok=True)
    record["stamp"] = stamp(Path(root, to))


def _title(notebook: Any) -> str | None:
    """The first first-level heading: of what the notebook shows, else of its prose."""
    shown = [o.get("data", {}).get("text/markdown", "") for c in notebook.cells for o in c.get("outputs", ())]
    prose = [c.source for c in notebook.cells if c.cell_type == "markdown"]
    lines = (line for text in shown + prose for line in "".join(text).splitlines())
    return next((line[2:].strip() for line in lines if line.startswith("# ")), None)


@contextlib.contextmanager
def guarded(pool: Executor) -> Iterator[Executor]:
    """A pool whose jobs run in this process; if the block is left by an error, or Ctrl-C, they end at once."""
    try:
        yield pool
    except BaseException:
        _stopped.set()
        for session in list(_sessions):
            session.kill()
        pool.shutdown()
        raise
    finally:
        _stopped.clear()
