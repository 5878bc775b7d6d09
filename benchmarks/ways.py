"""The same notebook for the same provinces in every way that one could choose; each gives the seconds that it took."""

import os
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

HERE = Path(__file__).parent
NOTEBOOK, YEAR = "03_province_profile", "2022"
TEMPLATE = HERE.parent / "notebooks" / f"{NOTEBOOK}.ipynb"
BIN = Path(sys.executable).parent
BATCH = """
import sys
from vnegov.batch import plan, runner
notebook, years, output, warmth, executor, *codes = sys.argv[1:]
if __name__ == "__main__":
    made = plan.from_options(notebook, provinces=codes, years=years.split())
    sys.exit(runner.run(made, output=output, executor=executor, cold=warmth == "cold"))
"""
POOL = """
import sys
from concurrent.futures import ProcessPoolExecutor
from papermill import execute_notebook
template, year, folder, *codes = sys.argv[1:]

def one(code):
    values = {"province": code, "year": int(year)}
    execute_notebook(template, f"{folder}/{code}.ipynb", values, progress_bar=False)

if __name__ == "__main__":
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(one, codes))
"""
SNAKEFILE = """
rule all:
    input: expand("{{code}}.ipynb", code={codes})
rule report:
    output: "{{code}}.ipynb"
    shell: "papermill --no-progress-bar {template} {{output}} -r province {{wildcards.code}} -p year {year}"
"""


def timed(folder: Path, *command: str) -> float:
    """Seconds that a command takes, with its outputs below a folder."""
    env = os.environ | {"VNEGOV_OUTPUT": str(folder), "PATH": f"{BIN}:{os.environ['PATH']}"}
    if env.pop("PYTHONDONTWRITEBYTECODE", ""):
        env["PYTHONPYCACHEPREFIX"] = str(Path(tempfile.gettempdir(), "vnegov-bytecode"))
    began = time.perf_counter()
    done = subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return time.perf_counter() - began


def script(folder: Path, text: str, *args: str) -> float:
    """Seconds that a Python script takes."""
    file = folder / "script.py"
    file.write_text(text, encoding="utf-8")
    return timed(folder, sys.executable, str(file), *args)


def papermill(folder: Path, codes: list[str], at_once: int) -> float:
    """papermill's own command, in a loop of the shell or handed out by xargs."""
    one = f"papermill --no-progress-bar {TEMPLATE} {folder}/$0.ipynb -r province $0 -p year {YEAR}"
    listed = " ".join(codes)
    loop = f"set -e; for code in {listed}; do sh -c '{one}' $code; done"
    handed_out = f"printf '%s\\n' {listed} | xargs -P{at_once} -n1 sh -c '{one}'"
    return timed(folder, "sh", "-c", loop if at_once == 1 else handed_out)


def pool(folder: Path, codes: list[str]) -> float:
    """papermill as a library in two processes, a cold kernel a run."""
    return script(folder, POOL, str(TEMPLATE), YEAR, str(folder), *codes)


def snakemake(folder: Path, codes: list[str]) -> float:
    """papermill's command as a rule; snakemake comes from the package index into a cache of uv's, not counted here."""
    run = [str(BIN / "uv"), "tool", "run", "--quiet", "snakemake"]
    timed(folder, *run, "--version")
    text = SNAKEFILE.format(codes=codes, template=TEMPLATE, year=YEAR)
    (folder / "Snakefile").write_text(text, encoding="utf-8")
    return timed(folder, *run, "--cores", "2", "--quiet")


def batch(folder: Path, codes: list[str], warmth="warm", executor="processes", years=YEAR) -> float:
    """This project's batch, with two workers."""
    return script(folder, BATCH, NOTEBOOK, years, str(folder), warmth, executor, *codes)


def floor(folder: Path, codes: list[str]) -> float:
    """The code of the notebook as a plain function, in two processes: no kernel, no notebook, no papermill."""
    return timed(folder, sys.executable, str(HERE / "floor.py"), NOTEBOOK, YEAR, *codes)


LOOP, XARGS, COLD, WARM, DASK = (
    "shell loop of papermill", "xargs -P2 papermill", "vnegov batch, cold", "vnegov batch, warm",
    "vnegov batch, dask",
)  # fmt: skip
FLOOR = "floor: plain functions"
WAYS = {
    LOOP: partial(papermill, at_once=1),
    XARGS: partial(papermill, at_once=2),
    "snakemake, two cores": snakemake,
    "papermill in two processes": pool,
    COLD: partial(batch, warmth="cold"),
    WARM: batch,
    DASK: partial(batch, executor="dask"),
    FLOOR: floor,
}
