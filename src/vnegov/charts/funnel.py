"""What became of dossiers in one year: received, sent online, settled, on time, each as it was printed."""

from __future__ import annotations

from collections.abc import Sequence

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


def stated(case: Case, indicators: Sequence[str]) -> pd.DataFrame:
    """The figures of a province and year on some indicators: the whole province first, then the largest offices.

    Columns: scope, agency, period_start, period_end, indicator, value, unit, qualifier, numerator, denominator, share
    (%: as printed, else of the two counts), low, high (Wilson; only where both counts are exact), source_id. A share
    that only repeats two counts is left out.
    """
    rows = table("observations")
    rows = rows[(rows["province_code"] == case.province_code) & (rows["geography"] == case.geography)]
    rows = rows[rows["indicator"].isin(indicators) & (rows["qualifier"] != "target")]
    rows = rows[rows["period_end"].str[:4] == str(case.year)].reset_index(drop=True)
    percent = rows["unit"] == "percent"
    count = rows["value"].where(~percent & rows["denominator"].notna())
    rows = rows.assign(numerator=rows["numerator"].fillna(count), agency=rows["agency"].fillna(""))
    counted = adoption.stated_shares(rows).reindex(rows.index)
    rows["share"] = rows["value"].where(percent, counted["share"])
    certain = percent | (rows["qualifier"] == "exact")
    rows[["low", "high"]] = counted[["low", "high"]].where(certain, axis=0)
    place = ["scope", "agency", *PERIOD]
    rows["size"] = -rows["value"].where(~percent).groupby([rows[c] for c in place]).transform("max").fillna(0)
    places = {"scope": SCOPES, "indicator": list(indicators)}
    rows = rows.sort_values(
        ["scope", "size", *place, "indicator", "value"],
        key=lambda column: column.map(places[column.name].index) if column.name in places else column,
    )
    again = rows.duplicated([*place, "numerator", "denominator"]) & rows["numerator"].notna()
    figures = ["indicator", "value", "unit", "qualifier", "numerator", "denominator", "share", "low", "high"]
    return rows[~again].reset_index(drop=True)[[*place, *figures, "source_id"]]


def compute(case: Case) -> pd.DataFrame:
    """Dossiers of the year, as `stated`."""
    return stated(case, STAGES)


def draw(data: pd.DataFrame, case: Case, ax: Axes | None = None, name: str = NAME) -> Axes:
    """A block a place and period (of tasks: a measure and period), a ruler a figure: from none to all."""
    lang = case.lang
    told = [
        (who(row, lang), labels.indicator_name(row.indicator, lang), period(row, lang), line(row, lang))
        for row in data.itertuples()
    ]
    blocks: dict[str, list[rulers.Ruler]] = {}
    for place, measure, when, ruler in told:
        head, label = (place, measure) if name == NAME else (measure, place)
        blocks.setdefault(f"{head} · {when}", []).append(ruler._replace(label=label))
    title = text(lang, f"{name}.title", province=case.province, year=case.year)
    words = (title, text(lang, f"{name}.subtitle", n=len(data)), labels.source_line(data, lang))
    return rulers.draw([(heading, "", lines) for heading, lines in blocks.items()], words, ax)


def period(row, lang: str) -> str:
    """A year as "2019", a day as a date, else from the first day to the last."""
    start, end = row.period_start, row.period_end
    if (start[5:], end[5:]) == ("01-01", "12-31"):
        return "–".join(dict.fromkeys((start[:4], end[:4])))
    return " – ".join(dict.fromkeys(labels.day(day, lang) for day in (start, end)))


def who(row, lang: str) -> str:
    """Whose figure it is, as a heading."""
    name = row.agency or text(lang, f"scope.{row.scope}")
    return name[:1].upper() + name[1:]


def line(row, lang: str) -> rulers.Ruler:
    """A row of `stated` on its ruler, with the two counts behind a share: "80.3% of 314,984 (80.1–80.4)"."""
    told = labels.qualified(row.value, row.qualifier, lang, row.unit)
    if pd.isna(row.share):
        return rulers.Ruler("", told)
    exact, at = row.qualifier == "exact", min(row.share / 100, 1)
    if pd.isna(row.numerator) or pd.isna(row.denominator):
        return rulers.Ruler("", told, text(lang, "funnel.no_counts"), at, exact=exact)
    part, whole = (labels.number(count, lang) for count in (row.numerator, row.denominator))
    of = text(lang, "funnel.counts", part=part, whole=whole)
    if row.unit != "percent":
        of = text(lang, "funnel.share", share=labels.number(row.share, lang, 1), whole=whole)
    if pd.isna(row.low):
        return rulers.Ruler("", told, of, at, exact=exact)
    low, high = (labels.number(bound, lang, 1) for bound in (row.low, row.high))
    return rulers.Ruler("", told, f"{of} ({low}–{high})", at, (row.low / 100, row.high / 100), exact)


def describe(data: pd.DataFrame, case: Case, name: str = NAME) -> str:
    """The figures of the first place and period, the whole province where there are any; of tasks: all."""
    lang, told = case.lang, []
    if data.empty:
        return text(lang, f"{name}.none", province=case.province, year=case.year)
    first = next(data.itertuples())
    for row in data.itertuples():
        ruler, measure = line(row, lang), labels.indicator_name(row.indicator, lang)
        figure = ruler.told + (f", {ruler.detail}" if pd.notna(row.numerator) else "")
        if name != NAME or (who(row, lang), period(row, lang)) == (who(first, lang), period(first, lang)):
            told.append(f"{measure if name == NAME else who(row, lang)}: {figure}")
    place = f"{who(first, lang)}, {period(first, lang)}"
    words = {"province": case.province, "year": case.year, "place": place, "n": len(data)}
    return text(lang, f"{name}.some", told="; ".join(told), **words)
