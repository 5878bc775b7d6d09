"""A few charts as pictures: what no number tells, as words that collide or a line that is gone.

`python tests/charts/test_baselines.py` renews the pictures; look at them before they are committed.
"""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageChops

import vnegov
from vnegov.charts import components, positions, services, style, tilemap

BASELINES = Path(__file__).parent / "baselines"
PICTURES = {
    "positions": (positions, lambda: vnegov.case("Vĩnh Phúc", 2018, "en")),
    "components": (components, lambda: vnegov.case("Hà Nội", 2023, "vi")),
    "services": (services, lambda: vnegov.case("Vĩnh Phúc", 2022, "vi")),
    "tilemap": (tilemap, lambda: vnegov.edition_case("dti", 2022, "en")),
}


def picture(name: str) -> bytes:
    chart, case = PICTURES[name][0], PICTURES[name][1]()
    with style.house():
        return style.render(chart.draw(chart.compute(case), case).figure, "")["png"]


@pytest.mark.parametrize("name", PICTURES)
def test_a_chart_looks_as_it_did_when_somebody_looked(name, tmp_path):
    drawn = tmp_path / f"{name}.png"
    drawn.write_bytes(picture(name))
    with Image.open(drawn) as now, Image.open(BASELINES / f"{name}.png") as then:
        assert now.size == then.size
        difference = ImageChops.difference(now.convert("L"), then.convert("L"))
    assert np.asarray(difference).mean() < 0.5, f"compare {drawn} with {BASELINES / name}.png"


if __name__ == "__main__":
    for name in PICTURES:
        (BASELINES / f"{name}.png").write_bytes(picture(name))
