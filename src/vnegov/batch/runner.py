"""The batch itself: expand a plan, leave out what is still good, execute the rest, and tell what happened."""

import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from vnegov import paths
from vnegov.batch import executors
from vnegov.batch.execution import DONE, FAILED, SKIPPED, Job, execute, os_error, stored
from vnegov.batch.fingerprint import Fingerprints, changes
from vnegov.batch.ledger import Ledger, locked
from vnegov.batch.plan import Plan, Run
from vnegov.errors import PlanError, VnegovError

OK, SOME_FAILED, BAD_PLAN, INTERRUPTED = 0, 1, 2, 130
BREAKS = 3  # how often the pool may break under a run before the run counts as failed
EVERY = 10.0  # seconds between lines where there is no terminal
Record = dict[str, Any]
Where = tuple[str | Executor, int, str | None]


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
    began, console = time.monotonic(), console or Console()
    remote = "://" in str(output)
    home = paths.output() if remote or output is None else Path(output).resolve()
    root = str(output).rstrip("/") if remote else str(home)
    fingerprints = fingerprints or Fingerprints(plan.data)
    records: list[Record] = []
    try:
        ledger = Ledger(home, remote)
        stale, unchanged = _stale(plan, ledger, fingerprints, force, console if explain else None)
        if dry_run:
            console.print(f"{len(stale)} to run, {unchanged} unchanged", highlight=False)
            return OK
        if stale or ledger.recovered:
            jobs = (_job(*item, fingerprints, root, kernel, timeout) for item in stale)
            with locked(home), Display(len(stale), console) as display:
                ledger.compact()
                try:
                    for record in _execute(jobs, (executor, workers, scheduler), display):
                        records.append(record)
                        ledger.append(record)
                        display.count(record)
                finally:
                    ledger.compact()
    except KeyboardInterrupt:
        console.print(f"stopped: {len(records)} of {len(stale)} runs done; the same command does the rest")
        return INTERRUPTED
    except PlanError as error:
        console.print(f"bad plan: {error}", style="red", markup=False, soft_wrap=True)
        return BAD_PLAN
    except (VnegovError, OSError) as error:
        said = str(error) if isinstance(error, VnegovError) else os_error(error)["error"]
        console.print(said, style="red", markup=False, soft_wrap=True)
        return SOME_FAILED
    missed = len(stale) - len(records)
    _summary(console, records, unchanged, missed, time.monotonic() - began, root)
    return SOME_FAILED if missed or any(r["status"] == FAILED for r in records) else OK


def _stale(
    plan: Plan, ledger: Ledger, fingerprints: Fingerprints, force: bool, explain: Console | None
) -> tuple[list[tuple[Run, str]], int]:
    """The runs to execute, with their fingerprints, and how many need not be. Raises `PlanError`."""
    stale: list[tuple[Run, str]] = []
    total = 0
    for total, run in enumerate(plan, 1):  # noqa: B007
        fingerprint = fingerprints.whole(run)
        why = "forced" if force else ledger.why_stale(run.output, fingerprint)
        if why is None:
            continue
        stale.append((run, fingerprint))
        if explain:
            before = stored(ledger.home / run.output).get("parts", {}) if why == "changed" else {}
            names = ", ".join(changes(before, fingerprints.parts(run))) if before else ""
            explain.print(
                f"{run.output}: {why} {names}".strip(), markup=False, highlight=False, soft_wrap=True
            )
    plan.check()
    return stale, total - len(stale)


def _job(
    run: Run, fingerprint: str, fingerprints: Fingerprints, root: str, kernel: str | None, timeout: float
) -> Job:
    record = {"output": run.output, "notebook": run.template.name, "parameters": run.parameters, "keys": run.keys,
              "fingerprint": fingerprint, "parts": fingerprints.parts(run)}  # fmt: skip
    return Job(record, run.template.content, str(run.template.path.parent), root, kernel, timeout)


