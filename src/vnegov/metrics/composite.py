"""Building an index from indicators, and how far its ranks depend on how it was built: the OECD/JRC Handbook on
Constructing Composite Indicators (2008), steps 5 to 7. What can be chosen stands in NORMALISE, AGGREGATE and WEIGH:
functions of a matrix units × indicators, in which more is better and a value may be missing."""

from collections.abc import Callable, Mapping, Sequence
from graphlib import TopologicalSorter
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from vnegov.metrics.ranking import ranks

Scale = tuple[float, float]
Methods = dict[str, Callable[..., np.ndarray]]
Families = dict[str, tuple[list[str], np.ndarray]]


def between(x: ArrayLike, worst: ArrayLike, best: ArrayLike, scale: Scale = (0, 100)) -> np.ndarray:
    """Place between two posts, cut off at both, on `scale`; worst > best turns it over; NaN between equal posts."""
    span = np.subtract(best, worst, dtype="float64")
    unit = np.subtract(x, worst, dtype="float64") / np.where(span == 0, np.nan, span)
    return np.clip(unit, 0, 1) * (scale[1] - scale[0]) + scale[0]


def mean(x: ArrayLike, weights: Sequence | np.ndarray | None = None) -> np.ndarray:
    """Weighted arithmetic mean along the last axis of the values present; NaN where there are none."""
    return np.ma.filled(np.ma.average(np.ma.masked_invalid(x), axis=-1, weights=weights), np.nan)


def copeland(x: np.ndarray, weights: Sequence | np.ndarray | None = None) -> np.ndarray:
    """Copeland scores (1951), 0 to n − 1: over all others, the weight on which each unit outdoes them. Ties count half;
    a pair is compared on what both have, and counts half where that is nothing."""
    share = np.nan_to_num(mean(np.sign(x[:, None] - x) / 2 + 0.5, weights), nan=0.5)
    np.fill_diagonal(share, 0)
    return np.where(np.isnan(x).all(axis=1), np.nan, share.sum(axis=1))


def entropy(x: np.ndarray) -> np.ndarray:
    """How unevenly a column is spread over the units: 1 − the Shannon entropy of its values on [0, 1] (Hwang & Yoon
    1981). A column of one value weighs 0; equal weights where no column tells units apart."""
    spread = np.nan_to_num(1 - stats.entropy(np.nan_to_num(NORMALISE["minmax"](x, (0, 1), None))) / np.log(len(x)))
    return spread / spread.sum() if spread.any() else np.ones(x.shape[1])


def pca(x: np.ndarray) -> np.ndarray:
    """Squared loadings on the unrotated components with an eigenvalue of 1 or more, of the correlations over units with
    all values (Nicoletti, Scarpetta & Boylaud 2000). Columns of one value as in `entropy`."""
    values, vectors = np.linalg.eigh(pd.DataFrame(x).dropna().corr().fillna(0))
    weights = vectors**2 @ np.where(values >= min(1, values.max()), values, 0)
    return weights / weights.sum() if weights.any() else np.ones(x.shape[1])


NORMALISE: Methods = {
    "minmax": lambda x, scale, _: between(x, np.fmin.reduce(x), np.fmax.reduce(x), scale),
    "goalposts": lambda x, scale, posts: between(x, posts[0], posts[1], scale),
    "zscore": lambda x, *_: stats.zscore(x, ddof=1, nan_policy="omit"),
    "rank": lambda x, *_: stats.rankdata(x, method="min", axis=0, nan_policy="omit").astype("float64"),
}
AGGREGATE: Methods = {
    "arithmetic": mean,
    "geometric": lambda x, weights: np.exp(mean(np.log(x), weights)),
    "harmonic": lambda x, weights: 1 / mean(1 / x, weights),
    "copeland": copeland,
}
WEIGH: Methods = {"equal": lambda x: np.ones(x.shape[1]), "entropy": entropy, "pca": pca}
ABOVE_0 = ("geometric", "harmonic")
# What the Monte Carlo chooses from, and what the sensitivities tell apart.
CHOICES = {"normalise": ("minmax", "zscore", "rank"), "aggregate": tuple(AGGREGATE), "weights": ("given", *WEIGH)}
FACTORS = {"normalise": ("minmax", "rank"), "aggregate": ("arithmetic", *ABOVE_0), "weights": ("given", "equal")}


