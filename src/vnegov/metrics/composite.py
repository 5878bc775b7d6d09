"""Building an index from indicators, and how far its ranks depend on how it was built: the OECD/JRC Handbook on
Constructing Composite Indicators (2008), steps 5 to 7. Functions n_… normalise vectors or matrices units × indicators,
a_… aggregate (over the values present), w_… weigh; NORMALISE, AGGREGATE and WEIGH name them."""

from collections.abc import Mapping, Sequence
from graphlib import TopologicalSorter
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from vnegov.errors import VnegovError
from vnegov.metrics.ranking import ranks

Families = dict[str, tuple[list[str], np.ndarray]]
Nodes = dict[str, np.ndarray]
Scale = tuple[float, float]


class BadTree(VnegovError, ValueError):
    """An index tree that does not lead from the indicators to one root; the message names the nodes."""


def n_minmax(x: ArrayLike, scale: Scale = (0, 100)) -> np.ndarray:
    """Values stretched onto `scale`; NaN where all are one."""
    x = np.asarray(x, dtype="float64")
    low, high = np.fmin.reduce(x), np.fmax.reduce(x)
    return (x - low) / np.where(high > low, high - low, np.nan) * (scale[1] - scale[0]) + scale[0]


def n_zscore(x: ArrayLike) -> np.ndarray:
    """Distance from the mean in sample standard deviations; NaN where all values are one."""
    return stats.zscore(np.asarray(x, dtype="float64"), ddof=1, nan_policy="omit")


def n_rank(x: ArrayLike) -> np.ndarray:
    """Ascending ranks, the best value highest, ties at the lowest rank of their group."""
    return stats.rankdata(x, method="min", axis=0, nan_policy="omit").astype("float64")


def n_goalposts(x: ArrayLike, worst: ArrayLike, best: ArrayLike, scale: Scale = (0, 100)) -> np.ndarray:
    """Place between two fixed posts, cut off at both, on `scale`; worst > best where smaller is better."""
    unit = (np.asarray(x, dtype="float64") - worst) / np.subtract(best, worst)
    return np.clip(unit, 0, 1) * (scale[1] - scale[0]) + scale[0]


def a_amean(x: ArrayLike, weights: ArrayLike | None = None) -> np.ndarray:
    """Weighted arithmetic mean along the last axis over the values present; NaN where there are none."""
    known = np.ma.masked_invalid(np.asarray(x, dtype="float64"))
    w = None if weights is None else np.asarray(weights, dtype="float64")
    return np.ma.filled(np.ma.average(known, axis=-1, weights=w), np.nan)


def a_gmean(x: ArrayLike, weights: ArrayLike | None = None) -> np.ndarray:
    """Weighted geometric mean along the last axis; raises ValueError for a value ≤ 0."""
    return np.exp(a_amean(np.log(_positive(x)), weights))


def a_hmean(x: ArrayLike, weights: ArrayLike | None = None) -> np.ndarray:
    """Weighted harmonic mean along the last axis; raises ValueError for a value ≤ 0."""
    return 1 / a_amean(1 / _positive(x), weights)


def a_copeland(x: ArrayLike, weights: ArrayLike | None = None) -> np.ndarray:
    """Copeland scores (1951) of a matrix units × indicators, 0 to n − 1: over all others, the weight on which each is
    outdone. Ties count half; a pair is compared on what both have, and counts half where that is nothing."""
    x = np.asarray(x, dtype="float64")
    share = np.nan_to_num(a_amean(np.sign(x[:, None] - x) / 2 + 0.5, weights), nan=0.5)
    np.fill_diagonal(share, 0)
    return np.where(np.isnan(x).all(axis=1), np.nan, share.sum(axis=1))


def w_entropy(x: np.ndarray) -> np.ndarray:
    """Weights by how unevenly a column is spread over the units: 1 − the Shannon entropy of its values on [0, 1] (Hwang
    & Yoon 1981), summing to 1. A column of one value weighs 0; equal weights where no column tells units apart."""
    spread = np.nan_to_num(1 - stats.entropy(np.nan_to_num(n_minmax(x, (0, 1)))) / np.log(len(x)))
    return spread / spread.sum() if spread.any() else np.ones(x.shape[1])


def w_pca(x: np.ndarray) -> np.ndarray:
    """Weights from squared loadings on the components with an eigenvalue of 1 or more, summing to 1: correlations over
    units with all values, unrotated (Nicoletti, Scarpetta & Boylaud 2000). A column of one value weighs 0; equal
    weights under three such units."""
    whole = x[~np.isnan(x).any(axis=1)]
    varied = (whole != whole[:1]).any(axis=0)
    if len(whole) < 3 or varied.sum() < 2:
        return np.ones(x.shape[1])
    values, vectors = np.linalg.eigh(np.corrcoef(whole[:, varied], rowvar=False))
    weights = np.zeros(x.shape[1])
    weights[varied] = vectors**2 @ np.where(values >= min(1, values.max()), values, 0)
    return weights / weights.sum()


