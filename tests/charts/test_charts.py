"""Charts: what they compute, what they draw, what they say, and the files that they leave."""

import csv
import re
import unicodedata

import numpy as np
import pandas as pd
import pytest
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.text import Text
from PIL import Image

import vnegov
from vnegov import charts
from vnegov.charts import canvas, components, facts, labels, positions, services, style, targets, trajectories
from vnegov.errors import UnknownProvince, UnknownYear

ALL = [positions, trajectories, components, services, targets]
CASES = [
    ("Vĩnh Phúc", 2018, None),
    ("Tiền Giang", 2019, None),
    ("Hà Nội", 2023, None),
    ("Bắc Kạn", 2012, None),
    ("Quảng Ninh", 2021, None),
    ("Đồng Tháp", 2024, "63"),
    ("Đồng Tháp", 2024, "34"),
]


def drawn(chart, case):
    with style.house():
        return chart.draw(chart.compute(case), case).figure


def words(figure):
    return [text.get_text() for text in figure.findobj(Text) if text.get_text() and text.get_visible()]


@pytest.mark.parametrize("lang", ["en", "vi"])
@pytest.mark.parametrize(("province", "year", "geography"), CASES)
@pytest.mark.parametrize("chart", ALL, ids=lambda chart: chart.NAME)
def test_a_chart_names_its_subject_and_sources_and_is_tidy(look, chart, province, year, geography, lang):
    case = vnegov.case(province, year, lang, geography)
    told = look(chart, case)
    if told is not None:
        assert case.province in " ".join(told)
        assert labels.text(lang, "sources.label") in " ".join(told)


@pytest.mark.parametrize(("province", "geography"), [("Bình Thuận", "63"), ("Quảng Ninh", "34"), ("52", "34")])
def test_counts_that_lie_close_are_told_apart(look, province, geography):
    assert look(services, vnegov.case(province, 2024, "vi", geography))


def test_positions_tell_rank_n_and_the_rank_before():
    data = positions.compute(vnegov.case("Vĩnh Phúc", 2018)).set_index("index")
    assert data.loc["ict_index", ["rank", "n_units", "previous_rank"]].tolist() == [18, 63, 18]
    assert data.loc["sipas", ["rank", "previous_rank"]].tolist() == [13, 1]
    assert data["position"].dropna().is_monotonic_increasing


def test_a_rank_is_not_given_where_scores_are_missing():
    data = positions.compute(vnegov.case("Vĩnh Phúc", 2018)).set_index("index")
    assert pd.isna(data.loc["papi", "rank"])
    assert data.loc["papi", "known"] == 61


def test_the_province_missing_at_source_is_left_out():
    assert "papi" not in set(positions.compute(vnegov.case("Quảng Ninh", 2021))["index"])


def test_a_path_breaks_where_the_method_changed_and_partial_indices_are_told_by_rank():
    data = trajectories.compute(vnegov.case("Tiền Giang", 2019))
    papi = data[data["index"] == "papi"].set_index("edition")
    assert papi.loc[2018, "segment"] > papi.loc[2017, "segment"]
    for index, rows in data.groupby("index"):
        assert (rows["measure"] == "rank").all() == (index in ("ict_index", "par_index", "sipas", "egov_mic"))
    assert data[data["measure"] == "rank"][["median", "leader"]].isna().all(axis=None)


def test_median_and_leader_are_those_of_all_provinces():
    row = trajectories.compute(vnegov.case("Vĩnh Phúc", 2022)).set_index(["index", "edition"]).loc[("dti", 2022)]
    scores = vnegov.table("scores")
    dti = scores[(scores["index"] == "dti") & (scores["edition"] == 2022) & (scores["component"] == "overall")]
    assert row["median"] == np.median(dti["score"])
    assert (row["leader"], row["leader_code"]) == (0.8002, "48")


def test_components_stand_between_the_lowest_and_the_best():
    data = components.compute(vnegov.case("Hà Nội", 2023))
    assert set(data[data["index"] == "papi"]["component"]) == {f"D{i}" for i in range(1, 9)}
    assert (data["low"] <= data["score"]).all()
    assert (data["score"] <= data["best"]).all()
    assert (data["known"] >= 0.9 * data["n_units"]).all()


def test_services_keep_their_regimes_and_qualifiers_apart():
    data = services.compute(vnegov.case("Vĩnh Phúc", 2022))
    assert data.groupby("indicator")["regime"].nunique().max() == 1
    level34 = data[data["indicator"] == "services_level34"]
    assert {(8, "exact"), (369, "exact"), (800, "nearly")} <= set(
        zip(level34["value"], level34["qualifier"], strict=True)
    )
    case = vnegov.case("Vĩnh Phúc", 2022)
    figure = drawn(services, case)
    assert "nearly 800" in words(figure)
    joined = [line for line in figure.axes[0].get_lines() if line.get_linestyle() == "-"]
    assert len(joined) == data["indicator"].nunique()  # a line joins one indicator, so one regime


