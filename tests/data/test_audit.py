"""What does not add up is found by rule, and nothing else is."""

from fnmatch import fnmatchcase

import pandas as pd
import pytest

import vnegov
from vnegov import cli
from vnegov.data import audit, codebook
from vnegov.data.loaders import definitions

PROVINCES = pd.DataFrame(
    {"geography": "63", "code": ["26", "25", "17", "01"], "region": ["RRD", "NMM", "NMM", "RRD"],
     "successor_code": ["25", "25", "25", "01"]}
)  # fmt: skip
NO_AGENCIES = pd.DataFrame(
    columns=[
        "index",
        "year",
        "geography",
        "province_code",
        "agency",
        "group",
        "score",
        "rank",
        "rank_basis",
        "source_id",
        "change",
    ]
)


def frame(base, rows):
    return pd.DataFrame([{**base, **row} for row in rows])


def scores(*rows):
    base = {
        "index": "dti", "edition": 2022, "geography": "63", "province_code": "26", "component": "overall",
        "score": float("nan"), "rank": pd.NA, "rank_basis": "published", "n_units": 63, "source_ids": "paper",
    }  # fmt: skip
    return frame(base, rows).astype({"rank": "Int64", "score": "float64"})


def candidates(*rows):
    base = {"source_id": "article-001", "decimals": 4.0, "row": 3}
    return frame(base, scores(*rows).drop(columns="source_ids").to_dict("records")).astype({"rank": "Int64"})


def observations(*rows):
    base = {
        "geography": "63", "province_code": "26", "scope": "province", "agency": None, "period_start": "2018-01-01",
        "period_end": "2018-12-31", "indicator": "services_full", "unit": "services", "value": 0.0,
        "numerator": float("nan"), "denominator": float("nan"), "qualifier": "exact", "source_id": "article",
    }  # fmt: skip
    return frame(base, rows)


def agencies(*rows):
    base = {
        "index": "agency_par", "year": 2017, "geography": "63", "province_code": "26", "agency": "Sở Tài chính",
        "group": "Sở", "score": float("nan"), "rank": pd.NA, "rank_basis": "published", "source_id": "article",
        "change": pd.NA,
    }  # fmt: skip
    return frame(base, rows).astype({"rank": "Int64", "change": "Int64"})


def by_others(*rows):
    return audit.ranked(scores(*rows), NO_AGENCIES)


def only(found):
    assert len(found) == 1
    assert list(found.columns) == audit.FOUND
    return found.iloc[0]


# --- ranks


def test_a_worse_rank_with_a_better_score_is_an_error_if_both_are_published():
    first, second = dict(province_code="01", rank=1, score=0.5), dict(province_code="26", rank=2, score=0.6)
    row = only(audit.rank_order(by_others(first, second)))
    assert (row["severity"], row["key"]) == ("error", "dti 2022 63 26 overall")
    assert (row["stated"], row["computed"]) == ("rank 2 with 0.6", "rank 1 (01) has 0.5")
    assert only(audit.rank_order(by_others(first, second | {"rank_basis": "inferred"})))["severity"] == "warning"


def test_ranks_in_the_order_of_scores_ties_and_computed_ranks_are_no_finding():
    tied = [
        dict(province_code=code, rank=rank, score=score)
        for code, rank, score in (("01", 1, 0.7), ("26", 2, 0.6), ("17", 2, 0.6))
    ]
    assert audit.rank_order(by_others(*tied)).empty
    assert audit.shared_rank(by_others(*tied)).empty
    assert by_others(dict(rank=2, score=0.9, rank_basis="computed")).empty


def test_components_and_editions_are_ranked_apart():
    rows = by_others(dict(rank=1, score=0.5), dict(province_code="01", rank=2, score=0.6, component="security"))
    assert audit.rank_order(rows).empty


def test_departments_are_ranked_within_their_province_and_group():
    rows = agencies(dict(rank=1, score=90.0), dict(agency="Sở Y tế", rank=2, score=91.0))
    row = only(audit.rank_order(audit.ranked(scores({}).head(0), rows)))
    assert (row["table"], row["key"]) == ("agencies", "agency_par 2017 63 26 Sở Y tế Sở")


def test_one_rank_for_two_scores_is_an_error():
    row = only(audit.shared_rank(by_others(dict(province_code="01", rank=3, score=0.5), dict(rank=3, score=0.6))))
    assert (row["severity"], row["key"], row["stated"]) == ("error", "dti 2022 63 01+26 overall", "rank 3")


