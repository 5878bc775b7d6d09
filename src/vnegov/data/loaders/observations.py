"""Figures read in articles and on portals: services, dossiers, documents, tasks, targets.

Each printed label leads, by data/raw/definitions/indicator_labels.csv, to an indicator of `observations`, to
an index in `scores` or `agencies`, or to the reason why it is no figure of this project.
"""

import re

import pandas as pd

from vnegov import paths
from vnegov.data import numerals, sources
from vnegov.data.loaders import definitions
from vnegov.data.loaders.rankings import COLUMNS as SCORE_COLUMNS
from vnegov.data.loaders.workbook import ADDRESS, REFUSED, Faults, concat, tables
from vnegov.data.schema import QUALIFIERS, TABLES

FILES = ("articles/articles.xlsx", "adoption/adoption.xlsx")
LABEL, UNIT, VALUE = "Chỉ tiêu", "Đơn vị", "Giá trị"
SCOPES = {
    "toàn tỉnh": "province",
    "cấp tỉnh": "provincial_level",
    "cấp huyện": "district_level",
    "cấp xã": "commune_level",
    "cơ quan": "agency",
    "cổng": "portal",
    "cả nước": "national",
}
OUT = [*TABLES["observations"].columns, *ADDRESS, "cell"]
AGENCY_OUT = [*TABLES["agencies"].columns, *ADDRESS, "score_cell", "rank_cell", "change"]


def read() -> pd.DataFrame:
    """One row a figure, everything as printed, with its address and the letter of the value's column."""
    frames = []
    for file in FILES:
        path = paths.RAW / file
        own = sources.sidecar(path).source_id
        for _, columns, rows in tables(path, LABEL):
            for head in ("Địa giới", "Thay đổi hạng", "Vị trí"):
                if head not in rows:
                    rows[head] = None
            rows["Nguồn"] = rows["Nguồn"].where(rows["Nguồn"].notna(), own)
            frames.append(rows.assign(column=columns[VALUE], name_column=columns["Tỉnh"]))
    return pd.concat(frames, ignore_index=True)


