"""Kernels that start warm: forked from a process that has imported the libraries, and this one, already.

A kernel provisioner for jupyter_client, so that `vnegov-warm` works wherever a kernel name does: papermill,
nbclient, nbval, JupyterLab. Where a clean fork is not to be had, the kernel starts cold, as any other.
"""

import asyncio
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from jupyter_client.provisioning import LocalProvisioner
from traitlets import List, Unicode

from vnegov.batch import zygote


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
        if cmd[0] != sys.executable or "ipykernel_launcher" not in cmd:
            return await super().launch_kernel(cmd, **kwargs)
        try:
            argv = cmd[cmd.index("ipykernel_launcher") + 1 :]
            self.process = process = zygote.fork("ipykernel.kernelapp:launch_new_instance", argv, kwargs, self.preload)
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
