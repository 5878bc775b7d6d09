"""How far a plan's target is, and whether the trend gets there in time. Slopes are medians of slopes (Theil–Sen), which
one odd figure does not turn; under three points there is none, and the result says so in place of a projection."""

from collections import namedtuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from vnegov.metrics.adoption import PERCENT, PLACE

Trend = namedtuple("Trend", ["slope", "low", "high", "p", "n"])
Outlook = namedtuple("Outlook", ["verdict", "gap", "projected", "low", "high", "slope", "p", "n"])
LATEST = {
    "value": "latest",
    "period_end": "latest_end",
    "qualifier": "latest_qualifier",
    "source_id": "latest_source_id",
}


def trend(times: ArrayLike, values: ArrayLike) -> Trend:
    """Theil–Sen slope, the median of those between all pairs of points, with its 95% interval (Sen 1968, JASA 63), the
    two-sided p of the Mann–Kendall test, exact where no values tie (Mann 1945, Econometrica 13), and n. Under five
    points the interval is no true 95%. Raises ValueError under three points, or for two at one time."""
    points = pd.Series(np.asarray(values, "float64"), np.asarray(times, "float64")).dropna()
    if len(points) < 3 or points.index.has_duplicates:
        raise ValueError(f"a trend needs three points or more, each at its own time; there are {len(points)}")
    t, y = points.index.to_numpy(), points.to_numpy()
    slope, _, low, high = stats.theilslopes(y, t)
    return Trend(slope, low, high, stats.kendalltau(t, y).pvalue, len(t))


def outlook(
    times: ArrayLike,
    values: ArrayLike,
    target: float,
    by: float,
    *,
    higher_is_better: bool = True,
    bounds: tuple[float, float] = (-np.inf, np.inf),
) -> Outlook:
    """Does a series reach `target` by the time `by` (in the unit of `times`, say years)?

    verdict: "not measured" up to `by`; "reached" if the target was met at any time up to then; "missed" if the series
    runs that far without; "too few points" under three; else by the Theil–Sen line, projected within `bounds` with its
    interval's slopes: "on course" (the whole interval meets the target), "open" (a part of it does), "off course". gap
    is what the last value up to `by` lacks; p is of `mann_kendall`; what the verdict does not rest on is missing."""
    points = pd.Series(np.asarray(values, "float64"), np.asarray(times, "float64")).dropna().sort_index()
    sign, n = 1 if higher_is_better else -1, len(points)
    gaps = sign * (target - points.loc[:by])
    last = gaps.iloc[-1] if len(gaps) else np.nan
    told = {"not measured": gaps.empty, "reached": (gaps <= 0).any(), "missed": points.index.max() >= by}
    told["too few points"] = n < 3
    for verdict, true in told.items():
        if true:
            return Outlook(verdict, last, np.nan, np.nan, np.nan, np.nan, np.nan, n)
    line = trend(points.index, points)
    years = by - np.median(points.index)
    projected, low, high = (np.clip(points.median() + years * slope, *bounds) for slope in line[:3])
    met = [sign * (target - end) <= 0 for end in (low, high)]
    verdict = "on course" if all(met) else "open" if any(met) else "off course"
    return Outlook(verdict, last, projected, low, high, line.slope, line.p, n)


def progress(observations: pd.DataFrame, lower_is_better: tuple[str, ...] = ()) -> pd.DataFrame:
    """A row per target in `observations` (qualifier "target"), with what was measured of the same place, scope, agency,
    indicator, unit and regime: latest, latest_end, latest_qualifier, latest_source_id and the fields of `Outlook`.
    lower_is_better names indicators such as the late rate. Where a day has several figures the last row counts."""
    thing = observations.groupby([*PLACE, "indicator", "unit", "regime"], dropna=False).ngroup()
    years = pd.to_datetime(observations["period_end"]).map(pd.Timestamp.toordinal) / 365.25
    rows = observations.assign(_thing=thing, _t=years)
    aims = rows["qualifier"] == "target"
    measured = rows[~aims].drop_duplicates(["_thing", "period_end"], keep="last").sort_values("_t")
    found = []
    for aim in rows[aims].to_dict("records"):
        series = measured[measured["_thing"] == aim["_thing"]]
        bounds = (0, 100) if aim["unit"] == PERCENT else (-np.inf, np.inf)
        up = aim["indicator"] not in lower_is_better
        view = outlook(series["_t"], series["value"], aim["value"], aim["_t"], higher_is_better=up, bounds=bounds)
        last = series[series["_t"] <= aim["_t"]].tail(1).rename(columns=LATEST)[[*LATEST.values()]]
        found.append(aim | dict(*last.to_dict("records")) | view._asdict())
    return pd.DataFrame(found, columns=[*observations.columns, *LATEST.values(), *Outlook._fields])
