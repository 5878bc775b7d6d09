"""Charts of use: dossiers, peers, ranks against use, agreement, offices; what they compute, draw and say."""

import io

import pandas as pd
import pytest
from IPython.display import Markdown
from PIL import Image
from scipy import stats

import vnegov
from vnegov import explore
from vnegov.charts import Shown, adoption, agencies, agreement, editions, funnel, labels, rulers, scatter, style, tasks
from vnegov.data.case import Case
from vnegov.errors import UnknownYear

OF_A_PROVINCE = [funnel, adoption, agencies, tasks]
OF_A_YEAR = [scatter, agreement]
PROVINCES = [
    ("Vĩnh Phúc", 2018, None),
    ("Vĩnh Phúc", 2022, None),
    ("Tiền Giang", 2019, None),
    ("Tiền Giang", 2020, None),
    ("Tuyên Quang", 2022, None),
    ("Hà Nội", 2023, None),
    ("Bắc Kạn", 2012, None),
    ("Quảng Ninh", 2021, None),
    ("Đồng Tháp", 2024, "63"),
    ("Đồng Tháp", 2024, "34"),
    ("Ninh Bình", 2025, None),
]
CASES = [(chart, case) for chart in OF_A_PROVINCE for case in PROVINCES]
CASES += [(chart, (year,)) for chart in OF_A_YEAR for year in (2010, 2012, 2018, 2022, 2023, 2024, 2025)]


def asked(case, lang):
    return vnegov.case(case[0], case[1], lang, case[2]) if len(case) == 3 else vnegov.year_case(*case, lang)


@pytest.mark.parametrize("lang", ["en", "vi"])
@pytest.mark.parametrize(("chart", "case"), CASES, ids=lambda value: getattr(value, "NAME", value))
def test_a_chart_names_its_sources_and_is_tidy(look, chart, case, lang):
    told = look(chart, asked(case, lang))
    assert told is None or labels.text(lang, "sources.label") in " ".join(told)


def test_a_share_has_the_counts_that_its_source_printed_and_an_interval_only_then():
    data = funnel.compute(vnegov.case("Vĩnh Phúc", 2019))
    whole = data[data["scope"] == "province"].set_index("indicator")
    assert list(whole.index) == ["dossiers_received", "dossiers_settled", "share_on_time"]
    settled = whole.loc["dossiers_settled"]
    assert (settled["numerator"], settled["denominator"]) == (252856, 314984)
    assert settled["share"] == pytest.approx(80.28, abs=0.005)
    low, high = stats.binomtest(252856, 314984).proportion_ci(method="wilson")
    assert settled[["low", "high"]].tolist() == pytest.approx([100 * low, 100 * high])
    assert whole.loc["share_on_time", ["value", "qualifier"]].tolist() == [94, "over"]
    assert pd.isna(whole.loc["share_on_time", "low"])


def test_a_count_that_is_not_exact_has_no_interval():
    data = funnel.compute(vnegov.case("Quảng Ninh", 2020))
    assert data["qualifier"].tolist() == ["nearly"]
    assert data["share"].tolist() == pytest.approx([100 * 75800 / 166200])
    assert data["low"].isna().all()


def test_qualifiers_stand_in_the_chart_and_in_the_sentence(look):
    for lang, word in (("en", "over 94%"), ("vi", "trên 94%")):
        case = vnegov.case("Vĩnh Phúc", 2019, lang)
        assert word in look(funnel, case)
        assert word in funnel.describe(funnel.compute(case), case)


def test_tasks_done_are_told_of_tasks_given():
    case = vnegov.case("Vĩnh Phúc", 2022)
    data = tasks.compute(case)
    done = data[data["indicator"] == "tasks_done"].set_index("agency")
    assert done.loc["Sở Thông tin và Truyền thông", ["numerator", "denominator"]].tolist() == [26, 29]
    assert "tasks_assigned" not in set(data["indicator"])
    assert "89.7% of 29" in tasks.describe(data, case)


