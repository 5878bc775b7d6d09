"""Building an index from indicators, and how far its ranks depend on how it was built.

Vector functions n_… normalise, a_… aggregate, w_… weigh; the tables NORMALISE, AGGREGATE and WEIGH give them
names, so that a choice can be recorded and varied. Methods follow the OECD/JRC Handbook on Constructing
Composite Indicators (2008), steps 5 to 7. Missing values stay missing; an aggregate is taken over those
present.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from vnegov.errors import VnegovError
from vnegov.metrics.ranking import ranks

Families = dict[str, tuple[list[str], np.ndarray]]
Scale = tuple[float, float]
_ANY_SIGN = ("arithmetic", "copeland")


class BadTree(VnegovError, ValueError):
    """An index tree that does not lead from the indicators to one root; the message names the nodes."""


def n_minmax(x: ArrayLike, scale: Scale = (0, 100)) -> np.ndarray:
    """The vector stretched onto `scale`; NaN where all values are one (Handbook, step 5)."""
    x = np.asarray(x, dtype="float64")
    if np.isnan(x).all():
        return x
    low, high = np.nanmin(x), np.nanmax(x)
    if low == high:
        return np.full_like(x, np.nan)
    return (x - low) / (high - low) * (scale[1] - scale[0]) + scale[0]


def n_zscore(x: ArrayLike) -> np.ndarray:
    """Distance from the mean in sample standard deviations; NaN where all values are one (step 5)."""
    x = np.asarray(x, dtype="float64")
    known = x[~np.isnan(x)]
    if known.size < 2 or known.min() == known.max():
        return np.full_like(x, np.nan)
    return (x - known.mean()) / known.std(ddof=1)


def n_rank(x: ArrayLike) -> np.ndarray:
    """Ascending ranks, the best value highest, ties at the lowest rank of their group (Handbook, step 5)."""
    return pd.Series(np.asarray(x, dtype="float64")).rank(method="min").to_numpy(copy=True)


def n_goalposts(x: ArrayLike, worst: float, best: float, scale: Scale = (0, 100)) -> np.ndarray:
    """Place between two fixed posts, cut off at both, on `scale`; worst > best where smaller is better.

    As in the Human Development Index (UNDP technical notes): comparable between years.
    """
    x = np.asarray(x, dtype="float64")
    return np.clip((x - worst) / (best - worst), 0, 1) * (scale[1] - scale[0]) + scale[0]


def a_amean(x: ArrayLike, weights: ArrayLike | None = None) -> np.ndarray:
    """Weighted arithmetic mean along the last axis over the values present; NaN where there are none."""
    x, w = _present(x, weights)
    return _divide((np.nan_to_num(x) * w).sum(axis=-1), w.sum(axis=-1))


def a_gmean(x: ArrayLike, weights: ArrayLike | None = None) -> np.ndarray:
    """Weighted geometric mean along the last axis; raises ValueError for a value ≤ 0 (Handbook, step 6)."""
    return np.exp(a_amean(np.log(_positive(x)), weights))


def a_hmean(x: ArrayLike, weights: ArrayLike | None = None) -> np.ndarray:
    """Weighted harmonic mean along the last axis; raises ValueError for a value ≤ 0."""
    return 1 / a_amean(1 / _positive(x), weights)


def a_copeland(x: ArrayLike, weights: ArrayLike | None = None) -> np.ndarray:
    """Copeland scores of a matrix units × indicators: over all others, the weight on which each is outdone.

    Ties count half; a pair is compared on the indicators that both have, and counts half where they share
    none. From 0 to n − 1 (Copeland 1951; Handbook, step 6). Units with nothing known have NaN.
    """
    x, w = _present(x, weights)
    wins = np.sign(np.nan_to_num(x[:, None, :] - x[None, :, :])) / 2 + 0.5
    both = np.minimum(w[:, None, :], w[None, :, :])
    share = _divide((wins * both).sum(axis=-1), both.sum(axis=-1))
    share = np.where(np.isnan(share), 0.5, share)
    np.fill_diagonal(share, 0)
    return np.where(np.isnan(x).all(axis=1), np.nan, share.sum(axis=1))


def w_equal(x: np.ndarray) -> np.ndarray:
    """The same weight for each column of a matrix units × indicators."""
    return np.ones(x.shape[1])


def w_entropy(x: np.ndarray) -> np.ndarray:
    """Weights by how unevenly an indicator is spread over the units: 1 − its Shannon entropy, summing to 1.

    On columns stretched to [0, 1]; a column of one value weighs 0 (Hwang & Yoon 1981, Multiple Attribute
    Decision Making). Equal weights where no column tells units apart.
    """
    unit = np.column_stack([np.nan_to_num(n_minmax(column, (0, 1))) for column in x.T])
    shares = _divide(unit, unit.sum(axis=0))
    entropy = -(shares * np.log(shares, out=np.zeros_like(shares), where=shares > 0)).sum(axis=0)
    spread = np.nan_to_num(1 - entropy / np.log(len(x))) if len(x) > 1 else np.zeros(x.shape[1])
    return spread / spread.sum() if spread.sum() > 0 else w_equal(x)


def w_pca(x: np.ndarray) -> np.ndarray:
    """Weights from squared loadings on the components with an eigenvalue of 1 or more, summing to 1.

    From the correlations over units with all values, unrotated (Nicoletti, Scarpetta & Boylaud 2000;
    Handbook, step 6). Columns of one value weigh 0; equal weights under three such units.
    """
    whole = x[~np.isnan(x).any(axis=1)]
    varied = np.ptp(whole, axis=0) > 0 if len(whole) > 2 else np.zeros(x.shape[1], dtype=bool)
    if varied.sum() < 2:
        return w_equal(x)
    values, vectors = np.linalg.eigh(np.corrcoef(whole[:, varied], rowvar=False))
    kept = values >= min(1, values.max())
    weights = np.zeros(x.shape[1])
    weights[varied] = (values * vectors**2)[:, kept].sum(axis=1)
    return weights / weights.sum()


NORMALISE: dict[str, Callable[..., np.ndarray]] = {
    "minmax": n_minmax,
    "zscore": n_zscore,
    "rank": n_rank,
    "goalposts": n_goalposts,
}
AGGREGATE = {"arithmetic": a_amean, "geometric": a_gmean, "harmonic": a_hmean, "copeland": a_copeland}
WEIGH = {"equal": w_equal, "entropy": w_entropy, "pca": w_pca}


def normalised(
    values: pd.DataFrame,
    directions: pd.Series,
    normalise: str = "minmax",
    scale: Scale = (0, 100),
    goalposts: Mapping[str, Scale] | None = None,
    within: str | Sequence | None = None,
) -> pd.DataFrame:
    """Indicators (columns named in `directions`, 1 or −1) turned so that more is better, on one scale.

    scale holds for "minmax" and "goalposts". goalposts: lowest and highest post of each indicator, in its
    unit. within: None to normalise over all rows (the panel), or a label per row, or the name of an index
    level (the year), to normalise inside each. Raises ValueError for a method, direction or post that is not
    there.
    """
    _known([normalise], NORMALISE)
    if wrong := sorted(set(directions) - {1, -1}):
        raise ValueError(f"a direction is 1 or -1, not {wrong}")
    options: dict[str, dict] = {"minmax": {"scale": scale}, "goalposts": {"scale": scale}}
    columns = {}
    for name, direction in directions.items():
        if normalise == "goalposts":
            _known([name], goalposts or {})
            posts = sorted(direction * post for post in (goalposts or {})[str(name)])
            options["goalposts"] |= {"worst": posts[0], "best": posts[1]}
        turned = direction * values[name].to_numpy(dtype="float64", na_value=np.nan)
        columns[name] = np.empty(len(turned))
        for rows in _groups(values, within):
            columns[name][rows] = NORMALISE[normalise](turned[rows], **options.get(normalise, {}))
    return pd.DataFrame(columns, index=values.index)


def compose(
    values: pd.DataFrame,
    tree: pd.DataFrame,
    normalise: str = "minmax",
    scale: Scale = (0, 100),
    aggregate: str = "arithmetic",
    *,
    weights: str | Mapping[str, float] = "given",
    goalposts: Mapping[str, Scale] | None = None,
    within: str | Sequence | None = None,
    rank_within: str | Sequence | None = None,
) -> pd.DataFrame:
    """An index from `values` (units × indicators): a column for each node above the indicators, and rank.

    tree: node, parent (missing at the root), weight (relative, among siblings), direction (1, or −1 where
    smaller is better; read for indicators only). Indicators are normalised (see `normalised`) and aggregated
    upwards level by level, "arithmetic", "geometric", "harmonic" or "copeland", over the values present with
    their weights renormalised. weights: "given" (the tree's), "equal", "entropy", "pca" (worked out among
    siblings), or a weight by node in place of the tree's. rank: competition rank of the root, inside
    rank_within (by default `within`), Int64. Columns of `values` that the tree does not name are not used.

    Raises `BadTree`, and ValueError where a geometric or harmonic mean meets a value ≤ 0: use scale=(1,
    100).
    """
    if isinstance(weights, Mapping):
        _known(weights, tree["node"].tolist())
        tree = tree.assign(weight=tree["node"].map(weights).fillna(tree["weight"]))
        weights = "given"
    families, directions = _families(tree, values)
    normal = normalised(values, directions, normalise, scale, goalposts, within)
    result = _climb(normal, families, weights, aggregate, _groups(values, within))
    place = np.empty(len(result))
    for rows in _groups(values, within if rank_within is None else rank_within):
        place[rows] = ranks(result.iloc[rows, -1]).astype("float64")
    return result.assign(rank=pd.Series(place, index=result.index).astype("Int64"))


def leave_one_out(
    values: pd.DataFrame, tree: pd.DataFrame, components: Sequence[str] | None = None, **options: Any
) -> pd.DataFrame:
    """Places lost (above 0) or gained when one component is left out, units × components.

    components: the children of the root by default. options as in `compose`. Handbook, step 7.
    """
    families, _ = _families(tree, values)
    base = compose(values, tree, **options)["rank"]
    shifts = {}
    for one in components or list(families.values())[-1][0]:
        dropped = {one}
        for parent, (children, _) in reversed(families.items()):
            dropped |= set(children) if parent in dropped else set()
        for parent, (children, _) in families.items():
            dropped |= {parent} if dropped.issuperset(children) else set()
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
    """Monte Carlo over how the index is built: ranks, units × draws.

    Each draw takes one normalisation, aggregation and weighting at random (z-scores never with a geometric
    or harmonic mean; min–max to 1–100) and multiplies each weight by a factor from 1 − spread to 1 + spread
    (Saisana, Saltelli & Tarantola 2005, Journal of the Royal Statistical Society A 168). The columns say the
    choices: draw, normalise, aggregate, weights. Same seed, same draws.
    """
    choices = [c for c in product(normalise, aggregate, weights) if c[0] != "zscore" or c[1] in _ANY_SIGN]
    rank, families = _ranker(values, tree, normalise)
    nodes = [child for children, _ in families.values() for child in children]
    rng = np.random.default_rng(seed)
    drawn = {}
    for draw, choice in enumerate(rng.integers(len(choices), size=n)):
        factors = dict(zip(nodes, rng.uniform(1 - spread, 1 + spread, len(nodes)), strict=True))
        drawn[draw, *choices[choice]] = rank(*choices[choice], factors)
    said = ["draw", "normalise", "aggregate", "weights"]
    return pd.DataFrame(drawn, index=values.index).rename_axis(columns=said)


def rank_intervals(draws: pd.DataFrame, level: float = 0.9) -> pd.DataFrame:
    """Per unit the median rank and the interval that holds `level` of the draws: median, low (best), high."""
    table = draws.quantile([0.5, (1 - level) / 2, (1 + level) / 2], axis=1).T
    return table.set_axis(["median", "low", "high"], axis=1)


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
    """Which choice moves the ranks: Sobol indices of the mean absolute rank shift against the first choices.

    A row per factor (normalise, aggregate, weights, and the weight of each child of the root, varied by
    ±spread): first (alone) and total (with all its interactions), each with its 95% half-width (Saltelli et
    al. 2008, Global Sensitivity Analysis; SALib). n, a power of two, times (factors + 2) indices are worked
    out. All 0 where nothing moves a rank. Raises ValueError for z-scores together with geometric or harmonic
    means.
    """
    from SALib.analyze import sobol as analyse
    from SALib.sample import sobol as sample

    if "zscore" in normalise and not set(aggregate) <= set(_ANY_SIGN):
        raise ValueError("z-scores have no geometric or harmonic mean: leave out one or the other")
    rank, families = _ranker(values, tree, normalise)
    options = {"normalise": normalise, "aggregate": aggregate, "weights": weights}
    children = list(families.values())[-1][0]
    factors = [*options, *(f"weight of {child}" for child in children)]
    problem = {"num_vars": len(factors), "names": factors, "bounds": [[0, 1]] * len(factors)}
    base = rank(normalise[0], aggregate[0], weights[0], {})
    shifts = []
    for point in sample.sample(problem, n, calc_second_order=False, seed=seed):
        picked = [
            names[int(u * len(names) * (1 - 1e-12))]
            for u, names in zip(point, options.values(), strict=False)
        ]
        shaken = dict(zip(children, 1 + spread * (2 * point[3:] - 1), strict=True))
        shifts.append(np.nanmean(np.abs(rank(*picked, shaken) - base)))
    if np.std(shifts) == 0:
        return pd.DataFrame(0.0, index=factors, columns=["first", "first_half", "total", "total_half"])
    told = analyse.analyze(problem, np.array(shifts), calc_second_order=False, seed=seed)
    columns = {"first": "S1", "first_half": "S1_conf", "total": "ST", "total_half": "ST_conf"}
    return pd.DataFrame({name: told[key] for name, key in columns.items()}, index=factors)


def _families(tree: pd.DataFrame, values: pd.DataFrame) -> tuple[Families, pd.Series]:
    """Parent → children and weights, the root last; and the directions of the indicators."""
    rows = tree[tree["parent"].notna() & (tree["parent"] != "")]
    below = {
        str(parent): (members["node"].tolist(), members["weight"].to_numpy(dtype="float64"))
        for parent, members in rows.groupby("parent", sort=False)
    }
    leaves = tree[~tree["node"].isin(below)]
    if missing := sorted(set(leaves["node"]) - set(values.columns)):
        raise BadTree(f"the values have no column for {', '.join(missing)}")
    if wrong := [parent for parent, (_, w) in below.items() if not (w >= 0).all() or not w.sum()]:
        raise BadTree(f"weights must be known, 0 or more, and not all 0; see below {', '.join(wrong)}")
    ordered: Families = {}
    done = set(leaves["node"])
    while ready := [parent for parent in below if parent not in done and done.issuperset(below[parent][0])]:
        ordered |= {parent: below[parent] for parent in ready}
        done |= set(ready)
    roots = sorted({*tree["node"], *below} - set(rows["node"]))
    if tree["node"].duplicated().any() or len(ordered) < len(below) or len(roots) != 1 or not below:
        raise BadTree(f"a tree has one root ({', '.join(roots) or 'none'}), no circle, no node twice")
    return ordered, leaves.set_index("node")["direction"]


def _climb(
    normal: pd.DataFrame,
    families: Families,
    scheme: str,
    aggregate: str,
    groups: list[np.ndarray],
    factors: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """The columns above the indicators, from the normalised ones; `factors` multiply weights by node."""
    _known([aggregate], AGGREGATE)
    _known([scheme], {"given": None, **WEIGH})
    nodes = {str(name): normal[name].to_numpy() for name in normal}
    for parent, (children, given) in families.items():
        x = np.column_stack([nodes[child] for child in children])
        w = given if scheme == "given" else WEIGH[scheme](x)
        w = w * [(factors or {}).get(child, 1.0) for child in children]
        nodes[parent] = np.empty(len(x))
        for rows in groups:
            nodes[parent][rows] = AGGREGATE[aggregate](x[rows], w)
    return pd.DataFrame({parent: nodes[parent] for parent in families}, index=normal.index)


def _ranker(
    values: pd.DataFrame, tree: pd.DataFrame, normalise: Sequence[str]
) -> tuple[Callable[..., np.ndarray], Families]:
    """A function from (normalise, aggregate, weights, factors) to ranks, and the tree's families."""
    families, directions = _families(tree, values)
    normals = {name: normalised(values, directions, name, (1, 100)) for name in normalise}
    everyone = _groups(values, None)

    def rank(method: str, mean: str, scheme: str, factors: Mapping[str, float]) -> np.ndarray:
        root = _climb(normals[method], families, scheme, mean, everyone, factors).iloc[:, -1]
        return root.rank(method="min", ascending=False).to_numpy()

    return rank, families


