"""A province's published targets, and how far the nearest result on the same measure is from each."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from vnegov.charts import facts, labels, rulers, style
from vnegov.charts.labels import text
from vnegov.data.case import Case

NAME = "targets"
RANKED_BY = {"target_rank_dx": "dti"}  # a target rank in digital transformation is one in the DTI
BEYOND = 1.15  # where a ruler ends, as a share of the target; a dot there may stand for more


def compute(case: Case) -> pd.DataFrame:
    """One row a target, earliest first; the result is that nearest to the target's day, at most three years off.

    A result counts only on the same indicator, scope and agency: a target in users is not met by visits.
    A target rank is held against the rank in the index that it speaks of.
    Columns: indicator, scope, agency, due, target, unit, result, result_qualifier, result_day, gap (by how much
    the result is better than the target; negative: short of it), source_ids.
    """
    same, ranks = ["indicator", "scope", "agency"], facts.overall(case)
    ranks = ranks[(ranks["province_code"] == case.province_code) & ranks["rank"].notna()]
    ranks = ranks.assign(indicator=ranks["index"].map({index: target for target, index in RANKED_BY.items()}))
    ranks = ranks.assign(value=ranks["rank"].astype("float64"), period_end=ranks["edition"].astype("str") + "-12-31")
    ranks = ranks.assign(scope="province", qualifier="exact", source_id=ranks["source_ids"]).dropna(subset="indicator")
    columns = [*same, "period_end", "value", "unit", "qualifier", "source_id"]
    rows = pd.concat([facts.observed(case), ranks])[columns].fillna({"agency": ""})
    rows["day"] = pd.to_datetime(rows["period_end"])
    rows = rows.sort_values("day", kind="stable")
    wanted = rows[rows["qualifier"] == "target"].drop_duplicates([*same, "period_end", "value"])
    results, three_years = rows[rows["qualifier"] != "target"], pd.Timedelta(days=3 * 366)
    nearest = {"on": "day", "by": same, "suffixes": ("", "_result"), "direction": "nearest", "tolerance": three_years}
    found = pd.merge_asof(wanted, results, **nearest)
    found["source_ids"] = found["source_id"].str.cat(found["source_id_result"], sep=";", na_rep="").str.strip(";")
    found["gap"] = (found["value_result"] - found["value"]) * np.where(found["indicator"].isin(RANKED_BY), -1, 1)
    names = {"value_result": "result", "qualifier_result": "result_qualifier", "period_end_result": "result_day"}
    found = found.rename(columns=names | {"value": "target", "period_end": "due"})
    found = found.sort_values(["due", "indicator", "scope", "target"], ignore_index=True)
    return found[[*same, "due", "target", "unit", "result", "result_qualifier", "result_day", "gap", "source_ids"]]


def draw(data: pd.DataFrame, case: Case) -> Axes:
    """A ruler a target: from none to the target's mark and a little beyond; a dot where a result is known."""
    lang, lines, ranks = case.lang, [], data["indicator"].isin(RANKED_BY)
    shares = (data["result"] / data["target"]).where(~ranks, data["target"] / data["result"]).clip(upper=BEYOND)
    for row, share in zip(data.itertuples(), shares, strict=True):
        wanted = labels.qualified(row.target, "target", lang, row.unit)
        told, colour = text(lang, "targets.unknown"), style.MUTED
        if pd.notna(row.result):
            result = labels.qualified(row.result, row.result_qualifier, lang, row.unit)
            key = "targets.reached" if row.gap >= 0 else "targets.missed"
            told, colour = text(lang, key, result=result, when=row.result_day[:7]), style.PROVINCE
        whose = row.agency or ("" if row.scope == "province" else text(lang, f"scope.{row.scope}"))
        name = labels.indicator_name(row.indicator, lang) + (f" ({whose})" if whose else "")
        line = rulers.Ruler(name, text(lang, "targets.due", target=wanted, year=row.due[:4]), told, share / BEYOND)
        full, mark = row.result_qualifier == "exact", (1 / BEYOND, "|", style.TARGET)
        lines.append(line._replace(exact=full, colour=colour, track=(0, 1 / BEYOND), marks=(mark,)))
    return rulers.draw([("", "", lines)], labels.words(NAME, data, case))


def describe(data: pd.DataFrame, case: Case) -> str:
    """How many targets are known, how many have a result on the same measure, and how many of those are met."""
    told, met = int(data["result"].notna().sum()), int((data["gap"] >= 0).sum())
    key = "targets.none" if data.empty else "targets.some"
    return text(case.lang, key, province=case.province, n=len(data), told=told, met=met)
