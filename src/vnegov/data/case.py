"""What a notebook is asked for: one province, one year, one language."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from vnegov.data import provinces
from vnegov.data.tables import table
from vnegov.errors import UnknownYear, VnegovError

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
    if lang not in LANGUAGES:
        raise VnegovError(f"lang {lang!r} is not one of {', '.join(LANGUAGES)}")
    try:
        number = int(str(year))
    except ValueError:
        number = 0
    if number not in years():
        near = sorted(years(), key=lambda known: (abs(known - number), known))[:3]
        raise UnknownYear(f"nothing is known for the year {year!r}; nearest: {', '.join(map(str, near))}")
    geography = geography and str(geography) or provinces.geography_of(number)
    return Case(provinces.resolve(province, geography), geography, number, lang)
