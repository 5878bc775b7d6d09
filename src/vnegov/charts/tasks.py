"""Tasks done of the tasks that offices were given, as they were printed."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from vnegov.charts import funnel
from vnegov.data.case import Case

NAME = "tasks"


def compute(case: Case) -> pd.DataFrame:
    """Tasks of the year, as `funnel.stated`; what was given is left out where what was done says it."""
    rows = funnel.stated(case, ("share_tasks_done", "tasks_done", "tasks_assigned"))
    given = (rows["indicator"] == "tasks_assigned") & rows.duplicated(["agency"], keep=False)
    return rows[~given].sort_values(["indicator", "period_end", "share"], ascending=False, ignore_index=True)


def draw(data: pd.DataFrame, case: Case, ax: Axes | None = None) -> Axes:
    """A block a measure and day, a ruler an office: from none to all of its tasks."""
    return funnel.draw(data, case, ax, NAME)


def describe(data: pd.DataFrame, case: Case) -> str:
    """Every office's tasks in a sentence."""
    return funnel.describe(data, case, NAME)
