"""Words, numbers and dates of charts and sentences, in English and Vietnamese."""

from __future__ import annotations

import textwrap
import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from babel.dates import format_date
from babel.numbers import format_decimal
from matplotlib.axis import Axis

from vnegov.data.case import Case
from vnegov.data.tables import table


@cache
def _texts() -> dict[str, dict[str, dict[str, str]]]:
    return tomllib.loads((Path(__file__).parent / "texts.toml").read_text(encoding="utf-8"))


def text(lang: str, key: str, *values: object, **named: object) -> str:
    """The wording of texts.toml for a key ("positions.title") in the language, with its {names} filled in."""
    section, name = key.split(".")
    return _texts()[section][name][lang].format(*values, **named)


def say(lang: str, en: str, vi: str) -> str:
    """The wording for the language."""
    return vi if lang == "vi" else en


def number(value: float, lang: str, decimals: int | None = None) -> str:
    """A number with the language's separators: 1,754.5 or 1.754,5; `decimals` fixed, or as many as it has (≤ 4)."""
    pattern = "#,##0.####" if decimals is None else "#,##0." + "0" * decimals
    return format_decimal(value, format=pattern, locale=lang)


def score(value: float, lang: str) -> str:
    """A score with two decimals from one upwards, up to four below: 68.91, 5.44, 0.5032."""
    return number(round(value, 2), lang) if abs(value) >= 1 else number(value, lang)


def correlation(pair: Mapping[str, Any], lang: str) -> dict[str, str]:
    """A correlation and its interval as words to fill in: rho, low, high, with two decimals."""
    fields = {"rho": "statistic", "low": "low", "high": "high"}
    return {word: number(pair[field], lang, 2).replace("-", "−") for word, field in fields.items()}


def ticks(axis: Axis, lang: str) -> None:
    """Write an axis's numbers with the language's separators."""
    axis.set_major_formatter(lambda value, _: number(round(value, 6), lang))


def day(iso: str, lang: str) -> str:
    """A date in words: "30 April 2020", "30 tháng 4, 2020"."""
    return format_date(date.fromisoformat(iso), format="long", locale="en_GB" if lang == "en" else "vi_VN")


def qualified(value: float, qualifier: str, lang: str, unit: str = "") -> str:
    """A figure as it was printed: "nearly 800 services", "trên 94%"."""
    known = unit in _texts()["unit"]
    return text(lang, f"qualifier.{qualifier}", number(value, lang) + (text(lang, f"unit.{unit}") if known else ""))


def index_name(index: str, lang: str) -> str:
    """An index's name as its publisher writes it, short enough for a label."""
    return text(lang, f"index.{index}")


@cache
def _indicators(lang: str) -> dict[str, str]:
    return table("indicators").set_index("indicator")[f"name_{lang}"].to_dict()


def indicator_name(indicator: str, lang: str) -> str:
    """An indicator's name."""
    return _indicators(lang)[indicator]


def components(edition: int) -> pd.DataFrame:
    """The rows of `components` in the spans that hold the edition."""
    rows = table("components")
    return rows[rows["first_edition"].fillna(0).le(edition) & rows["last_edition"].fillna(9999).ge(edition)]


@cache
def _component_names(edition: int, lang: str) -> dict[tuple[str, str], str]:
    return components(edition).set_index(["index", "component"])[f"name_{lang}"].to_dict()


def component_name(index: str, component: str, edition: int, lang: str) -> str:
    """A component's name in the span of editions that holds `edition`."""
    return _component_names(edition, lang).get((index, component), component)


def source_ids(data: pd.DataFrame) -> list[str]:
    """The distinct sources of a chart's data, in order of first use (columns source_id or source_ids)."""
    cells = data.filter(["source_ids", "source_id"]).stack().dropna()
    return list(dict.fromkeys(part for cell in cells for part in cell.split(";") if part))


@cache
def _sources() -> dict[str, dict[str, Any]]:
    return table("sources").set_index("source_id").to_dict("index")


def source_line(data: pd.DataFrame, lang: str, most: int = 4) -> str:
    """The line at a chart's foot: the publishers of its figures, each once; a title where none is stated."""
    rows = [_sources()[source] for source in source_ids(data)]
    names = dict.fromkeys(row["title" if row["publisher"].startswith("not stated") else "publisher"] for row in rows)
    shown = "; ".join(textwrap.shorten(name, 60, placeholder="…") for name in [*names][:most])
    rest = len(names) - most
    return text(lang, "sources.label") + shown + (text(lang, "sources.more", n=rest) if rest > 0 else "")


def link(source: str, lang: str) -> str:
    """A source's title as a Markdown link, or its title and publisher where no address is known."""
    row = _sources()[source]
    title = row["title"].translate({ord("["): "(", ord("]"): ")", ord("|"): "/"})
    return f"[{title}]({row['url']})" if isinstance(row["url"], str) else f"{title} ({row['publisher']})"


def source_links(data: pd.DataFrame, lang: str) -> str:
    """Every source of a chart's data as a line of Markdown, one click away where an address is known."""
    return text(lang, "sources.label") + " · ".join(link(source, lang) for source in source_ids(data))


def words(chart: str, data: pd.DataFrame, case: Case, **told: object) -> tuple[str, str, str]:
    """A chart's title, subtitle and source line."""
    told |= {"province": case.province, "year": case.year}
    title, subtitle = (text(case.lang, f"{chart}.{part}", **told) for part in ("title", "subtitle"))
    return title, subtitle, source_line(data, case.lang)
