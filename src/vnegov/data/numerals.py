"""Numbers as Vietnamese texts print them: "1.754" is one thousand seven hundred fifty-four, "0,5032" a score.

A number comes back with the digits it was printed with and the word that qualifies it ("trên 94%", "gần 800").
"""

import re
import unicodedata
from typing import NamedTuple

QUALIFIERS = {
    "over": ("trên", "hơn", "over", "more than"),
    "nearly": ("gần", "nearly", "almost"),
    "about": ("khoảng", "about", "around"),
    "under": ("dưới", "under", "below"),
}
_GROUPED = re.compile(r"[1-9]\d{0,2}(?:\.\d{3})+(?:,\d+)?")
_GROUPED_ENGLISH = re.compile(r"\d{1,3}(?:,\d{3}){2,}(?:\.\d+)?|\d{1,3}(?:,\d{3})+\.\d+")
_PLAIN = re.compile(r"\d+(?:,\d+)?")
_POINT = re.compile(r"0\.\d+|\d+\.(?:\d{1,2}|\d{4,})")


class NotANumber(ValueError):
    """A text that does not read as a number; the message holds it."""


class Numeral(NamedTuple):
    """A number, the decimals it was printed with, and its qualifier (exact, over, nearly, about, under)."""

    value: float
    decimals: int
    qualifier: str = "exact"


def parse(text: object) -> Numeral:
    """Read one printed number, or a number cell.

    A point before exactly three digits groups thousands, unless a lone zero stands before it; a comma is
    the decimal sign. A point before one, two or four and more digits is read as a decimal point.
    Raises `NotANumber`.
    """
    if isinstance(text, bool):
        raise NotANumber(f"{text!r} is not a number")
    if isinstance(text, int | float):
        digits = f"{text:.10f}".rstrip("0").partition(".")[2]
        return Numeral(float(text), len(digits))
    words = unicodedata.normalize("NFC", str(text)).replace("\u00a0", " ").replace("−", "-").strip().lower()
    qualifier = "exact"
    for name, prefixes in QUALIFIERS.items():
        for prefix in prefixes:
            if words.startswith(prefix + " "):
                qualifier, words = name, words.removeprefix(prefix).strip()
    sign = -1 if words.startswith("-") else 1
    body = words.lstrip("+-").removesuffix("%").strip()
    if _GROUPED.fullmatch(body) or _PLAIN.fullmatch(body):
        plain = body.replace(".", "").replace(",", ".")
    elif _GROUPED_ENGLISH.fullmatch(body):
        plain = body.replace(",", "")
    elif _POINT.fullmatch(body):
        plain = body
    else:
        raise NotANumber(f"{text!r} does not read as a number")
    return Numeral(sign * float(plain), len(plain.partition(".")[2]), qualifier)


def rank(text: object) -> int:
    """A rank as printed: 18, "18", "18/63", "thứ 18". Raises `NotANumber`."""
    if isinstance(text, float) and text.is_integer():
        text = int(text)
    found = re.fullmatch(r"(?:thứ\s*|hạng\s*)?(\d{1,3})(?:\s*/\s*\d+)?", str(text).strip().lower())
    if isinstance(text, bool) or not found or int(found[1]) == 0:
        raise NotANumber(f"{text!r} does not read as a rank")
    return int(found[1])


def score(text: object) -> Numeral:
    """A score as printed: no index reaches a thousand, so a point is a decimal sign, also before three digits."""
    return parse(re.sub(r"^(\d+)\.(\d+)$", r"\1,\2", text) if isinstance(text, str) else text)
