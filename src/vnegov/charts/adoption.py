"""Whether services are used: a province's published shares beside those of its peers on the same measure."""

import pandas as pd
from matplotlib.axes import Axes

from vnegov.charts import funnel, labels, rulers, style
from vnegov.charts.labels import text
from vnegov.data.case import Case, province_name
from vnegov.data.tables import table
from vnegov.metrics import ranking

NAME = "adoption"
NEAR = 1  # years that a figure may lie from the year asked for, and a peer's from the province's
MEASURES = (
    "share_online_of_received", "share_online_of_settled", "share_online_level34_of_settled",
    "share_online_of_level34", "share_online_unstated", "share_full_online", "share_electronic_dossiers",
    "share_services_used", "share_online_payment", "share_digitised", "share_dossiers_digitised",
    "share_settled_of_received", "share_on_time", "share_online_services_of_all", "share_level2plus_of_all",
    "share_level3_of_all", "share_level4_of_all", "share_level4_of_eligible", "share_level4_of_online",
    "share_level4_unstated", "share_full_of_eligible", "share_full_of_all", "share_signed_documents",
    "share_documents_sent_online", "portal_visits",
)  # fmt: skip
COLOURS = {"own": style.PROVINCE, "peer": style.MUTED, "national": style.MEDIAN}
SAME = ["indicator", "scope"]


def compute(case: Case) -> pd.DataFrame:
    """One row a figure: the province's own on each measure and level (the nearest to the year, at most `NEAR` years
    off), then its peers' and the country's (as near to the own). Peers: the same region, or the five nearest by
    population. whose: "own", "peer" or "national"."""
    units, rows = table("provinces").query("geography == @case.geography"), table("observations")
    near = [*ranking.peers(units, case.province_code), *ranking.peers(units, case.province_code, "nearest")]
    whose = rows["province_code"].map({**dict.fromkeys(near, "peer"), case.province_code: "own"})
    whose = whose.where(rows["geography"] == case.geography).mask(rows["scope"] == "national", "national")
    rows = rows.assign(whose=whose, scope=rows["scope"].replace("national", "province"))
    rows = rows[rows["indicator"].isin(MEASURES) & (rows["qualifier"] != "target") & rows["agency"].isna()]
    rows = rows.assign(year=rows["period_end"].str[:4].astype("int64"))
    asked = _nearest(rows[rows["whose"] == "own"].assign(year_of=case.year)).drop_duplicates(SAME)
    found = rows.dropna(subset=["whose"]).merge(asked[[*SAME, "year"]], on=SAME, suffixes=("", "_of"))
    found = _nearest(found).sort_values("value", ascending=False, kind="stable")
    found = funnel.in_order(found, [*SAME, "whose"], indicator=MEASURES, scope=funnel.SCOPES, whose=[*COLOURS])
    return found[[*SAME, "whose", "province_code", *funnel.PERIOD, "value", "unit", "qualifier", "source_id"]]


def _nearest(rows: pd.DataFrame) -> pd.DataFrame:
    """Of each place, measure and level the figures nearest to `year_of`, the later of two as near."""
    key = ["province_code", *SAME]
    rows = rows.assign(off=(rows["year"] - rows["year_of"]).abs())
    rows = rows[rows["off"] <= NEAR].sort_values(["off", "period_end"], ascending=[True, False], kind="stable")
    latest = rows.groupby(key, dropna=False)["period_end"].transform("first")
    return rows[rows["period_end"] == latest].drop_duplicates([*key, "value"])


def draw(data: pd.DataFrame, case: Case) -> Axes:
    """A block a measure with its definition, for each has a denominator of its own; the province first."""
    lang, blocks = case.lang, []
    meaning = table("indicators").set_index("indicator")["definition" if lang == "en" else "definition_vi"]
    for (indicator, scope), rows in data.groupby(SAME, sort=False):
        level = "" if scope == "province" else f" ({text(lang, f'scope.{scope}')})"
        alone = "" if "peer" in set(rows["whose"]) else text(lang, "adoption.no_peer") + " "
        whole = 100 if rows["unit"].iloc[0] == "percent" else rows["value"].max()
        lines = []
        for row in rows.itertuples():
            country = row.whose == "national"
            name = text(lang, "adoption.country") if country else province_name(row.province_code, case.geography)
            told = labels.qualified(row.value, row.qualifier, lang, row.unit)
            look = {"exact": row.qualifier == "exact", "bar": row.whose == "own", "colour": COLOURS[row.whose]}
            lines.append(rulers.Ruler(name, told, funnel.period(row, lang), row.value / whole, **look))
        blocks.append((labels.indicator_name(indicator, lang) + level, alone + meaning[indicator], lines))
    title = text(lang, "adoption.title", province=case.province, year=case.year)
    n = data.loc[data["whose"] == "peer", "province_code"].nunique()
    return rulers.draw(blocks, (title, text(lang, "adoption.subtitle", n=n), labels.source_line(data, lang)))


def describe(data: pd.DataFrame, case: Case) -> str:
    """How many measures are known, how many of them of a peer too, and the first of these with its range."""
    lang, who = case.lang, case.province
    if data.empty:
        return text(lang, "adoption.none", province=who, since=case.year - NEAR, until=case.year + NEAR)
    measures = [rows for _, rows in data.groupby(SAME, sort=False)]
    compared = [rows for rows in measures if "peer" in set(rows["whose"])]
    said = text(lang, "adoption.some", province=who, n=len(measures), shared=len(compared))
    if not compared:
        return said
    own, peers = (compared[0][compared[0]["whose"] == whose].sort_values("value") for whose in ("own", "peer"))
    told = [
        labels.qualified(row.value, row.qualifier, lang, row.unit)
        for row in pd.concat([own.head(1), peers.iloc[[0, -1]]]).itertuples()
    ]
    name = labels.indicator_name(own["indicator"].iloc[0], lang)
    key = "adoption.peer" if len(peers) == 1 else "adoption.peers"
    return said + text(lang, key, name=name, own=told[0], n=len(peers), low=told[1], high=told[2])
