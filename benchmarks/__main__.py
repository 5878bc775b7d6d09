"""`python -m benchmarks`: measure one thing after the other on a quiet machine; write results.md and results.svg.

What counts is the ratios: all are of one machine in one hour. Bytecode is compiled beforehand, for all alike.
"""

import argparse
import contextlib
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from benchmarks.ways import BIN, COLD, DASK, FLOOR, HERE, NOTEBOOK, WARM, WAYS, XARGS, YEAR, batch, timed

Fresh = Callable[[str], Path]  # gives a new folder of a name


def ways(fresh: Fresh, codes: list[str], only: list[str]) -> Iterator[str]:
    """The table of all ways, what it says of the goals, and the chart."""
    for warmth in ("cold", "warm"):
        batch(fresh(f"bytecode-{warmth}"), codes[:2], warmth)
    names = list(only or WAYS)
    close = [name for name in names if name in (WARM, DASK, FLOOR)]  # ratios near 1: the median of three rounds
    times: dict[str, list[float]] = {name: [] for name in names}
    folders: dict[str, Path] = {}
    for i, name in enumerate([name for name in names if name not in close] + 3 * close):
        folders[name] = fresh(f"{name.replace(' ', '-')}-{i}")
        times[name].append(WAYS[name](folders[name], codes))
        print(f"{name}: {times[name][-1]:.1f} s", flush=True)
    seconds = {name: statistics.median(took) for name, took in times.items()}
    warm, runs = seconds.get(WARM, 1.0), len(codes)
    yield f"{runs} runs of {NOTEBOOK}, year {YEAR}, two at once; of warm, dask and floor the median of three rounds.\n"
    yield "| way | seconds | per run | times the warm batch |\n|---|--:|--:|--:|"
    for name, took in seconds.items():
        yield f"| {name} | {took:.1f} | {took / runs:.2f} | {took / warm:.2f} |"
    yield ""
    for name, goal, one, other in (
        (f"warm is faster than {XARGS}", "at least 4", XARGS, WARM),
        ("warm against the floor", "at most 1.35", WARM, FLOOR),
        ("dask against the pool of processes, as speeds", "at least 0.9", WARM, DASK),
    ):
        if {one, other} <= times.keys():  # the machine's speed drifts: ways that ran in rounds are compared in each
            even = len(times[one]) == len(times[other])
            rounds = zip(times[one], times[other], strict=True) if even else [(seconds[one], seconds[other])]
            ratios = [mine / theirs for mine, theirs in rounds]
            each = f" (rounds: {', '.join(f'{ratio:.2f}' for ratio in ratios)})" if even else ""
            yield f"- {name}: {statistics.median(ratios):.2f} ×{each}; {goal} was the goal"
    if WARM in seconds:
        again = batch(folders[WARM], codes)
        cold = seconds.get(COLD, warm)
        yield f"- the same again, nothing changed: {again:.2f} s, {again / cold:.1%} of the cold batch"
    draw(seconds, runs)


