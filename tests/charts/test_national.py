"""The national charts: one edition of an index over all provinces, and over the merger of 2025."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

import vnegov
from vnegov.charts import distribution, editions, intervals, labels, merger, movers, style, tilemap
from vnegov.errors import UnknownIndex, UnknownProvince, UnknownYear
from vnegov.metrics import geography

ALL = [tilemap, distribution, movers, intervals, merger]
EDITIONS = [
    ("dti", 2023, None),
    ("dti", 2024, None),
    ("dti", 2024, "34"),
    ("papi", 2021, None),
    ("svc766", 2024, None),
    ("par_index", 2023, None),
    ("ict_index", 2013, None),
    ("egov_mic", 2009, None),
]


def words(figure):
    return [text.get_text() for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]


@pytest.mark.parametrize("lang", ["en", "vi"])
@pytest.mark.parametrize(("index", "edition", "geography"), EDITIONS)
@pytest.mark.parametrize("chart", ALL, ids=lambda chart: chart.NAME)
def test_every_edition_is_drawn_inside_its_frame_without_overlaps_or_told_in_a_sentence(
    look, chart, index, edition, geography, lang
):
    told = look(chart, vnegov.edition_case(index, edition, lang, geography))
    assert told is None or labels.index_name(index, lang) in " ".join(told)


def test_the_simple_mean_of_the_members_is_the_published_dti_2024_of_the_34_to_rounding():
    scores = vnegov.table("scores")
    dti = scores[(scores["index"] == "dti") & (scores["edition"] == 2024)]
    table = geography.compare_34(geography.to_34(dti), dti)
    activities = {"gov_activity", "economy_activity", "society_activity", "infrastructure"}
    assert table.groupby("component").size().to_dict() == dict.fromkeys({"overall", *activities}, 34)
    assert table["score_difference"].abs().max() < 1e-4  # the members' scores are rounded themselves
    assert (table["rank_difference"] == 0).all()


def test_the_merger_joins_each_province_to_the_one_that_it_became_part_of():
    data = merger.compute(vnegov.edition_case("dti", 2024))
    assert (len(data), data["new_code"].nunique()) == (63, 34)
    new = data[data["new_province"] == "Phú Thọ"]
    assert set(new["province"]) == {"Vĩnh Phúc", "Phú Thọ", "Hòa Bình"}
    assert new["score_carried"].unique() == pytest.approx([new["score"].mean()])
    assert data["rank_carried"].is_monotonic_increasing


@pytest.mark.parametrize(
    ("index", "edition", "says"),
    [
        ("papi", 2021, "has the scores of 60 of 63 provinces"),
        ("svc766", 2024, "not published for the 63"),
        ("dti", 2022, "No table of the 34 is published"),
        ("dti", 2024, "0 of 34 ranks"),
    ],
)
def test_what_the_merger_cannot_tell_is_said(index, edition, says):
    case = vnegov.edition_case(index, edition)
    assert says in merger.describe(merger.compute(case), case)


def test_a_member_that_is_not_known_leaves_the_new_province_without_a_mean():
    case = vnegov.edition_case("papi", 2021)
    data = merger.members(case).set_index("province")
    assert len(data) == 63 and data["rank_carried"].isna().all()
    assert pd.isna(data.loc["Quảng Ninh", "score_carried"])
    assert data.loc["Hà Nội", "score_carried"] == data.loc["Hà Nội", "score"]
    lines = merger.markdown(merger.members(case), case).splitlines()
    assert "| Quảng Ninh | Quảng Ninh (–) | – |" in lines and len(lines) == 36


def test_movers_are_told_with_both_ranks_and_never_across_a_break():
    data = movers.compute(vnegov.edition_case("dti", 2023))
    first = data.iloc[0]
    assert (first["province"], first["rank_before"], first["rank"], first["rank_change"]) == ("Cà Mau", 58, 35, 23)
    assert data["rank_change"].is_monotonic_decreasing
    broken = vnegov.edition_case("dti", 2022)
    assert movers.compute(broken).empty
    assert "the method changed" in movers.describe(movers.compute(broken), broken)


def test_the_whole_table_is_in_order_and_tells_ties_and_changes():
    case = vnegov.edition_case("dti", 2023)
    data = distribution.compute(case)
    assert len(data) == 63 and data["rank"].is_monotonic_increasing
    lines = distribution.markdown(data, case).splitlines()
    assert lines[0].startswith("| Province | Rank | Score | Places gained on 2022 | Score change on 2022 |")
    assert len(lines) == 65
    assert "| Cà Mau | 35 |" in "\n".join(lines) and "| +23 |" in "\n".join(lines)
    assert "gained" not in distribution.markdown(distribution.compute(vnegov.edition_case("dti", 2022)), case)


def test_regions_have_a_mean_only_where_every_province_is_known():
    case = vnegov.edition_case("papi", 2021)
    with style.house():
        told = words(distribution.draw(distribution.compute(case), case).figure)
    assert "n\u00a0= 9 of 11" in told and "mean 43.43, n\u00a0= 14" in told


@pytest.mark.parametrize(("index", "edition"), [("par_index", 2023), ("sipas", 2019), ("dti", 2020)])
def test_a_partial_index_is_never_summarised_as_if_whole(index, edition):
    case = vnegov.edition_case(index, edition)
    data = distribution.compute(case)
    with style.house():
        told = " ".join(words(distribution.draw(data, case).figure))
    finding = distribution.describe(data, case)
    assert "not a random sample" in finding and "not a random sample" in told.replace("\n", " ")
    assert "mean" not in told and "median" not in told and "median" not in finding


@pytest.mark.parametrize(("code", "size"), [("63", 63), ("34", 34)])
def test_tiles_lie_apart_and_neighbours_of_the_map_near_each_other(code, size):
    places = vnegov.table("provinces").query("geography == @code").set_index("name_vi")
    assert len(places[["tile_row", "tile_col"]].drop_duplicates()) == size
    near = [("Hà Nội", "Phú Thọ"), ("Hà Nội", "Bắc Ninh"), ("Quảng Ninh", "Hải Phòng"), ("Đồng Nai", "Lâm Đồng")]
    near += [("Khánh Hòa", "Lâm Đồng"), ("Thanh Hóa", "Nghệ An"), ("Cà Mau", "Cần Thơ")][: 2 + (code == "34")]
    for one, other in near:
        gap = (places.loc[one, ["tile_row", "tile_col"]] - places.loc[other, ["tile_row", "tile_col"]]).abs()
        assert gap.max() == 1, (one, other)
    row = places.groupby("tile_row")["tile_col"].max()
    assert (places.loc[["Đà Nẵng", "Khánh Hòa"]].set_index("tile_row")["tile_col"].eq(row)).dropna().any()


@pytest.mark.parametrize("lang", ["en", "vi"])
def test_the_map_shows_unknown_provinces_hatched_and_both_archipelagos(lang):
    case = vnegov.edition_case("par_index", 2023, lang)
    data = tilemap.compute(case)
    with style.house():
        ax = tilemap.draw(data, case)
    assert len(data) == 63
    assert sum(patch.get_hatch() is not None for patch in ax.patches) == data["source_ids"].isna().sum()
    told = words(ax.figure)
    assert labels.text(lang, "tilemap.unknown") in told
    assert "Hoàng Sa\n(Đà Nẵng)" in told and "Trường Sa\n(Khánh Hòa)" in told


def test_intervals_hold_the_median_and_say_how_much_of_the_index_they_are_built_from():
    case = vnegov.edition_case("dti", 2022)
    data = intervals.compute(case)
    assert (data["low"] <= data["median"]).all() and (data["median"] <= data["high"]).all()
    assert data[["used", "of"]].drop_duplicates().to_numpy().tolist() == [[4, 8]]
    assert "only a part of the published index" in intervals.describe(data, case)
    whole = vnegov.edition_case("dti", 2024, geography="34")
    assert "only a part" not in intervals.describe(intervals.compute(whole), whole)


@pytest.mark.parametrize(
    ("index", "edition", "n"), [("papi", 2024, 8), ("papi", 2012, 6), ("pci", 2016, 10), ("svc766", 2023, 5)]
)
def test_an_index_is_rebuilt_from_its_main_components(index, edition, n):
    values, tree, of = intervals.components(vnegov.edition_case(index, edition))
    assert (values.shape[1], len(tree), of) == (n, n, n)
    assert values.notna().all(axis=None)


def test_an_index_without_components_is_not_rebuilt():
    case = vnegov.edition_case("pci", 2020)
    assert intervals.compute(case).empty and intervals.markdown(case) == ""
    assert "cannot be rebuilt" in intervals.describe(intervals.compute(case), case)


@pytest.mark.parametrize(("index", "edition"), [("dti", 2022), ("papi", 2021), ("egov_mic", 2017), ("svc766", 2023)])
def test_dots_of_a_swarm_do_not_overlap(index, edition):
    case = vnegov.edition_case(index, edition)
    with style.house():
        ax = distribution.draw(distribution.compute(case), case)
        ax.figure.canvas.draw()
    size = 5.8 * ax.figure.dpi / 72
    dots = np.vstack([ax.transData.transform(dots.get_offsets()) for dots in ax.collections])
    distance = np.linalg.norm(dots[:, None] - dots[None], axis=2)
    assert distance[np.triu_indices(len(dots), 1)].min() > 0.9 * size


def test_figures_of_a_column_have_the_same_decimals():
    assert editions.figures(pd.Series([0.5, 0.1234, None]), "vi") == ["0,5000", "0,1234", "–"]
    assert editions.figures(pd.Series([3, -12, 0], dtype="Int64"), "en", signed=True) == ["+3", "−12", "0"]


def test_an_edition_case_names_all_its_faults_at_once_and_finds_its_geography():
    with pytest.raises(UnknownIndex, match=r"(?s)'dtii'; nearest: dti.*1990.*nearest: 2005.*'35'.*'fr'"):
        vnegov.edition_case("dtii", 1990, "fr", "35")
    with pytest.raises(UnknownYear, match="dti has no edition 2019; nearest: 2020, 2021, 2022"):
        vnegov.edition_case("dti", 2019)
    with pytest.raises(UnknownProvince, match="not published of dti 2022; use 63"):
        vnegov.edition_case("dti", 2022, geography="34")
    folders = [vnegov.edition_case(*asked).folder for asked in (("dti", 2022), ("svc766", "2024", "vi"))]
    assert folders == ["dti/2022/en", "svc766-34/2024/vi"]
    assert vnegov.edition_case("dti", 2024, geography="34").folder == "dti-34/2024/en"