def test_one_rank_for_two_unknown_scores_is_odd_only_if_the_next_rank_is_taken():
    pair = [dict(province_code="01", rank=3), dict(province_code="26", rank=3)]
    assert audit.shared_rank(by_others(*pair)).empty
    assert only(audit.shared_rank(by_others(*pair, dict(province_code="17", rank=4))))["severity"] == "warning"


@pytest.mark.parametrize(("rank", "found"), [(63, 0), (64, 1)])
def test_a_rank_is_not_below_the_last(rank, found):
    assert len(audit.rank_range(by_others(dict(rank=rank)))) == found


# --- changes


def test_from_rank_4_to_rank_1_it_is_three_places():
    rows = agencies(dict(year=2016, rank=4), dict(year=2017, rank=1, change=4))
    row = only(audit.stated_change(candidates({}).head(0), scores({}), rows))
    assert (row["severity"], row["stated"], row["computed"]) == ("error", "+4", "+3, from rank 4 to 1")
    assert audit.stated_change(candidates({}).head(0), scores({}), rows.assign(change=[pd.NA, 3])).empty


@pytest.mark.parametrize(("basis", "severity"), [("published", "error"), ("derived", "warning")])
def test_a_rank_worked_out_from_a_change_is_held_against_the_one_taken(basis, severity):
    derived = candidates(dict(rank=43, rank_basis="derived"))
    row = only(audit.stated_change(derived, scores(dict(rank=40, rank_basis=basis)), NO_AGENCIES))
    assert (row["severity"], row["computed"]) == (severity, "rank 40")
    assert audit.stated_change(derived, scores(dict(rank=43)), NO_AGENCIES).empty


# --- sources


def disagreement(*figures):
    found = candidates(*({"score": score} for score, _, _ in figures))
    found = found.assign(source_id=[source for _, source, _ in figures], decimals=[n for _, _, n in figures])
    return audit.sources_disagree(found, observations({}).head(0), aggregates().head(0))


def aggregates(*rows):
    base = {
        "index": "dti",
        "edition": 2022,
        "geography": "63",
        "region": "VN",
        "component": "overall",
        "score": 0.5,
        "source_id": "paper",
    }
    return frame(base, rows or [{}])


def test_a_source_that_prints_another_score_is_named_with_the_distance():
    row = only(disagreement((0.5032, "article-000", 4), (0.6032, "s001-github-com", 4)))
    assert row["severity"] == "warning"
    assert row["key"] == "dti 2022 63 26 overall article-000"
    assert (row["stated"], row["computed"]) == ("0.5032", "0.6032 (+0.1)")


def test_what_is_cut_is_a_note_and_what_is_rounded_no_finding():
    assert only(disagreement((0.96, "article-000", 2), (0.9655, "s001-github-com", 4)))["severity"] == "note"
    assert disagreement((0.97, "article-000", 2), (0.9655, "s001-github-com", 4)).empty


def test_two_national_means_of_one_edition_disagree():
    rows = aggregates({}, dict(score=0.6, source_id="agency"))
    found = audit.sources_disagree(candidates({}).head(0), observations({}).head(0), rows)
    assert only(found)["key"] == "dti 2022 63 VN overall agency"


def test_counts_of_one_day_disagree_but_not_those_of_two():
    one_day = observations(dict(value=369.0), dict(value=370.0, source_id="paper"))
    assert only(audit.sources_disagree(candidates({}).head(0), one_day, aggregates().head(0)))["severity"] == "warning"
    two_days = one_day.assign(period_end=["2018-12-31", "2019-01-31"])
    assert audit.sources_disagree(candidates({}).head(0), two_days, aggregates().head(0)).empty


# --- sums and shares

PARTS = pd.DataFrame({"total": ["all", "all"], "way": ["1", "1"], "part": ["full", "partial"]})


