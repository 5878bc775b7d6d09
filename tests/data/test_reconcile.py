"""Which of several sources is taken, and when they count as disagreeing."""

import pandas as pd
import pytest

from vnegov.data import reconcile, sources
from vnegov.data.loaders.rankings import COLUMNS

UNITS = pd.DataFrame({"index": ["pci"], "edition": [2005], "n_units": [2]})


@pytest.fixture
def register(monkeypatch):
    known = {
        "ministry": {"trust": "official", "published": "2019-05-01"},
        "scrape": {"trust": "dataset", "published": "2025"},
        "paper": {"trust": "press", "published": "2019-05-02"},
        "later paper": {"trust": "press", "published": "2021"},
    }
    monkeypatch.setattr(sources, "register", lambda: known)


def rows(*given):
    made = pd.DataFrame([{"rank_basis": "published" if "rank" in row else None, **row} for row in given])
    base = {"index": "dti", "edition": 2022, "geography": "63", "province_code": "26", "component": "overall"}
    made = made.assign(**{k: v for k, v in base.items() if k not in made})
    for column in COLUMNS:
        if column not in made:
            made[column] = None
    made["decimals"] = made["score"].map(lambda s: len(str(s).partition(".")[2]) if pd.notna(s) else None)
    return made[COLUMNS].astype({"score": "float64", "rank": "Int64"})


def only(candidates):
    table = reconcile.scores(candidates, UNITS)
    assert len(table) == 1
    return table.iloc[0]


def test_official_goes_before_dataset_before_press(register):
    row = only(
        rows(
            dict(score=0.5, source_id="paper"),
            dict(score=0.7, source_id="ministry"),
            dict(score=0.6, source_id="scrape"),
        )
    )
    assert row["score"] == 0.7
    assert row["conflict"]
    assert row["source_ids"].split(";")[0] == "ministry"
    assert sorted(row["source_ids"].split(";")) == ["ministry", "paper", "scrape"]


def test_the_older_of_two_papers_is_taken(register):
    assert only(rows(dict(score=0.6, source_id="later paper"), dict(score=0.5, source_id="paper")))["score"] == 0.5


def test_a_rounded_figure_agrees_and_the_longer_printing_is_kept(register):
    row = only(rows(dict(score=0.83, source_id="paper"), dict(score=0.8321, source_id="later paper")))
    assert row["score"] == 0.8321
    assert not row["conflict"]


def test_a_figure_that_does_not_round_to_the_other_disagrees(register):
    assert only(rows(dict(score=83.9, source_id="paper"), dict(score=83.98, source_id="later paper")))["conflict"]


def test_a_published_rank_goes_before_a_derived_one_of_better_standing(register):
    row = only(
        rows(
            dict(score=None, rank=40, rank_basis="derived", source_id="ministry"),
            dict(score=None, rank=43, rank_basis="published", source_id="paper"),
        )
    )
    assert (row["rank"], row["rank_basis"], row["conflict"]) == (43, "published", True)


def test_a_rank_is_computed_only_where_every_province_has_a_score(register):
    pair = [
        dict(score=9.0, source_id="scrape", province_code="01"),
        dict(score=8.0, source_id="scrape", province_code="02"),
    ]
    complete = reconcile.scores(rows(*pair).assign(index="pci", edition=2005), UNITS)
    assert complete["rank"].tolist() == [1, 2]
    assert set(complete["rank_basis"]) == {"computed"}
    assert set(complete["n_units"]) == {2}
    partial = reconcile.scores(rows(*pair), UNITS)
    assert partial["rank"].isna().all()
    assert partial["rank_basis"].isna().all()
    assert set(partial["n_units"]) == {63}


def test_equal_scores_share_the_better_rank(register):
    three = [dict(score=s, source_id="scrape", province_code=c) for c, s in (("01", 9.0), ("02", 9.0), ("04", 8.0))]
    units = UNITS.assign(n_units=3)
    assert reconcile.scores(rows(*three).assign(index="pci", edition=2005), units)["rank"].tolist() == [1, 1, 3]
