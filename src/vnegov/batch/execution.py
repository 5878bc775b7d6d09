"""One run, in a worker process: papermill executes the notebook in a kernel of its own, away from all others.

Whatever goes wrong comes back as a record that says what it was. Only workers import this module.
"""

import contextlib
import errno
import os
import signal
import socket
import tempfile
import threading
import time
from functools import lru_cache
from pathlib import Path
from queue import Empty
from typing import Any

import nbformat
from jupyter_client import AsyncKernelManager
from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_core.utils import run_sync
from nbclient.exceptions import DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError
from papermill.execute import raise_for_execution_errors
from papermill.iorw import load_notebook_node, papermill_io
from papermill.log import logger
from papermill.parameterize import parameterize_notebook

from vnegov import paths
from vnegov.batch import warm_kernel
from vnegov.batch.ledger import DONE, FAILED, SKIPPED, Record, os_error
from vnegov.batch.zygote import stamp

STARTS = 3  # attempts to start a kernel
_sessions: set["Session"] = set()  # those whose kernels this process must not leave behind


class NotStarted(Exception):
    """A kernel did not start; the only failure that is worth another attempt."""


class Client(AsyncKernelClient):
    """A client that is ready as soon as the kernel is, in place of 0.2 s of silence later."""

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        end = time.monotonic() + (timeout or 60)
        while True:
            try:
                answer = await self.kernel_info(reply=True, timeout=1)
                while (await self.get_iopub_msg(timeout=0.2))["content"].get("execution_state") != "idle":
                    pass
                return self._handle_kernel_info_reply(answer)
            except (Empty, TimeoutError) as error:  # what was said before it listened is lost
                if not await self.is_alive() or time.monotonic() > end:
                    raise RuntimeError("it does not answer") from error


class Session:
    """The kernel of one run: its environment, its log, its time limit and its end."""

    def __init__(self, folder: str, cwd: str, root: str, timeout: float) -> None:
        self.log, self.written, self.cwd, self.root = Path(folder, "log"), Path(folder, "written"), cwd, root
        self.env = os.environ | {"VNEGOV_WRITTEN": str(self.written)}
        if "://" not in root:
            self.env["VNEGOV_OUTPUT"] = root
        self.process: Any = None
        self.notebook: Any = None
        self.overdue = False
        self.clock = threading.Timer(timeout, self.expire)
        self.clock.daemon = True

    def expire(self) -> None:
        """End the kernel because the run's time is up."""
        self.overdue = True
        self.kill()

    def kill(self) -> None:
        """End the kernel and all that it started, now."""
        if self.process is not None and self.process.poll() is None:
            with contextlib.suppress(OSError):
                os.killpg(self.process.pid, signal.SIGKILL)
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
            return {"error": f"the kernel did not start in {STARTS} attempts: {error}{last_words}"}
        if isinstance(error, PapermillExecutionError):
            if error.ename == "SkipRun":
                return {"status": SKIPPED, "error": error.evalue}
            full = error.ename == "OSError" and f"[Errno {errno.ENOSPC}]" in error.evalue
            return {"error": f"{error.ename}: {error.evalue} (in cell {error.exec_count})", "fatal": full}
        if isinstance(error, DeadKernelError):
            code = self.process.poll() or 0
            by = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
            memory = " (the system does that when memory runs out)" if code == -signal.SIGKILL else ""
            return {"error": f"the kernel {by}{memory}{last_words}"}
        return os_error(error)


class Engine(NBClientEngine):
    """papermill's engine, with a kernel that is ended as soon as the notebook is."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, *, session: Session, start_timeout: float, **_: Any
    ) -> None:
        session.notebook = nb_man.nb
        manager = AsyncKernelManager(kernel_name=kernel_name, client_factory=Client)
        how = {"kernel_name": kernel_name, "startup_timeout": start_timeout, "log": logger}
        client = PapermillNotebookClient(nb_man, km=manager, **how)
        try:
            try:
                with session.log.open("w") as log:
                    client.start_new_kernel(env=session.env, cwd=session.cwd, stdout=log, stderr=log)
                session.process = manager.provisioner.process
                client.start_new_kernel_client()
            except Exception as error:
                raise NotStarted(str(error)) from error
            client.execute()
        finally:
            session.kill()
            if client.kc is not None:
                client.kc.stop_channels()
            run_sync(manager.cleanup_resources)()


warm_kernel.register()
papermill_engines.register("vnegov", Engine)


def execute(
    record: Record, parts: dict[str, str], template: str, cwd: str, root: str, kernel: str | None, timeout: float
) -> Record:
    """Run a template (its JSON) with a record's parameters and write the output below `root`.

    `timeout` is in seconds. Returns the record, completed; raises nothing for what a notebook does.
    """
    began, record = time.perf_counter(), dict(record)
    with tempfile.TemporaryDirectory(prefix="vnegov-", ignore_cleanup_errors=True) as folder:
        session = Session(folder, cwd, root, timeout)
        _sessions.add(session)
        session.clock.start()
        try:
            record |= _attempt(session, template, record["parameters"], kernel or warm_kernel.NAME)
            record |= {"seconds": round(time.perf_counter() - began, 3), "figures": session.figures()}
            if session.notebook is not None:
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


def _attempt(session: Session, template: str, parameters: dict[str, Any], kernel: str) -> Record:
    """Execute the notebook; again, where the kernel did not start."""
    how: dict[str, Any] = {"kernel_name": kernel, "engine_name": "vnegov"}
    quiet = {"session": session, "progress_bar": False, "autosave_cell_every": 0, "start_timeout": 60}
    for _ in range(STARTS):
        try:  # as papermill.execute_notebook does, without writing the notebook out three times on the way
            notebook = parameterize_notebook(_loaded(template), parameters, language="python", **how)
            notebook = papermill_engines.execute_notebook_with_engine(nb=notebook, **how, **quiet)
            raise_for_execution_errors(notebook, None)
            return {"status": DONE}
        except Exception as error:
            failure = session.failure(error)
            if not isinstance(error, NotStarted) or session.overdue:
                break
    return failure


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
    text, to = nbformat.writes(notebook), record["kept"] or record["output"]
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


def become_worker(batch: socket.socket, folder: str) -> None:
    """Make this process a worker: deaf to Ctrl-C; gone, kernels first, as soon as `batch` closes.

    `folder` is for its temporary files; the batch removes it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tempfile.tempdir = folder

    def watch() -> None:
        with contextlib.suppress(OSError):
            batch.recv(1)
        for session in list(_sessions):
            session.kill()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