def reported(total, qualifier="exact", full=400.0, partial=155.0):
    return observations(
        dict(indicator="all", value=total, qualifier=qualifier), dict(indicator="full", value=full),
        dict(indicator="partial", value=partial, scope="agency"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("total", "qualifier", "severity"),
    [(556.0, "exact", "error"), (500.0, "over", "warning"), (600.0, "over", "error"), (600.0, "nearly", "warning")],
)
def test_parts_that_do_not_make_their_total(total, qualifier, severity):
    row = only(audit.parts_sum(reported(total, qualifier), PARTS))
    assert (row["severity"], row["computed"]) == (severity, "555, the sum of 2 parts")


def test_parts_that_make_their_total_or_are_not_all_known_are_no_finding():
    assert audit.parts_sum(reported(555.0), PARTS).empty
    assert audit.parts_sum(reported(600.0).iloc[:2], PARTS).empty
    assert audit.parts_sum(reported(78.7, full=60.5, partial=18.3), PARTS).empty, "one decimal, two parts: rounding"


@pytest.mark.parametrize(
    "impossible",
    [
        dict(unit="percent", value=90.0, numerator=11.0, denominator=10.0),
        dict(unit="points", value=19.0, denominator=18.0),
        dict(unit="rank", value=64.0, denominator=63.0),
    ],
)
def test_no_more_than_there_are(impossible):
    assert only(audit.numerator_above(observations(impossible)))["severity"] == "error"


def test_a_share_may_stand_beside_a_small_denominator():
    assert audit.numerator_above(observations(dict(unit="percent", value=80.0, numerator=4.0, denominator=5.0))).empty


@pytest.mark.parametrize(
    ("value", "qualifier", "severity"),
    [
        (80.28, "exact", None),
        (80.0, "over", None),
        (80.27, "exact", "note"),
        (94.0, "exact", "error"),
        (94.0, "over", "error"),
    ],
)
def test_a_share_is_its_numerator_over_its_denominator(value, qualifier, severity):
    printed = dict(unit="percent", value=value, qualifier=qualifier, numerator=252856.0, denominator=314984.0)
    found = audit.share_of_counts(observations(printed))
    assert found["severity"].tolist() == ([severity] if severity else [])


def test_a_target_in_users_says_nothing_of_a_result_in_visits():
    results = pd.DataFrame({"target": ["users"], "result": ["visits"]})
    target = dict(indicator="users", unit="users", value=1e5, qualifier="target")
    result = dict(indicator="visits", unit="visits", value=22196242.0)
    row = only(audit.unit_mismatch(observations(target, result), results))
    assert (row["stated"], row["computed"]) == ("target 100000 users", "result 22196242 visits")
    assert audit.unit_mismatch(observations(target, result | {"unit": "users"}), results).empty
    assert audit.unit_mismatch(observations(target, result | {"period_end": "2019-12-31"}), results).empty


# --- components, means, series


def test_components_that_do_not_make_their_parent():
    tree = frame(
        {"index": "papi", "parent": "overall", "first_edition": 2022, "last_edition": 2024},
        [
            dict(component="overall", parent=None),
            dict(component="D1"),
            dict(component="D2"),
            dict(component="D9", first_edition=2023),
        ],
    )
    known = [dict(component="D1", score=5.0), dict(component="D2", score=6.0)]
    wrong = scores(*known, dict(score=12.0)).assign(index="papi")
    assert only(audit.components_sum(wrong, tree))["computed"] == "11, the sum of 2 components"
    assert audit.components_sum(scores(*known, dict(score=11.0)).assign(index="papi"), tree).empty
    assert audit.components_sum(wrong.assign(index="dti"), tree.assign(index="dti")).empty, "DTI is no sum"


def members(*values):
    return [dict(province_code=code, score=score) for code, score in zip(("26", "25", "17"), values, strict=True)]


@pytest.mark.parametrize(("official", "found"), [(0.6, 0), (0.6123, 1)])
def test_a_merged_province_has_the_mean_of_its_members(official, found):
    new = dict(geography="34", province_code="25", score=official)
    assert len(audit.merger_mean(scores(*members(0.5, 0.6, 0.7001), new), PROVINCES)) == found


def test_nothing_is_said_of_a_merged_province_with_a_member_unknown():
    new = dict(geography="34", province_code="25", score=0.9)
    assert audit.merger_mean(scores(*members(0.5, 0.6, float("nan")), new), PROVINCES).empty


def test_a_regional_mean_is_held_against_its_provinces_where_all_are_known():
    known = scores(*members(0.5, 0.6, 0.8))
    means = aggregates(dict(region="NMM", score=0.75), dict(region="VN", score=0.1), dict(region="RRD", score=0.1))
    row = only(audit.published_mean(known, means, PROVINCES))
    assert (row["key"], row["computed"]) == ("dti 2022 63 NMM overall paper", "0.7, the mean of 2 provinces")


def test_a_jump_without_a_break_is_found_and_with_one_is_not():
    means = [5.0, 5.1, 5.0, 5.2, 5.1, 5.0, 8.0, 8.1, 8.0]
    rows = scores(
        *(
            dict(edition=2010 + year, province_code=f"{code:02}", score=mean + 0.01 * code)
            for year, mean in enumerate(means)
            for code in range(63)
        )
    )
    breaks = pd.DataFrame(
        {"index": ["dti"], "component": ["overall"], "edition": [2016], "why": ["new set"], "source_id": [""]}
    )
    assert only(audit.series_jump(rows, breaks.head(0)))["key"] == "dti 2016 63 overall"
    assert audit.series_jump(rows, breaks).empty
    assert audit.series_jump(rows[rows["province_code"] < "40"], breaks.head(0)).empty, "too few provinces to tell"


# --- explanations


def test_an_explanation_fits_by_rule_and_pattern_the_first_first():
    found = pd.DataFrame(
        {
            "rule": ["rank_order", "rank_order", "shared_rank"],
            "key": ["dti 2020 63 67", "dti 2021 63 01", "dti 2020 63 67"],
        }
    )
    lines = pd.DataFrame(
        {
            "rule": "rank_order",
            "key": ["dti 2020 *", "dti *"],
            "explanation": ["a slip", "not known"],
            "explanation_vi": ["in sai", "chưa rõ"],
        }
    )
    assert audit.explained(found, lines)["explanation"].fillna("").tolist() == ["a slip", "not known", ""]


def test_an_error_unexplained_is_unsettled_and_fails_the_check(monkeypatch, capsys):
    rows = vnegov.table("audit").assign(explanation=None)
    assert len(audit.unsettled(rows)) == (rows["severity"] == "error").sum() > 0
    monkeypatch.setattr("vnegov.data.tables.table", lambda name: rows)
    assert cli.main(["check"]) == 1
    assert "errors neither corrected nor explained" in capsys.readouterr().out


# --- the figures as they are


@pytest.fixture(scope="module")
def rows():
    return vnegov.table("audit")


@pytest.mark.parametrize(
    ("rule", "key", "stated", "computed"),
    [
        ("stated_change", "agency_par 2017 63 26 Sở Thông tin và Truyền thông", "+4", "+3, from rank 4 to 1"),
        ("parts_sum", "63 26 portal * portal_business_items 2018*", "over 500 items", "555, the sum of 6 parts"),
        ("unit_mismatch", "63 26 province portal_users 2022*", "target 100000 users", "result 22196242 visits"),
        ("rank_order", "dti 2020 63 67 overall", "rank 54 with 0.3026", "rank 51 (14) has 0.2613"),
        ("corrected", "par_index 2018 63 22 overall *", "score 81", "score 89.06"),
    ],
)
def test_the_audit_holds(rows, rule, key, stated, computed):
    found = rows[(rows["rule"] == rule) & rows["key"].map(lambda found: fnmatchcase(found, key))]
    assert found[["stated", "computed"]].to_numpy().tolist() == [[stated, computed]]
    assert found["explanation"].notna().all()


@pytest.mark.parametrize("rule", ["rank_range", "numerator_above", "components_sum", "merger_mean", "published_mean"])
def test_these_rules_find_nothing(rows, rule):
    assert not (rows["rule"] == rule).any()


def test_the_check_is_clean_or_explained(capsys):
    assert cli.main(["check", "--all"]) == 0
    assert "0 errors neither corrected nor explained" in capsys.readouterr().out


def test_the_check_shows_five_of_a_rule_and_says_how_many_more(capsys):
    assert cli.main(["check", "--severity", "warning"]) == 0
    told = capsys.readouterr().out
    assert "and 3 more" in told
    assert not any(line.startswith("error  ") for line in told.splitlines())


def test_every_conflict_has_its_finding(rows):
    table = vnegov.table("scores").query("conflict")
    keys = table[["index", "edition", "geography", "province_code", "component"]].astype("str").agg(" ".join, axis=1)
    told = rows[rows["rule"].isin(["sources_disagree", "stated_change"])]["key"]
    assert [key for key in keys if not told.str.startswith(key).any()] == []


def test_every_explanation_still_explains_something(rows):
    for line in definitions.lines("explanations").to_dict("records"):
        assert (rows["explanation"] == line["explanation"]).any(), f"{line['rule']} {line['key']} explains nothing now"


def test_every_part_and_target_is_a_defined_indicator():
    known = set(vnegov.table("indicators")["indicator"])
    parts, results = definitions.lines("parts"), definitions.lines("results")
    assert {*parts["total"], *parts["part"], *results["target"], *results["result"]} <= known


# --- what is known


def test_coverage_counts_provinces_with_a_score_and_with_a_rank():
    known = scores(dict(score=0.5), dict(province_code="01", rank=1), dict(component="security", score=1.0))
    assert audit.coverage_markdown(known).splitlines()[2] == "| 2022 | 1 / 1 |"


def test_the_readme_says_what_the_data_cover():
    text = codebook.README.read_text(encoding="utf-8")
    assert codebook.fill(text, "coverage", audit.coverage_markdown(vnegov.table("scores"))) == text