def compose(
    values: pd.DataFrame,
    tree: pd.DataFrame,
    normalise: str = "minmax",
    scale: Scale = (0, 100),
    aggregate: str = "arithmetic",
    *,
    weights: str = "given",
    goalposts: Mapping[str, Scale] = {},
    within: str | None = None,
) -> pd.DataFrame:
    """An index from `values` (units × indicators): a column for each node above the indicators, and rank (Int64).

    tree: node, parent (missing at the root), weight (relative, among siblings), direction (1, or −1 where smaller is
    better; read for indicators only). scale holds for "minmax" and "goalposts"; goalposts: the two posts of each
    indicator, in its unit. weights: "given" (the tree's) or a name in WEIGH. within: the level of the index (the year)
    inside which to normalise and rank; None for the whole panel. Raises ValueError for a tree that does not lead to one
    root, an unknown name, or where a geometric or harmonic mean meets a value ≤ 0: use scale=(1, 100)."""
    for name, table in ((normalise, NORMALISE), (aggregate, AGGREGATE), (weights, CHOICES["weights"])):
        if name not in table:
            raise ValueError(f"{name} is none of {', '.join(table)}")
    if within is not None:
        groups = values.groupby(level=within, group_keys=False)
        return groups.apply(compose, tree, normalise, scale, aggregate, weights=weights, goalposts=goalposts)
    families = _families(tree)
    indicators = _normalised(values, tree, normalise, scale, goalposts)
    nodes = pd.DataFrame(_climb(indicators, families, aggregate, weights), index=values.index)
    return nodes.assign(rank=ranks(nodes.iloc[:, -1]))


def leave_one_out(values: pd.DataFrame, tree: pd.DataFrame) -> pd.DataFrame:
    """Places lost (above 0) or gained when one child of the root weighs nothing, units × children; see `compose`."""
    *_, (children, _) = _families(tree).values()
    trees = {one: tree.assign(weight=tree["weight"].mask(tree["node"] == one, 0)) for one in children}
    base = compose(values, tree)["rank"]
    return pd.DataFrame({one: compose(values, without)["rank"] - base for one, without in trees.items()})


def rank_draws(
    values: pd.DataFrame, tree: pd.DataFrame, choices: dict = CHOICES, spread: float = 0.25, n: int = 500
) -> pd.DataFrame:
    """Monte Carlo over how the index is built (Saisana, Saltelli & Tarantola 2005, J. R. Stat. Soc. A 168): ranks of
    units × draws. A draw takes one of each of `choices` (z-scores in no geometric or harmonic mean; min–max to 1–100),
    named in its column, and multiplies each weight by 1 − spread to 1 + spread."""
    allowed = [pick for pick in product(*choices.values()) if pick[0] != "zscore" or pick[1] not in ABOVE_0]
    nodes = [child for children, _ in _families(tree).values() for child in children]
    rng = np.random.default_rng(0)
    picks = [allowed[choice] for choice in rng.integers(len(allowed), size=n)]
    factors = rng.uniform(1 - spread, 1 + spread, (n, len(nodes)))
    return _drawn(values, tree, picks, pd.DataFrame(factors, columns=nodes))


def rank_intervals(draws: pd.DataFrame) -> pd.DataFrame:
    """Per unit the median rank and the interval that holds 90% of the draws: median, low (best), high."""
    return draws.quantile([0.5, 0.05, 0.95], axis=1).T.set_axis(["median", "low", "high"], axis=1)