def test_peers_have_the_same_measure_and_level_within_a_year():
    data = adoption.compute(vnegov.case("Vĩnh Phúc", 2024))
    own = data[data["whose"] == "own"].set_index(["indicator", "scope"])
    assert own.loc[("share_full_online", "province"), ["value", "qualifier"]].tolist() == [10, "under"]
    for row in data[data["whose"] == "peer"].itertuples():
        mine = own.loc[(row.indicator, row.scope)]
        assert abs(int(row.period_end[:4]) - int(mine["period_end"][:4])) <= adoption.NEAR
    peers = data[(data["whose"] == "peer") & (data["indicator"] == "share_full_online")]
    assert {"35", "36", "01"} <= set(peers["province_code"])
    assert (data.groupby("indicator")["unit"].nunique() == 1).all()


def test_where_no_peer_has_published_a_measure_it_is_said(look):
    case = vnegov.case("Vĩnh Phúc", 2019)
    told = look(adoption, case)
    assert sum(text.startswith("No peer has published it.") for text in told) == 6
    assert "with a peer's figure beside it: 0" in adoption.describe(adoption.compute(case), case)


def test_ranks_that_are_not_known_are_marked_and_unranked_offices_come_last(look):
    case = vnegov.case("Hà Nội", 2023)
    data = agencies.compute(case)
    districts = data[data["group"] == "UBND cấp huyện"]
    assert districts["rank"].tolist()[:2] == [1, 4]
    assert districts["skipped"].tolist() == [0, 2, 0, 0, 0]
    assert "rank 2–3: not known" in look(agencies, case)
    assert agencies.describe(data, case).endswith("not known: 2.")


def test_an_office_without_a_score_is_shown_by_its_rank(look):
    told = look(agencies, vnegov.case("Tuyên Quang", 2022))
    assert told.count("no score published") == 4


def test_years_with_a_ranking_of_offices_are_named_where_this_one_has_none():
    case = vnegov.case("Tiền Giang", 2019)
    assert "known years: 2020" in agencies.describe(agencies.compute(case), case)


def test_a_partial_index_is_refused_and_papi_counts_over_the_provinces_it_published():
    whole, partial = scatter.standings(2022)
    assert set(whole["index"]) == {"dti", "papi", "pci", "svc766"}
    assert set(partial["index"]) == {"ict_index", "par_index", "sipas"}
    old = whole[whole["geography"] == "63"]
    assert old.groupby("index")["province_code"].nunique().to_dict() == {"dti": 63, "papi": 61, "pci": 63}
    assert "PAR INDEX (26 of 63 scores)" in scatter.left_out(vnegov.year_case(2022))


def test_an_index_known_for_the_first_ones_only_is_refused():
    assert "egov_mic" in set(scatter.standings(2017)[1]["index"])  # ranks 1 to 53, the rest cut off


def test_a_correlation_is_that_of_the_provinces_with_both_figures():
    case = vnegov.year_case(2022)
    data = scatter.compute(case)
    pair = data[(data["measure"] == "share_online_level34_of_settled") & (data["index"] == "dti")]
    assert len(pair) == pair["n"].iloc[0] == 10
    assert pair["statistic"].iloc[0] == pytest.approx(stats.spearmanr(pair["score"], pair["value"]).statistic)
    assert (pair["low"] <= pair["statistic"]).all() and (pair["statistic"] <= pair["high"]).all()
    assert data.groupby(scatter.PAIR).size().min() >= scatter.FEWEST


def test_an_index_is_not_held_against_its_own_parts():
    for year in (2022, 2024):
        data = scatter.pairs(year)
        assert not (data["measure"].str.startswith("svc766") & (data["index"] == "svc766")).any()


def test_shares_of_counts_are_worked_out_from_one_day():
    data = scatter.measures(2025)
    row = data[(data["measure"] == "share_full_of_eligible") & (data["province_code"] == "82")].iloc[0]
    assert row["value"] == pytest.approx(100 * 1013 / 1087)


def test_a_year_that_cannot_be_answered_says_why():
    case = vnegov.year_case(2020)
    assert scatter.compute(case).empty
    assert "cannot be answered" in scatter.describe(scatter.compute(case), case)
    assert "n = 2" in scatter.refused(case)