def draw(seconds: dict[str, float], runs: int) -> None:
    """The table's seconds per run as bars, in results.svg."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 0.45 * len(seconds) + 0.9), layout="constrained")
    axes = figure.subplots()
    bars = axes.barh(list(seconds), [took / runs for took in seconds.values()], color="#4477aa")
    axes.bar_label(bars, fmt="%.2f s", padding=3)
    title = f"Seconds per run, {runs} runs of {NOTEBOOK} on two cores"
    figure.suptitle(title, x=0.01, ha="left", size=11)
    axes.invert_yaxis()
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.tick_params(left=False, bottom=False, labelbottom=False)
    axes.margins(x=0.12)
    figure.savefig(HERE / "results.svg", metadata={"Date": None})


def growth(fresh: Fresh, codes: list[str]) -> Iterator[str]:
    """What a run costs in batches of 10, 100 and 1,000, provinces and years mixed alike; and the batch's memory."""
    yield "\n| runs | seconds | per run | its own time |\n|--:|--:|--:|--:|"
    sizes: list[float] = []
    for some, years in ((codes[::13], "2021-2022"), (codes[::3], "2018-2022"), (codes, "2009-2024")):
        folder, done = fresh(f"growth-{len(some)}"), threading.Event()
        sizes.clear()
        watcher = threading.Thread(target=watch, args=(done, sizes))
        watcher.start()
        took = batch(folder, some, years=years)
        done.set()
        watcher.join()
        lines = (folder / "reports" / "run.jsonl").read_text(encoding="utf-8").splitlines()
        each = statistics.mean(json.loads(line)["seconds"] for line in lines)
        yield f"| {len(lines):,} | {took:.1f} | {took / len(lines):.2f} | {each:.2f} |"
    again = batch(folder, some, years=years)
    yield f"\n- the last of them again, nothing changed: {again:.2f} s, {again / took:.2%} of the time before"
    first, last = sizes[len(sizes) // 10], sizes[-1]
    yield f"- what supervises the runs: {first:.0f} MB after a tenth of the last batch, {last:.0f} MB at its end"


def watch(done: threading.Event, sizes: list[float]) -> None:
    """Keep the size of the process that supervises the runs, in MB, every two seconds."""
    while not done.wait(2):
        with contextlib.suppress(psutil.Error):  # one that ends while it is looked at
            found = [p for p in psutil.Process().children(recursive=True) if "script.py" in " ".join(p.cmdline())]
            sizes += [process.memory_info().rss / 2**20 for process in found]


def scale(fresh: Fresh, runs: int) -> Iterator[str]:
    """Planning and skipping many runs."""
    timed(fresh("scale"), sys.executable, str(HERE / "scale.py"), str(runs))
    yield f"- {(fresh('scale') / 'scale.txt').read_text(encoding='utf-8')}"


def start(fresh: Fresh) -> Iterator[str]:
    """What importing the library and asking for help cost, over a bare interpreter."""
    commands = {
        "import vnegov": [sys.executable, "-c", "import vnegov"],
        "vnegov --help": [str(BIN / "vnegov"), "--help"],
    }
    bare = min(timed(fresh("start"), sys.executable, "-c", "pass") for _ in range(9))
    for name, command in commands.items():
        took = min(timed(fresh("start"), *command) for _ in range(9))
        yield f"- `{name}`: {took - bare:.3f} s more than a bare interpreter ({took / bare:.1f} times its start)"


def everything(folder: Path) -> Iterator[str]:
    """plans/all.toml below a folder that is kept: the first time (what is there is not run again), and once more."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [str(BIN / "vnegov"), "batch", str(HERE.parent / "plans" / "all.toml"), "--output", str(folder)]
    took = [timed(folder, *command), timed(folder, *command)]
    lines = (folder / "reports" / "run.jsonl").read_text(encoding="utf-8").splitlines()
    spent = sum(json.loads(line)["seconds"] for line in lines) / 2
    yield f"- plans/all.toml, {len(lines):,} runs: {spent:.0f} s, two at once ({took[0]:.0f} s of them at this start)"
    yield f"- plans/all.toml, nothing changed: {took[1]:.2f} s, {took[1] / spent:.2%} of that"


def main() -> None:
    """Measure, print and write."""
    from vnegov.data.provinces import names

    options = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    options.add_argument("--runs", type=int, default=63, help="provinces (63)")
    options.add_argument("--only", action="append", choices=list(WAYS), help="only this way; may be repeated")
    options.add_argument("--scale", type=int, default=100_000, help="runs of the synthetic plan (100,000)")
    options.add_argument("--quick", action="store_true", help="leave out the batches of up to 1,000 runs")
    options.add_argument("--all", type=Path, metavar="DIR", help="run plans/all.toml below it, too (an hour)")
    given = options.parse_args()
    codes = sorted(names("63"))[: given.runs]
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="bench-") as temporary:

        def fresh(name: str) -> Path:
            folder = Path(temporary, name)
            folder.mkdir(exist_ok=True)
            return folder

        told = [*ways(fresh, codes, given.only), *start(fresh), *scale(fresh, given.scale)]
        told += everything(given.all.resolve()) if given.all else []
        told += [] if given.quick else growth(fresh, codes)
    told.append(
        f"\nMeasured in {(time.monotonic() - began) / 60:.0f} minutes; times are of this machine, ratios travel."
    )
    text = "\n".join(told) + "\n"
    (HERE / "results.md").write_text(text, encoding="utf-8")
    print(f"\n{text}")


if __name__ == "__main__":
    main()