def sensitivity(
    values: pd.DataFrame, tree: pd.DataFrame, choices: dict = FACTORS, spread: float = 0.25, n: int = 64
) -> pd.DataFrame:
    """Which choice moves the ranks: total-order Sobol indices (column total; Saltelli et al. 2008; SALib) of the mean
    absolute rank shift against the first choices; 0 where nothing moves a rank. A row per factor: normalise, aggregate,
    weights, and the weight of each child of the root, varied by ±spread. n is a power of two."""
    from SALib import ProblemSpec

    *_, (children, _) = _families(tree).values()
    factors = [*choices, *(f"weight of {child}" for child in children)]
    problem = ProblemSpec({"names": factors, "bounds": [[0, 1]] * len(factors)})
    points = problem.sample_sobol(n, calc_second_order=False, seed=0).samples
    points = np.vstack([[0] * 3 + [0.5] * len(children), points])
    picked = [[names[int(u * len(names))] for u in points[:, k]] for k, names in enumerate(choices.values())]
    varied = pd.DataFrame(1 + spread * (2 * points[:, 3:] - 1), columns=children)
    drawn = _drawn(values, tree, [*zip(*picked, strict=True)], varied)
    shifts = drawn.iloc[:, 1:].sub(drawn.iloc[:, 0], axis=0).abs().mean().to_numpy()
    if np.ptp(shifts):
        problem.set_results(shifts).analyze_sobol(calc_second_order=False)
    return pd.DataFrame({"total": 0.0 if problem.analysis is None else problem.analysis["ST"]}, index=factors)


def _families(tree: pd.DataFrame) -> Families:
    """Parent → children and weights, the root last."""
    rows = tree.dropna(subset="parent").astype({"weight": "float64"})
    groups = rows.groupby("parent", sort=False)
    families = {parent: (group["node"].tolist(), group["weight"].to_numpy()) for parent, group in groups}
    roots = sorted({*tree["node"], *families} - {*rows["node"]})
    if tree["node"].duplicated().any() or len(roots) != 1:
        raise ValueError(f"a tree has one root ({', '.join(roots) or 'none'}), no circle, no node twice")
    for parent, (_, weights) in families.items():
        if not (weights >= 0).all() or not weights.any():
            raise ValueError(f"the weights below {parent} must be known, 0 or more, and not all 0")
    order = TopologicalSorter({parent: children for parent, (children, _) in families.items()}).static_order()
    return {node: families[node] for node in order if node in families}


def _normalised(values: pd.DataFrame, tree: pd.DataFrame, method: str, scale: Scale, goalposts: Mapping = {}) -> dict:
    """The indicators turned so that more is better, on one scale: node → values."""
    turn = tree[~tree["node"].isin(tree["parent"])].set_index("node")["direction"]
    x = turn.to_numpy() * values[turn.index].to_numpy(dtype="float64", na_value=np.nan)
    posts = [way * np.array(goalposts[name]) for name, way in turn.items()] if method == "goalposts" else [()]
    return dict(zip(turn.index, NORMALISE[method](x, scale, np.sort(posts).T).T, strict=True))


def _climb(indicators: dict, families: Families, aggregate: str, weights: str, factors: Mapping = {}) -> dict:
    """The nodes above the indicators, node → values; `factors` multiply weights by node."""
    nodes = dict(indicators)
    for parent, (children, given) in families.items():
        x = np.column_stack([nodes[child] for child in children])
        if aggregate in ABOVE_0 and (x <= 0).any():
            raise ValueError("geometric and harmonic means need values above 0: normalise to scale=(1, 100), say")
        w = given if weights == "given" else WEIGH[weights](x)
        nodes[parent] = AGGREGATE[aggregate](x, w * [factors.get(child, 1) for child in children])
    return {parent: nodes[parent] for parent in families}


def _drawn(values: pd.DataFrame, tree: pd.DataFrame, picks: Sequence[tuple], factors: pd.DataFrame) -> pd.DataFrame:
    """Ranks, units × draws: a draw picks (normalise, aggregate, weights) and multiplies the weights of some nodes."""
    families, drawn = _families(tree), {}
    indicators = {method: _normalised(values, tree, method, (1, 100)) for method in {pick[0] for pick in picks}}
    for draw, ((method, aggregate, weights), row) in enumerate(zip(picks, factors.to_dict("records"), strict=True)):
        *_, root = _climb(indicators[method], families, aggregate, weights, row).values()
        drawn[draw, method, aggregate, weights] = NORMALISE["rank"](-root)
    return pd.DataFrame(drawn, index=values.index).rename_axis(columns=["draw", *CHOICES])
