"""The batch itself: expand a plan, leave out what is still good, execute the rest, and tell what happened.

Runs execute in worker processes of this machine, on a dask.distributed cluster, or wherever an executor of one's
own puts them: all speak `concurrent.futures.Executor`.
"""

import contextlib
import functools
import json
import multiprocessing
import os
import socket
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from vnegov import paths
from vnegov.batch import in_worker, zygote
from vnegov.batch.fingerprint import Fingerprints, changes, whole
from vnegov.batch.ledger import DONE, FAILED, SKIPPED, Ledger, Record, locked, os_error, stored
from vnegov.batch.plan import Plan, Run
from vnegov.errors import PlanError, VnegovError

OK, SOME_FAILED, BAD_PLAN, INTERRUPTED = 0, 1, 2, 130
BREAKS = 3  # how often the pool may break under a run before the run counts as failed
WARM = Path(__file__).parent / "kernels" / "vnegov-warm" / "kernel.json"
Pool = contextlib.AbstractContextManager[Executor]
Job = functools.partial[Record]


def run(
    plan: Plan,
    *,
    workers: int = 2,
    output: str | Path | None = None,
    force: bool = False,
    dry_run: bool = False,
    explain: bool = False,
    executor: str | Executor = "processes",
    scheduler: str | None = None,
    kernel: str | None = None,
    timeout: float = 600,
    fingerprints: Fingerprints | None = None,
    console: Console | None = None,
) -> int:
    """Execute what a plan asks for and is not there yet, or no longer good.

    `output` is a folder, or a URL that papermill can write to (figures and records stay in the usual folder).
    `timeout` is in seconds, per run; `kernel` None means warm ones (`vnegov-warm`). Returns 0 if all is done, 1 if
    some runs failed or nothing could be written, 2 if the plan is bad, 130 after Ctrl-C.
    """
    console, remote, began = console or Console(), "://" in str(output), time.monotonic()
    say = functools.partial(console.print, markup=False, highlight=False, soft_wrap=True)
    home = paths.output() if remote or output is None else Path(output).resolve()
    root = str(output).rstrip("/") if remote else str(home)
    fingerprints = fingerprints or Fingerprints(plan.data)
    stale: list[Run] = []
    records: list[Record] = []
    unchanged = 0
    try:
        ledger = Ledger(home, remote)
        for one in plan:
            parts = fingerprints.parts(one)
            why = "forced" if force else ledger.why_stale(one.output, whole(parts))
            stale += [one] if why else []
            unchanged += why is None
            if why and explain:
                before = stored(home / one.output).get("parts") if why == "changed" else None
                say(f"{one.output}: {why} {', '.join(changes(before, parts)) if before else ''}".strip())
        if dry_run:
            say(f"{len(stale)} to run, {unchanged} unchanged")
            return OK
        if stale or ledger.recovered:
            jobs = (_job(one, fingerprints, root, kernel, timeout) for one in stale)
            with locked(home), ledger.recording(), _progress(console, len(stale)) as tell:
                for record, running in _execute(
                    jobs, functools.partial(_pool, executor, workers, scheduler, kernel), workers
                ):
                    records.append(record)
                    ledger.append(record)
                    tell(records, running)
    except KeyboardInterrupt:
        say(f"stopped: {len(records)} of {len(stale)} runs done; the same command does the rest")
        return INTERRUPTED
    except PlanError as error:
        say(f"bad plan: {error}", style="red")
        return BAD_PLAN
    except (VnegovError, OSError) as error:
        say(str(error) if isinstance(error, VnegovError) else os_error(error)["error"], style="red")
        return SOME_FAILED
    counts = {status: sum(record["status"] == status for record in records) for status in (FAILED, DONE, SKIPPED)}
    counts |= {"unchanged": unchanged, "not started": len(stale) - len(records)}
    told = ", ".join(f"{count} {what}" for what, count in counts.items() if count) or "nothing to run"
    say(f"{told} in {time.monotonic() - began:.1f} s; outputs below {root}")
    if len(records) > 3:
        slowest = sorted(records, key=lambda record: -record["seconds"])[:3]
        say("slowest: " + ", ".join(f"{record['output']} {record['seconds']:.1f} s" for record in slowest))
    return SOME_FAILED if counts["not started"] or counts[FAILED] else OK


@contextlib.contextmanager
def _progress(console: Console, total: int) -> Iterator[Callable[[list[Record], list[str]], None]]:
    """A function that tells of the last of the records and of what runs: a bar; a line now and then on no terminal."""
    columns = (
        BarColumn(24),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}", markup=False),
    )
    began = spoken = time.monotonic()
    failed = 0

    def tell(records: list[Record], running: list[str]) -> None:
        nonlocal failed, spoken
        last, now = records[-1], time.monotonic()
        if last["status"] == FAILED:
            failed += 1
            said = f"failed: {last['kept'] or last['output']}: {last['error']}"
            console.print(said, style="red", markup=False, highlight=False, soft_wrap=True)
        rate = f"{len(records) / (now - began):.2f} runs/s, {failed} failed"
        shown.update(task, advance=1, description=f"{rate}, running: {', '.join(running)}")
        if not console.is_terminal and now - spoken >= 10:
            spoken = now
            console.print(f"{len(records)} of {total} runs, {rate}", highlight=False)

    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        task = shown.add_task("starting", total=total)
        yield tell


