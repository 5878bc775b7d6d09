"""Tables that are tables already: provinces and their people, and what the words mean; and labels → ids."""

from functools import cache

import pandas as pd

from vnegov import paths
from vnegov.data.loaders.workbook import ADDRESS, Faults, tables
from vnegov.data.schema import TABLES


def read() -> dict[str, pd.DataFrame]:
    """The files as written, all cells as text, with their addresses: table name → rows."""
    files = {name: [paths.RAW / file for file in table.files] for name, table in TABLES.items() if table.files}
    return {name: tables(own, "") for name, own in files.items()}


def tidy(raw: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The same, typed; the population of the `provinces`, and that of the 34, are still to be worked out."""
    faults, found = Faults(), {}
    for name, rows in raw.items():
        geography = rows["file"].str.extract(r"provinces_(\d\d)", expand=False).fillna("63")
        found[name] = faults.tidy(name, rows.assign(geography=geography), *ADDRESS)
    faults.done()
    return found


@cache
def lines(name: str) -> pd.DataFrame:
    """The definition file `name` as written, all cells as text, "" where empty."""
    return pd.read_csv(paths.RAW / "definitions" / f"{name}.csv", dtype="str", keep_default_na=False)


@cache
def component_ids(index: str) -> dict[str, str]:
    """What may stand for a component of one index (its name, a printed label, its id) → component id."""
    labels, components = lines("component_labels"), lines("components").rename(columns={"name_vi": "label"})
    ids = components.assign(label=components["component"])
    own = pd.concat([components, labels, ids]).query("index == @index")
    return {"Chỉ số chung": "overall"} | dict(zip(own["label"], own["component"], strict=True))
