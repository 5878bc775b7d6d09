"""A province's published targets, and how far the nearest result on the same measure is from each."""

from __future__ import annotations

import textwrap

import pandas as pd
from matplotlib.axes import Axes

from vnegov.charts import labels, style
from vnegov.charts.labels import text
from vnegov.data.case import Case
from vnegov.data.tables import table

NAME = "targets"


RANKED_BY = {"target_rank_dx": "dti"}  # a target rank in digital transformation is one in the DTI


def compute(case: Case) -> pd.DataFrame:
    """One row a target, earliest first; the result is that nearest to the target's day, at most three years off.

    A result counts only on the same indicator, scope and agency: a target in users is not met by visits.
    A target rank is held against the rank in the index that it speaks of.
    Columns: indicator, scope, agency, due, target, unit, result, result_qualifier, result_day, gap (by how much
    the result is better than the target; negative: short of it), source_ids.
    """
    rows = table("observations")
    rows = rows[(rows["province_code"] == case.province_code) & (rows["geography"] == case.geography)]
    same = ["indicator", "scope", "agency"]
    rows = rows.assign(agency=rows["agency"].fillna(""), day=pd.to_datetime(rows["period_end"]))
    wanted = rows[rows["qualifier"] == "target"].drop_duplicates([*same, "period_end", "value"]).reset_index(drop=True)
    results = pd.concat([rows[rows["qualifier"] != "target"], _ranks(case)])
    pairs = wanted.reset_index(names="at").merge(results, on=same, suffixes=("", "_result"))
    pairs["off"] = (pairs["day_result"] - pairs["day"]).abs().dt.days
    pairs = (
        pairs[pairs["off"] <= 3 * 366].sort_values(["at", "off"], kind="stable").drop_duplicates("at").set_index("at")
    )
    found = wanted.assign(
        due=wanted["period_end"],
        target=wanted["value"],
        result=pairs["value_result"],
        result_qualifier=pairs["qualifier_result"],
        result_day=pairs["period_end_result"],
        source_ids=wanted["source_id"].str.cat(pairs["source_id_result"].reindex(wanted.index), sep=";", na_rep=""),
    )
    found["source_ids"] = found["source_ids"].str.strip(";")
    better = found["indicator"].isin(list(RANKED_BY)).map({True: -1, False: 1})
    found["gap"] = better * (found["result"] - found["target"])
    found = found.sort_values(["due", "indicator", "scope", "target"], ignore_index=True)
    return found[[*same, "due", "target", "unit", "result", "result_qualifier", "result_day", "gap", "source_ids"]]


def _ranks(case: Case) -> pd.DataFrame:
    scores = table("scores")
    own = scores[(scores["province_code"] == case.province_code) & (scores["geography"] == case.geography)]
    own = own[(own["component"] == "overall") & own["index"].isin(RANKED_BY.values()) & own["rank"].notna()]
    targets = {index: indicator for indicator, index in RANKED_BY.items()}
    ends = own["edition"].astype("str") + "-12-31"
    return pd.DataFrame(
        {
            "indicator": own["index"].map(targets),
            "scope": "province",
            "agency": "",
            "value": own["rank"].astype("float64"),
            "qualifier": "exact",
            "period_end": ends,
            "day": pd.to_datetime(ends),
            "source_id": own["source_ids"],
        }
    )


def draw(data: pd.DataFrame, case: Case, ax: Axes | None = None) -> Axes:
    """A line a target: full where a result is known, with a dot as far along as the result got; else dashed."""
    lang = case.lang
    if ax is None:
        title, subtitle = text(lang, "targets.title", province=case.province), text(lang, "targets.subtitle")
        made, area = style.figure(0.44 * len(data) + 0.1, title, subtitle, labels.source_line(data, lang))
        ax = style.panels(made, area, 1, 1, (0, 0), (2.75, 0.05, 2.6, 0.05))[0]
    for y, row in enumerate(data.itertuples()):
        ax.text(-0.03, y, _name(row, lang), ha="right", va="center", size=8.3, linespacing=1.05)
        ax.plot([1, 1], [y - 0.28, y + 0.28], color=style.TARGET, lw=2.4, zorder=3)
        wanted = labels.qualified(row.target, "target", lang, row.unit)
        due = text(lang, "targets.due", target=wanted, year=row.due[:4])
        ax.text(1.24, y - 0.03, due, va="bottom", size=8, weight="bold", color=style.TARGET)
        if pd.isna(row.result):
            ax.plot([0, 1], [y, y], color=style.OTHERS, lw=1, ls=(0, (3, 3)), zorder=1)
            told = text(lang, "targets.unknown")
            ax.text(1.24, y + 0.05, told, va="top", size=7.5, color=style.MUTED)
            continue
        ax.plot([0, 1], [y, y], color=style.RULE, lw=5, solid_capstyle="butt", zorder=1)
        share = row.result / row.target if row.target else 1.0
        if row.indicator in RANKED_BY:  # of ranks, the smaller is the better
            share = row.target / row.result
        ax.plot([0, min(share, 1.15)], [y, y], color=style.PROVINCE, lw=5, solid_capstyle="butt", zorder=2)
        ax.plot([min(share, 1.15)], [y], "o" if share <= 1.15 else ">", color=style.PROVINCE, ms=8, zorder=4)
        result = labels.qualified(row.result, row.result_qualifier, lang, row.unit)
        key = "targets.reached" if row.gap >= 0 else "targets.missed"
        told = text(lang, key, result=result, when=row.result_day[:7])
        ax.text(1.24, y + 0.05, told, va="top", size=7.8, color=style.PROVINCE)
    ax.set(xlim=(-0.02, 1.2), ylim=(len(data) - 0.5, -0.5))
    ax.set_axis_off()
    return ax


def _name(row, lang: str) -> str:
    whose = row.agency or ("" if row.scope == "province" else text(lang, f"scope.{row.scope}"))
    name = labels.indicator_name(row.indicator, lang) + (f" ({whose})" if whose else "")
    return "\n".join(textwrap.wrap(name, 38, max_lines=2, placeholder="…"))


def describe(data: pd.DataFrame, case: Case) -> str:
    """How many targets are known, how many have a result on the same measure, and how many of those are met."""
    if data.empty:
        return text(case.lang, "targets.none", province=case.province)
    told, met = int(data["result"].notna().sum()), int((data["gap"] >= 0).sum())
    return text(case.lang, "targets.some", province=case.province, n=len(data), told=told, met=met)
