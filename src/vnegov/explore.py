"""The charts of one province, index and year as a panel of widgets, for JupyterLab and Voilà."""

import os

import ipywidgets as widgets
from IPython import get_ipython
from IPython.display import Markdown, display

from vnegov.charts import Shown, agencies, components, funnel, labels, positions, style, targets, trajectories
from vnegov.charts.labels import text
from vnegov.data import provinces
from vnegov.data.case import Case, case, years
from vnegov.data.schema import INDICES

CHARTS = (positions, trajectories, components, funnel, agencies, targets)
FIRST = Case("26", "63", 2022, "en")


def pictures(asked: Case, index: str | None = None) -> list[Markdown | Shown]:
    """Each chart's finding and picture, the finding alone where there is nothing to draw.

    With an index, its path and its components are shown alone.
    """
    found: list[Markdown | Shown] = []
    for chart in CHARTS:
        data = chart.compute(asked)
        finding = chart.describe(data, asked)
        if index and chart in (trajectories, components):
            data = data[data["index"] == index]
            words = {"index": labels.index_name(index, asked.lang), "province": asked.province, "year": asked.year}
            finding = chart.describe(data, asked) if len(data) else text(asked.lang, "explore.none", **words)
        found.append(Markdown(finding))
        if len(data):
            with style.house():
                found.append(Shown(style.render(chart.draw(data, asked).figure, finding)["png"], finding))
    return found


def panel() -> widgets.VBox:
    """Choices of language, province, index and year above the charts, which follow every choice."""
    places = {row["name_vi"]: (code, "63") for code, row in provinces.names("63").items()}
    places |= {f"{row['name_vi']} (34)": (code, "34") for code, row in provinces.names("34").items()}
    choices = {
        "lang": widgets.ToggleButtons(options=[("English", "en"), ("Tiếng Việt", "vi")], description=" "),
        "province": widgets.Dropdown(options=places, value=(FIRST.province_code, FIRST.geography)),
        "index": widgets.Dropdown(options={"–": None} | {labels.index_name(name, "en"): name for name in INDICES}),
        "year": widgets.SelectionSlider(options=years(), value=FIRST.year, continuous_update=False),
    }

    def follow(lang: str, province: tuple[str, str], index: str | None, year: int) -> None:
        for word in ("province", "index", "year"):
            choices[word].description = text(lang, f"explore.{word}")
        code, geography = province
        display(*pictures(case(code, year, lang, geography), index))

    return widgets.interactive(follow, **choices)


def live() -> bool:
    """Whether someone can press the buttons: a front end that takes input, or Voilà; not a run in the background."""
    kernel = getattr(get_ipython(), "kernel", None)
    asked = kernel.get_parent("shell").get("content", {}) if kernel else {}
    return asked.get("allow_stdin", False) or os.environ.get("SERVER_SOFTWARE", "").startswith("voila")


def show() -> None:
    """Display the panel where someone can use it, else the charts of its first choice."""
    display(*([panel()] if live() else pictures(FIRST)))
