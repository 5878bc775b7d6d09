"""The processed tables, from schema.toml: columns, types, allowed values, keys.

From this come the types with which a table is read, its pandera schema, its entry in datapackage.json and
the codebook in the README.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vnegov.errors import BadTable

if TYPE_CHECKING:
    import pandas as pd

_SCHEMA = tomllib.loads((Path(__file__).parent / "schema.toml").read_text(encoding="utf-8"))
_ENUMS = {name: tuple(values) for name, values in _SCHEMA["enums"].items()}
INDICES, GEOGRAPHIES, BASES = _ENUMS["indices"], _ENUMS["geographies"], _ENUMS["bases"]
TRUST, QUALIFIERS, SEVERITIES = _ENUMS["trust"], _ENUMS["qualifiers"], _ENUMS["severities"]
PACKAGE: dict[str, Any] = _SCHEMA["package"]


@dataclass(frozen=True)
class Column:
    """One column: its Frictionless type (string, integer, number, boolean, date) and what it may hold."""

    type: str
    description: str
    nullable: bool = False
    enum: str | list[str] | None = None
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None

    @property
    def dtype(self) -> str:
        """The pandas type that the column is read with."""
        integer = "Int64" if self.nullable else "int64"
        return {"integer": integer, "number": "float64", "boolean": "bool"}.get(self.type, "str")

    @property
    def constraints(self) -> dict[str, Any]:
        """What its values must keep to, in the words of Frictionless."""
        enum = _ENUMS[self.enum] if isinstance(self.enum, str) else self.enum
        limits = {"minimum": self.minimum, "maximum": self.maximum, "pattern": self.pattern}
        given = {"required": True if not self.nullable else None, "enum": enum, **limits}
        return {name: limit for name, limit in given.items() if limit is not None}


@dataclass(frozen=True)
class Table:
    """One table: what a row is, its columns in order, and the columns that identify a row (if any)."""

    description: str
    columns: dict[str, Column]
    key: tuple[str, ...] = ()


TABLES = {
    name: Table(
        table["description"],
        {column: Column(**spec) for column, spec in table["columns"].items()},
        tuple(table.get("key", ())),
    )
    for name, table in _SCHEMA["tables"].items()
}


def check(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` itself, if it is a valid table `name`; raises `BadTable` with every fault."""
    import pandera.pandas as pa

    known = {"enum": pa.Check.isin, "minimum": pa.Check.ge, "maximum": pa.Check.le, "pattern": pa.Check.str_matches}
    columns = {}
    for column, spec in TABLES[name].columns.items():
        checks = [known[limit](value) for limit, value in spec.constraints.items() if limit in known]
        checks += [pa.Check.str_matches(r"^\d{4}-\d{2}-\d{2}$")] if spec.type == "date" else []
        columns[column] = pa.Column(spec.dtype, checks, nullable=spec.nullable)
    schema = pa.DataFrameSchema(columns, strict=True, ordered=True, unique=list(TABLES[name].key) or None)
    try:
        return schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases = errors.failure_cases[["column", "check", "failure_case", "index"]].head(20)
        raise BadTable(f"table {name} breaks its schema:\n{cases.to_string(index=False)}") from None
