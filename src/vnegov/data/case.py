"""What a notebook is asked for: one province, one year, one language."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from vnegov.data import provinces
from vnegov.data.tables import table
from vnegov.errors import UnknownProvince, UnknownYear, VnegovError

LANGUAGES = ("en", "vi")


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
        return provinces.names(self.geography)[self.province_code]["name_vi"].replace("Thành phố ", "TP. ")

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
        faults.append(
            UnknownYear(f"nothing is known for the year {year!r}; nearest: {', '.join(map(str, near))}")
        )
    geography = str(geography) if geography else provinces.geography_of(number)
    try:
        code = provinces.resolve(province, geography)
    except UnknownProvince as unknown:
        faults.insert(0, unknown)
    if faults:
        raise type(faults[0])("\n".join(map(str, faults)))
    return Case(code, geography, number, lang)
