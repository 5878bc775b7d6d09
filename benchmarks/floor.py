"""The code of a notebook as a plain function, in two processes: what no batch of notebooks can undercut."""

import contextlib
import io
import json
import multiprocessing
import sys
from pathlib import Path

NOTEBOOK, YEAR, *CODES = sys.argv[1:] if __name__ == "__main__" else ("", "0")


def cells(notebook: str) -> list[str]:
    """Its code cells, in order."""
    path = Path(__file__).parents[1] / "notebooks" / f"{notebook}.ipynb"
    content = json.loads(path.read_text(encoding="utf-8"))
    return ["".join(cell["source"]) for cell in content["cells"] if cell["cell_type"] == "code"]


def run(notebook: str, year: int, code: str) -> None:
    """All its cells, with these parameters in place of its own."""
    first, *rest = cells(notebook)
    names: dict[str, object] = {}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(first, names)
        names |= {"province": code, "year": year}
        for cell in rest:
            exec(cell, names)


if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        pool.starmap(run, [(NOTEBOOK, int(YEAR), code) for code in CODES], chunksize=1)
