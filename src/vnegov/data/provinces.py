"""Provinces: their names in every spelling, their codes in two geographies, and the merger of 1 July 2025.

Codes are those of the statistics office, as strings ("01"). The same code can mean two provinces: "82" is
Tiền Giang among the 63 and Đồng Tháp among the 34, so a code always travels with its geography.
"""

import csv
import difflib
import re
import unicodedata
from collections.abc import Iterable
from functools import cache

import pandas as pd

from vnegov import paths
from vnegov.data.schema import GEOGRAPHIES
from vnegov.errors import UnknownProvince

PREFIXES, SUFFIXES = ("thanhpho", "tinh", "tp", "provinceof", "cityof"), ("province", "city")


def geography_of(year: int) -> str:
    """The geography in force at the end of `year`: "63" until 2024, "34" from 2025."""
    return "63" if year <= 2024 else "34"


def words(text: object) -> str:
    """Its words in lower case without tone and vowel marks: "Bà Rịa – Vũng Tàu" → "ba ria vung tau"."""
    bare = unicodedata.normalize("NFD", str(text).replace("đ", "d").replace("Đ", "D"))
    return " ".join(re.findall(r"[a-z0-9]+", "".join(c for c in bare if not unicodedata.combining(c)).lower()))


def key(name: str) -> str:
    """A name without what spellings differ in: case, tone and vowel marks, đ, spaces, dashes, dots.

    Works alike for NFC and NFD text, "Hòa" and "Hoà", "Đắk Lắk" and "Đăk Lăk".
    """
    return words(name).replace(" ", "")


def slug(code: str, geography: str) -> str:
    """The province's name as a file name: "vinh-phuc"."""
    return words(names(geography)[code]["name_en"].removesuffix(" City")).replace(" ", "-")


@cache
def names(geography: str) -> dict[str, dict[str, str]]:
    """The provinces of a geography as published: code → row of data/raw/provinces/provinces_*.csv."""
    if geography not in GEOGRAPHIES:
        raise UnknownProvince(f"geography {geography!r} is not one of {', '.join(GEOGRAPHIES)}")
    return {row["code"]: row for row in _rows(f"provinces_{geography}")}


def _rows(file: str) -> list[dict[str, str]]:
    with (paths.RAW / "provinces" / f"{file}.csv").open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


@cache
def _spellings(geography: str) -> dict[str, str]:
    """Whatever a province may be called, its code included, as `key` writes it → code."""
    known = {row[field]: code for code, row in names(geography).items() for field in ("code", "name_vi", "name_en")}
    known |= {row["spelling"]: row["code"] for row in _rows("spellings") if row["geography"] == geography}
    return {key(name): code for name, code in known.items()}


def find(name: object, geography: str) -> str | None:
    """The code of one province as `resolve` finds it, or None."""
    bare, known = key(str(name).strip().removesuffix(".0").zfill(2)), _spellings(geography)
    forms = [bare, *(bare.removeprefix(p) for p in PREFIXES), *(bare.removesuffix(s) for s in SUFFIXES)]
    return next((known[form] for form in forms if form in known), None)


def nearest(name: object, geography: str = "63", n: int = 3) -> list[str]:
    """The official names closest in spelling to `name`, best first; at least one."""
    bare, known = key(str(name)), _spellings(geography)
    close = difflib.get_close_matches(bare, known, n + 2, 0.55) or difflib.get_close_matches(bare, known, 1, 0)
    return list(dict.fromkeys(names(geography)[known[form]]["name_vi"] for form in close))[:n]


def _complaint(name: object, geography: str) -> str:
    old = find(name, "63")
    if geography == "34" and old and not key(str(name)).isdecimal():
        successor = names("34")[successors()[old]]["name_vi"]
        return f"{name!r} became part of {successor} on 1 July 2025; among the 34 provinces use that name"
    near = ", ".join(f"{n} ({find(n, geography)})" for n in nearest(name, geography))
    return f"{name!r} is not one of the {geography} provinces; nearest: {near}"


def resolve(name: object, geography: str = "63") -> str:
    """The code of one province, from its name in any spelling or its code ("01", 1).

    Raises `UnknownProvince`, which names the nearest spellings, or the successor of a merged province.
    """
    code = find(name, geography)
    if code is None:
        raise UnknownProvince(_complaint(name, geography))
    return code


def standardize(values: Iterable[object], geography: str = "63") -> pd.Series:
    """The codes of many provinces, in the order and with the index of `values`.

    Raises one `UnknownProvince` that lists every value that no province has, with the nearest names.
    """
    given = values if isinstance(values, pd.Series) else pd.Series(list(values), dtype=object)
    codes = {value: find(value, geography) for value in given.unique()}
    if unknown := [value for value, code in codes.items() if code is None]:
        raise UnknownProvince("\n".join(_complaint(value, geography) for value in unknown))
    return given.map(codes).astype("str")


def successors() -> dict[str, str]:
    """The merger of 1 July 2025: code among the 63 → code among the 34."""
    return {code: row["successor_code"] for code, row in names("63").items()}