NORMALISE = {"minmax": n_minmax, "zscore": n_zscore, "rank": n_rank, "goalposts": n_goalposts}
AGGREGATE = {"arithmetic": a_amean, "geometric": a_gmean, "harmonic": a_hmean, "copeland": a_copeland}
WEIGH = {"equal": lambda x: np.ones(x.shape[1]), "entropy": w_entropy, "pca": w_pca}


def compose(
    values: pd.DataFrame,
    tree: pd.DataFrame,
    normalise: str = "minmax",
    scale: Scale = (0, 100),
    aggregate: str = "arithmetic",
    *,
    weights: str = "given",
    goalposts: Mapping[str, Scale] | None = None,
    within: str | Sequence | None = None,
) -> pd.DataFrame:
    """An index from `values` (units × indicators): a column for each node above the indicators, and rank (Int64).

    tree: node, parent (missing at the root), weight (relative, among siblings), direction (1, or −1 where smaller is
    better; read for indicators only). scale holds for "minmax" and "goalposts"; goalposts: the two posts of each
    indicator, in its unit. weights: "given" (the tree's) or a name in WEIGH. within: an index level (the year) or a
    label per row, to make and rank an index inside each; None for one over all rows (the panel). Raises `BadTree`, and
    ValueError for an unknown name, or where a geometric or harmonic mean meets a value ≤ 0: use scale=(1, 100)."""
    if within is not None:
        labels = values.index.get_level_values(within) if isinstance(within, str) else np.asarray(within)
        groups = values.reset_index(drop=True).groupby(labels, group_keys=False)
        made = groups.apply(compose, tree, normalise, scale, aggregate, weights=weights, goalposts=goalposts)
        return made.set_axis(values.index)
    families, directions = _families(tree)
    nodes = _normalised(values, directions, normalise, scale, goalposts or {})
    result = pd.DataFrame(_climb(nodes, families, aggregate, weights, {}), index=values.index)
    return result.assign(rank=ranks(result.iloc[:, -1]))


def leave_one_out(values: pd.DataFrame, tree: pd.DataFrame, **options: Any) -> pd.DataFrame:
    """Places lost (above 0) or gained when one child of the root is left out, units × children; see `compose`."""
    families, _ = _families(tree)
    base, shifts = compose(values, tree, **options)["rank"], {}
    for one in list(families.values())[-1][0]:
        dropped = {one}
        for parent, (children, _) in reversed(families.items()):
            dropped |= {*children} if parent in dropped else set()
        shifts[one] = compose(values, tree[~tree["node"].isin(dropped)], **options)["rank"] - base
    return pd.DataFrame(shifts, index=values.index)


def rank_draws(
    values: pd.DataFrame,
    tree: pd.DataFrame,
    *,
    normalise: Sequence[str] = ("minmax", "zscore", "rank"),
    aggregate: Sequence[str] = ("arithmetic", "geometric", "harmonic", "copeland"),
    weights: Sequence[str] = ("given", "equal", "entropy", "pca"),
    spread: float = 0.25,
    n: int = 500,
    seed: int = 0,
) -> pd.DataFrame:
    """Monte Carlo over how the index is built: ranks, units × draws (columns draw, normalise, aggregate, weights). Each
    draw takes one normalisation, aggregation and weighting at random (z-scores never with a geometric or harmonic mean;
    min–max to 1–100) and multiplies each weight by a factor from 1 − spread to 1 + spread (Saisana, Saltelli &
    Tarantola 2005, Journal of the Royal Statistical Society A 168)."""
    signless = ("geometric", "harmonic")
    choices = [c for c in product(normalise, aggregate, weights) if c[0] != "zscore" or c[1] not in signless]
    nodes = [child for children, _ in _families(tree)[0].values() for child in children]
    rng = np.random.default_rng(seed)
    picks = [choices[choice] for choice in rng.integers(len(choices), size=n)]
    return _drawn(values, tree, picks, nodes, rng.uniform(1 - spread, 1 + spread, (n, len(nodes))))


def rank_intervals(draws: pd.DataFrame) -> pd.DataFrame:
    """Per unit the median rank and the interval that holds 90% of the draws: median, low (best), high."""
    return draws.quantile([0.5, 0.05, 0.95], axis=1).T.set_axis(["median", "low", "high"], axis=1)


