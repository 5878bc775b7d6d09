"""How far a plan's target is, and whether the trend gets there in time.

Slopes are medians of slopes (Theil–Sen), which one odd figure does not turn; under three points there is no
slope, and the result says so in place of a projection.
"""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats
from scipy.special import ndtr

from vnegov.errors import VnegovError
from vnegov.metrics.adoption import PERCENT, PLACE

MATCH = [*PLACE, "indicator", "unit", "regime"]


class TooFewPoints(VnegovError, ValueError):
    """A trend was asked of fewer than three points; the message says how many there are."""


class Slope(NamedTuple):
    """A Theil–Sen slope per unit of time, its interval, the line's intercept and n."""

    slope: float
    low: float
    high: float
    intercept: float
    n: int


class MannKendall(NamedTuple):
    """Mann–Kendall trend: S, its variance, z, two-sided p (NaN under four points), tau-b and n."""

    s: int
    variance: float
    z: float
    p: float
    tau: float
    n: int


class Outlook(NamedTuple):
    """Where a trend leads: verdict, gap still to go, projected value with interval, slope, p, n.

    verdict is "reached", "missed", "on course" (the whole interval of the projection meets the target),
    "open" (a part of it does), "off course" (none does), "too few points", or "not measured" up to the date.
    """

    verdict: str
    gap: float
    projected: float
    low: float
    high: float
    slope: float
    p: float
    n: int


def gap(value: Any, target: Any, higher_is_better: bool = True) -> Any:
    """What is still to go, in the unit of both: above 0 while a target is not met, 0 or below once it is.

    Numbers or vectors. For a rank ("among the first ten") higher_is_better is False.
    """
    return target - value if higher_is_better else value - target


def theil_sen(times: ArrayLike, values: ArrayLike, level: float = 0.95) -> Slope:
    """Median of the slopes between all pairs of points, with Sen's interval.

    Theil 1950; Sen 1968, Journal of the American Statistical Association 63. The line goes through the
    medians. At three or four points the interval spans all slopes and is no true 95%. Raises `TooFewPoints`.
    """
    t, y = _points(times, values)
    if len(t) < 3:
        raise TooFewPoints(
            f"a trend needs three points or more; there {'is' if len(t) == 1 else 'are'} {len(t)}"
        )
    fit = stats.theilslopes(y, t, alpha=level)
    return Slope(float(fit.slope), float(fit.low_slope), float(fit.high_slope), float(fit.intercept), len(t))


def mann_kendall(times: ArrayLike, values: ArrayLike) -> MannKendall:
    """Is there a monotone trend? Normal approximation with correction for ties and continuity.

    Mann 1945, Econometrica 13; Kendall 1975, Rank Correlation Methods, 4th ed. It takes the points as
    independent. Raises ValueError for two values at one time.
    """
    t, y = _points(times, values)
    if len(np.unique(t)) < len(t):
        raise ValueError("two values stand at one time: choose one before asking for a trend")
    n = len(y)
    s = int(np.sign(y[None, :] - y[:, None])[np.triu_indices(n, 1)].sum())
    ties = np.unique(y, return_counts=True)[1]
    variance = float(n * (n - 1) * (2 * n + 5) - (ties * (ties - 1) * (2 * ties + 5)).sum()) / 18
    pairs = n * (n - 1) / 2
    room = pairs * (pairs - (ties * (ties - 1)).sum() / 2)
    z = (s - np.sign(s)) / np.sqrt(variance) if variance > 0 else 0.0
    p = 2 * float(ndtr(-abs(z))) if n >= 4 else float("nan")
    return MannKendall(s, variance, float(z), p, float(s / np.sqrt(room)) if room > 0 else float("nan"), n)


