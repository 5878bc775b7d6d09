"""Whether online services are used: shares with their denominators, take-up per head, growth.

Functions take rows of `observations`. A share names what it is a share of; the word that qualifies a figure
("over", "nearly") goes into the result; the levels 1–4 and the regime of Decree 42/2022 are never chained.
"""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import ndtri

PLACE = ["geography", "province_code", "scope", "agency"]
PERIOD = ["period_start", "period_end"]
PERCENT = "percent"
# Where the true value lies, seen from the printed one.
LEANING = {"exact": 0, "over": 1, "under": -1, "nearly": -1, "about": None}


def wilson(part: ArrayLike, whole: ArrayLike, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Score interval (low, high) of the share part / whole, in [0, 1]; counts as vectors of one length.

    Wilson 1927, Journal of the American Statistical Association 22. NaN where a count is missing or no share
    of a whole is at hand (whole ≤ 0, part < 0 or part > whole).
    """
    k, n = np.broadcast_arrays(np.asarray(part, dtype="float64"), np.asarray(whole, dtype="float64"))
    k, n = np.where((n > 0) & (k >= 0) & (k <= n), (k, n), np.nan)
    z2 = ndtri((1 + level) / 2) ** 2
    centre = (k + z2 / 2) / (n + z2)
    half = np.sqrt(z2 * k * (n - k) / n + z2**2 / 4) / (n + z2)
    return np.where(k == 0, 0.0, centre - half), np.where(k == n, 1.0, centre + half)


def ratio_qualifier(numerator: str, denominator: str) -> str:
    """The qualifier of a ratio: over / exact → over, exact / over → under, over / over → about.

    Either side a target makes the ratio a target; "about", or two sides that pull it opposite ways, make it
    "about". Raises ValueError for an unknown qualifier.
    """
    if "target" in (numerator, denominator):
        return "target"
    if unknown := {numerator, denominator} - set(LEANING):
        raise ValueError(f"qualifier {', '.join(sorted(unknown))} is none of {', '.join(LEANING)}, target")
    above, below = LEANING[numerator], LEANING[denominator]
    if above is None or below is None or above * below > 0:
        return "about"
    if not below:
        return numerator
    return "under" if below > 0 else "over"


def stated_shares(observations: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """Rows that print their own numerator and denominator, with share, low and high added (%).

    The Wilson interval shows how much chance there is in so few cases; it covers no error in the count
    itself.
    """
    rows = observations.dropna(subset=["numerator", "denominator"])
    low, high = wilson(rows["numerator"], rows["denominator"], level)
    share = 100 * rows["numerator"] / rows["denominator"].where(rows["denominator"] > 0)
    return rows.assign(share=share, low=100 * low, high=100 * high)


def shares(observations: pd.DataFrame, part: str, whole: str, level: float = 0.95) -> pd.DataFrame:
    """Indicator `part` as a share (%) of indicator `whole`, for the same place, scope, agency and period.

    So are made the supply of services by regime (of all procedures, or of eligible ones: two indicators),
    settled of received, on time of due, online of all dossiers. Where both have a regime it must be one. A
    source that prints both sides is preferred to a pairing of sources. Result: place, period, regime, part,
    whole, numerator, denominator, share, low, high (Wilson), qualifier, source_ids.
    """
    key = [*PLACE, *PERIOD]
    columns = [*key, "regime", "value", "qualifier", "source_id"]
    parts, wholes = (observations.loc[observations["indicator"] == name, columns] for name in (part, whole))
    pairs = parts.merge(wholes, on=key, suffixes=("", "_whole"))
    either = pairs["regime"].isna() | pairs["regime_whole"].isna()
    pairs = pairs[either | (pairs["regime"] == pairs["regime_whole"])]
    same = pairs["source_id"] == pairs["source_id_whole"]
    better = same.groupby([pairs[column] for column in [*key, "regime"]], dropna=False).transform("any")
    pairs = pairs[same | ~better].reset_index(drop=True)
    one = pairs["source_id"] == pairs["source_id_whole"]
    counts = pairs.assign(
        regime=pairs["regime"].fillna(pairs["regime_whole"]),
        part=part,
        whole=whole,
        numerator=pairs["value"],
        denominator=pairs["value_whole"],
        qualifier=_qualifiers(pairs["qualifier"], pairs["qualifier_whole"]),
        source_ids=pairs["source_id"].where(one, pairs["source_id"] + ";" + pairs["source_id_whole"]),
    )
    table = stated_shares(counts, level)
    names = [*key, "regime", "part", "whole", "numerator", "denominator", "share", "low", "high"]
    return table[[*names, "qualifier", "source_ids"]]


def take_up(observations: pd.DataFrame, population: pd.DataFrame) -> pd.DataFrame:
    """Counts with per_thousand: per 1,000 people of the year in which the period ends.

    `population` is the table of that name. Missing where that year's population is not known: no other year
    stands in. `days` is the length of the period: nothing is annualised. The qualifier is the count's.
    """
    rows = observations.assign(
        year=pd.to_datetime(observations["period_end"]).dt.year, days=_days(observations)
    )
    table = rows.merge(
        population, on=["geography", "province_code", "year"], how="left", validate="many_to_one"
    )
    table["per_thousand"] = table["value"] / table["population_thousand"]
    return table.set_axis(observations.index)


def growth(observations: pd.DataFrame) -> pd.DataFrame:
    """Each figure beside the latest earlier one of the same place, indicator, unit and regime.

    Periods must be of one length (in whole months), so that four months are not set beside a year. Adds
    period_end_before, value_before, change (in the unit), growth (% of the earlier value; missing for
    shares, where the change is in points, and where the earlier value is not above 0) and qualifier_growth
    (of the ratio). Targets are left out; figures with nothing before them do not appear.
    """
    key = [*PLACE, "indicator", "unit", "regime", "_months"]
    rows = observations[observations["qualifier"] != "target"]
    rows = rows.assign(_end=pd.to_datetime(rows["period_end"]), _months=(_days(rows) / 30.44).round())
    filled = {column: rows[column].astype("str").fillna("") for column in key}
    rows = rows.assign(**filled).sort_values(["_end", *key, "source_id"], kind="stable")
    earlier = rows[[*key, "_end", "period_end", "value", "qualifier", "source_id"]]
    table = pd.merge_asof(
        rows, earlier, on="_end", by=key, allow_exact_matches=False, suffixes=("", "_before")
    ).dropna(subset=["value_before"])
    table["change"] = table["value"] - table["value_before"]
    counted = (table["unit"] != PERCENT) & (table["value_before"] > 0)
    table["growth"] = 100 * table["change"] / table["value_before"].where(counted)
    table["qualifier_growth"] = _qualifiers(table["qualifier"], table["qualifier_before"])
    for column in ("agency", "regime", "province_code"):
        table[column] = table[column].where(table[column] != "")
    return table.drop(columns=["_end", "_months"]).reset_index(drop=True)


def _days(rows: pd.DataFrame) -> pd.Series:
    return (pd.to_datetime(rows["period_end"]) - pd.to_datetime(rows["period_start"])).dt.days + 1


def _qualifiers(above: pd.Series, below: pd.Series) -> list[str]:
    return [ratio_qualifier(one, other) for one, other in zip(above, below, strict=True)]
