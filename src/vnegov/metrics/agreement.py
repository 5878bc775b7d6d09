"""Whether rankings agree: Spearman, Kendall, Kendall's W, rank-biased overlap. An index that is known for leaders,
laggards and those who wrote of themselves is no sample of the provinces: a correlation over it is refused, with the
reason, unless the caller says which units were meant to be complete."""

from collections import namedtuple
from collections.abc import Collection, Hashable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import ndtr, ndtri

from vnegov.errors import VnegovError

Correlation = namedtuple("Correlation", ["statistic", "low", "high", "n"])
Concordance = namedtuple("Concordance", ["w", "chi2", "p", "n", "m"])
# Sums over the others of a sample that holds unit j c[:, j] times; u[j, k], v[j, k]: is j above (1) or below (−1) k.
PRODUCTS = {"spearman": lambda c, u, v: (c @ u.T) * (c @ v.T), "kendall": lambda c, u, v: c @ (u * v)}


class PartialIndex(VnegovError, ValueError):
    """An index known for a part of its units only, and no random one; the message says for how many."""


def require_whole(known: pd.Series, units: Collection[Hashable] | int, name: str = "the index") -> None:
    """Raise `PartialIndex` unless `known` (a value by unit) covers `units`: their labels, or their number."""
    have, of = known.dropna().index.unique(), units if isinstance(units, int) else len(set(units))
    lacking = [] if isinstance(units, int) else sorted(map(str, set(units) - set(have)))
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
    """Rank correlation of two vectors labelled by unit ("spearman", or "kendall": tau-b), its seeded bootstrap interval
    (BCa; Efron 1987), and n. units: those meant to be complete; by default all that either vector names. Raises
    `PartialIndex` where one of them lacks a value. Constant vectors give NaN."""
    labels = sorted(set(a.index) | set(b.index) if units is None else set(units))
    require_whole(a, labels, str(a.name or "the first index"))
    require_whole(b, labels, str(b.name or "the second index"))
    n, x, y = len(labels), *(np.asarray(side.loc[labels], dtype="float64") for side in (a, b))
    counts = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=n_boot)
    estimate, *left_out = _statistic(method, x, y, np.vstack([np.ones(n), 1 - np.eye(n)]))
    draws = _statistic(method, x, y, counts.astype("float64"))
    low, high = _bca(estimate, draws, np.array(left_out), level)
    return Correlation(float(estimate), low, high, n)


def pairwise(
    scores: pd.DataFrame, method: str = "spearman", *, meant: Mapping[str, Any] | None = None, **options: Any
) -> pd.DataFrame:
    """`correlate` (with `options`) for every pair of indices in `scores` (one edition, geography and component each),
    over the units of both. An index counts as whole where as many units are known as it ranks (n_units), or all that
    `meant[index]` names. Result: index_a, index_b, statistic, low, high, n, reason ("" or why it is refused)."""
    wide = scores.pivot(index="province_code", columns="index", values="score")
    known, refused = {}, {}
    for name, most in scores.groupby("index")["n_units"].max().items():
        units = (meant or {}).get(str(name), int(most))
        known[name] = wide[name].dropna() if isinstance(units, int) else wide[name].reindex(sorted(units))
        try:
            require_whole(known[name], units, str(name))
        except PartialIndex as why:
            refused[name] = str(why)
    found = []
    for a, b in combinations(known, 2):
        shared = sorted(set(known[a].index) & set(known[b].index))
        few = [f"{a} and {b} share {len(shared)} units only"] if len(shared) < 3 else []
        reason = "; ".join([refused[one] for one in (a, b) if one in refused] or few)
        none = Correlation(np.nan, np.nan, np.nan, 0)
        pair = none if reason else correlate(known[a], known[b], method, units=shared, **options)
        found.append((a, b, *pair, reason))
    return pd.DataFrame(found, columns=["index_a", "index_b", *Correlation._fields, "reason"])


def concordance(rankings: pd.DataFrame) -> Concordance:
    """Kendall's W of scores or ranks, n units × m rankings (0 no agreement, 1 the same order in all), with chi-square
    and p: W is Friedman's chi-square over m (n − 1), ties corrected (Siegel & Castellan 1988). Raises `PartialIndex`
    where a ranking lacks a unit, ValueError under three units."""
    n, m = rankings.shape
    for name in rankings:
        require_whole(rankings[name], list(rankings.index), str(name))
    chi2, p = stats.friedmanchisquare(*rankings.to_numpy(dtype="float64"))
    return Concordance(float(chi2 / (m * (n - 1))), float(chi2), float(p), n, m)


def rbo(first: Sequence[Hashable], second: Sequence[Hashable], p: float = 0.9) -> float:
    """Rank-biased overlap, 0 to 1, of two lists of units, best first, extrapolated beyond their ends (Webber, Moffat &
    Zobel 2010, ACM TOIS 28(4), eq. 32). p in (0, 1): at 0.9 the first ten weigh some 86%. Raises ValueError for an
    empty list, a unit that stands twice, or another p."""
    short, long = sorted((list(first), list(second)), key=len)
    s, depth = len(short), np.arange(1, len(long) + 1)
    if not 0 < p < 1 or not s or len(set(short)) < s or len(set(long)) < len(long):
        raise ValueError("rank-biased overlap needs 0 < p < 1 and two lists in which each unit stands once")
    overlap = np.array([len(set(short[:d]) & set(long[:d])) for d in depth])
    agreement = (overlap + overlap[s - 1] * np.maximum(depth - s, 0) / s) / depth
    return float((1 - p) / p * agreement @ p**depth + agreement[-1] * p ** len(long))


def _statistic(method: str, x: np.ndarray, y: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """rho or tau-b of samples that hold unit j counts[:, j] times; NaN where a sample is constant."""
    x, y = (np.sign(np.subtract.outer(v, v)) for v in (x, y))
    xy, xx, yy = ((counts * PRODUCTS[method](counts, u, v)).sum(axis=1) for u, v in ((x, y), (x, x), (y, y)))
    scale = np.sqrt(xx * yy)
    return np.clip(np.divide(xy, scale, out=np.full_like(xy, np.nan), where=scale > 0), -1, 1)


def _bca(estimate: float, draws: np.ndarray, left_out: np.ndarray, level: float) -> list[float]:
    """BCa interval from bootstrap draws and the jackknife; percentiles where the estimate is an extreme."""
    draws = draws[~np.isnan(draws)]
    if not draws.size:
        return [np.nan, np.nan]
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    below = (draws < estimate).mean() + (draws == estimate).mean() / 2
    if 0 < below < 1:
        pull = left_out.mean() - left_out
        shifted = ndtri(below) + ndtri(tails)
        acceleration = np.nan_to_num((pull**3).sum() / (6 * (pull**2).sum() ** 1.5 or 1))
        adjusted = ndtr(ndtri(below) + shifted / (1 - acceleration * shifted))
        tails = adjusted if np.isfinite(adjusted).all() else tails
    return np.quantile(draws, tails).tolist()
