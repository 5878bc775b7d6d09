import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from vnegov.metrics import agreement
from vnegov.metrics.agreement import PartialIndex

pairs = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=4, max_size=30)
orders = st.permutations(list("abcdefgh"))


def two(values):
    table = pd.DataFrame(values, columns=["a", "b"], dtype="float64")
    return table["a"], table["b"]


@settings(max_examples=60, deadline=None)
@given(pairs)
def test_spearman_and_tau_b_are_those_of_scipy_and_lie_between_minus_one_and_one(values):
    a, b = two(values)
    for method, oracle in (("spearman", stats.spearmanr), ("kendall", stats.kendalltau)):
        found = agreement.correlate(a, b, method, n_boot=20)
        if len(set(a)) == 1 or len(set(b)) == 1:
            assert np.isnan(found.statistic)
        else:
            assert found.statistic == pytest.approx(oracle(a, b).statistic, abs=1e-12)
            assert -1 <= found.low <= found.high <= 1


@settings(max_examples=30, deadline=None)
@given(pairs, st.randoms())
def test_the_order_of_the_rows_changes_nothing(values, random):
    a, b = two(values)
    order = random.sample(range(len(a)), len(a))
    straight, shuffled = (agreement.correlate(a, b, n_boot=50), agreement.correlate(a.iloc[order], b, n_boot=50))
    assert straight == pytest.approx(shuffled, nan_ok=True)


@pytest.mark.parametrize("method", ["spearman", "kendall"])
def test_the_interval_is_near_the_bca_interval_of_scipy(method):
    rng = np.random.default_rng(1)
    x = rng.normal(size=40)
    y = 0.7 * x + rng.normal(size=40)
    oracle = {"spearman": stats.spearmanr, "kendall": stats.kendalltau}[method]
    told = stats.bootstrap(
        (x, y),
        lambda u, v: oracle(u, v).statistic,
        paired=True,
        vectorized=False,
        n_resamples=1500,
        rng=np.random.default_rng(2),
    ).confidence_interval
    found = agreement.correlate(pd.Series(x), pd.Series(y), method, n_boot=4000)
    assert found.low == pytest.approx(told.low, abs=0.05)
    assert found.high == pytest.approx(told.high, abs=0.05)


def test_an_interval_is_always_the_same():
    a, b = two(np.random.default_rng(0).normal(size=(30, 2)))
    assert agreement.correlate(a, b) == agreement.correlate(a, b)


def test_full_agreement_is_one_with_certainty():
    a = pd.Series(range(10), dtype="float64")
    assert agreement.correlate(a, a) == (1.0, 1.0, 1.0, 10)


def test_an_index_known_in_part_is_refused_unless_its_units_are_named():
    whole = pd.Series([3.0, 1.0, 2.0, 5.0], index=list("abcd"))
    part = pd.Series([3.0, 1.0, 2.0, None], index=list("abcd"), name="par_index")
    with pytest.raises(PartialIndex, match="par_index is known for 3 of 4 units, no random part"):
        agreement.correlate(whole, part)
    chosen = ["a", "b", "c"]
    assert agreement.correlate(whole[chosen], part[chosen]).n == 3


def test_a_missing_label_counts_as_missing():
    with pytest.raises(PartialIndex, match="2 of 3"):
        agreement.correlate(pd.Series([1.0, 2.0, 3.0]), pd.Series([1.0, 2.0]))


def test_pairs_with_a_partial_index_are_refused_with_the_reason(make_scores):
    rows = pd.concat(
        [
            make_scores(dict(zip("abcde", [1, 2, 3, 4, 5], strict=True)), index="dti"),
            make_scores(dict(zip("abcde", [1, 3, 2, 4, 5], strict=True)), index="pci"),
            make_scores({"a": 9.0, "b": 8.0}, index="sipas", n_units=5),
        ]
    )
    table = agreement.pairwise(rows, n_boot=50).set_index(["index_a", "index_b"])
    assert table.loc[("dti", "pci"), "statistic"] == pytest.approx(0.9)
    assert table.loc[("dti", "pci"), "reason"] == ""
    assert table.loc[("dti", "sipas"), "reason"].startswith("sipas is known for 2 of 5 units, no random part")
    assert np.isnan(table.loc[("dti", "sipas"), "statistic"])