def test_agreement_holds_each_pair_once_and_carries_what_is_not_published_for_the_34():
    data = agreement.compute(vnegov.year_case(2022)).set_index(["index_a", "index_b"])
    assert len(data) == 6
    assert data.loc[("dti", "pci"), ["geography", "n"]].tolist() == ["63", 63]
    assert data.loc[("papi", "pci"), "n"] == 61
    assert data.loc[("dti", "svc766"), ["geography", "n"]].tolist() == ["34", 34]
    assert data["reason"].eq("").all()


def test_tops_and_all_orders_together_are_told_where_they_can_be():
    def told(year: int) -> str:
        case = vnegov.year_case(year)
        return agreement.describe(agreement.compute(case), case)

    dti, pci = (vnegov.edition_case(index, 2022) for index in ("dti", "pci"))
    tops = [set(editions.standings(case).nlargest(10, "score")["province_code"]) for case in (dti, pci)]
    assert f"Of the first ten provinces of the closest two, {len(tops[0] & tops[1])} are the same" in told(2022)
    assert "Over the 61 provinces that all 3 indices of the 63 cover" in told(2022)
    assert "Kendall" not in told(2019)  # two indices: W would say no more than their correlation


def test_dossiers_of_a_whole_year_are_told_per_head():
    def told(year: int) -> str:
        case = vnegov.case("Vĩnh Phúc", year)
        return funnel.describe(funnel.compute(case), case)

    people = vnegov.table("population").query("geography == '63' and province_code == '26' and year == 2019")
    count = round(314_984 / people["population_thousand"].item())
    assert f"Received: {count} dossiers for every 1,000 people." in told(2019)
    assert "every 1,000 people" not in told(2018)  # a centre's, of a part of the year


def test_with_one_whole_index_there_is_nothing_to_agree():
    case = vnegov.year_case(2010, "vi")
    data = agreement.compute(case)
    assert data.empty
    assert "không có hai chỉ số" in agreement.describe(data, case)


def test_a_year_is_checked_as_a_case_is():
    with pytest.raises(UnknownYear, match="nearest: 2005"):
        vnegov.year_case(1890)


def test_a_hollow_dot_is_no_exact_figure():
    with style.house():
        ax = rulers.draw([("A", "", [rulers.Ruler("x", "over 1%", at=0.01, exact=False)])], ("t", "s", "q"))
    assert ax.get_lines()[-1].get_markerfacecolor() == "white"


def test_the_panel_follows_every_choice(monkeypatch):
    seen = []
    monkeypatch.setattr(explore, "pictures", lambda asked, index: seen.append((asked, index)) or [])
    lang, place, index, year, _ = explore.panel().children
    assert seen[-1] == (explore.FIRST, None)
    lang.value, place.value, index.value, year.value = "vi", ("82", "34"), "dti", 2024
    assert seen[-1] == (Case("82", "34", 2024, "vi"), "dti")
    assert place.description == "Tỉnh"


def test_explore_shows_pictures_or_sentences_and_is_not_live_in_a_background_run(monkeypatch):
    told = explore.pictures(vnegov.case("Vĩnh Phúc", 2022), "dti")
    findings = [one.data for one in told if isinstance(one, Markdown)]
    assert len(findings) == len(explore.CHARTS)
    assert all(finding.endswith(".") for finding in findings)
    for shown in (one for one in told if isinstance(one, Shown)):
        assert Image.open(io.BytesIO(shown.png)).width == round(style.WIDTH * style.RASTER_DPI)
    nothing = explore.pictures(vnegov.case("Bắc Kạn", 2012), "svc766")
    assert sum(isinstance(one, Shown) for one in nothing) == 1  # its places that year, in other indices
    expected = "Service index 766: nothing to show here of Bắc Kạn for 2012."
    assert expected in [one.data for one in nothing if isinstance(one, Markdown)]
    assert not explore.live()
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5.8")
    assert explore.live()