def tidy(raw: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Candidates for `observations`, `scores` and `agencies`, and the rows `refused` with the reason."""
    faults = Faults()
    rows = _placed(_ranges(_routed(raw, faults)), faults)
    faults.done()
    refused = rows["reason"] != ""
    taken = rows[~refused]
    observed = taken[taken["table"] == "observations"]
    return {
        "observations": observed[OUT],
        "scores": _scores(taken[taken["table"] == "scores"]),
        "agencies": _agencies(taken[taken["table"] == "agencies"]),
        "refused": rows[refused].rename(columns={LABEL: "label"})[REFUSED],
    }


def _routed(raw: pd.DataFrame, faults: Faults) -> pd.DataFrame:
    """Where each row goes, from its printed label and unit."""
    labels = definitions.indicator_labels()
    routes = []
    for row in raw[[*ADDRESS, LABEL, UNIT]].itertuples(index=False):
        route = labels.get((row[3], row[4] or ""))
        if route is None:
            faults.add(row[0], row[1], f"row {row[2]}", f"{row[3]} [{row[4]}]", "a line in indicator_labels.csv")
        routes.append(route or {"table": "refused", "indicator": "", "index": "", "component": "", "reason": "?"})
    fields = ["table", "indicator", "index", "component", "reason"]
    return raw.assign(**{field: [route[field] for route in routes] for field in fields})


def _ranges(rows: pd.DataFrame) -> pd.DataFrame:
    """A value printed as a range ("80-90") becomes two bounds: over the lower, under the upper."""
    is_range = rows[VALUE].map(lambda v: bool(re.fullmatch(r"[\d,]+\s*[-–]\s*[\d,]+", str(v))))
    ends = rows[VALUE].where(is_range, "").astype("str").str.replace("–", "-").str.split("-")
    note = "printed as " + rows["Mức chính xác"].astype("str") + " " + rows[VALUE].astype("str")
    low = rows[is_range].assign(**{VALUE: ends.str[0], "Mức chính xác": "over", "Ghi chú": note})
    high = rows[is_range].assign(**{VALUE: ends.str[-1], "Mức chính xác": "under", "Ghi chú": note})
    return pd.concat([rows[~is_range], low, high]).sort_index(kind="stable").reset_index(drop=True)


def _placed(rows: pd.DataFrame, faults: Faults) -> pd.DataFrame:
    """Codes, scopes, dates and numbers in place of what was printed."""
    indicators = definitions.tidy(definitions.read())["indicators"].set_index("indicator")
    rows["reason"] = rows["reason"].where(
        (rows["reason"] != "") | (rows["Từ ngày"].notna() & rows["Đến ngày"].notna()), "its date is not known"
    )
    rows["geography"] = rows["Địa giới"].astype("str").where(rows["Địa giới"].notna(), "63")
    national = rows["Tỉnh"].isin(["Cả nước"])
    codes = [
        faults.codes(part, "Tỉnh", str(geography), part["name_column"].iloc[0])
        for geography, part in rows[~national & (rows["reason"] == "")].groupby("geography", sort=False)
    ]
    rows["province_code"] = pd.concat(codes)
    rows["scope"] = rows["Phạm vi"].map(SCOPES).where(~national, "national")
    rows["agency"] = rows["Cơ quan"]
    rows["period_start"], rows["period_end"] = rows["Từ ngày"], rows["Đến ngày"]
    rows["qualifier"], rows["note"], rows["source_id"] = rows["Mức chính xác"], rows["Ghi chú"], rows["Nguồn"]
    rows["regime"] = rows["indicator"].map(indicators["regime"])
    rows["unit"] = rows["indicator"].map(indicators["unit"])
    rows["cell"] = rows["column"] + rows["row"].astype("str")
    taken = rows["reason"] == ""
    for field, head in {"value": VALUE, "numerator": "Tử số", "denominator": "Mẫu số"}.items():
        numbers = faults.numbers(rows[taken].assign(at=rows["column"]), head, "at", numerals.parse, "a number")
        rows[field] = pd.Series([n.value if n else None for n in numbers], rows.index[taken], dtype="float64")
        if field == "value":
            rows["decimals"] = pd.Series([n.decimals if n else None for n in numbers], rows.index[taken])
    faults.known(rows[taken & ~national], "Phạm vi", SCOPES)
    faults.known(rows[taken], "Mức chính xác", QUALIFIERS)
    faults.known(rows[taken], "Nguồn", sources.register())
    for row in rows[taken & rows[VALUE].isna()].to_dict("records"):
        faults.add(row["file"], row["sheet"], row["cell"], row[VALUE], "a number")
    return rows


def _scores(rows: pd.DataFrame) -> pd.DataFrame:
    """Scores and ranks of indices; a stated change also gives the rank of the edition before, as derived."""
    is_rank = rows[UNIT] == "hạng"
    given = rows.assign(
        edition=rows["period_end"].str[:4].astype("int64"),
        score=rows["value"].where(~is_rank),
        score_cell=rows["cell"].where(~is_rank),
        rank=rows["value"].where(is_rank).astype("Int64"),
        rank_cell=rows["cell"].where(is_rank),
        rank_basis=pd.Series("published", index=rows.index).where(is_rank),
    )
    change = pd.to_numeric(given["Thay đổi hạng"]).astype("Int64")
    before = given[is_rank & change.notna()].assign(
        edition=given["edition"] - 1,
        rank=given["rank"] + change,
        rank_basis="derived",
        note="rank of the next edition and its stated change",
    )
    return concat([given, before], SCORE_COLUMNS)


def _agencies(rows: pd.DataFrame) -> pd.DataFrame:
    """An agency's score and rank, printed as two rows, become one; a stated change of rank stays beside it."""
    is_rank = rows[UNIT] == "hạng"
    rows = rows.assign(
        year=rows["period_end"].str[:4].astype("int64"),
        group="Sở, ban, ngành",
        score=rows["value"].where(~is_rank),
        rank=rows["value"].where(is_rank).astype("Int64"),
        rank_basis=pd.Series("published", index=rows.index).where(is_rank),
        score_cell=rows["cell"].where(~is_rank),
        rank_cell=rows["cell"].where(is_rank),
        change=pd.to_numeric(rows["Thay đổi hạng"]).astype("Int64"),
    )
    keys = ["province_code", "geography", "year", "agency", "group", "index", "source_id", "file", "sheet"]
    values = [column for column in AGENCY_OUT if column not in keys]
    return rows.groupby(keys, as_index=False, sort=False)[values].first()[AGENCY_OUT]
