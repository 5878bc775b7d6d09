"""One run, in a worker process: papermill executes the notebook in a kernel of its own, away from all others.

The output appears whole or not at all. Whatever goes wrong comes back as a record that says what it was.
"""

import contextlib
import errno
import functools
import json
import os
import shutil
import signal
import tempfile
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty
from typing import Any

DONE, SKIPPED, FAILED = "done", "nothing published", "failed"
STARTS = 3  # attempts to start a kernel
ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
FATAL = {errno.ENOSPC: "the disk is full", errno.EDQUOT: "the disk quota is used up",
         errno.EROFS: "the output is read-only", errno.EACCES: "the output may not be written"}  # fmt: skip
_kernels: set["Kernel"] = set()  # those that this process must not leave behind


@dataclass(frozen=True)
class Job:
    """All that a worker needs for one run; it crosses process and machine borders."""

    record: dict[str, Any]  # output, notebook, parameters, keys, fingerprint, parts
    content: dict[str, Any]  # the template, as read when the batch began
    folder: str  # of the template: the kernel's working directory
    root: str  # the output folder, or a URL that papermill can write to
    kernel: str | None
    timeout: float


class Kernel:
    """A kernel's surroundings, in a private folder: connection, environment, log; and its end."""

    def __init__(self, job: Job) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"vnegov-{os.getpid()}-"))  # 0700; short, as sockets need
        self.log, self.written = self.folder / "log", self.folder / "written"
        self.manager: Any = None
        self.process: Any = None  # known once the kernel answers
        self.notebook: Any = None
        self.cwd, self.overdue = job.folder, False
        own = {"IPYTHONDIR": str(self.folder / "ipython"), "VNEGOV_WRITTEN": str(self.written)}
        place = {} if "://" in job.root else {"VNEGOV_OUTPUT": job.root}
        self.env = {**ONE_THREAD, **os.environ, **own, **place}
        self.clock = threading.Timer(job.timeout, self.expire)
        self.clock.daemon = True

    def __enter__(self) -> "Kernel":
        _kernels.add(self)
        self.clock.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.clock.cancel()
        self.kill()
        _kernels.discard(self)
        shutil.rmtree(self.folder, ignore_errors=True)

    def started(self, **_: Any) -> None:
        """Called by nbclient once the kernel answers."""
        self.process = self.manager.provisioner.process

    def expire(self) -> None:
        """End the kernel because its time is up."""
        self.overdue = True
        self.kill()

    def kill(self) -> None:
        """End the kernel and all that it started, now."""
        process = self.process or getattr(getattr(self.manager, "provisioner", None), "process", None)
        if process is not None and process.poll() is None:
            with contextlib.suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def last_words(self) -> str:
        """The end of what the kernel process printed, on a line of its own."""
        said = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
        return f"\n{said[-500:].strip()}" if said.strip() else ""


def execute(job: Job) -> dict[str, Any]:
    """Run one job and write its output. Returns its record; raises nothing for what a notebook does."""
    began = time.perf_counter()
    record = {k: v for k, v in job.record.items() if k != "parts"}
    record |= {"status": FAILED, "title": None, "error": None, "kept": None, "fatal": False}
    try:
        for attempt in range(1, STARTS + 1):
            with Kernel(job) as kernel:
                try:
                    kernel.notebook = _papermill(job, kernel)
                    record |= {"status": DONE, "error": None}
                except Exception as error:
                    record |= _explained(error, kernel, job)
                lines = kernel.written.read_text(encoding="utf-8") if kernel.written.exists() else ""
                figures = [Path(line) for line in dict.fromkeys(lines.splitlines())]
            if record["status"] != FAILED or kernel.process or kernel.overdue or not kernel.notebook:
                break
            record["error"] += f" (attempt {attempt})"
        inside = [p.relative_to(job.root) if p.is_relative_to(job.root) else p for p in figures]
        record |= {
            "figures": [p.as_posix() for p in inside],
            "seconds": round(time.perf_counter() - began, 3),
        }
        record["finished"] = datetime.now(UTC).isoformat(timespec="seconds")
        if kernel.notebook is not None:
            _write(job, record, kernel.notebook)
    except OSError as error:
        record |= {"status": FAILED, **os_error(error), "seconds": round(time.perf_counter() - began, 3)}
    return record


def _papermill(job: Job, kernel: Kernel) -> Any:
    import nbformat
    import papermill
    from papermill.engines import papermill_engines

    papermill_engines.register("vnegov", _engine())
    quiet = {"progress_bar": False, "autosave_cell_every": 0}
    how = {
        "engine_name": "vnegov",
        "kernel_name": job.kernel or "vnegov-warm",
        "language": "python",
        "session": kernel,
    }
    notebook = nbformat.from_dict(job.content)  # written later, once, when it is whole
    return papermill.execute_notebook(notebook, None, parameters=job.record["parameters"], **quiet, **how)


