"""Whether online services are used: shares with their denominators, take-up per head, growth, from `observations`. The
word that qualifies a figure goes into the result; the levels 1–4 and the regime of Decree 42/2022 are never chained."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import ndtri

PLACE = ["geography", "province_code", "scope", "agency"]
PERCENT = "percent"
# Where the true value lies, seen from the printed one.
LEANING = {"exact": 0, "over": 1, "under": -1, "nearly": -1, "about": 0}


def wilson(part: ArrayLike, whole: ArrayLike, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Score interval (low, high) of part / whole, in [0, 1] (Wilson 1927, JASA 22); NaN where that is no share."""
    k, n = np.broadcast_arrays(np.asarray(part, dtype="float64"), np.asarray(whole, dtype="float64"))
    k, n = np.where((n > 0) & (k >= 0) & (k <= n), (k, n), np.nan)
    z2 = ndtri((1 + level) / 2) ** 2
    centre = (k + z2 / 2) / (n + z2)
    half = np.sqrt(z2 * k * (n - k) / n + z2**2 / 4) / (n + z2)
    return np.where(k == 0, 0.0, centre - half), np.where(k == n, 1.0, centre + half)


def ratio_qualifier(numerator: str, denominator: str) -> str:
    """The qualifier of a ratio: over / exact → over, exact / over → under, over / over → about, a target on either side
    → target. Raises KeyError for an unknown one."""
    if "target" in (numerator, denominator):
        return "target"
    above, below = LEANING[numerator], LEANING[denominator]
    if "about" in (numerator, denominator) or above * below > 0:
        return "about"
    return numerator if not below else "under" if below > 0 else "over"


def stated_shares(observations: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """Rows that print their own numerator and denominator, with share, low and high added (%). The Wilson interval
    shows how much chance there is in so few cases, not errors in the count itself."""
    rows = observations.dropna(subset=["numerator", "denominator"])
    low, high = wilson(rows["numerator"], rows["denominator"], level)
    share = 100 * rows["numerator"] / rows["denominator"].where(rows["denominator"] > 0)
    return rows.assign(share=share, low=100 * low, high=100 * high)


def shares(observations: pd.DataFrame, part: str, whole: str, level: float = 0.95) -> pd.DataFrame:
    """Indicator `part` as a share (%) of indicator `whole`, for the same place, scope, agency, period and regime (of
    either, where one has none). A source that prints both sides is preferred to a pairing of sources. Result: place,
    period, regime, part, whole, numerator, denominator, share, low, high (Wilson), qualifier, source_ids."""
    key = [*PLACE, "period_start", "period_end"]
    columns = [*key, "regime", "value", "qualifier", "source_id"]
    parts, wholes = (observations.loc[observations["indicator"] == name, columns] for name in (part, whole))
    pairs = parts.merge(wholes, on=key, suffixes=("", "_whole"))
    pairs = pairs[pairs[["regime", "regime_whole"]].nunique(axis=1) < 2]
    pairs["same"] = pairs["source_id"] == pairs["source_id_whole"]
    best = pairs.groupby([*key, "regime"], dropna=False)["same"].transform("any")
    pairs = pairs[pairs["same"] == best].reset_index(drop=True).assign(part=part, whole=whole)
    pairs["regime"] = pairs["regime"].fillna(pairs["regime_whole"])
    pairs["qualifier"] = list(map(ratio_qualifier, pairs["qualifier"], pairs["qualifier_whole"]))
    both = pairs["source_id"] + ";" + pairs["source_id_whole"]
    pairs["source_ids"] = pairs["source_id"].where(pairs["same"], both)
    pairs = pairs.rename(columns={"value": "numerator", "value_whole": "denominator"})
    names = [*key, "regime", "part", "whole", "numerator", "denominator", "share", "low", "high"]
    return stated_shares(pairs, level)[[*names, "qualifier", "source_ids"]]


def take_up(observations: pd.DataFrame, population: pd.DataFrame) -> pd.DataFrame:
    """Counts with per_thousand: per 1,000 people (table `population`) of the year in which the period ends, missing
    where that is not known; and days, the length of the period: nothing is annualised."""
    year = pd.to_datetime(observations["period_end"]).dt.year
    rows = observations.assign(year=year, days=_days(observations))
    table = rows.merge(population, on=["geography", "province_code", "year"], how="left", validate="m:1")
    table["per_thousand"] = table["value"] / table["population_thousand"]
    return table.set_axis(observations.index)


def growth(observations: pd.DataFrame) -> pd.DataFrame:
    """Each figure that has one beside the latest earlier one of the same place, indicator, unit, regime and number of
    months; no targets. Adds period_end_before, value_before, change (in the unit), growth (% of the earlier value;
    missing for shares, whose change is in points, and where that value is not above 0) and qualifier_growth."""
    key = [*PLACE, "indicator", "unit", "regime", "_months"]
    rows = observations[observations["qualifier"] != "target"]
    rows = rows.assign(_end=pd.to_datetime(rows["period_end"]), _months=(_days(rows) / 30.44).round())
    rows[key] = rows[key].astype("str").fillna("")
    rows = rows.sort_values(["_end", *key, "source_id"], kind="stable")
    earlier = rows[[*key, "_end", "period_end", "value", "qualifier", "source_id"]]
    beside = {"on": "_end", "by": key, "allow_exact_matches": False, "suffixes": ("", "_before")}
    table = pd.merge_asof(rows, earlier, **beside).dropna(subset=["value_before"], ignore_index=True)
    table["change"] = table["value"] - table["value_before"]
    counted = (table["unit"] != PERCENT) & (table["value_before"] > 0)
    table["growth"] = 100 * table["change"] / table["value_before"].where(counted)
    table["qualifier_growth"] = list(map(ratio_qualifier, table["qualifier"], table["qualifier_before"]))
    return table.drop(columns=["_end", "_months"]).replace(dict.fromkeys(key[:-1], ""), np.nan)


def _days(rows: pd.DataFrame) -> pd.Series:
    return (pd.to_datetime(rows["period_end"]) - pd.to_datetime(rows["period_start"])).dt.days + 1
