"""What a run executes its cells in: a Jupyter kernel's own shell, told and answered in lines of JSON over one socket.

The rest of a kernel (five sockets, eight threads, a debugger, a comm for widgets) costs a run more than most of its
cells do. Messages are Jupyter's own.
"""

import io
import json
import os
import select
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any

from ipykernel.ipkernel import IPythonKernel
from ipykernel.zmqshell import ZMQInteractiveShell
from IPython.core import application, completerlib, oinspect  # noqa: F401  (imported when a shell is made)
from jupyter_client.session import Session
from traitlets.config import Config


class Wire(Session):
    """Sends what the shell publishes down the socket."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__()
        self.connection, self.lock = connection, threading.Lock()

    def send(self, _: Any, message: Any, content: Any = None, *_args: Any, **_options: Any) -> None:
        """Send a message, or one of a kind with this content."""
        kind, content = (message, content) if content is not None else (message["msg_type"], message["content"])
        line = {"msg_type": kind, "header": {"msg_type": kind}, "parent_header": {}, "content": content}
        with self.lock:
            self.connection.sendall(self.pack(line) + b"\n")


class Stream(io.TextIOBase):
    """Standard output or standard error of the cells."""

    encoding = "utf-8"

    def __init__(self, name: str, wire: Wire) -> None:
        self.name, self.wire = name, wire

    def write(self, text: str) -> int:
        """Send it at once: a run that is killed has said what it said."""
        if text:
            self.wire.send(None, "stream", {"name": self.name, "text": text})
        return len(text)


def end_with(connection: socket.socket) -> None:
    """End this process and all that it started as soon as the other end of a connection is gone."""
    poll = select.poll()
    poll.register(connection, 0)  # a hang-up is told of unasked
    poll.poll()
    os.killpg(0, signal.SIGKILL)


def main() -> None:
    """Execute cell after cell, each a line on standard input; what comes of it is sent back the same way."""
    connection = socket.socket(fileno=os.dup(0))
    with Path(os.devnull).open() as nothing:
        os.dup2(nothing.fileno(), 0)
    if __name__ == "__main__":  # a fork is ended by what forked it
        threading.Thread(target=end_with, args=(connection,), daemon=True).start()
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")  # as a kernel does
    wire = Wire(connection)
    shell: Any = ZMQInteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    shell.displayhook.session = shell.display_pub.session = wire
    sys.stdout, sys.stderr = Stream("stdout", wire), Stream("stderr", wire)
    sys.path.insert(0, "")
    wire.send(None, "started", IPythonKernel.language_info)
    for line in connection.makefile(encoding="utf-8"):
        code = json.loads(line)
        wire.send(None, "execute_input", {"code": code, "execution_count": shell.execution_count})
        shell.run_cell(code, store_history=True)
        wire.send(None, "status", {"execution_state": "idle"})


if __name__ == "__main__":
    main()
