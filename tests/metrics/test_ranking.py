import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vnegov.errors import UnknownProvince
from vnegov.metrics import ranking

scores_of_units = st.lists(st.integers(-1000, 1000) | st.none(), min_size=1, max_size=63).map(
    lambda values: pd.Series(values, dtype="float64")
)


def test_ties_share_the_best_rank_and_the_next_rank_is_skipped():
    assert ranking.ranks(pd.Series([0.5, 0.9, 0.5, 0.1])).tolist() == [2, 1, 2, 4]


def test_a_unit_without_a_score_has_no_rank():
    assert ranking.ranks(pd.Series([0.5, None, 0.9])).isna().tolist() == [False, True, False]


def test_scores_are_not_rounded_before_ranking():
    assert ranking.ranks(pd.Series([0.70004, 0.70001])).tolist() == [1, 2]


@given(scores_of_units)
def test_ranks_ignore_monotone_rescaling(scores):
    pd.testing.assert_series_equal(ranking.ranks(scores), ranking.ranks(np.arctan(scores / 100) * 7 + 3))


@given(scores_of_units, st.randoms())
def test_ranks_stay_with_their_units_when_rows_are_shuffled(scores, random):
    order = random.sample(range(len(scores)), len(scores))
    shuffled = ranking.ranks(scores.iloc[order]).reindex(scores.index)
    pd.testing.assert_series_equal(shuffled, ranking.ranks(scores))


@given(scores_of_units)
def test_quartiles_follow_the_rank(scores):
    rank = ranking.ranks(scores).dropna()
    quartile = ranking.quartile(rank, len(scores))
    assert quartile.between(1, 4).all()
    assert quartile.loc[rank.sort_values().index].is_monotonic_increasing


def test_the_first_leaves_all_behind_and_the_last_none(make_scores):
    table = ranking.standing(make_scores({str(code): -code for code in range(63)}))
    assert table["percentile"].iloc[[0, 17, 62]].round(1).tolist() == [100.0, 72.6, 0.0]
    assert table["quartile"].iloc[[0, 17, 62]].tolist() == [1, 2, 4]
    assert table["percentile"].is_monotonic_decreasing


def test_gaps_say_how_far_the_others_are_ahead(make_scores):
    table = ranking.standing(make_scores({"a": 0.9, "b": 0.7, "c": 0.7, "d": 0.4}))
    assert table["gap_leader"].round(9).tolist() == [0, 0.2, 0.2, 0.5]
    assert table["gap_median"].round(9).tolist() == [-0.2, 0, 0, 0.3]
    assert table["gap_next"].round(9).fillna(-1).tolist() == [-1, 0.2, 0.2, 0.3]


def test_a_partial_index_has_percentiles_but_no_median(make_scores):
    table = ranking.standing(make_scores({"a": 0.9, "b": 0.5}, n_units=63))
    assert table["percentile"].notna().all()
    assert table["gap_leader"].tolist() == [0.0, 0.4]
    assert table[["gap_median", "gap_next"]].isna().all(axis=None)


def test_groups_are_ranked_apart(make_scores):
    rows = pd.concat([make_scores({"a": 1.0, "b": 2.0}), make_scores({"a": 9.0, "b": 7.0}, edition=2023)])
    assert ranking.standing(rows)["gap_leader"].tolist() == [1, 0, 0, 2]


def test_from_fourth_to_first_is_a_rise_of_three_places(make_scores, no_breaks):
    rows = pd.concat(
        [
            make_scores({"a": 4.0, "b": 3.0, "c": 2.0, "d": 1.0}),
            make_scores({"d": 9.0, "a": 8.0, "b": 7.0, "c": 6.0}, edition=2023),
        ],
        ignore_index=True,
    )
    changed = ranking.changes(rows, no_breaks).set_index(["edition", "province_code"])
    assert changed.loc[(2023, "d"), "rank_change"] == 3
    assert changed.loc[(2023, "d"), "score_change"] == 8
    assert changed.loc[2022, "rank_change"].isna().all()


def test_nothing_changes_across_a_break_but_the_ranks_on_both_sides_are_told(make_scores):
    rows = pd.concat([make_scores({"a": 1.0, "b": 2.0}, edition=year) for year in (2021, 2022, 2023)])
    breaks = pd.DataFrame({"index": ["dti"], "component": ["overall"], "edition": [2022]})
    changed = ranking.changes(rows.reset_index(drop=True), breaks).set_index(["edition", "province_code"])
    assert changed.loc[2022, "comparable"].tolist() == [False, False]
    assert changed.loc[2022, ["rank_change", "score_change"]].isna().all(axis=None)
    assert changed.loc[(2022, "a"), "rank_before"] == 2
    assert changed.loc[2023, "rank_change"].tolist() == [0, 0]


def test_a_break_counts_even_where_its_edition_is_not_known(make_scores):
    rows = pd.concat([make_scores({"a": 1.0}, edition=year) for year in (2020, 2024)], ignore_index=True)
    breaks = pd.DataFrame({"index": ["dti"], "component": ["overall"], "edition": [2022]})
    assert not ranking.changes(rows, breaks)["comparable"].any()


def test_a_break_of_one_component_leaves_the_others_comparable(make_scores):
    rows = pd.concat(
        [make_scores({"a": 1.0}, edition=year, component=c) for year in (2018, 2019) for c in ("D7", "D8")],
        ignore_index=True,
    )
    breaks = pd.DataFrame({"index": ["dti"], "component": ["D7"], "edition": [2019]})
    changed = ranking.changes(rows, breaks).set_index(["edition", "component"])
    assert changed.loc[2019, "comparable"].to_dict() == {"D7": False, "D8": True}


def test_movers_keep_ties_with_the_last_place_and_leave_out_who_stood_still():
    changed = pd.DataFrame({"province_code": list("abcdef"), "rank_change": pd.array([5, 2, 2, 0, -4, None])})
    top = ranking.movers(changed.astype({"rank_change": "Int64"}), n=2)
    assert top["province_code"].tolist() == ["a", "b", "c", "e"]
    assert top["direction"].tolist() == ["up", "up", "up", "down"]


def test_peers_by_region_size_or_choice(provinces):
    old = provinces[provinces["geography"] == "63"]
    assert ranking.peers(old, "25") == ["02", "08", "17"]
    assert ranking.peers(old, "02", "nearest", n=2) == ["17", "08"]
    assert ranking.peers(old, "26", ["01", "26", "17"]) == ["01", "17"]


def test_nearest_peers_by_people_and_income(provinces):
    old = provinces[provinces["geography"] == "63"]
    income = pd.Series({"02": 38.0, "08": 40.0, "01": 160.0, "26": 130.0, "25": 60.0})
    assert ranking.peers(old, "02", "nearest", income, n=4) == ["08", "25", "26", "01"]
    with pytest.raises(ValueError, match="has the code 17"):
        ranking.peers(old, "17", "nearest", income)


def test_an_unknown_peer_is_named(provinces):
    with pytest.raises(UnknownProvince, match=r"99.*01"):
        ranking.peers(provinces[provinces["geography"] == "63"], "26", ["99"])
    with pytest.raises(ValueError, match="neighbours"):
        ranking.peers(provinces[provinces["geography"] == "63"], "26", "neighbours")


def test_inputs_stay_as_they_were(make_scores, no_breaks):
    rows = make_scores({"a": 1.0, "b": 2.0})
    before = rows.copy(deep=True)
    ranking.standing(rows), ranking.changes(rows, no_breaks)
    pd.testing.assert_frame_equal(rows, before)
