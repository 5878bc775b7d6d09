"""How far a plan's target is, and whether the trend gets there in time. Slopes are medians of slopes (Theil–Sen), which
one odd figure does not turn; under three points there is none, and the result says so in place of a projection."""

from collections import namedtuple
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats
from scipy.special import ndtr

from vnegov.metrics.adoption import PERCENT, PLACE

LATEST = {"value": "latest", "period_end": "latest_end"}
LATEST |= {column: f"latest_{column}" for column in ("qualifier", "source_id")}
Slope = namedtuple("Slope", ["slope", "low", "high", "intercept", "n"])
MannKendall = namedtuple("MannKendall", ["s", "variance", "z", "p", "tau", "n"])
Outlook = namedtuple("Outlook", ["verdict", "gap", "projected", "low", "high", "slope", "p", "n"])


def gap(value: Any, target: Any, higher_is_better: bool = True) -> Any:
    """What is still to go, in the unit of both (numbers or vectors): above 0 while a target is not met."""
    return target - value if higher_is_better else value - target


def theil_sen(times: ArrayLike, values: ArrayLike, level: float = 0.95) -> Slope:
    """Median of the slopes between all pairs of points, with its interval (Theil 1950; Sen 1968, JASA 63), the line
    through the medians, and n. At three or four points the interval is no true 95%; under three, ValueError."""
    t, y = _points(times, values)
    if len(t) < 3:
        raise ValueError(f"a trend needs three points or more; there are {len(t)}")
    fit = stats.theilslopes(y, t, alpha=level)
    return Slope(fit.slope, fit.low_slope, fit.high_slope, fit.intercept, len(t))


def mann_kendall(times: ArrayLike, values: ArrayLike) -> MannKendall:
    """Is there a monotone trend? S, its variance, z, two-sided p (NaN under four points), tau-b and n: the normal
    approximation, corrected for ties and continuity, of independent points (Mann 1945, Econometrica 13; Kendall 1975,
    Rank Correlation Methods). Raises ValueError for two values at one time."""
    t, y = _points(times, values)
    n, ties = len(y), np.unique(y, return_counts=True)[1]
    if len(np.unique(t)) < n:
        raise ValueError("two values stand at one time: choose one before asking for a trend")
    s = int(np.tril(np.sign(np.subtract.outer(y, y))).sum())
    variance = float(n * (n - 1) * (2 * n + 5) - (ties * (ties - 1) * (2 * ties + 5)).sum()) / 18
    z = float((s - np.sign(s)) / np.sqrt(variance)) if variance else 0.0
    p = float(2 * ndtr(-abs(z))) if n >= 4 else np.nan
    return MannKendall(s, variance, z, p, float(stats.kendalltau(t, y).statistic) if n > 1 else np.nan, n)


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
    is that of the last value up to `by`, p is of `mann_kendall`."""
    t, y = _points(times, values)
    left = gap(y[t <= by], target, higher_is_better)
    last, p, n = float(left[-1]) if left.size else np.nan, mann_kendall(t, y).p, len(t)
    told = {"not measured": not left.size, "reached": (left <= 0).any(), "missed": (t >= by).any()}
    told["too few points"] = n < 3
    for verdict, true in told.items():
        if true:
            return Outlook(verdict, last, np.nan, np.nan, np.nan, np.nan, p, n)
    line = theil_sen(t, y)
    ends = np.median(y) + (by - np.median(t)) * np.array([line.slope, line.low, line.high])
    projected, low, high = np.clip(ends, *bounds).tolist()
    met = gap(np.array([low, high]), target, higher_is_better) <= 0
    verdict = "on course" if met.all() else "open" if met.any() else "off course"
    return Outlook(verdict, last, projected, low, high, line.slope, p, n)


def progress(observations: pd.DataFrame, lower_is_better: tuple[str, ...] = ()) -> pd.DataFrame:
    """A row per target in `observations` (qualifier "target"), with what was measured of the same place, scope, agency,
    indicator, unit and regime: latest, latest_end, latest_qualifier, latest_source_id and the fields of `Outlook`.
    lower_is_better names indicators such as the late rate. Where a day has several figures the last row counts."""
    thing = observations.groupby([*PLACE, "indicator", "unit", "regime"], dropna=False).ngroup()
    rows = observations.assign(_thing=thing, _t=decimal_years(observations["period_end"]))
    aims = rows["qualifier"] == "target"
    measured = rows[~aims].drop_duplicates(["_thing", "period_end"], keep="last").sort_values("_t")
    found = []
    for aim in rows[aims].to_dict("records"):
        series = measured[measured["_thing"] == aim["_thing"]]
        bounds = (0, 100) if aim["unit"] == PERCENT else (-np.inf, np.inf)
        up, y = aim["indicator"] not in lower_is_better, series["value"]
        view = outlook(series["_t"], y, aim["value"], aim["_t"], higher_is_better=up, bounds=bounds)
        last = series[series["_t"] <= aim["_t"]].tail(1).rename(columns=LATEST)[[*LATEST.values()]]
        found.append(aim | dict(*last.to_dict("records")) | view._asdict())
    columns = [*observations.columns, *LATEST.values(), *Outlook._fields]
    return pd.DataFrame(found, columns=columns, index=observations.index[aims])


def decimal_years(dates: pd.Series) -> pd.Series:
    """Dates ("2019-12-31") as years with a fraction, for trends per year."""
    days = pd.to_datetime(dates).dt
    return days.year + (days.day_of_year - 1) / (365.0 + days.is_leap_year)


def _points(times: ArrayLike, values: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """The known points as vectors, in order of time."""
    points = pd.Series(np.asarray(values, "float64"), np.asarray(times, "float64")).dropna().sort_index()
    return points.index.to_numpy(), points.to_numpy()
