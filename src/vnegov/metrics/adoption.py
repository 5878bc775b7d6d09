"""Whether online services are used: shares with their denominators, take-up per head, growth, from `observations`. The
word that qualifies a figure goes into the result; the levels 1–4 and the regime of Decree 42/2022 are never chained."""

import numpy as np
import pandas as pd
from scipy import stats

PLACE = ["geography", "province_code", "scope", "agency"]
# Where the true value lies, seen from the printed one.
LEANING = {"exact": 0, "over": 1, "under": -1, "nearly": -1, "about": 0}


def wilson(part: float, whole: float) -> tuple[float, float]:
    """95% score interval of part / whole, in [0, 1] (Wilson 1927, JASA 22); NaN where that is no share."""
    if not 0 <= part <= whole or not whole:
        return np.nan, np.nan
    return stats.binomtest(int(part), int(whole)).proportion_ci(method="wilson")


def ratio_qualifier(numerator: str, denominator: str) -> str:
    """The qualifier of a ratio: over / exact → over, exact / over → under, over / over → about, a target on either side
    → target. Raises KeyError for an unknown one."""
    if "target" in (numerator, denominator):
        return "target"
    above, below = LEANING[numerator], LEANING[denominator]
    if "about" in (numerator, denominator) or above * below > 0:
        return "about"
    return numerator if not below else "under" if below > 0 else "over"


def stated_shares(observations: pd.DataFrame) -> pd.DataFrame:
    """Rows that print numerator and denominator, with share, low and high added (%). The interval shows how much chance
    there is in so few cases, not errors in the count itself."""
    rows = observations.dropna(subset=["numerator", "denominator"])
    ends = np.reshape([wilson(*counts) for counts in rows[["numerator", "denominator"]].to_numpy()], (-1, 2))
    share = rows["numerator"] / rows["denominator"].where(rows["denominator"] > 0)
    return rows.assign(share=100 * share, low=100 * ends[:, 0], high=100 * ends[:, 1])


def shares(observations: pd.DataFrame, part: str, whole: str) -> pd.DataFrame:
    """Indicator `part` as a share of `whole`, as `stated_shares`, for the same place, scope, agency, period and regime
    (of either, where one has none). A source that prints both sides is preferred to a pairing of sources."""
    key = [*PLACE, "period_start", "period_end"]
    columns = [*key, "regime", "value", "qualifier", "source_id"]
    parts, wholes = (observations.loc[observations["indicator"] == name, columns] for name in (part, whole))
    pairs = parts.merge(wholes, on=key, suffixes=("", "_whole"))
    pairs = pairs[pairs[["regime", "regime_whole"]].nunique(axis=1) < 2]
    pairs["regime"] = pairs["regime"].fillna(pairs["regime_whole"])
    pairs["same"] = pairs["source_id"] == pairs["source_id_whole"]
    best = pairs.groupby([*key, "regime"], dropna=False)["same"].transform("any")
    pairs = pairs[pairs["same"] == best].reset_index(drop=True)
    table = pairs[[*key, "regime"]].assign(
        part=part,
        whole=whole,
        numerator=pairs["value"],
        denominator=pairs["value_whole"],
        qualifier=list(map(ratio_qualifier, pairs["qualifier"], pairs["qualifier_whole"])),
        source_ids=[";".join(dict.fromkeys(ids)) for ids in pairs[["source_id", "source_id_whole"]].to_numpy()],
    )
    return stated_shares(table)


def take_up(observations: pd.DataFrame, population: pd.DataFrame) -> pd.DataFrame:
    """Counts with per_thousand people (table `population`) of the year in which the period ends; not annualised."""
    rows = observations.assign(year=pd.to_datetime(observations["period_end"]).dt.year)
    table = rows.merge(population, on=["geography", "province_code", "year"], how="left", validate="m:1")
    return table.assign(per_thousand=table["value"] / table["population_thousand"])


def growth(observations: pd.DataFrame) -> pd.DataFrame:
    """Each figure beside the one before it (…_before) of the same place, indicator, unit, regime and number of months,
    with change (in the unit), growth (% of an earlier value above 0; none for shares) and qualifier_growth. No targets;
    of several figures on a day the last row."""
    key = [*PLACE, "indicator", "unit", "regime", "months"]
    start, end = (pd.to_datetime(observations[side]) for side in ("period_start", "period_end"))
    rows = observations.assign(months=((end - start).dt.days / 30.44).round())
    rows = rows[rows["qualifier"] != "target"].drop_duplicates([*key, "period_end"], keep="last")
    before = rows.sort_values("period_end").groupby(key, dropna=False)[["period_end", "value", "qualifier"]].shift()
    table = rows.join(before.add_suffix("_before")).dropna(subset="value_before")
    change = table["value"] - table["value_before"]
    counted = (table["unit"] != "percent") & (table["value_before"] > 0)
    return table.assign(
        change=change,
        growth=100 * change / table["value_before"].where(counted),
        qualifier_growth=list(map(ratio_qualifier, table["qualifier"], table["qualifier_before"])),
    )
