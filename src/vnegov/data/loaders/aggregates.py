"""National and regional means, as published: what the provinces' own figures are checked against."""

import pandas as pd

from vnegov import paths
from vnegov.data.loaders import definitions
from vnegov.data.loaders.workbook import ADDRESS, Faults, tables


def read() -> pd.DataFrame:
    """One row a mean, as printed; the sheet's name is the index."""
    return tables([paths.RAW / "aggregates" / "aggregates.xlsx"], "Vùng")


def tidy(raw: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Rows of the table `aggregates`."""
    faults, parts = Faults(), []
    for index, rows in raw.assign(index=raw["sheet"], geography="63").groupby("index", sort=False):
        parts.append(faults.tidy("aggregates", rows, *ADDRESS, component=definitions.component_ids(index)))
    faults.done()
    return {"aggregates": pd.concat(parts)}
