"""How far a plan's target is, and whether the trend gets there in time. Slopes are medians of slopes (Theil–Sen), which
one odd figure does not turn; under three points there is none, and the result says so in place of a projection."""

from collections import namedtuple

import numpy as np
import pandas as pd
from scipy import stats

from vnegov.metrics.adoption import PLACE

Trend = namedtuple("Trend", ["slope", "low", "high", "p"])
Outlook = namedtuple("Outlook", ["verdict", "n", "gap", "projected", "low", "high", "slope", "p"])
LATEST = ["value", "period_end", "qualifier", "source_id"]


def trend(points: pd.Series) -> Trend:
    """Theil–Sen slope of values by time (the index) with 95% interval (Sen 1968, JASA 63; no true 95% under five
    points), and p of the Mann–Kendall test, exact without ties (Mann 1945, Econometrica 13). ValueError under three."""
    points = points.dropna()
    if len(points) < 3 or points.index.has_duplicates:
        raise ValueError(f"a trend needs three points or more, each at its own time; there are {len(points)}")
    slope, _, low, high = stats.theilslopes(points, points.index)
    return Trend(slope, low, high, stats.kendalltau(points.index, points).pvalue)


def outlook(
    points: pd.Series, target: float, by: float, sign: int = 1, bounds: tuple[float, float] = (-np.inf, np.inf)
) -> Outlook:
    """Do `points`, values by time (the index), reach `target` by the time `by`? sign: −1 where smaller is better.

    verdict: "not measured" up to `by`; "reached" if the target was met at any time up to then; "missed" if the series
    runs that far without; "too few points" under three; else by the Theil–Sen line, projected within `bounds` with its
    interval's slopes: "on course" (the whole interval meets the target), "open" (a part of it does), "off course". gap
    is what the last value up to `by` lacks; slope and p are of `trend`, and missing where no line is drawn."""
    points = points.dropna().sort_index()
    gaps = sign * (target - points.loc[:by])
    known = {"not measured": gaps.empty, "reached": (gaps <= 0).any(), "missed": points.index.max() >= by}
    known["too few points"] = len(points) < 3
    told = len(points), np.nan if gaps.empty else gaps.iloc[-1]
    for verdict, true in known.items():
        if true:
            return Outlook(verdict, *told, np.nan, np.nan, np.nan, np.nan, np.nan)
    line = trend(points)
    years = by - np.median(points.index)
    projected, low, high = (np.clip(points.median() + years * slope, *bounds) for slope in line[:3])
    met = [sign * (target - end) <= 0 for end in (low, high)]
    verdict = "on course" if all(met) else "open" if any(met) else "off course"
    return Outlook(verdict, *told, projected, low, high, line.slope, line.p)


def progress(observations: pd.DataFrame, lower_is_better: tuple[str, ...] = ()) -> pd.DataFrame:
    """A row per target in `observations`, with what was last measured of the same place, indicator, unit and regime up
    to its day (latest_…; of several on a day the last row) and the fields of `Outlook`, slopes per year.
    lower_is_better names indicators such as the late rate."""
    thing = observations.groupby([*PLACE, "indicator", "unit", "regime"], dropna=False).ngroup()
    year = pd.to_datetime(observations["period_end"]).map(pd.Timestamp.toordinal) / 365.25
    rows = observations.assign(thing=thing, year=year)
    aims = rows["qualifier"] == "target"
    measured = rows[~aims].drop_duplicates(["thing", "year"], keep="last").sort_values("year").set_index("year")
    found = []
    for aim in rows[aims].to_dict("records"):
        series = measured[measured["thing"] == aim["thing"]]
        sign = -1 if aim["indicator"] in lower_is_better else 1
        bounds = (0, 100) if aim["unit"] == "percent" else (-np.inf, np.inf)
        view = outlook(series["value"], aim["value"], aim["year"], sign, bounds)
        latest = series.loc[: aim["year"], LATEST].tail(1).add_prefix("latest_")
        found.append(aim | dict(*latest.to_dict("records")) | view._asdict())
    added = [f"latest_{column}" for column in LATEST]
    return pd.DataFrame(found, columns=[*observations.columns, *added, *Outlook._fields])
