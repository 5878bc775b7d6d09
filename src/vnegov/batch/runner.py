"""The batch itself: expand a plan, leave out what is still good, execute the rest, and tell what happened.

Each run is a process of its own, supervised by a thread here, by a worker of a dask.distributed cluster, or by
whatever an executor of one's own gives: all speak `concurrent.futures.Executor`.
"""

import contextlib
import functools
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ThreadPoolExecutor, wait
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from vnegov import paths
from vnegov.batch import late, zygote
from vnegov.batch.fingerprint import Fingerprints, changes, whole
from vnegov.batch.ledger import DONE, FAILED, SKIPPED, Ledger, Record, os_error, stored
from vnegov.batch.plan import Plan, Run
from vnegov.errors import PlanError, VnegovError

OK, SOME_FAILED, BAD_PLAN, INTERRUPTED = 0, 1, 2, 130
COUNTED = (FAILED, DONE, SKIPPED, "unchanged", "not started")
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
    cold: bool = False,
    timeout: float = 600,
    fingerprints: Fingerprints | None = None,
    console: Console | None = None,
) -> int:
    """Execute what a plan asks for and is not there yet, or no longer good.

    `output` is a folder, or a URL that papermill can write to (figures and records stay in the usual folder).
    `timeout` is in seconds, per run; if `cold`, a run's process is not forked from one that has imported its modules.
    Returns 0 if all is done, 1 if some runs failed or nothing could be written, 2 if the plan is bad, 130 after Ctrl-C.
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
            preload = [] if cold else _preload(stale, fingerprints)
            jobs = (_job(one, fingerprints, root, preload, timeout) for one in stale)
            ended = _execute(jobs, _pool(executor, workers, scheduler, preload), workers)
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
    except (VnegovError, OSError, BrokenExecutor) as error:
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


def _preload(runs: Iterable[Run], fingerprints: Fingerprints) -> list[str]:
    """What is imported and called before the processes of these runs are forked: all that their notebooks import."""
    templates = {one.template.path: one.template for one in runs}.values()
    parts = {part for template in templates for part in fingerprints.shared(template)}
    modules = sorted(part.removeprefix("modules:") for part in parts if part.startswith("modules:"))
    return ["vnegov.batch.shell", *modules] + ["vnegov.charts.rehearsal:rehearse"] * ("vnegov.charts" in modules)


def _job(one: Run, fingerprints: Fingerprints, root: str, preload: list[str], timeout: float) -> Job:
    """All that a worker needs for one run; it crosses process and machine borders."""
    parts, template = fingerprints.parts(one), one.template
    record: Record = {"output": one.output, "notebook": template.name, "parameters": one.parameters}
    record |= {"fingerprint": whole(parts), "status": FAILED, "error": None, "fatal": False, "kept": None}
    record |= {"title": None, "figures": [], "seconds": 0.0}
    job = (record, parts, template.text, str(template.path.parent), root, preload, timeout)
    return functools.partial(late, "execute", *job)


def _execute(
    jobs: Iterator[Job], opened: contextlib.AbstractContextManager[Executor], workers: int
) -> Iterator[tuple[Record, list[str]]]:
    """Records as runs end, and what runs then. A full disk ends it all."""
    pending: dict[Future[Record], Job] = {}
    stop = False
    with opened as pool:
        while True:
            while not stop and len(pending) < 2 * workers and (job := next(jobs, None)):
                pending[pool.submit(job)] = job
            if not pending:
                return
            for future in wait(pending, return_when=FIRST_COMPLETED).done:
                record = _result(future, pending.pop(future))
                stop = stop or record["fatal"]
                yield record, [job.args[1]["output"] for job in pending.values()][:workers]


def _result(future: Future[Record], job: Job) -> Record:
    try:
        return future.result()
    except Exception as error:  # the executor's own
        return job.args[1] | {"error": f"its worker was lost: {error!r}"}


@contextlib.contextmanager
def _pool(executor: str | Executor, workers: int, scheduler: str | None, preload: list[str]) -> Iterator[Executor]:
    """The executor of a name, for the time of a batch; one that is open already stays so."""
    if isinstance(executor, Executor):
        yield executor
    elif executor == "processes":
        with _nursery(preload), ThreadPoolExecutor(workers) as pool, late("guarded", pool):
            yield pool
    elif executor == "dask":
        with contextlib.ExitStack() as stack:
            if scheduler is None:
                stack.enter_context(_nursery(preload))
            try:
                from distributed import Client, LocalCluster

                if scheduler is None:  # runs have processes of their own: workers need none
                    local = {"n_workers": workers, "threads_per_worker": 1, "processes": False}
                    scheduler = stack.enter_context(LocalCluster(**local, dashboard_address=None))
                client = stack.enter_context(Client(scheduler, timeout=20))
            except ImportError as error:
                raise VnegovError("no dask.distributed: pip install 'vnegov[dask]'") from error
            except OSError as error:
                raise VnegovError(f"no dask scheduler answers at {scheduler}: {error}") from error
            yield stack.enter_context(late("guarded", client.get_executor(pure=False)))
    else:
        raise VnegovError(f"there is no executor {executor!r}; there are processes, dask")


@contextlib.contextmanager
def _nursery(preload: list[str]) -> Iterator[None]:
    """A process to fork those of all runs from; it imports its libraries while this one imports papermill."""
    with contextlib.closing(zygote.Nursery()) as nursery:
        os.environ[zygote.SHARED] = nursery.folder
        try:
            if preload and sys.platform == "linux":
                nursery.start(preload, dict(os.environ))
            yield
        finally:
            del os.environ[zygote.SHARED]
