"""What every chart must hold, whatever it shows."""

import warnings

import numpy as np
import pytest
from matplotlib.text import Text

from vnegov.charts import style


@pytest.fixture
def look():
    """Looks at the chart of a case: its finding is a sentence, and if there is data, no word of the picture
    leaves the frame or meets another. Gives the words; None if there is nothing to draw."""

    def looked(chart, case):
        data = chart.compute(case)
        assert chart.describe(data, case).endswith(".")
        if data.empty:
            return None
        with warnings.catch_warnings(), style.house():
            warnings.simplefilter("error")
            figure = chart.draw(data, case).figure
            figure.canvas.draw()
        told = [text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]
        boxes = np.array([text.get_window_extent().extents for text in told])
        frame = figure.bbox.extents
        outside = (boxes[:, :2] < frame[:2] - 1).any(axis=1) | (boxes[:, 2:] > frame[2:] + 1).any(axis=1)
        assert [told[i].get_text() for i in np.flatnonzero(outside)] == []
        # Letters keep clear of each other although the boxes, which hold room for accents, may touch.
        x0, y0, x1, y1 = boxes.T + np.array([[2], [3], [-2], [-3]])
        apart = (x0[:, None] >= x1) | (x1[:, None] <= x0) | (y0[:, None] >= y1) | (y1[:, None] <= y0)
        assert [(told[i].get_text(), told[j].get_text()) for i, j in np.argwhere(~apart) if i < j] == []
        return [text.get_text() for text in told]

    return looked
