"""What the output folder holds: its lock, the record of every run, and whether an output is still good.

The truth is the output itself: the record inside the notebook, and the files that it names.
`reports/run.jsonl` holds a JSON line a run (an output's last line counts) and saves opening thousands of notebooks.
"""

import contextlib
import errno
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vnegov import paths
from vnegov.batch.zygote import stamp
from vnegov.errors import VnegovError

DONE, SKIPPED, FAILED = "done", "nothing published", "failed"
FATAL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES}  # other runs would meet them too
Record = dict[str, Any]


class Ledger:
    """The last record of each output below a folder. Of a URL (`remote`) only what was recorded here is known."""

    def __init__(self, home: Path, remote: bool = False) -> None:
        self.home, self.remote, self.path = home, remote, home / "reports" / "run.jsonl"
        self.new: dict[str, Record] = {}  # of this batch, or found in an output that a killed one left
        self.last = self._read()

    def _read(self) -> dict[str, Record]:
        """The file's last line of each output; one that a killed batch tore is passed over."""
        last: dict[str, Record] = {}
        if self.path.is_file():
            with self.path.open(encoding="utf-8") as lines:
                for line in lines:
                    with contextlib.suppress(ValueError):
                        record = json.loads(line)
                        last[record["output"]] = record
        return last

    def _missing(self, file: str) -> bool:
        return not self.remote and not os.path.exists(f"{self.home}/{file}")  # noqa: PTH110 (asked for every figure)

    def why_stale(self, output: str, fingerprint: str) -> str | None:
        """Why an output cannot stand for a run with this fingerprint; None if it can."""
        record, path = self.last.get(output, {}), self.home / output
        if not self.remote:
            if not path.exists():
                return "no output yet"
            if record.get("stamp") != stamp(path):  # a batch was stopped before it recorded this
                record = stored(path) | {"output": output, "stamp": stamp(path), "kept": None}
                if record.get("fingerprint") == fingerprint:
                    self.new[output] = record
        if record.get("fingerprint") != fingerprint or record["status"] == FAILED:
            return "changed"
        lost = next(filter(self._missing, record["figures"]), None)
        return f"{lost} is missing" if lost else None

    def append(self, record: Record) -> None:
        """Write one record at the end."""
        self.new[record["output"]] = record
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record, ensure_ascii=False) + "\n")

    @contextlib.contextmanager
    def recording(self) -> Iterator[None]:
        """Hold the folder for the block; then leave one line for every output that is there, failures first."""
        with locked(self.home):
            try:
                yield
            finally:
                last = (self._read() | self.new).values()
                there = [record for record in last if not self._missing(record["kept"] or record["output"])]
                there.sort(key=lambda record: (record["status"] != FAILED, record["output"]))
                lines = (json.dumps(record, ensure_ascii=False) + "\n" for record in there)
                paths.write(self.path, "".join(lines).encode())


def stored(path: Path) -> Record:
    """The record inside an executed notebook; empty if there is none that can be read."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8"))["metadata"]["vnegov"]["run"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def os_error(error: Exception) -> Record:
    """What an error says of a run."""
    return {"error": f"{type(error).__name__}: {error}", "fatal": getattr(error, "errno", None) in FATAL}


@contextlib.contextmanager
def locked(home: Path) -> Iterator[None]:
    """Hold the output folder for one batch. The lock of one that died is taken over, its rubbish removed.

    Raises `VnegovError` if another batch runs or the folder cannot be written.
    """
    import fcntl  # where there is none, sites can still be made

    path = home / "reports" / ".lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise VnegovError(f"the output folder {home} cannot be written: {error.strerror}") from error
    with file:
        file.seek(0)
        holder = file.read()
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the system frees it when the holder dies
        except BlockingIOError:
            message = f"another batch ({holder}) writes to {home}; let it end, or choose another --output"
            raise VnegovError(message) from None
        for partial in path.parent.rglob("*.partial") if holder else ():
            partial.unlink(missing_ok=True)
        file.truncate(0)
        file.write(f"pid {os.getpid()} on {socket.gethostname()}")
        file.flush()
        yield
        file.truncate(0)
