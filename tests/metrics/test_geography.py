import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vnegov.metrics import geography

OLD = ["01", "02", "08", "17", "25", "26"]
six = st.lists(st.floats(0, 1), min_size=6, max_size=6)
same_fixtures = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=15)


def all_six(make_scores, values, **cells):
    return make_scores(dict(zip(OLD, values, strict=True)), **cells)


def test_a_merged_province_has_the_mean_of_its_members(make_scores, provinces):
    rows = all_six(make_scores, [0.8, 0.4, 0.5, 0.3, 0.6, 0.9])
    carried = geography.to_34(rows, provinces=provinces)
    assert {*carried} == {*rows, "method", "members_known", "members"}
    table = carried.set_index("province_code")
    assert table["score"].round(9).to_dict() == {"01": 0.8, "08": 0.45, "25": 0.6}
    assert table["rank"].to_dict() == {"01": 1, "08": 3, "25": 2}
    assert table["members_known"].to_dict() == {"01": 1, "08": 2, "25": 3}
    assert set(carried["method"]) == {"simple_mean"}
    assert set(carried["geography"]) == {"34"} and set(carried["rank_basis"]) == {"computed"}
    assert set(carried["n_units"]) == {3}


def test_a_mean_may_be_weighted_by_the_people_of_2024(make_scores, provinces):
    rows = all_six(make_scores, [0.8, 0.4, 0.5, 0.3, 0.6, 0.9])
    carried = geography.to_34(rows, "population", provinces=provinces).set_index("province_code")
    assert carried.loc["08", "score"] == pytest.approx((900 * 0.4 + 800 * 0.5) / 1700)
    assert set(carried["method"]) == {"population_2024_mean"}


@same_fixtures
@given(values=six)
def test_weighted_aggregation_keeps_totals(make_scores, provinces, values):
    carried = geography.to_34(all_six(make_scores, values), "population", provinces=provinces)
    people = provinces.set_index(["geography", "code"])["population_2024_thousand"]
    before = (people["63"].loc[OLD] * values).sum()
    after = (people["34"] * carried.set_index("province_code")["score"]).sum()
    assert after == pytest.approx(before)


@same_fixtures
@given(values=six, random=st.randoms())
def test_the_order_of_rows_changes_nothing_and_scores_stay_in_range(make_scores, provinces, values, random):
    rows = all_six(make_scores, values)
    carried = geography.to_34(rows, provinces=provinces)
    shuffled = rows.iloc[random.sample(range(6), 6)]
    pd.testing.assert_frame_equal(geography.to_34(shuffled, provinces=provinces), carried)
    assert carried["score"].between(min(values) - 1e-12, max(values) + 1e-12).all()


def test_one_member_unknown_and_the_merged_province_has_no_value(make_scores, provinces):
    rows = all_six(make_scores, [0.8, 0.4, np.nan, 0.3, 0.6, 0.9], n_units=6)
    table = geography.to_34(rows, provinces=provinces).set_index("province_code")
    assert np.isnan(table.loc["08", "score"])
    assert (table.loc["08", "members_known"], table.loc["08", "members"]) == (1, 2)
    assert table["rank"].isna().all() and table["rank_basis"].isna().all()
    assert table.loc["25", "score"] == pytest.approx(0.6)


def test_an_edition_that_ranked_fewer_provinces_is_ranked_among_what_it_covers(make_scores, provinces):
    rows = all_six(make_scores, [0.8, 0.4, 0.5, 0.3, 0.6, 0.9]).query("province_code != '02'")
    table = geography.to_34(rows.assign(n_units=5), provinces=provinces).set_index("province_code")
    assert table["rank"].dropna().to_dict() == {"01": 1, "25": 2}
    assert set(table["n_units"]) == {2}


def test_sources_and_conflicts_of_the_members_go_along(make_scores, provinces):
    rows = all_six(make_scores, [1.0] * 6)
    rows["source_ids"] = ["a", "a;b", "c;a", "a", "a", "a"]
    rows["conflict"] = [False, False, True, False, False, False]
    table = geography.to_34(rows, provinces=provinces).set_index("province_code")
    assert table["source_ids"].to_dict() == {"01": "a", "08": "a;b;c", "25": "a"}
    assert table["conflict"].to_dict() == {"01": False, "08": True, "25": False}


def test_editions_and_components_are_carried_apart_and_the_34_are_left_alone(make_scores, provinces):
    rows = all_six(make_scores, [0.8, 0.4, 0.5, 0.3, 0.6, 0.9])
    rows = pd.concat([rows, rows.assign(component="D8", score=rows["score"] / 2), rows.assign(geography="34")])
    table = geography.to_34(rows, provinces=provinces).set_index(["component", "province_code"])["score"]
    np.testing.assert_allclose(table["D8"], table["overall"] / 2)
    assert len(table) == 6


def test_figures_that_cannot_be_carried_are_refused(make_scores, provinces):
    rows = all_six(make_scores, [1.0] * 6)
    with pytest.raises(ValueError, match="not among the 63: 99"):
        geography.to_34(rows.replace({"province_code": {"01": "99"}}), provinces=provinces)
    with pytest.raises(ValueError, match=r"(?s)not unique.*dti +2022 +overall +01"):
        geography.to_34(pd.concat([rows, rows.iloc[:1]]), provinces=provinces)
    with pytest.raises(KeyError, match="grdp"):
        geography.to_34(rows, "grdp", provinces=provinces)


def test_carried_scores_are_compared_with_the_official_ones(make_scores, provinces):
    carried = geography.to_34(all_six(make_scores, [0.8, 0.4, 0.5, 0.3, 0.6, 0.9]), provinces=provinces)
    official = make_scores({"01": 0.8, "08": 0.7}, geography="34")
    table = geography.compare_34(carried, official).set_index("province_code")
    assert table["score_difference"].round(9).fillna(-9).to_dict() == {"01": 0, "08": -0.25}
    assert table["rank_difference"].fillna(-9).to_dict() == {"01": 0, "08": 1}
    assert geography.compare_34(carried, official.assign(edition=2024)).empty


def test_nothing_to_carry_gives_an_empty_table(make_scores, provinces):
    rows = make_scores({"01": 1.0}, geography="34")
    carried = geography.to_34(rows, provinces=provinces)
    assert carried.empty and {*carried} > {*rows}
