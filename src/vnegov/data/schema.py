"""The processed tables, from schema.toml: columns, types, allowed values, keys.

From this come the types with which a table is read, its pandera schema, its entry in datapackage.json and
the codebook in the README.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vnegov.errors import BadTable

if TYPE_CHECKING:
    import pandas as pd

_SCHEMA = tomllib.loads((Path(__file__).parent / "schema.toml").read_text(encoding="utf-8"))
_ENUMS = {name: tuple(values) for name, values in _SCHEMA["enums"].items()}
INDICES, GEOGRAPHIES, BASES = _ENUMS["indices"], _ENUMS["geographies"], _ENUMS["bases"]
TRUST, SCOPES, QUALIFIERS = _ENUMS["trust"], _ENUMS["scopes"], _ENUMS["qualifiers"]
REGIMES, SEVERITIES = _ENUMS["regimes"], _ENUMS["severities"]


@dataclass(frozen=True)
class Column:
    """One column: its Frictionless type (string, integer, number, boolean, date) and what it may hold."""

    type: str
    description: str
    nullable: bool = False
    enum: tuple[str, ...] | None = None
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None

    @property
    def dtype(self) -> str:
        """The pandas type that the column is read with."""
        if self.type == "integer":
            return "Int64" if self.nullable else "int64"
        return {"number": "float64", "boolean": "bool"}.get(self.type, "str")


@dataclass(frozen=True)
class Table:
    """One table: what a row is, its columns in order, and the columns that identify a row (if any)."""

    description: str
    columns: dict[str, Column]
    key: tuple[str, ...] = ()


def _column(spec: dict) -> Column:
    enum = spec.get("enum")
    return Column(**spec | {"enum": _ENUMS[enum] if isinstance(enum, str) else enum and tuple(enum)})


TABLES: dict[str, Table] = {
    name: Table(
        table["description"],
        {column: _column(spec) for column, spec in table["columns"].items()},
        tuple(table.get("key", ())),
    )
    for name, table in _SCHEMA["tables"].items()
}


def check(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` itself, if it is a valid table `name`; raises `BadTable` with every fault."""
    import pandera.pandas as pa

    table = TABLES[name]
    columns = {}
    for column, spec in table.columns.items():
        checks = []
        if spec.enum:
            checks.append(pa.Check.isin(spec.enum))
        if spec.pattern:
            checks.append(pa.Check.str_matches(f"^(?:{spec.pattern})$"))
        if spec.type == "date":
            checks.append(pa.Check.str_matches(r"^\d{4}-\d{2}-\d{2}$"))
        if spec.minimum is not None:
            checks.append(pa.Check.ge(spec.minimum))
        if spec.maximum is not None:
            checks.append(pa.Check.le(spec.maximum))
        columns[column] = pa.Column(spec.dtype, checks, nullable=spec.nullable)
    schema = pa.DataFrameSchema(columns, strict=True, ordered=True, unique=list(table.key) or None)
    try:
        return schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases = errors.failure_cases[["column", "check", "failure_case", "index"]].head(20)
        raise BadTable(f"table {name} breaks its schema:\n{cases.to_string(index=False)}") from None
