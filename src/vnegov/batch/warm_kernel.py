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
_zygotes: dict[Any, "Zygote | None"] = {}  # None: it could not be had


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
        """Signal the kernel, if it lives."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


class Zygote:
    """The process that forks kernels, as its client sees it. Raises `OSError` if it cannot be had."""

    def __init__(self, modules: list[str], env: dict[str, str]) -> None:
        self.control, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        command = [
            sys.executable,
            "-Xfrozen_modules=off",
            str(Path(__file__).with_name("zygote.py")),
            *modules,
        ]
        with theirs:
            self.process = subprocess.Popen(command, stdin=theirs.fileno(), env=env, start_new_session=True)
        atexit.register(self.close)
        self.control.settimeout(READY)
        if not self.control.recv(32):
            self.close()
            raise OSError("no process to fork kernels from")

    def fork(self, request: dict[str, Any], *streams: int) -> Process:
        """A new kernel."""
        ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        try:
            with theirs:
                socket.send_fds(self.control, [json.dumps(request).encode()], [theirs.fileno(), *streams])
            return Process(ours)
        except OSError:
            ours.close()
            raise

    def close(self) -> None:
        """End it, and with it all kernels that it forked."""
        atexit.unregister(self.close)
        self.control.close()
        self.process.wait()


class WarmProvisioner(LocalProvisioner):
    """Forks kernels from a warm process: one for each environment that libraries read when they are imported.

    A kernel talks over sockets in a folder that only its user may enter, and has an IPYTHONDIR of its own.
    """

    preload = List(Unicode(), config=True, help="third-party modules to import before the fork")
    private: str | None = None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Give the kernel its private folder; whoever launches it may have chosen a transport already."""
        if self.private is None:
            self.private = tempfile.mkdtemp(prefix=f"vnegov-{os.getpid()}-")
            if self.parent.transport == "tcp" and not self.parent.shell_port and os.name == "posix":
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
        process = self._fork(cmd, **kwargs)
        if process is None:
            return await super().launch_kernel(cmd, **kwargs)
        self.process, self.pid, self.pgid, self.cwd = (
            process,
            process.pid,
            process.pid,
            kwargs.get("cwd") or ".",
        )
        last = Path(f"{self.parent.ip}-{self.parent.hb_port}")  # the socket that a kernel opens last
        while self.parent.transport == "ipc" and not last.exists() and process.poll() is None:
            await asyncio.sleep(0.002)  # a client that connects too early loses 0.1 s
        return self.connection_info

    def _fork(self, cmd: list[str], env: dict[str, str], cwd: Any = None, stdout: Any = None, stderr: Any = None,
              **_: Any) -> Process | None:  # fmt: skip
        known = cmd[0] == sys.executable and "ipykernel_launcher" in cmd and sys.platform == "linux"
        if not known:  # elsewhere than on Linux system libraries do not survive a fork
            return None
        early = tuple(sorted(item for item in env.items() if item[0].startswith(READ_AT_IMPORT)))
        key = (os.getpid(), early, tuple(self.preload))
        argv = cmd[cmd.index("ipykernel_launcher") + 1 :]
        streams = [
            n if s is None else s if isinstance(s, int) else s.fileno() for n, s in ((1, stdout), (2, stderr))
        ]
        try:
            for _attempt in range(2):
                if key not in _zygotes:
                    _zygotes[key] = None
                    _zygotes[key] = Zygote(list(self.preload), env)
                if (zygote := _zygotes[key]) is None:
                    return None
                with contextlib.suppress(OSError):
                    return zygote.fork(
                        {"argv": argv, "env": env, "cwd": str(Path(cwd or ".").resolve())}, *streams
                    )
                _zygotes.pop(key)  # it has ended since it was ready: once more
                zygote.close()
        except OSError as error:
            self.log.warning("kernels start cold: %s", error)
        return None


def register() -> None:
    """Make `vnegov-warm` known in this process, also where its kernelspec is not installed."""
    search = os.environ.get("JUPYTER_PATH", "")
    if str(KERNELS.parent) not in search.split(os.pathsep):
        os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [str(KERNELS.parent), search]))
    entry = EntryPoint(NAME, f"{__name__}:WarmProvisioner", KernelProvisionerFactory.GROUP_NAME)
    KernelProvisionerFactory.provisioners.setdefault(NAME, entry)
