"""Names of provinces, as people and publishers write them."""

import unicodedata

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vnegov.data import provinces
from vnegov.errors import UnknownProvince

CODES_63 = sorted(provinces.names("63"))


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("TP HCM", "79"), ("TP. Hồ Chí Minh", "79"), ("HCMC", "79"), ("Ho Chi Minh City", "79"), ("Sài Gòn", "79"),
        ("Bà Rịa – Vũng Tàu", "77"), ("Bà Rịa-Vũng Tàu", "77"), ("Bà Rịa–Vũng Tàu", "77"), ("BRVT", "77"),
        ("Đắk Lắk", "66"), ("Đăk Lăk", "66"), ("Dak Lak", "66"), ("Hòa Bình", "17"), ("Hoà Bình", "17"),
        ("TT-Hue", "46"), ("TP. Huế", "46"), ("Thừa Thiên - Huế", "46"), ("tỉnh Gia Lai", "64"), ("Hanoi", "01"),
        ("01", "01"), (1, "01"), (82, "82"), (82.0, "82"), ("ĐÀ NẴNG", "48"), ("  vinh   phuc ", "26"),
    ],
)  # fmt: skip
def test_a_province_is_known_in_every_spelling(written, code):
    assert provinces.resolve(written) == code


@pytest.mark.parametrize("geography", provinces.GEOGRAPHIES)
def test_every_official_name_means_exactly_one_province_in_nfc_and_nfd(geography):
    for code, row in provinces.names(geography).items():
        for name in (row["name_vi"], row["name_en"]):
            assert provinces.resolve(name, geography) == code
            assert provinces.resolve(unicodedata.normalize("NFD", name), geography) == code
    names = [provinces.key(row["name_vi"]) for row in provinces.names(geography).values()]
    assert len(set(names)) == len(names) == int(geography)


def test_one_code_can_mean_two_provinces():
    assert provinces.names("63")["82"]["name_vi"] == "Tiền Giang"
    assert provinces.names("34")["82"]["name_vi"] == "Đồng Tháp"


def test_the_merger_takes_52_provinces_into_23_and_leaves_11():
    members = pd.Series(provinces.successors()).value_counts()
    assert len(members) == 34
    assert (members > 1).sum() == 23
    assert members[members > 1].sum() == 52


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(UnknownProvince, match=r"'Vinh Fuc'.*Vĩnh Phúc \(26\)"):
        provinces.resolve("Vinh Fuc")


def test_a_merged_province_is_refused_with_its_successor():
    with pytest.raises(UnknownProvince, match="became part of Phú Thọ on 1 July 2025"):
        provinces.resolve("Vĩnh Phúc", "34")


def test_all_unknown_names_are_named_at_once():
    with pytest.raises(UnknownProvince) as error:
        provinces.standardize(["Hà Nội", "Atlantis", "Vinh Fuc"])
    assert "Atlantis" in str(error.value)
    assert "Vinh Fuc" in str(error.value)
    assert "Hà Nội" not in str(error.value).replace("nearest", "").split("'Atlantis'")[0]


@pytest.mark.parametrize("nothing", ["", "  ", "99", "999", None, True, float("nan"), 0, -1, 3])
def test_what_is_no_province_is_refused(nothing):
    with pytest.raises(UnknownProvince):
        provinces.resolve(nothing)


def test_standardize_keeps_order_and_index():
    names = pd.Series(["Cà Mau", "An Giang", "Cà Mau"], index=[7, 3, 5])
    assert provinces.standardize(names).to_dict() == {7: "96", 3: "89", 5: "96"}
    assert provinces.standardize(["An Giang"], geography="34").tolist() == ["91"]


@given(
    st.sampled_from(CODES_63),
    st.sampled_from([str.upper, str.lower, str.title]),
    st.sampled_from(["", "Tỉnh ", "TP. "]),
)
def test_case_and_prefixes_do_not_matter(code, change, prefix):
    assert provinces.resolve(prefix + change(provinces.names("63")[code]["name_vi"])) == code


@given(st.text(max_size=30))
def test_any_text_is_a_province_or_refused_by_name(text):
    try:
        assert provinces.resolve(text) in CODES_63
    except UnknownProvince as error:
        assert "nearest" in str(error)


def test_a_slug_is_a_plain_file_name():
    assert provinces.slug("77", "63") == "ba-ria-vung-tau"
    assert provinces.slug("79", "34") == "ho-chi-minh"
