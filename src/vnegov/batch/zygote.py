"""The process that warm kernels are forked from. It runs as a script: the library itself is never imported here.

It imports third-party modules once, stays on one thread, and answers each request on its control socket
(standard input) with a fork that becomes an ordinary kernel. When its client goes away, it ends all kernels.
"""

import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import sys
from typing import Any


def serve(control: socket.socket) -> dict[str, Any]:
    """Fork a kernel for each request. Returns, in each child only, the request that it is to fulfil."""
    kernels: dict[int, socket.socket] = {}  # pid → the socket on which its client hears of its end

    def reap(*_: object) -> None:
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                with contextlib.suppress(OSError), kernels.pop(ended[0]) as client:
                    client.send(b"%d" % os.waitstatus_to_exitcode(ended[1]))

    signal.signal(signal.SIGCHLD, reap)
    while True:
        request, fds, *_ = socket.recv_fds(control, 1 << 20, 3)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})  # until the child is in the books
        if not request:
            for pid in kernels:
                for kill in (os.kill, os.killpg):  # it may not lead its group yet
                    with contextlib.suppress(ProcessLookupError):
                        kill(pid, signal.SIGKILL)
            os._exit(0)
        if (pid := os.fork()) == 0:
            os.setsid()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
            for number, fd in enumerate((os.open(os.devnull, os.O_RDONLY), *fds[1:])):
                os.dup2(fd, number)
            for held in (control, *kernels.values()):
                held.close()
            for fd in fds:
                os.close(fd)
            return dict(json.loads(request))
        for fd in fds[1:]:
            os.close(fd)
        kernels[pid] = socket.socket(fileno=fds[0])
        with contextlib.suppress(OSError):
            kernels[pid].send(b"%d" % pid)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})


def become_kernel(argv: list[str], env: dict[str, str], cwd: str) -> None:
    """Go on as `python -m ipykernel_launcher` would, with what a fresh process would not share made fresh."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.argv = ["ipykernel_launcher", *argv]
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed()  # the standard library's generator reseeds itself after a fork
    importlib.import_module("ipykernel.kernelapp").IPKernelApp.launch_instance()


def main() -> None:
    """Import the modules named on the command line, say so, and serve."""
    del sys.path[0]  # the folder of this file: its modules have no business among top-level names
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control = socket.socket(fileno=os.dup(0))
    os.environ["JPY_PARENT_PID"] = str(os.getpid())  # read when ipykernel is imported: kernels end with this
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")  # as ipykernel does
    for library in ("OMP", "OPENBLAS", "MKL"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")  # threads do not survive a fork
    for name in ("ipykernel.kernelapp", *sys.argv[1:]):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    if len(list(os.scandir("/proc/self/task"))) > 1:
        os.write(2, b"an imported module started a thread: a fork would not be clean\n")
        os._exit(1)
    gc.collect()
    gc.freeze()
    try:
        control.send(b"ready")
    except OSError:  # whoever started it is gone already
        return
    become_kernel(**serve(control))


if __name__ == "__main__":
    main()
