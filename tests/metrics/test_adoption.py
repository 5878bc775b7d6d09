import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vnegov.metrics import adoption

words = st.sampled_from(["exact", "over", "under", "nearly", "about", "target"])
counts = st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts)
def test_the_wilson_interval_holds_the_share_lies_in_0_1_and_is_where_its_score_is_1_96(count):
    part, whole = count
    low, high = adoption.wilson(part, whole)
    assert 0 <= low <= part / whole <= high <= 1
    for end in {low, high} - {0, 1}:
        score = (part / whole - end) / np.sqrt(end * (1 - end) / whole)
        assert abs(score) == pytest.approx(1.959964, rel=1e-4)


@pytest.mark.parametrize("counts", [(5, 0), (1, np.nan), (np.nan, 5), (-1, 4), (6, 5)])
def test_no_interval_where_there_is_no_share(counts):
    assert np.isnan(adoption.wilson(*counts)).all()


@pytest.mark.parametrize(
    ("numerator", "denominator", "result"),
    [
        ("exact", "exact", "exact"),
        ("over", "exact", "over"),
        ("nearly", "exact", "nearly"),
        ("exact", "over", "under"),
        ("exact", "nearly", "over"),
        ("over", "under", "over"),
        ("nearly", "over", "under"),
        ("over", "over", "about"),
        ("nearly", "under", "about"),
        ("about", "exact", "about"),
        ("target", "about", "target"),
    ],
)
def test_the_qualifier_of_a_ratio(numerator, denominator, result):
    assert adoption.ratio_qualifier(numerator, denominator) == result


@given(words, words)
def test_a_ratio_is_exact_only_where_both_sides_are(numerator, denominator):
    exact = adoption.ratio_qualifier(numerator, denominator) == "exact"
    assert exact == (numerator == denominator == "exact")


def test_an_unknown_qualifier_is_refused():
    with pytest.raises(KeyError, match="roughly"):
        adoption.ratio_qualifier("roughly", "exact")


def test_settled_of_received_is_not_the_on_time_rate(make_observation):
    rows = pd.DataFrame(
        [
            make_observation("settled", 252_856),
            make_observation("received", 314_984),
            make_observation("due", 260_000, qualifier="about"),
            make_observation("on_time", 245_000),
        ]
    )
    settled = adoption.shares(rows, "settled", "received").iloc[0]
    assert settled["share"] == pytest.approx(80.28, abs=0.005)
    assert (settled["part"], settled["whole"], settled["qualifier"]) == ("settled", "received", "exact")
    assert settled["low"] < settled["share"] < settled["high"]
    assert adoption.shares(rows, "on_time", "due").iloc[0]["qualifier"] == "about"


def test_the_supply_of_services_by_regime_names_its_denominator(make_observation):
    rows = pd.DataFrame(
        [
            make_observation("level_4", 621, regime="levels", period_end="2020-12-31"),
            make_observation("full_process", 900, regime="decree42"),
            make_observation("procedures", 1652, period_end="2020-12-31"),
            make_observation("procedures", 1800),
            make_observation("eligible", 1000, regime="decree42"),
        ]
    )
    old = adoption.shares(rows, "level_4", "procedures").iloc[0]
    assert (round(old["share"], 1), old["regime"]) == (37.6, "levels")
    assert adoption.shares(rows, "full_process", "eligible")["share"].tolist() == [90]
    assert adoption.shares(rows, "full_process", "procedures")["share"].tolist() == [50]


def test_regimes_are_not_mixed_in_a_share(make_observation):
    rows = pd.DataFrame(
        [make_observation("level_4", 600, regime="levels"), make_observation("eligible", 1000, regime="decree42")]
    )
    assert adoption.shares(rows, "level_4", "eligible").empty