@functools.cache
def _engine() -> type:
    from jupyter_client import AsyncKernelManager
    from jupyter_client.asynchronous import AsyncKernelClient
    from jupyter_core.utils import run_sync
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import NBClientEngine
    from papermill.log import logger
    from traitlets.config import Config

    from vnegov.batch import warm_kernel

    warm_kernel.register()

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
                    if not await self.is_alive():
                        raise RuntimeError("it died") from error
                    if time.monotonic() > end:
                        raise RuntimeError(f"no answer in {timeout} s") from error

    class Engine(NBClientEngine):
        """papermill's engine, with a kernel on private sockets that is ended as soon as the notebook is."""

        @classmethod
        def execute_managed_notebook(
            cls, nb_man: Any, kernel_name: str, *, session: Kernel, start_timeout: float, **_: Any
        ) -> None:
            session.notebook = nb_man.nb
            config = Config(KernelManager={"connection_file": str(session.folder / "k.json")})
            if hasattr(os, "fork") and len(str(session.folder)) < 90:
                config.KernelManager |= {"transport": "ipc", "ip": str(session.folder / "k")}
            manager = AsyncKernelManager(kernel_name=kernel_name, config=config, client_factory=Client)
            said = {"startup_timeout": start_timeout, "on_notebook_start": session.started, "log": logger}
            client = PapermillNotebookClient(nb_man, km=manager, kernel_name=kernel_name, **said)
            session.manager = manager
            try:
                with session.log.open("w") as log:
                    client.start_new_kernel(env=session.env, cwd=session.cwd, stdout=log, stderr=log)
                client.execute()
            finally:
                session.kill()
                if client.kc is not None:
                    client.kc.stop_channels()
                run_sync(manager.cleanup_resources)()

    return Engine


def _explained(error: Exception, kernel: Kernel, job: Job) -> dict[str, Any]:
    """The status of a run that ended in an exception, and the reason in words."""
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    if kernel.overdue:
        return {"error": f"stopped after {job.timeout:g} s, the limit per run"}
    if kernel.notebook is not None and kernel.process is None:
        return {"error": f"the kernel did not start: {error}{kernel.last_words()}"}
    if isinstance(error, PapermillExecutionError):
        full = error.ename == "OSError" and f"[Errno {errno.ENOSPC}]" in error.evalue
        said = f"{error.ename}: {error.evalue} (in cell {error.exec_count})"
        skip = {"status": SKIPPED, "error": error.evalue}
        return skip if error.ename == "SkipRun" else {"error": said, "fatal": full}
    if isinstance(error, DeadKernelError):
        code = kernel.process.poll() or 0
        by = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        memory = " (the system does that when memory runs out)" if code == -signal.SIGKILL else ""
        return {"error": f"the kernel {by}{memory}{kernel.last_words()}"}
    return os_error(error)


def os_error(error: Exception) -> dict[str, Any]:
    """What an error of the system says of a run: its reason in words, and whether others would meet it too."""
    known = FATAL.get(getattr(error, "errno", 0) or 0)
    return {"error": f"{known or type(error).__name__}: {error}", "fatal": known is not None}


def _write(job: Job, record: dict[str, Any], notebook: Any) -> None:
    """Write the executed notebook with its record inside; over an earlier one only if the run went well."""
    import nbformat
    from papermill.iorw import papermill_io

    failed = record["output"].replace("reports/", "reports/failed/", 1)
    record["kept"] = failed if record["status"] == FAILED else None
    if record["status"] == SKIPPED:
        marks = "papermill-error-cell-tag"
        notebook.cells = [c for c in notebook.cells if marks not in c.metadata.get("tags", ())]
        data = {"text/markdown": record["error"], "text/plain": record["error"]}
        for cell in notebook.cells:  # the reason as a sentence, where papermill put an error
            errors = [i for i, o in enumerate(cell.get("outputs", ())) if o.output_type == "error"]
            for number in errors:
                cell.outputs[number] = nbformat.v4.new_output("display_data", data)
    record["title"] = _title(notebook) or record["notebook"]
    inside = {k: v for k, v in record.items() if k not in ("output", "fatal", "kept")}
    notebook.metadata.setdefault("vnegov", {})["run"] = {**inside, "parts": job.record["parts"]}
    text, to = nbformat.writes(notebook), record["kept"] or record["output"]
    if "://" in job.root:
        papermill_io.write(text, f"{job.root}/{to}")
        return
    path = Path(job.root, to)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    if to != failed:
        Path(job.root, failed).unlink(missing_ok=True)
    status = path.stat()
    record["stamp"] = [status.st_mtime_ns, status.st_size]


def _title(notebook: Any) -> str | None:
    """The first first-level heading: of what the notebook shows, else of its prose."""
    shown = [o.get("data", {}).get("text/markdown", "") for c in notebook.cells for o in c.get("outputs", ())]
    prose = [c.source for c in notebook.cells if c.cell_type == "markdown"]
    lines = (line for text in shown + prose for line in "".join(text).splitlines())
    return next((line[2:].strip() for line in lines if line.startswith("# ")), None)


def stored(path: Path) -> dict[str, Any]:
    """The record inside an executed notebook; empty if there is none that can be read."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8"))["metadata"]["vnegov"]["run"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def end_with(stop: Any) -> None:
    """Make this process a worker: deaf to Ctrl-C; gone, kernels first, when `stop` closes with the batch."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        with contextlib.suppress(EOFError, OSError):
            stop.recv_bytes()
        for kernel in list(_kernels):
            kernel.kill()
            shutil.rmtree(kernel.folder, ignore_errors=True)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