def _job(one: Run, fingerprints: Fingerprints, root: str, kernel: str | None, timeout: float) -> Job:
    """All that a worker needs for one run; it crosses process and machine borders."""
    parts, template = fingerprints.parts(one), one.template
    record: Record = {"output": one.output, "notebook": template.name, "parameters": one.parameters}
    record |= {"fingerprint": whole(parts), "status": FAILED, "error": None, "fatal": False, "kept": None}
    record |= {"title": None, "figures": [], "seconds": 0.0}
    job = (record, parts, template.content, str(template.path.parent), root, kernel, timeout)
    return functools.partial(in_worker, "execute", *job)


def _execute(jobs: Iterator[Job], open_pool: Callable[[], Pool], workers: int) -> Iterator[tuple[Record, list[str]]]:
    """Records as runs end, and what runs then. A pool that breaks is opened anew; a full disk ends it all."""
    again: deque[Job] = deque()
    breaks = Counter[str]()
    stop = False
    while True:
        pending: dict[Future[Record], Job] = {}
        try:
            with open_pool() as pool:
                while True:
                    while not stop and len(pending) < 2 * workers and (job := _next(again, jobs)):
                        pending[pool.submit(job)] = job
                    if not pending:
                        return
                    for future in wait(pending, return_when=FIRST_COMPLETED).done:
                        record = _result(future, pending[future])
                        del pending[future]
                        stop = stop or record["fatal"]
                        yield record, [job.args[1]["output"] for job in pending.values()][:workers]
        except BrokenExecutor as error:
            if not pending:
                raise VnegovError(f"no run can be started: {error}") from error
            for job in pending.values():
                record = job.args[1]
                breaks[record["output"]] += 1
                if breaks[record["output"]] < BREAKS:
                    again.append(job)
                else:
                    yield record | {"error": "its worker process was killed"}, []


def _next(again: deque[Job], jobs: Iterable[Job]) -> Job | None:
    return again.popleft() if again else next(islice(jobs, 1), None)


def _result(future: Future[Record], job: Job) -> Record:
    try:
        return future.result()
    except BrokenExecutor:
        raise
    except Exception as error:
        return job.args[1] | {"error": f"its worker was lost: {error!r}"}


@contextlib.contextmanager
def _pool(executor: str | Executor, workers: int, scheduler: str | None, kernel: str | None) -> Iterator[Executor]:
    """The executor of a name, for the time of a batch; one that is open already stays so."""
    with contextlib.ExitStack() as stack:
        if isinstance(executor, Executor):
            yield executor
        elif executor == "processes":
            yield stack.enter_context(_processes(workers, *stack.enter_context(_warm(kernel))))
        elif executor == "dask":
            try:
                from distributed import Client, LocalCluster

                if scheduler is None:
                    stack.enter_context(_warm(kernel))
                    local = {"n_workers": workers, "threads_per_worker": 1, "dashboard_address": None}
                    scheduler = stack.enter_context(LocalCluster(**local))
                client = stack.enter_context(Client(scheduler, timeout=20))
            except ImportError as error:
                raise VnegovError("no dask.distributed: pip install 'vnegov[dask]'") from error
            except OSError as error:
                raise VnegovError(f"no dask scheduler answers at {scheduler}: {error}") from error
            yield client.get_executor(pure=False)
        else:
            raise VnegovError(f"there is no executor {executor!r}; there are processes, dask")


@contextlib.contextmanager
def _warm(kernel: str | None) -> Iterator[tuple[str, socket.socket]]:
    """A private folder, and a socket that ends with this process; in the folder the zygote of the usual kernel, which
    imports its libraries while the workers import theirs."""
    stop, hold = socket.socketpair()
    private = tempfile.TemporaryDirectory(prefix="vnegov-", ignore_cleanup_errors=True)
    with private as folder, stop, hold:
        os.environ[zygote.SHARED], process = folder, None
        if kernel is None:
            spec = json.loads(WARM.read_text(encoding="utf-8"))["metadata"]["kernel_provisioner"]
            modules, env = spec["config"]["preload"], dict(os.environ)
            process = zygote.start(zygote.place(folder, modules, env), modules, env, stop)
        try:
            yield folder, stop
        finally:
            del os.environ[zygote.SHARED]
            hold.close()
            if process is not None:
                process.wait()


@contextlib.contextmanager
def _processes(workers: int, folder: str, stop: socket.socket) -> Iterator[Executor]:
    """A pool of fresh processes. They end, with their kernels, when this process does, however it does."""
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, in_worker, ("become_worker", stop, folder))
    try:
        yield pool
    except BaseException:
        stop.shutdown(socket.SHUT_RDWR)
        raise
    finally:
        pool.shutdown(cancel_futures=True)
