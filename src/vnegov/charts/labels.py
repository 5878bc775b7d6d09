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
    pattern = "#,##0.####" if decimals is None else "#,##0" + ("." + "0" * decimals if decimals else "")
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


@cache
def _names(which: str, key: str, lang: str) -> dict[str, str]:
    rows = table(which)
    return dict(zip(rows[key], rows[f"name_{lang}"], strict=True))


def index_name(index: str, lang: str) -> str:
    """An index's name as its publisher writes it, short enough for a label."""
    return text(lang, f"index.{index}") if index in _texts()["index"] else _names("indices", "index", lang)[index]


def indicator_name(indicator: str, lang: str) -> str:
    """An indicator's name."""
    return _names("indicators", "indicator", lang)[indicator]


def component_name(index: str, component: str, edition: int, lang: str) -> str:
    """A component's name in the span of editions that holds `edition`."""
    rows = table("components")
    rows = rows[(rows["index"] == index) & (rows["component"] == component)]
    rows = rows[rows["first_edition"].fillna(0).le(edition) & rows["last_edition"].fillna(9999).ge(edition)]
    return rows[f"name_{lang}"].iloc[0] if len(rows) else component


def source_ids(data: pd.DataFrame) -> list[str]:
    """The distinct sources of a chart's data, in order of first use (columns source_id or source_ids)."""
    cells = data[[c for c in ("source_ids", "source_id") if c in data]].stack()
    return list(dict.fromkeys(part for cell in cells for part in str(cell).split(";") if part and part != "nan"))


def source_line(data: pd.DataFrame, lang: str, most: int = 4) -> str:
    """The line at a chart's foot: the publishers of its figures, each once."""
    register = table("sources").set_index("source_id")
    rows = [register.loc[source] for source in source_ids(data)]
    unstated = [str(row["publisher"]).startswith("not stated") for row in rows]
    publishers = list(
        dict.fromkeys(row["title"] if bare else row["publisher"] for row, bare in zip(rows, unstated, strict=True))
    )
    named = "; ".join(textwrap.shorten(name, 60, placeholder="…") for name in publishers[:most])
    rest = len(publishers) - most
    if rest > 0:
        named += text(lang, "sources.more", n=rest)
    return text(lang, "sources.label") + named


def link(source: str, lang: str) -> str:
    """A source's title as a Markdown link, or its title and publisher where no address is known."""
    row = table("sources").set_index("source_id").loc[source]
    title = str(row["title"]).replace("[", "(").replace("]", ")").replace("|", "/")
    return f"[{title}]({row['url']})" if isinstance(row["url"], str) else f"{title} ({row['publisher']})"


def source_links(data: pd.DataFrame, lang: str) -> str:
    """Every source of a chart's data as a line of Markdown, one click away where an address is known."""
    return text(lang, "sources.label") + " · ".join(link(source, lang) for source in source_ids(data))