def test_an_edition_that_ranks_fewer_units_is_whole_and_compared_on_the_shared_ones(make_scores):
    rows = pd.concat(
        [
            make_scores(dict(zip("abcde", [1, 2, 3, 4, 5], strict=True)), index="dti"),
            make_scores(dict(zip("abcd", [4, 3, 2, 1], strict=True)), index="papi"),
        ]
    )
    found = agreement.pairwise(rows, "kendall", n_boot=50).iloc[0]
    assert (found["statistic"], found["n"]) == (-1, 4)


def test_a_correlation_over_two_units_is_refused(make_scores):
    rows = pd.concat([make_scores({"a": 1, "b": 2}, index="dti"), make_scores({"a": 1, "b": 2}, index="pci")])
    assert agreement.pairwise(rows).iloc[0]["reason"] == "dti and pci share 2 units only"


def test_kendalls_w_is_friedmans_chi_square_rescaled_ties_included():
    ranks = pd.DataFrame([[1, 2, 1], [2, 1, 1], [3, 3, 4], [4, 5, 3], [5, 4, 5.0]])
    found = agreement.concordance(ranks)
    told = stats.friedmanchisquare(*ranks.to_numpy())
    assert (found.chi2, found.p) == pytest.approx((told.statistic, told.pvalue))
    assert found.w == pytest.approx(told.statistic / (3 * 4))


def test_kendalls_w_of_the_textbook():
    # Siegel & Castellan 1988: three executives rank six applicants.
    judges = pd.DataFrame({"x": [1, 6, 3, 2, 5, 4], "y": [1, 5, 6, 4, 2, 3], "z": [6, 3, 2, 5, 4, 1.0]})
    assert agreement.concordance(judges).w == pytest.approx(0.162, abs=5e-4)


@given(st.lists(st.lists(st.integers(0, 5), min_size=3, max_size=3), min_size=3, max_size=12))
def test_kendalls_w_lies_between_no_and_full_agreement(rows):
    ranks = pd.DataFrame(rows, dtype="float64")
    assume((ranks.nunique() > 1).any())
    assert -1e-9 <= agreement.concordance(ranks).w <= 1 + 1e-9


def test_full_agreement_of_all_rankings_is_one():
    assert agreement.concordance(pd.DataFrame({"dti": [1, 2, 3.0], "pci": [10, 20, 30.0]})).w == pytest.approx(1)


def test_concordance_refuses_a_ranking_with_holes():
    with pytest.raises(PartialIndex, match="sipas is known for 2 of 3"):
        agreement.concordance(pd.DataFrame({"dti": [1, 2, 3.0], "sipas": [1, 2, None]}))


def by_definition(first, second, p):
    """Rank-biased overlap of endless lists in which the agreement seen last goes on for ever."""
    depth = len(first)
    shares = [len(set(first[:d]) & set(second[:d])) / d for d in range(1, depth + 1)]
    shares += [shares[-1]] * 3000
    return (1 - p) * sum(share * p**d for d, share in enumerate(shares))


@settings(deadline=None, max_examples=30)
@given(orders, orders, st.sampled_from([0.5, 0.9, 0.98]), st.integers(1, 8))
def test_rank_biased_overlap_is_what_its_definition_extrapolates_to(first, second, p, depth):
    found = agreement.rbo(first[:depth], second[:depth], p)
    assert found == pytest.approx(by_definition(first[:depth], second[:depth], p), abs=1e-9)
    assert found == agreement.rbo(second[:depth], first[:depth], p)


def test_rank_biased_overlap_of_equal_and_of_disjoint_tops():
    assert agreement.rbo("abc", "abc") == pytest.approx(1)
    assert agreement.rbo("abc", "xyz") == 0


def test_agreement_at_the_top_weighs_more():
    assert agreement.rbo("abcd", "abdc") > agreement.rbo("abcd", "bacd")


def test_tops_of_two_lengths_and_units_that_stand_twice_are_refused():
    for first, second in (("aab", "abc"), ("abc", "abcd"), ("", "")):
        with pytest.raises(ValueError, match="one length in which each unit stands once"):
            agreement.rbo(first, second)
