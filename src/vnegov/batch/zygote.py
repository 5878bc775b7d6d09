"""The process that warm kernels are forked from. It runs as a script: the library itself is never imported here.

It imports third-party modules once, stays on one thread, and answers each request on its control socket
(standard input) with a fork that becomes an ordinary kernel. When its client goes away, it ends all kernels.
"""

import contextlib
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
from typing import Any


def serve(control: socket.socket) -> dict[str, Any]:
    """Fork a kernel for each request. Returns, in each child only, the request that it is to fulfil."""
    selector = selectors.DefaultSelector()
    selector.register(control, selectors.EVENT_READ)
    kernels: dict[int, tuple[int, socket.socket]] = {}  # pidfd → pid, the socket its client listens to
    while True:
        for key, _ in selector.select():
            if key.fileobj is control:
                request, fds, *_ = socket.recv_fds(control, 1 << 20, 3)
                if not request:
                    for pid, _answers in kernels.values():
                        end(pid)
                    os._exit(0)
                if (pid := os.fork()) == 0:
                    os.setsid()
                    for number, fd in enumerate((os.open(os.devnull, os.O_RDONLY), *fds[1:])):
                        os.dup2(fd, number)
                    for fd in {*fds, *kernels, *(a.detach() for _, a in kernels.values())}:
                        os.close(fd)
                    selector.close()
                    control.close()
                    return dict(json.loads(request))
                for fd in fds[1:]:
                    os.close(fd)
                answers, pidfd = socket.socket(fileno=fds[0]), os.pidfd_open(pid)
                kernels[pidfd] = pid, answers
                selector.register(pidfd, selectors.EVENT_READ)
                selector.register(answers, selectors.EVENT_READ, pid)
                answers.send(b"%d" % pid)
            elif key.fd in kernels:  # it has ended
                pid, answers = kernels.pop(key.fd)
                for gone in {key.fd, answers.fileno()} & set(selector.get_map()):
                    selector.unregister(gone)
                with contextlib.suppress(OSError), answers:
                    answers.send(b"%d" % os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
                os.close(key.fd)
            elif key.data:  # its client has gone
                end(key.data)
                selector.unregister(key.fileobj)


def end(pid: int) -> None:
    """Kill a kernel and all that it started."""
    for kill in (os.kill, os.killpg):
        with contextlib.suppress(ProcessLookupError):
            kill(pid, signal.SIGKILL)


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
    control.send(b"ready")
    become_kernel(**serve(control))


if __name__ == "__main__":
    main()
