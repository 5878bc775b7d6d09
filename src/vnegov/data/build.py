"""data/raw → data/processed: sidecars verified, files read and tidied, sources reconciled, tables written.

The same raw files give the same bytes. Tables are written beside their place and renamed; datapackage.json,
which holds their checksums, is written last and marks the build complete.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pandas as pd

from vnegov import paths
from vnegov.data import audit, corrections, loaders, provinces, reconcile, sources
from vnegov.data.loaders import definitions
from vnegov.data.schema import TABLES, check

PACKAGE = "datapackage.json"


def build(target: Path | None = None) -> dict[str, int]:
    """Write every processed table below `target` (default data/processed); returns table → rows.

    Raises `BadRawFile` with all faults of the raw files, or `BadTable`, before anything is written.
    """
    sources.verify()
    tables = {name: check(name, frame) for name, frame in assemble(candidates()).items()}
    target = target or paths.PROCESSED
    target.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        write(target / f"{name}.csv", frame.to_csv(index=False, lineterminator="\n"))
    write(target / PACKAGE, json.dumps(datapackage(target), ensure_ascii=False, indent=1) + "\n")
    return {name: len(frame) for name, frame in tables.items()}


def candidates() -> dict[str, pd.DataFrame]:
    """Everything that the raw files say, tidied and corrected, before sources are reconciled: table → rows."""
    found: dict[str, list[pd.DataFrame]] = {}
    for loader in loaders.all_loaders():
        for name, rows in loader.tidy(loader.read()).items():
            found.setdefault(name, []).append(rows)
    tables = {name: pd.concat(parts, ignore_index=True) for name, parts in found.items()}
    return corrections.apply(tables, corrections.load())


def assemble(found: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The processed tables from the candidates, in the order and with the columns of their schemas."""
    tables = dict(found)
    tables["scores"] = reconcile.scores(found["scores"], definitions.units_ranked())
    tables["population"] = _with_34(found["population"])
    tables["provinces"] = _with_population(found["provinces"], tables["population"])
    order = ["geography", "province_code", "indicator", "period_start", "period_end", "scope", "agency"]
    tables["observations"] = found["observations"].sort_values(
        [*order, "source_id"], kind="stable", na_position="first"
    )
    tables["audit"] = audit.audit(tables, found)
    return {name: tables[name][list(spec.columns)].reset_index(drop=True) for name, spec in TABLES.items()}


def account() -> pd.DataFrame:
    """Where every figure of the raw files went: file, sheet, row, cell, table, fate (taken, merged, refused), reason.

    A score or rank that another source also gives, and gives first, is `merged`; reason then names the figure.
    Where a row is one figure, or none, `cell` is empty.
    """
    found = candidates()
    scores, agencies = found["scores"], found["agencies"]
    taken = reconcile.chosen(scores)
    figure = "with " + scores[reconcile.KEY].astype("str").agg(" ".join, axis=1)
    parts = [found["refused"].assign(fate="refused")]
    for field in ("score", "rank"):
        fate, cell = taken[field].map({True: "taken", False: "merged"}), f"{field}_cell"
        rows = scores.assign(cell=scores[cell], table="scores", fate=fate, reason=figure.where(~taken[field]))
        parts += [rows, agencies.assign(cell=agencies[cell], table="agencies", fate="taken")]
    parts = [part[part["cell"].notna() | (part["fate"] == "refused")] for part in parts]
    for table in ("observations", "aggregates", "population", "economy", "provinces"):
        parts.append(found[table].assign(table=table, fate="taken"))
    columns = ["file", "sheet", "row", "cell", "table", "fate", "reason"]
    every = pd.concat([part.reindex(columns=columns) for part in parts], ignore_index=True)
    every["row"] = every["cell"].str.extract(r"(\d+)$")[0].fillna(every["row"]).astype("int64")
    every["fate"] = pd.Categorical(every["fate"], ["taken", "merged", "refused"])
    return every.sort_values([*columns[:4], "fate"]).drop_duplicates(columns[:4], ignore_index=True)


def _with_34(population: pd.DataFrame) -> pd.DataFrame:
    merged = population.assign(geography="34", province_code=population["province_code"].map(provinces.successors()))
    keys = ["geography", "province_code", "year"]
    sums = merged.groupby(keys, as_index=False)["population_thousand"].sum()
    sums["population_thousand"] = sums["population_thousand"].round(3)
    return pd.concat([population, sums], ignore_index=True)


def _with_population(rows: pd.DataFrame, population: pd.DataFrame) -> pd.DataFrame:
    of_2024 = population[population["year"] == 2024].rename(
        columns={"province_code": "code", "population_thousand": "population_2024_thousand"}
    )
    return rows.merge(of_2024.drop(columns="year"), on=["geography", "code"], how="left", validate="1:1")


def datapackage(folder: Path) -> dict:
    """The Frictionless description of the tables as they stand in `folder`: fields, keys, checksums, licence."""
    resources = []
    for name, table in TABLES.items():
        path = folder / f"{name}.csv"
        fields = []
        for column, spec in table.columns.items():
            constraints: dict = {"required": not spec.nullable, "enum": spec.enum and list(spec.enum)}
            constraints |= {"minimum": spec.minimum, "maximum": spec.maximum, "pattern": spec.pattern}
            fields.append(
                {
                    "name": column,
                    "type": spec.type,
                    "description": spec.description,
                    "constraints": {k: v for k, v in constraints.items() if v is not None and v is not False},
                }
            )
        schema: dict = {"fields": fields, "missingValues": [""]}
        if table.key:
            schema["primaryKey"] = list(table.key)
        content = path.read_bytes()
        resources.append(
            {
                "name": name,
                "path": path.name,
                "profile": "tabular-data-resource",
                "title": f"one row is {table.description}",
                "format": "csv",
                "mediatype": "text/csv",
                "encoding": "utf-8",
                "bytes": len(content),
                "hash": "sha256:" + hashlib.sha256(content).hexdigest(),
                "schema": schema,
            }
        )
    return {
        "profile": "tabular-data-package",
        "name": "vnegov",
        "title": "E-government rankings and service adoption of Vietnam's provinces",
        "licenses": [{"name": "CC-BY-4.0", "path": "https://creativecommons.org/licenses/by/4.0/"}],
        "sources": [{"title": "see the table sources, by source_id", "path": "sources.csv"}],
        "resources": resources,
    }


def write(path: Path, text: str) -> None:
    """Write a text file beside its place and rename it, so that no half-written file is ever seen."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    partial.write_text(text, encoding="utf-8", newline="\n")
    partial.replace(path)
