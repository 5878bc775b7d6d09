"""Whether provinces draw together: dispersion by edition (sigma), catching up (beta), the Gini coefficient; within one
comparable span, and only where every unit that an edition ranks is known."""

from collections import namedtuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from vnegov.metrics.agreement import require_whole

SERIES = ["index", "geography", "component"]
Beta = namedtuple("Beta", ["slope", "low", "high", "n", "r2"])


def spans(frame: pd.DataFrame, breaks: pd.DataFrame | None) -> pd.Series:
    """The comparable span of each row (index, component, edition): rows of one series compare only where this number is
    the same. `breaks` (index, component, edition) names the first edition that does not compare with the one before."""
    if breaks is None:
        return pd.Series(0, index=frame.index, name="span")
    key = ["index", "component", "edition"]
    seen = frame[key].drop_duplicates().merge(breaks[key], on=key[:2], how="left", suffixes=("", "_from"))
    span = (seen["edition_from"] <= seen["edition"]).groupby([seen[column] for column in key]).sum()
    return span.loc[pd.MultiIndex.from_frame(frame[key])].set_axis(frame.index).rename("span")


def gini(values: ArrayLike) -> float:
    """Gini coefficient of the known values, 0 (all equal) to 1 − 1/n: half the relative mean absolute difference (Gini
    1912). NaN where nothing is known or all values are 0. Raises ValueError for a negative value."""
    x = np.sort(pd.Series(values, dtype="float64").dropna())
    if (x < 0).any():
        raise ValueError(f"the Gini coefficient is not defined for negative values: {x[0]:g}")
    return float((2 * np.arange(1, x.size + 1) - x.size - 1) @ x / (x.size * x.sum() or np.nan))


def sigma(scores: pd.DataFrame, breaks: pd.DataFrame | None = None) -> pd.DataFrame:
    """Dispersion between provinces, a row per index × geography × component × edition of `scores`: n (scores known),
    n_units, mean, sd (sample, in the index's unit), cv (sd / mean), gini, span (only rows of one span compare), reason
    (why an edition has no statistics, or ""). Sigma convergence is a falling sd or cv (Barro & Sala-i-Martin 1992)."""
    groups = scores.groupby([*SERIES, "edition"])
    table = groups["score"].agg(n="count", mean="mean", sd="std", gini=gini)
    table = table.assign(n_units=groups["n_units"].max(), cv=table["sd"] / table["mean"]).reset_index()
    whole, measures = table["n"] >= table["n_units"], ["mean", "sd", "cv", "gini"]
    table[measures] = table[measures].where(whole)
    known = "known for " + table["n"].astype("str") + " of " + table["n_units"].astype("str") + " units only"
    table = table.assign(span=spans(table, breaks), reason=known.mask(whole, ""))
    return table[[*SERIES, "edition", "n", "n_units", *measures, "span", "reason"]]


def beta(scores: pd.DataFrame, first: int, last: int, breaks: pd.DataFrame | None = None) -> Beta:
    """Beta convergence between two editions of one series of `scores` (one index, geography, component): least squares
    of ln(last / first) / years on ln(first) over the units that both rank, slope with Student's 95% interval, n and R².
    Below 0, who began behind grew faster (Barro & Sala-i-Martin 1992, Journal of Political Economy 100); errors of
    measurement in the first scores alone make it so, too (Quah 1993). Raises `PartialIndex` where an edition is known
    for some of its units only, ValueError across a break, for several series, scores ≤ 0, or under three units."""
    if len(scores[SERIES].drop_duplicates()) != 1:
        raise ValueError("beta convergence is worked out for one index, geography and component at a time")
    name, ends = scores["index"].iloc[0], [scores[scores["edition"] == edition] for edition in (first, last)]
    if spans(pd.concat(ends), breaks).nunique() > 1:
        raise ValueError(f"{name}: {first} and {last} lie on two sides of a break")
    known = [rows.set_index("province_code")["score"].dropna() for rows in ends]
    for edition, rows, series in zip((first, last), ends, known, strict=True):
        require_whole(series, int(rows["n_units"].max()) if len(rows) else 1, f"{name} {edition}")
    both = pd.concat(known, axis=1, join="inner")
    if (both <= 0).any(axis=None) or len(both) < 3:
        raise ValueError("beta convergence needs scores above 0 of three units or more")
    start, end = np.log(both.to_numpy(dtype="float64")).T
    fit = stats.linregress(start, (end - start) / (last - first))
    half = stats.t.ppf(0.975, len(both) - 2) * fit.stderr
    return Beta(fit.slope, fit.slope - half, fit.slope + half, len(both), fit.rvalue**2)
