"""From a figure to where it was read: raw file, sheet, cell, correction, source, and what other sources say."""

from __future__ import annotations

import difflib
from typing import Any

import pandas as pd

from vnegov.data import corrections, provinces, reconcile, sources
from vnegov.data.loaders import definitions, forms, observations
from vnegov.data.loaders.rankings import Ranking
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

    `index` is an index, or an indicator of `observations` and `edition` a year. Only raw files that can hold
    the figure are read. `use` tells what is taken from a row: "score", "rank", "score and rank", "figure", or
    "". Raises `UnknownProvince`, or `UnknownFigure` with what is known.
    """
    geography = str(geography or provinces.geography_of(int(edition)))
    code, table = provinces.resolve(province, geography), "scores" if index in INDICES else "observations"
    indicators = [] if index in INDICES else list(definitions.lines("indicators")["indicator"])
    if index not in (*INDICES, *indicators):
        near = difflib.get_close_matches(index, [*INDICES, *indicators], n=5, cutoff=0.3)
        raise UnknownFigure(f"{index!r} is no index and no indicator; nearest: {', '.join(near)}")
    own: list[Any] = [forms] if indicators else [Ranking(index)]
    rows = pd.concat([loader.tidy(loader.read()).get(table) for loader in [*own, observations]], ignore_index=True)
    if indicators:
        year = rows["period_end"].str[:4].astype("int64")
        rows = rows.assign(index=rows["indicator"], edition=year, component="overall")
    rows = rows[(rows["index"] == index) & (rows["geography"] == geography) & (rows["province_code"] == code)]
    mine = rows[(rows["edition"] == int(edition)) & (rows["component"] == component)]
    if mine.empty:
        known = sorted({f"{e} {c}" for e, c in zip(rows["edition"], rows["component"], strict=True)})
        raise UnknownFigure(
            f"nothing is published of {index} {edition} {component} for {province} among the {geography}; "
            f"known: {', '.join(known) or 'nothing'}"
        )
    made = [c for c in corrections.load() if c.table == table and c.concerns(mine).any()]
    mine = corrections.apply({table: mine}, made)[table]
    mine = _observed(mine) if indicators else _ranked(mine)
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
        when = row["published"] or "no date"
        told.append(f"    {row['title']}. {row['publisher']}, {when} ({row['trust']})")
        told += [f"    {text}" for text in (row["url"], row["note"] and f"note: {row['note']}") if text]
    return told


def _ranked(mine: pd.DataFrame) -> pd.DataFrame:
    taken = reconcile.chosen(mine)
    says, use, cells = [], [], []
    for row, score, rank in zip(mine.to_dict("records"), taken["score"], taken["rank"], strict=True):
        ranked = f"rank {row['rank']} ({row['rank_basis']})"
        printed = {"score_cell": f"{row['score']:.10g}", "rank_cell": ranked}
        filled = [cell for cell in printed if pd.notna(row[cell])]
        says.append(", ".join(printed[cell] for cell in filled))
        cells.append(", ".join(row[cell] for cell in filled))
        use.append(" and ".join(["score"] * score + ["rank"] * rank))
    mine = mine.assign(use=use, says=says, cell=cells).loc[reconcile.by_precedence(mine).index]
    order = {"score and rank": 0, "score": 0, "rank": 1, "": 2}
    return mine.sort_values("use", key=lambda uses: uses.map(order), kind="stable")


def _observed(mine: pd.DataFrame) -> pd.DataFrame:
    qualifier = mine["qualifier"].where(mine["qualifier"] != "exact", "")
    place = mine["agency"].where(mine["agency"].notna(), mine["scope"]) + ", " + mine["period_end"]
    value = mine["value"].map("{:.10g}".format)
    says = (qualifier + " " + value + " " + mine["unit"]).str.strip() + " (" + place + ")"
    return mine.assign(use="figure", says=says)
