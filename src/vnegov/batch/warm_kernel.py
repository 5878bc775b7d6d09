"""Kernels that start warm: forked from a process that has imported the libraries, and this one, already.

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
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

from jupyter_client.provisioning import LocalProvisioner
from traitlets import List, Unicode

from vnegov.batch import zygote

NAME = "vnegov-warm"
KERNELS = Path(__file__).parent / "kernels"
READY = 120.0  # seconds for the imports


class Process:
    """A forked kernel, with as much of `subprocess.Popen` as a provisioner asks for."""

    stdin = stdout = stderr = None

    def __init__(self, path: Path, request: dict[str, Any], streams: list[int]) -> None:
        """Ask for it at the socket `path`. Raises `OSError` if nobody forks kernels there, or not any more."""
        self.returncode: int | None = None
        self.connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self.connection.settimeout(READY)
            self.connection.connect(str(path))
            socket.send_fds(self.connection, [json.dumps(request).encode()], streams)
            if not (pid := self.connection.recv(32)):
                raise ConnectionResetError("the process that forks kernels has ended, or its files have changed")
        except OSError:
            self.connection.close()
            raise
        self.pid = int(pid)
        self.connection.setblocking(False)

    def poll(self) -> int | None:
        """The exit code; None while the kernel lives."""
        if self.returncode is None:
            with contextlib.suppress(BlockingIOError):
                self.returncode = int(self.connection.recv(32) or -signal.SIGKILL)
                self.connection.close()
        return self.returncode

    def wait(self) -> int:
        """Wait for the end and give the exit code."""
        while (code := self.poll()) is None:
            time.sleep(0.002)
        return code

    def send_signal(self, number: int) -> None:
        """Asked for when the kernel's process group could not be signalled: it is gone."""


@cache
def own() -> zygote.Nursery:
    """What this process has kernels forked by where a batch has started nothing that is fit for them."""
    nursery = zygote.Nursery()
    atexit.register(nursery.close)
    return nursery


class WarmProvisioner(LocalProvisioner):
    """Forks kernels from a warm process: one for each environment that libraries read when they are imported.

    A kernel talks over sockets in a folder that only its user may enter, and has an IPYTHONDIR of its own.
    """

    preload = List(Unicode(), config=True, help="modules to import before the fork, functions to call (module:name)")
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
        known = cmd[0] == sys.executable and "ipykernel_launcher" in cmd
        if not known or sys.platform != "linux":  # elsewhere system libraries do not survive a fork
            return await super().launch_kernel(cmd, **kwargs)
        try:
            self.process = process = self._fork(cmd, kwargs)
        except OSError as error:
            self.log.warning("this kernel starts cold: %s", error)
            return await super().launch_kernel(cmd, **kwargs)
        self.pid = self.pgid = process.pid
        self.cwd = kwargs.get("cwd") or "."
        last = Path(f"{self.parent.ip}-{self.parent.hb_port}")  # the socket that a kernel opens last
        end = time.monotonic() + (10 if self.parent.transport == "ipc" else 0)
        while time.monotonic() < end and not last.exists() and process.poll() is None:
            await asyncio.sleep(0.002)  # a client that connects too early loses 0.1 s
        return self.connection_info

    def _fork(self, cmd: list[str], how: dict[str, Any]) -> Process:
        """Have a kernel forked by the batch's zygote or else by one of this process's own, started if need be."""
        argv = cmd[cmd.index("ipykernel_launcher") + 1 :]
        request = {"argv": argv, "env": how["env"], "cwd": str(Path(how.get("cwd") or ".").resolve())}
        given = ((1, how.get("stdout")), (2, how.get("stderr")))
        streams = [n if s is None else s if isinstance(s, int) else s.fileno() for n, s in given]

        def ask(folder: str) -> Process:
            return Process(zygote.place(folder, self.preload, how["env"]), request, streams)

        with contextlib.suppress(KeyError, OSError):
            return ask(os.environ[zygote.SHARED])
        own().start(self.preload, how["env"])
        os.environ[zygote.SHARED] = own().folder
        return ask(own().folder)


def register() -> None:
    """Make the kernelspec of `vnegov-warm` known in this process, also where it is not installed."""
    search = os.environ.get("JUPYTER_PATH", "")
    if str(KERNELS.parent) not in search.split(os.pathsep):
        os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [str(KERNELS.parent), search]))
