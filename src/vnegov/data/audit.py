"""What does not add up in the published figures: one rule a function, from frames to findings (`FOUND`).

An error is a statement that cannot be true as printed; a warning, figures that disagree or look odd; a note,
what rounding or a correction leaves behind. `unsettled` are the errors neither corrected nor explained.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase

import numpy as np
import pandas as pd

from vnegov.data.loaders import definitions
from vnegov.data.reconcile import KEY
from vnegov.data.schema import SEVERITIES, TABLES

FOUND = ["severity", "table", "key", "stated", "computed", "source_ids"]
ADDITIVE = ("papi", "svc766")  # indices whose score is the sum of its components
ROUNDING = 0.01  # how far such a sum, or a mean over provinces, may be off for the digits that were cut
JUMP = 5.0  # robust standard deviations of an index's yearly changes
COMPLETE = 0.9  # share of the provinces that must be known in both years of a change
GROUP = ["table", "index", "edition", "geography", "place", "part"]
AGENCY = ["index", "year", "geography", "province_code", "agency"]
SERIES = ["index", "geography", "component"]
REPORT = ["geography", "province_code", "period_start", "period_end", "source_id"]
STATE = ["geography", "province_code", "scope", "agency", "indicator", "period_start", "period_end"]
MEAN = ["index", "edition", "geography", "region", "component"]

Frames = Mapping[str, pd.DataFrame]


def audit(tables: Frames, found: Frames) -> pd.DataFrame:
    """The table `audit`: every rule over the processed `tables` and the candidates that were `found`."""
    frames = {**tables, "found": found["scores"], "found agencies": found["agencies"]}
    frames["ranked"] = ranked(tables["scores"], tables["agencies"])
    findings = pd.concat([rule(frames).assign(rule=name) for name, rule in RULES.items()], ignore_index=True)
    rows = pd.concat([explained(findings, definitions.lines("explanations")), corrected(found["scores"])])
    rows["_order"] = rows["severity"].map(SEVERITIES.index)
    rows = rows.sort_values(["_order", "rule", "table", "key"], ignore_index=True)
    return rows[list(TABLES["audit"].columns)].astype("str").where(rows.notna())


def explained(findings: pd.DataFrame, explanations: pd.DataFrame) -> pd.DataFrame:
    """The findings with the first explanation whose rule and key pattern (`*` and `?`, as in file names) fit."""
    lines = explanations.to_dict("records")
    fitting = [
        next((x for x in lines if x["rule"] == rule and fnmatchcase(key, x["key"])), {})
        for rule, key in zip(findings["rule"], findings["key"], strict=True)
    ]
    texts = {name: [line.get(name) for line in fitting] for name in ("explanation", "explanation_vi")}
    return findings.assign(**texts)


def unsettled(rows: pd.DataFrame) -> pd.DataFrame:
    """The errors of an audit table that are neither corrected nor explained."""
    return rows[(rows["severity"] == "error") & rows["explanation"].isna()]


def corrected(found: pd.DataFrame) -> pd.DataFrame:
    """A note for each figure that was corrected, with the reason; `found` are the corrected candidates."""
    rows = found[found["why"].notna()] if "why" in found else found.head(0).assign(stated="", why="", why_vi="")
    now = [f"{stated.split()[0]} {_text(row)}" for stated, row in _fields(rows)]
    findings = _findings(rows, "scores", _key(rows, [*KEY, "source_id"]), rows["stated"], now, "note", rows["source_id"])
    return findings.assign(rule="corrected", explanation=rows["why"].tolist(), explanation_vi=rows["why_vi"].tolist())


def ranked(scores: pd.DataFrame, agencies: pd.DataFrame) -> pd.DataFrame:
    """What was ranked by others, provinces and agencies alike: GROUP, unit, score, rank, rank_basis, n_units."""
    of_provinces = scores.assign(table="scores", place="", unit=scores["province_code"], part=scores["component"])
    of_agencies = agencies.assign(
        table="agencies", place=agencies["province_code"], unit=agencies["agency"], part=agencies["group"],
        edition=agencies["year"], source_ids=agencies["source_id"], n_units=len(agencies),
    )  # fmt: skip
    rows = pd.concat([of_provinces, of_agencies], ignore_index=True)
    return rows[rows["rank"].notna() & (rows["rank_basis"] != "computed")]