def _groups(values: pd.DataFrame, within: str | Sequence | None) -> list[np.ndarray]:
    """Positions of the rows of each group; one group where `within` is None."""
    if within is None:
        return [np.arange(len(values))]
    labels = values.index.get_level_values(within) if isinstance(within, str) else pd.Index(within)
    if len(labels) != len(values) or labels.hasnans:
        raise ValueError(
            f"within needs a label for each of {len(values)} rows; there are {len(labels.dropna())}"
        )
    return [np.flatnonzero(labels == label) for label in labels.unique()]


def _present(x: ArrayLike, weights: ArrayLike | None) -> tuple[np.ndarray, np.ndarray]:
    """The values, and their weights with 0 where a value is missing."""
    x = np.asarray(x, dtype="float64")
    w = np.ones(x.shape[-1]) if weights is None else np.asarray(weights, dtype="float64")
    return x, np.where(np.isnan(x), 0.0, w)


def _positive(x: ArrayLike) -> np.ndarray:
    x = np.asarray(x, dtype="float64")
    if (x <= 0).any():
        raise ValueError("geometric and harmonic means need values above 0: normalise to scale=(1, 100), say")
    return x


def _divide(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """above / below, NaN where below is 0."""
    return np.divide(above, below, out=np.full(np.broadcast(above, below).shape, np.nan), where=below != 0)


def _known(names: Iterable, table: Collection) -> None:
    if wrong := [str(name) for name in names if name not in table]:
        raise ValueError(f"{', '.join(wrong)} is none of {', '.join(map(str, table))}")
