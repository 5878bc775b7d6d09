"""Corrections of what a source misprints: data in data/raw/corrections.yml, never an edit of a raw file."""

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd
import yaml

from vnegov import paths
from vnegov.data import numerals
from vnegov.errors import BadRawFile

FILE = "corrections.yml"
MEMORY = ("stated", "corrected", "why", "why_vi")


@dataclass(frozen=True)
class Correction:
    """One figure of one source: where it stands, what it says, what it means, why, and what must still hold.

    `table` and `key` (columns and their values) name the candidate rows; `expect` is a condition on them, as
    pandas' `query` takes it.
    """

    table: str
    key: dict[str, str | int]
    field: str
    stated: float
    corrected: float
    expect: str
    why: str
    why_vi: str


def load() -> list[Correction]:
    """All corrections, in the order of the file. Raises `BadRawFile`."""
    path = paths.RAW / FILE
    try:
        return [Correction(**entry) for entry in yaml.safe_load(path.read_text(encoding="utf-8")) or []]
    except (TypeError, yaml.YAMLError) as error:
        raise BadRawFile(f"{paths.relative(path)}: {error}") from None


def apply(found: dict[str, pd.DataFrame], corrections: Iterable[Correction]) -> dict[str, pd.DataFrame]:
    """The candidates with the corrections made; the columns `MEMORY` tell what was changed, to what and why.

    Raises one `BadRawFile` that names every correction whose raw figure is gone, or no longer as expected.
    """
    tables, faults = dict(found), []
    for each in corrections:
        rows = tables[each.table].reindex(columns=dict.fromkeys([*tables[each.table], *MEMORY]))
        rows = rows.astype(dict.fromkeys(MEMORY, object))
        at = (rows[list(each.key)].astype("str") == [str(value) for value in each.key.values()]).all(axis=1)
        read = rows.loc[at, each.field].tolist()
        if read != [each.stated] or len(rows[at].query(each.expect)) != 1:
            faults.append(
                f"{paths.relative(paths.RAW / FILE)}: the correction of {each.field}, {each.table} "
                f"{' '.join(map(str, each.key.values()))} no longer matches: read {read}, "
                f"expected one figure, {each.stated:g}, where {each.expect}"
            )
            continue
        change = [f"{each.field} {figure:g}" for figure in (each.stated, each.corrected)]
        rows.loc[at, [each.field, *MEMORY]] = [each.corrected, *change, each.why, each.why_vi]
        if each.field == "score":
            rows.loc[at, "decimals"] = numerals.parse(each.corrected).decimals
        tables[each.table] = rows
    if faults:
        raise BadRawFile("\n".join(faults))
    return tables
