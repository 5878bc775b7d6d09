"""Tasks done of the tasks that offices were given, as they were printed."""

from functools import partial

import pandas as pd

from vnegov.charts import funnel
from vnegov.data.case import Case

NAME = "tasks"
draw = partial(funnel.draw, name=NAME)
describe = partial(funnel.describe, name=NAME)


def compute(case: Case) -> pd.DataFrame:
    """Tasks of the year, as `funnel.stated`; what was given is left out where what was done says it."""
    rows = funnel.stated(case, ("share_tasks_done", "tasks_done", "tasks_assigned"))
    given = (rows["indicator"] == "tasks_assigned") & rows.duplicated(["agency"], keep=False)
    return rows[~given].sort_values(["indicator", "period_end", "share"], ascending=False, ignore_index=True)
