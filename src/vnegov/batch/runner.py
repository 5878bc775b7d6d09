"""The batch itself: expand a plan, leave out what is still good, execute the rest, and tell what happened.

Runs execute in worker processes of this machine, on a dask.distributed cluster, or wherever an executor of one's
own puts them: all speak `concurrent.futures.Executor`.
"""

import contextlib
import functools
import itertools
import json
import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from vnegov import paths
from vnegov.batch import in_worker, zygote
from vnegov.batch.fingerprint import Fingerprints, changes, whole
from vnegov.batch.ledger import DONE, FAILED, SKIPPED, Ledger, Record, os_error, stored
from vnegov.batch.plan import Plan, Run
from vnegov.errors import PlanError, VnegovError

OK, SOME_FAILED, BAD_PLAN, INTERRUPTED = 0, 1, 2, 130
COUNTED = (FAILED, DONE, SKIPPED, "unchanged", "not started")
BREAKS = 3  # how often the pool may break under a run before the run counts as failed
WARM = Path(__file__).parent / "kernels" / "vnegov-warm" / "kernel.json"
Job = functools.partial[Record]
Say = Callable[..., None]


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
    stale, records = list[Run](), list[Record]()
    try:
        ledger = Ledger(home, remote)
        stale, unchanged = _stale(plan, fingerprints, ledger, force, say if explain else None)
        if dry_run:
            say(f"{len(stale)} to run, {unchanged} unchanged")
            return OK
        if stale or ledger.new:
            jobs = (_job(one, fingerprints, root, kernel, timeout) for one in stale)
            ended = _execute(jobs, functools.partial(_pool, executor, workers, scheduler, kernel), workers)
            with ledger.recording():
                for record in _shown(ended, len(stale), console, say):
                    records.append(record)
                    ledger.append(record)
    except KeyboardInterrupt:
        say(f"stopped: {len(records)} of {len(stale)} runs done; the same command does the rest")
        return INTERRUPTED
    except PlanError as error:
        say(f"bad plan: {error}", style="red")
        return BAD_PLAN
    except (VnegovError, OSError) as error:
        say(str(error) if isinstance(error, VnegovError) else os_error(error)["error"], style="red")
        return SOME_FAILED
    say(_summary(records, unchanged, len(stale), f"{time.monotonic() - began:.1f} s; outputs below {root}"))
    return OK if sum(record["status"] != FAILED for record in records) == len(stale) else SOME_FAILED


def _stale(
    plan: Plan, fingerprints: Fingerprints, ledger: Ledger, force: bool, explain: Say | None
) -> tuple[list[Run], int]:
    """The runs of a plan that are to be executed, and how many are not."""
    stale: list[Run] = []
    unchanged = 0
    for one in plan:
        parts = fingerprints.parts(one)
        why = "forced" if force else ledger.why_stale(one.output, whole(parts))
        unchanged += not why
        stale += [one] if why else []
        if why and explain:
            before = stored(ledger.home / one.output).get("parts") if why == "changed" else None
            explain(f"{one.output}: {why} {', '.join(changes(before, parts)) if before else ''}".strip())
    return stale, unchanged


def _shown(ended: Iterator[tuple[Record, list[str]]], total: int, console: Console, say: Say) -> Iterator[Record]:
    """Pass on the records of runs that ended, and tell of them: on a bar; on no terminal, in a line now and then."""
    said = TextColumn("{task.description}", markup=False)
    columns = (BarColumn(24), MofNCompleteColumn(), TimeRemainingColumn(), said)
    began, counts = time.monotonic(), Counter[str]()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("starting", total=total)
        for record, running in ended:
            counts[record["status"]] += 1
            if record["status"] == FAILED:
                say(f"failed: {record['kept'] or record['output']}: {record['error']}", style="red")
            rate = f"{counts.total() / (time.monotonic() - began):.2f} runs/s, {counts[FAILED]} failed"
            bar.update(task, advance=1, description=f"{rate}, running: {', '.join(running)}")
            if not console.is_terminal and counts.total() % 20 == 0:
                say(f"{counts.total()} of {total} runs, {rate}")
            yield record


