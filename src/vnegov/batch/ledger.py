"""What the output folder holds: its lock, the record of every run, and whether an output is still good.

The truth is the output itself: the record inside the notebook, and the files that it names.
`reports/run.jsonl` holds a JSON line a run (an output's last line counts) and saves opening thousands of notebooks.
"""

import contextlib
import json
import os
import shutil
import socket
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from vnegov.batch.execution import FAILED, stored
from vnegov.errors import VnegovError

try:
    import fcntl
except ImportError:  # no POSIX: nothing holds two batches apart
    fcntl = None  # type: ignore[assignment]


class OutputLocked(VnegovError):
    """Another batch writes to the same output folder."""


class Ledger:
    """The records of an output folder. Of a URL (`remote`) only what was recorded here is known."""

    def __init__(self, home: Path, remote: bool = False) -> None:
        self.home, self.remote, self.path = home, remote, home / "reports" / "run.jsonl"
        self.recovered: list[dict[str, Any]] = []
        self.known = {  # output → fingerprint, time of change and size, figures
            r["output"]: (r["fingerprint"], r.get("stamp"), tuple(r["figures"]))
            for r in self.records()
            if r["status"] != FAILED
        }

    def records(self) -> Iterator[dict[str, Any]]:
        """Every record in the order written; a line that a killed batch tore is passed over."""
        with (
            contextlib.suppress(FileNotFoundError, NotADirectoryError),
            self.path.open(encoding="utf-8") as lines,
        ):
            for line in lines:
                with contextlib.suppress(ValueError):
                    yield json.loads(line)

    def why_stale(self, output: str, fingerprint: str) -> str | None:
        """Why an output cannot stand for a run with this fingerprint; None if it can."""
        before, recorded, figures = self.known.get(output, ("", None, ()))
        if not self.remote:
            try:
                status = (self.home / output).stat()
            except OSError:
                return "no output yet"
            if (stamp := [status.st_mtime_ns, status.st_size]) != recorded:
                inside = stored(self.home / output)
                before, figures = inside.get("fingerprint", ""), inside.get("figures", ())
                if before == fingerprint:  # a batch was stopped between writing it and recording it
                    self.recovered.append(inside | {"output": output, "stamp": stamp, "kept": None})
        if before != fingerprint:
            return "changed"
        lost = next((f for f in figures if not self.remote and not (self.home / f).exists()), None)
        return f"{lost} is missing" if lost else None

    def append(self, record: dict[str, Any]) -> None:
        """Write one record at the end."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record, ensure_ascii=False) + "\n")

    def compact(self) -> None:
        """Keep one line for every output that is there, failures first; add what was found unrecorded."""
        last = {record["output"]: record for record in [*self.records(), *self.recovered]}.values()
        self.recovered.clear()
        kept = [r for r in last if self.remote or r["status"] == FAILED or (self.home / r["output"]).exists()]
        kept.sort(key=lambda r: (r["status"] != FAILED, r["output"]))
        partial = self.path.with_suffix(".partial")
        partial.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in kept), encoding="utf-8")
        partial.replace(self.path)


@contextlib.contextmanager
def locked(home: Path) -> Iterator[None]:
    """Hold the output folder for one batch. The lock of one that died is taken over, its rubbish removed.

    Raises `OutputLocked` if another batch runs, `VnegovError` if the folder cannot be written.
    """
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
            if fcntl:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the system frees it when the holder dies
        except BlockingIOError:
            message = f"another batch ({holder}) writes to {home}; let it end, or choose another --output"
            raise OutputLocked(message) from None
        _clear(path.parent.rglob("*.partial") if holder else ())
        file.truncate(0)
        file.write(f"pid {os.getpid()} on {socket.gethostname()}")
        file.flush()
        yield
        file.truncate(0)


def _clear(partials: Iterable[Path]) -> None:
    """Remove what batches and workers that were killed left half-done."""
    for partial in partials:
        partial.unlink(missing_ok=True)
    for folder in Path(tempfile.gettempdir()).glob("vnegov-*-*"):
        try:
            os.kill(int(folder.name.split("-")[1]), 0)
        except ProcessLookupError:
            shutil.rmtree(folder, ignore_errors=True)
        except (ValueError, PermissionError):
            pass
