"""Whether rankings agree: Spearman, Kendall, Kendall's W, rank-biased overlap. An index that is known for leaders,
laggards and those who wrote of themselves is no sample of the provinces: a correlation over it is refused."""

from collections import namedtuple
from collections.abc import Hashable, Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import ndtr, ndtri

from vnegov.errors import VnegovError

Correlation = namedtuple("Correlation", ["statistic", "low", "high", "n"])
Concordance = namedtuple("Concordance", ["w", "chi2", "p"])
# Sums over the others of a sample that holds unit j c[:, j] times; u[j, k], v[j, k]: is j above (1) or below (−1) k.
PRODUCTS = {"spearman": lambda c, u, v: (c @ u.T) * (c @ v.T), "kendall": lambda c, u, v: c @ (u * v)}


class PartialIndex(VnegovError, ValueError):
    """An index known for a part of its units only, and no random one; the message says for how many."""


def require_whole(known: pd.Series, n_units: int, name: str) -> None:
    """Raise `PartialIndex` unless `known` has the values of n_units units."""
    if known.count() < n_units:
        raise PartialIndex(f"{name} is known for {known.count()} of {n_units} units, no random part of them")


def correlate(a: pd.Series, b: pd.Series, method: str = "spearman", n_boot: int = 2000) -> Correlation:
    """Rank correlation of two vectors labelled by unit ("spearman", or "kendall": tau-b; NaN if one is constant), its
    seeded 95% bootstrap interval (BCa; Efron 1987), and n. Raises `PartialIndex` where one lacks a unit of the other,
    or under three units: whoever means a part of the units says so by passing those."""
    both = pd.concat([a, b], axis=1).sort_index()
    if (n := len(both)) < 3:
        raise PartialIndex(f"{a.name} and {b.name} share {n} units only")
    for name, side in both.items():
        require_whole(side, n, str(name))
    x, y = both.to_numpy(dtype="float64").T
    counts = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), size=n_boot)
    estimate, *left_out = _statistic(method, x, y, np.vstack([np.ones(n), 1 - np.eye(n)]))
    low, high = _bca(estimate, _statistic(method, x, y, counts.astype("float64")), np.array(left_out))
    return Correlation(float(estimate), low, high, n)


def pairwise(scores: pd.DataFrame, method: str = "spearman", n_boot: int = 2000) -> pd.DataFrame:
    """`correlate` for every pair of indices in `scores` (one edition, geography and component each) over the units of
    both: index_a, index_b, statistic, low, high, n, reason ("", or why refused: fewer scores known than n_units)."""
    wide = scores.pivot(index="province_code", columns="index", values="score")
    n_units, found = scores.groupby("index")["n_units"].max(), []
    for a, b in combinations(wide, 2):
        try:
            for name in (a, b):
                require_whole(wide[name], n_units[name], name)
            both = wide[[a, b]].dropna()
            pair, reason = correlate(both[a], both[b], method, n_boot=n_boot), ""
        except PartialIndex as why:
            pair, reason = Correlation(np.nan, np.nan, np.nan, 0), str(why)
        found.append((a, b, *pair, reason))
    return pd.DataFrame(found, columns=["index_a", "index_b", *Correlation._fields, "reason"])


def concordance(rankings: pd.DataFrame) -> Concordance:
    """Kendall's W, 0 to 1, of scores or ranks, n units × m rankings: Friedman's chi-square over m (n − 1), ties
    corrected (Siegel & Castellan 1988). Raises `PartialIndex` where a ranking lacks a unit."""
    n, m = rankings.shape
    for name, ranking in rankings.items():
        require_whole(ranking, n, str(name))
    chi2, p = stats.friedmanchisquare(*rankings.to_numpy(dtype="float64"))
    return Concordance(chi2 / (m * (n - 1)), chi2, p)


def rbo(first: Sequence[Hashable], second: Sequence[Hashable], p: float = 0.9) -> float:
    """Rank-biased overlap, 0 to 1, of two tops of one length, best first, extrapolated beyond their ends (Webber,
    Moffat & Zobel 2010, ACM TOIS 28(4), eq. 30). p in (0, 1): at 0.9 the first ten weigh some 86%."""
    if not len({*first}) == len(first) == len(second) == len({*second}) > 0:
        raise ValueError("rank-biased overlap needs two lists of one length in which each unit stands once")
    depths = range(1, len(first) + 1)
    shares = [len({*first[:depth]} & {*second[:depth]}) / depth for depth in depths]
    seen = (1 - p) * sum(share * p ** (depth - 1) for share, depth in zip(shares, depths, strict=True))
    return seen + shares[-1] * p ** len(first)


def _statistic(method: str, x: np.ndarray, y: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """rho or tau-b of samples that hold unit j counts[:, j] times; NaN where a sample is constant."""
    x, y = (np.sign(np.subtract.outer(v, v)) for v in (x, y))
    xy, xx, yy = ((counts * PRODUCTS[method](counts, u, v)).sum(axis=1) for u, v in ((x, y), (x, x), (y, y)))
    scale = np.sqrt(xx * yy)
    return np.clip(np.divide(xy, scale, out=np.full_like(xy, np.nan), where=scale > 0), -1, 1)


def _bca(estimate: float, draws: np.ndarray, left_out: np.ndarray) -> list[float]:
    """The BCa interval from bootstrap draws and the jackknife."""
    draws = draws[~np.isnan(draws)]
    if not draws.size or np.isnan(estimate):
        return [np.nan, np.nan]
    below = (draws < estimate).mean() + (draws == estimate).mean() / 2
    bias = ndtri(np.clip(below, 0.5 / draws.size, 1 - 0.5 / draws.size))
    pull = np.nan_to_num(left_out.mean() - left_out)
    acceleration = (pull**3).sum() / (6 * (pull**2).sum() ** 1.5 or 1)
    shifted = bias + ndtri([0.025, 0.975])
    return np.quantile(draws, ndtr(bias + shifted / (1 - acceleration * shifted))).tolist()
