"""Figures read in articles and on portals: services, dossiers, documents, tasks, targets.

Each printed label leads, by data/raw/definitions/indicator_labels.csv, to an indicator of `observations`, to
an index in `scores` or `agencies`, or to the reason why it is no figure of this project.
"""

import pandas as pd

from vnegov import paths
from vnegov.data import numerals, sources
from vnegov.data.loaders import definitions
from vnegov.data.loaders.rankings import COLUMNS as SCORE_COLUMNS
from vnegov.data.loaders.workbook import ADDRESS, REFUSED, WORDS, Faults, cells, tables, typed
from vnegov.data.schema import QUALIFIERS

COUNTED = "2025-11-14"  # when the services of the 34 were counted on the national portal


def read() -> pd.DataFrame:
    """One row a figure, everything as printed; for counts of the 34 with the words that articles would use."""
    heads, files = WORDS["heads"], [paths.RAW / "articles" / "articles.xlsx", paths.RAW / "adoption" / "adoption.xlsx"]
    articles = tables(files, "Chỉ tiêu", heads["articles"])
    wide = tables([paths.RAW / "services" / "services_2025.xlsx"], "Tỉnh, thành phố", heads["services"])
    kept = [*ADDRESS, "at", "source_id", *heads["services"].values()]
    counts = wide.melt(kept, list(WORDS["services"]), "label", "value").assign(
        geography="34", scope="toàn tỉnh", period_start=COUNTED, period_end=COUNTED, qualifier="exact"
    )
    counts["at"] = [at | {"value": at[label]} for at, label in zip(counts["at"], counts["label"], strict=True)]
    return pd.concat([articles, counts], ignore_index=True)


def tidy(raw: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Candidates for `observations`, `scores` and `agencies`, and the rows `refused` with the reason."""
    faults = Faults()
    rows = _routed(raw, faults).assign(cell=cells(raw, "value"))
    taken = _placed(_ranges(rows[rows["reason"] == ""]), faults)
    faults.done()
    results = _results(taken)
    return {
        "observations": typed("observations", taken[taken["table"] == "observations"], *ADDRESS, "cell"),
        "scores": _scores(results[results["table"] == "scores"]),
        "agencies": _agencies(results[results["table"] == "agencies"]),
        "refused": rows[rows["reason"] != ""][REFUSED],
    }


def _routed(raw: pd.DataFrame, faults: Faults) -> pd.DataFrame:
    """Where each row goes (table; indicator, or index and component), from its label and unit, or why nowhere."""
    counts = pd.DataFrame(WORDS["services"].items(), columns=["label", "indicator"]).assign(table="observations")
    labels = pd.concat([definitions.lines("indicator_labels"), counts]).fillna("")
    rows = raw.assign(unit_vi=raw["unit_vi"].fillna("")).merge(labels, "left", ["label", "unit_vi"])
    for row in rows[rows["reason"].isna()].to_dict("records"):
        read, cell = f"{row['label']} [{row['unit_vi']}]", f"{row['at']['label']}{row['row']}"
        faults.add(row["file"], row["sheet"], cell, read, "a line in indicator_labels.csv")
    undated = rows["reason"].eq("") & (rows["period_start"].isna() | rows["period_end"].isna())
    nameless = "several rows bear this province's name; whose figures they are is not known"
    rows["reason"] = rows["reason"].mask(undated, "its date is not known")
    rows["reason"] = rows["reason"].mask(rows["name_is_certain"] == "không", nameless)
    return rows


def _ranges(rows: pd.DataFrame) -> pd.DataFrame:
    """A value printed as a range ("80-90") becomes two bounds: over the lower, under the upper."""
    ends = rows["value"].astype("str").str.extract(r"^([\d,]+)\s*[-–]\s*([\d,]+)$")
    is_range = ends[0].notna()
    note = "printed as " + rows["qualifier"].astype("str") + " " + rows["value"].astype("str")
    ranges = [
        rows.assign(value=ends[end], qualifier=bound, note=note)[is_range]
        for end, bound in enumerate(("over", "under"))
    ]
    return pd.concat([rows[~is_range], *ranges]).sort_index(kind="stable").reset_index(drop=True)


def _placed(rows: pd.DataFrame, faults: Faults) -> pd.DataFrame:
    """Codes, words as the schema has them and numbers in place of what was printed."""
    terms = definitions.tidy(definitions.read())["indicators"].set_index("indicator")
    national = rows["province"] == "Cả nước"
    rows = rows.assign(
        geography=rows["geography"].fillna("63"),
        province=rows["province"].mask(national),
        scope=rows["scope"].mask(national, "cả nước"),
    )
    numbers = faults.read(rows, "value", numerals.parse, "a number", needed=True)
    parts = {
        field: faults.read(rows, field, lambda cell: numerals.parse(cell).value, "a number")
        for field in ("numerator", "denominator")
    }
    return rows.assign(
        province_code=faults.codes(rows, "province"),
        scope=faults.known(rows, "scope", WORDS["scopes"]),
        qualifier=faults.known(rows, "qualifier", QUALIFIERS),
        source_id=faults.known(rows, "source_id", list(sources.register())),
        regime=rows["indicator"].map(terms["regime"]),
        unit=rows["indicator"].map(terms["unit"]),
        value=numbers.str[0],
        decimals=numbers.str[1],
        **parts,
    )


def _results(rows: pd.DataFrame) -> pd.DataFrame:
    """The value of each row as a score or a rank, of the year in which its period ends."""
    is_rank, year = rows["unit_vi"] == "hạng", rows["period_end"].str[:4].astype("int64")
    return rows.assign(
        year=year,
        edition=year,
        group="Sở, ban, ngành",
        score=rows["value"].mask(is_rank),
        score_cell=rows["cell"].mask(is_rank),
        rank=rows["value"].where(is_rank),
        rank_cell=rows["cell"].where(is_rank),
        rank_basis=is_rank.map({True: "published", False: None}),
        change=pd.to_numeric(rows["change"]).astype("Int64"),
    )


def _scores(rows: pd.DataFrame) -> pd.DataFrame:
    """A stated change also gives the rank of the edition before, as derived."""
    before = rows[rows["rank"].notna() & rows["change"].notna()]
    before = before.assign(
        edition=before["edition"] - 1,
        rank=before["rank"] + before["change"],
        rank_basis="derived",
        note="rank of the next edition and its stated change",
    )
    both = pd.concat([rows, before], ignore_index=True)
    return typed("scores", both, *SCORE_COLUMNS)


def _agencies(rows: pd.DataFrame) -> pd.DataFrame:
    """An agency's score and rank, printed as two rows, become one; a stated change of rank stays beside it."""
    keys = ["province_code", "geography", "year", "agency", "group", "index", "source_id", "file", "sheet"]
    rows = rows.groupby(keys, as_index=False, sort=False).first()
    return typed("agencies", rows, *ADDRESS, "score_cell", "rank_cell", "change")
