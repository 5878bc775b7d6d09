"""Kernels that start warm: forked from a process that has imported the third-party libraries already.

A kernel provisioner for jupyter_client, so that `vnegov-warm` works wherever a kernel name does: papermill,
nbclient, nbval, JupyterLab. Where a clean fork is not to be had, the kernel starts cold, as any other.
"""

import asyncio
import atexit
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner
from traitlets import List, Unicode

NAME = "vnegov-warm"
KERNELS = Path(__file__).parent / "kernels"
READ_AT_IMPORT = ("PYTHON", "MPL", "OMP_", "OPENBLAS_", "MKL_", "LD_", "LC_", "LANG", "TZ", "HOME", "PATH")
READY = 120.0  # seconds for the imports
_zygotes: dict[Any, tuple[subprocess.Popen[bytes], socket.socket] | None] = {}  # None: it could not be had


class Process:
    """A forked kernel, with as much of `subprocess.Popen` as a provisioner asks for."""

    stdin = stdout = stderr = None

    def __init__(self, answers: socket.socket) -> None:
        self.answers = answers
        self.returncode: int | None = None
        if not (pid := answers.recv(32)):
            raise OSError("the process that forks kernels has ended")
        self.pid = int(pid)
        answers.setblocking(False)

    def poll(self) -> int | None:
        """The exit code; None while the kernel lives."""
        if self.returncode is None:
            with contextlib.suppress(BlockingIOError):
                self.returncode = int(self.answers.recv(32) or -signal.SIGKILL)
                self.answers.close()
        return self.returncode

    def wait(self) -> int:
        """Wait for the end and give the exit code."""
        while (code := self.poll()) is None:
            time.sleep(0.002)
        return code

    def send_signal(self, number: int) -> None:
        """Asked for when the kernel's process group could not be signalled: it is gone."""


def _zygote(modules: list[str], env: dict[str, str]) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """A process that forks kernels until the socket beside it closes. Raises `OSError` if it cannot be had."""
    control, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
    script = Path(__file__).with_name("zygote.py")
    command = [sys.executable, "-Xfrozen_modules=off", str(script), *modules]
    with theirs:
        process = subprocess.Popen(command, stdin=theirs.fileno(), env=env, start_new_session=True)
    atexit.register(process.wait)
    atexit.register(control.close)  # which comes first
    control.settimeout(READY)
    if not control.recv(32):
        process.wait()
        control.close()
        raise OSError("no process to fork kernels from")
    return process, control


class WarmProvisioner(LocalProvisioner):
    """Forks kernels from a warm process: one for each environment that libraries read when they are imported.

    A kernel talks over sockets in a folder that only its user may enter, and has an IPYTHONDIR of its own.
    """

    preload = List(Unicode(), config=True, help="third-party modules to import before the fork")
    private: str | None = None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Give the kernel its private folder; whoever launches it may have chosen a transport already."""
        if self.private is None:
            self.private = tempfile.mkdtemp(prefix="vnegov-")
            free = self.parent.transport == "tcp" and not self.parent.shell_port
            if free and os.name == "posix" and len(self.private) < 90:  # the system's limit is 107
                self.parent.transport, self.parent.ip = "ipc", f"{self.private}/k"
        kwargs = await super().pre_launch(**kwargs)
        kwargs["env"].setdefault("IPYTHONDIR", f"{self.private}/ipython")
        return kwargs

    async def cleanup(self, restart: bool = False) -> None:
        """Remove the private folder."""
        await super().cleanup(restart)
        if self.private and not restart:
            shutil.rmtree(self.private, ignore_errors=True)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Launch warm; else cold."""
        try:
            process = self._fork(cmd, kwargs)
        except OSError as error:
            self.log.warning("this kernel starts cold: %s", error)
            process = None
        if process is None:
            return await super().launch_kernel(cmd, **kwargs)
        self.process, self.pid, self.pgid = process, process.pid, process.pid
        self.cwd = kwargs.get("cwd") or "."
        last = Path(f"{self.parent.ip}-{self.parent.hb_port}")  # the socket that a kernel opens last
        waits = 5000 if self.parent.transport == "ipc" else 0
        while waits and not last.exists() and process.poll() is None:
            waits -= 1
            await asyncio.sleep(0.002)  # a client that connects too early loses 0.1 s
        return self.connection_info

    def _fork(self, cmd: list[str], how: dict[str, Any]) -> Process | None:
        known = cmd[0] == sys.executable and "ipykernel_launcher" in cmd and sys.platform == "linux"
        if not known:  # elsewhere than on Linux system libraries do not survive a fork
            return None
        early = tuple(sorted(item for item in how["env"].items() if item[0].startswith(READ_AT_IMPORT)))
        key = (os.getpid(), early, tuple(self.preload))
        if (old := _zygotes.get(key)) and old[0].poll() is not None:
            _zygotes.pop(key)
            old[1].close()
        if key not in _zygotes:
            _zygotes[key] = None
            _zygotes[key] = _zygote(list(self.preload), how["env"])
        if (zygote := _zygotes[key]) is None:
            return None
        argv = cmd[cmd.index("ipykernel_launcher") + 1 :]
        request = {"argv": argv, "env": how["env"], "cwd": str(Path(how.get("cwd") or ".").resolve())}
        given = ((1, how.get("stdout")), (2, how.get("stderr")))
        streams = [n if s is None else s if isinstance(s, int) else s.fileno() for n, s in given]
        ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        with theirs:
            socket.send_fds(zygote[1], [json.dumps(request).encode()], [theirs.fileno(), *streams])
        return Process(ours)


def register() -> None:
    """Make `vnegov-warm` known in this process, also where its kernelspec is not installed."""
    search = os.environ.get("JUPYTER_PATH", "")
    if str(KERNELS.parent) not in search.split(os.pathsep):
        os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [str(KERNELS.parent), search]))
    entry = EntryPoint(NAME, f"{__name__}:WarmProvisioner", KernelProvisionerFactory.GROUP_NAME)
    KernelProvisionerFactory.provisioners.setdefault(NAME, entry)
