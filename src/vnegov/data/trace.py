"""From a figure to where it was read: raw file, sheet, cell, correction, source, and what other sources say."""

import difflib

import pandas as pd

from vnegov.data import build, provinces, reconcile, sources
from vnegov.data.loaders import definitions
from vnegov.data.schema import INDICES
from vnegov.errors import VnegovError

COLUMNS = [
    "use", "says", "score", "rank", "value", "file", "sheet", "cell", "stated", "corrected", "why", "why_vi",
    "source_id", "title", "publisher", "url", "published", "trust", "note",
]  # fmt: skip


class UnknownFigure(VnegovError, ValueError):
    """A figure of which nothing is known; the message names the nearest that are."""


def trace(
    province: object, index: str, edition: int, component: str = "overall", geography: str | None = None
) -> pd.DataFrame:
    """Every printing of one figure, the one taken first: one row a source and cell (`COLUMNS`).

    `index` is an index, or an indicator of `observations` and `edition` a year. `use` tells what is taken from a
    row: "score", "rank", "score and rank", "figure", or "". Raises `UnknownProvince`, or `UnknownFigure` with what is.
    """
    geography = str(geography or provinces.geography_of(int(edition)))
    code, indicators = provinces.resolve(province, geography), [*definitions.lines("indicators")["indicator"]]
    if index not in (*INDICES, *indicators):
        near = difflib.get_close_matches(index, [*INDICES, *indicators], n=5, cutoff=0.3)
        raise UnknownFigure(f"{index!r} is no index and no indicator; nearest: {', '.join(near)}")
    found = build.candidates(index)
    if index in INDICES:
        rows = found["scores"]
    else:
        rows = found["observations"].rename(columns={"indicator": "index"}).assign(component="overall")
        rows["edition"] = rows["period_end"].str[:4].astype("int64")
    rows = rows[(rows["index"] == index) & (rows["geography"] == geography) & (rows["province_code"] == code)]
    mine = rows[(rows["edition"] == int(edition)) & (rows["component"] == component)]
    if mine.empty:
        known = sorted({f"{e} {c}" for e, c in zip(rows["edition"], rows["component"], strict=True)})
        raise UnknownFigure(
            f"nothing is published of {index} {edition} {component} for {province} among the {geography}; "
            f"known: {', '.join(known) or 'nothing'}"
        )
    mine = _ranked(mine) if index in INDICES else _observed(mine)
    register = pd.DataFrame.from_dict(sources.register(), orient="index").drop(columns="source_id")
    return mine.join(register, on="source_id").reindex(columns=COLUMNS).reset_index(drop=True)


def lines(rows: pd.DataFrame) -> list[str]:
    """What `trace` found, to be read in a terminal."""
    told = []
    for row in rows.astype(object).where(rows.notna(), "").to_dict("records"):
        told.append(f"{row['says']}  [{row['use'] + ' taken from here' if row['use'] else 'not taken'}]")
        told.append(f"    {row['file']}, {row['sheet'] and 'sheet ' + row['sheet'] + ', '}cell {row['cell']}")
        if row["why"]:
            told.append(f"    corrected: {row['stated']} → {row['corrected']}. {row['why']}")
        told.append(f"    {row['title']}. {row['publisher']}, {row['published'] or 'no date'} ({row['trust']})")
        told += [f"    {text}" for text in (row["url"], row["note"] and f"note: {row['note']}") if text]
    return told


def _ranked(mine: pd.DataFrame) -> pd.DataFrame:
    taken = reconcile.chosen(mine)
    mine, told = mine.loc[taken.index], []
    for row, use in zip(mine.to_dict("records"), taken.to_dict("records"), strict=True):
        printed = {"score": f"{row['score']:.10g}", "rank": f"rank {row['rank']} ({row['rank_basis']})"}
        filled = [field for field in printed if pd.notna(row[f"{field}_cell"])]
        says = ", ".join(printed[field] for field in filled)
        cell = ", ".join(row[f"{field}_cell"] for field in filled)
        told.append((says, cell, " and ".join(field for field in printed if use[field])))
    return mine.assign(**pd.DataFrame(told, mine.index, columns=["says", "cell", "use"]))


def _observed(mine: pd.DataFrame) -> pd.DataFrame:
    qualifier = mine["qualifier"].where(mine["qualifier"] != "exact", "")
    place = mine["agency"].fillna(mine["scope"]) + ", " + mine["period_end"]
    says = (qualifier + " " + mine["value"].map("{:.10g}".format) + " " + mine["unit"]).str.strip()
    return mine.assign(use="figure", says=says + " (" + place + ")")