def test_a_share_is_taken_within_one_place_scope_and_period(make_observation):
    rows = pd.DataFrame(
        [
            make_observation("online", 50),
            make_observation("all", 100, province_code="27"),
            make_observation("all", 100, scope="district_level"),
            make_observation("all", 100, period_start="2022-07-01"),
        ]
    )
    assert adoption.shares(rows, "online", "all").empty


def test_a_source_that_prints_both_sides_is_preferred(make_observation):
    rows = pd.DataFrame(
        [
            make_observation("online", 50, source_id="a"),
            make_observation("all", 100, source_id="a"),
            make_observation("all", 80, source_id="b"),
            make_observation("online", 30, province_code="27", source_id="a"),
            make_observation("all", 60, province_code="27", source_id="b"),
        ]
    )
    table = adoption.shares(rows, "online", "all").set_index("province_code")
    assert table["share"].to_dict() == {"26": 50, "27": 50}
    assert table["source_ids"].to_dict() == {"26": "a", "27": "a;b"}


def test_a_printed_numerator_and_denominator_get_an_interval(make_observation):
    rows = pd.DataFrame(
        [
            make_observation("on_time_rate", 95.55, unit="percent", numerator=24_901.0, denominator=26_060.0),
            make_observation("on_time_rate", 94, unit="percent", qualifier="over"),
        ]
    )
    table = adoption.stated_shares(rows)
    assert len(table) == 1
    assert table["share"].iloc[0] == pytest.approx(95.55, abs=0.005)
    assert table["low"].iloc[0] == pytest.approx(95.30, abs=0.01)


def test_take_up_is_per_thousand_people_of_the_year_in_which_the_period_ends(make_observation):
    people = pd.DataFrame(
        {"geography": "63", "province_code": "26", "year": [2021, 2022], "population_thousand": [1180.0, 1200.0]}
    )
    rows = pd.DataFrame(
        [
            make_observation("online", 60_000, qualifier="over"),
            make_observation("online", 1, period_end="2025-12-31"),
            make_observation("online", 1, period_start="2022-01-01", period_end="2022-01-31"),
        ]
    )
    table = adoption.take_up(rows, people)
    assert table["per_thousand"].iloc[0] == 50
    assert np.isnan(table["per_thousand"].iloc[1])
    assert table["qualifier"].iloc[0] == "over"


def test_growth_stays_within_a_regime(make_observation):
    def services(regime, value, day, **cells):
        days = {"period_start": day, "period_end": day}
        return make_observation("online_services", value, regime=regime, unit="services", **days, **cells)

    rows = pd.DataFrame(
        [
            services("decree42", 900, "2024-12-31"),
            services("levels", 369, "2019-12-31"),
            services("levels", 800, "2021-12-31", qualifier="nearly"),
            services("levels", 2000, "2022-12-31", qualifier="target"),
        ]
    )
    table = adoption.growth(rows)
    assert table[["value_before", "value"]].to_numpy().tolist() == [[369, 800]]
    assert table["growth"].iloc[0] == pytest.approx(100 * (800 / 369 - 1))
    assert table["qualifier_growth"].iloc[0] == "nearly"
    assert table["period_end_before"].iloc[0] == "2019-12-31"


def test_growth_compares_periods_of_one_length_and_shares_in_points(make_observation):
    year = {"period_start": "2023-01-01", "period_end": "2023-12-31"}
    four_months = {"period_start": "2023-01-01", "period_end": "2023-04-30"}
    rows = pd.DataFrame(
        [
            make_observation("online", 100),
            make_observation("online", 90, **four_months),
            make_observation("online", 150, **year),
            make_observation("online_share", 40, unit="percent"),
            make_observation("online_share", 50, unit="percent", **year),
        ]
    )
    table = adoption.growth(rows).set_index("indicator")
    assert table["change"].to_dict() == {"online": 50, "online_share": 10}
    assert table.loc["online", "growth"] == 50
    assert np.isnan(table.loc["online_share", "growth"])
    assert table["regime"].isna().all() and table["agency"].isna().all()
