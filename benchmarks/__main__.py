"""`python -m benchmarks`: run the alternatives one after the other; write results.md and results.svg.

The same notebook for the same provinces, on two cores; bytecode is compiled beforehand, for all alike.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
NOTEBOOK, YEAR = "03_province_profile", 2022
BIN = Path(sys.executable).parent
BATCH = """
import sys
from vnegov.batch import plan, runner
notebook, year, output, kernel, executor, *codes = sys.argv[1:]
if __name__ == "__main__":
    made = plan.from_options(notebook, provinces=codes, years=[year])
    sys.exit(runner.run(made, output=output, kernel=kernel, executor=executor))
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


def papermill(folder: Path, codes: list[str], at_once: int) -> float:
    """papermill's own command, in a loop of the shell or handed out by xargs."""
    template = HERE.parent / "notebooks" / f"{NOTEBOOK}.ipynb"
    one = f"papermill --no-progress-bar {template} {folder}/$0.ipynb -r province $0 -p year {YEAR}"
    listed = " ".join(codes)
    loop = f"set -e; for code in {listed}; do sh -c '{one}' $code; done"
    handed_out = f"printf '%s\\n' {listed} | xargs -P{at_once} -n1 sh -c '{one}'"
    return timed(folder, "sh", "-c", loop if at_once == 1 else handed_out)


def batch(folder: Path, codes: list[str], kernel: str, executor: str = "processes") -> float:
    """This project's batch, with two workers."""
    script = folder / "batch.py"
    script.write_text(BATCH, encoding="utf-8")
    return timed(folder, sys.executable, str(script), NOTEBOOK, str(YEAR), str(folder), kernel, executor, *codes)


def floor(folder: Path, codes: list[str]) -> float:
    """The code of the notebook as a plain function, in two processes: no kernel, no notebook, no papermill."""
    return timed(folder, sys.executable, str(HERE / "floor.py"), NOTEBOOK, str(YEAR), *codes)


WAYS = {
    "shell loop of papermill": lambda folder, codes: papermill(folder, codes, 1),
    "xargs -P2 papermill": lambda folder, codes: papermill(folder, codes, 2),
    "vnegov batch, cold kernels": lambda folder, codes: batch(folder, codes, "python3"),
    "vnegov batch, warm kernels": lambda folder, codes: batch(folder, codes, "vnegov-warm"),
    "vnegov batch, dask": lambda folder, codes: batch(folder, codes, "vnegov-warm", "dask"),
    "floor: plain functions": floor,
}


def main() -> None:
    """Measure, print and write."""
    from vnegov.data.provinces import names

    options = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    options.add_argument("--runs", type=int, default=63, help="provinces (63)")
    options.add_argument("--only", action="append", choices=list(WAYS), help="only this; may be repeated")
    options.add_argument("--scale", type=int, default=100_000, help="runs of the synthetic plan (100,000)")
    given = options.parse_args()
    codes = sorted(names("63"))[: given.runs]
    seconds: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as temporary:
        root = Path(temporary)

        def fresh(name: str) -> Path:
            folder = root / name
            folder.mkdir(parents=True, exist_ok=True)
            return folder

        for kernel in ("python3", "vnegov-warm"):
            batch(fresh(f"bytecode-{kernel}"), codes[:2], kernel)
        for number, name in enumerate(given.only or WAYS):
            seconds[name] = WAYS[name](fresh(str(number)), codes)
            print(f"{name}: {seconds[name]:.1f} s", flush=True)
        warm = fresh("again")
        batch(warm, codes, "vnegov-warm")
        again = batch(warm, codes, "vnegov-warm")
        few = batch(fresh("few"), codes[: max(2, len(codes) // 6)], "vnegov-warm")
        scale = timed(fresh("scale"), sys.executable, str(HERE / "scale.py"), str(given.scale))
        said = (root / "scale" / "scale.txt").read_text(encoding="utf-8")
    report(seconds, len(codes), again, few, max(2, len(codes) // 6), scale, said)


def report(seconds: dict[str, float], runs: int, again: float, few: float, fewer: int, scale: float, said: str) -> None:
    """results.md and results.svg."""
    from matplotlib.figure import Figure

    fastest = seconds.get("vnegov batch, warm kernels", min(seconds.values()))
    lines = [f"{runs} runs of {NOTEBOOK}, year {YEAR}, two processes. Times are of this machine; ratios travel.", ""]
    lines += ["| way | seconds | per run | times the warm batch |", "|---|--:|--:|--:|"]
    lines += [f"| {name} | {s:.1f} | {s / runs:.2f} | {s / fastest:.2f} |" for name, s in seconds.items()]
    lines += [f"| the same again, nothing changed | {again:.2f} | {again / runs:.3f} | {again / fastest:.3f} |", ""]
    each = (fastest - few) / (runs - fewer) if runs > fewer else fastest / runs
    lines += [
        f"A run more costs {each:.2f} s: {fewer} runs took {few:.1f} s, {runs} took {fastest:.1f} s.",
        "",
        said.strip(),
    ]
    text = "\n".join(lines) + "\n"
    (HERE / "results.md").write_text(text, encoding="utf-8")
    print(f"\n{text}")
    figure = Figure(figsize=(7, 0.45 * len(seconds) + 0.9), layout="constrained")
    axes = figure.subplots()
    bars = axes.barh(list(seconds), [s / runs for s in seconds.values()], color="#4477aa")
    axes.bar_label(bars, fmt="%.2f s", padding=3)
    axes.set(title=f"Seconds per run, {runs} runs of {NOTEBOOK} on two cores")
    axes.invert_yaxis()
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.tick_params(left=False, bottom=False, labelbottom=False)
    axes.margins(x=0.12)
    figure.savefig(HERE / "results.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