def _summary(records: list[Record], unchanged: int, stale: int, rest: str) -> str:
    counts = Counter(record["status"] for record in records)
    counts |= {"unchanged": unchanged, "not started": stale - len(records)}
    told = ", ".join(f"{counts[what]} {what}" for what in COUNTED if counts[what]) or "nothing to run"
    slowest = sorted(records, key=lambda record: -record["seconds"])[: 3 if len(records) > 3 else 0]
    more = ", ".join(f"{record['output']} {record['seconds']:.1f} s" for record in slowest)
    return f"{told} in {rest}" + (f"\nslowest: {more}" if more else "")


def _job(one: Run, fingerprints: Fingerprints, root: str, kernel: str | None, timeout: float) -> Job:
    """All that a worker needs for one run; it crosses process and machine borders."""
    parts, template = fingerprints.parts(one), one.template
    record: Record = {"output": one.output, "notebook": template.name, "parameters": one.parameters}
    record |= {"fingerprint": whole(parts), "status": FAILED, "error": None, "fatal": False, "kept": None}
    record |= {"title": None, "figures": [], "seconds": 0.0}
    job = (record, parts, template.text, str(template.path.parent), root, kernel, timeout)
    return functools.partial(in_worker, "execute", *job)


def _execute(
    jobs: Iterator[Job], open_pool: Callable[[], contextlib.AbstractContextManager[Executor]], workers: int
) -> Iterator[tuple[Record, list[str]]]:
    """Records as runs end, and what runs then. A pool that breaks is opened anew; a full disk ends it all."""
    breaks = Counter[Job]()
    stop = False
    while True:
        pending: dict[Job, Future[Record] | None] = {}
        try:
            with open_pool() as pool:
                while True:
                    while not stop and len(pending) < 2 * workers and (job := next(jobs, None)):
                        pending[job] = None  # it is not lost if the pool turns out to be broken
                        pending[job] = pool.submit(job)
                    if not pending:
                        return
                    futures = {future: job for job, future in pending.items() if future}
                    for future in wait(futures, return_when=FIRST_COMPLETED).done:
                        record = _result(future, futures[future])
                        del pending[futures[future]]
                        stop = stop or record["fatal"]
                        yield record, [job.args[1]["output"] for job in pending][:workers]
        except BrokenExecutor as error:
            breaks.update(list(pending))
            for job in (job for job in pending if breaks[job] == BREAKS):
                yield job.args[1] | {"error": f"its worker process was killed: {error}"}, []
            jobs = itertools.chain([job for job in pending if breaks[job] < BREAKS], jobs)


def _result(future: Future[Record], job: Job) -> Record:
    try:
        return future.result()
    except BrokenExecutor:
        raise
    except Exception as error:  # a cluster's own
        return job.args[1] | {"error": f"its worker was lost: {error!r}"}


@contextlib.contextmanager
def _pool(executor: str | Executor, workers: int, scheduler: str | None, kernel: str | None) -> Iterator[Executor]:
    """The executor of a name, for the time of a batch; one that is open already stays so."""
    if isinstance(executor, Executor):
        yield executor
    elif executor == "processes":
        with _nursery(kernel) as nursery:
            start = (in_worker, ("become_worker", nursery.watched, nursery.folder))
            pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), *start)
            try:
                yield pool
            except BaseException:
                nursery.held.close()  # workers end at once, kernels first
                raise
            finally:
                pool.shutdown(cancel_futures=True)
    elif executor == "dask":
        with contextlib.ExitStack() as stack:
            try:
                from distributed import Client, LocalCluster

                if scheduler is None:
                    stack.enter_context(_nursery(kernel))
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
def _nursery(kernel: str | None) -> Iterator[zygote.Nursery]:
    """What workers have kernels forked by; it imports its libraries while the workers import theirs."""
    with contextlib.closing(zygote.Nursery()) as nursery:
        os.environ[zygote.SHARED] = nursery.folder
        try:
            if kernel is None:
                spec = json.loads(WARM.read_text(encoding="utf-8"))["metadata"]["kernel_provisioner"]
                nursery.start(spec["config"]["preload"], dict(os.environ))
            yield nursery
        finally:
            del os.environ[zygote.SHARED]
