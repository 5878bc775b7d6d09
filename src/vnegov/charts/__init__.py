"""One chart a file: `compute(case)` gives its numbers, `draw(data, case)` its axes, `describe(data, case)` its
finding in a sentence, which is also its alternative text. `show` does all three and saves the chart."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pandas as pd
from matplotlib.figure import Figure

from vnegov import paths
from vnegov.charts import labels, style
from vnegov.data.case import Case


@dataclass(frozen=True)
class Shown:
    """A saved chart, as a notebook displays it: the picture, with its alternative text."""

    png: bytes
    alt: str

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"image/png": self.png, "text/plain": self.alt}, {"image/png": {"alt": self.alt, "width": 800}}


def save(figure: Figure, stem: Path, data: pd.DataFrame, alt: str) -> bytes:
    """Write `stem`.svg, .png, .csv (what is drawn) and .txt (alternative text); returns the PNG's bytes.

    The files are the same, byte for byte, from run to run, and each appears whole or not at all.
    """
    files = style.render(figure, alt)
    files["csv"] = data.to_csv(index=False, lineterminator="\n").encode("utf-8")
    files["txt"] = (alt + "\n").encode("utf-8")
    written = [stem.with_name(f"{stem.name}.{suffix}") for suffix in files]
    for path, content in zip(written, files.values(), strict=True):
        paths.write(path, content)
    if log := os.environ.get("VNEGOV_WRITTEN"):  # a batch wants to know what a run wrote
        with Path(log).open("a", encoding="utf-8") as lines:
            lines.writelines(f"{path}\n" for path in written)
    return files["png"]


def say(case: Case, en: str, vi: str) -> None:
    """Display Markdown in the language of the case."""
    from IPython.display import Markdown, display

    display(Markdown(labels.say(case.lang, en, vi)))


def show(chart: ModuleType, case: Case) -> None:
    """Compute, draw, save and display one chart of a case, with its finding and sources; one sentence if empty."""
    from IPython.display import Markdown, display

    data = chart.compute(case)
    finding = chart.describe(data, case)
    if data.empty:
        display(Markdown(f"*{finding}*"))
        return
    with style.house():
        figure = chart.draw(data, case).figure
        png = save(figure, paths.output() / "figures" / case.folder / chart.NAME, data, finding)
    display(Markdown(finding), Shown(png, finding), Markdown(f"<small>{labels.source_links(data, case.lang)}</small>"))