def outlook(
    times: ArrayLike,
    values: ArrayLike,
    target: float,
    by: float,
    *,
    higher_is_better: bool = True,
    bounds: tuple[float, float] = (-np.inf, np.inf),
    level: float = 0.95,
) -> Outlook:
    """Does a series reach `target` by the time `by` (in the unit of `times`, say years)?

    A series that met the target at any time up to `by` has "reached" it; one that runs to `by` or beyond
    without has "missed" it; else the Theil–Sen line tells, drawn through the medians with the interval's
    slopes, within `bounds` (0 and 100 for a share). gap is that of the last value up to `by`. Under three
    points, n says so.
    """
    t, y = _points(times, values)
    none = float("nan")
    ending = t <= by
    left = gap(y[ending], target, higher_is_better) if ending.any() else np.array([none])
    p = mann_kendall(t, y).p
    told = {
        "not measured": not ending.any(),
        "reached": (left <= 0).any(),
        "missed": (t >= by).any(),
        "too few points": len(t) < 3,
    }
    if any(told.values()):
        verdict = next(word for word, true in told.items() if true)
        return Outlook(verdict, float(left[-1]), none, none, none, none, p, len(t))
    line = theil_sen(t, y, level)
    ahead = by - np.median(t)
    ends = np.median(y) + ahead * np.array([line.slope, line.low, line.high])
    projected, low, high = (float(end) for end in np.clip(ends, *bounds))
    met = gap(np.array([low, high]), target, higher_is_better) <= 0
    verdict = "on course" if met.all() else "open" if met.any() else "off course"
    return Outlook(verdict, float(left[-1]), projected, low, high, line.slope, p, len(t))


def progress(observations: pd.DataFrame, lower_is_better: tuple[str, ...] = ()) -> pd.DataFrame:
    """A row per target in `observations` (qualifier "target"), with what was measured of the same thing.

    Same place, scope, agency, indicator, unit and regime: a target in users is not held against visits, nor
    one for the levels 1–4 against full-process services. lower_is_better names indicators such as the late
    rate. Where a day has several figures the last row counts. Adds to the target's row latest, latest_end,
    latest_qualifier, latest_source_id and the fields of `Outlook`; shares in percent stay within 0 to 100.
    """
    aims = observations["qualifier"] == "target"
    measured = (
        observations[~aims].drop_duplicates([*MATCH, "period_end"], keep="last").sort_values("period_end")
    )
    series = {_cell(key): rows for key, rows in measured.groupby(MATCH, dropna=False)}
    found = []
    for aim in observations[aims].to_dict("records"):
        rows = series.get(_cell(tuple(aim[column] for column in MATCH)), measured.iloc[:0])
        until = rows[rows["period_end"] <= aim["period_end"]].tail(1)
        view = outlook(
            decimal_years(rows["period_end"]),
            rows["value"],
            aim["value"],
            float(decimal_years(pd.Series([aim["period_end"]])).iloc[0]),
            higher_is_better=aim["indicator"] not in lower_is_better,
            bounds=(0, 100) if aim["unit"] == PERCENT else (-np.inf, np.inf),
        )
        last = {"value": np.nan, "period_end": None, "qualifier": None, "source_id": None}
        last |= {column: until[column].iloc[0] for column in last if len(until)}
        names = {"value": "latest", "period_end": "latest_end"}
        found.append(aim | {names.get(c, f"latest_{c}"): cell for c, cell in last.items()} | view._asdict())
    added = ["latest", "latest_end", "latest_qualifier", "latest_source_id", *Outlook._fields]
    return pd.DataFrame(found, columns=[*observations.columns, *added], index=observations.index[aims])


def decimal_years(dates: pd.Series) -> pd.Series:
    """Dates ("2019-12-31") as years with a fraction, for trends per year."""
    days = pd.to_datetime(dates).dt
    return days.year + (days.day_of_year - 1) / (365.0 + days.is_leap_year)


def _points(times: ArrayLike, values: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """The known points as vectors, in order of time."""
    t, y = np.asarray(times, dtype="float64"), np.asarray(values, dtype="float64")
    known = ~(np.isnan(t) | np.isnan(y))
    order = np.argsort(t[known], kind="stable")
    return t[known][order], y[known][order]


def _cell(key: tuple) -> tuple:
    """A key in which missing parts are equal to each other."""
    return tuple(None if pd.isna(part) else part for part in key)
