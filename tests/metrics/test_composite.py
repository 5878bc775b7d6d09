from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from vnegov.metrics import composite

ASEM = Path(__file__).parent / "coinr_asem"
finite = st.integers(-10_000, 10_000).map(float)
vectors = hnp.arrays("float64", st.integers(2, 40), elements=finite)
positive = hnp.arrays("float64", st.tuples(st.integers(1, 8), st.integers(1, 5)), elements=st.floats(0.1, 100))


@pytest.fixture(scope="module")
def asem():
    """The ASEM example of COINr 1.1.14: 51 countries, 49 indicators with 63 holes (JRC 2018)."""
    names = {"iCode": "node", "Parent": "parent", "Weight": "weight", "Direction": "direction"}
    return pd.read_csv(ASEM / "indicators.csv", index_col=0), pd.read_csv(ASEM / "tree.csv").rename(columns=names)


@pytest.fixture
def small():
    """Three units, two pillars; the unit "c" lacks one indicator."""
    values = pd.DataFrame({"online": [10.0, 20, 30], "paid": [5.0, 1, np.nan], "late": [3.0, 2, 1]}, index=list("abc"))
    tree = pd.DataFrame(
        [
            ("online", "use", 1, 1),
            ("paid", "use", 3, 1),
            ("late", "care", 1, -1),
            ("use", "index", 2, 1),
            ("care", "index", 1, 1),
            ("index", None, 1, 1),
        ],
        columns=["node", "parent", "weight", "direction"],
    )
    return values, tree


@pytest.mark.parametrize("method", ["minmax", "zscore"])
def test_the_asem_index_is_that_of_coinr(asem, method):
    values, tree = asem
    ours = composite.compose(values, tree, normalise=method)
    theirs = pd.read_csv(ASEM / f"{method}_arithmetic.csv", index_col=0).loc[values.index]
    ranks = theirs.pop("Rank")
    np.testing.assert_allclose(ours[theirs.columns], theirs, rtol=0, atol=1e-9)
    assert ours["rank"].tolist() == ranks.tolist()
    assert set(ours) == {*theirs, "rank"}


def test_every_choice_of_method_makes_an_index_of_all_asem_countries(asem):
    values, tree = asem
    for normalise in ("minmax", "rank"):
        for aggregate in composite.AGGREGATE:
            for weights in ("given", *composite.WEIGH):
                made = composite.compose(values, tree, normalise, (1, 100), aggregate, weights=weights)
                assert made.notna().all(axis=None)


def test_a_composite_worked_by_hand(small):
    made = composite.compose(*small)
    assert made["use"].round(9).tolist() == [75, 12.5, 100]  # c: its one indicator alone
    assert made["care"].tolist() == [0, 50, 100]
    assert made["index"].round(9).tolist() == [50, 25, 100]
    assert made["rank"].tolist() == [2, 3, 1]
    assert list(made) == ["use", "care", "index", "rank"]


def test_weights_may_be_made_equal(small):
    assert composite.compose(*small, weights="equal")["use"].round(9).tolist() == [50, 25, 100]


def test_a_unit_with_nothing_known_has_no_rank(small):
    values, tree = small
    made = composite.compose(values.assign(**{name: [1.0, 2, np.nan] for name in values}), tree)
    assert made["rank"].isna().tolist() == [False, False, True]


def test_goalposts_hold_over_the_years_and_cut_off_beyond(small):
    values, tree = small
    posts = {"online": (0, 40), "paid": (0, 4), "late": (0, 4)}
    made = composite.compose(values, tree, "goalposts", goalposts=posts)
    assert made["care"].tolist() == [25, 50, 75]
    assert made["use"].tolist() == [(25 + 3 * 100) / 4, (50 + 3 * 25) / 4, 75]
    with pytest.raises(KeyError, match="late"):
        composite.compose(values, tree, "goalposts", goalposts={"online": (0, 40), "paid": (0, 4)})


def test_a_panel_is_normalised_whole_or_year_by_year():
    index = pd.MultiIndex.from_product([[2021, 2022], ["a", "b"]], names=["year", "unit"])
    values = pd.DataFrame({"online": [0.0, 10, 20, 40]}, index=index)
    tree = pd.DataFrame({"node": ["online"], "parent": ["index"], "weight": [1], "direction": [1]})
    assert composite.compose(values, tree)["index"].tolist() == [0, 25, 50, 100]
    assert composite.compose(values, tree)["rank"].tolist() == [4, 3, 2, 1]
    by_year = composite.compose(values, tree, within="year")
    assert by_year["index"].tolist() == [0, 100, 0, 100]
    assert by_year["rank"].tolist() == [2, 1, 2, 1]
    mixed = values.iloc[[2, 0, 1, 3]]
    assert composite.compose(mixed, tree, within="year")["index"].tolist() == [0, 0, 100, 100]


