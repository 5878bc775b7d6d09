"""Whether provinces draw together: dispersion by edition (sigma), catching up (beta), the Gini coefficient; within one
comparable span, and only where every unit that an edition ranks is known. `breaks` (index, component, edition) names
the first edition of a series that does not compare with the one before."""

from collections import namedtuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from vnegov.metrics.agreement import require_whole

SERIES = ["index", "geography", "component"]
Beta = namedtuple("Beta", ["slope", "low", "high", "n", "r2"])


def spans(rows: pd.DataFrame, breaks: pd.DataFrame) -> pd.Series:
    """The comparable span of each row (index, component, edition): how many breaks its series had up to its edition."""
    numbered = rows[["index", "component", "edition"]].reset_index(drop=True).reset_index(names="row")
    pairs = numbered.merge(breaks, on=["index", "component"], how="left", suffixes=("", "_from"))
    return (pairs["edition_from"] <= pairs["edition"]).groupby(pairs["row"]).sum().set_axis(rows.index)


def gini(values: ArrayLike) -> float:
    """Gini coefficient (1912) of the known values, 0 (all equal) to 1 − 1/n: half the relative mean difference. NaN
    where nothing is known or all values are 0; ValueError for a negative value."""
    x = np.sort(pd.Series(values, dtype="float64").dropna())
    if (x < 0).any():
        raise ValueError(f"the Gini coefficient is not defined for negative values: {x[0]:g}")
    return float((2 * np.arange(1, x.size + 1) - x.size - 1) @ x / (x.size * x.sum() or np.nan))


def sigma(scores: pd.DataFrame, breaks: pd.DataFrame) -> pd.DataFrame:
    """Dispersion in each edition of `scores`: n, n_units, mean, sd (sample), cv (sd / mean), gini (missing unless n is
    n_units), span (only rows of one compare). Sigma convergence is a falling sd or cv (Barro & Sala-i-Martin 1992)."""
    groups = scores.groupby([*SERIES, "edition"])
    table = groups["score"].agg(n="count", mean="mean", sd="std", gini=gini)
    measures = table.assign(cv=table["sd"] / table["mean"])[["mean", "sd", "cv", "gini"]]
    n_units = groups["n_units"].max()
    table = measures.where(table["n"] >= n_units).assign(n=table["n"], n_units=n_units).reset_index()
    return table.assign(span=spans(table, breaks))


def beta(scores: pd.DataFrame, first: int, last: int, breaks: pd.DataFrame) -> Beta:
    """Least squares of ln(last / first) / years on ln(first), for one series of `scores`, over the units of both. Below
    0, who began behind grew faster (Barro & Sala-i-Martin 1992, J. Polit. Econ. 100), or the first scores held errors
    (Quah 1993). Raises `PartialIndex`, and ValueError across a break, for scores ≤ 0, or under three units."""
    rows = scores[scores["edition"].isin([first, last])]
    if spans(rows, breaks).nunique() > 1:
        raise ValueError(f"{first} and {last} lie on two sides of a break")
    wide = rows.pivot(index="province_code", columns="edition", values="score").reindex(columns=[first, last])
    for edition, known in wide.items():
        require_whole(known, rows.loc[rows["edition"] == edition, "n_units"].max(), f"edition {edition}")
    start, end = wide.dropna().to_numpy().T
    if len(start) < 3 or min(*start, *end) <= 0:
        raise ValueError("beta convergence needs scores above 0 of three units or more")
    fit = stats.linregress(np.log(start), np.log(end / start) / (last - first))
    half = stats.t.ppf(0.975, len(start) - 2) * fit.stderr
    return Beta(fit.slope, fit.slope - half, fit.slope + half, len(start), fit.rvalue**2)
