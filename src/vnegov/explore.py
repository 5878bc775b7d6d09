"""The charts of one province, index and year as a panel of widgets, for JupyterLab and Voilà."""

from __future__ import annotations

import base64
import html
import os
from types import ModuleType

import ipywidgets as widgets
from IPython import get_ipython
from IPython.display import Markdown, display

from vnegov.charts import Shown, agencies, components, funnel, labels, positions, style, targets, trajectories
from vnegov.charts.labels import text
from vnegov.data import provinces
from vnegov.data.case import Case, case, years
from vnegov.data.schema import INDICES

CHARTS: tuple[ModuleType, ...] = (positions, trajectories, components, funnel, agencies, targets)
FIRST = Case("26", "63", 2022, "en")


def pictures(asked: Case, index: str | None = None) -> list[tuple[str, bytes]]:
    """The finding and PNG of each chart, b"" where there is nothing to draw.

    With an index, its path and its components are shown alone.
    """
    found = []
    for chart in CHARTS:
        data = chart.compute(asked)
        finding, png = chart.describe(data, asked), b""
        if index and chart in (trajectories, components):
            data = data[data["index"] == index]
            words = {"index": labels.index_name(index, asked.lang), "province": asked.province, "year": asked.year}
            finding = chart.describe(data, asked) if len(data) else text(asked.lang, "explore.none", **words)
        if len(data):
            with style.house():
                png = style.render(chart.draw(data, asked).figure, finding)["png"]
        found.append((finding, png))
    return found


def page(asked: Case, index: str | None = None) -> str:
    """`pictures` as HTML."""
    parts = []
    for finding, png in pictures(asked, index):
        source = f'<img src="data:image/png;base64,{base64.b64encode(png).decode()}" width="800" alt="">'
        parts.append(f"<p>{html.escape(finding)}</p>{source if png else ''}")
    return "\n".join(parts)


def panel() -> widgets.VBox:
    """Choices of language, province, index and year above the charts, which follow every choice."""
    places = [(row["name_vi"], (code, "63")) for code, row in provinces.names("63").items()]
    places += [(f"{row['name_vi']} (34)", (code, "34")) for code, row in provinces.names("34").items()]
    lang = widgets.ToggleButtons(options=[("English", "en"), ("Tiếng Việt", "vi")], value="en")
    place = widgets.Dropdown(options=places, value=(FIRST.province_code, FIRST.geography))
    index = widgets.Dropdown(options=[("–", None), *((labels.index_name(name, "en"), name) for name in INDICES)])
    year = widgets.SelectionSlider(options=years(), value=FIRST.year, continuous_update=False)
    shown = widgets.HTML()

    def follow(_: object = None) -> None:
        for choice, word in ((place, "province"), (index, "index"), (year, "year")):
            choice.description = text(lang.value, f"explore.{word}")
        code, geography = place.value
        shown.value = page(case(code, year.value, lang.value, geography), index.value)

    for choice in (lang, place, index, year):
        choice.observe(follow, names="value")
    follow()
    return widgets.VBox([lang, place, index, year, shown])


def live() -> bool:
    """Whether someone can press the buttons: a front end that takes input, or Voilà; not a run in the background."""
    kernel = getattr(get_ipython(), "kernel", None)
    asked = kernel.get_parent("shell").get("content", {}) if kernel else {}
    return asked.get("allow_stdin", False) or os.environ.get("SERVER_SOFTWARE", "").startswith("voila")


def show() -> None:
    """Display the panel where someone can use it, else the charts of its first choice."""
    if live():
        display(panel())
        return
    for finding, png in pictures(FIRST):
        display(Shown(png, finding) if png else Markdown(f"*{finding}*"))
