"""Numbers as Vietnamese texts print them: "1.754" is one thousand seven hundred fifty-four, "0,5032" a score.

A number comes back with the digits it was printed with and the word that qualifies it ("trên 94%", "gần 800").
"""

import re
import unicodedata
from typing import NamedTuple

QUALIFIERS = {
    "trên": "over", "hơn": "over", "over": "over", "more than": "over",
    "gần": "nearly", "nearly": "nearly", "almost": "nearly",
    "khoảng": "about", "about": "about", "around": "about",
    "dưới": "under", "under": "under", "below": "under",
}  # fmt: skip
_QUALIFIED = re.compile(rf"({'|'.join(QUALIFIERS)})\s+(.*)")
_VIETNAMESE = re.compile(r"[1-9]\d{0,2}(?:\.\d{3})+(?:,\d+)?|\d+(?:,\d+)?")
_ENGLISH = re.compile(r"\d{1,3}(?:,\d{3}){2,}(?:\.\d+)?|\d{1,3}(?:,\d{3})+\.\d+|0\.\d+|\d+\.(?:\d{1,2}|\d{4,})")


class NotANumber(ValueError):
    """A text that does not read as a number; the message holds it."""


class Numeral(NamedTuple):
    """A number, the decimals it was printed with, and its qualifier (exact, over, nearly, about, under)."""

    value: float
    decimals: int
    qualifier: str = "exact"


def parse(text: object) -> Numeral:
    """Read one printed number, or a number cell. Raises `NotANumber`.

    A comma is the decimal sign, and so is a point, unless exactly three digits follow it and no lone zero stands
    before it: such a point groups thousands.
    """
    if isinstance(text, int | float) and not isinstance(text, bool):
        return Numeral(float(text), len(f"{text:.10f}".rstrip("0").partition(".")[2]))
    words = unicodedata.normalize("NFC", str(text)).replace("\u00a0", " ").replace("−", "-").strip().lower()
    qualified = _QUALIFIED.fullmatch(words)
    qualifier, number = (QUALIFIERS[qualified[1]], qualified[2]) if qualified else ("exact", words)
    body = number.lstrip("+-").removesuffix("%").strip()
    if _VIETNAMESE.fullmatch(body):
        plain = body.replace(".", "").replace(",", ".")
    elif _ENGLISH.fullmatch(body):
        plain = body.replace(",", "")
    else:
        raise NotANumber(f"{text!r} does not read as a number")
    sign = -1 if number.startswith("-") else 1
    return Numeral(sign * float(plain), len(plain.partition(".")[2]), qualifier)


def score(text: object) -> Numeral:
    """A score as printed: no index reaches a thousand, so a point is a decimal sign, also before three digits."""
    return parse(re.sub(r"^(\d+)\.(\d+)$", r"\1,\2", text) if isinstance(text, str) else text)


def rank(text: object) -> int:
    """A rank as printed: 18, 18.0, "18", "18/63", "thứ 18". Raises `NotANumber`."""
    found = re.fullmatch(r"(?:thứ\s*|hạng\s*)?(\d{1,3})(?:\.0|\s*/\s*\d+)?", str(text).strip().lower())
    if not found or int(found[1]) == 0:
        raise NotANumber(f"{text!r} does not read as a rank")
    return int(found[1])
