"""The process that runs and warm kernels are forked from: how to start one, and the script that it is.

It imports and calls what it is told to ("module" or "module:function"), stays on one thread, and answers each
connection to its socket with a fork that goes on to call what it is asked to; the fork lives as long as its connection.
A change to any file of the project that was read retires it, so that nothing forked has stale code or figures.
"""

import atexit
import contextlib
import gc
import importlib
import importlib.util
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

READ_AT_IMPORT = re.compile("PYTHON(?!HASHSEED)|MPL|OMP_|OPENBLAS_|MKL_|LD_|LC_|LANG|TZ|HOME|PATH|VNEGOV_ROOT")
SHARED = "VNEGOV_ZYGOTES"  # the variable that names the folder of sockets
READY = 120.0  # seconds for the imports
ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}  # others do not survive a fork
INSTALLED = (sys.prefix, sys.base_prefix, "/proc/", "/sys/", "/dev/", "<")
read: dict[str, list[int]] = {}  # file → its stamp before it was read
reading = True


def place(folder: str, modules: list[str], env: dict[str, str]) -> Path:
    """The socket in a folder of the process that has imported these modules in such an environment."""
    early = sorted(item for item in (ONE_THREAD | env).items() if READ_AT_IMPORT.match(item[0]))
    return Path(folder, blake2b(repr((modules, early)).encode(), digest_size=8).hexdigest())


class Nursery:
    """A private folder of sockets, each of a process to fork from. They end when it closes or its owner dies."""

    def __init__(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="vnegov-")
        self.held, self.watched = socket.socketpair()  # the second is at its end when the first is gone
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, modules: list[str], env: dict[str, str]) -> None:
        """Start a process, in the place of one that has ended. It listens at once: who connects early waits."""
        path = place(self.folder, modules, env)
        path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            listener.bind(str(path))
            listener.listen(128)
            owner = self.watched.fileno()
            command = [sys.executable, "-Xfrozen_modules=off", __file__, str(owner), *modules]
            how: dict[str, Any] = {"stdin": listener.fileno(), "pass_fds": [owner], "start_new_session": True}
            self.processes.append(subprocess.Popen(command, env=env, **how))

    def close(self) -> None:
        """End them all, with their forks."""
        self.held.close()
        self.watched.close()
        for process in self.processes:
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Process:
    """A forked process, with as much of `subprocess.Popen` as is asked for."""

    stdin = stdout = stderr = None

    def __init__(self, path: Path, request: dict[str, Any], streams: list[int]) -> None:
        """Ask for it at the socket `path`. Raises `OSError` if nobody forks there, or not any more."""
        self.returncode: int | None = None
        self.connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self.connection.settimeout(READY)
            self.connection.connect(str(path))
            socket.send_fds(self.connection, [json.dumps(request).encode()], streams)
            if not (pid := self.connection.recv(32)):
                raise ConnectionResetError("the process to fork from has ended, or its files have changed")
        except OSError:
            self.connection.close()
            raise
        self.pid = int(pid)
        self.connection.setblocking(False)

    def poll(self) -> int | None:
        """The exit code; None while the process lives."""
        if self.returncode is None:
            with contextlib.suppress(BlockingIOError):
                self.returncode = int(self.connection.recv(32) or -signal.SIGKILL)
                self.connection.close()
        return self.returncode

    def wait(self) -> int:
        """Wait for the end and give the exit code."""
        if self.returncode is None:
            select.select([self.connection], [], [])
        return self.poll() or 0

    def kill(self) -> None:
        """End it and what it started, now."""
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)

    def send_signal(self, number: int) -> None:
        """Asked for when the process group could not be signalled: it is gone."""


@cache
def own() -> Nursery:
    """What this process has others forked by where a batch has started nothing that is fit for them."""
    nursery = Nursery()
    atexit.register(nursery.close)
    return nursery


def fork(call: str, argv: list[str], how: dict[str, Any], modules: list[str]) -> Process:
    """A process that has imported these modules and goes on to call "module:function".

    `how` has what `Popen` takes: env, cwd, stdin, stdout, stderr. Asks the batch's zygote or else one of this process's
    own, started if need be. Raises `OSError` where a clean fork is not to be had.
    """
    if sys.platform != "linux":  # elsewhere system libraries do not survive a fork
        raise OSError(f"{sys.platform} has no clean forks")
    request = {"call": call, "argv": argv, "env": how["env"], "cwd": str(Path(how.get("cwd") or ".").resolve())}
    with Path(os.devnull).open() as nothing:
        given = ((nothing, how.get("stdin")), (1, how.get("stdout")), (2, how.get("stderr")))
        streams = [s if isinstance(s, int) else s.fileno() for s in (n if s is None else s for n, s in given)]

        def ask(folder: str) -> Process:
            return Process(place(folder, modules, how["env"]), request, streams)

        with contextlib.suppress(KeyError, OSError):
            return ask(os.environ[SHARED])
        own().start(modules, how["env"])
        os.environ[SHARED] = own().folder
        return ask(own().folder)


