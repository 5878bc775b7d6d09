"""Whether rankings agree: Spearman, Kendall, Kendall's W, rank-biased overlap.

An index that is known for leaders, laggards and those who wrote of themselves is no sample of the provinces:
a correlation over it is refused, with the reason, unless the caller says which units were meant to be
complete.
"""

from collections.abc import Collection, Hashable, Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import ndtr, ndtri

from vnegov.errors import VnegovError


class PartialIndex(VnegovError, ValueError):
    """An index known for a part of its units only, and no random one; the message says for how many.

    To go on all the same, name the units that were meant to be complete.
    """


class Correlation(NamedTuple):
    """A rank correlation, its bootstrap interval, and the number of units."""

    statistic: float
    low: float
    high: float
    n: int


class Concordance(NamedTuple):
    """Kendall's W over m rankings of n units, with its chi-square test."""

    w: float
    chi2: float
    p: float
    n: int
    m: int


def require_whole(known: pd.Series, units: Collection[Hashable] | int, name: str = "the index") -> None:
    """Raise `PartialIndex` unless `known` (a value by unit) covers `units`: their labels, or their number."""
    have = set(known.dropna().index)
    if isinstance(units, int):
        lacking, of = [], units
    else:
        lacking, of = sorted(str(unit) for unit in set(units) - have), len(set(units))
    covered = of - len(lacking) if lacking else min(len(have), of)
    if covered < of:
        names = f" (not {', '.join(lacking[:5])}{', …' if len(lacking) > 5 else ''})" if lacking else ""
        raise PartialIndex(f"{name} is known for {covered} of {of} units{names}, no random part of them")


def correlate(
    a: pd.Series,
    b: pd.Series,
    method: str = "spearman",
    *,
    units: Collection[Hashable] | None = None,
    level: float = 0.95,
    n_boot: int = 2000,
    seed: int = 0,
) -> Correlation:
    """Rank correlation of two vectors labelled by unit, with a bootstrap interval over units.

    method: "spearman" (mid-ranks; Spearman 1904) or "kendall" (tau-b, ties corrected; Kendall 1945). The
    interval is bias-corrected and accelerated (BCa; Efron 1987), seeded. units: those meant to be complete;
    by default all that either vector names. Raises `PartialIndex` where one of them lacks a value. Constant
    vectors give NaN.
    """
    if method not in ("spearman", "kendall"):
        raise ValueError(f'method is "spearman" or "kendall", not {method!r}')
    labels = sorted(set(a.index) | set(b.index) if units is None else set(units))
    require_whole(a, labels, str(a.name or "the first index"))
    require_whole(b, labels, str(b.name or "the second index"))
    x, y = (np.asarray(side.loc[labels], dtype="float64") for side in (a, b))
    sign_x, sign_y = (np.sign(np.subtract.outer(v, v)) for v in (x, y))
    statistic = _spearman if method == "spearman" else _tau_b
    n = len(labels)
    counts = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=n_boot).astype("float64")
    estimate = float(statistic(np.ones((1, n)), sign_x, sign_y)[0])
    draws = statistic(counts, sign_x, sign_y)
    left_out = statistic(1 - np.eye(n), sign_x, sign_y)
    return Correlation(estimate, *_bca(estimate, draws, left_out, level), n)


def pairwise(
    scores: pd.DataFrame,
    method: str = "spearman",
    *,
    value: str = "score",
    meant: Mapping[str, Collection[str]] | None = None,
    **options: Any,
) -> pd.DataFrame:
    """`correlate` for every pair of indices in `scores`; one edition, geography and component an index.

    value: "score" or "rank". An index counts as whole where as many units are known as it ranks (n_units),
    or all that `meant[index]` names; a pair is taken over the units of both. Result: index_a, index_b,
    statistic, low, high, n, reason ("" or why the pair is refused). options go to `correlate`.
    """
    if scores.duplicated(["index", "province_code"]).any():
        raise ValueError(
            "an index has two figures for one province: choose one edition, geography and component"
        )
    known: dict[str, pd.Series] = {}
    refused: dict[str, str] = {}
    for index, rows in scores.groupby("index"):
        name = str(index)
        known[name] = rows.set_index("province_code")[value].dropna().astype("float64").rename(name)
        units = (meant or {}).get(name, int(rows["n_units"].max()))
        try:
            require_whole(known[name], units, name)
        except PartialIndex as why:
            refused[name] = str(why)
        if not isinstance(units, int):
            known[name] = known[name].reindex(sorted(units))
    found = []
    for a, b in combinations(sorted(known), 2):
        shared = sorted(set(known[a].index) & set(known[b].index))
        reason = "; ".join(refused[one] for one in (a, b) if one in refused)
        if not reason and len(shared) < 3:
            reason = f"{a} and {b} share {len(shared)} units only"
        none = Correlation(np.nan, np.nan, np.nan, 0)
        pair = none if reason else correlate(known[a], known[b], method, units=shared, **options)
        found.append((a, b, *pair, reason))
    return pd.DataFrame(found, columns=["index_a", "index_b", *Correlation._fields, "reason"])


