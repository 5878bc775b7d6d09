"""What became of dossiers in one year: received, sent online, settled, on time, each as it was printed."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from vnegov.charts import labels, rulers
from vnegov.charts.labels import text
from vnegov.data.case import Case
from vnegov.data.tables import table
from vnegov.metrics import adoption

NAME = "funnel"
SCOPES = ["province", "provincial_level", "district_level", "commune_level", "agency"]
STAGES = (
    "dossiers_carried_over", "dossiers_received", "dossiers_in_person_post", "dossiers_online",
    "share_online_of_received", "share_online_of_settled", "share_online_level34_of_settled",
    "share_online_of_level34", "share_online_unstated", "share_full_online", "dossiers_in_process",
    "dossiers_settled", "share_settled_of_received", "share_results_returned", "dossiers_on_time", "share_on_time",
    "share_on_time_of_due", "share_on_time_of_received", "share_early", "share_late", "share_late_of_received",
)  # fmt: skip
PERIOD = ["period_start", "period_end"]
PLACE = ["scope", "agency", *PERIOD]


def in_order(rows: pd.DataFrame, by: list[str], **orders: Sequence[str]) -> pd.DataFrame:
    """Rows sorted by columns, each of `orders` as listed there."""
    ranked = {column: rows[column].map(list(order).index) for column, order in orders.items()}
    return rows.loc[rows.assign(**ranked).sort_values(by, kind="stable").index].reset_index(drop=True)


def stated(case: Case, indicators: Sequence[str]) -> pd.DataFrame:
    """The figures of a province and year on some indicators, the whole province first, then the largest offices, with
    share (%: as printed, else of two counts; left out where it only repeats these), low, high (Wilson, if exact)."""
    rows = table("observations").query("province_code == @case.province_code and geography == @case.geography")
    rows = rows[rows["indicator"].isin(indicators) & (rows["qualifier"] != "target")]
    rows = rows[rows["period_end"].str[:4] == str(case.year)].reset_index(drop=True)
    percent = rows["unit"] == "percent"
    count = rows["value"].where(~percent & rows["denominator"].notna())
    rows = rows.assign(numerator=rows["numerator"].fillna(count), agency=rows["agency"].fillna(""))
    counted = adoption.stated_shares(rows).reindex(rows.index)
    rows["share"] = rows["value"].where(percent, counted["share"])
    rows[["low", "high"]] = counted[["low", "high"]].where(percent | (rows["qualifier"] == "exact"), axis=0)
    rows["size"] = -rows["value"].where(~percent).groupby([rows[column] for column in PLACE]).transform("max").fillna(0)
    rows = in_order(rows, ["scope", "size", *PLACE, "indicator", "value"], scope=SCOPES, indicator=indicators)
    again = rows.duplicated([*PLACE, "numerator", "denominator"]) & rows["numerator"].notna()
    figures = ["indicator", "value", "unit", "qualifier", "numerator", "denominator", "share", "low", "high"]
    return rows.loc[~again, [*PLACE, *figures, "source_id"]].reset_index(drop=True)


def compute(case: Case) -> pd.DataFrame:
    """Dossiers of the year, as `stated`."""
    return stated(case, STAGES)


def draw(data: pd.DataFrame, case: Case, name: str = NAME) -> Axes:
    """A block a place and period (of tasks: a measure and period), a ruler a figure: from none to all."""
    lang = case.lang
    blocks: dict[str, list[rulers.Ruler]] = {}
    for row in data.itertuples():
        place, measure = who(row, lang), labels.indicator_name(row.indicator, lang)
        head, label = (place, measure) if name == NAME else (measure, place)
        blocks.setdefault(f"{head} · {period(row, lang)}", []).append(line(row, label, lang))
    title = text(lang, f"{name}.title", province=case.province, year=case.year)
    words = (title, text(lang, f"{name}.subtitle", n=len(data)), labels.source_line(data, lang))
    return rulers.draw([(heading, "", lines) for heading, lines in blocks.items()], words)


def period(row: Any, lang: str) -> str:
    """A year as "2019", a day as a date, else from the first day to the last."""
    start, end = row.period_start, row.period_end
    if (start[5:], end[5:]) == ("01-01", "12-31"):
        return "–".join(dict.fromkeys((start[:4], end[:4])))
    return " – ".join(dict.fromkeys(labels.day(day, lang) for day in (start, end)))


def who(row: Any, lang: str) -> str:
    """Whose figure it is, as a heading."""
    name = row.agency or text(lang, f"scope.{row.scope}")
    return name[:1].upper() + name[1:]


def line(row: Any, label: str, lang: str) -> rulers.Ruler:
    """A row of `stated` on its ruler, with the two counts behind a share: "80.3% of 314,984 (80.1–80.4)"."""
    told = labels.qualified(row.value, row.qualifier, lang, row.unit)
    if pd.isna(row.share):
        return rulers.Ruler(label, told)
    detail, interval = text(lang, "funnel.no_counts"), None
    if pd.notna(row.numerator) and pd.notna(row.denominator):
        counts = {"part": labels.number(row.numerator, lang), "whole": labels.number(row.denominator, lang)}
        key = "funnel.counts" if row.unit == "percent" else "funnel.share"
        detail = text(lang, key, share=labels.number(row.share, lang, 1), **counts)
    if pd.notna(row.low):
        detail += f" ({labels.number(row.low, lang, 1)}–{labels.number(row.high, lang, 1)})"
        interval = (row.low / 100, row.high / 100)
    return rulers.Ruler(label, told, detail, min(row.share / 100, 1), interval, row.qualifier == "exact")


def describe(data: pd.DataFrame, case: Case, name: str = NAME) -> str:
    """The figures of the first place and period, the whole province where there are any; of tasks: all."""
    lang, told = case.lang, []
    if data.empty:
        return text(lang, f"{name}.none", province=case.province, year=case.year)
    first = next(data.itertuples())
    rows = data[data[PLACE].eq(data[PLACE].iloc[0]).all(axis=1)] if name == NAME else data
    for row in rows.itertuples():
        label = labels.indicator_name(row.indicator, lang) if name == NAME else who(row, lang)
        ruler = line(row, label, lang)
        told.append(f"{label}: {ruler.told}" + (f", {ruler.detail}" if pd.notna(row.numerator) else ""))
    words = {"province": case.province, "year": case.year, "n": len(data), "told": "; ".join(told)}
    said = text(lang, f"{name}.some", place=f"{who(first, lang)}, {period(first, lang)}", **words)
    return f"{said} {_per_head(rows, case)}".strip()


def _per_head(rows: pd.DataFrame, case: Case) -> str:
    """Dossiers received in the whole province in a whole year, for every 1,000 people; else nothing."""
    days = pd.to_datetime(rows["period_end"]) - pd.to_datetime(rows["period_start"])
    whole = rows[(rows["indicator"] == "dossiers_received") & (rows["scope"] == "province") & (days.dt.days > 363)]
    whole = whole.assign(geography=case.geography, province_code=case.province_code)
    people = adoption.take_up(whole, table("population")).dropna(subset=["per_thousand"])
    told = [
        labels.qualified(round(row.per_thousand), row.qualifier, case.lang, row.unit) for row in people.itertuples()
    ]
    return text(case.lang, "funnel.per_head", told=told[0]) if told else ""
