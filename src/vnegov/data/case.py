"""What a notebook is asked for: one province and year, or one edition of an index; and the language."""

import difflib
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

from vnegov.data import provinces
from vnegov.data.tables import table
from vnegov.errors import UnknownIndex, UnknownProvince, UnknownYear, VnegovError


def province_name(code: str, geography: str) -> str:
    """A province's name, as charts write it."""
    return provinces.names(geography)[code]["name_vi"].replace("Thành phố ", "TP. ")


@dataclass(frozen=True)
class Case:
    """A province of one geography in one year, told in one language. Made by `case`."""

    province_code: str
    geography: str
    year: int
    lang: str

    @property
    def province(self) -> str:
        """The province's name, as charts write it."""
        return province_name(self.province_code, self.geography)

    @property
    def folder(self) -> str:
        """Where its figures and reports go: "vinh-phuc/2018/en"; "dong-thap-34/2024/vi" for the 34."""
        suffix = "" if self.geography == "63" else "-34"
        return f"{provinces.slug(self.province_code, self.geography)}{suffix}/{self.year}/{self.lang}"


@dataclass(frozen=True)
class EditionCase:
    """One edition of an index over the provinces of one geography, told in one language. Made by `edition_case`."""

    index: str
    edition: int
    geography: str
    lang: str

    @property
    def folder(self) -> str:
        """Where its figures and reports go: "dti/2022/en"; "dti-34/2024/en" for the 34."""
        return f"{self.index}{'' if self.geography == '63' else '-34'}/{self.edition}/{self.lang}"


@dataclass(frozen=True)
class YearCase:
    """All provinces in one year, told in one language. Made by `year_case`."""

    year: int
    lang: str

    @property
    def folder(self) -> str:
        """Where its figures and reports go: "2022/en"."""
        return f"{self.year}/{self.lang}"


@cache
def years() -> tuple[int, ...]:
    """The years for which anything is known, ascending."""
    observed = table("observations")["period_end"].str[:4].astype("int64")
    return tuple(sorted({*table("scores")["edition"], *observed}))


def case(province: object, year: object, lang: str = "en", geography: str | None = None) -> Case:
    """The case of a province (name in any spelling, or code) and year; the geography in force then, if not given.

    Raises `UnknownProvince` or `UnknownYear` with every fault and the nearest valid values.
    """
    faults: list[VnegovError] = []
    number = _year(year, years(), "nothing is known for the year", faults)
    geography = str(geography or provinces.geography_of(number))
    try:
        code = provinces.resolve(province, geography)
    except UnknownProvince as unknown:
        faults.insert(0, unknown)
    _refuse(faults, lang)
    return Case(code, geography, number, lang)


def edition_case(index: str, edition: object, lang: str = "en", geography: str | None = None) -> EditionCase:
    """The case of an edition; without a geography, the one in force that year if published so, else the other.

    Raises `UnknownIndex`, `UnknownYear` or `UnknownProvince` with every fault and the nearest valid values.
    """
    faults: list[VnegovError] = []
    known = table("scores")[["index", "edition", "geography"]].drop_duplicates()
    if index in set(known["index"]):
        known = known[known["index"] == index]
    else:
        near = difflib.get_close_matches(str(index), sorted(set(known["index"])), cutoff=0)
        faults.append(UnknownIndex(f"there is no index {index!r}; nearest: {', '.join(near)}"))
    number = _year(edition, set(known["edition"]), f"{index} has no edition", faults)
    shown = set(known[known["edition"] == number]["geography"]) or set(provinces.GEOGRAPHIES)
    chosen = str(geography or min(shown, key=lambda each: each != provinces.geography_of(number)))
    if chosen not in shown:
        told = f"geography {geography!r} is not published of {index} {edition}; use {', '.join(sorted(shown))}"
        faults.append(UnknownProvince(told))
    _refuse(faults, lang)
    return EditionCase(index, number, chosen, lang)


def year_case(year: object, lang: str = "en") -> YearCase:
    """The case of a year; raises as `case` does."""
    known = case("01", year, lang)
    return YearCase(known.year, known.lang)


def _year(given: object, known: Collection[int], told: str, faults: list[VnegovError]) -> int:
    """A year as a number; where it is not one of the known, that becomes one of the faults."""
    number = int(str(given)) if str(given).strip().isdecimal() else 0
    if number not in known:
        near = sorted(known, key=lambda year: (abs(year - number), year))[:3]
        faults.append(UnknownYear(f"{told} {given!r}; nearest: {', '.join(map(str, near))}"))
    return number


def _refuse(faults: list[VnegovError], lang: str) -> None:
    if lang not in ("en", "vi"):
        faults.append(VnegovError(f"lang {lang!r} is not one of en, vi"))
    if faults:
        raise type(faults[0])("\n".join(map(str, faults)))
