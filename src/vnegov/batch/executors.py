"""Where runs execute: in worker processes of this machine, or on a dask.distributed cluster.

Both speak `concurrent.futures.Executor`, and so may anything else that is handed to `batch.run`.
"""

import contextlib
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor

from vnegov.batch.execution import end_with
from vnegov.errors import VnegovError


@contextlib.contextmanager
def processes(workers: int, scheduler: str | None = None) -> Iterator[Executor]:
    """A pool of fresh processes. They end, with their kernels, when this process does, however it does."""
    context = multiprocessing.get_context("spawn")
    stop, hold = context.Pipe(duplex=False)  # only this process holds the other end: it closes with us
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=end_with, initargs=(stop,))
    try:
        yield pool
    except BaseException:
        hold.close()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        hold.close()
        stop.close()


@contextlib.contextmanager
def dask(workers: int, scheduler: str | None = None) -> Iterator[Executor]:
    """A dask cluster: the one whose scheduler is at an address, else one started for the time of the batch."""
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise VnegovError("--executor dask needs dask.distributed: pip install 'vnegov[dask]'") from error
    with contextlib.ExitStack() as stack:
        local = {"n_workers": workers, "threads_per_worker": 1, "dashboard_address": None}
        address = scheduler or stack.enter_context(LocalCluster(**local))
        try:
            client = stack.enter_context(Client(address, timeout=20))
        except OSError as error:
            raise VnegovError(f"no dask scheduler answers at {scheduler}: {error}") from error
        yield client.get_executor(pure=False)


NAMED = {"processes": processes, "dask": dask}


Opened = contextlib.AbstractContextManager[Executor]


def opened(name: str | Executor, workers: int, scheduler: str | None) -> Opened:
    """The executor of a name, for the time of a batch; one that is open already stays so."""
    if isinstance(name, Executor):
        return contextlib.nullcontext(name)
    if name not in NAMED:
        raise VnegovError(f"there is no executor {name!r}; there are {', '.join(NAMED)}")
    return NAMED[name](workers, scheduler)
