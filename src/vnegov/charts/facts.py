"""Every figure known of a province for one year, as printed, each with its source: a table of text."""

from __future__ import annotations

import pandas as pd

from vnegov.charts import labels
from vnegov.charts.labels import text
from vnegov.data.case import Case
from vnegov.data.tables import table


def observed(case: Case) -> pd.DataFrame:
    """The rows of `observations` of the province."""
    rows = table("observations")
    return rows[(rows["province_code"] == case.province_code) & (rows["geography"] == case.geography)]


def overall(case: Case) -> pd.DataFrame:
    """The rows of `scores` of the indices as a whole, of all provinces of the geography."""
    rows = table("scores")
    return rows[(rows["component"] == "overall") & (rows["geography"] == case.geography)]


def compute(case: Case) -> pd.DataFrame:
    """The rows of `observations` whose period ends in the year, in the order of their indicators."""
    rows = observed(case)
    rows = rows[rows["period_end"].str[:4] == str(case.year)]
    return rows.sort_values(["indicator", "period_end", "value"], ignore_index=True)


def markdown(data: pd.DataFrame, case: Case) -> str:
    """The figures as a Markdown table: what, whose, how much (with numerator and denominator), when, source."""
    lang = case.lang
    if data.empty:
        return text(lang, "facts.none", province=case.province, year=case.year)
    lines = [text(lang, "facts.head"), "|---|---|---:|---|---|"]
    for row in data.itertuples():
        ratio = ""
        if pd.notna(row.denominator):
            numerator = row.value if pd.isna(row.numerator) else row.numerator
            share = f" = {labels.number(100 * numerator / row.denominator, lang, 1)}%" if row.denominator else ""
            ratio = f" ({labels.number(numerator, lang)}/{labels.number(row.denominator, lang)}{share})"
        cells = [
            labels.indicator_name(row.indicator, lang),
            row.agency if isinstance(row.agency, str) else text(lang, f"scope.{row.scope}"),
            labels.qualified(row.value, row.qualifier, lang, row.unit) + ratio,
            labels.day(row.period_end, lang),
            labels.link(row.source_id, lang),
        ]
        lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    return "\n".join(lines)