def _execute(jobs: Iterator[Job], where: Where, display: "Display") -> Iterator[Record]:
    """Records as runs end. A pool that breaks is opened anew; after a full disk or the like nothing more starts."""
    again: deque[tuple[Job, int]] = deque()
    stop = broken = False
    while True:
        with executors.opened(*where) as pool:
            pending: dict[Future[Record], tuple[Job, int]] = {}
            broken = False
            while not broken:
                while not stop and len(pending) < 2 * where[1]:
                    item = again.popleft() if again else next(((job, 1) for job in jobs), None)
                    if item is None:
                        break
                    try:
                        pending[pool.submit(execute, item[0])] = item
                    except BrokenExecutor:
                        again.append(item)
                        broken = True
                        break
                if not pending:
                    break
                for future in wait(pending, timeout=0.5, return_when=FIRST_COMPLETED).done:
                    job, times = pending.pop(future)
                    error = future.exception()
                    if isinstance(error, BrokenExecutor) and times < BREAKS and isinstance(where[0], str):
                        again.append((job, times + 1))
                        broken = True
                        continue
                    record = _lost(job, error) if error else future.result()
                    stop = stop or record["fatal"]
                    yield record
                display.now([job.record["output"] for job, _ in pending.values()][: where[1]])
            again.extend((job, times + 1) for job, times in pending.values())
        if not broken:
            return


def _lost(job: Job, error: BaseException) -> Record:
    """The record of a run whose worker did not come back."""
    broken = isinstance(error, BrokenExecutor)
    said = "its worker process was killed" if broken else f"its worker was lost: {error!r}"
    own = {k: v for k, v in job.record.items() if k != "parts"}
    return own | {"status": FAILED, "title": None, "figures": [], "error": said, "kept": None, "fatal": False,
                  "seconds": 0.0}  # fmt: skip


class Display(Progress):
    """A progress bar on a terminal, elsewhere a line now and then; a failure is told at once."""

    def __init__(self, total: int, console: Console) -> None:
        text = TextColumn("{task.description}", markup=False)
        shown = (BarColumn(24), MofNCompleteColumn(), TimeRemainingColumn(), text)
        super().__init__(*shown, console=console, transient=True, disable=not console.is_terminal)
        self.runs = self.add_task("starting", total=total)
        self.began = self.said = time.monotonic()
        self.failed = 0

    def count(self, record: Record) -> None:
        """Count one run."""
        self.advance(self.runs)
        if record["status"] == FAILED:
            self.failed += 1
            self.console.print(_failure(record), style="red", markup=False, soft_wrap=True)

    def now(self, running: list[str]) -> None:
        """Show the rate, what failed and what runs."""
        done = self.tasks[0].completed
        rate = f"{done / (time.monotonic() - self.began):.2f} runs/s, {self.failed} failed"
        names = ", ".join(name.removeprefix("reports/") for name in running)
        self.update(self.runs, description=f"{rate}, running: {names}")
        if self.disable and time.monotonic() - self.said > EVERY:
            self.said = time.monotonic()
            self.console.print(f"{done:.0f} of {self.tasks[0].total:.0f} runs, {rate}", highlight=False)


def _failure(record: Record) -> str:
    return f"failed: {record['kept'] or record['output']}: {record['error']}"


def _summary(
    console: Console, records: list[Record], unchanged: int, missed: int, seconds: float, root: str
) -> None:
    """The end of a batch: failures first, then counts, then the slowest runs."""
    by = {status: [r for r in records if r["status"] == status] for status in (FAILED, DONE, SKIPPED)}
    for record in by[FAILED]:
        console.print(_failure(record), style="red", markup=False, soft_wrap=True)
    counts = {status: len(found) for status, found in by.items()} | {
        "unchanged": unchanged,
        "not started": missed,
    }
    said = ", ".join(f"{count} {what}" for what, count in counts.items() if count) or "nothing to run"
    console.print(
        f"{said} in {seconds:.1f} s; outputs below {root}", markup=False, highlight=False, soft_wrap=True
    )
    if len(records) > 3:
        slowest = sorted(records, key=lambda r: -r["seconds"])[:3]
        named = ", ".join(f"{r['output'].removeprefix('reports/')} {r['seconds']:.1f} s" for r in slowest)
        console.print(f"slowest: {named}", markup=False, highlight=False, soft_wrap=True)