def concordance(rankings: pd.DataFrame) -> Concordance:
    """Kendall's W of a frame of scores or ranks, units × rankings: 0 no agreement, 1 the same order in all.

    Mid-ranks with the correction for ties (Kendall & Babington Smith 1939; Siegel & Castellan 1988); p from
    chi-square with n − 1 degrees of freedom. Raises `PartialIndex` where a ranking lacks a unit, ValueError
    under two units or two rankings.
    """
    n, m = rankings.shape
    if n < 2 or m < 2:
        raise ValueError(f"Kendall's W needs two units and two rankings; there are {n} and {m}")
    for name in rankings:
        require_whole(rankings[name], list(rankings.index), str(name))
    ranked = stats.rankdata(rankings.to_numpy(dtype="float64"), axis=0)
    ties = sum(((t := np.unique(column, return_counts=True)[1]) ** 3 - t).sum() for column in ranked.T)
    totals = ranked.sum(axis=1)
    room = m**2 * (n**3 - n) - m * ties
    w = float(12 * ((totals - totals.mean()) ** 2).sum() / room) if room else float("nan")
    chi2 = m * (n - 1) * w
    return Concordance(w, chi2, float(stats.chi2.sf(chi2, n - 1)), n, m)


def rbo(first: Sequence[Hashable], second: Sequence[Hashable], p: float = 0.9) -> float:
    """Rank-biased overlap of two lists of units, best first, extrapolated beyond their ends: 0 to 1.

    p in (0, 1) is the weight of the depths: the first ten carry some 86% at 0.9. Lists may differ in length
    and members. Webber, Moffat & Zobel 2010, ACM TOIS 28(4), equation 32. Raises ValueError for an empty
    list, a unit that stands twice, or another p.
    """
    short, long = sorted((list(first), list(second)), key=len)
    if not 0 < p < 1 or not short or len(set(short)) < len(short) or len(set(long)) < len(long):
        raise ValueError("rank-biased overlap needs 0 < p < 1 and two lists in which each unit stands once")
    s, n = len(short), len(long)
    overlap = np.array([len(set(short[:d]) & set(long[:d])) for d in range(1, n + 1)], dtype="float64")
    depth = np.arange(1, n + 1)
    at_s, at_n = overlap[s - 1], overlap[n - 1]
    seen = (overlap / depth * p**depth).sum()
    beyond_short = (at_s * (depth - s) / (s * depth) * p**depth)[s:].sum()
    return float((1 - p) / p * (seen + beyond_short) + ((at_n - at_s) / n + at_s / s) * p**n)


def _spearman(counts: np.ndarray, sign_x: np.ndarray, sign_y: np.ndarray) -> np.ndarray:
    """Spearman's rho of samples that hold unit j counts[:, j] times: Pearson's r of their mid-ranks."""
    rank_x, rank_y = (counts @ sign.T / 2 for sign in (sign_x, sign_y))
    size = counts.sum(axis=1, keepdims=True)
    rank_x, rank_y = (r - (counts * r).sum(axis=1, keepdims=True) / size for r in (rank_x, rank_y))
    products = (rank_x * rank_y, rank_x**2, rank_y**2)
    return _ratio(*((counts * each).sum(axis=1) for each in products))


def _tau_b(counts: np.ndarray, sign_x: np.ndarray, sign_y: np.ndarray) -> np.ndarray:
    """Kendall's tau-b of samples that hold unit j counts[:, j] times."""
    pairs = (sign_x * sign_y, sign_x**2, sign_y**2)
    return _ratio(*(((counts @ pair) * counts).sum(axis=1) for pair in pairs))


def _ratio(both: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    scale = np.sqrt(one * other)
    return np.clip(np.divide(both, scale, out=np.full_like(both, np.nan), where=scale > 1e-12), -1, 1)


def _bca(estimate: float, draws: np.ndarray, left_out: np.ndarray, level: float) -> tuple[float, float]:
    """BCa interval from bootstrap draws and the jackknife; percentiles where the estimate is an extreme."""
    draws = draws[~np.isnan(draws)]
    if not draws.size:
        return float("nan"), float("nan")
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    below = (draws < estimate).mean() + (draws == estimate).mean() / 2
    if 0 < below < 1:
        pull = left_out.mean() - left_out
        spread = (pull**2).sum() ** 1.5
        acceleration = (pull**3).sum() / (6 * spread) if spread > 0 else 0.0
        shifted = ndtri(below) + ndtri(tails)
        adjusted = ndtr(ndtri(below) + shifted / (1 - acceleration * shifted))
        tails = adjusted if np.isfinite(adjusted).all() else tails
    low, high = np.quantile(draws, tails)
    return float(low), float(high)
