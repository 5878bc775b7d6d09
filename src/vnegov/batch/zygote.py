"""The process that warm kernels are forked from: how to start one, and the script that it runs.

It imports and calls what it is told to ("module" or "module:function"), stays on one thread, and answers each
connection to its socket with a fork that becomes an ordinary kernel; a kernel lives as long as its connection. A change
to any file of the project that was read retires it, so that no kernel gets stale code or figures.
"""

import contextlib
import gc
import importlib
import importlib.util
import json
import os
import select
import signal
import socket
import subprocess
import sys
from hashlib import blake2b
from pathlib import Path
from typing import Any

READ_AT_IMPORT = (
    "PYTHON",
    "MPL",
    "OMP_",
    "OPENBLAS_",
    "MKL_",
    "LD_",
    "LC_",
    "LANG",
    "TZ",
    "HOME",
    "PATH",
    "VNEGOV_ROOT",
)
SHARED = "VNEGOV_ZYGOTES"  # the variable that names a folder of sockets, where a batch has one
INSTALLED = (sys.prefix, sys.base_prefix, "/proc/", "/sys/", "/dev/", "<")
read: dict[str, tuple[int, int]] = {}  # file → its stamp before it was read
reading = True


def place(folder: str | Path, modules: list[str], env: dict[str, str]) -> Path:
    """The socket in a folder of the process that has imported these modules in such an environment."""
    early = sorted(item for item in env.items() if item[0].startswith(READ_AT_IMPORT))
    return Path(folder, blake2b(repr((modules, early)).encode(), digest_size=8).hexdigest())


def start(path: Path, modules: list[str], env: dict[str, str], owner: socket.socket) -> subprocess.Popen[bytes]:
    """Start a process that listens at `path`, at once: who connects before it is ready waits.

    It ends when the other end of `owner` closes. Raises `OSError` if something is at `path` already.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(str(path))
        listener.listen(128)
        command = [sys.executable, "-Xfrozen_modules=off", __file__, str(owner.fileno()), *modules]
        return subprocess.Popen(
            command, env=env, stdin=listener.fileno(), pass_fds=[owner.fileno()], start_new_session=True
        )


def note(event: str, args: tuple[Any, ...]) -> None:
    """Audit hook: keep the stamp of each file of the project that is opened to be read."""
    if reading and event == "open" and isinstance(args[0], str) and not args[2] & (os.O_WRONLY | os.O_RDWR):
        with contextlib.suppress(ValueError, OSError):
            path = importlib.util.source_from_cache(args[0]) if args[0].endswith(".pyc") else args[0]
            if not path.startswith(INSTALLED):
                read.setdefault(path, stamp(path))


def stamp(path: str) -> tuple[int, int]:
    """What changes when a file is written."""
    status = Path(path).stat()
    return status.st_mtime_ns, status.st_size


def stale() -> bool:
    """Whether a file that was read has changed since, or is gone."""
    try:
        return any(stamp(path) != before for path, before in read.items())
    except OSError:
        return True


def serve(listener: socket.socket, owner: socket.socket) -> dict[str, Any]:
    """Fork kernels until the owner is gone or, retired, the last of them has ended.

    Returns, in each child only, the request that it is to fulfil.
    """
    kernels: dict[int, socket.socket] = {}  # pid → the connection on which its client hears of its end
    wake, write = socket.socketpair()
    write.setblocking(False)
    signal.set_wakeup_fd(write.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while kernels or listener.fileno() >= 0:
        clients = {connection: pid for pid, connection in kernels.items()}
        there = [owner, wake, *clients] + [listener] * (listener.fileno() >= 0)
        ready = select.select(there, [], [])[0]
        if owner in ready:
            break
        for connection in clients.keys() & set(ready):  # its client is gone
            kill(clients[connection])
        if wake in ready:
            wake.recv(4096)
            reap(kernels)
        if listener in ready:
            connection = listener.accept()[0]
            request, fds, *_ = socket.recv_fds(connection, 1 << 20, 2)
            if stale():
                listener.close()
            if not request or listener.fileno() < 0:
                connection.close()
            elif (pid := os.fork()) == 0:
                signal.set_wakeup_fd(-1)
                for number, fd in enumerate((os.open(os.devnull, os.O_RDONLY), *fds)):
                    os.dup2(fd, number)
                for held in (listener, owner, wake, write, connection, *clients):
                    held.close()
                return dict(json.loads(request))
            else:
                kernels[pid] = connection
                with contextlib.suppress(OSError):
                    connection.send(b"%d" % pid)
            for fd in fds:
                os.close(fd)
    for pid in kernels:
        kill(pid)
    os._exit(0)


def reap(kernels: dict[int, socket.socket]) -> None:
    """Tell the clients of kernels that have ended how they did."""
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            with contextlib.suppress(OSError), kernels.pop(ended[0]) as connection:
                connection.send(b"%d" % os.waitstatus_to_exitcode(ended[1]))


def kill(pid: int) -> None:
    """End a kernel and what it started; it may not lead its group yet."""
    for end in (os.kill, os.killpg):
        with contextlib.suppress(ProcessLookupError):
            end(pid, signal.SIGKILL)


def become_kernel(argv: list[str], env: dict[str, str], cwd: str) -> None:
    """Go on as `python -m ipykernel_launcher` would, with what a fresh process would not share made fresh."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.argv = ["ipykernel_launcher", *argv]
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed()  # the standard library's generator reseeds itself after a fork
    importlib.import_module("ipykernel.kernelapp").IPKernelApp.launch_instance()


def main() -> None:
    """Import and call what the command line names, and serve. Its first word is the descriptor of the owner's end."""
    global reading
    del sys.path[0]  # the folder of this file: its modules have no business among top-level names
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    listener, owner = socket.socket(fileno=os.dup(0)), socket.socket(fileno=int(sys.argv[1]))
    os.environ["JPY_PARENT_PID"] = str(os.getpid())  # read when ipykernel is imported: kernels end with this
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")  # as ipykernel does
    for library in ("OMP", "OPENBLAS", "MKL"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")  # threads do not survive a fork
    sys.addaudithook(note)
    for name in ("ipykernel.kernelapp", *sys.argv[2:]):
        module, _, function = name.partition(":")
        with contextlib.suppress(Exception):  # a kernel that needs it will say what is wrong
            found = importlib.import_module(module)
            if function:
                getattr(found, function)()
    reading = False
    if len(list(os.scandir("/proc/self/task"))) > 1:
        os.write(2, b"an imported module started a thread: a fork would not be clean\n")
        os._exit(1)
    gc.collect()
    gc.freeze()
    become_kernel(**serve(listener, owner))


if __name__ == "__main__":
    main()
