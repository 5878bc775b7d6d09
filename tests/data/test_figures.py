"""Figures that the project began with, as their sources print them."""

import pytest

import vnegov


def score(index, edition, province, component="overall"):
    rows = vnegov.table("scores")
    code = vnegov.standardize([province])[0]
    found = rows[
        (rows["index"] == index) & (rows["edition"] == edition) & (rows["geography"] == "63")
        & (rows["province_code"] == code) & (rows["component"] == component)
    ]  # fmt: skip
    assert len(found) == 1
    return found.iloc[0]


def observed(province, indicator, year):
    rows = vnegov.table("observations")
    code = vnegov.standardize([province])[0]
    mine = (rows["province_code"] == code) & (rows["indicator"] == indicator)
    return rows[mine & (rows["period_end"].str[:4] == str(year))]


@pytest.mark.parametrize(
    ("index", "edition", "province", "component", "rank", "basis"),
    [
        ("ict_index", 2018, "Vĩnh Phúc", "overall", 18, "published"),
        ("ict_index", 2018, "Vĩnh Phúc", "online_services", 21, "published"),
        ("ict_index", 2018, "Vĩnh Phúc", "application", 27, "published"),
        ("ict_index", 2017, "Vĩnh Phúc", "overall", 18, "derived"),
        ("ict_index", 2017, "Vĩnh Phúc", "online_services", 32, "derived"),
        ("ict_index", 2017, "Vĩnh Phúc", "application", 28, "derived"),
        ("ict_index", 2019, "Tiền Giang", "overall", 5, "published"),
        ("ict_index", 2018, "Tiền Giang", "overall", 7, "derived"),
        ("sipas", 2017, "Vĩnh Phúc", "overall", 1, "published"),
        ("dti", 2022, "Vĩnh Phúc", "overall", 18, "published"),
        ("dti", 2022, "Tiền Giang", "overall", 20, "published"),
    ],
)
def test_ranks(index, edition, province, component, rank, basis):
    row = score(index, edition, province, component)
    assert (row["rank"], row["rank_basis"], row["n_units"]) == (rank, basis, 63)


def test_vinh_phuc_ict_index_2018_score():
    assert score("ict_index", 2018, "Vĩnh Phúc")["score"] == 0.5032


def test_dossiers_settled_of_received():
    row = observed("Vĩnh Phúc", "dossiers_settled", 2019).iloc[0]
    assert (row["numerator"], row["denominator"], row["source_id"]) == (252856, 314984, "article-001")


def test_services_at_levels_3_and_4():
    in_2019 = observed("Vĩnh Phúc", "services_level34", 2019)
    assert (369, "exact") in set(zip(in_2019["value"], in_2019["qualifier"], strict=True))
    in_2021 = observed("Vĩnh Phúc", "services_level34", 2021)
    assert (800, "nearly") in set(zip(in_2021["value"], in_2021["qualifier"], strict=True))


@pytest.mark.parametrize(("year", "whole"), [(2011, "TOTAL6"), (2017, "TOTAL6"), (2018, "TOTAL8"), (2024, "TOTAL8")])
def test_papi_overall_is_the_total_of_its_time(year, whole):
    rows = vnegov.table("scores")
    papi = rows[(rows["index"] == "papi") & (rows["edition"] == year)]
    scores = papi.pivot(index="province_code", columns="component", values="score")
    known = scores["overall"].notna()
    assert known.sum() >= 59
    assert (scores["overall"][known] == scores[whole][known]).all()


def test_papi_and_pci_are_there_for_every_year_given():
    rows = vnegov.table("scores")
    assert set(rows[rows["index"] == "papi"]["edition"]) == set(range(2011, 2025))
    whole = rows[(rows["index"] == "pci") & (rows["component"] == "overall")]
    assert whole[whole["edition"].between(2006, 2022)].groupby("edition")["score"].count().eq(63).all()
    sub_dimensions = {
        f"{d}.{s}" for d, n in zip("12345678", (4, 4, 3, 4, 4, 4, 3, 3), strict=True) for s in range(1, n + 1)
    }
    dimensions = {f"D{d}" for d in range(1, 9)}
    assert set(rows[rows["index"] == "papi"]["component"]) == sub_dimensions | dimensions | {
        "TOTAL6",
        "TOTAL8",
        "overall",
    }
