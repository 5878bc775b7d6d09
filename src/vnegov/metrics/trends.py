"""Whether provinces draw together: dispersion by edition (sigma), catching up (beta), the Gini coefficient.

Only editions of one comparable span are set side by side, and only where every unit that an edition ranks is
known: a spread over some of the provinces says nothing about all of them.
"""

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from vnegov.errors import VnegovError
from vnegov.metrics.agreement import require_whole

SERIES = ["index", "geography", "component"]


class NotComparable(VnegovError, ValueError):
    """Two editions on different sides of a break; the message names both."""


class Beta(NamedTuple):
    """Beta convergence: slope of yearly log growth on the log initial score, its interval, n and R²."""

    slope: float
    low: float
    high: float
    n: int
    r2: float


def spans(frame: pd.DataFrame, breaks: pd.DataFrame | None) -> pd.Series:
    """The comparable span of each row: rows of one series compare only where this number is the same.

    `frame` has index, component, edition; `breaks` (index, component, edition) names the first edition that
    does not compare with the one before.
    """
    if breaks is None:
        return pd.Series(0, index=frame.index, name="span")
    key = ["index", "component", "edition"]
    seen = frame[key].drop_duplicates().merge(breaks[key], on=key[:2], how="left", suffixes=("", "_from"))
    span = (seen["edition_from"] <= seen["edition"]).groupby([seen[column] for column in key]).sum()
    return span.loc[pd.MultiIndex.from_frame(frame[key])].set_axis(frame.index).rename("span")


def gini(values: ArrayLike) -> float:
    """Gini coefficient of non-negative values, 0 (all equal) to 1 − 1/n; missing values are left out.

    Half the relative mean absolute difference (Gini 1912; Sen 1973, On Economic Inequality). NaN where
    nothing is known or all values are 0. Raises ValueError for a negative value.
    """
    x = np.sort(np.asarray(values, dtype="float64"))
    x = x[~np.isnan(x)]
    if (x < 0).any():
        raise ValueError(f"the Gini coefficient is not defined for negative values: {x[0]:g}")
    if not x.sum():
        return float("nan")
    return float((2 * np.arange(1, x.size + 1) - x.size - 1) @ x / (x.size * x.sum()))


def sigma(
    scores: pd.DataFrame, breaks: pd.DataFrame | None = None, units: Collection[str] | None = None
) -> pd.DataFrame:
    """Dispersion between provinces, a row per index × geography × component × edition of `scores`.

    Columns: n (scores known), n_units, mean, sd (sample, in the index's unit), cv (sd / mean), gini, span
    (see `spans`; only rows of one span compare) and reason: why an edition has no statistics, "" where it
    has. units: those meant to be complete, where not all that the edition ranks. Sigma convergence is a
    falling sd or cv (Barro & Sala-i-Martin 1992, Journal of Political Economy 100).
    """
    groups = _among(scores, units).groupby([*SERIES, "edition"], sort=True)
    measures = {"n": "count", "mean": "mean", "sd": "std", "gini": _gini_or_nan}
    table = groups.agg(n_units=("n_units", "max"), **{name: ("score", how) for name, how in measures.items()})
    table["cv"] = table["sd"] / table["mean"].where(table["mean"] > 0)
    whole = table["n"] >= table["n_units"]
    table[["mean", "sd", "cv", "gini"]] = table[["mean", "sd", "cv", "gini"]].where(whole)
    known = "known for " + table["n"].astype("str") + " of " + table["n_units"].astype("str") + " units only"
    table["reason"] = known.mask(whole, "")
    table = table.reset_index()
    table["span"] = spans(table, breaks)
    return table[[*SERIES, "edition", "n", "n_units", "mean", "sd", "cv", "gini", "span", "reason"]]


def beta(
    scores: pd.DataFrame,
    first: int,
    last: int,
    breaks: pd.DataFrame | None = None,
    units: Collection[str] | None = None,
    level: float = 0.95,
) -> Beta:
    """Beta convergence between two editions of one series of `scores` (one index, geography, component).

    Ordinary least squares of ln(last / first) / years on ln(first) over the units that both editions rank,
    with Student's interval: a slope below 0 means that who began behind grew faster (Barro & Sala-i-Martin
    1992). Errors of measurement in the first scores alone make a slope below 0, too (Quah 1993).

    Raises `NotComparable` across a break, `PartialIndex` where an edition is known for some of its units
    only (of `units`, where given), ValueError for several series, scores ≤ 0, or fewer than three units that
    did not begin equal.
    """
    scores = _among(scores, units)
    ends = [scores[scores["edition"] == edition] for edition in (first, last)]
    if any(len(scores[column].drop_duplicates()) != 1 for column in SERIES):
        raise ValueError("beta convergence is worked out for one index, geography and component at a time")
    name = scores["index"].iloc[0]
    if len(set(spans(pd.concat(ends), breaks))) > 1:
        raise NotComparable(f"{name}: {first} and {last} lie on two sides of a break")
    known = [rows.set_index("province_code")["score"].dropna() for rows in ends]
    for edition, rows, series in zip((first, last), ends, known, strict=True):
        require_whole(series, int(rows["n_units"].max()) if len(rows) else 1, f"{name} {edition}")
    both = pd.concat(known, axis=1, join="inner", keys=["first", "last"]).sort_index()
    if (both <= 0).to_numpy().any() or len(both) < 3 or both["first"].eq(both["first"].iloc[0]).all():
        raise ValueError(
            "beta convergence needs scores above 0 of three units or more that did not begin equal"
        )
    start, end = np.log(both.to_numpy(dtype="float64")).T
    fit = stats.linregress(start, (end - start) / (last - first))
    half = stats.t.ppf((1 + level) / 2, len(both) - 2) * fit.stderr
    return Beta(
        float(fit.slope), float(fit.slope - half), float(fit.slope + half), len(both), float(fit.rvalue**2)
    )


def _among(scores: pd.DataFrame, units: Collection[str] | None) -> pd.DataFrame:
    """The rows of the units that were meant to be complete, as if no others were ranked; all where None."""
    if units is None:
        return scores
    return scores[scores["province_code"].isin(list(units))].assign(n_units=len(set(units)))


def _gini_or_nan(values: pd.Series) -> float:
    return gini(values) if (values.dropna() >= 0).all() else float("nan")
