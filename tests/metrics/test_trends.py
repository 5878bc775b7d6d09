import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from vnegov.metrics import trends
from vnegov.metrics.agreement import PartialIndex

amounts = st.lists(st.floats(0, 1000), min_size=1, max_size=40).filter(lambda x: sum(x) > 1e-3)


@given(amounts)
def test_gini_is_half_the_relative_mean_difference(values):
    x = np.array(values)
    told = np.abs(np.subtract.outer(x, x)).mean() / (2 * x.mean())
    assert trends.gini(values) == pytest.approx(told, abs=1e-9)
    assert -1e-12 <= trends.gini(values) <= 1 - 1 / len(values) + 1e-12


@given(amounts, st.floats(0.1, 10), st.randoms())
def test_gini_ignores_unit_and_order(values, factor, random):
    shuffled = random.sample(values, len(values))
    assert trends.gini([factor * x for x in shuffled]) == pytest.approx(trends.gini(values), abs=1e-9)


def test_gini_of_one_who_has_all():
    assert trends.gini([0, 0, 0, 8]) == 0.75
    assert trends.gini([3, 3, None]) == 0
    assert np.isnan(trends.gini([0, 0]))
    with pytest.raises(ValueError, match="negative"):
        trends.gini([-1, 2])


def test_dispersion_by_edition(make_scores, no_breaks):
    rows = pd.concat([make_scores({"a": 2.0, "b": 6.0}), make_scores({"a": 4.0, "b": 6.0}, edition=2023)])
    table = trends.sigma(rows, no_breaks)
    assert table["edition"].tolist() == [2022, 2023]
    assert table["sd"].tolist() == pytest.approx([np.sqrt(8), np.sqrt(2)])
    assert table["cv"].tolist() == pytest.approx([np.sqrt(8) / 4, np.sqrt(2) / 5])
    assert table["gini"].tolist() == pytest.approx([0.25, 0.1])
    assert (table["n"].tolist(), table["n_units"].tolist()) == ([2, 2], [2, 2])


def test_a_partial_edition_has_no_dispersion_and_says_why(make_scores, no_breaks):
    found = trends.sigma(make_scores({"a": 2.0, "b": 6.0}, n_units=63), no_breaks).iloc[0]
    assert found[["mean", "sd", "cv", "gini"]].isna().all()
    assert (found["n"], found["n_units"]) == (2, 63)


def test_spans_part_at_each_break(make_scores, no_breaks):
    years = [2017, 2018, 2020, 2021, 2022]
    rows = pd.concat([make_scores({"a": 1.0}, edition=year) for year in years], ignore_index=True)
    breaks = pd.DataFrame({"index": ["dti", "dti", "pci"], "component": ["overall"] * 3, "edition": [2018, 2021, 2022]})
    assert trends.spans(rows, breaks).tolist() == [0, 1, 1, 2, 2]
    assert trends.sigma(rows.assign(score=2.0), breaks)["span"].tolist() == [0, 1, 1, 2, 2]
    assert trends.spans(rows, no_breaks).tolist() == [0] * 5


def two_editions(make_scores, first, last, years=4):
    codes = [f"{code:02}" for code in range(len(first))]
    return pd.concat(
        [
            make_scores(dict(zip(codes, first, strict=True)), edition=2020),
            make_scores(dict(zip(codes, last, strict=True)), edition=2020 + years),
        ],
        ignore_index=True,
    )


def test_provinces_that_halve_their_log_gap_in_four_years_converge_at_an_eighth_a_year(make_scores, no_breaks):
    first = np.array([1.0, 2.0, 4.0, 8.0])
    found = trends.beta(two_editions(make_scores, first, 8 * np.sqrt(first / 8)), 2020, 2024, no_breaks)
    assert found.slope == pytest.approx(-1 / 8)
    assert (found.n, found.r2) == (4, pytest.approx(1))


def test_the_slope_and_its_interval_are_those_of_scipy(make_scores, no_breaks):
    rng = np.random.default_rng(0)
    first = rng.uniform(1, 10, 20)
    last = first**0.8 * rng.uniform(0.9, 1.3, 20)
    found = trends.beta(two_editions(make_scores, first, last), 2020, 2024, no_breaks)
    told = stats.linregress(np.log(first), np.log(last / first) / 4)
    half = stats.t.ppf(0.975, 18) * told.stderr
    assert found[:3] == pytest.approx((told.slope, told.slope - half, told.slope + half))


def test_convergence_is_refused_across_a_break_and_for_a_partial_edition(make_scores, no_breaks):
    rows = two_editions(make_scores, [1.0, 2.0, 3.0], [2.0, 3.0, 4.0])
    breaks = pd.DataFrame({"index": ["dti"], "component": ["overall"], "edition": [2022]})
    with pytest.raises(ValueError, match="2020 and 2024 lie on two sides"):
        trends.beta(rows, 2020, 2024, breaks)
    with pytest.raises(PartialIndex, match="edition 2020 is known for 3 of 63"):
        trends.beta(rows.assign(n_units=63), 2020, 2024, no_breaks)
    with pytest.raises(ValueError, match="three units"):
        trends.beta(rows, 2020, 2021, no_breaks)
    with pytest.raises(ValueError, match="duplicate"):
        trends.beta(pd.concat([rows, rows.assign(component="D8")]), 2020, 2024, no_breaks)
    with pytest.raises(ValueError, match="above 0"):
        trends.beta(two_editions(make_scores, [0.0, 2, 3], [1.0, 2, 3]), 2020, 2024, no_breaks)
