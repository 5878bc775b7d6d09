"""Corrections of what a source misprints: data in data/raw/corrections.yml, never an edit of a raw file."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from vnegov import paths
from vnegov.data import numerals
from vnegov.errors import BadRawFile

FILE = "corrections.yml"
MEMORY = ("stated", "corrected", "why", "why_vi")


class Correction(BaseModel):
    """One figure of one source: where it stands, what it says, what it means, why, and what must still hold.

    `table` and `key` (columns and their values) name the candidate rows; `expect` is a condition on them, as
    pandas' `query` takes it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: str
    key: dict[str, str | int]
    field: str
    stated: float
    corrected: float
    expect: str
    why: str
    why_vi: str

    def concerns(self, rows: pd.DataFrame) -> pd.Series:
        """Which of `rows` (of its table) it is about."""
        same = [rows[column].astype("str") == str(value) for column, value in self.key.items()]
        return pd.concat(same, axis=1).all(axis=1)

    def __str__(self) -> str:
        return f"the correction of {self.field}, {self.table} {' '.join(map(str, self.key.values()))}"


def load() -> list[Correction]:
    """All corrections, in the order of the file. Raises `BadRawFile`."""
    path = paths.RAW / FILE
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8")) or []
        return [Correction.model_validate(entry) for entry in entries]
    except (ValidationError, yaml.YAMLError) as error:
        raise BadRawFile(f"{paths.relative(path)}: {error}") from None


def apply(found: dict[str, pd.DataFrame], corrections: Iterable[Correction]) -> dict[str, pd.DataFrame]:
    """The candidates with the corrections made; the columns `MEMORY` tell what was changed, to what and why.

    Raises one `BadRawFile` that names every correction whose raw figure is gone, or no longer as expected.
    """
    tables, faults = dict(found), []
    for correction in corrections:
        rows, field = tables[correction.table], correction.field
        rows = rows.assign(**{name: rows[name] if name in rows else None for name in MEMORY})
        rows = rows.astype(dict.fromkeys(MEMORY, object))
        at = correction.concerns(rows)
        read = rows.loc[at, field].tolist()
        if read != [correction.stated] or len(rows[at].query(correction.expect)) != 1:
            faults.append(
                f"{paths.relative(paths.RAW / FILE)}: {correction} no longer matches: read {read}, "
                f"expected one figure, {correction.stated:g}, where {correction.expect}"
            )
            continue
        rows.loc[at, field] = correction.corrected
        change = [f"{field} {figure:g}" for figure in (correction.stated, correction.corrected)]
        rows.loc[at, list(MEMORY)] = [*change, correction.why, correction.why_vi]
        if field == "score":
            rows.loc[at, "decimals"] = numerals.parse(correction.corrected).decimals
        tables[correction.table] = rows
    if faults:
        raise BadRawFile("\n".join(faults))
    return tables
