"""Words, numbers and dates of charts and sentences, in English and Vietnamese."""

from __future__ import annotations

import textwrap
from datetime import date
from functools import cache

import pandas as pd
from babel.dates import format_date
from babel.numbers import format_decimal
from matplotlib.axis import Axis

from vnegov.data.tables import table

_QUALIFIERS = {
    "over": ("over {}", "trên {}"),
    "under": ("under {}", "dưới {}"),
    "nearly": ("nearly {}", "gần {}"),
    "about": ("about {}", "khoảng {}"),
    "target": ("target {}", "mục tiêu {}"),
    "exact": ("{}", "{}"),
}
_UNITS = {
    "percent": ("%", "%"),
    "services": (" services", " dịch vụ"),
    "procedures": (" procedures", " TTHC"),
    "dossiers": (" dossiers", " hồ sơ"),
    "points": (" points", " điểm"),
    "visits": (" visits", " lượt truy cập"),
    "people": (" people", " người"),
    "tasks": (" tasks", " nhiệm vụ"),
    "rank": (" (rank)", " (hạng)"),
    "documents": (" documents", " văn bản"),
    "items": (" items", " mục"),
    "agencies": (" offices", " cơ quan"),
    "firms": (" firms", " doanh nghiệp"),
    "certificates": (" certificates", " chứng thư"),
    "mailboxes": (" mailboxes", " hộp thư"),
    "transactions": (" transactions", " giao dịch"),
    "hours": (" hours", " giờ"),
    "million_vnd": (" million VND", " triệu đồng"),
    "billion_vnd": (" billion VND", " tỷ đồng"),
}
_SCOPES = {
    "province": ("whole province", "toàn tỉnh"),
    "provincial_level": ("provincial level", "cấp tỉnh"),
    "district_level": ("district level", "cấp huyện"),
    "commune_level": ("commune level", "cấp xã"),
    "agency": ("an office", "cơ quan"),
    "portal": ("a portal", "cổng thông tin"),
    "national": ("the country", "cả nước"),
}
_BASES = {
    "inferred": ("from the order of a list", "theo thứ tự liệt kê"),
    "derived": ("worked out from a stated change", "suy từ mức tăng, giảm"),
    "computed": ("computed from the scores", "tính từ điểm số"),
    "published": ("published", "công bố"),
}


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


def ticks(axis: Axis, lang: str) -> None:
    """Write an axis's numbers with the language's separators."""
    axis.set_major_formatter(lambda value, _: number(round(value, 6), lang))


def day(iso: str, lang: str) -> str:
    """A date in words: "30 April 2020", "30 tháng 4, 2020"."""
    return format_date(date.fromisoformat(iso), format="long", locale="en_GB" if lang == "en" else "vi_VN")


def qualified(value: float, qualifier: str, lang: str, unit: str = "") -> str:
    """A figure as it was printed: "nearly 800 services", "trên 94%"."""
    text = number(value, lang) + _UNITS.get(unit, ("", ""))[lang == "vi"]
    return _QUALIFIERS[qualifier][lang == "vi"].format(text)


def scope(name: str, lang: str) -> str:
    """Whose figure it is, in words."""
    return _SCOPES[name][lang == "vi"]


def basis(name: str, lang: str) -> str:
    """How a rank is known, in words."""
    return _BASES[name][lang == "vi"]


@cache
def _names(which: str, key: str, lang: str) -> dict[str, str]:
    rows = table(which)
    return dict(zip(rows[key], rows[f"name_{lang}"], strict=True))


def index_name(index: str, lang: str) -> str:
    """An index's name as its publisher writes it, short enough for a label."""
    short = {
        "ict_index": "Vietnam ICT Index",
        "it_industry_index": say(lang, "IT Industry Index", "Công nghiệp CNTT"),
        "dti": "DTI",
        "egov_mic": say(lang, "E-government (MIC)", "CPĐT (Bộ TT&TT)"),
        "par_index": "PAR INDEX",
        "sipas": "SIPAS",
        "papi": "PAPI",
        "pci": "PCI",
        "svc766": say(lang, "Service index 766", "Bộ chỉ số 766"),
    }
    return short.get(index) or _names("indices", "index", lang)[index]


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
        named += say(lang, f"; and {rest} more (see the CSV)", f"; và {rest} nguồn khác (xem tệp CSV)")
    return say(lang, "Sources: ", "Nguồn: ") + named


def link(source: str, lang: str) -> str:
    """A source's title as a Markdown link, or its title and publisher where no address is known."""
    row = table("sources").set_index("source_id").loc[source]
    title = str(row["title"]).replace("[", "(").replace("]", ")").replace("|", "/")
    return f"[{title}]({row['url']})" if isinstance(row["url"], str) else f"{title} ({row['publisher']})"


def source_links(data: pd.DataFrame, lang: str) -> str:
    """Every source of a chart's data as a line of Markdown, one click away where an address is known."""
    return say(lang, "Sources: ", "Nguồn: ") + " · ".join(link(source, lang) for source in source_ids(data))
