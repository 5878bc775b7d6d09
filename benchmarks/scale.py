"""Plan and skip a great many runs whose outputs are all there: time and memory, in scale.txt."""

import json
import resource
import sys
import time
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from rich.console import Console

from vnegov.batch import runner
from vnegov.batch.fingerprint import Fingerprints, Tables, whole
from vnegov.batch.plan import Plan, RunTable


def prepare(folder: Path, runs: int) -> Plan:
    """A plan of so many runs, and for each an output and its record."""
    notebooks = folder / "notebooks"
    notebooks.mkdir()
    cell = new_code_cell('province = "26"\nyear = 2022\nn = 0', metadata={"tags": ["parameters"]})
    template = new_notebook(cells=[cell], metadata={"vnegov": {"reads": {"scores": ["geography", "province_code"]}}})
    nbformat.write(template, notebooks / "many.ipynb")
    table = RunTable(notebook="many", provinces=("all",), years=(2022,), parameters={"n": list(range(-(-runs // 63)))})
    plan = Plan([table], notebooks, Tables())
    fingerprints = Fingerprints(plan.data)
    (folder / "reports" / "many").mkdir(parents=True)
    with (folder / "reports" / "run.jsonl").open("w", encoding="utf-8") as records:
        for one in plan:
            path = folder / one.output
            path.touch()
            status = path.stat()
            record = {
                "output": one.output,
                "fingerprint": whole(fingerprints.parts(one)),
                "figures": [],
                "status": "done",
            }
            record |= {"notebook": "many", "parameters": one.parameters, "keys": one.keys}
            record |= {"stamp": [status.st_mtime_ns, status.st_size], "seconds": 1.0}
            records.write(json.dumps(record) + "\n")
    return plan


def main() -> None:
    """Measure two sizes, the smaller for comparison."""
    sizes = (int(sys.argv[1]) // 10, int(sys.argv[1]))
    took = []
    for size in sizes:
        folder = Path.cwd() / str(size)
        folder.mkdir()
        prepared = prepare(folder, size)
        plan = Plan(prepared.tables, prepared.notebooks)
        began = time.perf_counter()
        assert runner.run(plan, output=folder, console=Console(quiet=True)) == 0
        took.append(time.perf_counter() - began)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    said = f"Planning and skipping {sizes[1]:,} runs of which none has changed: {took[1]:.1f} s, {peak:.0f} MB at the "
    said += f"peak; {sizes[0]:,} runs: {took[0]:.1f} s."
    Path("scale.txt").write_text(said, encoding="utf-8")


if __name__ == "__main__":
    main()
