"""Any file → its sheets of cells, or a refusal with its reason, in bounded time and memory."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from vnegov.data.intake import cells
from vnegov.errors import BadRawFile

Grid = list[list[Any]]


def sheets(path: Path) -> dict[str, Grid]:
    """Visible sheet → rows of cells from A1 on (None: empty); a CSV file is one sheet, named "".

    Raises `BadRawFile` for what is no workbook, or not safe to open.
    """
    if not path.is_file():
        raise BadRawFile(f"{path}: there is no such file")
    command = [sys.executable, "-P", cells.__file__, str(path.resolve())]
    limits = f"reading it took more than {cells.MAX_SECONDS} s or {cells.MAX_MEMORY // cells.MB} MB"
    try:
        done = subprocess.run(
            command, capture_output=True, stdin=subprocess.DEVNULL, timeout=cells.MAX_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise BadRawFile(f"{path}: {limits}") from None
    if done.returncode:
        raise BadRawFile(f"{path}: {limits}")
    answer = json.loads(done.stdout)
    if "refused" in answer:
        raise BadRawFile(f"{path}: {answer['refused']}")
    return answer["sheets"]
