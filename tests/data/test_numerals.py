"""Numbers as Vietnamese texts print them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vnegov.data import numerals


@pytest.mark.parametrize(
    ("printed", "value", "decimals", "qualifier"),
    [
        ("1.754", 1754, 0, "exact"),
        ("22.196.242", 22196242, 0, "exact"),
        ("0,5032", 0.5032, 4, "exact"),
        ("91,47", 91.47, 2, "exact"),
        ("0.718", 0.718, 3, "exact"),
        ("37.6", 37.6, 1, "exact"),
        ("1.234,5", 1234.5, 1, "exact"),
        ("12,345,678", 12345678, 0, "exact"),
        ("trên 94%", 94, 0, "over"),
        ("gần 800", 800, 0, "nearly"),
        ("khoảng 80%", 80, 0, "about"),
        ("dưới 10%", 10, 0, "under"),
        ("hơn 8.000", 8000, 0, "over"),
        ("−0,96", -0.96, 2, "exact"),
        (0.6341, 0.6341, 4, "exact"),
        (63, 63, 0, "exact"),
    ],
)
def test_a_printed_number(printed, value, decimals, qualifier):
    assert numerals.parse(printed) == numerals.Numeral(value, decimals, qualifier)


@pytest.mark.parametrize("text", ["", "hàng trăm", "1.2.3", "0.123.456", "12,34,5", "1 754x", True, None, "nan", "1e5"])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(numerals.NotANumber):
        numerals.parse(text)


@given(st.integers(0, 10**12))
def test_thousands_read_back(number):
    assert numerals.parse(f"{number:,}".replace(",", ".")).value == number


@given(st.integers(0, 10**6), st.integers(1, 6))
def test_a_decimal_comma_reads_back(digits, decimals):
    text = f"{digits / 10**decimals:.{decimals}f}"
    assert numerals.parse(text.replace(".", ",")) == numerals.Numeral(float(text), decimals)


@pytest.mark.parametrize(("printed", "rank"), [("18/63", 18), ("thứ 18", 18), (18, 18), (18.0, 18), ("hạng 5", 5)])
def test_a_printed_rank(printed, rank):
    assert numerals.rank(printed) == rank


@pytest.mark.parametrize("text", ["0", "đầu bảng", "1,5", 1.5, True, "1000"])
def test_what_is_no_rank_is_refused(text):
    with pytest.raises(numerals.NotANumber):
        numerals.rank(text)