def sensitivity(
    values: pd.DataFrame,
    tree: pd.DataFrame,
    *,
    normalise: Sequence[str] = ("minmax", "rank"),
    aggregate: Sequence[str] = ("arithmetic", "geometric", "harmonic"),
    weights: Sequence[str] = ("given", "equal"),
    spread: float = 0.25,
    n: int = 64,
    seed: int = 0,
) -> pd.DataFrame:
    """Which choice moves the ranks: total-order Sobol indices (Saltelli et al. 2008; SALib), with 95% half-widths, of
    the mean absolute rank shift against the first choices. A row per factor: normalise, aggregate, weights, and the
    weight of each child of the root, varied by ±spread. n, a power of two, times (factors + 2) indices are worked out.
    All 0 where nothing moves a rank. Raises ValueError for z-scores with geometric or harmonic means."""
    from SALib.analyze import sobol as analyse
    from SALib.sample import sobol as sample

    *_, (children, _) = _families(tree)[0].values()
    factors = ["normalise", "aggregate", "weights", *(f"weight of {child}" for child in children)]
    problem = {"num_vars": len(factors), "names": factors, "bounds": [[0, 1]] * len(factors)}
    points = sample.sample(problem, n, calc_second_order=False, seed=seed)
    points = np.vstack([[0] * 3 + [0.5] * len(children), points])
    names = (normalise, aggregate, weights)
    picked = [[names[k][int(u * len(names[k]))] for u in points[:, k]] for k in range(3)]
    drawn = _drawn(values, tree, [*zip(*picked, strict=True)], children, 1 + spread * (2 * points[:, 3:] - 1))
    shifts = drawn.iloc[:, 1:].sub(drawn.iloc[:, 0], axis=0).abs().mean().to_numpy()
    told = {"ST": 0.0, "ST_conf": 0.0}
    if np.ptp(shifts):
        told = analyse.analyze(problem, shifts, calc_second_order=False, seed=seed + 1)  # 0 is no seed to it
    return pd.DataFrame({"total": told["ST"], "total_half": told["ST_conf"]}, index=factors)


def _families(tree: pd.DataFrame) -> tuple[Families, pd.Series]:
    """Parent → children and weights, the root last; and the directions of the indicators."""
    rows = tree.dropna(subset="parent")
    below = rows.groupby("parent", sort=False)["node"].agg(list).to_dict()
    roots = sorted({*tree["node"], *below} - {*rows["node"]})
    if tree["node"].duplicated().any() or len(roots) != 1:
        raise BadTree(f"a tree has one root ({', '.join(roots) or 'none'}), no circle, no node twice")
    totals = rows["weight"].where(rows["weight"] >= 0).groupby(rows["parent"]).sum(skipna=False)
    if wrong := totals.index[~(totals > 0)].tolist():
        raise BadTree(f"weights must be known, 0 or more, and not all 0; see below {', '.join(wrong)}")
    weight = rows.set_index("node")["weight"].astype("float64")
    order = [node for node in TopologicalSorter(below).static_order() if node in below]
    leaves = tree[~tree["node"].isin(below)].set_index("node")["direction"]
    return {node: (below[node], weight[below[node]].to_numpy()) for node in order}, leaves


def _normalised(values: pd.DataFrame, turn: pd.Series, method: str, scale: Scale, posts: Mapping) -> Nodes:
    """The indicators turned so that more is better, on one scale."""
    x = turn.to_numpy() * values[turn.index].to_numpy(dtype="float64", na_value=np.nan)
    options: dict[str, Any] = {"scale": scale} if method in ("minmax", "goalposts") else {}
    if method == "goalposts":
        ends = np.array([[way * post for post in _named(posts, name)] for name, way in turn.items()])
        options |= {"worst": ends.min(axis=1), "best": ends.max(axis=1)}
    return dict(zip(turn.index, _named(NORMALISE, method)(x, **options).T, strict=True))


def _climb(normal: Nodes, families: Families, mean: str, scheme: str, factors: Mapping[str, float]) -> Nodes:
    """The nodes above the indicators, from the normalised ones; `factors` multiply weights by node."""
    nodes = dict(normal)
    for parent, (children, given) in families.items():
        x = np.column_stack([nodes[child] for child in children])
        w = given if scheme == "given" else _named(WEIGH, scheme)(x)
        nodes[parent] = _named(AGGREGATE, mean)(x, w * [factors.get(child, 1) for child in children])
    return {parent: nodes[parent] for parent in families}


def _drawn(
    values: pd.DataFrame, tree: pd.DataFrame, picks: list[tuple], nodes: list[str], factors: np.ndarray
) -> pd.DataFrame:
    """Ranks, units × draws: a draw picks (normalise, aggregate, weights) and multiplies the weights of `nodes`."""
    families, directions = _families(tree)
    methods = {method for method, _, _ in picks}
    normal = {method: _normalised(values, directions, method, (1, 100), {}) for method in methods}
    drawn = {}
    for draw, ((method, mean, scheme), row) in enumerate(zip(picks, factors, strict=True)):
        *_, root = _climb(normal[method], families, mean, scheme, dict(zip(nodes, row, strict=True))).values()
        drawn[draw, method, mean, scheme] = n_rank(-root)
    columns = ["draw", "normalise", "aggregate", "weights"]
    return pd.DataFrame(drawn, index=values.index).rename_axis(columns=columns)


def _positive(x: ArrayLike) -> np.ndarray:
    x = np.asarray(x, dtype="float64")
    if (x <= 0).any():
        raise ValueError("geometric and harmonic means need values above 0: normalise to scale=(1, 100), say")
    return x


def _named(table: Mapping, name: Any) -> Any:
    if name not in table:
        raise ValueError(f"{name} is none of {', '.join(table)}")
    return table[name]
