"""What a process does before kernels are forked from it: all that a run loads on first use is loaded then."""

from vnegov.charts import positions, style, trajectories
from vnegov.data.case import case
from vnegov.data.schema import TABLES
from vnegov.data.tables import table


def rehearse() -> None:
    """Read every table and draw two charts, one in each language, for nobody to see."""
    for name in TABLES:
        table(name)
    for lang, chart in (("en", positions), ("vi", trajectories)):
        shown = case("Vĩnh Phúc", 2022, lang)
        data = chart.compute(shown)
        chart.describe(data, shown)
        with style.house():
            style.render(chart.draw(data, shown).figure, "")
