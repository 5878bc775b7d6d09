"""What a notebook is asked for: one province and year, or one edition of an index; and the language."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import cache

from vnegov.data import provinces
from vnegov.data.tables import table
from vnegov.errors import UnknownIndex, UnknownProvince, UnknownYear, VnegovError

LANGUAGES = ("en", "vi")


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


@cache
def years() -> tuple[int, ...]:
    """The years for which anything is known, ascending."""
    observed = table("observations")["period_end"].str[:4].astype("int64")
    return tuple(sorted({*table("scores")["edition"], *observed}))


def case(province: object, year: object, lang: str = "en", geography: str | None = None) -> Case:
    """The case of a province (name in any spelling, or code) and year; the geography in force then, if not given.

    Raises `UnknownProvince` or `UnknownYear` with the nearest valid values, all before anything is drawn.
    """
    faults: list[VnegovError] = []
    if lang not in LANGUAGES:
        faults.append(VnegovError(f"lang {lang!r} is not one of {', '.join(LANGUAGES)}"))
    number = int(str(year)) if str(year).strip().isdigit() else 0
    if number not in years():
        near = sorted(years(), key=lambda known: (abs(known - number), known))[:3]
        faults.append(UnknownYear(f"nothing is known for the year {year!r}; nearest: {', '.join(map(str, near))}"))
    geography = str(geography) if geography else provinces.geography_of(number)
    try:
        code = provinces.resolve(province, geography)
    except UnknownProvince as unknown:
        faults.insert(0, unknown)
    if faults:
        raise type(faults[0])("\n".join(map(str, faults)))
    return Case(code, geography, number, lang)


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


def edition_case(index: str, edition: object, lang: str = "en", geography: str | None = None) -> EditionCase:
    """The case of an edition; without a geography, the one in force that year if published so, else the other.

    Raises `UnknownIndex`, `UnknownYear` or `UnknownProvince`: one error with every fault and the nearest valid
    values, before anything is drawn.
    """
    faults: list[VnegovError] = []
    known = table("scores")[["index", "edition", "geography"]].drop_duplicates()
    if index not in set(known["index"]):
        near = difflib.get_close_matches(str(index), sorted(set(known["index"])), cutoff=0)
        faults.append(UnknownIndex(f"there is no index {index!r}; nearest: {', '.join(near)}"))
    else:
        known = known[known["index"] == index]
    number = int(str(edition)) if str(edition).strip().isdigit() else 0
    if number not in set(known["edition"]):
        near = [str(e) for e in sorted(set(known["edition"]), key=lambda e: (abs(e - number), e))[:3]]
        whose = "no index has an" if faults else f"{index} has no"
        faults.append(UnknownYear(f"{whose} edition {edition!r}; nearest: {', '.join(near)}"))
    else:
        known = known[known["edition"] == number]
    shown = sorted(set(known["geography"]), key=lambda g: (g != provinces.geography_of(number), g))
    if geography is not None and str(geography) not in shown:
        where = "" if faults else f" of {index} {number}"
        faults.append(UnknownProvince(f"geography {geography!r} is not published{where}; use {', '.join(shown)}"))
    if lang not in LANGUAGES:
        faults.append(VnegovError(f"lang {lang!r} is not one of {', '.join(LANGUAGES)}"))
    if faults:
        raise type(faults[0])("\n".join(map(str, faults)))
    return EditionCase(index, number, str(geography or shown[0]), lang)


@dataclass(frozen=True)
class YearCase:
    """All provinces in one year, told in one language. Made by `year_case`."""

    year: int
    lang: str

    @property
    def folder(self) -> str:
        """Where its figures and reports go: "2022/en"."""
        return f"{self.year}/{self.lang}"


def year_case(year: object, lang: str = "en") -> YearCase:
    """The case of a year; raises as `case` does."""
    known = case("01", year, lang)
    return YearCase(known.year, known.lang)
