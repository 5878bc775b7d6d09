"""The processed tables, said once: columns, types, allowed values, keys.

From this come the types with which a table is read, its pandera schema, its entry in datapackage.json and
the codebook in the README.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vnegov.errors import BadTable

if TYPE_CHECKING:
    import pandas as pd

INDICES = (
    "ict_index", "it_industry_index", "dti", "egov_mic", "par_index", "sipas", "papi", "pci", "svc766",
)  # fmt: skip
GEOGRAPHIES = ("63", "34")
BASES = ("published", "inferred", "derived", "computed")
TRUST = ("official", "dataset", "press", "seed")
SCOPES = (
    "province", "provincial_level", "district_level", "commune_level", "agency", "portal", "national",
)  # fmt: skip
QUALIFIERS = ("exact", "over", "under", "nearly", "about", "target")
REGIMES = ("levels", "decree42")
SEVERITIES = ("error", "warning", "note")


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


def _text(description: str, nullable: bool = False, **more: Any) -> Column:
    return Column("string", description, nullable, **more)


def _code(nullable: bool = False) -> Column:
    return _text("statistics office code, two digits; see geography", nullable, pattern=r"\d{2}")


_GEOGRAPHY = _text("63: provinces until 30 June 2025; 34: since 1 July 2025", enum=GEOGRAPHIES)
_YEAR = Column("integer", "year", minimum=1990, maximum=2100)
_EDITION = Column("integer", "the year that the publisher names the edition by", minimum=1990, maximum=2100)
_RANK = Column("integer", "1 = best; absent where none is known", True, minimum=1)
_BASIS = _text(
    "published; inferred from the order of a list; derived from a stated change; computed from all scores",
    True,
    enum=BASES,
)
_SOURCE = _text("see sources")
_NUMBER = "number"

TABLES: dict[str, Table] = {
    "provinces": Table(
        "a province of one geography",
        {
            "geography": _GEOGRAPHY,
            "code": _code(),
            "name_vi": _text("official name"),
            "name_en": _text("name without diacritics"),
            "type": _text("municipality or province", enum=("municipality", "province")),
            "region": _text("region code; the old regions it spans, joined by +, for the 34"),
            "successor_code": _text("code among the 34 since 1 July 2025", pattern=r"\d{2}"),
            "population_2024_thousand": Column(
                _NUMBER, "average population 2024, thousand persons", minimum=0
            ),
            "tile_row": Column("integer", "row in the tile map, from the north", minimum=1),
            "tile_col": Column("integer", "column in the tile map, from the west", minimum=1),
        },
        ("geography", "code"),
    ),
    "scores": Table(
        "one published result of a province in an edition of an index",
        {
            "index": _text("see indices", enum=INDICES),
            "edition": _EDITION,
            "geography": _GEOGRAPHY,
            "province_code": _code(),
            "component": _text("overall, or a component's id: see components"),
            "score": Column(_NUMBER, "on the index's scale", True),
            "rank": _RANK,
            "rank_basis": _BASIS,
            "n_units": Column("integer", "how many provinces the rank is among", minimum=1),
            "source_ids": _text("all sources of the figure, the chosen first, joined by ;"),
            "conflict": Column("boolean", "sources disagree"),
        },
        ("index", "edition", "geography", "province_code", "component"),
    ),
    "observations": Table(
        "one figure on services or on an office's work",
        {
            "geography": _GEOGRAPHY,
            "province_code": _code(nullable=True),
            "scope": _text("whose figure it is", enum=SCOPES),
            "agency": _text("the office, where the scope is agency or portal", True),
            "period_start": Column("date", "first day"),
            "period_end": Column("date", "last day; the day itself for a state of affairs"),
            "indicator": _text("see indicators"),
            "regime": _text("levels (1–4, until mid 2022) or decree42 (full, partial)", True, enum=REGIMES),
            "value": Column(_NUMBER, "in the unit"),
            "unit": _text("see indicators"),
            "numerator": Column(_NUMBER, "where printed", True),
            "denominator": Column(_NUMBER, "where printed", True),
            "qualifier": _text("how the value was printed", enum=QUALIFIERS),
            "source_id": _SOURCE,
            "note": _text("what else must be known", True),
        },
    ),
    "agencies": Table(
        "an agency's place inside a province",
        {
            "province_code": _code(),
            "geography": _GEOGRAPHY,
            "year": _YEAR,
            "agency": _text("name as printed"),
            "group": _text("the group it is ranked in"),
            "index": _text("agency_par or agency_sipas", enum=("agency_par", "agency_sipas")),
            "score": Column(_NUMBER, "0 to 100", True),
            "rank": _RANK,
            "rank_basis": _BASIS,
            "source_id": _SOURCE,
        },
    ),
    "population": Table(
        "a province and year",
        {
            "geography": _GEOGRAPHY,
            "province_code": _code(),
            "year": _YEAR,
            "population_thousand": Column(_NUMBER, "average population, thousand persons", minimum=0),
        },
        ("geography", "province_code", "year"),
    ),
    "economy": Table(
        "a province's area and output",
        {
            "geography": _GEOGRAPHY,
            "province_code": _code(),
            "year": _YEAR,
            "area_km2": Column(_NUMBER, "area, square kilometres", minimum=0),
            "grdp_per_head_million_vnd": Column(
                _NUMBER, "output per head, current prices, preliminary", minimum=0
            ),
        },
        ("geography", "province_code", "year"),
    ),
    "aggregates": Table(
        "a published mean over the country or a region",
        {
            "index": _text("see indices"),
            "edition": _EDITION,
            "geography": _GEOGRAPHY,
            "region": _text("VN for the country, or a region code"),
            "component": _text("see components"),
            "score": Column(_NUMBER, "on the index's scale"),
            "note": _text("what else must be known", True),
            "source_id": _SOURCE,
        },
    ),
    "indices": Table(
        "an index",
        {
            "index": _text("id"),
            "name_vi": _text("name"),
            "name_en": _text("name"),
            "publisher": _text("who publishes it"),
            "scale_min": Column(_NUMBER, "lowest possible score", True),
            "scale_max": Column(_NUMBER, "highest possible score", True),
            "higher_is_better": Column("boolean", "direction"),
            "first_edition": Column("integer", "first edition", True),
            "note": _text("what must be known before use", True),
        },
        ("index",),
    ),
    "components": Table(
        "a component of an index in a span of editions",
        {
            "index": _text("see indices"),
            "component": _text("id"),
            "name_vi": _text("name"),
            "name_en": _text("name"),
            "parent": _text("the component above", True),
            "first_edition": Column("integer", "first edition of the span", True),
            "last_edition": Column("integer", "last edition of the span", True),
            "scale_min": Column(_NUMBER, "lowest possible score", True),
            "scale_max": Column(_NUMBER, "highest possible score", True),
        },
    ),
    "breaks": Table(
        "a point where a series stops being comparable",
        {
            "index": _text("see indices"),
            "component": _text("see components"),
            "edition": Column("integer", "first edition that does not compare with the one before"),
            "why": _text("what changed"),
            "why_vi": _text("what changed, in Vietnamese"),
            "source_id": _SOURCE,
        },
        ("index", "component", "edition"),
    ),
    "indicators": Table(
        "a term of observations",
        {
            "indicator": _text("id"),
            "name_vi": _text("name"),
            "name_en": _text("name"),
            "unit": _text("unit of the value"),
            "regime": _text("levels or decree42", True, enum=REGIMES),
            "definition": _text("what is counted, over what"),
            "definition_vi": _text("the same in Vietnamese"),
            "source_id": _text("where the definition is from", True),
        },
        ("indicator",),
    ),
    "sources": Table(
        "a publication",
        {
            "source_id": _text("id"),
            "title": _text("title"),
            "publisher": _text("who published it"),
            "url": _text("address, where known", True),
            "published": _text("date, as exact as known", True),
            "accessed": _text("when it was read"),
            "trust": _text("how far to trust it", enum=TRUST),
            "licence": _text("terms"),
        },
        ("source_id",),
    ),
    "audit": Table(
        "one thing that does not add up",
        {
            "rule": _text("the rule that found it"),
            "severity": _text("error, warning or note", enum=SEVERITIES),
            "table": _text("where it stands"),
            "key": _text("the figure: the columns that identify it in that table, in words"),
            "stated": _text("what is printed"),
            "computed": _text("what other figures give"),
            "source_ids": _text("the sources involved, joined by ;", True),
            "explanation": _text("why it is so and what was done, where that is understood", True),
            "explanation_vi": _text("the same in Vietnamese", True),
        },
        ("rule", "table", "key"),
    ),
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
