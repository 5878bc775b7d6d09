"""What the words mean: indices, their components and breaks, indicators, sources; and labels → ids."""

from functools import cache

import pandas as pd

from vnegov import paths
from vnegov.data.schema import TABLES


@cache
def _csv(name: str) -> pd.DataFrame:
    return pd.read_csv(paths.RAW / name, dtype="str", keep_default_na=False)


def read() -> dict[str, pd.DataFrame]:
    """The definition files as written, all cells as text: table name → rows."""
    files = {name: f"definitions/{name}.csv" for name in ("indices", "components", "breaks", "indicators")}
    return {name: _csv(file) for name, file in files.items()} | {"sources": _csv("sources/sources.csv")}


def tidy(raw: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The tables `indices`, `components`, `breaks`, `indicators` and `sources`, typed."""
    renamed = {"why_en": "why", "definition_en": "definition"}
    return {name: typed(name, rows.rename(columns=renamed)) for name, rows in raw.items()}


def typed(name: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Text cells turned into the types of table `name`; empty cells are missing."""
    columns = {}
    for column, spec in TABLES[name].columns.items():
        cells = rows[column].where(rows[column] != "")
        if spec.type == "boolean":
            columns[column] = cells.str.lower().map({"true": True, "false": False}).astype("bool")
        elif spec.type in ("integer", "number"):
            columns[column] = pd.to_numeric(cells).astype(spec.dtype)
        else:
            columns[column] = cells.astype("str")
    return pd.DataFrame(columns)


@cache
def component_ids(index: str) -> dict[str, str]:
    """Printed label → component id, for one index."""
    labels, components = _csv("definitions/component_labels.csv"), _csv("definitions/components.csv")
    own = components[components["index"] == index]
    known = labels[labels["index"] == index]
    return {
        "Chỉ số chung": "overall",
        **dict(zip(own["name_vi"], own["component"], strict=True)),
        **dict(zip(known["label"], known["component"], strict=True)),
    }


@cache
def indicator_labels() -> dict[tuple[str, str], dict[str, str]]:
    """Printed (label, unit) → where the figure goes: table, indicator, or index and component, or why refused."""
    rows = _csv("definitions/indicator_labels.csv")
    return {(row["label"], row["unit_vi"]): dict(row) for row in rows.to_dict("records")}


def lines(name: str) -> pd.DataFrame:
    """The definition file `name` as written: `parts`, `results` and `explanations`, which the audit reads."""
    return _csv(f"definitions/{name}.csv")


def units_ranked() -> pd.DataFrame:
    """Editions that rank another number of provinces than their geography has: index, edition, n_units."""
    return _csv("definitions/editions.csv").astype({"edition": "int64", "n_units": "int64"})