def note(event: str, args: tuple[Any, ...]) -> None:
    """Audit hook: keep the stamp of each file of the project that is opened to be read."""
    if reading and event == "open" and isinstance(args[0], str) and not args[2] & (os.O_WRONLY | os.O_RDWR):
        with contextlib.suppress(ValueError, OSError):
            path = importlib.util.source_from_cache(args[0]) if args[0].endswith(".pyc") else args[0]
            if not path.startswith(INSTALLED):
                read.setdefault(path, stamp(path))


def stamp(path: str | Path) -> list[int]:
    """What changes when a file is written: its time and its size."""
    status = os.stat(path)  # noqa: PTH116 (asked for a hundred thousand files)
    return [status.st_mtime_ns, status.st_size]


def stale() -> bool:
    """Whether a file that was read has changed since, or is gone."""
    try:
        return any(stamp(path) != before for path, before in read.items())
    except OSError:
        return True


def serve(listener: socket.socket, owner: socket.socket) -> dict[str, Any]:
    """Fork until the owner is gone or, retired, the last fork has ended.

    Returns, in each child only, the request that it is to fulfil.
    """
    forks: dict[int, tuple[int, socket.socket]] = {}  # what says that it has ended → its id, its client's connection
    clients: dict[socket.socket, int] = {}  # connection → id of the fork that ends with it
    folder = Path(listener.getsockname()).parent
    while forks or listener.fileno() >= 0:
        there: list[Any] = [owner, *forks, *clients] + [listener] * (listener.fileno() >= 0)
        ready = select.select(there, [], [])[0]
        if owner in ready:
            shutil.rmtree(folder, ignore_errors=True)
            break
        for client in clients.keys() & ready:  # at its end: the client is gone
            kill(clients.pop(client))
        for end in forks.keys() & ready:
            pid, client = forks.pop(end)
            clients.pop(client, None)
            kill(pid)  # what it has started
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            with contextlib.suppress(OSError), client:
                client.send(b"%d" % code)
            os.close(end)
        if listener in ready:
            client = listener.accept()[0]
            request, fds, *_ = socket.recv_fds(client, 1 << 20, 3)
            if stale():
                listener.close()
            if not request or listener.fileno() < 0:
                client.close()
            elif (pid := os.fork()) == 0:
                for number, fd in enumerate(fds):
                    os.dup2(fd, number)
                for held in (listener, owner, client, *(client for _, client in forks.values())):
                    held.close()
                for fd in (*forks, *fds):
                    os.close(fd)
                return dict(json.loads(request))
            else:
                forks[os.pidfd_open(pid)], clients[client] = (pid, client), pid
                with contextlib.suppress(OSError):
                    client.send(b"%d" % pid)
            for fd in fds:
                os.close(fd)
    for pid, _ in forks.values():
        kill(pid)
    os._exit(0)


def kill(pid: int) -> None:
    """End a process and what it started; it may not lead its group yet."""
    for end in (os.kill, os.killpg):
        with contextlib.suppress(ProcessLookupError):
            end(pid, signal.SIGKILL)


def go_on(call: str, argv: list[str], env: dict[str, str], cwd: str) -> None:
    """Call a function as a new process would, with what that would not share with others made fresh."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    module, _, function = call.partition(":")
    sys.argv = [module, *argv]
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed()  # the standard library's generator reseeds itself after a fork
    getattr(importlib.import_module(module), function)()


def main() -> None:
    """Import and call what the command line names, and serve. Its first word is the descriptor of the owner's end."""
    global reading
    del sys.path[0]  # the folder of this file: its modules have no business among top-level names
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    listener, owner = socket.socket(fileno=os.dup(0)), socket.socket(fileno=int(sys.argv[1]))
    os.environ["JPY_PARENT_PID"] = str(os.getpid())  # read when ipykernel is imported: kernels end with this
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")  # as ipykernel does
    for name, value in ONE_THREAD.items():
        os.environ.setdefault(name, value)
    os.close(os.pidfd_open(os.getpid()))  # an error, and cold kernels, on a Linux that has no such thing
    sys.addaudithook(note)
    for name in sys.argv[2:]:
        module, _, function = name.partition(":")
        with contextlib.suppress(Exception):  # what needs it will say what is wrong
            found = importlib.import_module(module)
            if function:
                getattr(found, function)()
    reading = False
    if len(list(os.scandir("/proc/self/task"))) > 1:
        os.write(2, b"an imported module started a thread: a fork would not be clean\n")
        os._exit(1)
    gc.collect()
    gc.freeze()
    go_on(**serve(listener, owner))


if __name__ == "__main__":
    main()