def test_a_target_in_users_is_not_met_by_visits():
    data = targets.compute(vnegov.case("Vĩnh Phúc", 2022)).set_index("indicator")
    assert pd.isna(data.loc["portal_users", "result"])


def test_a_target_rank_is_held_against_the_rank():
    data = targets.compute(vnegov.case("Vĩnh Phúc", 2022))
    dti = data[(data["indicator"] == "target_rank_dx") & (data["due"].str[:4] == "2022")].iloc[0]
    assert (dti["target"], dti["result"], dti["gap"]) == (20, 18, 2)


def test_every_figure_of_the_year_is_listed_with_its_qualifier_ratio_and_source():
    case = vnegov.case("Vĩnh Phúc", 2019)
    text = facts.markdown(facts.compute(case), case)
    assert "252,856/314,984 = 80.3%" in text
    assert "over 94%" in text
    assert "](http" in text


def test_nothing_published_is_said_in_a_sentence_and_no_file_is_left(tmp_path, monkeypatch):
    monkeypatch.setenv("VNEGOV_OUTPUT", str(tmp_path))
    case = vnegov.case("Bắc Kạn", 2012)
    charts.show(targets, case)
    assert targets.describe(targets.compute(case), case) == "No published target of Bắc Kạn has been found."
    assert not list(tmp_path.rglob("*.*"))


def test_a_shown_chart_leaves_four_files_the_same_from_run_to_run(tmp_path, monkeypatch):
    case = vnegov.case("Vĩnh Phúc", 2018, "vi")
    left = []
    for run in ("first", "second"):
        monkeypatch.setenv("VNEGOV_OUTPUT", str(tmp_path / run))
        charts.show(positions, case)
        files = sorted((tmp_path / run).rglob("*.*"))
        assert [f.suffix for f in files] == [".csv", ".png", ".svg", ".txt"]
        left.append([f.read_bytes() for f in files])
    assert left[0] == left[1]
    twin = list(csv.DictReader(files[0].read_text(encoding="utf-8").splitlines()))
    assert twin[0]["index"] == "sipas"
    with Image.open(files[1]) as picture:
        assert picture.width == round(style.WIDTH * style.RASTER_DPI)
        assert "Vĩnh Phúc" in picture.info["Description"]
    assert files[3].read_text(encoding="utf-8").startswith("Trong")


@pytest.mark.parametrize("table", ["provinces", "indices", "components", "indicators", "sources", "agencies"])
def test_the_font_has_every_letter_of_every_name(table):
    glyphs = set(get_font(findfont(FontProperties(family="DejaVu Sans"))).get_charmap())
    rows = vnegov.table(table)
    columns = [c for c in ("name_vi", "name_en", "publisher", "agency", "group") if c in rows]
    letters = {
        letter for column in columns for name in rows[column].dropna() for letter in unicodedata.normalize("NFC", name)
    }
    assert {letter for letter in letters if ord(letter) not in glyphs} == set()


def test_a_case_names_all_its_faults_at_once():
    with pytest.raises(UnknownProvince, match=r"(?s)Vĩnh Phúc.*1890.*2005"):
        vnegov.case("Vinh Fuc", 1890)
    with pytest.raises(UnknownYear, match="nearest: 2005"):
        vnegov.case("Vĩnh Phúc", 1890)


@pytest.mark.parametrize(("lang", "expected"), [("en", "nearly 1,754.5 services"), ("vi", "gần 1.754,5 dịch vụ")])
def test_figures_are_told_in_the_language(lang, expected):
    assert labels.qualified(1754.5, "nearly", lang, "services") == expected


def test_labels_are_spread_without_changing_their_order():
    assert canvas.spread([5, 5, 5.1], 1, 0, 10) == pytest.approx([5, 6, 7])
    assert canvas.spread([10, 9.9], 1, 0, 10) == pytest.approx([10, 9])


def test_both_languages_say_the_same_things_about_the_same_names():
    for section, entries in labels._texts().items():
        for key, wordings in entries.items():
            assert set(wordings) == {"en", "vi"}, f"{section}.{key}"
            english, vietnamese = (sorted(re.findall(r"{\w*}", wordings[lang])) for lang in ("en", "vi"))
            assert english == vietnamese, f"{section}.{key}"
