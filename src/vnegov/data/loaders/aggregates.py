"""National and regional means, as published: what the provinces' own figures are checked against."""

import pandas as pd

from vnegov import paths
from vnegov.data import numerals, sources
from vnegov.data.loaders import definitions
from vnegov.data.loaders.workbook import ADDRESS, WORDS, Faults, tables, typed


def read() -> pd.DataFrame:
    """One row a mean, as printed; the sheet's name is the index."""
    return tables([paths.RAW / "aggregates" / "aggregates.xlsx"], "Vùng", WORDS["heads"]["aggregates"])


def tidy(raw: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Rows of the table `aggregates`."""
    faults = Faults()
    ids = {sheet: definitions.component_ids(sheet) for sheet in raw["sheet"].unique()}
    parts = [faults.known(rows, "component", ids[sheet]) for sheet, rows in raw.groupby("sheet")]
    rows = raw.assign(
        index=raw["sheet"],
        geography="63",
        region=faults.known(raw, "region", WORDS["regions"]),
        component=pd.concat(parts),
        score=faults.read(raw, "score", lambda cell: numerals.score(cell).value, "a score", needed=True),
        source_id=faults.known(raw, "source_id", list(sources.register())),
    )
    faults.done()
    return {"aggregates": typed("aggregates", rows, *ADDRESS)}
