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
    """One column: its type and what its values must keep to, both as Frictionless names them."""

    type: str  # string, integer, number, boolean, date
    description: str
    constraints: dict[str, Any]  # required, enum, minimum, maximum, pattern

    @property
    def nullable(self) -> bool:
        """Whether a value may be missing."""
        return "required" not in self.constraints

    @property
    def dtype(self) -> str:
        """The pandas type that the column is read with."""
        integer = "Int64" if self.nullable else "int64"
        return {"integer": integer, "number": "float64", "boolean": "bool"}.get(self.type, "str")


@dataclass(frozen=True)
class Table:
    """One table: what a row is, its columns in order, which of them identify a row (if any), and its raw files."""

    description: str
    columns: dict[str, Column]
    key: list[str]
    files: list[str]


def _column(type: str, description: str, nullable: bool = False, **limits: Any) -> Column:
    if isinstance(enum := limits.get("enum"), str):
        limits["enum"] = _ENUMS[enum]
    return Column(type, description, ({} if nullable else {"required": True}) | limits)


TABLES: dict[str, Table] = {}
for _name, _table in _SCHEMA["tables"].items():
    _columns = {column: _column(**spec) for column, spec in _table["columns"].items()}
    TABLES[_name] = Table(_table["description"], _columns, _table.get("key", []), _table.get("files", []))


def check(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` itself, if it is a valid table `name`; raises `BadTable` with every fault."""
    import pandera.pandas as pa

    known = {"enum": pa.Check.isin, "minimum": pa.Check.ge, "maximum": pa.Check.le, "pattern": pa.Check.str_matches}
    columns = {}
    for column, spec in TABLES[name].columns.items():
        checks = [known[limit](value) for limit, value in spec.constraints.items() if limit in known]
        checks += [pa.Check.str_matches(r"^\d{4}-\d{2}-\d{2}$")] if spec.type == "date" else []
        columns[column] = pa.Column(spec.dtype, checks, nullable=spec.nullable)
    schema = pa.DataFrameSchema(columns, strict=True, ordered=True, unique=TABLES[name].key or None)
    try:
        return schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases = errors.failure_cases[["column", "check", "failure_case", "index"]].head(20)
        raise BadTable(f"table {name} breaks its schema:\n{cases.to_string(index=False)}") from None
