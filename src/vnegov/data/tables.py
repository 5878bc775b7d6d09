"""Reading the processed tables."""

from __future__ import annotations

import hashlib
import json
from functools import cache

import pandas as pd

from vnegov import paths
from vnegov.data.schema import TABLES, check
from vnegov.errors import BadTable


def table(name: str) -> pd.DataFrame:
    """A processed table as a DataFrame, with the types and columns of its schema (`schema.TABLES[name]`).

    Each call gives a frame of its own: changing it changes nothing elsewhere. A file that is not the one that
    the last build wrote (its checksum stands in datapackage.json) is checked against the schema first.
    Raises `BadTable` for an unknown name (naming those there are), a missing file or a broken schema.
    """
    if name not in TABLES:
        raise BadTable(f"there is no table {name!r}; there are {', '.join(TABLES)}")
    return _read(name).copy(deep=False)


def read(name: str) -> pd.DataFrame:
    """As `table`, from the file as it is now."""
    path = paths.PROCESSED / f"{name}.csv"
    if not path.is_file():
        raise BadTable(f"{paths.relative(path)} is not there: run `make data`")
    dtypes = {column: spec.dtype for column, spec in TABLES[name].columns.items()}
    frame = pd.read_csv(path, dtype=dtypes, keep_default_na=False, na_values=[""])
    if hashlib.sha256(path.read_bytes()).hexdigest() != _built().get(name):
        check(name, frame)
    return frame


_read = cache(read)


@cache
def _built() -> dict[str, str]:
    """Table → checksum of the file that the last build wrote, every one of which passed its schema."""
    package = paths.PROCESSED / "datapackage.json"
    if not package.is_file():
        return {}
    resources = json.loads(package.read_text(encoding="utf-8"))["resources"]
    return {resource["name"]: resource["hash"].removeprefix("sha256:") for resource in resources}
