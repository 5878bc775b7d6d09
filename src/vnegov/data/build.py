"""data/raw → data/processed: sidecars verified, files read and tidied, sources reconciled, tables written.

The same raw files give the same bytes. Tables are written beside their place and renamed; datapackage.json,
which holds their checksums, is written last and marks the build complete.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import pandas as pd

from vnegov import paths
from vnegov.data import audit, corrections, provinces, reconcile, schema, sources
from vnegov.data.loaders import agencies, aggregates, definitions, forms, observations
from vnegov.data.loaders.rankings import Ranking
from vnegov.data.schema import INDICES, TABLES

PACKAGE = "datapackage.json"


def build(target: Path | None = None) -> dict[str, int]:
    """Write every processed table below `target` (default data/processed); returns table → rows.

    Raises `BadRawFile` with all faults of the raw files, or `BadTable`, before anything is written.
    """
    sources.verify()
    tables = {name: schema.check(name, frame) for name, frame in assemble(candidates()).items()}
    texts = {name: frame.to_csv(index=False, lineterminator="\n") for name, frame in tables.items()}
    target = target or paths.PROCESSED
    target.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        paths.write(target / f"{name}.csv", text.encode())
    described = schema.PACKAGE | {"resources": [_resource(name, text.encode()) for name, text in texts.items()]}
    paths.write(target / PACKAGE, f"{json.dumps(described, ensure_ascii=False, indent=1)}\n".encode())
    return {name: len(frame) for name, frame in tables.items()}


def candidates(index: str | None = None) -> dict[str, pd.DataFrame]:
    """Everything that the raw files say, tidied and corrected, before sources are reconciled: table → rows.

    With an `index`, or an indicator of `observations`, only files that can hold its figures are read.
    """
    loaders: list[Any] = [definitions, *map(Ranking, INDICES), observations, forms, agencies, aggregates]
    made = corrections.load()
    if index:
        loaders = [each for each in loaders if each in (Ranking(index), observations, forms)]
        made = [each for each in made if each.key.get("index") == index]
    found: dict[str, list[pd.DataFrame]] = {}
    for loader in loaders:
        for name, rows in loader.tidy(loader.read()).items():
            found.setdefault(name, []).append(rows)
    return corrections.apply({name: pd.concat(parts, ignore_index=True) for name, parts in found.items()}, made)


def assemble(found: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The processed tables from the candidates, in the order and with the columns of their schemas."""
    units = definitions.lines("editions").astype({"edition": "int64", "n_units": "int64"})
    population = _with_34(found["population"])
    people = population[population["year"] == 2024].rename(
        columns={"province_code": "code", "population_thousand": "population_2024_thousand"}
    )[["geography", "code", "population_2024_thousand"]]
    order = ["geography", "province_code", "indicator", "period_start", "period_end", "scope", "agency", "source_id"]
    tables = found | {
        "scores": reconcile.scores(found["scores"], units),
        "population": population,
        "provinces": found["provinces"].merge(people, "left", ["geography", "code"], validate="1:1"),
        "observations": found["observations"].sort_values(order, kind="stable", na_position="first"),
    }
    tables["audit"] = audit.audit(tables, found)
    return {name: tables[name][list(spec.columns)].reset_index(drop=True) for name, spec in TABLES.items()}


def _with_34(population: pd.DataFrame) -> pd.DataFrame:
    merged = population.assign(geography="34", province_code=population["province_code"].map(provinces.successors()))
    sums = merged.groupby(["geography", "province_code", "year"], as_index=False)["population_thousand"].sum()
    return pd.concat([population, sums.round({"population_thousand": 3})], ignore_index=True)


def _resource(name: str, content: bytes) -> dict[str, Any]:
    """The Frictionless description of one table: fields, key, checksum."""
    table = TABLES[name]
    fields = [
        {"name": column, "type": spec.type, "description": spec.description, "constraints": spec.constraints}
        for column, spec in table.columns.items()
    ]
    key = {"primaryKey": table.key} if table.key else {}
    return {
        "name": name, "path": f"{name}.csv", "profile": "tabular-data-resource",
        "title": f"one row is {table.description}", "format": "csv", "mediatype": "text/csv", "encoding": "utf-8",
        "bytes": len(content), "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
        "schema": {"fields": fields, "missingValues": [""], **key},
    }  # fmt: skip
