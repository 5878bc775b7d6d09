"""Offices ranked inside a province: departments, districts and others, by group and index, with their scores."""

from collections.abc import Iterator
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from vnegov.charts import labels, rulers
from vnegov.charts.labels import text
from vnegov.data.case import Case
from vnegov.data.tables import table

NAME = "agencies"
GROUPS = {
    "Sở, ban, ngành": "Departments",
    "UBND cấp huyện": "Districts",
    "UBND cấp xã": "Communes",
    "Cơ quan ngành dọc/Trung ương": "Branches of central bodies",
    "Đơn vị sự nghiệp": "Public service units",
}


def compute(case: Case) -> pd.DataFrame:
    """One row an office, by index and group, best first, those without a rank last; skipped: how many ranks between
    this office and the one before are not known."""
    rows = table("agencies").query("province_code == @case.province_code and geography == @case.geography")
    rows = rows[rows["year"] == case.year]
    order = rows["group"].map({name: i for i, name in enumerate(GROUPS)}).fillna(1)  # a cluster of districts
    rows = rows.assign(order=order, behind=-rows["score"])
    rows = rows.sort_values(["index", "order", "group", "rank", "behind"], ignore_index=True)
    before = rows.groupby(["index", "group"])["rank"].shift(fill_value=0)
    rows["skipped"] = (rows["rank"] - before - 1).clip(lower=0).fillna(0).astype("int64")
    return rows[["index", "group", "agency", "score", "rank", "rank_basis", "skipped", "source_id"]]


def _group(index: str, group: str, lang: str) -> dict[str, str]:
    """Index and group in words."""
    name = next((name for name in GROUPS if group.startswith(name)), group)
    english = group.replace(name, GROUPS.get(name, name)).replace("Cụm", "cluster")
    return {"index": labels.index_name(index, lang), "group": group if lang == "vi" else english}


def draw(data: pd.DataFrame, case: Case) -> Axes:
    """A block an index and group, a dot an office on a ruler from the group's lowest score to its highest."""
    lang, blocks = case.lang, []
    for (index, group), rows in data.groupby(["index", "group"], sort=False):
        low, high = rows["score"].min(), rows["score"].max()
        notes = [text(lang, f"agencies.{basis}") for basis in sorted(set(rows["rank_basis"].dropna()))]
        lines = [ruler for row in rows.itertuples() for ruler in _rulers(row, low, high, lang)]
        heading = text(lang, "agencies.heading", n=len(rows), **_group(index, group, lang))
        blocks.append((heading, " · ".join(notes), lines))
    title = text(lang, "agencies.title", province=case.province, year=case.year)
    words = (title, text(lang, "agencies.subtitle"), labels.source_line(data, lang))
    return rulers.draw(blocks, words, left=3.3, right=1.3)


def _rulers(row: Any, low: float, high: float, lang: str) -> Iterator[rulers.Ruler]:
    """The ranks before an office that are not known, if any, and the office."""
    if row.skipped:
        ranks = "–".join(str(rank) for rank in sorted({row.rank - row.skipped, row.rank - 1}))
        yield rulers.Ruler(text(lang, "agencies.skipped", ranks=ranks))
    label = f"{'–' if pd.isna(row.rank) else row.rank}  {row.agency}"
    if pd.isna(row.score):
        yield rulers.Ruler(label, detail=text(lang, "agencies.no_score"))
    else:
        at = (row.score - low) / (high - low) if high > low else 1.0
        yield rulers.Ruler(label, labels.number(row.score, lang, 2), at=at, bar=False)


def describe(data: pd.DataFrame, case: Case) -> str:
    """The first and last office of each group, and how many ranks are not published."""
    lang, told = case.lang, []
    if data.empty:
        known = table("agencies").query("province_code == @case.province_code and geography == @case.geography")
        years = ", ".join(str(year) for year in sorted(set(known["year"])))
        key = "agencies.other_years" if years else "agencies.none"
        return text(lang, key, province=case.province, year=case.year, years=years)
    for (index, group), rows in data.groupby(["index", "group"], sort=False):
        best, last = (_office(row, lang) for row in rows.iloc[[0, -1]].itertuples())
        key = "agencies.some" if len(rows) > 1 else "agencies.one"
        told.append(text(lang, key, best=best, last=last, n=len(rows), **_group(index, group, lang)))
    skipped = data["skipped"].sum()
    return " ".join(told) + (text(lang, "agencies.gaps", n=skipped) if skipped else "")


def _office(row: Any, lang: str) -> str:
    rank = [] if pd.isna(row.rank) else [text(lang, "agencies.rank", rank=row.rank)]
    score = [] if pd.isna(row.score) else [text(lang, "agencies.score", score=labels.number(row.score, lang, 2))]
    return f"{row.agency} ({', '.join(rank + score)})"