def test_only_the_order_counts_with_ranks_and_copeland(small):
    values, tree = small
    bent = np.exp(values / 10)
    for options in ({"normalise": "rank"}, {"aggregate": "copeland"}):
        pd.testing.assert_frame_equal(
            composite.compose(values, tree, **options), composite.compose(bent, tree, **options)
        )


@settings(max_examples=15, deadline=None)
@given(st.randoms())
def test_the_order_of_rows_changes_no_asem_score(random):
    values = pd.read_csv(ASEM / "indicators.csv", index_col=0)[["LPI", "Flights", "Ship"]]
    tree = pd.DataFrame({"node": list(values), "parent": "index", "weight": [1, 2, 3], "direction": 1})
    shuffled = values.sample(frac=1, random_state=random.randrange(2**32))
    for aggregate in composite.AGGREGATE:
        options = {"scale": (1, 100), "aggregate": aggregate}
        pd.testing.assert_series_equal(
            composite.compose(shuffled, tree, **options)["index"].loc[values.index],
            composite.compose(values, tree, **options)["index"],
        )


@given(vectors, st.tuples(st.integers(-50, 50), st.integers(1, 100)))
def test_min_max_lands_on_its_scale_and_keeps_the_order(x, bounds):
    scale = (bounds[0], bounds[0] + bounds[1])
    found = composite.NORMALISE["minmax"](x, scale, None)
    if (x == x[0]).all():
        assert np.isnan(found).all()
    else:
        assert (found.min(), found.max()) == pytest.approx(scale)
        assert stats.spearmanr(x, found).statistic == pytest.approx(1)


@given(vectors)
def test_z_scores_tell_the_distance_from_the_mean_in_standard_deviations(x):
    if not (x == x[0]).all():
        found = composite.NORMALISE["zscore"](x)
        assert (found.mean(), found.std(ddof=1)) == (pytest.approx(0, abs=1e-9), pytest.approx(1))
        np.testing.assert_allclose(found * x.std(ddof=1), x - x.mean(), atol=1e-6)


@given(vectors)
def test_goalposts_land_on_their_scale_and_turn_over(x):
    found = composite.between(x, -100, 100)
    assert ((found >= 0) & (found <= 100)).all()
    np.testing.assert_allclose(composite.between(x, 100, -100), 100 - found, atol=1e-9)


def test_ranks_as_normalisation_give_the_best_the_highest_and_ties_the_lower():
    assert composite.NORMALISE["rank"]([30, 10, 10, 20]).tolist() == [4, 1, 1, 3]
    np.testing.assert_array_equal(composite.NORMALISE["rank"]([2, np.nan, 1]), [2, np.nan, 1])


@given(positive)
def test_means_are_those_of_scipy_and_in_their_order(x):
    weights = np.arange(1, x.shape[1] + 1)
    means = ("arithmetic", "geometric", "harmonic")
    arithmetic, geometric, harmonic = (composite.AGGREGATE[mean](x, weights) for mean in means)
    np.testing.assert_allclose(arithmetic, np.average(x, axis=1, weights=weights))
    np.testing.assert_allclose(geometric, stats.gmean(x, axis=1, weights=weights))
    np.testing.assert_allclose(harmonic, stats.hmean(x, axis=1, weights=weights))
    assert (harmonic <= geometric * (1 + 1e-9)).all() and (geometric <= arithmetic * (1 + 1e-9)).all()


def test_a_mean_is_taken_over_what_is_known():
    assert composite.AGGREGATE["arithmetic"]([1, np.nan, 4], [1, 5, 2]) == 3
    assert composite.AGGREGATE["geometric"]([1, np.nan, 8], [2, 5, 1]) == pytest.approx(2)
    assert composite.AGGREGATE["harmonic"](np.array([1, np.nan, 0.5]), [1, 1, 1]) == pytest.approx(2 / 3)
    assert np.isnan(composite.AGGREGATE["arithmetic"]([np.nan, np.nan], [1, 1]))


@pytest.mark.parametrize("mean", ["geometric", "harmonic"])
def test_a_geometric_or_harmonic_mean_of_zero_is_refused_with_the_mend(small, mean):
    with pytest.raises(ValueError, match=r"scale=\(1, 100\)"):
        composite.compose(*small, aggregate=mean)


def test_copeland_counts_the_weight_on_which_others_are_outdone():
    x = np.array([[3, 1], [2, 2], [1, 2.0]])
    np.testing.assert_allclose(composite.copeland(x, [2, 1]), [4 / 3, 1 / 3 + 2 / 3 + 1 / 6, 1 / 3 + 1 / 6])


