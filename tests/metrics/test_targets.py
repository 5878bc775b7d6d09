from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vnegov.metrics import targets

series = st.lists(st.integers(0, 20), min_size=4, max_size=20)


def points(values, start=2020):
    return pd.Series(values, index=range(start, start + len(values)), dtype="float64")


@given(series)
def test_the_slope_turns_with_the_series_and_lies_in_its_interval(values):
    up, down = targets.trend(points(values)), targets.trend(-points(values))
    assert up.low <= up.slope <= up.high
    assert up.slope == pytest.approx(-down.slope)
    assert up.p == pytest.approx(down.p, nan_ok=True)
    pairs = [(values[j] - values[i]) / (j - i) for i, j in combinations(range(len(values)), 2)]
    assert up.slope == pytest.approx(np.median(pairs))


def test_mann_kendall_by_hand():
    # Of the 4! orders of four values two, up and down, are as far from chance as this one.
    assert targets.trend(points([1, 2, 3, 4])).p == pytest.approx(2 / 24)
    # One pair of ten runs the other way: 1 + 4 orders of 5! are as far up, as many as far down.
    assert targets.trend(points([1, 2, 3, 5, 4])).p == pytest.approx(10 / 120)


def test_the_slope_does_not_turn_with_one_odd_figure():
    assert targets.trend(points([10, 20, 30, 40, 500])).slope == pytest.approx(10)


def test_missing_points_are_not_points():
    assert targets.trend(points([1, np.nan, 3, 4])) == targets.trend(points([1, np.nan, 3, 4]).dropna())
    with pytest.raises(ValueError, match="there are 2"):
        targets.trend(points([1, np.nan, 3]))


def test_two_values_at_one_time_are_no_trend():
    with pytest.raises(ValueError, match="own time"):
        targets.trend(pd.Series([1.0, 2, 3, 4], index=[1, 1, 2, 3]))


def test_nothing_is_extrapolated_from_two_points():
    seen = targets.outlook(points([40, 60]), target=80, by=2025)
    assert (seen.verdict, seen.n, seen.gap) == ("too few points", 2, 20)
    assert np.isnan([seen.projected, seen.low, seen.high, seen.slope]).all()


@pytest.mark.parametrize(
    ("values", "target", "by", "verdict"),
    [
        ([10, 20, 30, 40, 50], 45, 2030, "reached"),
        ([10, 20, 30, 40, 50], 80, 2030, "on course"),
        ([10, 11, 12, 13, 14], 80, 2030, "off course"),
        ([10, 30, 20, 50, 40], 75, 2025, "open"),
        ([10, 20, 30, 40, 50], 80, 2024, "missed"),
        ([10, 20, 30, 40, 50], 35, 2022, "missed"),
    ],
)
def test_where_a_trend_leads(values, target, by, verdict):
    assert targets.outlook(points(values), target, by).verdict == verdict


def test_a_target_for_a_rank_is_met_from_above():
    seen = targets.outlook(points([30, 26, 22, 18, 14], 2018), 10, 2024, sign=-1)
    assert seen.verdict == "on course"
    assert (seen.gap, seen.projected) == (4, pytest.approx(6))


def test_a_share_is_not_projected_beyond_the_whole():
    seen = targets.outlook(points([50, 60, 70, 80, 90], 2018), 95, 2030, bounds=(0, 100))
    assert (seen.projected, seen.high) == (100, 100)


def test_nothing_measured_is_said_to_be_so():
    seen = targets.outlook(points([]), 80, 2025)
    assert (seen.verdict, seen.n) == ("not measured", 0)
    assert targets.outlook(points([90], 2022), 80, 2020).verdict == "not measured"
    assert np.isnan(seen.gap)


def test_a_target_in_users_is_not_held_against_visits(make_observation):
    rows = pd.DataFrame(
        [
            make_observation("portal_use", 100_000, unit="users", qualifier="target"),
            make_observation("portal_use", 22_196_242, unit="visits"),
        ]
    )
    found = targets.progress(rows).iloc[0]
    assert (found["n"], found["verdict"]) == (0, "not measured")
    assert pd.isna(found["latest_value"]) and pd.isna(found["gap"])


def test_progress_towards_a_published_target(make_observation):
    years = [2018, 2019, 2020, 2021]
    measured = [
        make_observation("online_share", value, unit="percent", period_end=f"{year}-12-31", source_id=f"s{year}")
        for year, value in zip(years, [10, 20, 30, 40], strict=True)
    ]
    measured[-1]["qualifier"] = "over"
    aim = make_observation("online_share", 75, unit="percent", period_end="2025-12-31", qualifier="target")
    late = make_observation("late_rate", 1, unit="percent", period_end="2020-12-31", qualifier="target")
    done = make_observation("late_rate", 0.4, unit="percent", period_end="2020-12-31")
    table = targets.progress(pd.DataFrame([*measured, aim, late, done]), lower_is_better=("late_rate",))
    found = table.set_index("indicator")
    assert found.loc["online_share", ["latest_value", "gap", "n"]].tolist() == [40, 35, 4]
    assert found.loc["online_share", "verdict"] == "on course"
    assert found.loc["online_share", "slope"] == pytest.approx(10, abs=0.05)
    assert found.loc["online_share", "latest_qualifier"] == "over"
    assert found.loc["online_share", "latest_source_id"] == "s2021"
    assert found.loc["late_rate", "verdict"] == "reached"


def test_a_target_of_the_new_regime_is_not_held_against_the_levels(make_observation):
    rows = pd.DataFrame(
        [
            make_observation("services", 800, regime="levels", period_end="2021-12-31"),
            make_observation("services", 900, regime="decree42", qualifier="target"),
        ]
    )
    assert targets.progress(rows).iloc[0]["n"] == 0


def test_without_targets_there_is_an_empty_table(make_observation):
    table = targets.progress(pd.DataFrame([make_observation("services", 800)]))
    assert table.empty and "verdict" in table
