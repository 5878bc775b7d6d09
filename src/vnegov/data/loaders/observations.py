"""Figures read in articles and on portals: services, dossiers, documents, tasks, targets.

Each printed label leads, by data/raw/definitions/indicator_labels.csv, to an indicator of `observations`, to
an index in `scores` or `agencies`, or to the reason why it is no figure of this project.
"""

import pandas as pd

from vnegov import paths
from vnegov.data.loaders import definitions
from vnegov.data.loaders.rankings import FIGURE
from vnegov.data.loaders.workbook import ADDRESS, REFUSED, WORDS, Faults, tables

COUNTED = "2025-11-14"  # when the services of the 34 were counted on the national portal
AGENCY = ["province_code", "geography", "year", "agency", "group", "index", "source_id", "file", "sheet"]


def read() -> pd.DataFrame:
    """One row a figure, everything as printed; for counts of the 34 with the words that articles would use."""
    articles = tables([paths.RAW / "articles" / "articles.xlsx", paths.RAW / "adoption" / "adoption.xlsx"], "Chỉ tiêu")
    wide = tables([paths.RAW / "services" / "services_2025.xlsx"], "Tỉnh, thành phố")
    kept = [*ADDRESS, "at", "source_id", "province_code", "name_is_certain"]
    counts = wide.melt(kept, list(WORDS["services"]), "label", "value").assign(
        geography="34", scope="toàn tỉnh", period_start=COUNTED, period_end=COUNTED, qualifier="exact"
    )
    counts["at"] = [at | {"value": at[label]} for at, label in zip(counts["at"], counts["label"], strict=True)]
    rows = pd.concat([articles, counts], ignore_index=True)
    return rows.assign(at=[at | {"score": at["value"], "rank": at["value"]} for at in rows["at"]])


def tidy(raw: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Candidates for `observations`, `scores` and `agencies`, and the rows `refused` with the reason.

    An agency's score and rank, printed as two rows, become one.
    """
    faults = Faults()
    rows = _routed(raw, faults)
    taken = _ranges(rows[rows["reason"] == ""])
    results = _results(taken)
    observations = faults.tidy("observations", taken[taken["table"] == "observations"], *ADDRESS, "cell")
    scores = faults.tidy("scores", results[results["table"] == "scores"], *FIGURE, "change")
    agencies = results[results["table"] == "agencies"]
    agencies = faults.tidy("agencies", agencies, *ADDRESS, "score_cell", "rank_cell", "change")
    faults.done()
    return {
        "observations": observations,
        "scores": _with_editions_before(scores),
        "agencies": agencies.groupby(AGENCY, as_index=False, sort=False).first(),
        "refused": rows[rows["reason"] != ""][REFUSED],
    }


def _routed(raw: pd.DataFrame, faults: Faults) -> pd.DataFrame:
    """Where each row goes (table; indicator, or index and component), from its label and unit, or why nowhere."""
    counts = pd.DataFrame(WORDS["services"].items(), columns=["label", "indicator"]).assign(table="observations")
    labels = pd.concat([definitions.lines("indicator_labels"), counts]).fillna("")
    terms = definitions.lines("indicators")[["indicator", "regime", "unit"]].replace("", None)
    national = raw["province_code"] == "Cả nước"
    rows = raw.assign(
        cell=[f"{at['value']}{row}" for at, row in zip(raw["at"], raw["row"], strict=True)],
        unit_vi=raw["unit_vi"].fillna(""),
        geography=raw["geography"].fillna("63"),
        province_code=raw["province_code"].mask(national, None),
        scope=raw["scope"].mask(national, "cả nước"),
    )
    rows = rows.merge(labels, "left", ["label", "unit_vi"]).merge(terms, "left", "indicator")
    for row in rows[rows["reason"].isna()].to_dict("records"):
        read, cell = f"{row['label']} [{row['unit_vi']}]", f"{row['at']['label']}{row['row']}"
        faults.add(row["file"], row["sheet"], cell, read, "a line in indicator_labels.csv")
    undated = rows["reason"].eq("") & (rows["period_start"].isna() | rows["period_end"].isna())
    nameless = "several rows bear this province's name; whose figures they are is not known"
    reason = rows["reason"].mask(undated, "its date is not known").mask(rows["name_is_certain"] == "không", nameless)
    return rows.assign(reason=reason)


def _ranges(rows: pd.DataFrame) -> pd.DataFrame:
    """A value printed as a range ("80-90") becomes two bounds: over the lower, under the upper."""
    ends = rows["value"].astype("str").str.extract(r"^([\d,]+)\s*[-–]\s*([\d,]+)$")
    note = "printed as " + rows["qualifier"].astype("str") + " " + rows["value"].astype("str")
    low, high = (rows.assign(value=ends[end], qualifier=q, note=note) for end, q in enumerate(("over", "under")))
    is_range = ends[0].notna()
    return pd.concat([rows[~is_range], low[is_range], high[is_range]]).sort_index(kind="stable", ignore_index=True)


def _results(rows: pd.DataFrame) -> pd.DataFrame:
    """The value of each row as a score or a rank, of the year in which its period ends."""
    is_rank, year = rows["unit_vi"] == "hạng", rows["period_end"].str[:4]
    return rows.assign(
        year=year,
        edition=year,
        group="Sở, ban, ngành",
        score=rows["value"].mask(is_rank),
        rank=rows["value"].where(is_rank),
        rank_basis=is_rank.map({True: "published", False: None}),
        change=pd.to_numeric(rows["change"]).astype("Int64"),
    )


def _with_editions_before(scores: pd.DataFrame) -> pd.DataFrame:
    """A stated change also gives the rank of the edition before, as derived."""
    rows = scores[scores["rank"].notna() & scores["change"].notna()]
    before = {"edition": rows["edition"] - 1, "rank": rows["rank"] + rows["change"], "rank_basis": "derived"}
    before["note"] = "rank of the next edition and its stated change"
    return pd.concat([scores, rows.assign(**before)], ignore_index=True).drop(columns="change")