@given(positive)
def test_copeland_scores_sum_to_the_number_of_pairs(x):
    assert composite.copeland(x).sum() == pytest.approx(len(x) * (len(x) - 1) / 2)


@given(positive)
def test_weights_made_from_data_are_shares(x):
    for weigh in (composite.entropy, composite.pca):
        w = weigh(x)
        assert (w >= -1e-12).all() and w.sum() > 0


def test_entropy_gives_weight_to_what_tells_units_apart():
    x = np.column_stack([[0, 0, 0, 1], [0, 0.5, 0.7, 1], [1, 1, 1, 1]]).astype("float64")
    w = composite.entropy(x)
    assert w[0] > w[1] > w[2] == 0
    shares = np.array([0.5, 0.7, 1]) / 2.2
    spread = [1, 1 - stats.entropy(shares) / np.log(4)]
    np.testing.assert_allclose(w[:2], np.array(spread) / sum(spread))


def test_pca_weighs_what_goes_together_over_what_goes_alone():
    rng = np.random.default_rng(0)
    common = rng.normal(size=200)
    x = np.column_stack([common + 0.1 * rng.normal(size=200), common, rng.normal(size=200) - 0.3 * common])
    w = composite.pca(x)
    assert w.sum() == pytest.approx(1)
    assert w[0] > w[2] and w[1] > w[2]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"node": "index", "column": "parent", "to": "use"}, "one root"),
        ({"node": "care", "column": "parent", "to": None}, r"one root \(care, index\)"),
        ({"node": "late", "column": "weight", "to": 0}, "weights.*care"),
        ({"node": "late", "column": "node", "to": "paid"}, "node twice"),
    ],
)
def test_a_tree_that_does_not_hold_is_refused(small, change, message):
    values, tree = small
    tree.loc[tree["node"] == change["node"], change["column"]] = change["to"]
    with pytest.raises(ValueError, match=message):
        composite.compose(values, tree)


def test_names_that_are_not_there_are_refused(small):
    values, tree = small
    for options in ({"normalise": "log"}, {"aggregate": "mode"}, {"weights": "budget"}):
        with pytest.raises(ValueError, match="is none of"):
            composite.compose(values, tree, **options)
    with pytest.raises(KeyError, match="late"):
        composite.compose(values.drop(columns="late"), tree)


def test_leaving_a_component_out_shows_who_stood_on_it(small):
    shifts = composite.leave_one_out(*small)
    assert list(shifts) == ["use", "care"]
    assert shifts["use"].tolist() == [1, -1, 0]


def test_draws_are_seeded_and_say_their_choices(asem):
    draws = composite.rank_draws(*asem, n=30)
    pd.testing.assert_frame_equal(draws, composite.rank_draws(*asem, n=30))
    assert draws.shape == (51, 30)
    choices = draws.columns.to_frame()
    z = choices[choices["normalise"] == "zscore"]
    assert set(z["aggregate"]) <= {"arithmetic", "copeland"}
    assert set(choices["weights"]) == {"given", "equal", "entropy", "pca"}
    assert draws.min().eq(1).all() and draws.max().le(51).all()


def test_rank_intervals_hold_the_median(asem):
    table = composite.rank_intervals(composite.rank_draws(*asem, n=30))
    assert (table["low"] <= table["median"]).all() and (table["median"] <= table["high"]).all()


def test_without_choices_or_spread_the_ranks_are_certain(asem):
    one = {"normalise": ["minmax"], "aggregate": ["arithmetic"], "weights": ["given"]}
    table = composite.rank_intervals(composite.rank_draws(*asem, one, spread=0, n=5))
    nominal = composite.compose(*asem)["rank"].astype("float64")
    for column in table:
        assert table[column].tolist() == nominal.tolist()
    assert composite.sensitivity(*asem, one, spread=0, n=4).eq(0).all(axis=None)


def test_the_choice_that_matters_has_the_largest_total_sensitivity(asem):
    table = composite.sensitivity(*asem, composite.FACTORS | {"weights": ["given"]}, spread=0.01, n=16)
    assert table.index.tolist()[:3] == ["normalise", "aggregate", "weights"]
    assert table["total"].idxmax() in ("normalise", "aggregate")
    assert table.loc["weights", "total"] == 0
    with pytest.raises(ValueError, match="geometric"):
        composite.sensitivity(*asem, composite.CHOICES)


def test_inputs_stay_as_they_were(small):
    values, tree = small
    before = values.copy(deep=True), tree.copy(deep=True)
    composite.compose(values, tree), composite.rank_draws(values, tree, n=3)
    pd.testing.assert_frame_equal(values, before[0])
    pd.testing.assert_frame_equal(tree, before[1])
